/* What a message can say of a person: one row of the replica. */
#include "core/campaign/render.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/text.h"

static const char SQL_VARS[] =
    "SELECT name, coalesce(last_visit_service, last_appointment_service), "
    "last_appointment_provider, last_visit FROM replica.customer WHERE key = :key";

void
customer_vars_release(struct customer_vars *v)
{
    free(v->name);
    free(v->first_name);
    free(v->service);
    free(v->provider);
    *v = (struct customer_vars){0};
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
        goto out;
    db_bind_key(st, ":key", customer);
    if (!db_step(st, &row, err))
        goto out;
    if (!row) {
        error_set(err, ERR_NOT_FOUND, "the customer is no longer in the main database");
        goto out;
    }
    out->name = db_column_dup(st, 0);
    render_first_name(out->name, &out->first_name);
    out->service = db_column_dup(st, 1);
    out->provider = db_column_dup(st, 2);
    out->has_last_visit = !db_column_is_null(st, 3);
    out->last_visit_s = db_column_i64(st, 3);
    ok = true;
out:
    db_stmt_release(st);
    return ok;
}
