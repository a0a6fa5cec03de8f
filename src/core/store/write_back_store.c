#include "core/store/write_back_store.h"

#include <stdlib.h>

static const char SQL_ON[] = "INSERT INTO main.setting (key, value) VALUES ('write_back', 1) "
                             "ON CONFLICT (key) DO UPDATE SET value = 1";
static const char SQL_OFF[] = "DELETE FROM main.setting WHERE key = 'write_back'";
static const char SQL_IS_ON[] =
    "SELECT count(*) FROM main.setting WHERE key = 'write_back' AND value = 1";
static const char SQL_MARK_ALL[] =
    "INSERT OR IGNORE INTO main.write_back (kind, id) SELECT 'conversation', id "
    "FROM main.conversation WHERE campaign_id IS NOT NULL;"
    "INSERT OR IGNORE INTO main.write_back (kind, id) SELECT 'message', m.id FROM main.message m "
    "JOIN main.conversation c ON c.id = m.conversation_id WHERE c.campaign_id IS NOT NULL";
static const char SQL_NEXT[] =
    "SELECT seq, id FROM main.write_back WHERE (tries > 0) = :refused AND kind = :kind "
    "AND seq > :after ORDER BY seq LIMIT :max";
static const char SQL_DONE[] = "DELETE FROM main.write_back WHERE seq = :seq";
static const char SQL_REFUSED[] =
    "UPDATE main.write_back SET tries = tries + 1, error = :why WHERE seq = :seq";
static const char SQL_STATE[] =
    "SELECT count(*), count(*) FILTER (WHERE tries > 0), max(error) FROM main.write_back";

#define RFC3339(column) "strftime('%Y-%m-%dT%H:%M:%SZ', " column ", 'unixepoch')"
/* In the order of main_write_names(). An opt-out counts from when it arrived. */
static const char SQL_CONVERSATION[] =
    "SELECT v.uuid, CAST(v.customer_id AS TEXT), v.channel, v.status, c.type, "
    "c.uuid, " RFC3339("v.created_at") ", " RFC3339("v.last_message_at") ", " RFC3339(
        "v.completed_at") ", "
                          "CAST(v.score AS TEXT), v.sentiment, v.outcome, c.name, "
                          "json_patch(json_object('source', 'canvass', 'campaign', "
                          "c.name), "
                          " coalesce((SELECT json_object('opted_out_at', " RFC3339(
                              "min(s.at)") ") "
                                           "  FROM main.suppression s WHERE s.address = "
                                           "v.address AND s.channel IN (v.channel, 'all') "
                                           "  HAVING min(s.at) IS NOT NULL), "
                                           "'{}')), " RFC3339("max(v.last_message_at, "
                                                              "coalesce(v.completed_at, "
                                                              "0), unixepoch())") " "
                                                                                  "FROM "
                                                                                  "main."
                                                                                  "convers"
                                                                                  "ation "
                                                                                  "v JOIN "
                                                                                  "main."
                                                                                  "campaig"
                                                                                  "n c ON "
                                                                                  "c.id = "
                                                                                  "v."
                                                                                  "campaig"
                                                                                  "n_id "
                                                                                  "WHERE "
                                                                                  "v.id = "
                                                                                  ":id";
/* What waits, failed or is in doubt was not surely said. The UUID is made of what never changes. */
static const char SQL_MESSAGE[] =
    "SELECT uuid_of(v.uuid || '/' || m.id || '/' || m.at || '/' || m.direction), v.uuid, "
    "m.direction, m.text, " RFC3339(
        "m.at") ", "
                "json_object('source', 'canvass', 'author', m.author) "
                "FROM main.message m JOIN main.conversation v ON v.id = m.conversation_id "
                "WHERE m.id = :id AND v.campaign_id IS NOT NULL AND (m.state IS NULL OR m.state IN "
                "('accepted', 'sent', 'delivered', 'undelivered'))";

bool
write_back_enable(struct db *ledger, bool on, struct error *err)
{
    int64_t is_on = 0;
    bool ok = db_begin(ledger, err) && db_query_i64(ledger, SQL_IS_ON, &is_on, err);

    if (ok && on != (is_on != 0))
        ok = on ? db_exec(ledger, SQL_ON, err) && db_exec(ledger, SQL_MARK_ALL, err)
                : db_exec(ledger, SQL_OFF, err) &&
                      db_exec(ledger, "DELETE FROM main.write_back", err);
    ok = ok && db_commit(ledger, err);
    db_rollback(ledger);
    return ok || error_wrap(err, "write-back");
}

bool
write_back_next(struct db *ledger, bool refused_before, int64_t after_seq, enum main_write kind,
                struct write_back_mark *out, size_t max, size_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_NEXT, err);
    bool row = true;
    bool ok = st != NULL;

    *count = 0;
    if (st) {
        db_bind_i64(st, ":refused", refused_before);
        db_bind_text(st, ":kind", kind == MAIN_WRITE_CONVERSATION ? "conversation" : "message");
        db_bind_i64(st, ":after", after_seq);
        db_bind_i64(st, ":max", (int64_t)max);
    }
    while (ok && (ok = db_step(st, &row, err)) && row)
        out[(*count)++] =
            (struct write_back_mark){db_column_i64(st, 0), db_column_i64(st, 1), kind};
    db_stmt_release(st);
    return ok;
}

bool
write_back_load(struct db *ledger, const struct write_back_mark *mark, char **values, bool *found,
                struct error *err)
{
    struct db_stmt *st = db_prepare(
        ledger, mark->kind == MAIN_WRITE_CONVERSATION ? SQL_CONVERSATION : SQL_MESSAGE, err);
    size_t count;
    bool ok = false;

    (void)main_write_names(mark->kind, &count);
    *found = false;
    if (st) {
        db_bind_i64(st, ":id", mark->id);
        ok = db_step(st, found, err);
    }
    for (size_t i = 0; i < count; i++)
        values[i] = ok && *found ? db_column_dup(st, (int)i) : NULL;
    db_stmt_release(st);
    return ok;
}

bool
write_back_done(struct db *ledger, const int64_t *seqs, size_t count, struct error *err)
{
    bool ok = count == 0 || db_begin(ledger, err);

    for (size_t i = 0; ok && i < count; i++) {
        struct db_stmt *st = db_prepare(ledger, SQL_DONE, err);

        ok = st != NULL;
        if (ok) {
            db_bind_i64(st, ":seq", seqs[i]);
            ok = db_step_done(st, err);
        }
        db_stmt_release(st);
    }
    ok = ok && (count == 0 || db_commit(ledger, err));
    db_rollback(ledger);
    return ok;
}

bool
write_back_refused(struct db *ledger, int64_t seq, const char *why, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_REFUSED, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":seq", seq);
        db_bind_text(st, ":why", why);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
write_back_state(struct db *db, int64_t *waiting, int64_t *refused, char **why, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_STATE, err);
    bool ok = st && db_step_one(st, err);

    *why = NULL;
    if (ok) {
        *waiting = db_column_i64(st, 0);
        *refused = db_column_i64(st, 1);
        *why = db_column_dup(st, 2);
    }
    db_stmt_release(st);
    return ok;
}
