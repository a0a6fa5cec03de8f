-- What the main database has yet to be told: a mark per conversation or message of a campaign, made in the
-- transaction that changed it, while main_database.write_back is on (setting write_back = 1). The row itself is
-- read when it is written, so that many changes of one thing are one writing. seq grows: a mark that was made
-- again while its thing was being written stays.
CREATE TABLE write_back (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('conversation', 'message')),
    id INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,             -- times that it was refused
    error TEXT,                                   -- why, the last time
    UNIQUE (kind, id)
) STRICT;
CREATE INDEX write_back_order ON write_back (tries, kind, seq);

CREATE TRIGGER write_back_conversation_new AFTER INSERT ON conversation
WHEN NEW.campaign_id IS NOT NULL AND EXISTS (SELECT 1 FROM setting WHERE key = 'write_back' AND value = 1) BEGIN
    DELETE FROM write_back WHERE kind = 'conversation' AND id = NEW.id;
    INSERT INTO write_back (kind, id) VALUES ('conversation', NEW.id);
END;
CREATE TRIGGER write_back_conversation_changed AFTER UPDATE OF customer_id, campaign_id, status, outcome, sentiment, score,
    last_message_at, completed_at ON conversation
WHEN NEW.campaign_id IS NOT NULL AND EXISTS (SELECT 1 FROM setting WHERE key = 'write_back' AND value = 1) BEGIN
    DELETE FROM write_back WHERE kind = 'conversation' AND id = NEW.id;
    INSERT INTO write_back (kind, id) VALUES ('conversation', NEW.id);
END;
CREATE TRIGGER write_back_message_new AFTER INSERT ON message
WHEN EXISTS (SELECT 1 FROM setting WHERE key = 'write_back' AND value = 1)
    AND (SELECT campaign_id FROM conversation WHERE id = NEW.conversation_id) IS NOT NULL BEGIN
    DELETE FROM write_back WHERE kind = 'message' AND id = NEW.id;
    INSERT INTO write_back (kind, id) VALUES ('message', NEW.id);
END;
CREATE TRIGGER write_back_message_changed AFTER UPDATE OF text, state ON message
WHEN EXISTS (SELECT 1 FROM setting WHERE key = 'write_back' AND value = 1)
    AND (SELECT campaign_id FROM conversation WHERE id = NEW.conversation_id) IS NOT NULL BEGIN
    DELETE FROM write_back WHERE kind = 'message' AND id = NEW.id;
    INSERT INTO write_back (kind, id) VALUES ('message', NEW.id);
END;
CREATE TRIGGER write_back_opt_out AFTER INSERT ON suppression
WHEN EXISTS (SELECT 1 FROM setting WHERE key = 'write_back' AND value = 1) BEGIN
    DELETE FROM write_back WHERE kind = 'conversation' AND id IN
        (SELECT id FROM conversation WHERE address = NEW.address AND campaign_id IS NOT NULL);
    INSERT INTO write_back (kind, id) SELECT 'conversation', id FROM conversation
        WHERE address = NEW.address AND campaign_id IS NOT NULL;
END;
