#include "core/store/recipient_store.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/campaign/render.h"

static const char SQL_PLAN_ADD[] =
    "INSERT INTO main.plan_recipient (campaign_id, n, customer_id, address, variant) "
    "VALUES (:campaign, :n, :customer, :address, :variant)";
static const char SQL_PLAN_LAST[] =
    "SELECT max(n) FROM (SELECT n FROM main.plan_recipient WHERE campaign_id = :campaign "
    "ORDER BY n LIMIT :max)";
static const char SQL_PLAN_MOVE[] =
    "INSERT INTO main.delivery (campaign_id, customer_id, channel, address, variant, updated_at) "
    "SELECT campaign_id, customer_id, :channel, address, variant, :now FROM main.plan_recipient "
    "WHERE campaign_id = :campaign AND n <= :last ORDER BY n";
static const char SQL_PLAN_CUT[] =
    "DELETE FROM main.plan_recipient WHERE campaign_id = :campaign AND n <= :last";
static const char SQL_PLAN_LEFT[] =
    "SELECT count(*) FROM main.plan_recipient WHERE campaign_id = :campaign";
static const char SQL_PLAN_NONE[] =
    "UPDATE main.campaign SET plan_state = 'none' WHERE id = :campaign AND plan_state = 'planning'";
static const char SQL_PLAN_SET[] =
    "UPDATE main.campaign SET plan_state = :state, plan_now = :now, plan_generation = :generation, "
    "plan_confirmed = :confirmed, starts_at = :starts_at WHERE id = :campaign";
static const char SQL_PLAN_DONE[] =
    "UPDATE main.campaign SET plan_state = 'planned' WHERE id = :campaign";
static const char SQL_UNDO_CHECK[] =
    "SELECT count(*) FROM main.delivery WHERE campaign_id = :campaign AND (state <> 'queued' OR "
    "attempts > 0)";
static const char SQL_UNDO_DELIVERIES[] = "DELETE FROM main.delivery WHERE campaign_id = :campaign";
static const char SQL_UNDO_VARIANTS[] = "DELETE FROM main.variant WHERE campaign_id = :campaign";
static const char SQL_UNDO_PLAN[] =
    "UPDATE main.campaign SET plan_state = 'none', plan_now = NULL, plan_generation = NULL, "
    "plan_confirmed = NULL, starts_at = NULL, launched_at = NULL WHERE id = :campaign";
static const char SQL_VARIANT_ADD[] =
    "INSERT INTO main.variant (campaign_id, idx, name, text, weight, planned) "
    "VALUES (:campaign, :idx, :name, :text, :weight, :planned)";
static const char SQL_REACHED[] =
    "SELECT EXISTS (SELECT 1 FROM main.delivery d WHERE d.customer_id = :customer "
    "  AND d.campaign_id IN (SELECT value FROM json_each(:campaigns)) "
    "  AND d.state NOT IN ('failed', 'skipped')) "
    "OR EXISTS (SELECT 1 FROM main.delivery d WHERE d.address = :address AND d.channel = :channel "
    "  AND d.campaign_id IN (SELECT value FROM json_each(:campaigns)) "
    "  AND d.state NOT IN ('failed', 'skipped')) ";
static const char SQL_PLAN_ANY[] =
    "SELECT EXISTS (SELECT 1 FROM main.campaign WHERE plan_state = 'planning' "
    "AND id IN (SELECT value FROM json_each(:campaigns)))";
static const char SQL_RECENT_CAMPAIGNS[] =
    "SELECT id FROM main.campaign WHERE channel = :channel AND contacted > 0 "
    "AND (completed_at IS NULL OR completed_at >= :since) ORDER BY id";
/* By the unique key: recipients come in its order, so that the pages are read one after the other.
 */
static const char SQL_RECENT[] =
    "SELECT EXISTS (SELECT 1 FROM main.delivery WHERE campaign_id = :campaign AND step = 0 "
    "AND customer_id = :customer AND accepted_at >= :since)";

/* Runs a statement that knows only :campaign. */
static bool
run_for(struct db *db, const char *sql, int64_t campaign_id, struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

static bool
number_for(struct db *db, const char *sql, int64_t campaign_id, int64_t *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        ok = db_step_one(st, err);
        if (ok)
            *out = db_column_i64(st, 0);
    }
    db_stmt_release(st);
    return ok;
}

struct plan_writer {
    struct db_stmt *st;
    int64_t campaign_id;
};

struct plan_writer *
plan_writer_new(struct db *db, int64_t campaign_id, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_PLAN_ADD, err);
    struct plan_writer *w;

    if (!st)
        return NULL;
    w = mem_alloc(sizeof *w);
    *w = (struct plan_writer){.st = st, .campaign_id = campaign_id};
    return w;
}

bool
plan_writer_add(struct plan_writer *w, const struct plan_row *row, struct error *err)
{
    bool ok;

    db_bind_i64(w->st, ":campaign", w->campaign_id);
    db_bind_i64(w->st, ":n", row->n);
    db_bind_key(w->st, ":customer", row->customer);
    db_bind_text(w->st, ":address", row->address);
    db_bind_i64(w->st, ":variant", row->variant);
    ok = db_step_done(w->st, err);
    db_stmt_reset(w->st);
    return ok;
}

void
plan_writer_free(struct plan_writer *w)
{
    if (!w)
        return;
    db_stmt_release(w->st);
    free(w);
}

bool
plan_store_roomy(struct db *db, bool on, struct error *err)
{
    return db_exec(db,
                   on ? "PRAGMA main.cache_size=-65536"
                      : "PRAGMA main.cache_size=-16384; PRAGMA shrink_memory",
                   err);
}

static bool
plan_last(struct db *db, int64_t campaign_id, size_t max, int64_t *last, bool *any,
          struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_PLAN_LAST, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_i64(st, ":max", (int64_t)max);
        ok = db_step_one(st, err);
        *any = ok && !db_column_is_null(st, 0);
        *last = *any ? db_column_i64(st, 0) : 0;
    }
    db_stmt_release(st);
    return ok;
}

static bool
plan_move_to(struct db *db, int64_t campaign_id, const char *channel, int64_t last, int64_t now_s,
             int64_t *moved, struct error *err)
{
    struct db_stmt *move = db_prepare(db, SQL_PLAN_MOVE, err);
    struct db_stmt *cut = move ? db_prepare(db, SQL_PLAN_CUT, err) : NULL;
    bool ok = false;

    if (cut) {
        db_bind_i64(move, ":campaign", campaign_id);
        db_bind_text(move, ":channel", channel);
        db_bind_i64(move, ":last", last);
        db_bind_i64(move, ":now", now_s);
        db_bind_i64(cut, ":campaign", campaign_id);
        db_bind_i64(cut, ":last", last);
        ok = db_step_done(move, err);
        *moved = db_changes(db);
        ok = ok && db_step_done(cut, err);
        if (ok && db_changes(db) != *moved)
            ok = error_set(err, ERR_INTERNAL, "recipients were lost while they were queued");
    }
    db_stmt_release(move);
    db_stmt_release(cut);
    return ok;
}

bool
plan_store_move(struct db *db, int64_t campaign_id, const char *channel, size_t max, int64_t now_s,
                int64_t *moved, struct error *err)
{
    bool any;
    int64_t last;

    *moved = 0;
    if (!plan_last(db, campaign_id, max, &last, &any, err))
        return false;
    return !any || plan_move_to(db, campaign_id, channel, last, now_s, moved, err);
}

bool
plan_store_left(struct db *db, int64_t campaign_id, int64_t *left, struct error *err)
{
    return number_for(db, SQL_PLAN_LEFT, campaign_id, left, err);
}

bool
plan_store_drop(struct db *db, int64_t campaign_id, int64_t *dropped, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_PLAN_CUT, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_i64(st, ":last", INT64_MAX);
        ok = db_step_done(st, err);
        *dropped = db_changes(db);
    }
    db_stmt_release(st);
    return ok && run_for(db, SQL_PLAN_NONE, campaign_id, err);
}

bool
plan_store_set(struct db *db, int64_t campaign_id, const struct plan_head *head, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_PLAN_SET, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_text(st, ":state", head->state);
        db_bind_i64(st, ":now", head->now_s);
        db_bind_i64(st, ":generation", head->generation);
        db_bind_i64(st, ":confirmed", head->confirmed);
        if (head->starts_at)
            db_bind_i64(st, ":starts_at", head->starts_at);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
plan_store_done(struct db *db, int64_t campaign_id, struct error *err)
{
    return run_for(db, SQL_PLAN_DONE, campaign_id, err);
}

bool
plan_store_undo(struct db *db, int64_t campaign_id, struct error *err)
{
    int64_t touched;
    int64_t dropped;

    if (!number_for(db, SQL_UNDO_CHECK, campaign_id, &touched, err))
        return false;
    if (touched > 0)
        return error_set(err, ERR_CONFLICT, "%" PRId64 " of its messages have left the queue",
                         touched);
    return plan_store_drop(db, campaign_id, &dropped, err) &&
           run_for(db, SQL_UNDO_DELIVERIES, campaign_id, err) &&
           run_for(db, SQL_UNDO_VARIANTS, campaign_id, err) &&
           run_for(db, SQL_UNDO_PLAN, campaign_id, err);
}

bool
plan_store_is_any(struct db *db, const char *campaign_ids, bool *any, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_PLAN_ANY, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":campaigns", campaign_ids);
        ok = db_step_one(st, err);
        *any = ok && db_column_i64(st, 0) != 0;
    }
    db_stmt_release(st);
    return ok;
}

bool
variant_store_add(struct db *db, int64_t campaign_id, size_t idx,
                  const struct campaign_variant *variant, int64_t planned, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_VARIANT_ADD, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_i64(st, ":idx", (int64_t)idx);
        db_bind_text(st, ":name", variant->name);
        db_bind_text(st, ":text", variant->text);
        db_bind_double(st, ":weight", variant->weight);
        db_bind_i64(st, ":planned", planned);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
recipient_store_is_reached(struct db *db, const char *campaign_ids, const struct key *customer,
                           const char *channel, const char *address, bool *reached,
                           struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_REACHED, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":campaigns", campaign_ids);
        db_bind_key(st, ":customer", customer);
        db_bind_text(st, ":channel", channel);
        db_bind_text(st, ":address", address);
        ok = db_step_one(st, err);
        *reached = ok && db_column_i64(st, 0) != 0;
    }
    db_stmt_release(st);
    return ok;
}

bool
recipient_store_recent_campaigns(struct db *db, const char *channel, int64_t since_s, int64_t **ids,
                                 size_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_RECENT_CAMPAIGNS, err);
    size_t capacity = 0;
    bool ok = st != NULL;
    bool row = ok;

    *ids = NULL;
    *count = 0;
    if (st) {
        db_bind_text(st, ":channel", channel);
        db_bind_i64(st, ":since", since_s);
    }
    while (row) {
        ok = db_step(st, &row, err);
        if (!ok || !row)
            break;
        *ids = mem_grow(*ids, *count, &capacity, sizeof **ids);
        (*ids)[(*count)++] = db_column_i64(st, 0);
    }
    db_stmt_release(st);
    return ok;
}

bool
recipient_store_is_recent(struct db *db, int64_t campaign_id, const struct key *customer,
                          int64_t since_s, bool *recent, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_RECENT, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_key(st, ":customer", customer);
        db_bind_i64(st, ":since", since_s);
        ok = db_step_one(st, err);
        *recent = ok && db_column_i64(st, 0) != 0;
    }
    db_stmt_release(st);
    return ok;
}
