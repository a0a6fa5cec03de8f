/* Figures for the screens (core/report/report.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/report/report.h"
#include "core/store/replica_state_store.h"
#include "core/store/stores.h"

static const char SQL_STATUS[] =
    "SELECT (SELECT count(*) FROM conversation WHERE unread > 0),"
    " (SELECT count(*) FROM delivery WHERE state IN ('sending', 'in_doubt') AND state = 'in_doubt')"
    " + (SELECT count(*) FROM message WHERE state IN ('sending', 'in_doubt') AND state = "
    "'in_doubt'),"
    " (SELECT count(*) FROM conversation WHERE needs_review IS NOT NULL),"
    " (SELECT coalesce(sum(n_queued + n_retry_wait + n_sending), 0) FROM campaign"
    "  WHERE status = 'active')";

static const char SQL_TODAY[] =
    "SELECT (SELECT count(*) FROM delivery WHERE accepted_at >= :day),"
    " (SELECT count(*) FROM delivery WHERE accepted_at >= :before AND accepted_at < :before_end),"
    " (SELECT count(*) FROM delivery WHERE replied_at >= :day AND accepted_at >= :day),"
    " (SELECT count(*) FROM delivery WHERE opted_out_at >= :day AND accepted_at >= :day),"
    " (SELECT count(*) FROM conversation WHERE last_message_at >= :day"
    "  AND outcome IN (SELECT value FROM json_each(:booking)))";

static const char SQL_TOTALS[] = "SELECT coalesce(sum(contacted), 0), coalesce(sum(responded), 0),"
                                 " coalesce(sum(opted_out), 0) FROM campaign";

static const char SQL_SENTIMENT[] = "SELECT coalesce(sum(sentiment = 'positive'), 0), "
                                    "coalesce(sum(sentiment IN ('neutral', 'mixed')), 0),"
                                    " coalesce(sum(sentiment = 'negative'), 0), count(*)"
                                    " FROM conversation WHERE last_message_at >= :since";

static const char SQL_CONTACTED_BY_HOUR[] =
    "SELECT (accepted_at - :since) / 3600, count(*) FROM delivery"
    " WHERE accepted_at >= :since AND accepted_at < :until GROUP BY 1";
static const char SQL_REPLIES_BY_HOUR[] =
    "SELECT (at - :since) / 3600, count(*) FROM message"
    " WHERE direction = 'inbound' AND at >= :since AND at < :until GROUP BY 1";
static const char SQL_OPTED_OUT_BY_HOUR[] =
    "SELECT (opted_out_at - :since) / 3600, count(*) FROM delivery"
    " WHERE opted_out_at >= :since AND opted_out_at < :until GROUP BY 1";
static const char SQL_BOOKING_BY_HOUR[] =
    "SELECT (last_message_at - :since) / 3600, count(*) FROM conversation"
    " WHERE last_message_at >= :since AND last_message_at < :until"
    " AND outcome IN (SELECT value FROM json_each(:booking)) GROUP BY 1";

static const char SQL_SENT_BY_MINUTE[] =
    "SELECT (accepted_at - :since) / 60, count(*) FROM delivery"
    " WHERE accepted_at >= :since AND accepted_at < :until GROUP BY 1";
static const char SQL_NEXT_RETRY[] =
    "SELECT coalesce(min(next_attempt_at_ms), 0) FROM delivery WHERE state = 'retry_wait'";
static const char SQL_EVENTS[] = "SELECT id, at, coalesce(campaign_id, 0), level, text"
                                 " FROM engine_event ORDER BY id DESC LIMIT 5";

static const char SQL_VARIANTS[] =
    "SELECT v.name, v.text, v.planned, count(d.id),"
    " coalesce(sum(d.state IN ('accepted', 'sent', 'delivered', 'undelivered')), 0),"
    " coalesce(sum(d.state IN ('accepted', 'sent', 'delivered', 'undelivered')"
    "     AND d.replied_at IS NOT NULL), 0),"
    " coalesce(sum(d.opted_out_at IS NOT NULL), 0)"
    " FROM variant v LEFT JOIN delivery d ON d.campaign_id = v.campaign_id AND d.step = 0"
    "  AND d.variant = v.idx"
    " WHERE v.campaign_id = :campaign GROUP BY v.idx ORDER BY v.idx";

static const char SQL_TIMELINE[] =
    "SELECT at, actor, action, detail FROM ("
    " SELECT at, actor, action, detail, id FROM audit WHERE subject = :subject"
    " UNION ALL"
    " SELECT at, 'engine', level, text, id FROM engine_event WHERE campaign_id = :campaign)"
    " ORDER BY at DESC, id DESC LIMIT :limit";

static bool
load_stop(struct db *db, struct report_status *out, struct error *err)
{
    char *by = NULL;
    char *why = NULL;
    bool ok = setting_get_text(db, "unconfirmed", &why, err) &&
              setting_get_i64(db, "stopped_at", 0, &out->stopped_at_s, err) &&
              setting_get_text(db, "stopped_by", &by, err) &&
              setting_get_i64(db, "relay_contact_at", 0, &out->relay_contact_s, err);

    out->stopped = out->stopped_at_s != 0;
    if (by)
        (void)text_copy(out->stopped_by, sizeof out->stopped_by, by);
    if (why)
        (void)text_copy(out->unconfirmed, sizeof out->unconfirmed, why);
    free(why);
    free(by);
    return ok;
}

bool
report_status_load(struct db *db, struct report_status *out, struct error *err)
{
    struct report_status s = {0};
    struct replica_state replica = {0};
    struct db_stmt *st = NULL;
    bool ok = false;

    if (!db_data_version(db, &s.version, err) || !replica_state_load(db, &replica, err) ||
        !load_stop(db, &s, err))
        goto out;
    s.replica_synced_s = replica.synced ? replica.synced_at_s : 0;
    s.replica_customers = replica.customers;
    (void)text_copy(s.replica_error, sizeof s.replica_error, replica.last_error);
    st = db_prepare(db, SQL_STATUS, err);
    if (!st || !db_step_one(st, err))
        goto out;
    s.unread = db_column_i64(st, 0);
    s.in_doubt = db_column_i64(st, 1);
    s.needs_review = db_column_i64(st, 2);
    s.waiting = db_column_i64(st, 3);
    *out = s;
    ok = true;
out:
    db_stmt_release(st);
    return ok || error_wrap(err, "status");
}

/* The configured outcomes as a JSON list, for json_each. */
static char *
booking_list(const struct config *config)
{
    json_t *list = json_array();
    char *text;

    for (size_t i = 0; i < config->segments.booking_intent_outcomes.count; i++)
        (void)json_array_append_new(list,
                                    json_string(config->segments.booking_intent_outcomes.items[i]));
    text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

/* Rows of (bucket, count) into values[]. :booking is bound where the statement has it. */
static bool
load_buckets(struct db *db, const char *sql, int64_t since_s, int64_t until_s, const char *booking,
             int64_t *values, int64_t count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    bool row = false;
    bool ok;

    if (!st)
        return false;
    db_bind_i64(st, ":since", since_s);
    db_bind_i64(st, ":until", until_s);
    if (booking)
        db_bind_text(st, ":booking", booking);
    while ((ok = db_step(st, &row, err)) && row) {
        int64_t i = db_column_i64(st, 0);
        if (i >= 0 && i < count)
            values[i] = db_column_i64(st, 1);
    }
    db_stmt_release(st);
    return ok;
}

static bool
load_today(struct db *db, const char *booking, int64_t now_s, int64_t day_start_s,
           struct report_overview *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_TODAY, err);
    bool ok = false;

    if (!st)
        return false;
    db_bind_i64(st, ":day", day_start_s);
    db_bind_i64(st, ":before", day_start_s - DAY_S);
    db_bind_i64(st, ":before_end", now_s - DAY_S);
    db_bind_text(st, ":booking", booking);
    if (db_step_one(st, err)) {
        out->contacted_today = db_column_i64(st, 0);
        out->contacted_before = db_column_i64(st, 1);
        out->responded_today = db_column_i64(st, 2);
        out->opted_out_today = db_column_i64(st, 3);
        out->booking = db_column_i64(st, 4);
        ok = true;
    }
    db_stmt_release(st);
    return ok;
}

static bool
load_totals(struct db *db, int64_t since_s, struct report_overview *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_TOTALS, err);
    bool ok = st && db_step_one(st, err);

    if (ok) {
        out->contacted = db_column_i64(st, 0);
        out->responded = db_column_i64(st, 1);
        out->opted_out = db_column_i64(st, 2);
    }
    db_stmt_release(st);
    if (!ok)
        return false;
    st = db_prepare(db, SQL_SENTIMENT, err);
    if (st)
        db_bind_i64(st, ":since", since_s);
    ok = st && db_step_one(st, err);
    if (ok) {
        out->positive = db_column_i64(st, 0);
        out->neutral = db_column_i64(st, 1);
        out->negative = db_column_i64(st, 2);
        out->conversations = db_column_i64(st, 3);
    }
    db_stmt_release(st);
    return ok;
}

bool
report_overview_load(struct db *db, const struct config *config, int64_t now_s, int64_t day_start_s,
                     struct report_overview *out, struct error *err)
{
    struct report_overview o = {0};
    int64_t until = now_s - now_s % 3600 + 3600;
    int64_t since = until - REPORT_HOURS * HOUR_S;
    char *booking = booking_list(config);
    bool ok = load_today(db, booking, now_s, day_start_s, &o, err) &&
              load_totals(db, since, &o, err) &&
              load_buckets(db, SQL_CONTACTED_BY_HOUR, since, until, NULL, o.contacted_by_hour,
                           REPORT_HOURS, err) &&
              load_buckets(db, SQL_REPLIES_BY_HOUR, since, until, NULL, o.replies_by_hour,
                           REPORT_HOURS, err) &&
              load_buckets(db, SQL_OPTED_OUT_BY_HOUR, since, until, NULL, o.opted_out_by_hour,
                           REPORT_HOURS, err) &&
              load_buckets(db, SQL_BOOKING_BY_HOUR, since, until, booking, o.booking_by_hour,
                           REPORT_HOURS, err);

    free(booking);
    if (ok)
        *out = o;
    return ok || error_wrap(err, "overview");
}

static bool
load_events(struct db *db, struct report_live *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_EVENTS, err);
    bool row = false;
    bool ok = false;

    if (!st)
        return false;
    while (out->event_count < ARRAY_LEN(out->events) && (ok = db_step(st, &row, err)) && row) {
        struct report_event *e = &out->events[out->event_count++];
        const char *text = db_column_text(st, 4);
        e->id = db_column_i64(st, 0);
        e->at_s = db_column_i64(st, 1);
        e->campaign_id = db_column_i64(st, 2);
        (void)text_copy(e->level, sizeof e->level, db_column_text(st, 3));
        (void)text_copy(e->text, sizeof e->text, text ? text : "");
    }
    db_stmt_release(st);
    return ok;
}

bool
report_live_load(struct db *db, int64_t now_s, struct report_live *out, struct error *err)
{
    struct report_live live = {0};
    int64_t until = now_s - now_s % 60 + 60;
    bool ok = load_buckets(db, SQL_SENT_BY_MINUTE, until - REPORT_MINUTES * INT64_C(60), until,
                           NULL, live.sent_by_minute, REPORT_MINUTES, err) &&
              db_query_i64(db, SQL_NEXT_RETRY, &live.next_retry_ms, err) &&
              load_events(db, &live, err);

    if (ok)
        *out = live;
    return ok || error_wrap(err, "live figures");
}

/* --- variants and the timeline */

bool
report_variants_load(struct db *db, int64_t campaign_id, struct report_variants *out,
                     struct error *err)
{
    struct report_variants found = {0};
    size_t capacity = 0;
    struct db_stmt *st = db_prepare(db, SQL_VARIANTS, err);
    bool row = false;
    bool ok = false;

    if (st)
        db_bind_i64(st, ":campaign", campaign_id);
    while (st && (ok = db_step(st, &row, err)) && row) {
        found.rows = mem_grow(found.rows, found.count, &capacity, sizeof *found.rows);
        found.rows[found.count++] = (struct report_variant){
            .name = db_column_dup(st, 0),
            .text = db_column_dup(st, 1),
            .planned = db_column_i64(st, 2),
            .targeted = db_column_i64(st, 3),
            .contacted = db_column_i64(st, 4),
            .responded = db_column_i64(st, 5),
            .opted_out = db_column_i64(st, 6),
        };
    }
    db_stmt_release(st);
    if (ok)
        *out = found;
    else
        report_variants_release(&found);
    return ok || error_wrap(err, "variants of campaign %" PRId64, campaign_id);
}

void
report_variants_release(struct report_variants *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->rows[i].name);
        free(v->rows[i].text);
    }
    free(v->rows);
    *v = (struct report_variants){0};
}

bool
report_timeline_load(struct db *db, int64_t campaign_id, size_t limit, struct report_entries *out,
                     struct error *err)
{
    struct report_entries found = {0};
    size_t capacity = 0;
    struct db_stmt *st = db_prepare(db, SQL_TIMELINE, err);
    char subject[48];
    bool row = false;
    bool ok = false;

    (void)snprintf(subject, sizeof subject, "campaign %" PRId64, campaign_id);
    if (st) {
        db_bind_text(st, ":subject", subject);
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_i64(st, ":limit", (int64_t)limit);
    }
    while (st && (ok = db_step(st, &row, err)) && row) {
        found.rows = mem_grow(found.rows, found.count, &capacity, sizeof *found.rows);
        found.rows[found.count++] = (struct report_entry){
            .at_s = db_column_i64(st, 0),
            .actor = db_column_dup(st, 1),
            .action = db_column_dup(st, 2),
            .detail = db_column_dup(st, 3),
        };
    }
    db_stmt_release(st);
    if (ok)
        *out = found;
    else
        report_entries_release(&found);
    return ok || error_wrap(err, "timeline of campaign %" PRId64, campaign_id);
}

void
report_entries_release(struct report_entries *e)
{
    for (size_t i = 0; i < e->count; i++) {
        free(e->rows[i].actor);
        free(e->rows[i].action);
        free(e->rows[i].detail);
    }
    free(e->rows);
    *e = (struct report_entries){0};
}
