#include "core/store/lease_store.h"

#include <stdio.h>

#include "core/base/text.h"

static const char SQL_READ[] = "SELECT holder, who, fence, expires_ms FROM main.lease WHERE id = 1";
static const char SQL_WRITE[] =
    "INSERT INTO main.lease (id, holder, who, fence, renewed_ms, expires_ms) "
    "VALUES (1, :holder, :who, :fence, :now, :expires) "
    "ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, who = excluded.who, "
    "fence = excluded.fence, renewed_ms = excluded.renewed_ms, expires_ms = excluded.expires_ms";
static const char SQL_CHECK[] = "SELECT EXISTS (SELECT 1 FROM main.lease WHERE id = 1 "
                                "AND ltrim(holder, '*') = :holder AND fence = :fence)";
/* The row stays: the fence must never begin anew. */
static const char SQL_RELEASE[] =
    "UPDATE main.lease SET holder = '', expires_ms = 0 "
    "WHERE id = 1 AND ltrim(holder, '*') = :holder AND fence = :fence";

/* A holder that has the lock says so in front of its id. */
static const char LOCKED = '*';

struct lease_row {
    bool there;
    bool mine;
    bool given_back;
    bool locked;
    int64_t fence;
    int64_t expires_ms;
    char who[128];
};

static bool
read_row(struct db *ledger, const char *holder, struct lease_row *out, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_READ, err);
    bool ok = st && db_step(st, &out->there, err);

    if (ok && out->there) {
        const char *now_holder = db_column_text(st, 0);

        out->locked = now_holder[0] == LOCKED;
        out->mine = text_eq(now_holder + (out->locked ? 1 : 0), holder);
        out->given_back = text_eq(now_holder, "");
        (void)text_copy(out->who, sizeof out->who, db_column_text(st, 1));
        out->fence = db_column_i64(st, 2);
        out->expires_ms = db_column_i64(st, 3);
    }
    db_stmt_release(st);
    return ok;
}

static bool
write_row(struct db *ledger, const struct lease_claim *c, int64_t fence, int64_t now_ms,
          struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_WRITE, err);
    char holder[80];
    bool ok = false;

    (void)snprintf(holder, sizeof holder, "%s%s", c->locked ? "*" : "", c->holder);
    if (st) {
        db_bind_text(st, ":holder", holder);
        db_bind_text(st, ":who", c->who);
        db_bind_i64(st, ":fence", fence);
        db_bind_i64(st, ":now", now_ms);
        db_bind_i64(st, ":expires", now_ms + LEASE_TTL_MS);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

static bool
is_taken(const struct lease_row *row, const struct lease_claim *c, int64_t now_ms)
{
    if (!row->there || row->mine || row->given_back)
        return false;
    if (row->locked && c->locked)
        return false; /* its process has ended: the lock would not be ours otherwise */
    /* A clock that was set back by hours must not lock everybody out. */
    return row->expires_ms > now_ms && row->expires_ms <= now_ms + LEASE_TTL_MS;
}

bool
lease_take(struct db *ledger, const struct lease_claim *c, int64_t now_ms, struct lease *out,
           struct error *err)
{
    struct lease_row row = {0};
    bool ok = false;

    *out = (struct lease){0};
    if (!db_begin(ledger, err))
        return error_wrap(err, "take the lease");
    if (!read_row(ledger, c->holder, &row, err))
        goto out;
    if (is_taken(&row, c, now_ms)) {
        out->fence = row.fence;
        (void)text_copy(out->who, sizeof out->who, row.who);
        ok = true;
        goto out;
    }
    out->fence = row.mine ? row.fence : row.fence + 1;
    out->taken_over = row.there && !row.mine && !row.given_back;
    if (out->taken_over && row.locked && c->locked)
        out->dead_fence = row.fence;
    if (!write_row(ledger, c, out->fence, now_ms, err) || !db_commit(ledger, err))
        goto out;
    out->held = true;
    (void)text_copy(out->who, sizeof out->who, c->who);
    ok = true;
out:
    db_rollback(ledger);
    return ok || error_wrap(err, "take the lease");
}

bool
lease_check(struct db *ledger, const char *holder, int64_t fence, bool *holds, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_CHECK, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":holder", holder);
        db_bind_i64(st, ":fence", fence);
        ok = db_step_one(st, err);
    }
    if (ok)
        *holds = db_column_i64(st, 0) != 0;
    db_stmt_release(st);
    return ok;
}

bool
lease_release(struct db *ledger, const char *holder, int64_t fence, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_RELEASE, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":holder", holder);
        db_bind_i64(st, ":fence", fence);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}
