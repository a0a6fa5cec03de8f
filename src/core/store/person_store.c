/* What a message can say of a person: one row of the replica. */
#include "core/campaign/render.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/store/customer_says.h"
#include "core/store/db_feed.h"

static const char SQL_VARS[] =
    "SELECT 0, " CUSTOMER_SAYS ", c.time_zone FROM replica.customer c WHERE c.key = :key";
static const char SQL_VARS_ALL[] =
    "SELECT f.c0, " CUSTOMER_SAYS ", c.time_zone "
    "FROM feed(:rows) f CROSS JOIN replica.customer c ON c.key = f.c1";

void
customer_vars_release(struct customer_vars *v)
{
    free(v->name);
    free(v->first_name);
    free(v->service);
    free(v->provider);
    free(v->time_zone);
    *v = (struct customer_vars){0};
}

static void
read_vars(struct db_stmt *st, struct customer_vars *out)
{
    out->there = true;
    out->name = db_column_dup(st, 1);
    render_first_name(out->name, &out->first_name);
    out->service = db_column_dup(st, 2);
    out->provider = db_column_dup(st, 3);
    out->has_last_visit = !db_column_is_null(st, 4);
    out->last_visit_s = db_column_i64(st, 4);
    out->time_zone = db_column_dup(st, 5);
}

bool
customer_vars_load(struct db *db, const struct key *customer, struct customer_vars *out,
                   struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_VARS, err);
    bool row = false;
    bool ok = false;

    *out = (struct customer_vars){0};
    if (!st)
        return false;
    db_bind_key(st, ":key", customer);
    ok = db_step(st, &row, err);
    if (ok && row)
        read_vars(st, out);
    else if (ok)
        ok = error_set(err, ERR_NOT_FOUND, "the customer is no longer in the main database");
    db_stmt_release(st);
    return ok;
}

bool
customer_vars_load_all(struct db *db, const struct key *const *customers, size_t count,
                       struct customer_vars *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_VARS_ALL, err);
    struct db_feed feed = {0};
    struct db_rows rows;
    bool row = false;
    bool ok = true;

    if (!st)
        return false;
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct customer_vars){0};
        db_feed_add_i64(&feed, (int64_t)i);
        if (customers[i]->is_text)
            db_feed_add_text(&feed, customers[i]->text);
        else
            db_feed_add_i64(&feed, customers[i]->number);
    }
    rows = db_feed_rows(&feed, 2);
    db_bind_rows(st, ":rows", &rows);
    while (ok && (ok = db_step(st, &row, err)) && row)
        read_vars(st, &out[db_column_i64(st, 0)]);
    db_stmt_release(st);
    db_feed_release(&feed);
    return ok;
}
