#include "core/store/segment_store.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

static const char SQL_SAVE[] =
    "INSERT INTO main.saved_segment (name, criteria, created_at, updated_at) "
    "VALUES (:name, :criteria, :now, :now) ON CONFLICT (name) DO UPDATE "
    "SET criteria = excluded.criteria, updated_at = excluded.updated_at";
static const char SQL_LOAD[] = "SELECT criteria FROM main.saved_segment WHERE name = :name";
static const char SQL_DELETE[] = "DELETE FROM main.saved_segment WHERE name = :name";
static const char SQL_RENAME[] = "UPDATE main.saved_segment SET name = :to WHERE name = :name";
static const char SQL_RENAME_IN_DRAFTS[] =
    "UPDATE main.campaign SET spec = json_set(spec, '$.segment.saved', :to) "
    "WHERE status = 'draft' AND spec ->> '$.segment.saved' = :name";
static const char SQL_LIST[] =
    "SELECT name, criteria, updated_at FROM main.saved_segment ORDER BY name";

static bool
no_such(const char *name, struct error *err)
{
    return error_set(err, ERR_NOT_FOUND,
                     "no saved segment is called \"%.100s\"; `canvass segment list` shows them",
                     name);
}

bool
segment_store_save(struct db *ledger, const char *name, const char *criteria, int64_t now_s,
                   struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_SAVE, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":name", name);
        db_bind_text(st, ":criteria", criteria);
        db_bind_i64(st, ":now", now_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "save the segment");
}

bool
segment_store_load(struct db *db, const char *name, char **criteria, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_LOAD, err);
    bool row = false;
    bool ok = false;

    *criteria = NULL;
    if (st) {
        db_bind_text(st, ":name", name);
        ok = db_step(st, &row, err);
    }
    if (ok && row)
        *criteria = db_column_dup(st, 0);
    db_stmt_release(st);
    return ok && (row || no_such(name, err));
}

static bool
run_rename(struct db *ledger, const char *sql, const char *name, const char *to, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, sql, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":name", name);
        db_bind_text(st, ":to", to);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

/* There is none called `to`, or it is the very one. */
static bool
is_free(struct db *ledger, const char *name, const char *to, struct error *err)
{
    struct error none = {0};
    char *criteria = NULL;

    if (strcmp(name, to) == 0)
        return true;
    if (segment_store_load(ledger, to, &criteria, &none)) {
        free(criteria);
        return error_set(err, ERR_CONFLICT, "a saved segment is called \"%.100s\" already", to);
    }
    if (none.code == ERR_NOT_FOUND)
        return true;
    *err = none;
    return false;
}

bool
segment_store_rename(struct db *ledger, const char *name, const char *to, struct error *err)
{
    bool ok = false;

    if (!db_begin(ledger, err))
        return false;
    ok = is_free(ledger, name, to, err) && run_rename(ledger, SQL_RENAME, name, to, err) &&
         (db_changes(ledger) == 1 || no_such(name, err)) &&
         run_rename(ledger, SQL_RENAME_IN_DRAFTS, name, to, err) && db_commit(ledger, err);
    if (!ok)
        db_rollback(ledger);
    return ok;
}

bool
segment_store_delete(struct db *ledger, const char *name, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_DELETE, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":name", name);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok && (db_changes(ledger) == 1 || no_such(name, err));
}

bool
segment_store_list(struct db *db, struct segment_row **out, size_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_LIST, err);
    size_t capacity = 0;
    bool row = true;
    bool ok = st != NULL;

    *out = NULL;
    *count = 0;
    while (ok && row) {
        ok = db_step(st, &row, err);
        if (ok && row) {
            *out = mem_grow(*out, *count, &capacity, sizeof **out);
            (*out)[(*count)++] = (struct segment_row){
                .name = db_column_dup(st, 0),
                .criteria = db_column_dup(st, 1),
                .updated_at_s = db_column_i64(st, 2),
            };
        }
    }
    db_stmt_release(st);
    if (ok)
        return true;
    segment_store_list_release(*out, *count);
    *out = NULL;
    *count = 0;
    return error_wrap(err, "list the saved segments");
}

void
segment_store_list_release(struct segment_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(rows[i].name);
        free(rows[i].criteria);
    }
    free(rows);
}
