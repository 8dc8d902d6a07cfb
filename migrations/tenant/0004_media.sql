-- Pictures: vehicles' as they are sent, customers' by their use, and as something that is accounted for.

CREATE TABLE photos (        -- pictures of vehicles, made fit for WhatsApp: files under media/<tenant>/photos/
    url        TEXT PRIMARY KEY,
    hash       TEXT NOT NULL DEFAULT '',       -- SHA-256 of the file, hex; empty: it cannot be sent
    mime_type  TEXT NOT NULL DEFAULT '',
    bytes      INTEGER NOT NULL DEFAULT 0,
    error      TEXT NOT NULL DEFAULT '',       -- why it cannot be sent
    fetched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX photos_by_hash ON photos (hash);

CREATE TABLE uploads (       -- files that Meta keeps for us, 30 days from the upload
    hash        TEXT NOT NULL,
    sender      TEXT NOT NULL,                 -- phone number id: media belong to a number
    media_id    TEXT NOT NULL,
    uploaded_at INTEGER NOT NULL,
    PRIMARY KEY (hash, sender)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_by_file ON messages (json_extract(content, '$.media.hash'))
    WHERE json_extract(content, '$.media.hash') IS NOT NULL;

CREATE TABLE usage_4 (       -- as before, with the kind `picture`: one that a model was shown
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
INSERT INTO usage_4 SELECT * FROM usage;
DROP TABLE usage;
ALTER TABLE usage_4 RENAME TO usage;
CREATE INDEX usage_to_copy ON usage (seq) WHERE copied = 0;
CREATE UNIQUE INDEX usage_of_message ON usage (message) WHERE kind = 'message';
