/* Recipients of a campaign, a window at a time, and the calls made for one (core/report/report.h).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/report/report.h"

/*
 * In the order of the unique index (campaign, step, customer), so that a window of a million needs
 * no sort. One statement for all filters: an empty filter is always true.
 */
static const char SQL_ROWS[] =
    "SELECT d.id, d.customer_id, c.name, d.address, d.state, d.reason, d.error, d.provider_id,"
    " v.name, d.step, d.attempts, coalesce(d.error_code, 0), d.updated_at, d.next_attempt_at_ms,"
    " d.replied_at IS NOT NULL, d.opted_out_at IS NOT NULL"
    " FROM delivery d LEFT JOIN replica.customer c ON c.key = d.customer_id"
    " LEFT JOIN variant v ON v.campaign_id = d.campaign_id AND v.idx = d.variant"
    " WHERE d.campaign_id = :campaign"
    " AND (:state IS NULL OR d.state = :state OR (:state = 'replied' AND d.replied_at IS NOT NULL)"
    "      OR (:state = 'opted_out' AND d.opted_out_at IS NOT NULL))"
    " AND (:text IS NULL OR text_has(c.name, :text) OR text_has(d.address, :text))"
    " ORDER BY d.step, d.customer_id LIMIT :limit OFFSET :offset";

static const char SQL_COUNT[] =
    "SELECT count(*) FROM delivery d LEFT JOIN replica.customer c ON c.key = d.customer_id"
    " WHERE d.campaign_id = :campaign"
    " AND (:state IS NULL OR d.state = :state OR (:state = 'replied' AND d.replied_at IS NOT NULL)"
    "      OR (:state = 'opted_out' AND d.opted_out_at IS NOT NULL))"
    " AND (text_has(c.name, :text) OR text_has(d.address, :text))";

/* Without a text the campaign's own counters know the answer. */
static const char SQL_COUNTER[] =
    "SELECT CASE WHEN :state IS NULL THEN targeted WHEN :state = 'queued' THEN n_queued"
    " WHEN :state = 'sending' THEN n_sending WHEN :state = 'retry_wait' THEN n_retry_wait"
    " WHEN :state = 'accepted' THEN n_accepted WHEN :state = 'sent' THEN n_sent"
    " WHEN :state = 'delivered' THEN n_delivered WHEN :state = 'undelivered' THEN n_undelivered"
    " WHEN :state = 'failed' THEN n_failed WHEN :state = 'in_doubt' THEN n_in_doubt"
    " WHEN :state = 'skipped' THEN n_skipped WHEN :state = 'replied' THEN responded"
    " WHEN :state = 'opted_out' THEN opted_out ELSE 0 END FROM campaign WHERE id = :campaign";

static const char SQL_ATTEMPTS[] =
    "SELECT number, claimed_at, coalesce(finished_at, 0), coalesce(http_status, 0),"
    " coalesce(error_code, 0), segments, outcome, provider_id, error, settled_by, text"
    " FROM attempt WHERE delivery_id = :delivery ORDER BY id";

static void
bind_filter(struct db_stmt *st, const struct report_recipients_filter *f, const char *needle)
{
    db_bind_i64(st, ":campaign", f->campaign_id);
    db_bind_text(st, ":state", f->state);
    if (needle)
        db_bind_text(st, ":text", needle);
}

static bool
load_total(struct db *db, const struct report_recipients_filter *f, const char *needle,
           int64_t *total, struct error *err)
{
    struct db_stmt *st = db_prepare(db, needle ? SQL_COUNT : SQL_COUNTER, err);
    bool ok = false;

    if (!st)
        return false;
    bind_filter(st, f, needle);
    if (db_step_one(st, err)) {
        *total = db_column_i64(st, 0);
        ok = true;
    }
    db_stmt_release(st);
    return ok;
}

static void
read_row(struct db_stmt *st, struct report_recipient *r)
{
    *r = (struct report_recipient){
        .id = db_column_i64(st, 0),
        .customer = db_column_key(st, 1),
        .name = db_column_dup(st, 2),
        .address = db_column_dup(st, 3),
        .state = db_column_dup(st, 4),
        .reason = db_column_dup(st, 5),
        .error = db_column_dup(st, 6),
        .provider_id = db_column_dup(st, 7),
        .variant = db_column_dup(st, 8),
        .step = db_column_i64(st, 9),
        .attempts = db_column_i64(st, 10),
        .error_code = db_column_i64(st, 11),
        .updated_at_s = db_column_i64(st, 12),
        .next_attempt_ms = db_column_i64(st, 13),
        .replied = db_column_i64(st, 14) != 0,
        .opted_out = db_column_i64(st, 15) != 0,
    };
}

bool
report_recipients_load(struct db *db, const struct report_recipients_filter *filter,
                       struct report_recipients *out, struct error *err)
{
    struct report_recipients found = {.offset = filter->offset};
    struct buf needle = {0};
    const char *text = NULL;
    size_t capacity = 0;
    struct db_stmt *st = NULL;
    bool row = false;
    bool ok = false;

    if (!text_is_blank(filter->text)) {
        text_lower(&needle, filter->text, strlen(filter->text));
        text = buf_str(&needle);
    }
    if (!load_total(db, filter, text, &found.total, err))
        goto out;
    st = db_prepare(db, SQL_ROWS, err);
    if (!st)
        goto out;
    bind_filter(st, filter, NULL);
    db_bind_text(st, ":text", text);
    db_bind_i64(st, ":limit", (int64_t)filter->limit);
    db_bind_i64(st, ":offset", filter->offset);
    while ((ok = db_step(st, &row, err)) && row) {
        found.rows = mem_grow(found.rows, found.count, &capacity, sizeof *found.rows);
        read_row(st, &found.rows[found.count++]);
    }
out:
    db_stmt_release(st);
    buf_release(&needle);
    if (ok)
        *out = found;
    else
        report_recipients_release(&found);
    return ok || error_wrap(err, "recipients of campaign %" PRId64, filter->campaign_id);
}

void
report_recipients_release(struct report_recipients *r)
{
    for (size_t i = 0; i < r->count; i++) {
        struct report_recipient *row = &r->rows[i];
        key_release(&row->customer);
        free(row->name);
        free(row->address);
        free(row->state);
        free(row->reason);
        free(row->error);
        free(row->provider_id);
        free(row->variant);
    }
    free(r->rows);
    *r = (struct report_recipients){0};
}

bool
report_attempts_load(struct db *db, int64_t delivery_id, struct report_attempts *out,
                     struct error *err)
{
    struct report_attempts found = {0};
    size_t capacity = 0;
    struct db_stmt *st = db_prepare(db, SQL_ATTEMPTS, err);
    bool row = false;
    bool ok = false;

    if (st)
        db_bind_i64(st, ":delivery", delivery_id);
    while (st && (ok = db_step(st, &row, err)) && row) {
        found.rows = mem_grow(found.rows, found.count, &capacity, sizeof *found.rows);
        found.rows[found.count++] = (struct report_attempt){
            .number = db_column_i64(st, 0),
            .claimed_at_s = db_column_i64(st, 1),
            .finished_at_s = db_column_i64(st, 2),
            .http_status = db_column_i64(st, 3),
            .error_code = db_column_i64(st, 4),
            .segments = db_column_i64(st, 5),
            .outcome = db_column_dup(st, 6),
            .provider_id = db_column_dup(st, 7),
            .error = db_column_dup(st, 8),
            .settled_by = db_column_dup(st, 9),
            .text = db_column_dup(st, 10),
        };
    }
    db_stmt_release(st);
    if (ok)
        *out = found;
    else
        report_attempts_release(&found);
    return ok || error_wrap(err, "attempts");
}

void
report_attempts_release(struct report_attempts *a)
{
    for (size_t i = 0; i < a->count; i++) {
        struct report_attempt *row = &a->rows[i];
        free(row->outcome);
        free(row->provider_id);
        free(row->error);
        free(row->settled_by);
        free(row->text);
    }
    free(a->rows);
    *a = (struct report_attempts){0};
}
