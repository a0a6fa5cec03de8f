#include "core/store/place_store.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/store/attempt_blocks.h"

static const char SQL_HIGHEST[] =
    "SELECT coalesce((SELECT seq FROM main.sqlite_sequence WHERE name = 'attempt'), 0)";
static const char SQL_FENCE[] = "SELECT coalesce((SELECT fence FROM main.lease WHERE id = 1), 0)";
static const char SQL_LAST_KNOWN[] =
    "SELECT coalesce((SELECT claimed_at FROM main.attempt WHERE fence > 0 ORDER BY id DESC "
    "LIMIT 1), (SELECT min(created_at) FROM main.campaign), 0)";
static const char SQL_RAISE_LEASE[] =
    "INSERT INTO main.lease (id, holder, who, fence, renewed_ms, expires_ms) "
    "VALUES (1, '', '', :fence, 0, 0) ON CONFLICT (id) DO UPDATE SET "
    "holder = '', expires_ms = 0, fence = max(fence, excluded.fence)";
static const char SQL_RAISE_ATTEMPT[] =
    "UPDATE main.sqlite_sequence SET seq = max(seq, :attempt) WHERE name = 'attempt'";
static const char SQL_ADD_ATTEMPT[] =
    "INSERT INTO main.sqlite_sequence (name, seq) SELECT 'attempt', :attempt "
    "WHERE NOT EXISTS (SELECT 1 FROM main.sqlite_sequence WHERE name = 'attempt')";

static const char SQL_STRAY_ADD[] =
    "INSERT INTO main.stray (provider_id, uid, address, status, received_at) "
    "VALUES (:provider_id, :uid, :address, :status, :at) ON CONFLICT (provider_id) DO NOTHING";
#define STRAY_ATTEMPTS ATTEMPTS_OF_PROVIDER_ID("1", "stray.provider_id")
#define STRAY_IS_FREE                                                                              \
    "NOT EXISTS (" STRAY_ATTEMPTS ") AND "                                                         \
    "NOT EXISTS (SELECT 1 FROM main.message m WHERE m.provider_id = stray.provider_id)"
static const char SQL_STRAY_SUM[] = "SELECT count(*), count(DISTINCT address), "
                                    "coalesce(min(received_at), 0), coalesce(max(received_at), 0) "
                                    "FROM main.stray WHERE " STRAY_IS_FREE;
static const char SQL_STRAY_LIST[] =
    "SELECT provider_id, uid, address, status, received_at FROM main.stray WHERE " STRAY_IS_FREE
    " ORDER BY received_at DESC, provider_id LIMIT :max";
static const char SQL_STRAY_EXISTS[] =
    "SELECT EXISTS (SELECT 1 FROM main.stray WHERE address = :address AND " STRAY_IS_FREE ")";

/* Fence 0 marks the attempts that only ask (core/outbox/claim). */
#define NOT_ASKED                                                                                  \
    " AND (a.claimed_at >= :confirmed OR (a.fence = 0 AND a.finished_at >= :confirmed)))"
static const char *const SQL_UNCHECKED[] = {
    [UNIT_DELIVERY] =
        "SELECT (SELECT c.created_at FROM main.campaign c WHERE c.id = d.campaign_id) "
        "<= :confirmed AND NOT EXISTS (SELECT 1 FROM main.attempt a WHERE a.delivery_id = "
        "d.id" NOT_ASKED " FROM main.delivery d WHERE d.id = :id",
    [UNIT_MESSAGE] = "SELECT m.at <= :confirmed AND NOT EXISTS (SELECT 1 FROM main.attempt a WHERE "
                     "a.message_id = m.id" NOT_ASKED " FROM main.message m WHERE m.id = :id",
};
_Static_assert(ARRAY_LEN(SQL_UNCHECKED) == UNIT_KIND_COUNT, "a question for every kind of unit");

static const char SQL_LEFT[] =
    "SELECT (SELECT coalesce(sum(n_queued + n_retry_wait), 0) FROM main.campaign "
    "WHERE status IN ('active', 'paused', 'scheduled')) + "
    "(SELECT count(*) FROM main.message WHERE state IN ('queued', 'retry_wait')), "
    "(SELECT coalesce(sum(people), 0) FROM main.plan_batch), "
    "(SELECT count(*) FROM main.campaign WHERE status = 'draft' AND deleted_at IS NULL)";

bool
place_highest_attempt(struct db *db, int64_t *id, struct error *err)
{
    return db_query_i64(db, SQL_HIGHEST, id, err);
}

bool
place_fence(struct db *db, int64_t *fence, struct error *err)
{
    return db_query_i64(db, SQL_FENCE, fence, err);
}

bool
place_last_known(struct db *db, int64_t *at_s, struct error *err)
{
    return db_query_i64(db, SQL_LAST_KNOWN, at_s, err);
}

static bool
run_with(struct db *ledger, const char *sql, const char *name, int64_t value, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, sql, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, name, value);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
place_raise(struct db *ledger, int64_t fence, int64_t attempt, struct error *err)
{
    return run_with(ledger, SQL_RAISE_LEASE, ":fence", fence, err) &&
           run_with(ledger, SQL_ADD_ATTEMPT, ":attempt", attempt, err) &&
           run_with(ledger, SQL_RAISE_ATTEMPT, ":attempt", attempt, err);
}

bool
stray_add(struct db *ledger, const struct stray *s, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_STRAY_ADD, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":provider_id", s->provider_id);
        db_bind_text(st, ":uid", s->uid);
        db_bind_text(st, ":address", s->address);
        db_bind_text(st, ":status", s->status);
        db_bind_i64(st, ":at", s->received_at_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
stray_sum_load(struct db *db, struct stray_sum *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_STRAY_SUM, err);
    bool ok = st && db_step_one(st, err);

    if (ok)
        *out = (struct stray_sum){db_column_i64(st, 0), db_column_i64(st, 1), db_column_i64(st, 2),
                                  db_column_i64(st, 3)};
    db_stmt_release(st);
    return ok;
}

bool
stray_each(struct db *db, size_t max, void (*each)(void *ctx, const struct stray *s), void *ctx,
           struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_STRAY_LIST, err);
    bool ok = st != NULL;
    bool row = ok;

    if (st)
        db_bind_i64(st, ":max", (int64_t)max);
    while (row) {
        ok = db_step(st, &row, err);
        row = row && ok;
        if (row)
            each(ctx, &(struct stray){.provider_id = db_column_text(st, 0),
                                      .uid = db_column_text(st, 1),
                                      .address = db_column_text(st, 2),
                                      .status = db_column_text(st, 3),
                                      .received_at_s = db_column_i64(st, 4)});
    }
    db_stmt_release(st);
    return ok;
}

bool
stray_exists(struct db *db, const char *address, bool *exists, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_STRAY_EXISTS, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":address", address);
        ok = db_step_one(st, err);
    }
    if (ok)
        *exists = db_column_i64(st, 0) != 0;
    db_stmt_release(st);
    return ok;
}

bool
place_unit_is_unchecked(struct db *db, struct unit unit, int64_t confirmed_s, bool *unchecked,
                        struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_UNCHECKED[unit.kind], err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":confirmed", confirmed_s);
        db_bind_i64(st, ":id", unit.id);
        ok = db_step_one(st, err);
    }
    if (ok)
        *unchecked = db_column_i64(st, 0) != 0;
    db_stmt_release(st);
    return ok;
}

bool
place_left_load(struct db *db, struct place_left *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_LEFT, err);
    bool ok = st && db_step_one(st, err);

    if (ok)
        *out =
            (struct place_left){db_column_i64(st, 0), db_column_i64(st, 1), db_column_i64(st, 2)};
    db_stmt_release(st);
    return ok;
}

bool
place_check_integrity(struct db *db, struct error *err)
{
    struct db_stmt *st = db_prepare(db, "PRAGMA main.integrity_check(1)", err);
    bool row = false;
    bool ok = st && db_step_one(st, err);

    if (ok && !text_eq(db_column_text(st, 0), "ok"))
        ok = error_set(err, ERR_INVALID, "it is damaged: %.150s", db_column_text(st, 0));
    db_stmt_release(st);
    st = ok ? db_prepare(db, "PRAGMA main.foreign_key_check", err) : NULL;
    ok = st && db_step(st, &row, err);
    if (ok && row)
        ok = error_set(err, ERR_INVALID, "it is damaged: a row of %.60s belongs to nothing",
                       db_column_text(st, 0));
    db_stmt_release(st);
    return ok;
}

bool
place_count_campaigns(struct db *db, int64_t *count, struct error *err)
{
    return db_query_i64(db, "SELECT count(*) FROM main.campaign", count, err);
}

bool
place_check_is_ledger(struct db *db, struct error *err)
{
    int64_t tables = 0;

    if (!db_query_i64(db,
                      "SELECT count(*) FROM main.sqlite_master WHERE type = 'table' AND name IN "
                      "('campaign', 'delivery', 'attempt', 'suppression', 'setting')",
                      &tables, err))
        return false;
    return tables == 5 || error_set(err, ERR_INVALID, "it is no ledger of canvass");
}

bool
place_make_single_file(struct db *db, struct error *err)
{
    return db_exec(db, "PRAGMA journal_mode=DELETE", err);
}
