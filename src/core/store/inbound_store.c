#include "core/store/inbound_store.h"

static const char SQL_ADD[] =
    "INSERT INTO main.inbound_event (kind, dedupe_key, relay_seq, received_at, body, result) "
    "VALUES (:kind, :key, :seq, :at, :body, :result) ON CONFLICT (dedupe_key) DO NOTHING";
static const char SQL_RESULT[] =
    "UPDATE main.inbound_event SET result = :result WHERE dedupe_key = :key";

bool
inbound_event_add(struct db *ledger, const struct inbound_event *event, const char *result,
                  bool *fresh, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_ADD, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":kind", event->kind);
        db_bind_text(st, ":key", event->dedupe_key);
        db_bind_i64(st, ":seq", event->relay_seq);
        db_bind_i64(st, ":at", event->received_at_s);
        db_bind_text(st, ":body", event->body);
        db_bind_text(st, ":result", result);
        ok = db_step_done(st, err);
    }
    if (ok)
        *fresh = db_changes(ledger) > 0;
    db_stmt_release(st);
    return ok || error_wrap(err, "keep a webhook");
}

bool
inbound_event_set_result(struct db *ledger, const char *dedupe_key, const char *result,
                         struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_RESULT, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":key", dedupe_key);
        db_bind_text(st, ":result", result);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "keep what became of a webhook");
}
