#include "core/store/attempt_batch_store.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/store/db_feed.h"

static const char SQL_LAST_ID[] =
    "SELECT coalesce((SELECT seq FROM main.sqlite_sequence WHERE name = 'attempt'), 0)";
static const char SQL_INSERT[] =
    "INSERT INTO main.attempt (id, uid, delivery_id, number, address, sender, text, segments, "
    "fence, claimed_at) SELECT c0, c1, c2, c3, c4, :sender, c5, c6, :fence, :now FROM feed(:rows)";
/* The plus: not by the index of the campaign, which holds everybody. */
static const char SQL_CLAIM[] =
    "UPDATE main.delivery SET state = 'sending', attempts = attempts + 1, claimed_at = :now, "
    "updated_at = :now, tally = 1 - tally WHERE id IN (SELECT c0 FROM feed(:rows)) "
    "AND state = :state AND +campaign_id = :campaign";
static const char SQL_COUNT_CLAIMED[] =
    "UPDATE main.campaign SET n_queued = n_queued - :queued, n_retry_wait = n_retry_wait - "
    ":waiting, n_sending = n_sending + :queued + :waiting WHERE id = :id";

/* A provider that gives an id twice does so in a row: here the last two blocks of attempts are
 * asked. Whatever goes another way than this plain one asks all of them (attempt_id_owner). */
static const char SQL_ACCEPTABLE[] =
    "SELECT f.c2, d.id, d.campaign_id FROM feed(:rows) f "
    "CROSS JOIN main.attempt a ON a.id = f.c0 CROSS JOIN main.delivery d ON d.id = a.delivery_id "
    "WHERE a.outcome IS NULL AND d.state = 'sending' AND d.attempts = a.number "
    "AND d.replied_at IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM main.attempt b WHERE b.id >> 11 = f.c0 >> 11 "
    "AND b.provider_id = f.c1) "
    "AND NOT EXISTS (SELECT 1 FROM main.attempt b WHERE b.id >> 11 = (f.c0 >> 11) - 1 "
    "AND b.provider_id = f.c1) "
    "AND NOT EXISTS (SELECT 1 FROM main.message m WHERE m.provider_id = f.c1)";
/* Open attempts: they have neither an error nor a look-up planned. */
static const char SQL_ACCEPT_ATTEMPTS[] =
    "UPDATE main.attempt SET outcome = 'accepted', finished_at = :now, provider_id = f.c1, "
    "settled_by = 'answer' FROM feed(:rows) f WHERE attempt.id = f.c0";
static const char SQL_ACCEPT_DELIVERIES[] =
    "UPDATE main.delivery SET state = 'accepted', next_attempt_at_ms = 0, provider_id = f.c1, "
    "provider_rank = f.c2, accepted_at = coalesce(accepted_at, :now), error_code = NULL, "
    "error = NULL, updated_at = :now, tally = 1 - tally FROM feed(:rows) f "
    "WHERE delivery.id = f.c3";
static const char SQL_COUNT_ACCEPTED[] =
    "UPDATE main.campaign SET n_sending = n_sending - :count, n_accepted = n_accepted + :count "
    "WHERE id = :id";

/* Runs st, which must change that many rows, and releases it. */
static bool
run(struct db_stmt *st, struct db *ledger, int64_t expected, struct error *err)
{
    bool ok = db_step_done(st, err);

    db_stmt_release(st);
    if (ok && db_changes(ledger) != expected)
        return error_set(err, ERR_CONFLICT, "rows have changed meanwhile");
    return ok;
}

/* --- claims */

static bool
insert_attempts(struct db *ledger, const struct attempt_claims *c, int64_t first_id,
                struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_INSERT, err);
    struct db_feed feed = {0};
    struct db_rows rows;
    bool ok;

    if (!st)
        return false;
    for (size_t i = 0; i < c->count; i++) {
        const struct attempt_claim *a = &c->items[i];

        db_feed_add_i64(&feed, first_id + (int64_t)i);
        db_feed_add_text(&feed, a->uid);
        db_feed_add_i64(&feed, a->delivery_id);
        db_feed_add_i64(&feed, a->number);
        db_feed_add_text(&feed, a->address);
        db_feed_add_text(&feed, a->text);
        db_feed_add_i64(&feed, a->segments);
    }
    rows = db_feed_rows(&feed, 7);
    db_bind_borrowed(st, ":sender", c->sender);
    db_bind_i64(st, ":fence", c->fence);
    db_bind_i64(st, ":now", c->now_s);
    db_bind_rows(st, ":rows", &rows);
    ok = run(st, ledger, (int64_t)c->count, err);
    db_feed_release(&feed);
    return ok;
}

/* Those that were in that state. */
static bool
claim_from(struct db *ledger, const struct attempt_claims *c, bool waiting, int64_t *count,
           struct error *err)
{
    struct db_stmt *st;
    struct db_feed feed = {0};
    struct db_rows rows;
    bool ok = false;

    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].was_waiting == waiting)
            db_feed_add_i64(&feed, c->items[i].delivery_id);
    rows = db_feed_rows(&feed, 1);
    *count = (int64_t)rows.count;
    st = rows.count ? db_prepare(ledger, SQL_CLAIM, err) : NULL;
    if (st) {
        db_bind_i64(st, ":now", c->now_s);
        db_bind_rows(st, ":rows", &rows);
        db_bind_borrowed(st, ":state", waiting ? "retry_wait" : "queued");
        db_bind_i64(st, ":campaign", c->campaign_id);
        ok = run(st, ledger, *count, err);
    }
    db_feed_release(&feed);
    return ok || *count == 0;
}

bool
attempts_claim(struct db *ledger, const struct attempt_claims *claims, int64_t *first_id,
               struct error *err)
{
    struct db_stmt *st;
    int64_t queued = 0;
    int64_t waiting = 0;

    if (!db_query_i64(ledger, SQL_LAST_ID, first_id, err))
        return false;
    ++*first_id;
    if (!claim_from(ledger, claims, false, &queued, err) ||
        !claim_from(ledger, claims, true, &waiting, err) ||
        !insert_attempts(ledger, claims, *first_id, err))
        return false;
    st = db_prepare(ledger, SQL_COUNT_CLAIMED, err);
    if (!st)
        return false;
    db_bind_i64(st, ":queued", queued);
    db_bind_i64(st, ":waiting", waiting);
    db_bind_i64(st, ":id", claims->campaign_id);
    return run(st, ledger, 1, err);
}

/* --- accepted */

/* Deliveries that were accepted, by campaign: few campaigns send at a time. */
struct counts {
    struct count {
        int64_t campaign_id, count;
    } * items;
    size_t count, capacity;
};

static void
count_one(struct counts *c, int64_t campaign_id)
{
    size_t i = 0;

    while (i < c->count && c->items[i].campaign_id != campaign_id)
        i++;
    if (i == c->count) {
        c->items = mem_grow(c->items, c->count, &c->capacity, sizeof *c->items);
        c->items[c->count++] = (struct count){campaign_id, 0};
    }
    c->items[i].count++;
}

/* Which of them go the plain way: `out` gets them as rows (attempt, provider's id, rank,
 * delivery). */
static bool
find_acceptable(struct db *ledger, struct attempt_accept *list, size_t count, struct db_feed *out,
                struct counts *counts, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_ACCEPTABLE, err);
    struct db_feed feed = {0};
    struct db_rows rows;
    bool row = false;
    bool ok = true;

    if (!st)
        return false;
    for (size_t i = 0; i < count; i++) {
        list[i].done = false;
        db_feed_add_i64(&feed, list[i].attempt_id);
        db_feed_add_text(&feed, list[i].provider_id);
        db_feed_add_i64(&feed, (int64_t)i);
    }
    rows = db_feed_rows(&feed, 3);
    db_bind_rows(st, ":rows", &rows);
    while (ok && (ok = db_step(st, &row, err)) && row) {
        struct attempt_accept *a = &list[db_column_i64(st, 0)];

        a->done = true;
        db_feed_add_i64(out, a->attempt_id);
        db_feed_add_text(out, a->provider_id);
        db_feed_add_i64(out, a->rank);
        db_feed_add_i64(out, db_column_i64(st, 1));
        count_one(counts, db_column_i64(st, 2));
    }
    db_stmt_release(st);
    db_feed_release(&feed);
    return ok;
}

static bool
accept_rows(struct db *ledger, const char *sql, const struct db_rows *rows, int64_t now_s,
            struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, sql, err);

    if (!st)
        return false;
    db_bind_i64(st, ":now", now_s);
    db_bind_rows(st, ":rows", rows);
    return run(st, ledger, (int64_t)rows->count, err);
}

static bool
count_accepted(struct db *ledger, const struct counts *counts, struct error *err)
{
    for (size_t i = 0; i < counts->count; i++) {
        struct db_stmt *st = db_prepare(ledger, SQL_COUNT_ACCEPTED, err);

        if (!st)
            return false;
        db_bind_i64(st, ":count", counts->items[i].count);
        db_bind_i64(st, ":id", counts->items[i].campaign_id);
        if (!run(st, ledger, 1, err))
            return false;
    }
    return true;
}

bool
attempts_accept(struct db *ledger, struct attempt_accept *list, size_t count, int64_t now_s,
                struct error *err)
{
    struct db_feed feed = {0};
    struct counts counts = {0};
    struct db_rows rows;
    bool ok = find_acceptable(ledger, list, count, &feed, &counts, err);

    rows = db_feed_rows(&feed, 4);
    if (ok && rows.count)
        ok = accept_rows(ledger, SQL_ACCEPT_ATTEMPTS, &rows, now_s, err) &&
             accept_rows(ledger, SQL_ACCEPT_DELIVERIES, &rows, now_s, err) &&
             count_accepted(ledger, &counts, err);
    db_feed_release(&feed);
    free(counts.items);
    return ok;
}
