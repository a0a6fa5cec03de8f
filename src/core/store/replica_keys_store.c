/* What left the main database and what came unseen: comparing keys, and removing rows
 * (replica_store.h). */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/store/replica_store.h"

static const char *const SQL_KEYS[] = {
    [MAIN_CUSTOMERS] = "SELECT key FROM replica.customer ORDER BY key",
    [MAIN_APPOINTMENTS] =
        "SELECT key FROM replica.appointment UNION ALL "
        "SELECT key FROM replica.orphan WHERE table_name = 'appointments' ORDER BY key",
    [MAIN_CONVERSATIONS] =
        "SELECT key FROM replica.conversation UNION ALL "
        "SELECT key FROM replica.orphan WHERE table_name = 'conversations' ORDER BY key",
    [MAIN_REQUESTS] = "SELECT key FROM replica.request ORDER BY key",
};
_Static_assert(ARRAY_LEN(SQL_KEYS) == MAIN_TABLE_COUNT, "keys of every table");

#define DIGEST_OF(rows)                                                                            \
    "(SELECT count(*) FROM " rows "), "                                                            \
    "(SELECT coalesce(sum(key_hash(key)), 0) FROM " rows ")"
#define NO_ORPHANS "0, 0"
static const char *const SQL_DIGESTS[] = {
    [MAIN_CUSTOMERS] = "SELECT " DIGEST_OF("replica.customer") ", " NO_ORPHANS,
    [MAIN_APPOINTMENTS] = "SELECT " DIGEST_OF("replica.appointment") ", " DIGEST_OF(
        "replica.orphan WHERE table_name = 'appointments'"),
    [MAIN_CONVERSATIONS] = "SELECT " DIGEST_OF("replica.conversation") ", " DIGEST_OF(
        "replica.orphan WHERE table_name = 'conversations'"),
    [MAIN_REQUESTS] = "SELECT " DIGEST_OF("replica.request") ", " NO_ORPHANS,
};
_Static_assert(ARRAY_LEN(SQL_DIGESTS) == MAIN_TABLE_COUNT, "a digest of every table");

static const char SQL_GONE[] = "INSERT OR IGNORE INTO temp.gone VALUES (:table, :key)";
static const char SQL_ABSENT[] = "INSERT OR IGNORE INTO temp.absent VALUES (:table, :key)";

static const char SQL_CLAIMED[] = "SELECT o.key FROM temp.newcomer n JOIN replica.orphan o "
                                  "ON o.customer_key = n.key AND o.table_name = :table";
static const char *const SQL_LISTS[] = {
    [REPLICA_GONE] = "SELECT key FROM temp.gone WHERE table_name = :table",
    [REPLICA_ABSENT] = "SELECT key FROM temp.absent WHERE table_name = :table",
    [REPLICA_CLAIMED] = SQL_CLAIMED,
};

/* Each statement of a list runs with :key; what it names besides the key stands in the text. */
static const char *const SQL_REMOVE_CUSTOMER[] = {
    ("INSERT OR REPLACE INTO replica.orphan (table_name, key, customer_key) "
     "SELECT 'appointments', a.key, :key FROM replica.appointment a "
     "WHERE a.customer_id = (SELECT id FROM replica.customer WHERE key = :key)"),
    ("INSERT OR REPLACE INTO replica.orphan (table_name, key, customer_key) "
     "SELECT 'conversations', v.key, :key FROM replica.conversation v "
     "WHERE v.customer_id = (SELECT id FROM replica.customer WHERE key = :key)"),
    ("DELETE FROM replica.conversation_metadata WHERE conversation_key IN "
     "(SELECT v.key FROM replica.conversation v "
     " WHERE v.customer_id = (SELECT id FROM replica.customer WHERE key = :key))"),
    ("DELETE FROM replica.appointment "
     "WHERE customer_id = (SELECT id FROM replica.customer WHERE key = :key)"),
    ("DELETE FROM replica.conversation "
     "WHERE customer_id = (SELECT id FROM replica.customer WHERE key = :key)"),
    "DELETE FROM temp.newcomer WHERE key = :key",
    "INSERT OR IGNORE INTO temp.touched SELECT id FROM replica.customer WHERE key = :key",
    "DELETE FROM replica.customer WHERE key = :key",
    NULL,
};
static const char *const SQL_REMOVE_APPOINTMENT[] = {
    "DELETE FROM replica.orphan WHERE table_name = 'appointments' AND key = :key",
    ("INSERT OR IGNORE INTO temp.touched SELECT customer_id FROM replica.appointment "
     "WHERE key = :key"),
    "DELETE FROM replica.appointment WHERE key = :key",
    NULL,
};
static const char *const SQL_REMOVE_CONVERSATION[] = {
    "DELETE FROM replica.orphan WHERE table_name = 'conversations' AND key = :key",
    ("INSERT OR IGNORE INTO temp.touched SELECT customer_id FROM replica.conversation "
     "WHERE key = :key"),
    "DELETE FROM replica.conversation_metadata WHERE conversation_key = :key",
    "DELETE FROM replica.conversation WHERE key = :key",
    NULL,
};
static const char *const SQL_REMOVE_REQUEST[] = {
    ("INSERT OR IGNORE INTO temp.touched_conversation SELECT conversation_key FROM replica.request "
     "WHERE key = :key AND conversation_key IS NOT NULL"),
    "DELETE FROM replica.request WHERE key = :key",
    NULL,
};
static const char *const *const SQL_REMOVE[] = {
    [MAIN_CUSTOMERS] = SQL_REMOVE_CUSTOMER,
    [MAIN_APPOINTMENTS] = SQL_REMOVE_APPOINTMENT,
    [MAIN_CONVERSATIONS] = SQL_REMOVE_CONVERSATION,
    [MAIN_REQUESTS] = SQL_REMOVE_REQUEST,
};
_Static_assert(ARRAY_LEN(SQL_REMOVE) == MAIN_TABLE_COUNT, "how to remove from every table");

bool
replica_remove(struct replica_writer *w, enum main_table table, const struct key *key,
               struct error *err)
{
    const bool has_orphans = table == MAIN_APPOINTMENTS || table == MAIN_CONVERSATIONS;
    int64_t removed = 0;
    bool ok = true;

    for (const char *const *sql = SQL_REMOVE[table]; ok && *sql; sql++) {
        struct db_stmt *st = db_prepare(w->db, *sql, err);

        if (!st)
            return false;
        db_bind_key(st, ":key", key);
        ok = db_step_done(st, err);
        removed = db_changes(w->db); /* of the last: the row itself */
        db_stmt_release(st);
        if (ok && has_orphans && sql == SQL_REMOVE[table])
            w->gained[table] -= removed;
    }
    w->removed += ok ? removed : 0;
    w->gained[table] -= ok ? removed : 0;
    return ok;
}

bool
replica_digest(struct replica_writer *w, enum main_table table, struct main_digest *out,
               struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, SQL_DIGESTS[table], err);
    bool ok = st && db_step_one(st, err);

    if (ok)
        *out = (struct main_digest){db_column_i64(st, 0) + db_column_i64(st, 2),
                                    db_column_i64(st, 1) + db_column_i64(st, 3)};
    db_stmt_release(st);
    return ok;
}

static bool
list_add(struct replica_key_walk *walk, const char *sql, const struct key *key, struct error *err)
{
    struct db_stmt *st = db_prepare(walk->w->db, sql, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":table", main_table_name(walk->table));
        db_bind_key(st, ":key", key);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

static bool
advance(struct replica_key_walk *walk, struct error *err)
{
    key_release(&walk->here);
    walk->have = false;
    if (!db_step(walk->st, &walk->have, err))
        return false;
    if (walk->have)
        walk->here = db_column_key(walk->st, 0);
    return true;
}

bool
replica_key_walk_begin(struct replica_key_walk *walk, struct replica_writer *w,
                       enum main_table table, struct error *err)
{
    *walk = (struct replica_key_walk){.w = w, .table = table};
    walk->st = db_prepare(w->db, SQL_KEYS[table], err);
    return walk->st && advance(walk, err);
}

bool
replica_key_walk_next(struct replica_key_walk *walk, const struct key *key, struct error *err)
{
    if (walk->disordered)
        return true;
    if (walk->any && key_compare(&walk->last, key) >= 0) {
        walk->disordered = true;
        return true;
    }
    key_release(&walk->last);
    walk->last = key_dup(key);
    walk->any = true;
    while (walk->have && key_compare(&walk->here, key) < 0)
        if (!list_add(walk, SQL_GONE, &walk->here, err) || !advance(walk, err))
            return false;
    if (walk->have && key_compare(&walk->here, key) == 0)
        return advance(walk, err);
    return list_add(walk, SQL_ABSENT, key, err);
}

bool
replica_key_walk_end(struct replica_key_walk *walk, struct error *err)
{
    while (walk->have && !walk->disordered)
        if (!list_add(walk, SQL_GONE, &walk->here, err) || !advance(walk, err))
            return false;
    return true;
}

void
replica_key_walk_release(struct replica_key_walk *walk)
{
    db_stmt_release(walk->st);
    key_release(&walk->here);
    key_release(&walk->last);
    *walk = (struct replica_key_walk){0};
}

bool
replica_list_keys(struct replica_writer *w, enum replica_list list, enum main_table table,
                  struct key **out, size_t *count, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, SQL_LISTS[list], err);
    struct key *keys = NULL;
    size_t n = 0;
    size_t capacity = 0;
    bool row = true;
    bool ok = st != NULL;

    if (st)
        db_bind_text(st, ":table", main_table_name(table));
    while (ok && (ok = db_step(st, &row, err)) && row) {
        keys = mem_grow(keys, n, &capacity, sizeof *keys);
        keys[n++] = db_column_key(st, 0);
    }
    db_stmt_release(st);
    *out = keys;
    *count = n;
    return ok;
}

void
replica_keys_free(struct key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        key_release(&keys[i]);
    free(keys);
}
