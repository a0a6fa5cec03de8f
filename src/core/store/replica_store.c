#include "core/store/replica_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"

static const char SQL_TEMP[] =
    "PRAGMA replica.cache_size = -65536;"
    "CREATE TEMP TABLE IF NOT EXISTS touched (id INTEGER PRIMARY KEY);"
    "CREATE TEMP TABLE IF NOT EXISTS readdressed (id INTEGER PRIMARY KEY);"
    "CREATE TEMP TABLE IF NOT EXISTS touched_conversation (key PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TEMP TABLE IF NOT EXISTS newcomer (key PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TEMP TABLE IF NOT EXISTS gone (table_name, key, PRIMARY KEY (table_name, key)) "
    " WITHOUT ROWID;"
    "CREATE TEMP TABLE IF NOT EXISTS absent (table_name, key, PRIMARY KEY (table_name, key)) "
    " WITHOUT ROWID;"
    "CREATE TEMP TABLE IF NOT EXISTS there (key PRIMARY KEY) WITHOUT ROWID;"
    "DELETE FROM temp.there; DELETE FROM temp.touched; DELETE FROM temp.touched_conversation; "
    "DELETE FROM temp.newcomer; DELETE FROM temp.readdressed;"
    "DELETE FROM temp.gone; DELETE FROM temp.absent;";
#define CUSTOMER_COLUMNS                                                                           \
    "name, phone, email, phone_e164, email_norm, email_send, is_new_client, notes, created_at, "   \
    "updated_at, time_zone"
#define CUSTOMER_VALUES                                                                            \
    ":name, :phone, :email, :phone_e164, :email_norm, :email_send, :is_new_client, :notes, "       \
    ":created_at, :updated_at, :time_zone"
static const char SQL_CUSTOMER_FIND[] =
    "SELECT id, (" CUSTOMER_COLUMNS ") IS (" CUSTOMER_VALUES ") FROM replica.customer "
    "WHERE key = :key";
static const char SQL_CUSTOMER_ADD[] =
    "INSERT OR REPLACE INTO replica.customer (id, key, " CUSTOMER_COLUMNS ") "
    "VALUES (:id, :key, " CUSTOMER_VALUES ")";
static const char SQL_CUSTOMER_PUT[] =
    "UPDATE replica.customer SET (" CUSTOMER_COLUMNS ") = (" CUSTOMER_VALUES ") WHERE key = :key";
/*
 * A change of what no index holds leaves the indexes' pages alone: most of what a sync would write.
 * It finds no row when there is none, or when an indexed column is another.
 */
static const char SQL_CUSTOMER_CHANGE[] =
    "UPDATE replica.customer SET (name, phone, email, email_send, is_new_client, notes, "
    "created_at, updated_at, time_zone) = (:name, :phone, :email, :email_send, :is_new_client, "
    ":notes, :created_at, :updated_at, :time_zone) "
    "WHERE key = :key AND (phone_e164, email_norm) IS (:phone_e164, :email_norm)";
static const char SQL_CUSTOMER_ID[] = "SELECT id FROM replica.customer WHERE key = :key";
static const char SQL_ID_TAKEN[] = "SELECT count(*) FROM replica.customer WHERE id = :id";
static const char SQL_NEXT_ID[] = "SELECT coalesce(max(id), 0) + 1 FROM replica.customer";

#define APPOINTMENT_COLUMNS "customer_id, at, status, service, provider, booked_by, cancelled_at"
#define APPOINTMENT_VALUES                                                                         \
    ":customer_id, :at, :status, :service, :provider, :booked_by, :cancelled_at"
static const char SQL_APPOINTMENT_FIND[] =
    "SELECT customer_id, (" APPOINTMENT_COLUMNS ") IS (" APPOINTMENT_VALUES ") "
    "FROM replica.appointment WHERE key = :key";
static const char SQL_APPOINTMENT_CHANGE[] =
    "UPDATE replica.appointment SET (service, provider, booked_by, cancelled_at) = "
    "(:service, :provider, :booked_by, :cancelled_at) "
    "WHERE key = :key AND (customer_id, at, status) IS (:customer_id, :at, :status)";
static const char SQL_APPOINTMENT_PUT[] =
    "INSERT OR REPLACE INTO replica.appointment (key, " APPOINTMENT_COLUMNS ") "
    "VALUES (:key, " APPOINTMENT_VALUES ")";

#define CONVERSATION_COLUMNS                                                                       \
    "customer_id, channel, type, status, outcome, sentiment, satisfaction, at"
#define CONVERSATION_VALUES                                                                        \
    ":customer_id, :channel, :type, :status, :outcome, :sentiment, :satisfaction, :at"
static const char SQL_CONVERSATION_FIND[] =
    "SELECT customer_id, (" CONVERSATION_COLUMNS ") IS (" CONVERSATION_VALUES ") "
    "FROM replica.conversation WHERE key = :key";
static const char SQL_CONVERSATION_CHANGE[] =
    "UPDATE replica.conversation SET (channel, type, status, outcome, sentiment, satisfaction) = "
    "(:channel, :type, :status, :outcome, :sentiment, :satisfaction) "
    "WHERE key = :key AND (customer_id, at) IS (:customer_id, :at)";
static const char SQL_CONVERSATION_PUT[] =
    "INSERT INTO replica.conversation (key, " CONVERSATION_COLUMNS ") "
    "VALUES (:key, " CONVERSATION_VALUES ") ON CONFLICT (key) DO UPDATE SET "
    "(" CONVERSATION_COLUMNS ") = (" CONVERSATION_VALUES ")";
static const char SQL_META_LIST[] = "SELECT name, at FROM replica.conversation_metadata WHERE "
                                    "conversation_key = :key ORDER BY name";
static const char SQL_META_CLEAR[] =
    "DELETE FROM replica.conversation_metadata WHERE conversation_key = :key";
static const char SQL_META_ADD[] = "INSERT OR REPLACE INTO replica.conversation_metadata (name, "
                                   "customer_id, conversation_key, at) "
                                   "VALUES (:name, :customer_id, :key, :at)";

static const char SQL_REQUEST_FIND[] =
    "SELECT conversation_key, (conversation_key, status) IS (:conversation, :status) "
    "FROM replica.request WHERE key = :key";
static const char SQL_REQUEST_PUT[] =
    "INSERT OR REPLACE INTO replica.request (key, conversation_key, status) "
    "VALUES (:key, :conversation, :status)";

static const char SQL_ORPHAN_PUT[] =
    "INSERT OR REPLACE INTO replica.orphan (table_name, key, customer_key) "
    "VALUES (:table, :key, :customer)";
static const char SQL_ORPHAN_FIND[] =
    "SELECT customer_key IS :customer FROM replica.orphan WHERE table_name = :table AND key = :key";
static const char SQL_ORPHAN_REMOVE[] =
    "DELETE FROM replica.orphan WHERE table_name = :table AND key = :key";

static const char SQL_TOUCH[] = "INSERT OR IGNORE INTO temp.touched VALUES (:id)";
/* New, or with another phone or email than before. */
static const char SQL_READDRESSED[] = "INSERT OR IGNORE INTO temp.readdressed VALUES (:id)";
static const char SQL_TOUCH_CONVERSATION[] =
    "INSERT OR IGNORE INTO temp.touched_conversation VALUES (:key)";
static const char SQL_NEWCOMER[] = "INSERT OR IGNORE INTO temp.newcomer VALUES (:key)";

static void
bind_time(struct db_stmt *st, const char *name, struct main_time t)
{
    if (t.set)
        db_bind_i64(st, name, t.s);
    else
        db_bind_null(st, name);
}

/* Runs a write with one key or id; name says which parameter. */
static bool
run_key(struct db *db, const char *sql, const struct key *key, struct error *err)
{
    struct db_stmt *st = db_prepare(db, sql, err);
    bool ok = false;

    if (st) {
        db_bind_key(st, ":key", key);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

static bool
note_id(struct replica_writer *w, const char *sql, int64_t id, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, sql, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok;
}

static bool
touch(struct replica_writer *w, int64_t id, struct error *err)
{
    return note_id(w, SQL_TOUCH, id, err);
}

static bool
touch_conversation(struct replica_writer *w, const struct key *key, struct error *err)
{
    return run_key(w->db, SQL_TOUCH_CONVERSATION, key, err);
}

bool
replica_writer_begin(struct replica_writer *w, struct db *db, struct error *err)
{
    *w = (struct replica_writer){.db = db, .next_id = 1};
    return db_exec(db, SQL_TEMP, err) && db_query_i64(db, SQL_NEXT_ID, &w->next_id, err);
}

static void
bind_customer(struct db_stmt *st, const struct main_row *row,
              const struct replica_addresses *addresses)
{
    const struct main_customer *c = &row->customer_of;

    db_bind_key(st, ":key", &row->key);
    db_bind_text(st, ":name", c->name);
    db_bind_text(st, ":phone", c->phone);
    db_bind_text(st, ":email", c->email);
    db_bind_text(st, ":phone_e164", addresses->phone_e164);
    db_bind_text(st, ":email_norm", addresses->email_norm);
    db_bind_text(st, ":email_send", addresses->email_send);
    db_bind_i64(st, ":is_new_client", c->is_new_client);
    db_bind_text(st, ":notes", c->notes);
    bind_time(st, ":created_at", c->created_at);
    bind_time(st, ":updated_at", row->updated_at);
    db_bind_text(st, ":time_zone", addresses->time_zone);
}

/* A number key is its own id; when a text key was given that id, it is told in id_taken. */
static bool
look_for_room(struct replica_writer *w, int64_t id, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, SQL_ID_TAKEN, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        ok = db_step_one(st, err);
        w->id_taken |= ok && db_column_i64(st, 0) > 0;
    }
    db_stmt_release(st);
    return ok;
}

/* A new customer; nothing is written when its id is taken. */
static bool
add_customer(struct replica_writer *w, const struct main_row *row,
             const struct replica_addresses *addresses, struct error *err)
{
    int64_t id = row->key.is_text ? w->next_id : row->key.number;
    struct db_stmt *st = NULL;
    bool ok = false;

    if (!row->key.is_text) {
        if (!look_for_room(w, id, err))
            return false;
        if (w->id_taken)
            return true;
    }
    st = db_prepare(w->db, SQL_CUSTOMER_ADD, err);
    if (!st)
        return false;
    db_bind_i64(st, ":id", id);
    bind_customer(st, row, addresses);
    ok = db_step_done(st, err);
    db_stmt_release(st);
    if (id >= w->next_id && id < INT64_MAX)
        w->next_id = id + 1;
    w->written++;
    w->gained[MAIN_CUSTOMERS]++;
    return ok && touch(w, id, err) && note_id(w, SQL_READDRESSED, id, err) &&
           run_key(w->db, SQL_NEWCOMER, &row->key, err);
}

static bool
write_customer(struct replica_writer *w, const char *sql, const struct main_row *row,
               const struct replica_addresses *addresses, bool *changed, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, sql, err);
    bool ok = false;

    if (st) {
        bind_customer(st, row, addresses);
        ok = db_step_done(st, err);
        *changed = ok && db_changes(w->db) > 0;
    }
    db_stmt_release(st);
    return ok;
}

bool
replica_put_customer(struct replica_writer *w, const struct main_row *row,
                     const struct replica_addresses *addresses, struct error *err)
{
    struct db_stmt *st;
    bool found = false;
    bool same = false;
    bool changed = false;
    int64_t id = 0;
    bool ok;

    st = db_prepare(w->db, SQL_CUSTOMER_FIND, err);
    if (!st)
        return false;
    bind_customer(st, row, addresses);
    ok = db_step(st, &found, err);
    same = ok && found && db_column_i64(st, 1);
    id = ok && found ? db_column_i64(st, 0) : 0;
    db_stmt_release(st);
    if (!ok || same)
        return ok;
    if (!found)
        return add_customer(w, row, addresses, err);
    w->written++;
    return write_customer(w, SQL_CUSTOMER_CHANGE, row, addresses, &changed, err) &&
           (changed || (write_customer(w, SQL_CUSTOMER_PUT, row, addresses, &changed, err) &&
                        note_id(w, SQL_READDRESSED, id, err))) &&
           touch(w, id, err); /* for the column index */
}

/* The id of a row's customer; *found false when it is null or unknown. */
static bool
find_owner(struct replica_writer *w, const struct main_row *row, int64_t *id, bool *found,
           struct error *err)
{
    struct db_stmt *st;
    bool ok;

    *found = false;
    if (!row->has_customer)
        return true;
    st = db_prepare(w->db, SQL_CUSTOMER_ID, err);
    if (!st)
        return false;
    db_bind_key(st, ":key", &row->customer);
    ok = db_step(st, found, err);
    if (ok && *found)
        *id = db_column_i64(st, 0);
    db_stmt_release(st);
    return ok;
}

static bool
orphan_remove(struct replica_writer *w, enum main_table table, const struct key *key,
              struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, SQL_ORPHAN_REMOVE, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":table", main_table_name(table));
        db_bind_key(st, ":key", key);
        ok = db_step_done(st, err);
        w->gained[table] -= ok ? db_changes(w->db) : 0;
    }
    db_stmt_release(st);
    return ok;
}

/* Whether the row is an orphan of that customer already. */
static bool
orphan_is(struct replica_writer *w, enum main_table table, const struct main_row *row, bool *is,
          struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, SQL_ORPHAN_FIND, err);
    bool found = false;
    bool ok = false;

    if (st) {
        db_bind_text(st, ":table", main_table_name(table));
        db_bind_key(st, ":key", &row->key);
        db_bind_key(st, ":customer", row->has_customer ? &row->customer : NULL);
        ok = db_step(st, &found, err);
        *is = ok && found && db_column_i64(st, 0);
    }
    db_stmt_release(st);
    return ok;
}

static bool
orphan_put(struct replica_writer *w, enum main_table table, const struct main_row *row,
           struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, SQL_ORPHAN_PUT, err);
    bool ok = false;

    if (st) {
        db_bind_text(st, ":table", main_table_name(table));
        db_bind_key(st, ":key", &row->key);
        db_bind_key(st, ":customer", row->has_customer ? &row->customer : NULL);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    w->orphans++;
    w->gained[table]++;
    return ok;
}

static void
bind_appointment(struct db_stmt *st, const struct main_row *row, int64_t owner)
{
    const struct main_appointment *a = &row->appointment;

    db_bind_key(st, ":key", &row->key);
    db_bind_i64(st, ":customer_id", owner);
    bind_time(st, ":at", a->at);
    db_bind_text(st, ":status", a->status);
    db_bind_text(st, ":service", a->service);
    db_bind_text(st, ":provider", a->provider);
    db_bind_text(st, ":booked_by", a->booked_by);
    bind_time(st, ":cancelled_at", a->cancelled_at);
}

static void
bind_conversation(struct db_stmt *st, const struct main_row *row, int64_t owner)
{
    const struct main_conversation *c = &row->conversation;

    db_bind_key(st, ":key", &row->key);
    db_bind_i64(st, ":customer_id", owner);
    db_bind_text(st, ":channel", c->channel);
    db_bind_text(st, ":type", c->type);
    db_bind_text(st, ":status", c->status);
    db_bind_text(st, ":outcome", c->outcome);
    db_bind_text(st, ":sentiment", c->sentiment);
    if (c->has_satisfaction)
        db_bind_double(st, ":satisfaction", c->satisfaction);
    else
        db_bind_null(st, ":satisfaction");
    bind_time(st, ":at", c->at);
}

typedef void bind_row_fn(struct db_stmt *st, const struct main_row *row, int64_t owner);

/* How a table's rows are written. */
struct row_writer {
    enum main_table table;
    const char *find, *change, *put;
    bind_row_fn *bind;
};

static const struct row_writer APPOINTMENTS = {MAIN_APPOINTMENTS, SQL_APPOINTMENT_FIND,
                                               SQL_APPOINTMENT_CHANGE, SQL_APPOINTMENT_PUT,
                                               bind_appointment};
static const struct row_writer CONVERSATIONS = {MAIN_CONVERSATIONS, SQL_CONVERSATION_FIND,
                                                SQL_CONVERSATION_CHANGE, SQL_CONVERSATION_PUT,
                                                bind_conversation};

/* The row as it stands here: is it there, is it the same, whose is it. */
static bool
find_row(struct replica_writer *w, const struct row_writer *t, const struct main_row *row,
         int64_t owner, int64_t *old_owner, bool *found, bool *same, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, t->find, err);
    bool ok;

    if (!st)
        return false;
    t->bind(st, row, owner);
    ok = db_step(st, found, err);
    if (ok && *found) {
        *old_owner = db_column_i64(st, 0);
        *same = db_column_i64(st, 1) != 0;
    }
    db_stmt_release(st);
    return ok;
}

static bool
write_row(struct replica_writer *w, const char *sql, bind_row_fn *bind, const struct main_row *row,
          int64_t owner, bool *changed, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, sql, err);
    bool ok = false;

    if (st) {
        bind(st, row, owner);
        ok = db_step_done(st, err);
        *changed = ok && db_changes(w->db) > 0;
    }
    db_stmt_release(st);
    return ok;
}

static bool
put_row(struct replica_writer *w, const struct row_writer *t, bool found,
        const struct main_row *row, int64_t owner, struct error *err)
{
    bool changed = false;

    w->written++;
    w->gained[t->table] += !found;
    return (!found || write_row(w, t->change, t->bind, row, owner, &changed, err)) &&
           (changed || write_row(w, t->put, t->bind, row, owner, &changed, err)) &&
           touch(w, owner, err);
}

/* A row whose customer is not there: out of its table, if it is in, and aside. */
static bool
put_aside(struct replica_writer *w, enum main_table table, const struct main_row *row,
          struct error *err)
{
    bool is = false;

    if (!orphan_is(w, table, row, &is, err))
        return false;
    return is || (replica_remove(w, table, &row->key, err) && orphan_put(w, table, row, err));
}

bool
replica_put_appointment(struct replica_writer *w, const struct main_row *row, struct error *err)
{
    int64_t owner = 0;
    int64_t old_owner = 0;
    bool owned = false;
    bool found = false;
    bool same = false;

    if (!find_owner(w, row, &owner, &owned, err))
        return false;
    if (!owned)
        return put_aside(w, MAIN_APPOINTMENTS, row, err);
    if (!find_row(w, &APPOINTMENTS, row, owner, &old_owner, &found, &same, err))
        return false;
    if (same)
        return true;
    return (!found || touch(w, old_owner, err)) &&
           (found || orphan_remove(w, MAIN_APPOINTMENTS, &row->key, err)) &&
           put_row(w, &APPOINTMENTS, found, row, owner, err);
}

static bool
meta_is_same(struct replica_writer *w, const struct key *key, const struct replica_meta_key *keys,
             size_t key_count, bool *same, struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, SQL_META_LIST, err);
    size_t i = 0;
    bool row = true;
    bool ok = st != NULL;

    *same = true;
    if (st)
        db_bind_key(st, ":key", key);
    while (ok && *same && (ok = db_step(st, &row, err)) && row) {
        *same = i < key_count && strcmp(db_column_text(st, 0), keys[i].name) == 0 &&
                db_column_is_null(st, 1) == !keys[i].at.set &&
                (!keys[i].at.set || db_column_i64(st, 1) == keys[i].at.s);
        i++;
    }
    *same = *same && i == key_count;
    db_stmt_release(st);
    return ok;
}

static bool
meta_put(struct replica_writer *w, const struct key *key, int64_t owner,
         const struct replica_meta_key *keys, size_t key_count, struct error *err)
{
    bool ok = true;

    for (size_t i = 0; ok && i < key_count; i++) {
        struct db_stmt *st = db_prepare(w->db, SQL_META_ADD, err);

        if (!st)
            return false;
        db_bind_text(st, ":name", keys[i].name);
        db_bind_i64(st, ":customer_id", owner);
        db_bind_key(st, ":key", key);
        bind_time(st, ":at", keys[i].at);
        ok = db_step_done(st, err);
        db_stmt_release(st);
    }
    return ok;
}

bool
replica_put_conversation(struct replica_writer *w, const struct main_row *row,
                         const struct replica_meta_key *keys, size_t key_count, struct error *err)
{
    int64_t owner = 0;
    int64_t old_owner = 0;
    bool owned = false;
    bool found = false;
    bool same = false;
    bool same_meta = false;

    if (!find_owner(w, row, &owner, &owned, err))
        return false;
    if (!owned)
        return put_aside(w, MAIN_CONVERSATIONS, row, err);
    if (!find_row(w, &CONVERSATIONS, row, owner, &old_owner, &found, &same, err) ||
        (found && old_owner == owner &&
         !meta_is_same(w, &row->key, keys, key_count, &same_meta, err)))
        return false;
    if (same && same_meta)
        return true;
    /* one that is new here: its requests may be here already */
    if (!(found ? touch(w, old_owner, err)
                : orphan_remove(w, MAIN_CONVERSATIONS, &row->key, err) &&
                      touch_conversation(w, &row->key, err)))
        return false;
    return put_row(w, &CONVERSATIONS, found, row, owner, err) &&
           (same_meta || (run_key(w->db, SQL_META_CLEAR, &row->key, err) &&
                          meta_put(w, &row->key, owner, keys, key_count, err)));
}

static void
bind_request(struct db_stmt *st, const struct main_row *row)
{
    db_bind_key(st, ":key", &row->key);
    db_bind_key(st, ":conversation",
                row->request.has_conversation ? &row->request.conversation : NULL);
    db_bind_text(st, ":status", row->request.status);
}

/* Touches the conversation that the request pointed at until now. */
static bool
find_request(struct replica_writer *w, const struct main_row *row, bool *found, bool *same,
             struct error *err)
{
    struct db_stmt *st = db_prepare(w->db, SQL_REQUEST_FIND, err);
    struct key old = {0};
    bool pointed = false;
    bool ok;

    if (!st)
        return false;
    bind_request(st, row);
    ok = db_step(st, found, err);
    *same = ok && *found && db_column_i64(st, 1);
    pointed = ok && *found && !db_column_is_null(st, 0);
    if (pointed)
        old = db_column_key(st, 0);
    db_stmt_release(st);
    if (ok && pointed && !*same)
        ok = touch_conversation(w, &old, err);
    key_release(&old);
    return ok;
}

bool
replica_put_request(struct replica_writer *w, const struct main_row *row, struct error *err)
{
    struct db_stmt *st;
    bool found = false;
    bool same = false;
    bool ok;

    if (!find_request(w, row, &found, &same, err))
        return false;
    if (same)
        return true;
    st = db_prepare(w->db, SQL_REQUEST_PUT, err);
    if (!st)
        return false;
    bind_request(st, row);
    ok = db_step_done(st, err);
    db_stmt_release(st);
    w->written++;
    w->gained[MAIN_REQUESTS] += !found;
    return ok && (!row->request.has_conversation ||
                  touch_conversation(w, &row->request.conversation, err));
}
