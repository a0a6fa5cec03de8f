/* Which keys are here and not there, by ranges and by sets (replica_store.h). */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/store/replica_store.h"

#define APPOINTMENT_KEYS                                                                           \
    "(SELECT key FROM replica.appointment UNION ALL SELECT key FROM replica.orphan"                \
    " WHERE table_name = 'appointments')"
#define CONVERSATION_KEYS                                                                          \
    "(SELECT key FROM replica.conversation UNION ALL SELECT key FROM replica.orphan"               \
    " WHERE table_name = 'conversations')"

static const char *const SQL_COUNTS[] = {
    [MAIN_CUSTOMERS] = "SELECT count(*) FROM replica.customer",
    [MAIN_APPOINTMENTS] = "SELECT (SELECT count(*) FROM replica.appointment) + "
                          "(SELECT count(*) FROM replica.orphan WHERE table_name = 'appointments')",
    [MAIN_CONVERSATIONS] =
        "SELECT (SELECT count(*) FROM replica.conversation) + "
        "(SELECT count(*) FROM replica.orphan WHERE table_name = 'conversations')",
    [MAIN_REQUESTS] = "SELECT count(*) FROM replica.request",
};
static const char *const SQL_ORDERED[] = {
    [MAIN_CUSTOMERS] = "SELECT key FROM replica.customer ORDER BY key",
    [MAIN_APPOINTMENTS] = "SELECT key FROM " APPOINTMENT_KEYS " ORDER BY key",
    [MAIN_CONVERSATIONS] = "SELECT key FROM " CONVERSATION_KEYS " ORDER BY key",
    [MAIN_REQUESTS] = "SELECT key FROM replica.request ORDER BY key",
};

/* Without a bound: below every number, and above every text. */
#define GONE_FROM(rows)                                                                            \
    "INSERT OR IGNORE INTO temp.gone SELECT :table, key FROM " rows                                \
    " WHERE key >= coalesce(:from, -9223372036854775808) AND key < coalesce(:until, x'') "         \
    "AND key NOT IN (SELECT key FROM temp.there)"
static const char *const SQL_GONE[] = {
    [MAIN_CUSTOMERS] = GONE_FROM("replica.customer"),
    [MAIN_APPOINTMENTS] = GONE_FROM(APPOINTMENT_KEYS),
    [MAIN_CONVERSATIONS] = GONE_FROM(CONVERSATION_KEYS),
    [MAIN_REQUESTS] = GONE_FROM("replica.request"),
};

#define ABSENT_FROM(rows)                                                                          \
    "INSERT OR IGNORE INTO temp.absent SELECT :table, t.key FROM temp.there t WHERE NOT EXISTS "   \
    "(SELECT 1 FROM replica." rows " r WHERE r.key = t.key) "
#define AND_NO_ORPHAN                                                                              \
    "AND NOT EXISTS (SELECT 1 FROM replica.orphan o "                                              \
    " WHERE o.table_name = :table AND o.key = t.key)"
static const char *const SQL_ABSENT[] = {
    [MAIN_CUSTOMERS] = ABSENT_FROM("customer"),
    [MAIN_APPOINTMENTS] = ABSENT_FROM("appointment") AND_NO_ORPHAN,
    [MAIN_CONVERSATIONS] = ABSENT_FROM("conversation") AND_NO_ORPHAN,
    [MAIN_REQUESTS] = ABSENT_FROM("request"),
};
_Static_assert(ARRAY_LEN(SQL_COUNTS) == MAIN_TABLE_COUNT &&
                   ARRAY_LEN(SQL_ORDERED) == MAIN_TABLE_COUNT &&
                   ARRAY_LEN(SQL_GONE) == MAIN_TABLE_COUNT &&
                   ARRAY_LEN(SQL_ABSENT) == MAIN_TABLE_COUNT,
               "a statement for every table");

bool
replica_key_count(struct replica_writer *w, enum main_table table, int64_t *out, struct error *err)
{
    return db_query_i64(w->db, SQL_COUNTS[table], out, err);
}

void
replica_ranges_release(struct replica_ranges *r)
{
    replica_keys_free(r->bounds, r->count);
    free(r->here);
    *r = (struct replica_ranges){0};
}

/* One range more, which begins at the key. */
static void
cut(struct replica_ranges *r, struct key key)
{
    r->bounds = mem_grow(r->bounds, r->count, &r->bound_capacity, sizeof *r->bounds);
    r->bounds[r->count++] = key;
    r->here = mem_grow(r->here, r->count, &r->here_capacity, sizeof *r->here);
    r->here[r->count] = 0;
}

bool
replica_ranges_make(struct replica_writer *w, enum main_table table, int64_t per_range,
                    size_t max_ranges, struct replica_ranges *out, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, SQL_ORDERED[table], err);
    int64_t total = 0;
    bool any_number = false;
    bool any_text = false;
    bool row = true;
    bool ok = st && replica_key_count(w, table, &total, err);

    *out = (struct replica_ranges){0};
    out->here = mem_grow(NULL, 0, &out->here_capacity, sizeof *out->here);
    out->here[0] = 0;
    if (total / (int64_t)max_ranges >= per_range)
        per_range = total / (int64_t)max_ranges + 1;
    while (ok && (ok = db_step(st, &row, err)) && row) {
        if (db_column_is_int(st, 0))
            any_number = true;
        else
            any_text = true;
        if (out->here[out->count] == per_range)
            cut(out, db_column_key(st, 0));
        out->here[out->count]++;
    }
    db_stmt_release(st);
    if (any_number && any_text) {
        replica_keys_free(out->bounds, out->count);
        out->bounds = NULL;
        out->count = out->bound_capacity = 0;
        out->here[0] = total;
    }
    return ok;
}

bool
replica_there_begin(struct replica_writer *w, struct error *err)
{
    return db_exec(w->db, "DELETE FROM temp.there", err);
}

bool
replica_there_add(struct replica_writer *w, const struct key *key, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, "INSERT OR IGNORE INTO temp.there VALUES (:key)", err);
    bool ok = false;

    if (st) {
        db_bind_key(st, ":key", key);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
replica_there_gone(struct replica_writer *w, enum main_table table, const struct key *from,
                   const struct key *until, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, SQL_GONE[table], err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":table", main_table_name(table));
        db_bind_key(st, ":from", from);
        db_bind_key(st, ":until", until);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

bool
replica_there_absent(struct replica_writer *w, enum main_table table, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, SQL_ABSENT[table], err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":table", main_table_name(table));
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}
