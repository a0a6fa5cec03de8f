-- replica.db: what canvass knows of the main database, and the facts derived from it (semantics.md).
-- May be deleted at any time. Attached under the name `replica`; times are UTC seconds, NULL when absent.
-- `id` is ours: equal to `key` when the main database has integer keys, else numbered by the sync.
CREATE TABLE replica.state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL,                  -- grows with every sync that changed something
    synced_at INTEGER NOT NULL,                   -- when the last good sync began
    source TEXT NOT NULL,                         -- the main database's URL without secrets
    country TEXT NOT NULL,                        -- whose phone rules the addresses were read by
    customers INTEGER NOT NULL,
    last_error TEXT,                              -- of the last sync that failed; NULL after a good one
    last_error_at INTEGER
) STRICT;
CREATE TABLE replica.watermark (                 -- where the next incremental sync begins
    table_name TEXT PRIMARY KEY,
    updated_at ANY,
    row_key ANY
) STRICT, WITHOUT ROWID;

CREATE TABLE replica.customer (
    id INTEGER PRIMARY KEY,
    key ANY NOT NULL,
    name TEXT,
    phone TEXT,                                   -- as it stands in the main database
    email TEXT,
    phone_e164 TEXT,                              -- normalised, NULL when not valid (semantics.md "Reach")
    email_norm TEXT,                              -- domain and local part lower-cased, NULL when not valid
    email_send TEXT,                              -- trimmed, domain lower-cased: what mail is sent to
    is_new_client INTEGER NOT NULL CHECK (is_new_client IN (0, 1)),
    notes TEXT,
    created_at INTEGER,
    updated_at INTEGER,
    time_zone TEXT,                               -- of the main database; NULL when no zone has that name
    -- facts: one value per customer, kept by the sync for touched customers
    last_contact INTEGER,
    last_appointment INTEGER,                     -- time of THE last appointment; the next five are its too
    last_appointment_status TEXT,
    last_appointment_service TEXT,
    last_appointment_provider TEXT,
    last_appointment_cancelled_at INTEGER,
    last_visit INTEGER,
    last_visit_service TEXT,                      -- for messages only; no criterion asks it
    last_cancellation INTEGER,
    appointment_count INTEGER NOT NULL DEFAULT 0,
    conversation_count INTEGER NOT NULL DEFAULT 0,
    last_satisfaction REAL,
    last_activity INTEGER GENERATED ALWAYS AS
        (CASE WHEN last_contact IS NULL THEN last_appointment
              WHEN last_appointment IS NULL THEN last_contact
              ELSE max(last_contact, last_appointment) END) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX replica.customer_key ON customer (key);
CREATE INDEX replica.customer_phone ON customer (phone_e164) WHERE phone_e164 IS NOT NULL;
CREATE INDEX replica.customer_email ON customer (email_norm) WHERE email_norm IS NOT NULL;

CREATE TABLE replica.appointment (
    key ANY NOT NULL PRIMARY KEY,
    customer_id INTEGER NOT NULL,                 -- customer.id; rows of unknown customers are not kept here
    at INTEGER,
    status TEXT,
    service TEXT,
    provider TEXT,
    booked_by TEXT,
    cancelled_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX replica.appointment_customer ON appointment (customer_id, at, status);

CREATE TABLE replica.conversation (
    key ANY NOT NULL PRIMARY KEY,
    customer_id INTEGER NOT NULL,
    channel TEXT,
    type TEXT,
    status TEXT,
    outcome TEXT,
    sentiment TEXT,
    satisfaction REAL,
    at INTEGER,                                   -- last_activity_at
    has_open_request INTEGER NOT NULL DEFAULT 0 CHECK (has_open_request IN (0, 1)) -- request new or in_progress
) STRICT, WITHOUT ROWID;
CREATE INDEX replica.conversation_customer ON conversation (customer_id, at);

CREATE TABLE replica.conversation_metadata (     -- one row per key that the metadata holds (semantics.md)
    name TEXT NOT NULL,                           -- the key
    customer_id INTEGER NOT NULL,
    conversation_key ANY NOT NULL,
    at INTEGER,                                   -- the value when a timestamp, else the conversation's time
    PRIMARY KEY (name, customer_id, conversation_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX replica.conversation_metadata_conversation ON conversation_metadata (conversation_key);

CREATE TABLE replica.request (                   -- appointment_requests
    key ANY NOT NULL PRIMARY KEY,
    conversation_key ANY,
    status TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX replica.request_conversation ON request (conversation_key);

-- Rows of the main database whose customer is null or unknown. They belong to nobody and count nowhere; the
-- sync reads them again when that customer appears.
CREATE TABLE replica.orphan (
    table_name TEXT NOT NULL,                     -- appointments, conversations
    key ANY NOT NULL,
    customer_key ANY,
    PRIMARY KEY (table_name, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX replica.orphan_customer ON orphan (customer_key) WHERE customer_key IS NOT NULL;
