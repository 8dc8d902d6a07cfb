-- Written by `make schema` from the migrations; do not edit.
-- Schema 1.

CREATE TABLE addresses (       -- which LID and which number are the same person; the newest observation
    lid_user   TEXT PRIMARY KEY,
    pn_user    TEXT NOT NULL UNIQUE,
    learned_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE app_state_keys (
    key_id BLOB PRIMARY KEY,
    key    BLOB NOT NULL                           -- sealed
) STRICT, WITHOUT ROWID;

CREATE TABLE device (          -- our companion device
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    noise           BLOB NOT NULL,                 -- sealed: private, public
    identity        BLOB NOT NULL,                 -- sealed: private, public
    signed_prekey   BLOB NOT NULL,                 -- sealed: private, public, signature
    adv_secret      BLOB NOT NULL,                 -- sealed
    account         BLOB NOT NULL,                 -- sealed
    signed_id       INTEGER NOT NULL,
    registration_id INTEGER NOT NULL,
    jid             TEXT,                          -- NULL until a phone has linked it
    lid             TEXT,
    platform        TEXT NOT NULL,
    name            TEXT NOT NULL,
    routing_info    BLOB NOT NULL,
    paired_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE device_lists (    -- whose devices a message is encrypted for
    person     TEXT PRIMARY KEY,
    devices    TEXT NOT NULL,                      -- a JSON list of numbers
    fetched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE facts (           -- small things that belong to this device
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL                            -- sealed
) STRICT, WITHOUT ROWID;

CREATE TABLE failures (        -- stanzas that could not be decrypted
    chat        TEXT NOT NULL,
    id          TEXT NOT NULL,
    sender      TEXT NOT NULL,
    count       INTEGER NOT NULL,
    reason      INTEGER NOT NULL,                  -- the newest one's, as in a retry receipt
    at          INTEGER NOT NULL,                  -- the network's time
    first_seen  INTEGER NOT NULL,
    resolved_at INTEGER,
    PRIMARY KEY (id, chat, sender)
) STRICT, WITHOUT ROWID;

CREATE INDEX failures_by_time ON failures (first_seen);

CREATE INDEX failures_open ON failures (id, chat) WHERE resolved_at IS NULL;

CREATE TABLE identities (      -- whom we trusted at first sight, by Signal address
    address    TEXT PRIMARY KEY,
    identity   BLOB NOT NULL,                      -- sealed
    first_seen INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE inbound (         -- decrypted and on its way into the shard; then, without plaintext, a proof
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    hash      BLOB NOT NULL UNIQUE,
    chat      TEXT NOT NULL,
    sender    TEXT NOT NULL,
    id        TEXT NOT NULL,
    stanza    BLOB NOT NULL,
    plaintext BLOB NOT NULL,                       -- not sealed: what was acknowledged survives the loss of the key
    drained   INTEGER NOT NULL DEFAULT 0 CHECK (drained IN (0, 1)),
    at        INTEGER NOT NULL,                    -- the network's time
    stored_at INTEGER NOT NULL
) STRICT;

CREATE INDEX inbound_by_id ON inbound (id);

CREATE INDEX inbound_by_time ON inbound (stored_at);

CREATE INDEX inbound_to_drain ON inbound (seq) WHERE drained = 0;

CREATE TABLE message_secrets ( -- what edits and reactions of a message are derived from
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    chat      TEXT NOT NULL,
    sender    TEXT NOT NULL,
    id        TEXT NOT NULL,
    secret    BLOB NOT NULL,                       -- sealed
    stored_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX message_secrets_by_id ON message_secrets (id, chat, sender);

CREATE INDEX message_secrets_by_time ON message_secrets (stored_at);

CREATE TABLE meta (            -- tenant (whose file it is), key_id (of the master key that seals it), last_prekey
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outbound (        -- messages of ours as they were encrypted
    id        TEXT PRIMARY KEY,                    -- the network's
    our_id    TEXT NOT NULL,                       -- the message's in the shard; '' for peer messages
    chat      TEXT NOT NULL,
    node      BLOB NOT NULL,                       -- empty once it need not be sent again
    plaintext BLOB NOT NULL,                       -- sealed; empty once nobody may ask for it again
    phash     TEXT NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('encrypted', 'acked', 'failed')),
    at        INTEGER NOT NULL,
    stored_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX outbound_by_our_id ON outbound (our_id) WHERE our_id <> '';

CREATE INDEX outbound_by_time ON outbound (stored_at);

CREATE TABLE phone_requests (  -- what our phone was asked to send again
    seq         INTEGER PRIMARY KEY,
    request_id  TEXT NOT NULL,
    kind        TEXT NOT NULL,
    chat        TEXT NOT NULL,
    id          TEXT NOT NULL,
    asked_at    INTEGER NOT NULL,
    answered_at INTEGER
) STRICT;

CREATE UNIQUE INDEX phone_requests_by_id ON phone_requests (id, chat, kind);

CREATE INDEX phone_requests_by_request ON phone_requests (request_id);

CREATE INDEX phone_requests_by_time ON phone_requests (asked_at);

CREATE TABLE prekeys (         -- one-time prekeys nobody has used yet, in the order they were made
    seq      INTEGER PRIMARY KEY,
    id       INTEGER NOT NULL UNIQUE CHECK (id BETWEEN 1 AND 16777215),
    pair     BLOB NOT NULL,                        -- sealed: private, public
    uploaded INTEGER NOT NULL CHECK (uploaded IN (0, 1))
) STRICT;

CREATE INDEX prekeys_uploaded ON prekeys (uploaded, seq);

CREATE TABLE privacy_tokens (  -- proofs that a contact knows us
    lid_user    TEXT PRIMARY KEY,
    token       BLOB NOT NULL,                     -- sealed
    received_at INTEGER NOT NULL,                  -- seconds
    issued_at   INTEGER NOT NULL                   -- seconds; when we last gave ours
) STRICT, WITHOUT ROWID;

CREATE TABLE retired (         -- keys of devices that were unlinked, as they were sealed; for support, for a while
    seq    INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    reason TEXT NOT NULL,
    key_id TEXT NOT NULL,
    kind   TEXT NOT NULL,                          -- the table it stood in
    name   TEXT NOT NULL,                          -- its key there, or the column
    value  BLOB NOT NULL
) STRICT;

CREATE INDEX retired_by_time ON retired (at);

CREATE TABLE retries (         -- devices that asked for a message again
    id       TEXT NOT NULL,                        -- the network's
    device   TEXT NOT NULL,
    count    INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,                     -- the last time
    PRIMARY KEY (id, device)
) STRICT, WITHOUT ROWID;

CREATE INDEX retries_by_time ON retries (asked_at);

CREATE TABLE sessions (        -- Signal sessions, by Signal address
    address    TEXT PRIMARY KEY,
    record     BLOB NOT NULL,                      -- sealed
    changed_at INTEGER NOT NULL
) STRICT;
