-- Written by `make schema` from the migrations; do not edit.
-- Schema 5.

CREATE TABLE aliases (       -- how a contact is found; phones in canonical form
    kind    TEXT NOT NULL CHECK (kind IN ('phone', 'user_id', 'lid', 'sandbox')),
    value   TEXT NOT NULL CHECK (value <> ''),
    contact INTEGER NOT NULL REFERENCES contacts ON DELETE CASCADE,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX aliases_by_contact ON aliases (contact);

CREATE TABLE appointments (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    contact      INTEGER NOT NULL REFERENCES contacts ON DELETE CASCADE,
    conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
    vehicle      TEXT,
    starts_at    INTEGER,                      -- NULL: a wish without a time, `wish` has the words
    wish         TEXT NOT NULL DEFAULT '',
    state        TEXT NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'confirmed', 'cancelled')),
    created_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX appointments_of_contact ON appointments (contact);

CREATE TABLE contacts (
    seq                  INTEGER PRIMARY KEY,
    id                   TEXT NOT NULL UNIQUE,
    name                 TEXT NOT NULL DEFAULT '',
    username             TEXT NOT NULL DEFAULT '',
    dial_phone           TEXT NOT NULL DEFAULT '',   -- digits exactly as the network gave them
    dial_user_id         TEXT NOT NULL DEFAULT '',   -- business-scoped user id
    opted_out_at         INTEGER,
    marketing_stopped_at INTEGER,
    created_at           INTEGER NOT NULL
) STRICT;

CREATE TABLE conversations (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    contact          INTEGER NOT NULL REFERENCES contacts ON DELETE CASCADE,
    channel          TEXT NOT NULL CHECK (channel IN ('cloud', 'web', 'sandbox')),
    state            TEXT NOT NULL DEFAULT 'assistant' CHECK (state IN ('assistant', 'human', 'closed')),
    human_until      INTEGER,                    -- NULL while human: until released
    created_at       INTEGER NOT NULL,
    last_message_at  INTEGER NOT NULL,
    window_opened_at INTEGER NOT NULL DEFAULT 0, -- network time of the customer's newest message
    generation       INTEGER NOT NULL DEFAULT 0, -- +1 at each message, takeover, release: a turn must match it
    owed_since       INTEGER,                    -- arrival of the first message without an answer
    due_at           INTEGER,                    -- when its turn may be claimed; NULL: nothing owed to the assistant
    restarts         INTEGER NOT NULL DEFAULT 0, -- turns of this burst cancelled by a newer message
    failures         INTEGER NOT NULL DEFAULT 0, -- turns of this burst that raised
    answered_seq     INTEGER NOT NULL DEFAULT 0, -- newest inbound message that was answered or given to a human
    turns            INTEGER NOT NULL DEFAULT 0, -- answers given so far
    send_after       INTEGER NOT NULL DEFAULT 0, -- the outbox waits until then (pair limit, unsettled send)
    memory           TEXT NOT NULL DEFAULT '{}', -- what the assistant keeps between turns (JSON)
    UNIQUE (contact, channel)
) STRICT;

CREATE INDEX conversations_due ON conversations (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX conversations_human ON conversations (human_until) WHERE human_until IS NOT NULL;

CREATE INDEX conversations_recent ON conversations (last_message_at DESC, seq DESC);

CREATE TABLE early_statuses (  -- statuses of ids we do not know (yet)
    network_id TEXT NOT NULL,
    status     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (network_id, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE leads (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    contact      INTEGER NOT NULL REFERENCES contacts ON DELETE CASCADE,
    conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
    interest     TEXT NOT NULL DEFAULT '',
    vehicle      TEXT,
    trade_in     TEXT NOT NULL DEFAULT '',
    budget_centavos INTEGER,
    source       TEXT NOT NULL DEFAULT '',     -- ad click id and the like
    created_at   INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX leads_of_contact ON leads (contact);

CREATE TABLE media (         -- files under media/<tenant>/, by content hash
    hash       TEXT PRIMARY KEY,               -- SHA-256, hex
    mime_type  TEXT NOT NULL,
    bytes      INTEGER NOT NULL,
    stored_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE media_wanted (  -- inbound files still to be fetched; their addresses live for minutes
    message  INTEGER PRIMARY KEY REFERENCES messages ON DELETE CASCADE,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE messages (      -- in and out; the outbox is the rows that are queued or sending
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
    direction    TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    author       TEXT NOT NULL CHECK (author IN ('customer', 'assistant', 'human')),
    kind         TEXT NOT NULL,
    text         TEXT NOT NULL DEFAULT '',
    content      TEXT NOT NULL DEFAULT '{}',   -- kind's own fields (JSON): media id, location, referral, …
    network_id   TEXT,                         -- wamid; sender|id on web
    reply_to     TEXT,                         -- network id of the quoted message
    vehicle      TEXT,                         -- id in the stock
    at           INTEGER NOT NULL,             -- the network's time for inbound, ours for outbound
    stored_at    INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('received', 'queued', 'sending', 'sent', 'delivered', 'read',
                                                'failed', 'cancelled', 'unknown')),
    error        TEXT,
    turn         INTEGER REFERENCES turns ON DELETE SET NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    attempted_at INTEGER,
    resends      INTEGER NOT NULL DEFAULT 0    -- attempts made after one whose result stayed unknown
) STRICT;

CREATE INDEX messages_by_file ON messages (json_extract(content, '$.media.hash'))
    WHERE json_extract(content, '$.media.hash') IS NOT NULL;

CREATE UNIQUE INDEX messages_by_network_id ON messages (network_id) WHERE network_id IS NOT NULL;

CREATE INDEX messages_of_conversation ON messages (conversation, seq);

CREATE INDEX messages_to_send ON messages (conversation, seq) WHERE state IN ('queued', 'sending');

CREATE TABLE meta (          -- tenant (its id), epoch (a new id at each restore or adoption), created_at, restored_at
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE photos (        -- pictures of vehicles, made fit for WhatsApp: files under media/<tenant>/photos/
    url        TEXT PRIMARY KEY,
    hash       TEXT NOT NULL DEFAULT '',       -- SHA-256 of the file, hex; empty: it cannot be sent
    mime_type  TEXT NOT NULL DEFAULT '',
    bytes      INTEGER NOT NULL DEFAULT 0,
    error      TEXT NOT NULL DEFAULT '',       -- why it cannot be sent
    fetched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX photos_by_hash ON photos (hash);

CREATE TABLE profile (       -- the truth about the tenant: one JSON document
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    document   TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE reactions (     -- the customer's newest reaction to a message
    target     TEXT PRIMARY KEY,               -- network id
    emoji      TEXT NOT NULL,
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (      -- Idempotency-Key, stored with the effect
    token     TEXT NOT NULL,
    path      TEXT NOT NULL,
    key       TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    status    INTEGER NOT NULL,
    response  BLOB NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (token, path, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE sealed (        -- secrets under the master key (daemon/sealing.py)
    field  TEXT PRIMARY KEY, -- e.g. channel.access_token
    key_id TEXT NOT NULL,
    value  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE speech (            -- one row for each answer that is to be spoken, or was
    message  INTEGER PRIMARY KEY REFERENCES messages ON DELETE CASCADE,
    said     TEXT NOT NULL,                    -- the words for the voice
    prose    TEXT NOT NULL,                    -- the same as it would be read: the message's text once it is a voice note
    written  TEXT NOT NULL,                    -- the whole answer, which goes out where speech fails
    besides  INTEGER REFERENCES messages ON DELETE SET NULL,  -- the message with what must be read, behind the voice note
    voice    TEXT NOT NULL,                    -- the tenant's own; empty: the configured one
    state    TEXT NOT NULL DEFAULT 'wished' CHECK (state IN ('wished', 'spoken', 'written')),
    asked    TEXT NOT NULL DEFAULT '',         -- the vendor that is being asked: after a crash nobody knows what that cost
    attempts INTEGER NOT NULL DEFAULT 0,
    reason   TEXT NOT NULL DEFAULT ''          -- why it was written instead
) STRICT;

CREATE TABLE speech_cache (      -- what was spoken before: the same words by the same voice are the same file
    key      TEXT PRIMARY KEY,                 -- SHA-256 of vendor, model, voice and words, hex
    hash     TEXT NOT NULL REFERENCES media ON DELETE CASCADE,
    seconds  INTEGER NOT NULL,
    waveform TEXT NOT NULL                     -- JSON: 64 loudnesses of 0 to 100
) STRICT, WITHOUT ROWID;

CREATE INDEX speech_cache_by_file ON speech_cache (hash);

CREATE TABLE stock_feed (        -- the polled feed's last round
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    url           TEXT NOT NULL,
    etag          TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    checked_at    INTEGER NOT NULL,
    ok            INTEGER NOT NULL CHECK (ok IN (0, 1)),
    result        TEXT NOT NULL,                -- a sentence
    created       INTEGER NOT NULL DEFAULT 0,
    updated       INTEGER NOT NULL DEFAULT 0,
    unchanged     INTEGER NOT NULL DEFAULT 0,
    withdrawn     INTEGER NOT NULL DEFAULT 0,
    refused       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE stock_lines (       -- makes and models as this dealership spells them; the vocabulary of searches
    id          INTEGER PRIMARY KEY,
    make        TEXT NOT NULL,
    model       TEXT NOT NULL,
    make_key    TEXT NOT NULL,                  -- letters and digits alone, aliases resolved: volkswagen
    model_key   TEXT NOT NULL,                  -- hb20, tcross
    model_words TEXT NOT NULL,                  -- t cross
    vehicles    INTEGER NOT NULL DEFAULT 0,     -- how many are offered
    UNIQUE (make_key, model_key)
) STRICT;

CREATE INDEX stock_lines_by_model ON stock_lines (model_key);

CREATE TABLE stock_offers (      -- what is offered, in small numbers (shards/tenant/stock_codes.py): what searches read
    vehicle      INTEGER PRIMARY KEY REFERENCES vehicles,
    line         INTEGER NOT NULL REFERENCES stock_lines,
    status       INTEGER NOT NULL,
    merit        INTEGER NOT NULL,              -- order of "relevance": newer, with photos, with a price
    asking       INTEGER,
    year         INTEGER,
    mileage      INTEGER,
    body         INTEGER NOT NULL,
    transmission INTEGER NOT NULL,
    fuel         INTEGER NOT NULL,
    color        INTEGER NOT NULL,
    doors        INTEGER,
    condition    INTEGER NOT NULL,
    updated      INTEGER NOT NULL,
    seen_in      INTEGER NOT NULL               -- number of the last import that had it; in no index
) STRICT;

CREATE INDEX stock_offers_by_body ON stock_offers
    (body, status, asking, vehicle, transmission, line, merit, year, mileage, fuel, color, doors, condition);

CREATE INDEX stock_offers_by_line ON stock_offers
    (line, status, asking, vehicle, merit, year, mileage, body, transmission, fuel, color, doors, condition);

CREATE INDEX stock_offers_by_merit ON stock_offers
    (status, merit, vehicle, asking, body, transmission, line, year, mileage, fuel, color, doors, condition);

CREATE INDEX stock_offers_by_mileage ON stock_offers (status, mileage, vehicle);

CREATE INDEX stock_offers_by_price ON stock_offers
    (status, asking, vehicle, body, transmission, line, merit, year, mileage, fuel, color, doors, condition);

CREATE INDEX stock_offers_by_update ON stock_offers (status, updated, vehicle);

CREATE INDEX stock_offers_by_year ON stock_offers (status, year, vehicle);

CREATE TABLE stock_spellings (   -- from a sound, or a sound with one letter less, to a name of stock_lines
    key  TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('make', 'model', 'word')),  -- word: one inside a model's name
    name TEXT NOT NULL,
    PRIMARY KEY (key, kind, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX stock_spellings_by_name ON stock_spellings (name, kind);

CREATE TABLE stock_state (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    imports    INTEGER NOT NULL DEFAULT 0,      -- grows with every import and single change
    changed_at INTEGER
) STRICT;

CREATE VIRTUAL TABLE stock_text USING fts5
    (name, more, content = '', contentless_delete = 1, detail = column, tokenize = 'ascii');

CREATE TABLE tombstones (    -- opt-outs and erasures on their way to central, as keyed hashes
    seq    INTEGER PRIMARY KEY,
    kind   TEXT NOT NULL CHECK (kind IN ('opt_out', 'opt_in', 'erasure')),
    hash   BLOB NOT NULL,
    at     INTEGER NOT NULL,
    copied INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX tombstones_to_copy ON tombstones (seq) WHERE copied = 0;

CREATE TABLE transcripts (       -- one row for each voice note; messages.text stays what the customer wrote
    message    INTEGER PRIMARY KEY REFERENCES messages ON DELETE CASCADE,
    state      TEXT NOT NULL DEFAULT 'wanted' CHECK (state IN ('wanted', 'heard', 'failed')),
    text       TEXT NOT NULL DEFAULT '',
    audio_ms   INTEGER NOT NULL DEFAULT 0,
    provider   TEXT NOT NULL DEFAULT '',       -- who heard it; while wanted: who is asked now
    model      TEXT NOT NULL DEFAULT '',
    reason     TEXT NOT NULL DEFAULT '',       -- why it failed, one word (shards/tenant/transcripts.py)
    give_up_at INTEGER NOT NULL                -- until then a turn waits for it
) STRICT;

CREATE INDEX transcripts_wanted ON transcripts (give_up_at) WHERE state = 'wanted';

CREATE TABLE turns (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
    generation   INTEGER NOT NULL,
    up_to        INTEGER NOT NULL,             -- newest inbound message it answers
    state        TEXT NOT NULL CHECK (state IN ('running', 'settled', 'superseded', 'failed', 'released')),
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    provider     TEXT,
    responses    INTEGER NOT NULL DEFAULT 0,   -- vendor responses whose usage was committed
    asked        INTEGER NOT NULL DEFAULT 0,   -- vendor requests begun
    error        TEXT
) STRICT;

CREATE INDEX turns_running ON turns (conversation) WHERE state = 'running';

CREATE TABLE uploads (       -- files that Meta keeps for us, 30 days from the upload
    hash        TEXT NOT NULL,
    sender      TEXT NOT NULL,                 -- phone number id: media belong to a number
    media_id    TEXT NOT NULL,
    uploaded_at INTEGER NOT NULL,
    PRIMARY KEY (hash, sender)
) STRICT, WITHOUT ROWID;

CREATE TABLE "usage" (       -- as before, with the kind `picture`: one that a model was shown
    seq                INTEGER PRIMARY KEY,
    event_id           TEXT NOT NULL UNIQUE,
    at                 INTEGER NOT NULL,
    kind               TEXT NOT NULL CHECK (kind IN ('turn', 'tokens', 'unknown', 'message', 'speech', 'transcription',
                                                     'picture')),
    provider           TEXT NOT NULL,          -- anthropic, openai, catalogue, elevenlabs, whatsapp
    model              TEXT NOT NULL DEFAULT '',
    conversation       TEXT NOT NULL DEFAULT '',  -- public id, kept after an erasure
    turn               INTEGER,
    message            TEXT,                   -- public id of the message that was paid for
    input_tokens       INTEGER NOT NULL DEFAULT 0,
    output_tokens      INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens  INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens INTEGER NOT NULL DEFAULT 0,
    characters         INTEGER NOT NULL DEFAULT 0,
    audio_ms           INTEGER NOT NULL DEFAULT 0,
    messages           INTEGER NOT NULL DEFAULT 0,
    pricing_category   TEXT NOT NULL DEFAULT '',  -- Meta's pricing of a message, any string
    pricing_type       TEXT NOT NULL DEFAULT '',
    copied             INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX usage_of_message ON usage (message) WHERE kind = 'message';

CREATE INDEX usage_to_copy ON usage (seq) WHERE copied = 0;

CREATE TABLE vehicles (          -- as the feed said it; a withdrawn vehicle stays here for history
    seq                 INTEGER PRIMARY KEY,
    id                  TEXT NOT NULL UNIQUE CHECK (id <> ''),
    make                TEXT NOT NULL,
    model               TEXT NOT NULL,
    version             TEXT NOT NULL,
    year_manufacture    INTEGER,
    year_model          INTEGER,
    price_centavos      INTEGER,
    sale_price_centavos INTEGER,
    mileage_km          INTEGER,
    fuel                TEXT NOT NULL,
    transmission        TEXT NOT NULL,
    body                TEXT NOT NULL,
    color               TEXT NOT NULL,
    doors               INTEGER,
    plate_end           TEXT NOT NULL,
    vin                 TEXT NOT NULL,
    options             TEXT NOT NULL,          -- JSON array
    description         TEXT NOT NULL,
    photos              TEXT NOT NULL,          -- JSON array of addresses
    condition           TEXT NOT NULL,
    status              TEXT NOT NULL CHECK (status IN ('available', 'reserved', 'sold')),
    fipe_code           TEXT NOT NULL,
    url                 TEXT NOT NULL,
    updated_at          INTEGER,                -- the feed's own time, where it has one
    digest              BLOB NOT NULL,          -- of the fields above: tells whether an import changes anything
    offered             INTEGER NOT NULL DEFAULT 1 CHECK (offered IN (0, 1)),
    created_at          INTEGER NOT NULL,
    changed_at          INTEGER NOT NULL,
    withdrawn_at        INTEGER
) STRICT;
