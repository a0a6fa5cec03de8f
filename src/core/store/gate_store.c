#include "core/store/gate_store.h"

static const char SQL_STATE[] =
    "SELECT EXISTS (SELECT 1 FROM main.setting WHERE key = 'stopped_at' AND value <> 0), "
    "(SELECT coalesce(max(seq), 0) FROM main.suppression_change), "
    "(SELECT coalesce(sum(id * 2654435761 % 4294967296), 0) FROM main.campaign "
    "WHERE status = 'active')";
static const char SQL_MAY_LEAVE[] =
    "SELECT coalesce(c.status = 'active', 1) AND NOT EXISTS (SELECT 1 FROM main.suppression s "
    "WHERE s.address = a.address AND (s.channel = 'sms' OR s.channel = 'all')) "
    "FROM main.attempt a LEFT JOIN main.delivery d ON d.id = a.delivery_id "
    "LEFT JOIN main.campaign c ON c.id = d.campaign_id WHERE a.id = :id";

bool
gate_state_load(struct db *db, struct gate_state *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_STATE, err);
    bool ok = st && db_step_one(st, err);

    if (ok)
        *out = (struct gate_state){
            .stopped = db_column_i64(st, 0) != 0,
            .suppressions = db_column_i64(st, 1),
            .sending = db_column_i64(st, 2),
        };
    db_stmt_release(st);
    return ok;
}

bool
gate_attempt_may_leave(struct db *db, int64_t attempt_id, bool *may, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_MAY_LEAVE, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", attempt_id);
        ok = db_step_one(st, err);
    }
    if (ok)
        *may = db_column_i64(st, 0) != 0;
    db_stmt_release(st);
    return ok;
}
