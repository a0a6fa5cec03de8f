#include "core/store/attempt_store.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/store/attempt_blocks.h"

static const char SQL_INSERT[] =
    "INSERT INTO main.attempt (uid, delivery_id, message_id, number, address, sender, text, "
    "segments, fence, claimed_at) VALUES (:uid, :delivery, :message, :number, :address, :sender, "
    ":text, :segments, :fence, :now)";

#define SELECT_ATTEMPT                                                                             \
    "SELECT a.id, a.delivery_id, a.message_id, a.number, a.segments, a.fence, a.claimed_at, "      \
    "a.lookups, a.address, a.text, a.outcome, a.provider_id, a.settled_by, "                       \
    "coalesce(d.state, m.state), coalesce(d.attempts, m.attempts), "                               \
    "coalesce(d.provider_rank, m.provider_rank), coalesce(d.campaign_id, c.campaign_id, 0), "      \
    "coalesce(d.channel, c.channel), coalesce(d.provider_id, m.provider_id), a.sender, "           \
    "d.replied_at IS NOT NULL "                                                                    \
    "FROM main.attempt a LEFT JOIN main.delivery d ON d.id = a.delivery_id "                       \
    "LEFT JOIN main.message m ON m.id = a.message_id "                                             \
    "LEFT JOIN main.conversation c ON c.id = m.conversation_id "
static const char SQL_LOAD[] = SELECT_ATTEMPT "WHERE a.id = :id";
static const char SQL_FIND_UID[] = SELECT_ATTEMPT "WHERE a.uid = :text";
static const char SQL_FIND_PROVIDER[] =
    SELECT_ATTEMPT "WHERE a.id = (" ATTEMPTS_OF_PROVIDER_ID("b.id", ":text") "LIMIT 1)";
static const char *const SQL_FIND_LATEST[UNIT_KIND_COUNT] = {
    [UNIT_DELIVERY] = SELECT_ATTEMPT "WHERE a.delivery_id = :unit ORDER BY a.id DESC LIMIT 1",
    [UNIT_MESSAGE] = SELECT_ATTEMPT "WHERE a.message_id = :unit ORDER BY a.id DESC LIMIT 1",
};

static const char SQL_FINISH[] =
    "UPDATE main.attempt SET outcome = :outcome, finished_at = :now, "
    "provider_id = coalesce(:provider_id, provider_id), http_status = :http_status, "
    "error_code = :error_code, error = :error, settled_by = :by, next_lookup_at = :next_lookup "
    "WHERE id = :id";
static const char SQL_NAME[] =
    "UPDATE main.attempt SET provider_id = :provider_id WHERE id = :id AND provider_id IS NULL";
static const char *const SQL_NAME_UNIT[UNIT_KIND_COUNT] = {
    [UNIT_DELIVERY] = "UPDATE main.delivery SET provider_id = :provider_id WHERE id = :id "
                      "AND provider_id IS NULL",
    [UNIT_MESSAGE] = "UPDATE main.message SET provider_id = :provider_id WHERE id = :id "
                     "AND provider_id IS NULL",
};
static const char SQL_PLAN_LOOKUP[] =
    "UPDATE main.attempt SET lookups = :lookups, next_lookup_at = :next, error = :error "
    "WHERE id = :id";
static const char SQL_LOOKUPS_DUE[] = "SELECT id, claimed_at, address, text FROM main.attempt "
                                      "WHERE next_lookup_at IS NOT NULL AND next_lookup_at <= :now "
                                      "ORDER BY next_lookup_at LIMIT :max";
static const char SQL_NEXT_LOOKUP[] =
    "SELECT coalesce(min(next_lookup_at), 0) FROM main.attempt WHERE next_lookup_at IS NOT NULL";
/* As enum id_owner. */
static const char SQL_OWNER[] = "SELECT coalesce((" ATTEMPTS_OF_PROVIDER_ID(
    "b.address = :address", ":provider_id") "AND b.id <> :except LIMIT 1), "
                                            "(SELECT 1 FROM main.message WHERE provider_id = "
                                            ":provider_id AND direction = 'inbound'), 2)";
/* An open attempt belongs to a unit that is sending or in doubt: both are few and indexed. */
static const char SQL_RIVALS[] =
    "SELECT (SELECT count(*) FROM main.delivery d JOIN main.attempt a ON a.delivery_id = d.id "
    "WHERE d.state IN ('sending', 'in_doubt') AND a.id <> :id AND a.address = :address "
    "AND a.text = :text AND (a.outcome IS NULL OR a.outcome = 'unknown')) + "
    "(SELECT count(*) FROM main.message m JOIN main.attempt a ON a.message_id = m.id "
    "WHERE m.state IN ('sending', 'in_doubt') AND a.id <> :id AND a.address = :address "
    "AND a.text = :text AND (a.outcome IS NULL OR a.outcome = 'unknown'))";
static const char *const SQL_REFUSALS[UNIT_KIND_COUNT] = {
    [UNIT_DELIVERY] = "SELECT count(*) FROM main.attempt WHERE delivery_id = :unit "
                      "AND outcome IN ('not_sent', 'rejected') AND settled_by = 'answer' "
                      "AND http_status > 0",
    [UNIT_MESSAGE] = "SELECT count(*) FROM main.attempt WHERE message_id = :unit "
                     "AND outcome IN ('not_sent', 'rejected') AND settled_by = 'answer' "
                     "AND http_status > 0",
};
static const char *const SQL_ACCEPTED[UNIT_KIND_COUNT] = {
    [UNIT_DELIVERY] = "SELECT coalesce(provider_id, '') FROM main.attempt "
                      "WHERE delivery_id = :unit AND outcome = 'accepted' LIMIT 1",
    [UNIT_MESSAGE] = "SELECT coalesce(provider_id, '') FROM main.attempt "
                     "WHERE message_id = :unit AND outcome = 'accepted' LIMIT 1",
};
static const char *const SQL_CHANGE[UNIT_KIND_COUNT] = {
    [UNIT_DELIVERY] =
        "UPDATE main.delivery SET state = :state, reason = :reason, "
        "next_attempt_at_ms = :next, provider_id = coalesce(:provider_id, provider_id), "
        "provider_rank = :rank, accepted_at = coalesce(accepted_at, :accepted_at), "
        "error_code = :error_code, error = :error, updated_at = :now WHERE id = :id",
    [UNIT_MESSAGE] =
        "UPDATE main.message SET state = :state, reason = :reason, "
        "next_attempt_at_ms = :next, provider_id = coalesce(:provider_id, provider_id), "
        "provider_rank = :rank, error_code = :error_code, error = :error, "
        "updated_at = :now WHERE id = :id",
};
static const char *const SQL_CLAIM[UNIT_KIND_COUNT] = {
    [UNIT_DELIVERY] = "UPDATE main.delivery SET state = 'sending', attempts = attempts + 1, "
                      "claimed_at = :now, updated_at = :now WHERE id = :id",
    [UNIT_MESSAGE] = "UPDATE main.message SET state = 'sending', attempts = attempts + 1, "
                     "claimed_at = :now, updated_at = :now WHERE id = :id",
};
static const char *const SQL_DOUBT[][2] = {
    {"UPDATE main.attempt SET outcome = 'unknown', finished_at = :now, next_lookup_at = :now "
     "WHERE outcome IS NULL AND fence < :fence AND delivery_id IN "
     "(SELECT id FROM main.delivery WHERE state = 'sending')",
     "UPDATE main.delivery SET state = 'in_doubt', updated_at = :now WHERE state = 'sending' "
     "AND EXISTS (SELECT 1 FROM main.attempt a WHERE a.delivery_id = delivery.id "
     "AND a.number = delivery.attempts AND a.fence < :fence)"},
    {"UPDATE main.attempt SET outcome = 'unknown', finished_at = :now, next_lookup_at = :now "
     "WHERE outcome IS NULL AND fence < :fence AND message_id IN "
     "(SELECT id FROM main.message WHERE state = 'sending')",
     "UPDATE main.message SET state = 'in_doubt', updated_at = :now WHERE state = 'sending' "
     "AND EXISTS (SELECT 1 FROM main.attempt a WHERE a.message_id = message.id "
     "AND a.number = message.attempts AND a.fence < :fence)"},
};

static const char SQL_OPEN[] =
    "SELECT a.id FROM main.delivery d JOIN main.attempt a ON a.delivery_id = d.id "
    "AND a.number = d.attempts WHERE d.state = 'sending' AND a.outcome IS NULL AND a.fence = "
    ":fence "
    "UNION ALL SELECT a.id FROM main.message m JOIN main.attempt a ON a.message_id = m.id "
    "AND a.number = m.attempts WHERE m.state = 'sending' AND a.outcome IS NULL AND a.fence = "
    ":fence";

static void
bind_i64_or_null(struct db_stmt *st, const char *name, int64_t value)
{
    if (value)
        db_bind_i64(st, name, value);
    else
        db_bind_null(st, name);
}

bool
attempt_insert(struct db *ledger, const struct attempt_new *a, int64_t *id, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_INSERT, err);
    bool ok = false;

    if (!st)
        return false;
    db_bind_borrowed(st, ":uid", a->uid);
    bind_i64_or_null(st, ":delivery", a->unit.kind == UNIT_DELIVERY ? a->unit.id : 0);
    bind_i64_or_null(st, ":message", a->unit.kind == UNIT_MESSAGE ? a->unit.id : 0);
    db_bind_i64(st, ":number", a->number);
    db_bind_borrowed(st, ":address", a->address);
    db_bind_borrowed(st, ":sender", a->sender);
    db_bind_borrowed(st, ":text", a->text);
    db_bind_i64(st, ":segments", a->segments);
    db_bind_i64(st, ":fence", a->fence);
    db_bind_i64(st, ":now", a->now_s);
    ok = db_step_done(st, err);
    if (ok)
        *id = db_last_id(ledger);
    db_stmt_release(st);
    return ok;
}

void
attempt_release(struct attempt *a)
{
    free(a->address);
    free(a->text);
    free(a->sender);
    free(a->outcome);
    free(a->provider_id);
    free(a->by);
    free(a->channel);
    free(a->unit_provider_id);
    *a = (struct attempt){0};
}

static bool
read_attempt(struct db_stmt *st, struct attempt *out, struct error *err)
{
    const bool delivery = !db_column_is_null(st, 1);

    *out = (struct attempt){
        .id = db_column_i64(st, 0),
        .unit = {delivery ? UNIT_DELIVERY : UNIT_MESSAGE, db_column_i64(st, delivery ? 1 : 2)},
        .number = db_column_i64(st, 3),
        .segments = db_column_i64(st, 4),
        .fence = db_column_i64(st, 5),
        .claimed_at_s = db_column_i64(st, 6),
        .lookups = db_column_i64(st, 7),
        .address = db_column_dup(st, 8),
        .text = db_column_dup(st, 9),
        .outcome = db_column_dup(st, 10),
        .provider_id = db_column_dup(st, 11),
        .by = db_column_dup(st, 12),
        .unit_attempts = db_column_i64(st, 14),
        .rank = db_column_i64(st, 15),
        .campaign_id = db_column_i64(st, 16),
        .channel = db_column_dup(st, 17),
        .unit_provider_id = db_column_dup(st, 18),
        .sender = db_column_dup(st, 19),
        .has_reply = db_column_i64(st, 20) != 0,
    };
    if (!db_column_is_null(st, 13) && delivery_state_parse(db_column_text(st, 13), &out->state))
        return true;
    attempt_release(out);
    return error_set(err, ERR_INTERNAL, "an attempt belongs to a row without a state");
}

bool
attempt_load(struct db *db, int64_t id, struct attempt *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_LOAD, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        ok = db_step_one(st, err) && read_attempt(st, out, err);
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "load attempt %" PRId64, id);
}

static bool
find_with(struct db_stmt *st, struct attempt *out, bool *found, struct error *err)
{
    bool ok = db_step(st, found, err);

    if (ok && *found)
        ok = read_attempt(st, out, err);
    db_stmt_release(st);
    return ok;
}

bool
attempt_find(struct db *db, const char *uid, const char *provider_id, struct attempt *out,
             bool *found, struct error *err)
{
    struct db_stmt *st = db_prepare(db, uid ? SQL_FIND_UID : SQL_FIND_PROVIDER, err);

    if (!st)
        return false;
    db_bind_text(st, ":text", uid ? uid : provider_id);
    return find_with(st, out, found, err);
}

bool
attempt_find_latest(struct db *db, struct unit unit, struct attempt *out, bool *found,
                    struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_FIND_LATEST[unit.kind], err);

    if (!st)
        return false;
    db_bind_i64(st, ":unit", unit.id);
    return find_with(st, out, found, err);
}

bool
attempt_finish(struct db *ledger, int64_t id, const struct attempt_end *end, int64_t now_s,
               struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_FINISH, err);
    bool ok = false;

    if (!st)
        return false;
    db_bind_i64(st, ":id", id);
    db_bind_text(st, ":outcome", end->outcome);
    db_bind_i64(st, ":now", now_s);
    db_bind_text(st, ":provider_id", text_is_blank(end->provider_id) ? NULL : end->provider_id);
    bind_i64_or_null(st, ":http_status", end->http_status);
    bind_i64_or_null(st, ":error_code", end->error_code);
    db_bind_text(st, ":error", text_is_blank(end->error) ? NULL : end->error);
    db_bind_text(st, ":by", end->by);
    bind_i64_or_null(st, ":next_lookup", end->next_lookup_at_s);
    ok = db_step_done(st, err);
    db_stmt_release(st);
    return ok;
}

static bool
name_row(struct db *ledger, const char *sql, int64_t id, const char *provider_id, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, sql, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        db_bind_text(st, ":provider_id", provider_id);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
attempt_name(struct db *ledger, const struct attempt *a, const char *provider_id, struct error *err)
{
    return name_row(ledger, SQL_NAME, a->id, provider_id, err) &&
           name_row(ledger, SQL_NAME_UNIT[a->unit.kind], a->unit.id, provider_id, err);
}

bool
attempt_plan_lookup(struct db *ledger, int64_t id, int64_t lookups, int64_t next_at_s,
                    const char *error, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_PLAN_LOOKUP, err);
    bool ok = false;

    if (!st)
        return false;
    db_bind_i64(st, ":id", id);
    db_bind_i64(st, ":lookups", lookups);
    bind_i64_or_null(st, ":next", next_at_s);
    db_bind_text(st, ":error", text_is_blank(error) ? NULL : error);
    ok = db_step_done(st, err);
    db_stmt_release(st);
    return ok;
}

bool
attempt_lookups_due(struct db *db, int64_t now_s, size_t max, struct lookup_due *out, size_t *count,
                    struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_LOOKUPS_DUE, err);
    bool row = false;
    bool ok = st != NULL;

    *count = 0;
    if (!st)
        return false;
    db_bind_i64(st, ":now", now_s);
    db_bind_i64(st, ":max", (int64_t)max);
    while (ok && *count < max && (ok = db_step(st, &row, err)) && row)
        out[(*count)++] = (struct lookup_due){
            .attempt_id = db_column_i64(st, 0),
            .claimed_at_s = db_column_i64(st, 1),
            .address = db_column_dup(st, 2),
            .text = db_column_dup(st, 3),
        };
    db_stmt_release(st);
    if (!ok) {
        lookup_due_release(out, *count);
        *count = 0;
    }
    return ok;
}

void
lookup_due_release(struct lookup_due *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].address);
        free(list[i].text);
        list[i] = (struct lookup_due){0};
    }
}

bool
attempt_next_lookup(struct db *db, int64_t *at_s, struct error *err)
{
    return db_query_i64(db, SQL_NEXT_LOOKUP, at_s, err);
}

bool
attempt_id_owner(struct db *db, const char *provider_id, const struct attempt *a,
                 enum id_owner *owner, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_OWNER, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":provider_id", provider_id);
        db_bind_i64(st, ":except", a->id);
        db_bind_text(st, ":address", a->address);
        ok = db_step_one(st, err);
    }
    if (ok)
        *owner = (enum id_owner)db_column_i64(st, 0);
    db_stmt_release(st);
    return ok;
}

bool
attempt_count_rivals(struct db *db, const struct attempt *a, int64_t *rivals, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_RIVALS, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", a->id);
        db_bind_text(st, ":address", a->address);
        db_bind_text(st, ":text", a->text);
        ok = db_step_one(st, err);
    }
    if (ok)
        *rivals = db_column_i64(st, 0);
    db_stmt_release(st);
    return ok;
}

bool
attempt_count_refusals(struct db *db, struct unit unit, int64_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_REFUSALS[unit.kind], err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":unit", unit.id);
        ok = db_step_one(st, err);
    }
    if (ok)
        *count = db_column_i64(st, 0);
    db_stmt_release(st);
    return ok;
}

bool
attempt_find_accepted(struct db *db, struct unit unit, bool *found, char provider_id[64],
                      struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_ACCEPTED[unit.kind], err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":unit", unit.id);
        ok = db_step(st, found, err);
    }
    if (ok && *found)
        (void)text_copy(provider_id, 64, db_column_text(st, 0));
    db_stmt_release(st);
    return ok;
}

bool
unit_change(struct db *ledger, struct unit unit, const struct unit_change *change, int64_t now_s,
            struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_CHANGE[unit.kind], err);
    bool ok = false;

    if (!st)
        return false;
    db_bind_i64(st, ":id", unit.id);
    db_bind_text(st, ":state", delivery_state_name(change->state));
    db_bind_text(st, ":reason", change->reason);
    db_bind_i64(st, ":next", change->next_attempt_at_ms);
    db_bind_text(st, ":provider_id",
                 text_is_blank(change->provider_id) ? NULL : change->provider_id);
    db_bind_i64(st, ":rank", change->rank);
    if (unit.kind == UNIT_DELIVERY)
        bind_i64_or_null(st, ":accepted_at", change->accepted_at_s);
    bind_i64_or_null(st, ":error_code", change->error_code);
    db_bind_text(st, ":error", text_is_blank(change->error) ? NULL : change->error);
    db_bind_i64(st, ":now", now_s);
    ok = db_step_done(st, err);
    db_stmt_release(st);
    return ok;
}

bool
unit_claim(struct db *ledger, struct unit unit, int64_t now_s, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_CLAIM[unit.kind], err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", unit.id);
        db_bind_i64(st, ":now", now_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
attempt_open_load(struct db *db, int64_t fence, int64_t **ids, size_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_OPEN, err);
    size_t capacity = 0;
    bool row = false;
    bool ok = st != NULL;

    *ids = NULL;
    *count = 0;
    if (st)
        db_bind_i64(st, ":fence", fence);
    while (ok && (ok = db_step(st, &row, err)) && row) {
        *ids = mem_grow(*ids, *count, &capacity, sizeof **ids);
        (*ids)[(*count)++] = db_column_i64(st, 0);
    }
    db_stmt_release(st);
    return ok;
}

bool
unit_doubt_abandoned(struct db *ledger, int64_t fence, int64_t now_s, int64_t *count,
                     struct error *err)
{
    *count = 0;
    for (size_t i = 0; i < ARRAY_LEN(SQL_DOUBT); i++) {
        for (size_t j = 0; j < ARRAY_LEN(SQL_DOUBT[i]); j++) {
            struct db_stmt *st = db_prepare(ledger, SQL_DOUBT[i][j], err);
            bool ok = false;

            if (st) {
                db_bind_i64(st, ":fence", fence);
                db_bind_i64(st, ":now", now_s);
                ok = db_step_done(st, err);
            }
            if (ok && j == 1)
                *count += db_changes(ledger);
            db_stmt_release(st);
            if (!ok)
                return false;
        }
    }
    return true;
}
