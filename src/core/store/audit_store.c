#include "core/store/audit_store.h"

#include <stdlib.h>

#include "core/base/mem.h"

static const char SQL_LIST[] = "SELECT id, at, actor, action, subject, detail FROM main.audit "
                               "ORDER BY id DESC LIMIT :limit";

bool
audit_list_load(struct db *db, size_t limit, struct audit_entry **out, size_t *count,
                struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_LIST, err);
    struct audit_entry *list = NULL;
    size_t n = 0;
    size_t capacity = 0;
    bool row = false;
    bool ok = st != NULL;

    if (st)
        db_bind_i64(st, ":limit", (int64_t)limit);
    while (ok && (ok = db_step(st, &row, err)) && row) {
        list = mem_grow(list, n, &capacity, sizeof *list);
        list[n++] = (struct audit_entry){
            .id = db_column_i64(st, 0),
            .at_s = db_column_i64(st, 1),
            .actor = db_column_dup(st, 2),
            .action = db_column_dup(st, 3),
            .subject = db_column_dup(st, 4),
            .detail = db_column_dup(st, 5),
        };
    }
    db_stmt_release(st);
    if (!ok) {
        audit_list_release(list, n);
        return error_wrap(err, "read the audit");
    }
    *out = list;
    *count = n;
    return true;
}

void
audit_list_release(struct audit_entry *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].actor);
        free(list[i].action);
        free(list[i].subject);
        free(list[i].detail);
    }
    free(list);
}
