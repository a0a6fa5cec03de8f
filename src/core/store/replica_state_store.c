#include "core/store/replica_state_store.h"

#include "core/base/text.h"

bool
replica_state_load(struct db *db, struct replica_state *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db,
                                    "SELECT generation, synced_at, customers, last_error "
                                    "FROM replica.state WHERE id = 1",
                                    err);
    bool row = false;
    bool ok = st && db_step(st, &row, err);

    *out = (struct replica_state){0};
    if (ok && row) {
        const char *last_error = db_column_text(st, 3);

        out->generation = db_column_i64(st, 0);
        out->synced_at_s = db_column_i64(st, 1);
        out->customers = db_column_i64(st, 2);
        out->synced = out->generation > 0;
        (void)text_copy(out->last_error, sizeof out->last_error, last_error ? last_error : "");
    }
    db_stmt_release(st);
    return ok;
}
