/* Recipients and figures of a campaign, for screens and the command line. */
#include "core/store/recipient_store.h"

#include <stdlib.h>

#include "core/base/mem.h"

#define RECIPIENT_COLUMNS                                                                          \
    "d.id, d.customer_id, d.step, d.state, d.attempts, coalesce(d.error_code, 0), d.updated_at, "  \
    "d.next_attempt_at_ms, coalesce(d.accepted_at, 0), coalesce(d.replied_at, 0), d.channel, "     \
    "d.address, v.name, d.reason, d.provider_id, d.error, "
#define RECIPIENT_FROM                                                                             \
    " FROM main.delivery d "                                                                       \
    "LEFT JOIN main.variant v ON v.campaign_id = d.campaign_id AND v.idx = d.variant "
#define RECIPIENT_WHERE                                                                            \
    "WHERE d.campaign_id = :campaign AND (:state IS NULL OR d.state = :state) "                    \
    "ORDER BY d.id LIMIT :limit OFFSET :offset"

static const char SQL_RECIPIENTS[] =
    "SELECT " RECIPIENT_COLUMNS "NULL" RECIPIENT_FROM RECIPIENT_WHERE;
static const char SQL_RECIPIENTS_NAMED[] =
    "SELECT " RECIPIENT_COLUMNS "r.name" RECIPIENT_FROM
    "LEFT JOIN replica.customer r ON r.key = d.customer_id " RECIPIENT_WHERE;
static const char SQL_VARIANTS[] =
    "SELECT v.name, v.text, v.weight, v.planned, "
    "  coalesce(sum(d.state IN ('accepted', 'sent', 'delivered', 'undelivered')), 0), "
    "  coalesce(sum(d.state IN ('accepted', 'sent', 'delivered', 'undelivered') "
    "               AND d.replied_at IS NOT NULL), 0), "
    "  coalesce(sum(d.opted_out_at IS NOT NULL), 0) "
    "FROM main.variant v LEFT JOIN main.delivery d "
    "  ON d.campaign_id = v.campaign_id AND d.variant = v.idx "
    "WHERE v.campaign_id = :campaign GROUP BY v.idx ORDER BY v.idx";
static const char SQL_PLANNED[] = "SELECT name, text, weight, planned, 0, 0, 0 FROM main.variant "
                                  "WHERE campaign_id = :campaign ORDER BY idx";
static const char SQL_OUTCOMES[] =
    "SELECT outcome, count(*) FROM main.conversation WHERE campaign_id = :campaign "
    "AND outcome IS NOT NULL GROUP BY outcome ORDER BY count(*) DESC, outcome";
static const char SQL_SENTIMENTS[] =
    "SELECT sentiment, count(*) FROM main.conversation WHERE campaign_id = :campaign "
    "AND sentiment IS NOT NULL GROUP BY sentiment ORDER BY count(*) DESC, sentiment";
static const char SQL_CONVERSATIONS[] =
    "SELECT count(*) FROM main.conversation WHERE campaign_id = :campaign";

static bool
read_recipient(struct db_stmt *st, struct recipient *r, struct error *err)
{
    *r = (struct recipient){
        .id = db_column_i64(st, 0),
        .customer = db_column_key(st, 1),
        .step = db_column_i64(st, 2),
        .attempts = db_column_i64(st, 4),
        .error_code = db_column_i64(st, 5),
        .updated_at = db_column_i64(st, 6),
        .next_attempt_at_ms = db_column_i64(st, 7),
        .accepted_at = db_column_i64(st, 8),
        .replied_at = db_column_i64(st, 9),
        .channel = db_column_text(st, 10),
        .address = db_column_text(st, 11),
        .variant = db_column_text(st, 12),
        .reason = db_column_text(st, 13),
        .provider_id = db_column_text(st, 14),
        .error = db_column_text(st, 15),
        .name = db_column_text(st, 16),
    };
    return delivery_state_parse(db_column_text(st, 3), &r->state) ||
           error_set(err, ERR_INTERNAL, "a delivery has a state unknown here");
}

bool
recipient_each(struct db *db, const struct recipient_filter *filter,
               bool (*each)(void *ctx, const struct recipient *r), void *ctx, struct error *err)
{
    struct db_stmt *st =
        db_prepare(db, filter->with_names ? SQL_RECIPIENTS_NAMED : SQL_RECIPIENTS, err);
    bool ok = st != NULL;
    bool more = ok;

    if (st) {
        db_bind_i64(st, ":campaign", filter->campaign_id);
        db_bind_text(st, ":state", filter->state ? delivery_state_name(*filter->state) : NULL);
        db_bind_i64(st, ":limit", filter->limit ? (int64_t)filter->limit : -1);
        db_bind_i64(st, ":offset", (int64_t)filter->offset);
    }
    while (more) {
        struct recipient r;
        bool row;

        ok = db_step(st, &row, err);
        more = ok && row;
        if (!more)
            break;
        ok = read_recipient(st, &r, err);
        more = ok && each(ctx, &r);
        key_release(&r.customer);
    }
    db_stmt_release(st);
    return ok;
}

static bool
load_variants(struct db *db, const char *sql, int64_t campaign_id, struct campaign_stats *out,
              struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    size_t capacity = 0;
    bool ok = st != NULL;
    bool row = ok;

    if (st)
        db_bind_i64(st, ":campaign", campaign_id);
    while (row) {
        ok = db_step(st, &row, err);
        if (!ok || !row)
            break;
        out->variants =
            mem_grow(out->variants, out->variant_count, &capacity, sizeof *out->variants);
        out->variants[out->variant_count++] = (struct campaign_variant_stats){
            .name = db_column_dup(st, 0),
            .text = db_column_dup(st, 1),
            .weight = db_column_double(st, 2),
            .planned = db_column_i64(st, 3),
            .contacted = db_column_i64(st, 4),
            .responded = db_column_i64(st, 5),
            .opted_out = db_column_i64(st, 6),
        };
    }
    db_stmt_release(st);
    return ok;
}

static bool
load_words(struct db *db, const char *sql, int64_t campaign_id, struct campaign_word_count **out,
           size_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    size_t capacity = 0;
    bool ok = st != NULL;
    bool row = ok;

    if (st)
        db_bind_i64(st, ":campaign", campaign_id);
    while (row) {
        ok = db_step(st, &row, err);
        if (!ok || !row)
            break;
        *out = mem_grow(*out, *count, &capacity, sizeof **out);
        (*out)[(*count)++] =
            (struct campaign_word_count){db_column_dup(st, 0), db_column_i64(st, 1)};
    }
    db_stmt_release(st);
    return ok;
}

bool
campaign_stats_load(struct db *db, int64_t campaign_id, struct campaign_stats *out,
                    struct error *err)
{
    struct campaign_stats s = {0};

    if (load_variants(db, SQL_VARIANTS, campaign_id, &s, err) &&
        load_words(db, SQL_OUTCOMES, campaign_id, &s.outcomes, &s.outcome_count, err) &&
        load_words(db, SQL_SENTIMENTS, campaign_id, &s.sentiments, &s.sentiment_count, err) &&
        db_query_i64_of(db, SQL_CONVERSATIONS, ":campaign", campaign_id, &s.conversations, err)) {
        *out = s;
        return true;
    }
    campaign_stats_release(&s);
    return false;
}

bool
campaign_planned_load(struct db *db, int64_t campaign_id, struct campaign_stats *out,
                      struct error *err)
{
    *out = (struct campaign_stats){0};
    if (load_variants(db, SQL_PLANNED, campaign_id, out, err))
        return true;
    campaign_stats_release(out);
    return false;
}

void
campaign_stats_release(struct campaign_stats *s)
{
    for (size_t i = 0; i < s->variant_count; i++) {
        free(s->variants[i].name);
        free(s->variants[i].text);
    }
    for (size_t i = 0; i < s->outcome_count; i++)
        free(s->outcomes[i].word);
    for (size_t i = 0; i < s->sentiment_count; i++)
        free(s->sentiments[i].word);
    free(s->variants);
    free(s->outcomes);
    free(s->sentiments);
    *s = (struct campaign_stats){0};
}
