#include "core/store/delivery_store.h"

#include <stdlib.h>

#include "core/store/db_feed.h"

static const char SQL_DUE_DELIVERIES[] =
    "SELECT id, customer_id, address, variant, attempts, state = 'retry_wait' "
    "FROM main.delivery "
    "WHERE campaign_id = :campaign AND state IN ('queued', 'retry_wait') "
    "AND next_attempt_at_ms <= :now AND channel = 'sms' "
    "ORDER BY next_attempt_at_ms, id LIMIT :max";

/* Only those of the canary. */
static const char SQL_DUE_CHOSEN[] =
    "SELECT d.id, d.customer_id, d.address, d.variant, d.attempts, d.state = 'retry_wait' "
    "FROM main.canary_member m "
    "JOIN main.delivery d ON d.id = m.delivery_id WHERE m.campaign_id = :campaign "
    "AND d.state IN ('queued', 'retry_wait') AND d.next_attempt_at_ms <= :now "
    "AND d.channel = 'sms' ORDER BY d.next_attempt_at_ms, d.id LIMIT :max";
static const char SQL_NEXT_CHOSEN[] =
    "SELECT d.next_attempt_at_ms FROM main.canary_member m "
    "JOIN main.delivery d ON d.id = m.delivery_id WHERE m.campaign_id = :campaign "
    "AND d.state IN ('queued', 'retry_wait') AND d.channel = 'sms' "
    "ORDER BY d.next_attempt_at_ms LIMIT 1";

#define FROM_WAITING_MESSAGES                                                                      \
    "FROM main.message m JOIN main.conversation c ON c.id = m.conversation_id "                    \
    "LEFT JOIN main.campaign p ON p.id = c.campaign_id "                                           \
    "WHERE m.state IN ('queued', 'retry_wait') AND m.direction = 'outbound' AND c.channel = "      \
    "'sms' "                                                                                       \
    "AND (m.author = 'operator' OR (c.needs_review IS NULL AND "                                   \
    "(p.status IS NULL OR p.status <> 'paused'))) "
static const char SQL_DUE_MESSAGES[] =
    "SELECT m.id, coalesce(c.campaign_id, 0), m.address, m.text, m.attempts " FROM_WAITING_MESSAGES
    "AND m.next_attempt_at_ms <= :now ORDER BY m.next_attempt_at_ms, m.id LIMIT :max";
static const char SQL_NEXT_MESSAGE[] =
    "SELECT m.next_attempt_at_ms " FROM_WAITING_MESSAGES "ORDER BY m.next_attempt_at_ms LIMIT 1";
static const char SQL_NEXT_DELIVERY[] =
    "SELECT next_attempt_at_ms FROM main.delivery "
    "WHERE campaign_id = :campaign AND state IN ('queued', 'retry_wait') AND channel = 'sms' "
    "ORDER BY next_attempt_at_ms LIMIT 1";
static const char *const SQL_DEFER[UNIT_KIND_COUNT] = {
    [UNIT_DELIVERY] = "UPDATE main.delivery SET next_attempt_at_ms = :next, updated_at = :now "
                      "WHERE id = :id",
    [UNIT_MESSAGE] = "UPDATE main.message SET next_attempt_at_ms = :next, updated_at = :now "
                     "WHERE id = :id",
};
static const char SQL_RECENT[] =
    "SELECT (SELECT count(*) FROM main.delivery WHERE address = :address "
    "AND accepted_at >= :since AND (+state = 'accepted' OR +state = 'sent' OR +state = 'delivered' "
    "OR +state = 'undelivered') " /* no IN, nor what becomes one: it makes a table each time */
    "AND id <> :except) + "
    "(SELECT count(*) FROM main.delivery WHERE address = :address "
    "AND accepted_at IS NULL AND state IN ('sending', 'in_doubt') AND id <> :except)";
static const char SQL_REVIEW[] =
    "SELECT EXISTS (SELECT 1 FROM main.conversation WHERE address = :address "
    "AND channel = :channel AND needs_review IS NOT NULL)";
static const char SQL_ASK[] =
    "SELECT f.c0, EXISTS (SELECT 1 FROM main.suppression WHERE address = f.c1 "
    "AND channel = 'sms') "
    "OR EXISTS (SELECT 1 FROM main.suppression WHERE address = f.c1 AND channel = 'all'), "
    "EXISTS (SELECT 1 FROM main.conversation WHERE address = f.c1 AND channel = 'sms' "
    "AND needs_review IS NOT NULL) FROM feed(:rows) f";

void
due_units_release(struct due_unit *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        key_release(&list[i].customer);
        free(list[i].address);
        free(list[i].text);
        list[i] = (struct due_unit){0};
    }
}

bool
delivery_due_load(struct db *db, int64_t campaign_id, bool chosen_only, int64_t now_ms, size_t max,
                  struct due_unit *out, size_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, chosen_only ? SQL_DUE_CHOSEN : SQL_DUE_DELIVERIES, err);
    bool row = false;
    bool ok = st != NULL;

    *count = 0;
    if (!st)
        return false;
    db_bind_i64(st, ":campaign", campaign_id);
    db_bind_i64(st, ":now", now_ms);
    db_bind_i64(st, ":max", (int64_t)max);
    while (ok && *count < max && (ok = db_step(st, &row, err)) && row)
        out[(*count)++] = (struct due_unit){
            .unit = {UNIT_DELIVERY, db_column_i64(st, 0)},
            .campaign_id = campaign_id,
            .customer = db_column_key(st, 1),
            .address = db_column_dup(st, 2),
            .variant = db_column_i64(st, 3),
            .attempts = db_column_i64(st, 4),
            .was_waiting = db_column_i64(st, 5) != 0,
        };
    db_stmt_release(st);
    if (!ok) {
        due_units_release(out, *count);
        *count = 0;
    }
    return ok;
}

bool
message_due_load(struct db *db, int64_t now_ms, size_t max, struct due_unit *out, size_t *count,
                 struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_DUE_MESSAGES, err);
    bool row = false;
    bool ok = st != NULL;

    *count = 0;
    if (!st)
        return false;
    db_bind_i64(st, ":now", now_ms);
    db_bind_i64(st, ":max", (int64_t)max);
    while (ok && *count < max && (ok = db_step(st, &row, err)) && row)
        out[(*count)++] = (struct due_unit){
            .unit = {UNIT_MESSAGE, db_column_i64(st, 0)},
            .campaign_id = db_column_i64(st, 1),
            .address = db_column_dup(st, 2),
            .text = db_column_dup(st, 3),
            .attempts = db_column_i64(st, 4),
        };
    db_stmt_release(st);
    if (!ok) {
        due_units_release(out, *count);
        *count = 0;
    }
    return ok;
}

bool
due_next(struct db *db, int64_t campaign_id, bool chosen_only, bool *waits, int64_t *at_ms,
         struct error *err)
{
    struct db_stmt *st = db_prepare(db,
                                    !campaign_id  ? SQL_NEXT_MESSAGE
                                    : chosen_only ? SQL_NEXT_CHOSEN
                                                  : SQL_NEXT_DELIVERY,
                                    err);
    bool ok = false;

    if (st) {
        if (campaign_id)
            db_bind_i64(st, ":campaign", campaign_id);
        ok = db_step(st, waits, err);
    }
    if (ok && *waits)
        *at_ms = db_column_i64(st, 0);
    db_stmt_release(st);
    return ok;
}

bool
unit_defer(struct db *ledger, struct unit unit, int64_t next_attempt_at_ms, int64_t now_s,
           struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_DEFER[unit.kind], err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", unit.id);
        db_bind_i64(st, ":next", next_attempt_at_ms);
        db_bind_i64(st, ":now", now_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
delivery_count_recent(struct db *db, const char *address, int64_t since_s, int64_t except_id,
                      int64_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_RECENT, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":address", address);
        db_bind_i64(st, ":since", since_s);
        db_bind_i64(st, ":except", except_id);
        ok = db_step_one(st, err);
    }
    if (ok)
        *count = db_column_i64(st, 0);
    db_stmt_release(st);
    return ok;
}

bool
due_units_ask(struct db *db, struct due_unit *list, size_t count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_ASK, err);
    struct db_feed feed = {0};
    struct db_rows rows;
    size_t told = 0;
    bool row = false;
    bool ok = true;

    if (!st)
        return false;
    for (size_t i = 0; i < count; i++) {
        db_feed_add_i64(&feed, (int64_t)i);
        db_feed_add_text(&feed, list[i].address);
    }
    rows = db_feed_rows(&feed, 2);
    db_bind_rows(st, ":rows", &rows);
    while (ok && (ok = db_step(st, &row, err)) && row) {
        struct due_unit *u = &list[db_column_i64(st, 0)];

        told++;
        u->opted_out = db_column_i64(st, 1) != 0;
        u->in_review = db_column_i64(st, 2) != 0;
    }
    db_stmt_release(st);
    db_feed_release(&feed);
    return ok && (told == count || error_set(err, ERR_INTERNAL, "not everybody was asked about"));
}

bool
conversation_review_is_pending(struct db *db, const char *address, const char *channel,
                               bool *pending, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_REVIEW, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":address", address);
        db_bind_text(st, ":channel", channel);
        ok = db_step_one(st, err);
    }
    if (ok)
        *pending = db_column_i64(st, 0) != 0;
    db_stmt_release(st);
    return ok;
}
