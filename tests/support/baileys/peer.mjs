// Unmodified Baileys clients, driven by JSON lines: commands on stdin, answers and events on stdout.
//
//   node --expose-gc peer.mjs URL DIRECTORY
//
// A command is {"do", "id", "socket", …} and is answered by {"answer": id, …} or {"answer": id, "error"}. A socket is a
// linked device with a name and a folder of that name; "main" when none is given. Events are {"event", "socket", …}.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import makeWASocket, {
  downloadMediaMessage,
  makeCacheableSignalKeyStore,
  proto,
  useMultiFileAuthState,
  WAMessageStubType,
} from "baileys";
import P from "pino";
import { logAuthState, sentStore } from "./auth_state.mjs";

const [url, directory] = process.argv.slice(2);
const logger = P({ level: process.env.BAILEYS_LOG || "silent" }, P.destination(2));
// libsignal writes sessions, keys included, to the console; stdout is ours.
const chatter = process.env.BAILEYS_LOG ? console.error : () => {};
for (const level of ["log", "info", "warn", "error"]) console[level] = chatter;
const RESTART_REQUIRED = 515;
const sockets = new Map();

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const encoded = (message) => message && Buffer.from(proto.Message.encode(message).finish()).toString("base64");

class Device {
  constructor(name, options) {
    this.name = name;
    this.options = options;
    this.folder = join(directory, name);
    this.received = new Map(); // id → what Baileys made of it, for quotes, reactions and downloads
    this.closing = false;
  }

  say(event, fields) {
    say({ event, socket: this.name, ...fields });
  }

  async open() {
    const files = this.options.keys === "files";
    this.auth ??= files ? await useMultiFileAuthState(this.folder) : logAuthState(this.folder);
    this.sent ??= sentStore(this.folder);
    this.closing = false;
    const { creds, keys } = this.auth.state;
    const sock = makeWASocket({
      auth: { creds, keys: files ? makeCacheableSignalKeyStore(keys, logger) : keys },
      logger,
      waWebSocketUrl: url,
      browser: ["Ubuntu", "Chrome", "22.04.4"],
      markOnlineOnConnect: false,
      shouldSyncHistoryMessage: () => this.options.history ?? false,
      fireInitQueries: this.options.init_queries ?? true,
      qrTimeout: this.options.qr_milliseconds,
      getMessage: async (key) => this.sent.get(key.id),
    });
    this.sock = sock;
    sock.ev.on("creds.update", () => this.auth.saveCreds());
    sock.ev.on("connection.update", (update) => this.onConnection(update));
    sock.ev.on("messages.upsert", ({ messages, type }) => messages.forEach((message) => this.onMessage(message, type)));
    sock.ev.on("messages.update", (updates) => {
      for (const { key, update } of updates) {
        this.say("update", { key, status: update.status, stub: update.messageStubParameters, message: encoded(update.message) });
      }
    });
    sock.ev.on("messages.reaction", (reactions) => {
      for (const { key, reaction } of reactions) this.say("reaction", { key, text: reaction.text, from: reaction.key });
    });
    sock.ev.on("presence.update", ({ id, presences }) => this.say("presence", { chat: id, presences }));
    sock.ev.on("messaging-history.set", ({ chats, contacts, messages, syncType }) =>
      this.say("history", { chats: chats.length, contacts: contacts.length, messages: messages.length, sync_type: syncType }),
    );
    sock.ev.on("lid-mapping.update", (mapping) => this.say("lid_mapping", mapping));
    if (this.options.stanzas) {
      sock.ws.on("frame", (node) => node.tag && this.say("stanza", { tag: node.tag, attrs: node.attrs }));
    }
  }

  onConnection({ connection, qr, lastDisconnect, receivedPendingNotifications }) {
    if (qr) this.say("qr", { text: qr });
    if (connection === "open") this.say("open", { jid: this.sock.user.id, lid: this.sock.user.lid });
    if (receivedPendingNotifications) this.say("caught_up", {});
    if (connection === "close") {
      const error = lastDisconnect?.error;
      const code = error?.output?.statusCode ?? 0;
      if (code === RESTART_REQUIRED && !this.closing) {
        this.say("paired", { jid: this.auth.state.creds.me?.id, lid: this.auth.state.creds.me?.lid });
        void this.open();
      } else {
        this.say("closed", { code, reason: error?.message ?? "" });
      }
    }
  }

  onMessage(message, type) {
    const fields = {
      key: message.key,
      at: Number(message.messageTimestamp ?? 0),
      name: message.pushName ?? "",
      type,
    };
    if (message.messageStubType === WAMessageStubType.CIPHERTEXT) {
      this.say("undecryptable", { ...fields, reason: message.messageStubParameters?.[0] ?? "" });
      return;
    }
    this.received.set(message.key.id, message);
    if (message.key.fromMe && message.message) this.sent.add(message.key.id, message.message);
    const content = message.message ?? {};
    const text = content.conversation ?? content.extendedTextMessage?.text ?? "";
    const kind = Object.keys(content).find((name) => content[name] && name !== "messageContextInfo") ?? "";
    this.say("message", { ...fields, text, kind, message: encoded(message.message) });
  }

  async send({ to, content, quote, options }) {
    const made = { ...content };
    for (const kind of ["image", "audio", "video", "document", "sticker"]) {
      if (typeof made[kind] === "string") made[kind] = Buffer.from(made[kind], "base64");
    }
    if (made.waveform) made.waveform = Uint8Array.from(Buffer.from(made.waveform, "base64"));
    const quoted = quote === undefined ? undefined : this.known(quote);
    const message = await this.sock.sendMessage(to, made, { ...options, quoted });
    this.sent.add(message.key.id, message.message);
    return { key: message.key, message: encoded(message.message) };
  }

  known(id) {
    const message = this.received.get(id);
    if (!message) throw new Error(`no message ${id} was received`);
    return message;
  }

  async download({ message_id }) {
    const bytes = await downloadMediaMessage(this.known(message_id), "buffer", {}, { logger });
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { bytes: bytes.toString("base64"), sha256 };
  }

  async close() {
    this.closing = true;
    await this.sock.end(undefined);
    return {};
  }
}

const commands = {
  async open({ socket = "main", options = {} }) {
    let device = sockets.get(socket);
    if (!device) sockets.set(socket, (device = new Device(socket, options)));
    await device.open();
    return {};
  },
  send: (device, command) => device.send(command),
  download: (device, command) => device.download(command),
  close: (device) => device.close(),
  async react(device, { to, message_id, text }) {
    const key = device.received.get(message_id)?.key ?? { remoteJid: to, fromMe: true, id: message_id };
    const message = await device.sock.sendMessage(to, { react: { text, key } });
    return { key: message.key };
  },
  async read(device, { message_ids }) {
    await device.sock.readMessages(message_ids.map((id) => device.known(id).key));
    return {};
  },
  async presence(device, { to, state }) {
    await device.sock.sendPresenceUpdate(state, to);
    return {};
  },
  async subscribe(device, { to }) {
    await device.sock.presenceSubscribe(to);
    return {};
  },
  async pairing_code(device, { phone }) {
    return { code: await device.sock.requestPairingCode(phone) };
  },
  async logout(device) {
    device.closing = true;
    await device.sock.logout();
    return {};
  },
};

async function memory() {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const open = [...sockets.values()].filter(({ sock }) => sock?.ws.isOpen).length;
  return { rss, heap: heapUsed, external, array_buffers: arrayBuffers, sockets: open };
}

async function obey(line) {
  const command = JSON.parse(line);
  try {
    let answer;
    if (command.do === "open") answer = await commands.open(command);
    else if (command.do === "memory") answer = await memory();
    else {
      const device = sockets.get(command.socket ?? "main");
      if (!device) throw new Error(`socket ${command.socket ?? "main"} is not open`);
      answer = await commands[command.do](device, command);
    }
    say({ answer: command.id, ...answer });
  } catch (error) {
    say({ answer: command.id, error: String(error?.message ?? error) });
  }
}

const input = createInterface({ input: process.stdin });
input.on("line", (line) => void obey(line));
await once(input, "close");
process.exit(0);
