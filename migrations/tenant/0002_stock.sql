-- The dealership's vehicles: all that were ever imported, and what is offered of them now.

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

CREATE TABLE stock_spellings (   -- from a sound, or a sound with one letter less, to a name of stock_lines
    key  TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('make', 'model', 'word')),  -- word: one inside a model's name
    name TEXT NOT NULL,
    PRIMARY KEY (key, kind, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX stock_spellings_by_name ON stock_spellings (name, kind);

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
-- Each covers every filter, so that a search reads one index and then only the rows it shows.
CREATE INDEX stock_offers_by_line ON stock_offers
    (line, status, asking, vehicle, merit, year, mileage, body, transmission, fuel, color, doors, condition);
CREATE INDEX stock_offers_by_body ON stock_offers
    (body, status, asking, vehicle, transmission, line, merit, year, mileage, fuel, color, doors, condition);
CREATE INDEX stock_offers_by_price ON stock_offers
    (status, asking, vehicle, body, transmission, line, merit, year, mileage, fuel, color, doors, condition);
CREATE INDEX stock_offers_by_merit ON stock_offers
    (status, merit, vehicle, asking, body, transmission, line, year, mileage, fuel, color, doors, condition);
CREATE INDEX stock_offers_by_year ON stock_offers (status, year, vehicle);
CREATE INDEX stock_offers_by_mileage ON stock_offers (status, mileage, vehicle);
CREATE INDEX stock_offers_by_update ON stock_offers (status, updated, vehicle);

-- Folded words of the offered vehicles; rowid is vehicles.seq. Words are prepared by shards/tenant/stock_words.py.
CREATE VIRTUAL TABLE stock_text USING fts5
    (name, more, content = '', contentless_delete = 1, detail = column, tokenize = 'ascii');

CREATE TABLE stock_state (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    imports    INTEGER NOT NULL DEFAULT 0,      -- grows with every import and single change
    changed_at INTEGER
) STRICT;
INSERT INTO stock_state (one) VALUES (1);

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
