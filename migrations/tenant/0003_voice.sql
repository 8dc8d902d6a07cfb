-- What customers' voice notes say.

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
