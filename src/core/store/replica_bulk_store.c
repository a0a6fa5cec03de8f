#include "core/store/replica_bulk_store.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"

/*
 * Orphans come in an order of their own: they wait beside, and go in sorted. Sorting for an index
 * is done in memory where it fits; the sizes are of the connection's own databases.
 */
static const char SQL_BEGIN[] =
    "PRAGMA replica.cache_size = -24576; PRAGMA main.cache_size = -16384;"
    "DROP TABLE IF EXISTS temp.bulk_orphan;"
    "CREATE TEMP TABLE bulk_orphan (table_name, key, customer_key);";
static const char SQL_EMPTY[] =
    "DELETE FROM replica.customer; DELETE FROM replica.appointment;"
    "DELETE FROM replica.conversation; DELETE FROM replica.conversation_metadata;"
    "DELETE FROM replica.request; DELETE FROM replica.orphan; DELETE FROM replica.watermark;";
static const char SQL_ANYTHING[] =
    "SELECT EXISTS (SELECT 1 FROM replica.customer) OR EXISTS (SELECT 1 FROM replica.appointment) "
    "OR EXISTS (SELECT 1 FROM replica.conversation) "
    "OR EXISTS (SELECT 1 FROM replica.conversation_metadata) "
    "OR EXISTS (SELECT 1 FROM replica.request) OR EXISTS (SELECT 1 FROM replica.orphan) "
    "OR EXISTS (SELECT 1 FROM replica.watermark)";
static const char SQL_INDEXES[] = "SELECT name, tbl_name, sql FROM replica.sqlite_master "
                                  "WHERE type = 'index' AND sql IS NOT NULL ORDER BY name";
/* In the order of their keys: rows that come in any other would be looked for one by one. */
static const char SQL_ORPHANS_ALL[] =
    "INSERT OR IGNORE INTO replica.orphan (table_name, key, customer_key) "
    "SELECT table_name, key, customer_key FROM temp.bulk_orphan ORDER BY table_name, key; "
    "DROP TABLE temp.bulk_orphan;";
/* The statements that make the late indexes: whoever comes after a crash has them too. */
static const char NOTE_LATE[] = "late indexes";

enum target {
    TARGET_CUSTOMER,
    TARGET_APPOINTMENT,
    TARGET_CONVERSATION,
    TARGET_METADATA,
    TARGET_REQUEST,
    TARGET_ORPHAN,
    TARGET_COUNT
};
/* The functions below give the cells in the order of the columns. */
static const struct bulk_target targets[] = {
    [TARGET_CUSTOMER] = {"replica.customer",
                         "id, key, name, phone, email, phone_e164, email_norm, email_send, "
                         "is_new_client, notes, created_at, updated_at, time_zone, last_contact, "
                         "last_appointment, last_appointment_status, last_appointment_service, "
                         "last_appointment_provider, last_appointment_cancelled_at, last_visit, "
                         "last_visit_service, last_cancellation, appointment_count, "
                         "conversation_count, last_satisfaction",
                         25, "customer", 0},
    [TARGET_APPOINTMENT] = {"replica.appointment",
                            "key, customer_id, at, status, service, provider, booked_by, "
                            "cancelled_at",
                            8, "appointment", 1},
    [TARGET_CONVERSATION] = {"replica.conversation",
                             "key, customer_id, channel, type, status, outcome, sentiment, "
                             "satisfaction, at, has_open_request",
                             10, "conversation", 1},
    [TARGET_METADATA] = {"replica.conversation_metadata", "name, customer_id, conversation_key, at",
                         4, "conversation_metadata", 3},
    [TARGET_REQUEST] = {"replica.request", "key, conversation_key, status", 3, "request", 1},
    [TARGET_ORPHAN] = {"temp.bulk_orphan", "table_name, key, customer_key", 3, NULL, 0},
};
_Static_assert(ARRAY_LEN(targets) == TARGET_COUNT, "every target");

static const char *const table_of[] = {
    [REPLICA_BULK_CUSTOMERS] = "customer",
    [REPLICA_BULK_APPOINTMENTS] = "appointment",
    [REPLICA_BULK_CONVERSATIONS] = "conversation",
    [REPLICA_BULK_METADATA] = "conversation_metadata",
    [REPLICA_BULK_REQUESTS] = "request",
    [REPLICA_BULK_ORPHANS] = "orphan",
};
_Static_assert(ARRAY_LEN(table_of) == REPLICA_BULK_COUNT, "every table");
static const enum target target_of[] = {
    [REPLICA_BULK_CUSTOMERS] = TARGET_CUSTOMER,
    [REPLICA_BULK_APPOINTMENTS] = TARGET_APPOINTMENT,
    [REPLICA_BULK_CONVERSATIONS] = TARGET_CONVERSATION,
    [REPLICA_BULK_METADATA] = TARGET_METADATA,
    [REPLICA_BULK_REQUESTS] = TARGET_REQUEST,
    [REPLICA_BULK_ORPHANS] = TARGET_ORPHAN,
};
_Static_assert(ARRAY_LEN(target_of) == REPLICA_BULK_COUNT, "every table");

/* How the names of the files begin that are made on the way; caller frees. NULL: none are. */
static char *
files_of(struct db *db)
{
    const char *replica = db_file_of(db, "replica");

    return replica ? mem_printf("%s-built-", replica) : NULL;
}

/* Indexes are dropped and made again from their own text: the schema has no second description. */
static bool
drop_indexes(struct replica_bulk *b, struct db *db, struct error *err)
{
    struct buf drop = {0};
    struct db_stmt *st = db_prepare(db, SQL_INDEXES, err);
    bool ok = st != NULL;
    bool row = true;

    while (ok && (ok = db_step(st, &row, err)) && row) {
        const char *sql = db_column_text(st, 2);
        const char *name = strstr(sql, "INDEX ") + strlen("INDEX ");
        size_t t = 0;

        while (t < REPLICA_BULK_COUNT && strcmp(table_of[t], db_column_text(st, 1)) != 0)
            t++;
        if (t == REPLICA_BULK_COUNT)
            continue; /* of a table that is not emptied */
        buf_printf(b->when == REPLICA_BULK_LATE ? &b->late : &b->indexes[t], "%.*sreplica.%s;\n",
                   (int)(name - sql), sql, name);
        buf_printf(&drop, "DROP INDEX replica.%s;\n", db_column_text(st, 0));
    }
    db_stmt_release(st);
    ok = ok && db_exec(db, buf_str(&drop), err);
    buf_release(&drop);
    return ok;
}

/*
 * What is empty is not touched: a page that is changed now and again at the end, when it has gone
 * to the write-ahead log in between, makes SQLite read the whole log once more for its checksums.
 */
static bool
empty_tables(struct db *db, struct error *err)
{
    int64_t anything = 0;

    return db_query_i64(db, SQL_ANYTHING, &anything, err) &&
           (!anything || db_exec(db, SQL_EMPTY, err));
}

bool
replica_bulk_begin(struct replica_bulk *b, struct db *db, enum replica_bulk_when when,
                   struct error *err)
{
    *b = (struct replica_bulk){.db = db, .when = when};
    if (!db_exec(db, SQL_BEGIN, err) || !empty_tables(db, err) || !drop_indexes(b, db, err))
        return false;
    b->files = files_of(db);
    b->writer = bulk_writer_start(db, targets, TARGET_COUNT, b->files, err);
    return b->writer != NULL;
}

bool
replica_bulk_table_end(struct replica_bulk *b, enum replica_bulk_table table, struct error *err)
{
    if ((table == REPLICA_BULK_METADATA &&
         !meta_rows_give(&b->metadata, b->writer, TARGET_METADATA, err)) ||
        !bulk_writer_target_end(b->writer, target_of[table], err) ||
        (table == REPLICA_BULK_ORPHANS && !bulk_writer_exec(b->writer, SQL_ORPHANS_ALL, err)))
        return false;
    return bulk_writer_exec(b->writer, buf_str(&b->indexes[table]), err);
}

bool
replica_bulk_finish(struct replica_bulk *b, struct error *err)
{
    struct bulk_writer *writer = b->writer;
    int64_t inserted[TARGET_COUNT] = {0};

    b->writer = NULL;
    if (!bulk_writer_end(writer, inserted, err))
        return false;
    b->here[MAIN_CUSTOMERS] = inserted[TARGET_CUSTOMER];
    b->here[MAIN_APPOINTMENTS] = inserted[TARGET_APPOINTMENT];
    b->here[MAIN_CONVERSATIONS] = inserted[TARGET_CONVERSATION];
    b->here[MAIN_REQUESTS] = inserted[TARGET_REQUEST];
    return b->late.len == 0 || replica_note_save(b->db, NOTE_LATE, buf_str(&b->late), err);
}

bool
replica_bulk_key_count(const struct replica_bulk *b, enum main_table table, int64_t *out,
                       struct error *err)
{
    struct db_stmt *st =
        db_prepare(b->db, "SELECT count(*) FROM replica.orphan WHERE table_name = :name", err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":name", main_table_name(table));
        ok = db_step_one(st, err);
    }
    if (ok)
        *out = b->here[table] + db_column_i64(st, 0);
    db_stmt_release(st);
    return ok;
}

bool
replica_bulk_let_go(struct db *db, struct error *err)
{
    return bulk_writer_let_go(db, targets, TARGET_COUNT, err);
}

void
replica_bulk_clean(struct db *db)
{
    char *files = files_of(db);

    bulk_writer_clean(targets, TARGET_COUNT, files);
    free(files);
}

bool
replica_bulk_has_late(struct db *db, bool *late, struct error *err)
{
    char *sql = NULL;
    bool ok = replica_note_load(db, NOTE_LATE, &sql, err);

    *late = sql != NULL;
    free(sql);
    return ok;
}

bool
replica_bulk_make_late(struct db *db, struct error *err)
{
    char *sql = NULL;
    bool ok = replica_note_load(db, NOTE_LATE, &sql, err) &&
              (!sql || (db_exec(db, sql, err) && replica_note_drop(db, NOTE_LATE, err)));

    free(sql);
    return ok;
}

void
replica_bulk_release(struct replica_bulk *b)
{
    bulk_writer_abandon(b->writer);
    b->writer = NULL;
    for (size_t i = 0; i < REPLICA_BULK_COUNT; i++)
        buf_release(&b->indexes[i]);
    buf_release(&b->late);
    meta_rows_release(&b->metadata);
    free(b->files);
    b->files = NULL;
}

static void
add_time(struct bulk_batch *r, struct main_time t)
{
    if (t.set)
        bulk_i64(r, t.s);
    else
        bulk_null(r);
}

static void
add_facts(struct bulk_batch *r, const struct replica_facts *f)
{
    add_time(r, f->last_contact);
    add_time(r, f->last_appointment);
    bulk_text(r, f->last_appointment_status);
    bulk_text(r, f->last_appointment_service);
    bulk_text(r, f->last_appointment_provider);
    add_time(r, f->last_appointment_cancelled_at);
    add_time(r, f->last_visit);
    bulk_text(r, f->last_visit_service);
    add_time(r, f->last_cancellation);
    bulk_i64(r, f->appointment_count);
    bulk_i64(r, f->conversation_count);
    if (f->has_satisfaction)
        bulk_real(r, f->last_satisfaction);
    else
        bulk_null(r);
}

bool
replica_bulk_customer(struct replica_bulk *b, int64_t id, const struct main_row *row,
                      const struct replica_addresses *addresses, const struct replica_facts *facts,
                      struct error *err)
{
    const struct main_customer *c = &row->customer_of;
    struct bulk_batch *r = bulk_writer_row(b->writer, TARGET_CUSTOMER, err);

    if (!r)
        return false;
    bulk_i64(r, id);
    bulk_key(r, &row->key);
    bulk_text(r, c->name);
    bulk_text(r, c->phone);
    bulk_text(r, c->email);
    bulk_text(r, addresses->phone_e164);
    bulk_text(r, addresses->email_norm);
    bulk_text(r, addresses->email_send);
    bulk_i64(r, c->is_new_client);
    bulk_text(r, c->notes);
    add_time(r, c->created_at);
    add_time(r, row->updated_at);
    bulk_text(r, addresses->time_zone);
    add_facts(r, facts);
    b->written++;
    return true;
}

bool
replica_bulk_appointment(struct replica_bulk *b, int64_t owner, const struct main_row *row,
                         struct error *err)
{
    const struct main_appointment *a = &row->appointment;
    struct bulk_batch *r = bulk_writer_row(b->writer, TARGET_APPOINTMENT, err);

    if (!r)
        return false;
    bulk_key(r, &row->key);
    bulk_i64(r, owner);
    add_time(r, a->at);
    bulk_text(r, a->status);
    bulk_text(r, a->service);
    bulk_text(r, a->provider);
    bulk_text(r, a->booked_by);
    add_time(r, a->cancelled_at);
    b->written++;
    return true;
}

bool
replica_bulk_conversation(struct replica_bulk *b, int64_t owner, const struct main_row *row,
                          bool has_open_request, const struct replica_meta_key *keys,
                          size_t key_count, struct error *err)
{
    const struct main_conversation *c = &row->conversation;
    struct bulk_batch *r = bulk_writer_row(b->writer, TARGET_CONVERSATION, err);

    if (!r)
        return false;
    bulk_key(r, &row->key);
    bulk_i64(r, owner);
    bulk_text(r, c->channel);
    bulk_text(r, c->type);
    bulk_text(r, c->status);
    bulk_text(r, c->outcome);
    bulk_text(r, c->sentiment);
    if (c->has_satisfaction)
        bulk_real(r, c->satisfaction);
    else
        bulk_null(r);
    add_time(r, c->at);
    bulk_i64(r, has_open_request);
    b->written++;
    meta_rows_add(&b->metadata, owner, &row->key, keys, key_count);
    return true;
}

bool
replica_bulk_request(struct replica_bulk *b, const struct main_row *row, struct error *err)
{
    struct bulk_batch *r = bulk_writer_row(b->writer, TARGET_REQUEST, err);

    if (!r)
        return false;
    bulk_key(r, &row->key);
    bulk_key(r, row->request.has_conversation ? &row->request.conversation : NULL);
    bulk_text(r, row->request.status);
    b->written++;
    return true;
}

bool
replica_bulk_orphan(struct replica_bulk *b, enum main_table table, const struct main_row *row,
                    struct error *err)
{
    struct bulk_batch *r = bulk_writer_row(b->writer, TARGET_ORPHAN, err);

    if (!r)
        return false;
    bulk_text(r, main_table_name(table));
    bulk_key(r, &row->key);
    bulk_key(r, row->has_customer ? &row->customer : NULL);
    b->orphans++;
    return true;
}
