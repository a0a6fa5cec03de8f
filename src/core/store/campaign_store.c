#include "core/store/campaign_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"

#define COLUMNS                                                                                    \
    "id, uuid, name, type, channel, status, plan_state, pause_reason, coalesce(starts_at, 0), "    \
    "coalesce(launched_at, 0), coalesce(completed_at, 0), created_at, updated_at, "                \
    "coalesce(plan_confirmed, 0), targeted, contacted, responded, opted_out, n_queued, "           \
    "n_sending, n_retry_wait, n_accepted, n_sent, n_delivered, n_undelivered, n_failed, "          \
    "n_in_doubt, n_skipped, coalesce(cloned_from, 0), coalesce((SELECT next_attempt_at_ms FROM "   \
    "main.delivery AS d WHERE campaign.status = 'active' AND d.campaign_id = campaign.id "         \
    "AND d.state IN ('queued', 'retry_wait') ORDER BY next_attempt_at_ms LIMIT 1), 0)"
enum {
    COLUMN_STATES = 18,
    COLUMN_CLONED = 28,
    COLUMN_NEXT = 29,
    COLUMN_SPEC = 30,
    COLUMN_WIZARD = 31
};
_Static_assert(COLUMN_STATES + DELIVERY_STATE_COUNT == COLUMN_CLONED, "a column for every state");

static const char SQL_LOAD[] =
    "SELECT " COLUMNS ", spec, wizard FROM main.campaign WHERE id = :id AND deleted_at IS NULL";
static const char SQL_LIST[] =
    "SELECT " COLUMNS " FROM main.campaign "
    "WHERE deleted_at IS NULL AND (:status IS NULL OR status = :status) "
    "ORDER BY CASE status WHEN 'active' THEN 0 WHEN 'paused' THEN 1 WHEN 'scheduled' THEN 2 "
    "WHEN 'draft' THEN 3 WHEN 'completed' THEN 4 ELSE 5 END, "
    "coalesce(launched_at, updated_at) DESC, id DESC";
static const char SQL_INSERT[] =
    "INSERT INTO main.campaign (uuid, name, type, channel, spec, cloned_from, created_at, "
    "updated_at) VALUES (:uuid, :name, :type, :channel, :spec, :cloned_from, :now, :now)";
static const char SQL_UPDATE[] =
    "UPDATE main.campaign SET name = :name, type = :type, channel = :channel, spec = :spec, "
    "updated_at = :now WHERE id = :id AND status = 'draft'";
static const char SQL_WIZARD[] =
    "UPDATE main.campaign SET wizard = :wizard, updated_at = :now WHERE id = :id";
static const char SQL_MOVE[] =
    "UPDATE main.campaign SET status = :to, updated_at = :now, pause_reason = :reason, "
    "launched_at = CASE WHEN :to = 'active' THEN coalesce(launched_at, :now) ELSE launched_at END, "
    "completed_at = CASE WHEN :to IN ('completed', 'cancelled') THEN :now ELSE completed_at END "
    "WHERE id = :id AND status = :from";
static const char SQL_SKIP[] =
    "UPDATE main.delivery SET state = 'skipped', reason = 'campaign_completed', updated_at = :now "
    "WHERE campaign_id = :id AND state IN ('queued', 'retry_wait')";
/* The agent's next questions; what an operator wrote goes out. */
static const char SQL_SKIP_TALK[] =
    "UPDATE main.message SET state = 'skipped', reason = 'campaign_completed', "
    "next_attempt_at_ms = 0, updated_at = :now WHERE author = 'agent' "
    "AND state IN ('queued', 'retry_wait') AND conversation_id IN "
    "(SELECT id FROM main.conversation WHERE campaign_id = :id)";
static const char SQL_DELETE[] = "DELETE FROM main.campaign WHERE id = :id";
static const char SQL_HIDE[] =
    "UPDATE main.campaign SET deleted_at = :now, updated_at = :now WHERE id = :id";
static const char SQL_NEXT_DUE[] = "SELECT id FROM main.campaign WHERE status = 'scheduled' AND "
                                   "starts_at <= :now ORDER BY starts_at, id LIMIT 1";
/* A family is small: a few clones of one campaign. */
static const char SQL_FAMILY[] =
    "WITH RECURSIVE up (id, parent) AS ("
    "  SELECT id, cloned_from FROM main.campaign WHERE id = :id"
    "  UNION SELECT c.id, c.cloned_from FROM main.campaign c JOIN up ON c.id = up.parent), "
    "family (id) AS ("
    "  SELECT id FROM up"
    "  UNION SELECT c.id FROM main.campaign c JOIN family f ON c.cloned_from = f.id) "
    "SELECT id FROM family WHERE id <> :id ORDER BY id";
static const char SQL_LEASE[] = "SELECT EXISTS (SELECT 1 FROM main.lease WHERE expires_ms > :now)";
static const char SQL_WAITS[] =
    "SELECT w.at, w.people, w.address, w.together, "
    "(SELECT c.time_zone FROM replica.customer c WHERE c.key = w.customer_id) "
    "FROM (SELECT min(next_attempt_at_ms) AS at, count(*) AS people, address, customer_id, "
    "  sum(count(*)) OVER () AS together FROM main.delivery "
    "  WHERE campaign_id = :id AND state = 'queued' AND next_attempt_at_ms > :now "
    "  GROUP BY next_attempt_at_ms / 60000 ORDER BY 1 LIMIT :max) w ORDER BY w.at";
static const char SQL_NEXT_ATTEMPT[] =
    "SELECT next_attempt_at_ms FROM main.delivery WHERE campaign_id = :id "
    "AND state IN ('queued', 'retry_wait') ORDER BY next_attempt_at_ms LIMIT 1";
static const char SQL_EVENT[] = "INSERT INTO main.engine_event (at, level, campaign_id, text) "
                                "VALUES (:now, :level, :id, :text)";

static bool
read_row(struct db_stmt *st, struct campaign *out, struct error *err)
{
    int64_t *const times[] = {&out->starts_at,  &out->launched_at, &out->completed_at,
                              &out->created_at, &out->updated_at,  &out->plan_confirmed,
                              &out->targeted,   &out->contacted,   &out->responded,
                              &out->opted_out};

    out->id = db_column_i64(st, 0);
    (void)text_copy(out->uuid, sizeof out->uuid, db_column_text(st, 1));
    out->name = db_column_dup(st, 2);
    out->type = db_column_dup(st, 3);
    out->channel = db_column_dup(st, 4);
    if (!campaign_status_parse(db_column_text(st, 5), &out->status))
        return error_set(err, ERR_INTERNAL, "campaign %" PRId64 " has a status unknown here",
                         out->id);
    out->plan_state = db_column_dup(st, 6);
    out->pause_reason = db_column_dup(st, 7);
    for (int i = 0; i < (int)ARRAY_LEN(times); i++)
        *times[i] = db_column_i64(st, 8 + i);
    for (int i = 0; i < DELIVERY_STATE_COUNT; i++)
        out->states[i] = db_column_i64(st, COLUMN_STATES + i);
    out->cloned_from = db_column_i64(st, COLUMN_CLONED);
    out->next_attempt_ms = db_column_i64(st, COLUMN_NEXT);
    return true;
}

static bool
read_json(struct db_stmt *st, int col, json_t **out, struct error *err)
{
    const char *text = db_column_text(st, col);

    if (!text)
        return true;
    *out = json_loads(text, JSON_DECODE_ANY, NULL);
    return *out || error_set(err, ERR_INTERNAL, "its stored file cannot be read");
}

bool
campaign_store_load(struct db *db, int64_t id, struct campaign *out, struct error *err)
{
    struct campaign found = {0};
    bool ok = false;
    bool row = false;
    struct db_stmt *st = db_prepare(db, SQL_LOAD, err);

    if (!st)
        goto out;
    db_bind_i64(st, ":id", id);
    if (!db_step(st, &row, err))
        goto out;
    if (!row) {
        error_set(err, ERR_NOT_FOUND, "there is no campaign %" PRId64, id);
        goto out;
    }
    if (!read_row(st, &found, err) || !read_json(st, COLUMN_SPEC, &found.spec, err) ||
        !read_json(st, COLUMN_WIZARD, &found.wizard, err))
        goto out;
    *out = found; /* ownership moves to the caller */
    found = (struct campaign){0};
    ok = true;
out:
    db_stmt_release(st);
    campaign_release(&found);
    return ok;
}

bool
campaign_store_list(struct db *db, const enum campaign_status *status, struct campaign_list *out,
                    struct error *err)
{
    struct campaign_list list = {0};
    size_t capacity = 0;
    bool ok = false;
    bool row = true;
    struct db_stmt *st = db_prepare(db, SQL_LIST, err);

    if (!st)
        goto out;
    db_bind_text(st, ":status", status ? campaign_status_name(*status) : NULL);
    for (;;) {
        if (!db_step(st, &row, err))
            goto out;
        if (!row)
            break;
        list.items = mem_grow(list.items, list.count, &capacity, sizeof *list.items);
        list.items[list.count] = (struct campaign){0};
        if (!read_row(st, &list.items[list.count++], err))
            goto out;
    }
    *out = list;
    list = (struct campaign_list){0};
    ok = true;
out:
    db_stmt_release(st);
    campaign_list_release(&list);
    return ok;
}

static void
bind_row(struct db_stmt *st, const struct campaign_row *row, int64_t now_s)
{
    db_bind_text(st, ":name", row->name);
    db_bind_text(st, ":type", row->type);
    db_bind_text(st, ":channel", row->channel);
    db_bind_text(st, ":spec", row->spec);
    db_bind_i64(st, ":now", now_s);
}

bool
campaign_store_insert(struct db *db, const struct campaign_row *row, int64_t now_s, int64_t *id,
                      struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_INSERT, err);
    char uuid[UUID_SIZE];
    bool ok = false;

    if (st) {
        random_uuid(uuid);
        bind_row(st, row, now_s);
        db_bind_text(st, ":uuid", uuid);
        if (row->cloned_from)
            db_bind_i64(st, ":cloned_from", row->cloned_from);
        ok = db_step_done(st, err);
        *id = db_last_id(db);
    }
    db_stmt_release(st);
    return ok;
}

bool
campaign_store_update(struct db *db, int64_t id, const struct campaign_row *row, int64_t now_s,
                      struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_UPDATE, err);
    bool ok = false;

    if (st) {
        bind_row(st, row, now_s);
        db_bind_i64(st, ":id", id);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
campaign_store_set_wizard(struct db *db, int64_t id, const char *wizard, int64_t now_s,
                          struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_WIZARD, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        db_bind_text(st, ":wizard", wizard);
        db_bind_i64(st, ":now", now_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
campaign_store_move(struct db *db, int64_t id, enum campaign_status from, enum campaign_status to,
                    const char *pause_reason, int64_t now_s, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_MOVE, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        db_bind_text(st, ":from", campaign_status_name(from));
        db_bind_text(st, ":to", campaign_status_name(to));
        db_bind_text(st, ":reason", pause_reason);
        db_bind_i64(st, ":now", now_s);
        ok = db_step_done(st, err);
        if (ok && db_changes(db) != 1)
            ok = error_set(err, ERR_CONFLICT, "campaign %" PRId64 " is no longer %s", id,
                           campaign_status_name(from));
    }
    db_stmt_release(st);
    return ok;
}

/* Runs a statement that knows :id, and :now when it has a time. */
static bool
run_for(struct db *db, const char *sql, int64_t id, const int64_t *now_s, int64_t *changes,
        struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        if (now_s)
            db_bind_i64(st, ":now", *now_s);
        ok = db_step_done(st, err);
        if (changes)
            *changes = db_changes(db);
    }
    db_stmt_release(st);
    return ok;
}

bool
campaign_store_skip_open(struct db *db, int64_t id, int64_t now_s, int64_t *skipped,
                         struct error *err)
{
    return run_for(db, SQL_SKIP, id, &now_s, skipped, err);
}

bool
campaign_store_skip_talk(struct db *db, int64_t id, int64_t now_s, struct error *err)
{
    return run_for(db, SQL_SKIP_TALK, id, &now_s, NULL, err);
}

bool
campaign_store_delete(struct db *db, int64_t id, struct error *err)
{
    return run_for(db, SQL_DELETE, id, NULL, NULL, err);
}

bool
campaign_store_hide(struct db *db, int64_t id, int64_t now_s, struct error *err)
{
    return run_for(db, SQL_HIDE, id, &now_s, NULL, err);
}

bool
campaign_store_next_due(struct db *db, int64_t now_s, int64_t *id, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_NEXT_DUE, err);
    bool row = false;
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":now", now_s);
        ok = db_step(st, &row, err);
        *id = ok && row ? db_column_i64(st, 0) : 0;
    }
    db_stmt_release(st);
    return ok;
}

bool
campaign_store_family(struct db *db, int64_t id, int64_t **ids, size_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_FAMILY, err);
    int64_t *list = NULL;
    size_t capacity = 0;
    bool ok = st != NULL;
    bool row = true;

    *ids = NULL;
    *count = 0;
    if (st)
        db_bind_i64(st, ":id", id);
    while (ok && row) {
        ok = db_step(st, &row, err);
        if (ok && row) {
            list = mem_grow(list, *count, &capacity, sizeof *list);
            list[(*count)++] = db_column_i64(st, 0);
        }
    }
    db_stmt_release(st);
    if (ok)
        *ids = list;
    else
        free(list);
    return ok;
}

bool
campaign_store_has_engine(struct db *db, int64_t now_ms, bool *held, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_LEASE, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":now", now_ms);
        ok = db_step_one(st, err);
        *held = ok && db_column_i64(st, 0) != 0;
    }
    db_stmt_release(st);
    return ok;
}

bool
campaign_store_next_attempt(struct db *db, int64_t id, int64_t *due_ms, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_NEXT_ATTEMPT, err);
    bool row = false;
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        ok = db_step(st, &row, err);
        *due_ms = ok && row ? db_column_i64(st, 0) : 0;
    }
    db_stmt_release(st);
    return ok;
}

bool
campaign_store_event(struct db *db, int64_t id, const char *level, const char *text, int64_t now_s,
                     struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_EVENT, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":now", now_s);
        db_bind_text(st, ":level", level);
        db_bind_i64(st, ":id", id);
        db_bind_text(st, ":text", text);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
campaign_store_waits(struct db *db, int64_t id, int64_t now_ms,
                     struct campaign_wait out[CAMPAIGN_WAITS_MAX], size_t *count, int64_t *all,
                     struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_WAITS, err);
    bool row = false;
    bool ok = st != NULL;

    *count = 0;
    *all = 0;
    if (st) {
        db_bind_i64(st, ":id", id);
        db_bind_i64(st, ":now", now_ms);
        db_bind_i64(st, ":max", CAMPAIGN_WAITS_MAX);
    }
    while (ok && (ok = db_step(st, &row, err)) && row) {
        out[(*count)++] = (struct campaign_wait){db_column_i64(st, 0), db_column_i64(st, 1),
                                                 db_column_dup(st, 2), db_column_dup(st, 4)};
        *all = db_column_i64(st, 3);
    }
    db_stmt_release(st);
    return ok;
}
