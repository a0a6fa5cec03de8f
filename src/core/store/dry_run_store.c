#include "core/store/dry_run_store.h"

static const char SQL_FREE[] =
    "DELETE FROM main.setting WHERE key IN "
    "('state_id', 'place', 'unconfirmed', 'confirmed_at', 'restored_from', 'backup_at', "
    "'stopped_at', 'stopped_by')";
static const char SQL_OPEN[] =
    "SELECT n_queued + n_sending + n_retry_wait + (plan_state = 'planning') "
    "+ (status = 'scheduled') FROM main.campaign WHERE id = :campaign";
static const char SQL_HOURS[] =
    "SELECT a.claimed_at / 3600 * 3600, count(*), sum(a.segments) FROM main.attempt a "
    "JOIN main.delivery d ON d.id = a.delivery_id "
    "WHERE a.id > :after AND d.campaign_id = :campaign GROUP BY 1 ORDER BY 1";
static const char SQL_PEOPLE[] =
    "SELECT d.address, d.state, d.reason, coalesce((SELECT min(a.claimed_at) FROM main.attempt a "
    "WHERE a.delivery_id = d.id AND a.id > :after), 0), "
    "(SELECT c.time_zone FROM replica.customer c WHERE c.key = d.customer_id) FROM main.delivery d "
    "WHERE d.campaign_id = :campaign ORDER BY d.id";

bool
dry_run_store_free(struct db *copy, struct error *err)
{
    return db_exec(copy, SQL_FREE, err);
}

bool
dry_run_store_unsynced(struct db *copy, struct error *err)
{
    return db_exec(copy, "PRAGMA main.synchronous=OFF", err);
}

bool
dry_run_store_open(struct db *copy, int64_t campaign_id, int64_t *open, struct error *err)
{
    return db_query_i64_of(copy, SQL_OPEN, ":campaign", campaign_id, open, err);
}

bool
dry_run_store_last_attempt(struct db *copy, int64_t *id, struct error *err)
{
    return db_query_i64(copy, "SELECT coalesce(max(id), 0) FROM main.attempt", id, err);
}

static struct db_stmt *
ask(struct db *copy, const char *sql, int64_t campaign_id, int64_t after, struct error *err)
{
    struct db_stmt *st = db_prepare(copy, sql, err);

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_i64(st, ":after", after);
    }
    return st;
}

bool
dry_run_store_hours(struct db *copy, int64_t campaign_id, int64_t after_attempt,
                    bool (*each)(void *ctx, const struct dry_run_row *row), void *ctx,
                    struct error *err)
{
    struct db_stmt *st = ask(copy, SQL_HOURS, campaign_id, after_attempt, err);
    bool there = false;
    bool ok = st != NULL;

    while (ok && (ok = db_step(st, &there, err)) && there) {
        const struct dry_run_row row = {db_column_i64(st, 0), db_column_i64(st, 1),
                                        db_column_i64(st, 2)};

        if (!each(ctx, &row))
            break;
    }
    db_stmt_release(st);
    return ok;
}

bool
dry_run_store_people(struct db *reader, int64_t campaign_id, int64_t after_attempt,
                     bool (*each)(void *ctx, const struct dry_run_person *person), void *ctx,
                     struct error *err)
{
    struct db_stmt *st = ask(reader, SQL_PEOPLE, campaign_id, after_attempt, err);
    bool there = false;
    bool ok = st != NULL;

    while (ok && (ok = db_step(st, &there, err)) && there) {
        const struct dry_run_person person = {db_column_text(st, 0), db_column_text(st, 1),
                                              db_column_text(st, 2), db_column_text(st, 4),
                                              db_column_i64(st, 3)};

        if (!each(ctx, &person))
            break;
    }
    db_stmt_release(st);
    return ok;
}
