-- Answers by voice. Each is committed as text first; the outbox decides in which form it goes out.

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
