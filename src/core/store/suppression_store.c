#include "core/store/suppression_store.h"

#include <stdlib.h>

#include "core/base/mem.h"

static const char SQL_ADD[] =
    "INSERT INTO main.suppression (address, channel, reason, evidence, at) "
    "VALUES (:address, :channel, :reason, :evidence, :at) "
    "ON CONFLICT (address, channel) DO NOTHING";
static const char SQL_SKIP_DELIVERIES[] =
    "UPDATE main.delivery SET state = 'skipped', reason = 'opted_out', next_attempt_at_ms = 0, "
    "updated_at = :now "
    "WHERE address = :address AND (:channel = 'all' OR channel = :channel) "
    "AND state IN ('queued', 'retry_wait')";
static const char SQL_SKIP_MESSAGES[] =
    "UPDATE main.message SET state = 'skipped', reason = 'opted_out', next_attempt_at_ms = 0, "
    "updated_at = :now "
    "WHERE state IN ('queued', 'retry_wait') AND address = :address "
    "AND (:channel = 'all' OR (SELECT c.channel FROM main.conversation c "
    "WHERE c.id = message.conversation_id) = :channel)";
static const char SQL_REMOVE[] =
    "DELETE FROM main.suppression WHERE address = :address AND channel = :channel";
/* Asked for every message: an IN would make a table of the two words each time. */
static const char SQL_IS[] =
    "SELECT EXISTS (SELECT 1 FROM main.suppression WHERE address = :address AND channel = "
    ":channel) "
    "OR EXISTS (SELECT 1 FROM main.suppression WHERE address = :address AND channel = 'all')";
static const char SQL_LIST[] = "SELECT address, channel, reason, evidence, at "
                               "FROM main.suppression ORDER BY at DESC, address, channel";

static const char SQL_EACH[] = "SELECT address, channel, reason, evidence, at "
                               "FROM main.suppression ORDER BY address, channel";

static bool
skip_pending(struct db *ledger, const char *sql, const char *address, const char *channel,
             int64_t now_s, int64_t *skipped, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, sql, err);
    bool ok = false;

    if (!st)
        return false;
    db_bind_text(st, ":address", address);
    db_bind_text(st, ":channel", channel);
    db_bind_i64(st, ":now", now_s);
    ok = db_step_done(st, err);
    if (ok && skipped)
        *skipped += db_changes(ledger);
    db_stmt_release(st);
    return ok;
}

bool
suppression_add_row(struct db *ledger, const struct suppression_row *row, int64_t now_s,
                    int64_t *skipped, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_ADD, err);
    bool ok = false;

    if (skipped)
        *skipped = 0;
    if (!st)
        return error_wrap(err, "store an opt-out");
    db_bind_text(st, ":address", row->address);
    db_bind_text(st, ":channel", row->channel);
    db_bind_text(st, ":reason", row->reason);
    db_bind_text(st, ":evidence", row->evidence ? row->evidence : "");
    db_bind_i64(st, ":at", row->at_s);
    ok = db_step_done(st, err) &&
         skip_pending(ledger, SQL_SKIP_DELIVERIES, row->address, row->channel, now_s, skipped,
                      err) &&
         skip_pending(ledger, SQL_SKIP_MESSAGES, row->address, row->channel, now_s, skipped, err);
    db_stmt_release(st);
    return ok || error_wrap(err, "store an opt-out");
}

bool
suppression_add(struct db *ledger, const char *address, const char *channel, const char *reason,
                const char *evidence, int64_t now_s, int64_t *skipped, struct error *err)
{
    const struct suppression_row row = {address, channel, reason, evidence, now_s};

    return suppression_add_row(ledger, &row, now_s, skipped, err);
}

bool
suppression_remove(struct db *ledger, const char *address, const char *channel, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_REMOVE, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":address", address);
        db_bind_text(st, ":channel", channel);
        ok = db_step_done(st, err) &&
             (db_changes(ledger) > 0 ||
              error_set(err, ERR_NOT_FOUND, "this address is not on the suppression list for %s",
                        channel));
    }
    db_stmt_release(st);
    return ok;
}

bool
suppression_is(struct db *db, const char *address, const char *channel, bool *out,
               struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_IS, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":address", address);
        db_bind_text(st, ":channel", channel);
        ok = db_step_one(st, err);
    }
    if (ok)
        *out = db_column_i64(st, 0) != 0;
    db_stmt_release(st);
    return ok || error_wrap(err, "read the suppression list");
}

bool
suppression_list_load(struct db *db, struct suppression **out, size_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_LIST, err);
    struct suppression *list = NULL;
    size_t n = 0;
    size_t capacity = 0;
    bool row = false;
    bool ok = st != NULL;

    while (ok && (ok = db_step(st, &row, err)) && row) {
        list = mem_grow(list, n, &capacity, sizeof *list);
        list[n++] = (struct suppression){
            .address = db_column_dup(st, 0),
            .channel = db_column_dup(st, 1),
            .reason = db_column_dup(st, 2),
            .evidence = db_column_dup(st, 3),
            .at_s = db_column_i64(st, 4),
        };
    }
    db_stmt_release(st);
    if (!ok) {
        suppression_list_release(list, n);
        return error_wrap(err, "read the suppression list");
    }
    *out = list;
    *count = n;
    return true;
}

bool
suppression_each(struct db *db, bool (*each)(void *ctx, const struct suppression_row *row),
                 void *ctx, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_EACH, err);
    bool row = false;
    bool ok = st != NULL;

    while (ok && (ok = db_step(st, &row, err)) && row) {
        const struct suppression_row s = {db_column_text(st, 0), db_column_text(st, 1),
                                          db_column_text(st, 2), db_column_text(st, 3),
                                          db_column_i64(st, 4)};

        if (!each(ctx, &s))
            break;
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "read the suppression list");
}

void
suppression_list_release(struct suppression *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].address);
        free(list[i].channel);
        free(list[i].reason);
        free(list[i].evidence);
    }
    free(list);
}
