/* Attempts since some instant: for rates and the limits of a day. */
#include "core/store/attempt_store.h"

#define FROM_SINCE                                                                                 \
    "FROM main.attempt a LEFT JOIN main.delivery d ON d.id = a.delivery_id "                       \
    "WHERE a.claimed_at >= :since AND CASE :campaign WHEN 0 "                                      \
    "THEN :sender IS NULL OR a.sender = :sender "                                                  \
    "ELSE d.campaign_id = :campaign END "
static const char SQL_SINCE[] =
    "SELECT a.claimed_at, a.segments " FROM_SINCE "ORDER BY a.claimed_at, a.rowid";
static const char SQL_SINCE_SUM[] =
    "SELECT count(*), coalesce(sum(a.segments), 0) " FROM_SINCE
    "AND (a.outcome IS NULL OR a.outcome IN ('accepted', 'unknown'))";

static struct db_stmt *
prepare_since(struct db *db, const char *sql, const struct attempts_since *since, struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);

    if (st) {
        db_bind_i64(st, ":since", since->since_s);
        db_bind_i64(st, ":campaign", since->campaign_id);
        db_bind_text(st, ":sender", since->sender);
    }
    return st;
}

bool
attempts_since_each(struct db *db, const struct attempts_since *since,
                    bool (*each)(void *ctx, int64_t claimed_at_s, int64_t segments), void *ctx,
                    struct error *err)
{
    struct db_stmt *st = prepare_since(db, SQL_SINCE, since, err);
    bool row = false;
    bool ok = st != NULL;

    while (ok && (ok = db_step(st, &row, err)) && row)
        if (!each(ctx, db_column_i64(st, 0), db_column_i64(st, 1)))
            break;
    db_stmt_release(st);
    return ok;
}

bool
attempts_since_sum(struct db *db, const struct attempts_since *since, struct attempts_sum *out,
                   struct error *err)
{
    struct db_stmt *st = prepare_since(db, SQL_SINCE_SUM, since, err);
    bool ok = st && db_step_one(st, err);

    *out = (struct attempts_sum){0};
    if (ok)
        *out = (struct attempts_sum){db_column_i64(st, 0), db_column_i64(st, 1)};
    db_stmt_release(st);
    return ok;
}
