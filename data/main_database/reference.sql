-- The main database in the reference schema, as a SQLite file. This is the business's own database: canvass
-- reads it (and writes campaign conversations back), the demo makes one. Times are UTC texts
-- 'YYYY-MM-DD HH:MM:SS'; ids are integers or UUID texts; metadata is JSON text.
CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    name TEXT,
    phone TEXT UNIQUE,
    email TEXT UNIQUE,
    is_new_client BOOLEAN,
    notes TEXT,
    created_at TEXT,
    updated_at TEXT
);
CREATE TABLE appointments (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER,
    appointment_datetime TEXT,
    service_type TEXT,
    provider TEXT,
    duration_minutes INTEGER,
    status TEXT CHECK (status IN ('scheduled', 'completed', 'cancelled', 'no_show', 'rescheduled')),
    booked_by TEXT,
    cancellation_reason TEXT,
    cancelled_at TEXT,
    created_at TEXT,
    updated_at TEXT
);
CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    customer_id INTEGER,
    channel TEXT CHECK (channel IN ('voice', 'sms', 'email')),
    status TEXT CHECK (status IN ('active', 'completed', 'failed')),
    conversation_type TEXT CHECK (conversation_type IN ('inbound_service', 'research', 'outbound_sales')),
    campaign_id TEXT,
    initiated_at TEXT,
    last_activity_at TEXT,
    completed_at TEXT,
    satisfaction_score INTEGER,
    sentiment TEXT CHECK (sentiment IN ('positive', 'neutral', 'negative', 'mixed')),
    outcome TEXT,
    subject TEXT,
    ai_summary TEXT,
    metadata TEXT,
    created_at TEXT,
    updated_at TEXT
) WITHOUT ROWID;
CREATE TABLE communication_messages (
    id TEXT PRIMARY KEY,
    conversation_id TEXT,
    direction TEXT CHECK (direction IN ('inbound', 'outbound')),
    content TEXT,
    sent_at TEXT,
    metadata TEXT
) WITHOUT ROWID;
CREATE TABLE appointment_requests (
    id TEXT PRIMARY KEY,
    customer_id INTEGER,
    conversation_id TEXT,
    channel TEXT,
    status TEXT CHECK (status IN ('new', 'in_progress', 'booked', 'dismissed')),
    service_type TEXT,
    created_at TEXT,
    updated_at TEXT
) WITHOUT ROWID;
CREATE INDEX customers_updated ON customers (updated_at);
CREATE INDEX appointments_updated ON appointments (updated_at);
CREATE INDEX appointments_customer ON appointments (customer_id);
CREATE INDEX conversations_updated ON conversations (updated_at);
CREATE INDEX conversations_customer ON conversations (customer_id);
CREATE INDEX communication_messages_conversation ON communication_messages (conversation_id, sent_at);
CREATE INDEX appointment_requests_updated ON appointment_requests (updated_at);
