// Credentials and Signal keys of one device, in one append-only file. A process that is killed while it writes leaves a
// torn last line, which the next start drops; what came before it stands.
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BufferJSON, initAuthCreds, proto } from "baileys";

export function logAuthState(directory) {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, "keys.jsonl");
  const rows = new Map();
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  lines.pop(); // what follows the last line feed: nothing, or torn
  for (const line of lines) {
    const [name, value] = JSON.parse(line, BufferJSON.reviver);
    if (value === null) rows.delete(name);
    else rows.set(name, value);
  }
  const asLine = (name, value) => JSON.stringify([name, value ?? null], BufferJSON.replacer) + "\n";
  writeFileSync(`${file}.new`, [...rows].map(([name, value]) => asLine(name, value)).join(""));
  renameSync(`${file}.new`, file);

  const creds = rows.get("creds") ?? initAuthCreds();
  const read = (type, id) => {
    const value = rows.get(`${type}/${id}`);
    // Baileys wants this one kind as its protobuf class.
    return value && type === "app-state-sync-key" ? proto.Message.AppStateSyncKeyData.fromObject(value) : value;
  };
  return {
    state: {
      creds,
      keys: {
        get: async (type, ids) =>
          Object.fromEntries(ids.map((id) => [id, read(type, id)]).filter(([, value]) => value !== undefined)),
        set: async (data) => {
          let text = "";
          for (const [type, values] of Object.entries(data)) {
            for (const [id, value] of Object.entries(values)) {
              const name = `${type}/${id}`;
              if (value === null || value === undefined) rows.delete(name);
              else rows.set(name, value);
              text += asLine(name, value);
            }
          }
          appendFileSync(file, text);
        },
      },
    },
    saveCreds: async () => appendFileSync(file, asLine("creds", creds)),
  };
}

// What this device sent, by id: asked for when a peer could not decrypt it.
export function sentStore(directory) {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, "sent.jsonl");
  const sent = new Map();
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  lines.pop();
  for (const line of lines) {
    const [id, bytes] = JSON.parse(line);
    sent.set(id, bytes);
  }
  return {
    add(id, message) {
      const bytes = Buffer.from(proto.Message.encode(message).finish()).toString("base64");
      if (sent.get(id) === bytes) return;
      sent.set(id, bytes);
      appendFileSync(file, JSON.stringify([id, bytes]) + "\n");
    },
    get(id) {
      const bytes = sent.get(id);
      return bytes && proto.Message.decode(Buffer.from(bytes, "base64"));
    },
  };
}
