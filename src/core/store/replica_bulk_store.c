#include "core/store/replica_bulk_store.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"

static const char SQL_EMPTY[] =
    "DELETE FROM replica.customer; DELETE FROM replica.appointment;"
    "DELETE FROM replica.conversation; DELETE FROM replica.conversation_metadata;"
    "DELETE FROM replica.request; DELETE FROM replica.orphan; DELETE FROM replica.watermark;"
    "CREATE TEMP TABLE IF NOT EXISTS bulk_metadata (name, customer_id, conversation_key, at);"
    "DELETE FROM temp.bulk_metadata;"
    "CREATE TEMP TABLE IF NOT EXISTS index_text (sql TEXT); DELETE FROM temp.index_text;";
static const char SQL_INDEXES[] = "SELECT name, sql FROM replica.sqlite_master "
                                  "WHERE type = 'index' AND sql IS NOT NULL ORDER BY name";
/* In the order of its key: rows that come in any other order would be looked for one by one. */
static const char SQL_METADATA_ALL[] =
    "INSERT OR REPLACE INTO replica.conversation_metadata (name, customer_id, conversation_key, "
    "at) "
    "SELECT name, customer_id, conversation_key, at FROM temp.bulk_metadata "
    "ORDER BY name, customer_id, conversation_key, rowid; DELETE FROM temp.bulk_metadata";

static const char SQL_CUSTOMER[] =
    "INSERT OR REPLACE INTO replica.customer (id, key, name, phone, email, phone_e164, email_norm, "
    "email_send, is_new_client, notes, created_at, updated_at, last_contact, last_appointment, "
    "last_appointment_status, last_appointment_service, last_appointment_provider, "
    "last_appointment_cancelled_at, last_visit, last_visit_service, last_cancellation, "
    "appointment_count, conversation_count, last_satisfaction) VALUES "
    "(:id, :key, :name, :phone, :email, :phone_e164, :email_norm, :email_send, :is_new_client, "
    ":notes, :created_at, :updated_at, :contact, :appointment, :status, :service, :provider, "
    ":cancelled_at, :visit, :visit_service, :cancellation, :appointments, :conversations, "
    ":satisfaction)";
static const char SQL_APPOINTMENT[] =
    "INSERT OR REPLACE INTO replica.appointment (key, customer_id, at, status, service, provider, "
    "booked_by, cancelled_at) VALUES (:key, :customer_id, :at, :status, :service, :provider, "
    ":booked_by, :cancelled_at)";
static const char SQL_CONVERSATION[] =
    "INSERT OR REPLACE INTO replica.conversation (key, customer_id, channel, type, status, "
    "outcome, "
    "sentiment, satisfaction, at, has_open_request) VALUES (:key, :customer_id, :channel, :type, "
    ":status, :outcome, :sentiment, :satisfaction, :at, :open)";
static const char SQL_METADATA[] = "INSERT INTO temp.bulk_metadata VALUES "
                                   "(:name, :customer_id, :key, :at)";
static const char SQL_REQUEST[] =
    "INSERT OR REPLACE INTO replica.request (key, conversation_key, status) "
    "VALUES (:key, :conversation, :status)";
static const char SQL_ORPHAN[] =
    "INSERT OR REPLACE INTO replica.orphan (table_name, key, customer_key) "
    "VALUES (:table, :key, :customer)";

static void
bind_time(struct db_stmt *st, const char *name, struct main_time t)
{
    if (t.set)
        db_bind_i64(st, name, t.s);
    else
        db_bind_null(st, name);
}

/* Indexes are dropped and made again from their own text: the schema has no second description. */
static bool
drop_indexes(struct db *db, struct error *err)
{
    struct buf keep = {0};
    struct buf drop = {0};
    struct db_stmt *st = db_prepare(db, SQL_INDEXES, err);
    bool ok = st != NULL;
    bool row = true;

    while (ok && (ok = db_step(st, &row, err)) && row) {
        const char *sql = db_column_text(st, 1);
        const char *name = strstr(sql, "INDEX ") + strlen("INDEX ");

        buf_printf(&keep, "%.*sreplica.%s;\n", (int)(name - sql), sql, name);
        buf_printf(&drop, "DROP INDEX replica.%s;\n", db_column_text(st, 0));
    }
    db_stmt_release(st);
    st = ok ? db_prepare(db, "INSERT INTO temp.index_text VALUES (:sql)", err) : NULL;
    ok = st != NULL;
    if (ok) {
        db_bind_text(st, ":sql", buf_str(&keep));
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    ok = ok && db_exec(db, buf_str(&drop), err);
    buf_release(&keep);
    buf_release(&drop);
    return ok;
}

bool
replica_bulk_begin(struct replica_bulk *b, struct db *db, struct error *err)
{
    *b = (struct replica_bulk){.db = db};
    if (!db_exec(db, "PRAGMA replica.cache_size = -32768", err) || !db_exec(db, SQL_EMPTY, err) ||
        !drop_indexes(db, err))
        return false;
    b->customer = db_prepare(db, SQL_CUSTOMER, err);
    b->appointment = b->customer ? db_prepare(db, SQL_APPOINTMENT, err) : NULL;
    b->conversation = b->appointment ? db_prepare(db, SQL_CONVERSATION, err) : NULL;
    b->metadata = b->conversation ? db_prepare(db, SQL_METADATA, err) : NULL;
    b->request = b->metadata ? db_prepare(db, SQL_REQUEST, err) : NULL;
    b->orphan = b->request ? db_prepare(db, SQL_ORPHAN, err) : NULL;
    return b->orphan != NULL;
}

bool
replica_bulk_finish(struct replica_bulk *b, struct error *err)
{
    struct db_stmt *st;
    char *sql;
    bool ok;

    replica_bulk_release(b);
    /* sorting has a second core to itself: the server is done */
    if (!db_exec(b->db, "PRAGMA threads = 2", err) || !db_exec(b->db, SQL_METADATA_ALL, err))
        return false;
    st = db_prepare(b->db, "SELECT sql FROM temp.index_text", err);
    sql = st && db_step_one(st, err) ? db_column_dup(st, 0) : NULL;
    db_stmt_release(st);
    ok = sql && db_exec(b->db, sql, err);
    free(sql);
    return ok;
}

void
replica_bulk_release(struct replica_bulk *b)
{
    db_stmt_release(b->customer);
    db_stmt_release(b->appointment);
    db_stmt_release(b->conversation);
    db_stmt_release(b->metadata);
    db_stmt_release(b->request);
    db_stmt_release(b->orphan);
    b->customer = b->appointment = b->conversation = NULL;
    b->metadata = b->request = b->orphan = NULL;
}

/* All values are bound anew for the next row. */
static bool
put(struct replica_bulk *b, struct db_stmt *st, struct error *err)
{
    bool ok = db_step_done(st, err);

    db_stmt_reset(st);
    b->written += ok;
    return ok;
}

static void
bind_facts(struct db_stmt *st, const struct replica_facts *f)
{
    bind_time(st, ":contact", f->last_contact);
    bind_time(st, ":appointment", f->last_appointment);
    db_bind_borrowed(st, ":status", f->last_appointment_status);
    db_bind_borrowed(st, ":service", f->last_appointment_service);
    db_bind_borrowed(st, ":provider", f->last_appointment_provider);
    bind_time(st, ":cancelled_at", f->last_appointment_cancelled_at);
    bind_time(st, ":visit", f->last_visit);
    db_bind_borrowed(st, ":visit_service", f->last_visit_service);
    bind_time(st, ":cancellation", f->last_cancellation);
    db_bind_i64(st, ":appointments", f->appointment_count);
    db_bind_i64(st, ":conversations", f->conversation_count);
    if (f->has_satisfaction)
        db_bind_double(st, ":satisfaction", f->last_satisfaction);
    else
        db_bind_null(st, ":satisfaction");
}

bool
replica_bulk_customer(struct replica_bulk *b, int64_t id, const struct main_row *row,
                      const struct replica_addresses *addresses, const struct replica_facts *facts,
                      struct error *err)
{
    const struct main_customer *c = &row->customer_of;
    struct db_stmt *st = b->customer;

    db_bind_i64(st, ":id", id);
    db_bind_key(st, ":key", &row->key);
    db_bind_borrowed(st, ":name", c->name);
    db_bind_borrowed(st, ":phone", c->phone);
    db_bind_borrowed(st, ":email", c->email);
    db_bind_borrowed(st, ":phone_e164", addresses->phone_e164);
    db_bind_borrowed(st, ":email_norm", addresses->email_norm);
    db_bind_borrowed(st, ":email_send", addresses->email_send);
    db_bind_i64(st, ":is_new_client", c->is_new_client);
    db_bind_borrowed(st, ":notes", c->notes);
    bind_time(st, ":created_at", c->created_at);
    bind_time(st, ":updated_at", row->updated_at);
    bind_facts(st, facts);
    return put(b, st, err);
}

bool
replica_bulk_appointment(struct replica_bulk *b, int64_t owner, const struct main_row *row,
                         struct error *err)
{
    const struct main_appointment *a = &row->appointment;
    struct db_stmt *st = b->appointment;

    db_bind_key(st, ":key", &row->key);
    db_bind_i64(st, ":customer_id", owner);
    bind_time(st, ":at", a->at);
    db_bind_borrowed(st, ":status", a->status);
    db_bind_borrowed(st, ":service", a->service);
    db_bind_borrowed(st, ":provider", a->provider);
    db_bind_borrowed(st, ":booked_by", a->booked_by);
    bind_time(st, ":cancelled_at", a->cancelled_at);
    return put(b, st, err);
}

static bool
put_metadata(struct replica_bulk *b, int64_t owner, const struct key *key,
             const struct replica_meta_key *meta, struct error *err)
{
    bool ok;

    db_bind_borrowed(b->metadata, ":name", meta->name);
    db_bind_i64(b->metadata, ":customer_id", owner);
    db_bind_key(b->metadata, ":key", key);
    bind_time(b->metadata, ":at", meta->at);
    ok = db_step_done(b->metadata, err);
    db_stmt_reset(b->metadata);
    return ok;
}

bool
replica_bulk_conversation(struct replica_bulk *b, int64_t owner, const struct main_row *row,
                          bool has_open_request, const struct replica_meta_key *keys,
                          size_t key_count, struct error *err)
{
    const struct main_conversation *c = &row->conversation;
    struct db_stmt *st = b->conversation;
    bool ok = true;

    db_bind_key(st, ":key", &row->key);
    db_bind_i64(st, ":customer_id", owner);
    db_bind_borrowed(st, ":channel", c->channel);
    db_bind_borrowed(st, ":type", c->type);
    db_bind_borrowed(st, ":status", c->status);
    db_bind_borrowed(st, ":outcome", c->outcome);
    db_bind_borrowed(st, ":sentiment", c->sentiment);
    if (c->has_satisfaction)
        db_bind_double(st, ":satisfaction", c->satisfaction);
    else
        db_bind_null(st, ":satisfaction");
    bind_time(st, ":at", c->at);
    db_bind_i64(st, ":open", has_open_request);
    for (size_t i = 0; ok && i < key_count; i++)
        ok = put_metadata(b, owner, &row->key, &keys[i], err);
    return ok && put(b, st, err);
}

bool
replica_bulk_request(struct replica_bulk *b, const struct main_row *row, struct error *err)
{
    db_bind_key(b->request, ":key", &row->key);
    db_bind_key(b->request, ":conversation",
                row->request.has_conversation ? &row->request.conversation : NULL);
    db_bind_borrowed(b->request, ":status", row->request.status);
    return put(b, b->request, err);
}

bool
replica_bulk_orphan(struct replica_bulk *b, enum main_table table, const struct main_row *row,
                    struct error *err)
{
    bool ok;

    db_bind_borrowed(b->orphan, ":table", main_table_name(table));
    db_bind_key(b->orphan, ":key", &row->key);
    db_bind_key(b->orphan, ":customer", row->has_customer ? &row->customer : NULL);
    ok = db_step_done(b->orphan, err);
    db_stmt_reset(b->orphan);
    b->orphans += ok;
    return ok;
}
