#include "core/store/doubt_store.h"

#include <stdlib.h>

#include "core/base/mem.h"

static const char SQL_DOUBTS[] =
    "SELECT d.id, 0, d.campaign_id, d.customer_id, d.address, a.text, p.name, r.name, "
    "coalesce(d.claimed_at, 0) AS since, coalesce(a.lookups, 0), coalesce(a.next_lookup_at, 0), "
    "d.error, a.error "
    "FROM main.delivery d JOIN main.campaign p ON p.id = d.campaign_id "
    "LEFT JOIN main.attempt a ON a.delivery_id = d.id AND a.number = d.attempts "
    "LEFT JOIN replica.customer r ON r.key = d.customer_id WHERE d.state = 'in_doubt' "
    "UNION ALL "
    "SELECT m.id, 1, coalesce(c.campaign_id, 0), c.customer_id, m.address, m.text, p.name, r.name, "
    "coalesce(m.claimed_at, 0), coalesce(a.lookups, 0), coalesce(a.next_lookup_at, 0), m.error, "
    "a.error "
    "FROM main.message m JOIN main.conversation c ON c.id = m.conversation_id "
    "LEFT JOIN main.campaign p ON p.id = c.campaign_id "
    "LEFT JOIN main.attempt a ON a.message_id = m.id AND a.number = m.attempts "
    "LEFT JOIN replica.customer r ON r.key = c.customer_id WHERE m.state = 'in_doubt' "
    "ORDER BY since, 2, 1";

bool
doubt_rows_load(struct db *db, struct doubt_row **out, size_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_DOUBTS, err);
    struct doubt_row *rows = NULL;
    size_t n = 0;
    size_t capacity = 0;
    bool row = false;
    bool ok = st != NULL;

    while (ok && (ok = db_step(st, &row, err)) && row) {
        struct doubt_row *r;

        rows = mem_grow(rows, n, &capacity, sizeof *rows);
        r = &rows[n++];
        *r = (struct doubt_row){
            .unit = {db_column_i64(st, 1) ? UNIT_MESSAGE : UNIT_DELIVERY, db_column_i64(st, 0)},
            .campaign_id = db_column_i64(st, 2),
            .has_customer = !db_column_is_null(st, 3),
            .address = db_column_dup(st, 4),
            .text = db_column_dup(st, 5),
            .campaign_name = db_column_dup(st, 6),
            .name = db_column_dup(st, 7),
            .claimed_at_s = db_column_i64(st, 8),
            .lookups = db_column_i64(st, 9),
            .next_lookup_at_s = db_column_i64(st, 10),
            .error = db_column_dup(st, 11),
            .list_error = db_column_dup(st, 12),
        };
        if (r->has_customer)
            r->customer = db_column_key(st, 3);
    }
    db_stmt_release(st);
    if (!ok) {
        doubt_rows_release(rows, n);
        return error_wrap(err, "see what is in doubt");
    }
    *out = rows;
    *count = n;
    return true;
}

void
doubt_rows_release(struct doubt_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        key_release(&rows[i].customer);
        free(rows[i].address);
        free(rows[i].text);
        free(rows[i].campaign_name);
        free(rows[i].name);
        free(rows[i].error);
        free(rows[i].list_error);
    }
    free(rows);
}
