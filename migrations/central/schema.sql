-- Written by `make schema` from the migrations; do not edit.
-- Schema 1.

CREATE TABLE audit (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    actor  TEXT NOT NULL,                      -- token:<id> <name>, admin-socket, cli, daemon
    action TEXT NOT NULL,                      -- e.g. tenant.create
    tenant TEXT,
    target TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '{}'          -- JSON without secrets
) STRICT;

CREATE INDEX audit_of_tenant ON audit (tenant, seq);

CREATE TABLE ledger (        -- usage of all tenants; append only
    event_id           TEXT PRIMARY KEY,
    tenant             TEXT NOT NULL,
    epoch              TEXT NOT NULL,
    at                 INTEGER NOT NULL,
    kind               TEXT NOT NULL,
    provider           TEXT NOT NULL,
    model              TEXT NOT NULL,
    conversation       TEXT NOT NULL,
    input_tokens       INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    cache_read_tokens  INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    characters         INTEGER NOT NULL,
    audio_ms           INTEGER NOT NULL,
    messages           INTEGER NOT NULL,
    pricing_category   TEXT NOT NULL,
    pricing_type       TEXT NOT NULL,
    copied_at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_of_tenant ON ledger (tenant, at);

CREATE TABLE meta (          -- server (its id)
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE operator_tokens (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('admin', 'viewer')),
    tenant     TEXT REFERENCES tenants,        -- NULL: the whole server
    hash       BLOB NOT NULL UNIQUE,           -- SHA-256 of the token
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE parked (        -- what a shard that could not be written has still to receive, in order
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant   TEXT NOT NULL,
    at       INTEGER NOT NULL,
    document BLOB NOT NULL                     -- the webhook's part for this tenant (JSON)
) STRICT;

CREATE INDEX parked_of_tenant ON parked (tenant, seq);

CREATE TABLE requests (      -- Idempotency-Key of calls whose effect is in central
    token     TEXT NOT NULL,
    path      TEXT NOT NULL,
    key       TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    status    INTEGER NOT NULL,
    response  BLOB NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (token, path, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE routes (        -- one owner per number
    kind   TEXT NOT NULL CHECK (kind IN ('phone_number_id')),
    key    TEXT NOT NULL CHECK (key <> ''),
    tenant TEXT NOT NULL REFERENCES tenants,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX routes_of_tenant ON routes (tenant);

CREATE TABLE tenants (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('reserved', 'active', 'suspended', 'deleted')),
    reason     TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tombstones (    -- opt-outs and erasures, reapplied after a restore
    tenant TEXT NOT NULL,
    kind   TEXT NOT NULL,
    hash   BLOB NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (tenant, hash, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE wabas (         -- a WhatsApp Business Account may hold the numbers of several tenants
    waba_id TEXT NOT NULL CHECK (waba_id <> ''),
    tenant  TEXT NOT NULL REFERENCES tenants,
    PRIMARY KEY (waba_id, tenant)
) STRICT, WITHOUT ROWID;

CREATE INDEX wabas_of_tenant ON wabas (tenant);
