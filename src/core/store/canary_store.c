#include "core/store/canary_store.h"

#include <string.h>

#include "core/base/cc.h"

static const char SQL_LOAD[] =
    "SELECT state, since, watch_after FROM main.canary WHERE campaign_id = :campaign";
static const char SQL_SAVE[] =
    "INSERT INTO main.canary (campaign_id, state, since, watch_after) "
    "VALUES (:campaign, :state, :since, :after) ON CONFLICT (campaign_id) DO UPDATE SET "
    "state = excluded.state, since = excluded.since, watch_after = excluded.watch_after";
/* Two rounds of multiplication and remainder: no order of the ids is left that anybody chose. */
static const char SQL_CHOOSE[] =
    "INSERT OR IGNORE INTO main.canary_member (delivery_id, campaign_id) "
    "SELECT id, campaign_id FROM main.delivery WHERE campaign_id = :campaign "
    "AND state IN ('queued', 'retry_wait') "
    "ORDER BY ((id % 1000000007) * 2654435761 + :seed) % 4294967291 * 1597334677 % 4294967279, id "
    "LIMIT :count";
static const char SQL_CHOSEN[] =
    "SELECT count(*) FROM main.canary_member WHERE campaign_id = :campaign";
static const char SQL_LEFT[] =
    "SELECT count(*) FROM main.canary_member m JOIN main.delivery d ON d.id = m.delivery_id "
    "WHERE m.campaign_id = :campaign AND d.state IN ('queued', 'retry_wait', 'sending')";
#define FIGURES                                                                                    \
    "count(*), coalesce(sum(state IN ('failed', 'undelivered')), 0), "                             \
    "coalesce(sum(opted_out_at IS NOT NULL), 0), coalesce(sum(error_code IS 30007), 0) "
static const char SQL_OF_CHOSEN[] =
    "SELECT " FIGURES ", 0 FROM main.canary_member m JOIN main.delivery d ON d.id = m.delivery_id "
    "WHERE m.campaign_id = :campaign AND d.state IN ('accepted', 'sent', 'delivered', "
    "'undelivered', 'failed')";
static const char SQL_OF_LAST[] =
    "SELECT " FIGURES ", coalesce(max(attempt), 0) FROM (SELECT a.id AS attempt, d.state, "
    "d.opted_out_at, d.error_code FROM main.attempt a JOIN main.delivery d ON d.id = a.delivery_id "
    "WHERE a.id > max(:after, (SELECT max(id) FROM main.attempt) - 20000) AND d.campaign_id = "
    ":campaign AND a.number = d.attempts AND d.state IN "
    "('accepted', 'sent', 'delivered', 'undelivered', 'failed') ORDER BY a.id DESC LIMIT :window)";

static const char *const state_names[] = {
    [CANARY_SENDING] = "sending", [CANARY_HOLDING] = "holding", [CANARY_GONE] = "gone"};

bool
canary_load(struct db *db, int64_t campaign_id, struct canary_row *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_LOAD, err);
    bool found = false;
    bool ok = false;

    *out = (struct canary_row){.state = CANARY_NONE};
    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        ok = db_step(st, &found, err);
    }
    if (ok && found) {
        for (size_t i = CANARY_SENDING; i < ARRAY_LEN(state_names); i++)
            if (strcmp(state_names[i], db_column_text(st, 0)) == 0)
                out->state = (enum canary_state)i;
        out->since_s = db_column_i64(st, 1);
        out->watch_after = db_column_i64(st, 2);
    }
    db_stmt_release(st);
    return ok;
}

bool
canary_save(struct db *ledger, int64_t campaign_id, const struct canary_row *row, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_SAVE, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_text(st, ":state", state_names[row->state]);
        db_bind_i64(st, ":since", row->since_s);
        db_bind_i64(st, ":after", row->watch_after);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

static bool
count_of(struct db *db, const char *sql, int64_t campaign_id, int64_t *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        ok = db_step_one(st, err);
    }
    *out = ok ? db_column_i64(st, 0) : 0;
    db_stmt_release(st);
    return ok;
}

bool
canary_last_attempt(struct db *db, int64_t *id, struct error *err)
{
    return db_query_i64(db, "SELECT coalesce(max(id), 0) FROM main.attempt", id, err);
}

bool
canary_choose(struct db *ledger, int64_t campaign_id, int64_t count, int64_t seed, int64_t *chosen,
              struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_CHOOSE, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_i64(st, ":seed", seed);
        db_bind_i64(st, ":count", count);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok && count_of(ledger, SQL_CHOSEN, campaign_id, chosen, err);
}

bool
canary_left(struct db *db, int64_t campaign_id, int64_t *left, struct error *err)
{
    return count_of(db, SQL_LEFT, campaign_id, left, err);
}

static bool
read_figures(struct db_stmt *st, struct canary_figures *out, struct error *err)
{
    const bool ok = db_step_one(st, err);

    *out = (struct canary_figures){0};
    if (ok)
        *out = (struct canary_figures){db_column_i64(st, 0), db_column_i64(st, 1),
                                       db_column_i64(st, 2), db_column_i64(st, 3),
                                       db_column_i64(st, 4)};
    db_stmt_release(st);
    return ok;
}

bool
canary_figures_of_chosen(struct db *db, int64_t campaign_id, struct canary_figures *out,
                         struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_OF_CHOSEN, err);

    if (!st)
        return false;
    db_bind_i64(st, ":campaign", campaign_id);
    return read_figures(st, out, err);
}

bool
canary_figures_of_last(struct db *db, int64_t campaign_id, int64_t after, int64_t window,
                       struct canary_figures *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_OF_LAST, err);

    if (!st)
        return false;
    db_bind_i64(st, ":campaign", campaign_id);
    db_bind_i64(st, ":after", after);
    db_bind_i64(st, ":window", window);
    return read_figures(st, out, err);
}
