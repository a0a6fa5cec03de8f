#include "core/store/recipient_store.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/campaign/render.h"

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
static const char SQL_RECENT_CAMPAIGNS[] =
    "SELECT id FROM main.campaign WHERE channel = :channel AND contacted > 0 "
    "AND (completed_at IS NULL OR completed_at >= :since) ORDER BY id";
/* By the unique key: recipients come in its order, so that the pages are read one after the other.
 */
static const char SQL_RECENT[] =
    "SELECT EXISTS (SELECT 1 FROM main.delivery WHERE campaign_id = :campaign AND step = 0 "
    "AND customer_id = :customer AND accepted_at >= :since)";

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
