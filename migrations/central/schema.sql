-- Written by `make schema` from the migrations; do not edit.
-- Schema 2.

CREATE TABLE asaas_events (         -- deliveries taken over, each once
    id      TEXT PRIMARY KEY,
    event   TEXT NOT NULL,
    payment TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE TABLE billing_zones (        -- in which zone a tenant's days are reckoned, from which day on
    tenant    TEXT NOT NULL,
    from_day  TEXT NOT NULL,        -- '' at first, later the first day of a month
    time_zone TEXT NOT NULL,
    PRIMARY KEY (tenant, from_day)
) STRICT, WITHOUT ROWID;

CREATE TABLE corrections (          -- why a receipt was added by hand
    event_id TEXT PRIMARY KEY REFERENCES ledger,
    reason   TEXT NOT NULL,
    actor    TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER credit_notes_kept BEFORE DELETE ON credit_notes
BEGIN SELECT RAISE(ABORT, 'a credit note is never changed'); END;

CREATE TRIGGER credit_notes_stay BEFORE UPDATE ON credit_notes
BEGIN SELECT RAISE(ABORT, 'a credit note is never changed'); END;

CREATE TABLE credit_notes (
    id              TEXT PRIMARY KEY,
    invoice         TEXT NOT NULL REFERENCES invoices,
    amount_centavos INTEGER NOT NULL CHECK (amount_centavos > 0),
    reason          TEXT NOT NULL,
    at              INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX credit_notes_of_invoice ON credit_notes (invoice);

CREATE TABLE daily (                -- the ledger summed by day, written with it
    tenant             TEXT NOT NULL,
    day                TEXT NOT NULL,
    kind               TEXT NOT NULL,
    provider           TEXT NOT NULL,
    model              TEXT NOT NULL,
    pricing_category   TEXT NOT NULL,
    pricing_type       TEXT NOT NULL,
    receipts           INTEGER NOT NULL,
    input_tokens       INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    cache_read_tokens  INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    characters         INTEGER NOT NULL,
    audio_ms           INTEGER NOT NULL,
    messages           INTEGER NOT NULL,
    PRIMARY KEY (tenant, day, kind, provider, model, pricing_category, pricing_type)
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_conversations (  -- conversations the assistant answered in, once a day
    tenant       TEXT NOT NULL,
    day          TEXT NOT NULL,
    conversation TEXT NOT NULL,
    PRIMARY KEY (tenant, day, conversation)
) STRICT, WITHOUT ROWID;

CREATE TABLE dunning_steps (        -- of a tenant the last row counts
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant  TEXT NOT NULL,
    stage   TEXT NOT NULL CHECK (stage IN ('current', 'reminded', 'human_only', 'suspended')),
    invoice TEXT NOT NULL DEFAULT '',
    reason  TEXT NOT NULL DEFAULT '',
    at      INTEGER NOT NULL
) STRICT;

CREATE INDEX dunning_steps_of_tenant ON dunning_steps (tenant, seq);

CREATE TRIGGER exchange_rates_kept BEFORE DELETE ON exchange_rates
BEGIN SELECT RAISE(ABORT, 'a rate is corrected by a new one'); END;

CREATE TRIGGER exchange_rates_stay BEFORE UPDATE ON exchange_rates
BEGIN SELECT RAISE(ABORT, 'a rate is corrected by a new one'); END;

CREATE TABLE exchange_rates (       -- reais for one dollar, from a day on
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    day     TEXT NOT NULL,
    usd_brl TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE INDEX exchange_rates_by_day ON exchange_rates (day, seq);

CREATE TRIGGER invoice_lines_added BEFORE INSERT ON invoice_lines
WHEN (SELECT state FROM invoices WHERE id = NEW.invoice) IS NOT 'draft'
BEGIN SELECT RAISE(ABORT, 'an issued invoice is never changed'); END;

CREATE TRIGGER invoice_lines_kept BEFORE DELETE ON invoice_lines
WHEN (SELECT state FROM invoices WHERE id = OLD.invoice) IS NOT 'draft'
BEGIN SELECT RAISE(ABORT, 'an issued invoice is never changed'); END;

CREATE TRIGGER invoice_lines_stay BEFORE UPDATE ON invoice_lines
BEGIN SELECT RAISE(ABORT, 'a line is drawn anew, not changed'); END;

CREATE TABLE invoice_lines (
    invoice         TEXT NOT NULL REFERENCES invoices,
    position        INTEGER NOT NULL,
    kind            TEXT NOT NULL,
    text            TEXT NOT NULL,
    quantity        INTEGER NOT NULL,
    price           TEXT NOT NULL,  -- reais for `per`
    per             INTEGER NOT NULL,
    amount_centavos INTEGER NOT NULL,
    PRIMARY KEY (invoice, position)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER invoices_kept BEFORE DELETE ON invoices
BEGIN SELECT RAISE(ABORT, 'an invoice is never deleted'); END;

CREATE TRIGGER invoices_move BEFORE UPDATE OF state ON invoices
WHEN (OLD.state, NEW.state) NOT IN (VALUES
    ('draft', 'draft'), ('draft', 'open'), ('draft', 'void'),
    ('open', 'paid'), ('open', 'overdue'), ('open', 'void'),
    ('overdue', 'paid'), ('overdue', 'void'),
    ('paid', 'open'), ('paid', 'overdue'))
BEGIN SELECT RAISE(ABORT, 'an invoice does not go that way'); END;

CREATE TRIGGER invoices_stay BEFORE UPDATE ON invoices
WHEN OLD.state <> 'draft' AND
    (NEW.id, NEW.tenant, NEW.period, NEW.first_day, NEW.end_day, NEW.start_at, NEW.end_at, NEW.time_zone, NEW.number,
     NEW.tenant_name, NEW.issuer, NEW.total_centavos, NEW.drawn_at, NEW.issued_at, NEW.due_day, NEW.txid, NEW.pix)
    IS NOT
    (OLD.id, OLD.tenant, OLD.period, OLD.first_day, OLD.end_day, OLD.start_at, OLD.end_at, OLD.time_zone, OLD.number,
     OLD.tenant_name, OLD.issuer, OLD.total_centavos, OLD.drawn_at, OLD.issued_at, OLD.due_day, OLD.txid, OLD.pix)
BEGIN SELECT RAISE(ABORT, 'an issued invoice is never changed'); END;

CREATE TABLE invoices (
    id             TEXT PRIMARY KEY,
    tenant         TEXT NOT NULL,
    period         TEXT NOT NULL,   -- YYYY-MM
    first_day      TEXT NOT NULL,
    end_day        TEXT NOT NULL,   -- not included
    start_at       INTEGER NOT NULL,
    end_at         INTEGER NOT NULL,
    time_zone      TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('draft', 'open', 'paid', 'overdue', 'void')),
    state_at       INTEGER NOT NULL,
    state_reason   TEXT NOT NULL DEFAULT '',
    number         INTEGER UNIQUE,  -- given when issued, without gaps
    tenant_name    TEXT NOT NULL,
    issuer         TEXT NOT NULL DEFAULT '',
    total_centavos INTEGER NOT NULL,
    drawn_at       INTEGER NOT NULL,
    issued_at      INTEGER,
    due_day        TEXT,
    txid           TEXT,
    pix            TEXT             -- copy-and-paste text, '' without a key or an amount
) STRICT, WITHOUT ROWID;

CREATE INDEX invoices_of_state ON invoices (state, due_day);

CREATE INDEX invoices_of_tenant ON invoices (tenant, end_day);

CREATE UNIQUE INDEX invoices_one_a_period ON invoices (tenant, period) WHERE state <> 'void';

CREATE TRIGGER ledger_kept BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END;

CREATE TRIGGER ledger_stays BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END;

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

CREATE TABLE ledger_late (          -- receipts that came after their month's invoice was issued
    event_id TEXT PRIMARY KEY,
    tenant   TEXT NOT NULL,
    day      TEXT NOT NULL          -- where they are billed instead
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_late_of_day ON ledger_late (tenant, day);

CREATE TABLE limit_notices (        -- the operator was told, once a month, meter and mark
    tenant  TEXT NOT NULL,
    period  TEXT NOT NULL,
    meter   TEXT NOT NULL,
    percent INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (tenant, period, meter, percent)
) STRICT, WITHOUT ROWID;

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

CREATE TRIGGER payments_kept BEFORE DELETE ON payments
BEGIN SELECT RAISE(ABORT, 'a payment is reversed by a negative one'); END;

CREATE TRIGGER payments_stay BEFORE UPDATE ON payments
BEGIN SELECT RAISE(ABORT, 'a payment is reversed by a negative one'); END;

CREATE TABLE payments (             -- a reversal is a negative one
    id              TEXT PRIMARY KEY,
    invoice         TEXT NOT NULL REFERENCES invoices,
    amount_centavos INTEGER NOT NULL CHECK (amount_centavos <> 0),
    method          TEXT NOT NULL,
    reference       TEXT NOT NULL,  -- the payment's id where it was made
    paid_at         INTEGER NOT NULL,
    at              INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX payments_of_invoice ON payments (invoice);

CREATE UNIQUE INDEX payments_once ON payments (method, reference) WHERE reference <> '';

CREATE TRIGGER plan_meters_kept BEFORE DELETE ON plan_meters
BEGIN SELECT RAISE(ABORT, 'a version of a plan is never changed'); END;

CREATE TRIGGER plan_meters_stay BEFORE UPDATE ON plan_meters
BEGIN SELECT RAISE(ABORT, 'a version of a plan is never changed'); END;

CREATE TABLE plan_meters (
    plan       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    meter      TEXT NOT NULL CHECK (meter IN ('conversations', 'messages', 'tokens', 'voice_seconds')),
    included   INTEGER NOT NULL CHECK (included >= 0),
    price      TEXT NOT NULL,       -- reais for `per` units beyond what is included
    per        INTEGER NOT NULL CHECK (per > 0),
    hard_limit INTEGER CHECK (hard_limit > 0),
    PRIMARY KEY (plan, version, meter),
    FOREIGN KEY (plan, version) REFERENCES plans
) STRICT, WITHOUT ROWID;

CREATE TRIGGER plans_kept BEFORE DELETE ON plans
BEGIN SELECT RAISE(ABORT, 'a version of a plan is never changed'); END;

CREATE TRIGGER plans_stay BEFORE UPDATE ON plans
BEGIN SELECT RAISE(ABORT, 'a version of a plan is never changed'); END;

CREATE TABLE plans (
    id               TEXT NOT NULL,
    version          INTEGER NOT NULL,
    name             TEXT NOT NULL,
    monthly_centavos INTEGER NOT NULL CHECK (monthly_centavos >= 0),
    trial_days       INTEGER NOT NULL CHECK (trial_days >= 0),
    over_limit       TEXT NOT NULL CHECK (over_limit IN ('catalogue', 'hand_over')),
    created_at       INTEGER NOT NULL,
    PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER prices_kept BEFORE DELETE ON prices
BEGIN SELECT RAISE(ABORT, 'a price is corrected by a new one'); END;

CREATE TRIGGER prices_stay BEFORE UPDATE ON prices
BEGIN SELECT RAISE(ABORT, 'a price is corrected by a new one'); END;

CREATE TABLE prices (               -- what vendors charge us, from a day on
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    provider         TEXT NOT NULL,
    model            TEXT NOT NULL, -- '': every model without a price of its own
    unit             TEXT NOT NULL,
    pricing_category TEXT NOT NULL,
    pricing_type     TEXT NOT NULL,
    currency         TEXT NOT NULL CHECK (currency IN ('BRL', 'USD')),
    price            TEXT NOT NULL, -- for `per` units
    per              INTEGER NOT NULL CHECK (per > 0),
    from_day         TEXT NOT NULL,
    at               INTEGER NOT NULL
) STRICT;

CREATE INDEX prices_by_day ON prices (provider, unit, from_day, seq);

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

CREATE TRIGGER subscription_changes_kept BEFORE DELETE ON subscription_changes
BEGIN SELECT RAISE(ABORT, 'a change of a subscription is corrected by a new one'); END;

CREATE TRIGGER subscription_changes_stay BEFORE UPDATE ON subscription_changes
BEGIN SELECT RAISE(ABORT, 'a change of a subscription is corrected by a new one'); END;

CREATE TABLE subscription_changes ( -- from a day on a tenant has a plan, or none; of one day the last row counts
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      TEXT NOT NULL REFERENCES tenants,
    day         TEXT NOT NULL,
    plan        TEXT,               -- NULL: the subscription ends
    version     INTEGER,
    trial_until TEXT,               -- the first day that is paid for
    at          INTEGER NOT NULL,
    FOREIGN KEY (plan, version) REFERENCES plans
) STRICT;

CREATE INDEX subscription_changes_of_tenant ON subscription_changes (tenant, day, seq);

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
