-- canvass.db: the ledger. Precious. Every time is UTC seconds unless the name ends in _ms.
CREATE TABLE setting (
    key TEXT PRIMARY KEY,        -- state_id, place, unconfirmed, restored_from, confirmed_at, relay_cursor, relay_contact_at, stopped_at, stopped_by, ...
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE campaign (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL CHECK (length(name) <= 200),
    type TEXT NOT NULL CHECK (type IN ('research', 'outbound_sales')),
    channel TEXT NOT NULL CHECK (channel IN ('sms', 'email', 'voice', 'multi')),
    status TEXT NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'scheduled', 'active', 'paused', 'completed', 'cancelled')),
    spec TEXT NOT NULL CHECK (json_valid(spec)),   -- the campaign file as JSON (core/campaign/spec)
    wizard TEXT,                                   -- where the wizard stood, as JSON; drafts only
    cloned_from INTEGER REFERENCES campaign (id) ON DELETE SET NULL,
    starts_at INTEGER,                             -- scheduled start
    launched_at INTEGER,
    completed_at INTEGER,
    pause_reason TEXT,                             -- why it is paused; NULL otherwise
    -- freezing the recipients
    plan_state TEXT NOT NULL DEFAULT 'none' CHECK (plan_state IN ('none', 'planning', 'planned')),
    plan_now INTEGER,                              -- the instant the segment was evaluated at
    plan_generation INTEGER,                       -- of the replica
    plan_confirmed INTEGER,                        -- the count that was typed
    deleted_at INTEGER,                            -- taken off the lists; its deliveries stay, for the
                                                   -- frequency cap, replies and clones
    -- counters: kept by the triggers below, nobody else writes them
    targeted INTEGER NOT NULL DEFAULT 0,
    n_queued INTEGER NOT NULL DEFAULT 0,
    n_sending INTEGER NOT NULL DEFAULT 0,
    n_retry_wait INTEGER NOT NULL DEFAULT 0,
    n_accepted INTEGER NOT NULL DEFAULT 0,
    n_sent INTEGER NOT NULL DEFAULT 0,
    n_delivered INTEGER NOT NULL DEFAULT 0,
    n_undelivered INTEGER NOT NULL DEFAULT 0,
    n_failed INTEGER NOT NULL DEFAULT 0,
    n_in_doubt INTEGER NOT NULL DEFAULT 0,
    n_skipped INTEGER NOT NULL DEFAULT 0,
    responded INTEGER NOT NULL DEFAULT 0,
    opted_out INTEGER NOT NULL DEFAULT 0,          -- recipients who opted out in answer to this campaign
    contacted INTEGER NOT NULL GENERATED ALWAYS AS
        (n_accepted + n_sent + n_delivered + n_undelivered) VIRTUAL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (0 <= responded AND responded <= contacted AND contacted <= targeted),
    CHECK (0 <= opted_out AND opted_out <= targeted),
    CHECK (targeted = n_queued + n_sending + n_retry_wait + n_accepted + n_sent + n_delivered
                      + n_undelivered + n_failed + n_in_doubt + n_skipped),
    CHECK (min(n_queued, n_sending, n_retry_wait, n_accepted, n_sent, n_delivered, n_undelivered,
               n_failed, n_in_doubt, n_skipped) >= 0),
    CHECK (status <> 'active' OR launched_at IS NOT NULL),
    CHECK (status <> 'scheduled' OR starts_at IS NOT NULL),
    CHECK (plan_state = 'none' OR (plan_now IS NOT NULL AND plan_confirmed IS NOT NULL))
) STRICT;
CREATE INDEX campaign_status ON campaign (status);

CREATE TABLE variant (
    campaign_id INTEGER NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
    idx INTEGER NOT NULL CHECK (idx >= 0),
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    weight REAL NOT NULL CHECK (weight > 0),
    planned INTEGER NOT NULL DEFAULT 0 CHECK (planned >= 0),  -- exact share of the recipients
    PRIMARY KEY (campaign_id, idx)
) STRICT, WITHOUT ROWID;

-- Recipients frozen at launch that have no delivery yet, many to a row, which goes when their deliveries
-- come: core/store/plan_store.c packs them.
CREATE TABLE plan_batch (
    campaign_id INTEGER NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
    n INTEGER NOT NULL CHECK (n >= 0),            -- how many of the campaign's stand before its first
    people INTEGER NOT NULL CHECK (people > 0),
    packed BLOB NOT NULL,                         -- ascending by customer
    PRIMARY KEY (campaign_id, n)
) STRICT;

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- asked at the commit: plan_store.c says what a statement that can be undone by itself costs
    campaign_id INTEGER NOT NULL REFERENCES campaign (id) ON DELETE CASCADE
        DEFERRABLE INITIALLY DEFERRED,
    step INTEGER NOT NULL DEFAULT 0 CHECK (step >= 0),
    customer_id ANY NOT NULL,                     -- key of the main database: INTEGER or TEXT
    channel TEXT NOT NULL CHECK (channel = 'sms' OR channel = 'email' OR channel = 'voice'),
    address TEXT NOT NULL,                        -- normalised
    variant INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'queued'
        CHECK (state = 'queued' OR state = 'sending' OR state = 'retry_wait' OR
               state = 'accepted' OR state = 'sent' OR state = 'delivered' OR
               state = 'undelivered' OR state = 'failed' OR state = 'in_doubt' OR
               state = 'skipped'),
    reason TEXT CHECK (reason IS NULL OR reason IN
        ('opted_out', 'no_address', 'capped', 'replied', 'campaign_completed', 'expired')),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at_ms INTEGER NOT NULL DEFAULT 0, -- queued, retry_wait: not before this
    provider_id TEXT,                             -- of its attempt, which keeps it unique
    provider_rank INTEGER NOT NULL DEFAULT 0,     -- of the last provider status applied (providers.md 1.4)
    error_code INTEGER,
    error TEXT,
    claimed_at INTEGER,
    accepted_at INTEGER,
    replied_at INTEGER,                           -- first reply attributed to this campaign
    opted_out_at INTEGER,                         -- opted out in answer to this delivery
    updated_at INTEGER NOT NULL,
    tally INTEGER NOT NULL DEFAULT 0 CHECK (tally = 0 OR tally = 1), -- flipped by who counts the change himself
    UNIQUE (campaign_id, step, customer_id),
    UNIQUE (address, channel, campaign_id, step), -- the address first: it finds replies too
    CHECK ((state = 'skipped') = (reason IS NOT NULL)),
    CHECK (accepted_at IS NOT NULL OR (state <> 'accepted' AND state <> 'sent' AND state <> 'delivered'
                                        AND state <> 'undelivered')),
    CHECK (state <> 'sending' OR claimed_at IS NOT NULL)
) STRICT;
CREATE INDEX delivery_due ON delivery (campaign_id, next_attempt_at_ms, id)
    WHERE state IN ('queued', 'retry_wait');
CREATE INDEX delivery_open ON delivery (state) WHERE state IN ('sending', 'in_doubt');
CREATE INDEX delivery_customer ON delivery (customer_id);
-- for the figures of the screens: appended to in order of time, or few rows
CREATE INDEX delivery_accepted ON delivery (accepted_at) WHERE accepted_at IS NOT NULL;
CREATE INDEX delivery_replied ON delivery (replied_at) WHERE replied_at IS NOT NULL;
CREATE INDEX delivery_opted_out ON delivery (opted_out_at) WHERE opted_out_at IS NOT NULL;
CREATE INDEX delivery_retry ON delivery (next_attempt_at_ms) WHERE state = 'retry_wait';

-- Counters follow the rows: in the same statement, by the database itself. Only who changes hundreds of rows at
-- once (core/store/attempt_batch_store) flips their tally and changes the counters once, in the same transaction;
-- so does a launch, which inserts tens of thousands with the triggers off (core/store/plan_store).
CREATE TRIGGER delivery_queued AFTER INSERT ON delivery
    WHEN NEW.state = 'queued' AND NEW.opted_out_at IS NULL
BEGIN
    UPDATE campaign SET targeted = targeted + 1, n_queued = n_queued + 1 WHERE id = NEW.campaign_id;
END;
CREATE TRIGGER delivery_added AFTER INSERT ON delivery
    WHEN NEW.state <> 'queued' OR NEW.opted_out_at IS NOT NULL
BEGIN
    UPDATE campaign SET
        targeted = targeted + 1,
        n_queued = n_queued + (NEW.state = 'queued'),
        n_sending = n_sending + (NEW.state = 'sending'),
        n_retry_wait = n_retry_wait + (NEW.state = 'retry_wait'),
        n_accepted = n_accepted + (NEW.state = 'accepted'),
        n_sent = n_sent + (NEW.state = 'sent'),
        n_delivered = n_delivered + (NEW.state = 'delivered'),
        n_undelivered = n_undelivered + (NEW.state = 'undelivered'),
        n_failed = n_failed + (NEW.state = 'failed'),
        n_in_doubt = n_in_doubt + (NEW.state = 'in_doubt'),
        n_skipped = n_skipped + (NEW.state = 'skipped'),
        responded = responded + CASE WHEN NEW.replied_at IS NULL THEN 0
            ELSE NEW.state IN ('accepted', 'sent', 'delivered', 'undelivered') END,
        opted_out = opted_out + (NEW.opted_out_at IS NOT NULL)
    WHERE id = NEW.campaign_id;
END;
CREATE TRIGGER delivery_changed AFTER UPDATE OF state, replied_at, opted_out_at ON delivery
    WHEN OLD.tally = NEW.tally AND (OLD.state <> NEW.state OR OLD.replied_at IS NOT NEW.replied_at
        OR OLD.opted_out_at IS NOT NEW.opted_out_at)
BEGIN
    UPDATE campaign SET
        n_queued = n_queued + (NEW.state = 'queued') - (OLD.state = 'queued'),
        n_sending = n_sending + (NEW.state = 'sending') - (OLD.state = 'sending'),
        n_retry_wait = n_retry_wait + (NEW.state = 'retry_wait') - (OLD.state = 'retry_wait'),
        n_accepted = n_accepted + (NEW.state = 'accepted') - (OLD.state = 'accepted'),
        n_sent = n_sent + (NEW.state = 'sent') - (OLD.state = 'sent'),
        n_delivered = n_delivered + (NEW.state = 'delivered') - (OLD.state = 'delivered'),
        n_undelivered = n_undelivered + (NEW.state = 'undelivered') - (OLD.state = 'undelivered'),
        n_failed = n_failed + (NEW.state = 'failed') - (OLD.state = 'failed'),
        n_in_doubt = n_in_doubt + (NEW.state = 'in_doubt') - (OLD.state = 'in_doubt'),
        n_skipped = n_skipped + (NEW.state = 'skipped') - (OLD.state = 'skipped'),
        responded = responded
            + CASE WHEN NEW.replied_at IS NULL THEN 0
                   ELSE NEW.state IN ('accepted', 'sent', 'delivered', 'undelivered') END
            - CASE WHEN OLD.replied_at IS NULL THEN 0
                   ELSE OLD.state IN ('accepted', 'sent', 'delivered', 'undelivered') END,
        opted_out = opted_out + (NEW.opted_out_at IS NOT NULL) - (OLD.opted_out_at IS NOT NULL)
    WHERE id = NEW.campaign_id;
END;
CREATE TRIGGER delivery_removed AFTER DELETE ON delivery BEGIN
    UPDATE campaign SET
        targeted = targeted - 1,
        n_queued = n_queued - (OLD.state = 'queued'),
        n_sending = n_sending - (OLD.state = 'sending'),
        n_retry_wait = n_retry_wait - (OLD.state = 'retry_wait'),
        n_accepted = n_accepted - (OLD.state = 'accepted'),
        n_sent = n_sent - (OLD.state = 'sent'),
        n_delivered = n_delivered - (OLD.state = 'delivered'),
        n_undelivered = n_undelivered - (OLD.state = 'undelivered'),
        n_failed = n_failed - (OLD.state = 'failed'),
        n_in_doubt = n_in_doubt - (OLD.state = 'in_doubt'),
        n_skipped = n_skipped - (OLD.state = 'skipped'),
        responded = responded - (OLD.replied_at IS NOT NULL
            AND OLD.state IN ('accepted', 'sent', 'delivered', 'undelivered')),
        opted_out = opted_out - (OLD.opted_out_at IS NOT NULL)
    WHERE id = OLD.campaign_id;
END;
CREATE TRIGGER delivery_moves_only BEFORE UPDATE OF campaign_id, step, customer_id ON delivery BEGIN
    SELECT RAISE(ABORT, 'a delivery belongs to one campaign, step and customer for ever');
END;

-- The conversations that canvass itself has with customers.
CREATE TABLE conversation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    customer_id ANY,                              -- NULL: an unknown sender
    address TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('sms', 'email', 'voice')),
    sender TEXT,                                  -- our number or address that the customer wrote to
    campaign_id INTEGER REFERENCES campaign (id) ON DELETE SET NULL,
    delivery_id INTEGER REFERENCES delivery (id) ON DELETE SET NULL,
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'completed', 'failed')),
    agent TEXT NOT NULL DEFAULT 'none' CHECK (agent IN ('none', 'scripted', 'handed_over')),
    next_question INTEGER NOT NULL DEFAULT 0,     -- of the scripted agent, from 0
    outcome TEXT,
    sentiment TEXT CHECK (sentiment IS NULL OR sentiment IN ('positive', 'neutral', 'negative', 'mixed')),
    score INTEGER CHECK (score IS NULL OR score BETWEEN 1 AND 10),
    needs_review TEXT,                            -- why an operator must look (a probable opt-out, ...)
    unread INTEGER NOT NULL DEFAULT 0 CHECK (unread >= 0),
    created_at INTEGER NOT NULL,
    last_message_at INTEGER NOT NULL,
    completed_at INTEGER
) STRICT;
CREATE INDEX conversation_recent ON conversation (last_message_at DESC, id DESC);
CREATE INDEX conversation_address ON conversation (address, channel);
CREATE INDEX conversation_campaign ON conversation (campaign_id);
CREATE INDEX conversation_unread ON conversation (id) WHERE unread > 0;
CREATE INDEX conversation_review ON conversation (id) WHERE needs_review IS NOT NULL;

CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    direction TEXT NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    author TEXT NOT NULL CHECK (author IN ('customer', 'campaign', 'agent', 'operator')),
    provider_id TEXT UNIQUE,
    address TEXT NOT NULL,                        -- the customer's
    text TEXT NOT NULL,
    intent TEXT,                                  -- inbound: opt_out, opt_in, help, review, yes, no, ask, other
    question INTEGER,                             -- outbound: number of the question asked, from 0
    -- outbound from agent or operator: the same life as a delivery
    state TEXT CHECK (state IS NULL OR state IN ('queued', 'sending', 'retry_wait', 'accepted', 'sent',
        'delivered', 'undelivered', 'failed', 'in_doubt', 'skipped')),
    reason TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at_ms INTEGER NOT NULL DEFAULT 0,
    provider_rank INTEGER NOT NULL DEFAULT 0,
    error_code INTEGER,
    error TEXT,
    claimed_at INTEGER,
    at INTEGER NOT NULL,                          -- received or written
    updated_at INTEGER NOT NULL,
    CHECK (direction = 'outbound' OR state IS NULL)
) STRICT;
CREATE INDEX message_thread ON message (conversation_id, at, id);
CREATE INDEX message_due ON message (next_attempt_at_ms, id)
    WHERE state IN ('queued', 'retry_wait');
CREATE INDEX message_open ON message (state) WHERE state IN ('sending', 'in_doubt');
CREATE INDEX message_inbound ON message (at, id) WHERE direction = 'inbound';

-- What a customer answered to each question of the scripted agent.
CREATE TABLE answer (
    conversation_id INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    question INTEGER NOT NULL CHECK (question >= 0),
    question_text TEXT NOT NULL,
    message_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, question)
) STRICT, WITHOUT ROWID;

-- Every call that may have reached a provider. Only appended to; the outcome is filled in once.
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,                     -- travels in the callback URL as ?att=
    delivery_id INTEGER REFERENCES delivery (id) ON DELETE CASCADE,
    message_id INTEGER REFERENCES message (id) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number >= 1),  -- 1 for the first try
    address TEXT NOT NULL,
    sender TEXT NOT NULL,                         -- From or Messaging Service
    text TEXT NOT NULL,                           -- exactly what was sent
    segments INTEGER NOT NULL CHECK (segments >= 1),
    fence INTEGER NOT NULL,                       -- of the engine that claimed it
    claimed_at INTEGER NOT NULL,
    outcome TEXT CHECK (outcome IS NULL OR outcome = 'accepted' OR outcome = 'rejected'
                             OR outcome = 'not_sent' OR outcome = 'unknown'),
    finished_at INTEGER,
    provider_id TEXT,
    http_status INTEGER,
    error_code INTEGER,
    error TEXT,
    settled_by TEXT CHECK (settled_by IS NULL OR settled_by = 'answer' OR settled_by = 'callback'
                                OR settled_by = 'list' OR settled_by = 'operator'),
    lookups INTEGER NOT NULL DEFAULT 0,           -- how often the provider's list was asked in vain
    next_lookup_at INTEGER,
    CHECK ((delivery_id IS NULL) <> (message_id IS NULL))
) STRICT;
-- in blocks of 2,048 attempts: core/store/attempt_blocks.h says why, and how an id is looked for
CREATE UNIQUE INDEX attempt_provider ON attempt (id >> 11, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX attempt_delivery ON attempt (delivery_id);
CREATE INDEX attempt_message ON attempt (message_id) WHERE message_id IS NOT NULL;
-- the last minute and the day so far, for the rate and the daily limits: appended to in order of time
CREATE INDEX attempt_claimed ON attempt (claimed_at);
CREATE INDEX attempt_lookup ON attempt (next_lookup_at) WHERE next_lookup_at IS NOT NULL;

-- The first few recipients of a campaign, and how far they have come (core/outbox/canary).
CREATE TABLE canary (
    campaign_id INTEGER PRIMARY KEY REFERENCES campaign (id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('sending', 'holding', 'gone')),
    since INTEGER NOT NULL,
    watch_after INTEGER NOT NULL DEFAULT 0        -- attempts up to this id are not judged again
) STRICT;
CREATE TABLE canary_member (
    delivery_id INTEGER PRIMARY KEY REFERENCES delivery (id) ON DELETE CASCADE,
    campaign_id INTEGER NOT NULL REFERENCES campaign (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX canary_member_campaign ON canary_member (campaign_id);

-- Webhooks as the relay handed them over, each once.
CREATE TABLE inbound_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,                           -- twilio_sms, twilio_status
    dedupe_key TEXT NOT NULL UNIQUE,
    relay_seq INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    result TEXT NOT NULL                          -- applied, ignored: why, refused: why
) STRICT;

-- Messages that the provider told of and this ledger does not know, though they name an attempt of
-- ours: sent after the backup that it was restored from.
CREATE TABLE stray (
    provider_id TEXT PRIMARY KEY,
    uid TEXT NOT NULL,
    address TEXT NOT NULL,
    status TEXT NOT NULL,                         -- the first that came
    received_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX stray_address ON stray (address);

CREATE TABLE suppression (
    address TEXT NOT NULL,                        -- normalised
    channel TEXT NOT NULL CHECK (channel IN ('sms', 'email', 'voice', 'all')),
    reason TEXT NOT NULL,                         -- opt_out, provider, operator, import, ...
    evidence TEXT NOT NULL DEFAULT '',            -- the words, the error code, who
    at INTEGER NOT NULL,
    PRIMARY KEY (address, channel)
) STRICT, WITHOUT ROWID;

-- Whose reach may have changed: previews keep who is opted out or capped and look again at these
-- addresses only. The newest 65,536 stay; who is further behind looks at everything.
CREATE TABLE suppression_change (
    seq INTEGER PRIMARY KEY,
    address TEXT NOT NULL
) STRICT;
CREATE TABLE delivery_change (
    seq INTEGER PRIMARY KEY,
    address TEXT NOT NULL,
    customer_id ANY NOT NULL
) STRICT;
CREATE TRIGGER suppression_change_added AFTER INSERT ON suppression_change WHEN NEW.seq % 1024 = 0 BEGIN
    DELETE FROM suppression_change WHERE seq <= NEW.seq - 65536;
END;
CREATE TRIGGER delivery_change_added AFTER INSERT ON delivery_change WHEN NEW.seq % 1024 = 0 BEGIN
    DELETE FROM delivery_change WHERE seq <= NEW.seq - 65536;
END;
CREATE TRIGGER suppression_added AFTER INSERT ON suppression BEGIN
    INSERT INTO suppression_change (address) VALUES (NEW.address);
END;
CREATE TRIGGER suppression_moved AFTER UPDATE OF address, channel ON suppression BEGIN
    INSERT INTO suppression_change (address) VALUES (OLD.address), (NEW.address);
END;
CREATE TRIGGER suppression_removed AFTER DELETE ON suppression BEGIN
    INSERT INTO suppression_change (address) VALUES (OLD.address);
END;
-- What neither counts for the frequency cap nor for `contacted_by` is not worth a line.
CREATE TRIGGER delivery_change_new AFTER INSERT ON delivery
    WHEN NEW.state <> 'queued' AND NEW.state <> 'retry_wait' AND NEW.state <> 'skipped'
BEGIN
    INSERT INTO delivery_change (address, customer_id) VALUES (NEW.address, NEW.customer_id);
END;
CREATE TRIGGER delivery_change_state AFTER UPDATE OF state, accepted_at, replied_at ON delivery
    WHEN OLD.accepted_at IS NOT NEW.accepted_at OR OLD.replied_at IS NOT NEW.replied_at
        OR CASE OLD.state WHEN 'sending' THEN 1 WHEN 'in_doubt' THEN 1 WHEN 'undelivered' THEN 2
                          WHEN 'failed' THEN 3 WHEN 'queued' THEN 4 WHEN 'retry_wait' THEN 4
                          WHEN 'skipped' THEN 4 ELSE 5 END
        <> CASE NEW.state WHEN 'sending' THEN 1 WHEN 'in_doubt' THEN 1 WHEN 'undelivered' THEN 2
                          WHEN 'failed' THEN 3 WHEN 'queued' THEN 4 WHEN 'retry_wait' THEN 4
                          WHEN 'skipped' THEN 4 ELSE 5 END
BEGIN
    INSERT INTO delivery_change (address, customer_id) VALUES (NEW.address, NEW.customer_id);
END;
CREATE TRIGGER delivery_change_address AFTER UPDATE OF address ON delivery
    WHEN OLD.address <> NEW.address
BEGIN
    INSERT INTO delivery_change (address, customer_id)
    VALUES (OLD.address, OLD.customer_id), (NEW.address, NEW.customer_id);
END;
CREATE TRIGGER delivery_change_removed AFTER DELETE ON delivery
    WHEN OLD.state NOT IN ('queued', 'retry_wait', 'skipped')
BEGIN
    INSERT INTO delivery_change (address, customer_id) VALUES (OLD.address, OLD.customer_id);
END;

CREATE TABLE saved_segment (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
    criteria TEXT NOT NULL CHECK (json_valid(criteria)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rate_bucket (
    sender TEXT PRIMARY KEY,
    tokens REAL NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: who may send. The fence only grows.
CREATE TABLE lease (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    holder TEXT NOT NULL,                         -- random id of the engine
    who TEXT NOT NULL,                            -- host, process, user: for people
    fence INTEGER NOT NULL,
    renewed_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE engine_event (                      -- the line of events on the monitor
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('info', 'warn', 'error')),
    campaign_id INTEGER,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX engine_event_campaign ON engine_event (campaign_id, id);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,                          -- user@host, engine
    action TEXT NOT NULL,                         -- campaign.launch, suppression.add, in_doubt.settle, ...
    subject TEXT NOT NULL,                        -- "campaign 7"
    detail TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX audit_subject ON audit (subject, id);
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit is only appended to');
END;
