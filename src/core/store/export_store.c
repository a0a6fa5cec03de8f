#include "core/store/export_store.h"

#include "core/base/buf.h"

#define INBOUND "FROM main.message m WHERE m.conversation_id = cv.id AND m.direction = 'inbound'"
/* clang-format off */
const struct export_column export_columns[] = {
    {"delivery_id", EXPORT_NUMBER, 11, "d.id"},
    {"customer_id", EXPORT_TEXT, 12, "CAST(d.customer_id AS TEXT)"},
    {"name", EXPORT_TEXT, 24, "c.name"},
    {"channel", EXPORT_TEXT, 8, "d.channel"},
    {"address", EXPORT_TEXT, 16, "d.address"},
    {"step", EXPORT_NUMBER, 5, "d.step"},
    {"variant", EXPORT_TEXT, 10, "v.name"},
    {"state", EXPORT_TEXT, 11, "d.state"},
    {"reason", EXPORT_TEXT, 16, "d.reason"},
    {"attempts", EXPORT_NUMBER, 8, "d.attempts"},
    {"provider_id", EXPORT_TEXT, 36, "d.provider_id"},
    {"error_code", EXPORT_NUMBER, 10, "d.error_code"},
    {"error", EXPORT_TEXT, 30, "d.error"},
    {"accepted_at", EXPORT_TIME, 20, "d.accepted_at"},
    {"replied_at", EXPORT_TIME, 20, "d.replied_at"},
    {"opted_out_at", EXPORT_TIME, 20, "d.opted_out_at"},
    {"replies", EXPORT_NUMBER, 7, "(SELECT count(*) " INBOUND ")"},
    {"last_reply", EXPORT_TEXT, 40, "(SELECT m.text " INBOUND " ORDER BY m.at DESC, m.id DESC LIMIT 1)"},
    {"outcome", EXPORT_TEXT, 18, "cv.outcome"},
    {"sentiment", EXPORT_TEXT, 10, "cv.sentiment"},
    {"score", EXPORT_NUMBER, 6, "cv.score"},
    {"updated_at", EXPORT_TIME, 20, "d.updated_at"},
};
/* clang-format on */
const size_t export_column_count = ARRAY_LEN(export_columns);

static const char SQL_FROM[] =
    " FROM main.delivery d LEFT JOIN replica.customer c ON c.key = d.customer_id "
    "LEFT JOIN main.variant v ON v.campaign_id = d.campaign_id AND v.idx = d.variant "
    "LEFT JOIN main.conversation cv ON cv.id = (SELECT x.id FROM main.conversation x "
    "WHERE x.address = d.address AND x.channel = d.channel AND x.campaign_id = d.campaign_id "
    "ORDER BY x.last_message_at DESC, x.id DESC LIMIT 1) "
    "WHERE d.campaign_id = :campaign ORDER BY d.step, d.customer_id";

bool
export_store_each(struct db *db, int64_t campaign_id, bool (*each)(void *ctx, struct db_stmt *row),
                  void *ctx, struct error *err)
{
    struct buf sql = {0};
    struct db_stmt *st = NULL;
    bool row = false;
    bool ok;

    for (size_t i = 0; i < export_column_count; i++)
        buf_printf(&sql, "%s%s", i ? ", " : "SELECT ", export_columns[i].sql);
    buf_add_str(&sql, SQL_FROM);
    st = db_prepare(db, buf_str(&sql), err);
    ok = st != NULL;
    if (st)
        db_bind_i64(st, ":campaign", campaign_id);
    while (ok && (ok = db_step(st, &row, err)) && row && each(ctx, st))
        ;
    db_stmt_release(st);
    buf_release(&sql);
    return ok;
}
