-- The mailbox of canvass-relay: what arrived, in order, until the console has it.

-- One row. The id is part of every cursor, so that a console sees when the log was wiped.
CREATE TABLE log (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL CHECK (length(id) = 32),
    last_seq INTEGER NOT NULL CHECK (last_seq >= 0),
    acked_seq INTEGER NOT NULL CHECK (acked_seq BETWEEN 0 AND last_seq),
    trimmed_seq INTEGER NOT NULL CHECK (trimmed_seq BETWEEN 0 AND last_seq)
) STRICT;
INSERT INTO log VALUES (1, lower(hex(randomblob(16))), 0, 0, 0);

-- One webhook, exactly as it came. Repeats are kept: the console knows what it has seen.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY CHECK (seq > 0),
    received_at INTEGER NOT NULL CHECK (received_at > 0),
    kind TEXT NOT NULL CHECK (kind IN ('twilio_sms', 'twilio_status')),
    provider_id TEXT NOT NULL,
    url TEXT NOT NULL CHECK (url <> ''),
    signature TEXT NOT NULL CHECK (signature <> ''),
    body TEXT NOT NULL
) STRICT;

-- How far the console had acknowledged in an hour (since the epoch), for keeping acked events a while.
CREATE TABLE ack (
    hour INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL CHECK (seq >= 0)
) STRICT;

-- One row a start of the relay: events behind after_seq, up to the next row's, were numbered by it. A
-- cursor carries the mark, so that one made before an old copy of this file was put back is told from
-- one of the numbers given out again since.
CREATE TABLE run (
    after_seq INTEGER PRIMARY KEY CHECK (after_seq >= 0),
    mark TEXT NOT NULL CHECK (length(mark) = 8)
) STRICT;

-- How far the consoles that ask here have come, each by the name of its ledger: a copy of a ledger, or
-- an older one, sees in it that it is not the last that has sent.
CREATE TABLE state (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
    fence INTEGER NOT NULL CHECK (fence >= 0),
    attempt INTEGER NOT NULL CHECK (attempt >= 0),
    told_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
