#include "core/store/engine_store.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/store/stores.h"

static const char SQL_EVENT[] = "INSERT INTO main.engine_event (at, level, campaign_id, text) "
                                "VALUES (:now, :level, :campaign, :text)";
static const char SQL_PRUNE[] =
    "DELETE FROM main.engine_event WHERE id <= (SELECT max(id) FROM main.engine_event) - 5000";
static const char SQL_BUCKET[] =
    "SELECT tokens, updated_ms FROM main.rate_bucket WHERE sender = :sender";
static const char SQL_SAVE_BUCKET[] =
    "INSERT INTO main.rate_bucket (sender, tokens, updated_ms) VALUES (:sender, :tokens, :updated) "
    "ON CONFLICT (sender) DO UPDATE SET tokens = excluded.tokens, updated_ms = excluded.updated_ms";
static const char *const SQL_CAMPAIGNS[ENGINE_CAMPAIGN_KIND_COUNT] = {
    [ENGINE_CAMPAIGNS_SENDING] = "SELECT id, updated_at FROM main.campaign WHERE status = 'active' "
                                 "AND plan_state = 'planned' ORDER BY id LIMIT :max",
    [ENGINE_CAMPAIGNS_PLANNING] =
        "SELECT id, updated_at FROM main.campaign WHERE plan_state = 'planning' "
        "AND status IN ('active', 'scheduled', 'paused') ORDER BY id LIMIT :max",
};
static const char SQL_SENDS[] =
    "SELECT EXISTS (SELECT 1 FROM main.campaign WHERE id = :id AND status = 'active' "
    "AND plan_state = 'planned')";
static const char SQL_OVER[] = "SELECT EXISTS (SELECT 1 FROM main.campaign WHERE id = :id "
                               "AND status IN ('completed', 'cancelled'))";
static const char SQL_TALK_OVER[] =
    "SELECT c.agent <> 'scripted', coalesce(p.status = 'cancelled', 0) FROM main.message m "
    "JOIN main.conversation c ON c.id = m.conversation_id "
    "LEFT JOIN main.campaign p ON p.id = c.campaign_id WHERE m.id = :id AND m.author = 'agent'";
static const char SQL_NEXT_START[] =
    "SELECT coalesce(min(starts_at), 0) FROM main.campaign WHERE status = 'scheduled'";
static const char SQL_TO_PAUSE[] = "SELECT id FROM main.campaign WHERE status = 'active' AND "
                                   "(id = :id OR (:id = 0 AND channel IN ('sms', 'multi')))";
static const char SQL_PAUSE[] =
    "UPDATE main.campaign SET status = 'paused', pause_reason = :reason, updated_at = :now "
    "WHERE id = :id AND status = 'active'";
#define FINISHED                                                                                   \
    "FROM main.campaign WHERE status = 'active' AND plan_state = 'planned' AND "                   \
    "n_queued = 0 AND n_retry_wait = 0 AND n_sending = 0 AND n_in_doubt = 0"
static const char SQL_HAS_FINISHED[] = "SELECT EXISTS (SELECT 1 " FINISHED ")";
static const char SQL_FINISHED[] = "SELECT id " FINISHED;
static const char SQL_COMPLETE[] =
    "UPDATE main.campaign SET status = 'completed', completed_at = :now, updated_at = :now "
    "WHERE id = :id";
static const char SQL_LEFT[] =
    "SELECT coalesce(sum(n_queued) FILTER (WHERE status = 'active'), 0) + "
    "(SELECT count(*) FROM main.message WHERE state IN ('queued', 'retry_wait')), "
    "coalesce(sum(n_retry_wait) FILTER (WHERE status = 'active'), 0), "
    "coalesce(sum(n_in_doubt), 0) + (SELECT count(*) FROM main.message WHERE state = 'in_doubt'), "
    "coalesce(sum(n_queued + n_retry_wait) FILTER (WHERE status = 'paused'), 0) FROM main.campaign";

bool
engine_event_add(struct db *ledger, enum log_level level, int64_t campaign_id, const char *text,
                 int64_t now_s, struct error *err)
{
    static const char *const names[] = {
        [LOG_DEBUG] = "info",
        [LOG_INFO] = "info",
        [LOG_WARN] = "warn",
        [LOG_ERROR] = "error",
    };
    struct db_stmt *st = db_prepare(ledger, SQL_EVENT, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":now", now_s);
        db_bind_text(st, ":level", names[level]);
        if (campaign_id)
            db_bind_i64(st, ":campaign", campaign_id);
        else
            db_bind_null(st, ":campaign");
        db_bind_text(st, ":text", text);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
engine_event_prune(struct db *ledger, struct error *err)
{
    return db_exec(ledger, SQL_PRUNE, err);
}

bool
rate_bucket_load(struct db *db, const char *sender, double *tokens, int64_t *updated_ms,
                 bool *found, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_BUCKET, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":sender", sender);
        ok = db_step(st, found, err);
    }
    if (ok && *found) {
        *tokens = db_column_double(st, 0);
        *updated_ms = db_column_i64(st, 1);
    }
    db_stmt_release(st);
    return ok;
}

bool
rate_bucket_save(struct db *ledger, const char *sender, double tokens, int64_t updated_ms,
                 struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_SAVE_BUCKET, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":sender", sender);
        db_bind_double(st, ":tokens", tokens);
        db_bind_i64(st, ":updated", updated_ms);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
engine_campaigns_load(struct db *db, enum engine_campaign_kind kind, struct engine_campaign *out,
                      size_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_CAMPAIGNS[kind], err);
    bool row = false;
    bool ok = st != NULL;

    *count = 0;
    if (!st)
        return false;
    db_bind_i64(st, ":max", ENGINE_CAMPAIGNS_MAX);
    while (ok && *count < ENGINE_CAMPAIGNS_MAX && (ok = db_step(st, &row, err)) && row)
        out[(*count)++] = (struct engine_campaign){db_column_i64(st, 0), db_column_i64(st, 1)};
    db_stmt_release(st);
    return ok;
}

static bool
ask(struct db *db, const char *sql, int64_t id, bool *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        ok = db_step_one(st, err);
    }
    if (ok)
        *out = db_column_i64(st, 0) != 0;
    db_stmt_release(st);
    return ok;
}

bool
engine_campaign_sends(struct db *db, int64_t id, bool *sends, struct error *err)
{
    return ask(db, SQL_SENDS, id, sends, err);
}

bool
engine_campaign_is_over(struct db *db, int64_t id, bool *over, struct error *err)
{
    return ask(db, SQL_OVER, id, over, err);
}

bool
engine_talk_is_over(struct db *db, int64_t message_id, const char **reason, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_TALK_OVER, err);
    bool row = false;
    bool ok = false;

    *reason = NULL;
    if (st) {
        db_bind_i64(st, ":id", message_id);
        ok = db_step(st, &row, err);
    }
    if (ok && row && db_column_i64(st, 1))
        *reason = "campaign_completed";
    else if (ok && row && db_column_i64(st, 0))
        *reason = "handed_over";
    db_stmt_release(st);
    return ok;
}

bool
engine_next_start(struct db *db, int64_t *at_s, struct error *err)
{
    return db_query_i64(db, SQL_NEXT_START, at_s, err);
}

/* Ids of the rows that `st` gives; at most ENGINE_CAMPAIGNS_MAX. Releases st. */
static bool
collect_ids(struct db_stmt *st, int64_t *ids, size_t *count, struct error *err)
{
    bool row = false;
    bool ok = true;

    *count = 0;
    while (*count < ENGINE_CAMPAIGNS_MAX && (ok = db_step(st, &row, err)) && row)
        ids[(*count)++] = db_column_i64(st, 0);
    db_stmt_release(st);
    return ok;
}

static bool
tell(struct db *ledger, enum log_level level, const char *action, int64_t id, const char *text,
     int64_t now_s, struct error *err)
{
    char subject[40];

    (void)snprintf(subject, sizeof subject, "campaign %" PRId64, id);
    return audit_add(ledger, now_s, "engine", action, subject, text, err) &&
           engine_event_add(ledger, level, id, text, now_s, err);
}

static bool
pause_one(struct db *ledger, int64_t id, const char *reason, int64_t now_s, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_PAUSE, err);
    char text[400];
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        db_bind_text(st, ":reason", reason);
        db_bind_i64(st, ":now", now_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    (void)snprintf(text, sizeof text, "paused: %s", reason);
    return ok && tell(ledger, LOG_ERROR, "campaign.pause", id, text, now_s, err);
}

bool
engine_pause_campaigns(struct db *ledger, int64_t id, const char *reason, int64_t now_s,
                       struct error *err)
{
    int64_t ids[ENGINE_CAMPAIGNS_MAX];
    size_t count = 0;
    struct db_stmt *st = db_prepare(ledger, SQL_TO_PAUSE, err);

    if (!st)
        return false;
    db_bind_i64(st, ":id", id);
    if (!collect_ids(st, ids, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!pause_one(ledger, ids[i], reason, now_s, err))
            return false;
    return true;
}

bool
engine_has_finished(struct db *db, bool *any, struct error *err)
{
    int64_t n = 0;
    bool ok = db_query_i64(db, SQL_HAS_FINISHED, &n, err);

    *any = ok && n != 0;
    return ok;
}

bool
engine_complete_finished(struct db *ledger, int64_t now_s, int64_t *done, struct error *err)
{
    int64_t ids[ENGINE_CAMPAIGNS_MAX];
    size_t count = 0;
    struct db_stmt *st = db_prepare(ledger, SQL_FINISHED, err);

    *done = 0;
    if (!st || !collect_ids(st, ids, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        bool ok = false;

        st = db_prepare(ledger, SQL_COMPLETE, err);
        if (st) {
            db_bind_i64(st, ":id", ids[i]);
            db_bind_i64(st, ":now", now_s);
            ok = db_step_done(st, err);
        }
        db_stmt_release(st);
        if (!ok || !tell(ledger, LOG_INFO, "campaign.complete", ids[i],
                         "completed: nobody is left to send to", now_s, err))
            return false;
        (*done)++;
    }
    return true;
}

bool
engine_sending_count(struct db *db, int64_t *count, struct error *err)
{
    return db_query_i64(db,
                        "SELECT (SELECT count(*) FROM main.delivery WHERE state = 'sending') + "
                        "(SELECT count(*) FROM main.message WHERE state = 'sending')",
                        count, err);
}

bool
engine_left_load(struct db *db, struct engine_left *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_LEFT, err);
    bool ok = st && db_step_one(st, err);

    if (ok)
        *out = (struct engine_left){
            .queued = db_column_i64(st, 0),
            .retry_wait = db_column_i64(st, 1),
            .in_doubt = db_column_i64(st, 2),
            .paused = db_column_i64(st, 3),
        };
    db_stmt_release(st);
    return ok;
}
