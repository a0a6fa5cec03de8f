#include "core/store/demo_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/store/db.h"

static const char SCHEMA[] = "data/main_database/reference.sql";

enum { CUSTOMER, APPOINTMENT, CONVERSATION, MESSAGE, REQUEST, STATEMENT_COUNT };

static const char *const SQL_ADD[] = {
    [CUSTOMER] =
        "INSERT INTO customers VALUES (:id, :name, :phone, :email, :is_new_client, :notes, "
        ":created_at, :updated_at)",
    [APPOINTMENT] =
        "INSERT INTO appointments VALUES (:id, :customer_id, :at, :service, :provider, "
        ":minutes, :status, :booked_by, :reason, :cancelled_at, :created_at, :updated_at)",
    [CONVERSATION] =
        "INSERT INTO conversations VALUES (:id, :customer_id, :channel, :status, :type, NULL, "
        ":started_at, :at, :completed_at, :score, :sentiment, :outcome, :subject, :summary, "
        ":metadata, :started_at, :updated_at)",
    [MESSAGE] = "INSERT INTO communication_messages VALUES (:id, :conversation, :direction, "
                ":content, :at, NULL)",
    [REQUEST] = "INSERT INTO appointment_requests VALUES (:id, :customer_id, :conversation, "
                ":channel, :status, :service, :at, :at)",
};
_Static_assert(ARRAY_LEN(SQL_ADD) == STATEMENT_COUNT, "a statement each");

struct demo_store {
    struct db *db;
    struct db_stmt *add[STATEMENT_COUNT];
    const char *indexes; /* the tail of the schema; borrowed for ever */
};

/* "YYYY-MM-DD HH:MM:SS", as the main database writes it. */
static void
bind_time(struct db_stmt *st, const char *name, int64_t t)
{
    char text[UTIME_RFC3339_SIZE];

    if (t == DEMO_NO_TIME) {
        db_bind_null(st, name);
        return;
    }
    (void)utime_format(t, text);
    text[10] = ' ';
    text[19] = '\0';
    db_bind_text(st, name, text);
}

static void
bind_id(struct db_stmt *st, const char *name, int64_t id)
{
    if (id == 0)
        db_bind_null(st, name);
    else
        db_bind_i64(st, name, id);
}

static bool
make_tables(struct demo_store *d, struct error *err)
{
    const struct embed_file *file = embed_find(SCHEMA);
    const char *indexes = file ? strstr(file->data, "CREATE INDEX") : NULL;
    char *tables;
    bool ok;

    if (!indexes)
        return error_set(err, ERR_INTERNAL, "%s is not in this program", SCHEMA);
    tables = mem_strndup(file->data, (size_t)(indexes - file->data));
    d->indexes = indexes;
    /* Nobody reads the file before it is whole, and half a file is thrown away: no journal, no
     * syncing. */
    ok =
        db_exec(d->db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;",
                err) &&
        db_exec(d->db, tables, err) && db_begin(d->db, err);
    free(tables);
    for (int i = 0; ok && i < STATEMENT_COUNT; i++) {
        d->add[i] = db_prepare(d->db, SQL_ADD[i], err);
        ok = d->add[i] != NULL;
    }
    return ok;
}

struct demo_store *
demo_store_create(const char *path, struct error *err)
{
    struct demo_store *d = mem_alloc(sizeof *d);

    d->db = db_open(path, DB_CREATE, err);
    if (d->db && make_tables(d, err))
        return d;
    demo_store_close(d);
    return NULL;
}

static bool
run(struct db_stmt *st, struct error *err)
{
    bool ok = db_step_done(st, err);

    db_stmt_reset(st);
    return ok;
}

bool
demo_store_customer(struct demo_store *d, const struct demo_customer *c, struct error *err)
{
    struct db_stmt *st = d->add[CUSTOMER];

    db_bind_i64(st, ":id", c->id);
    db_bind_text(st, ":name", c->name);
    db_bind_text(st, ":phone", c->phone);
    db_bind_text(st, ":email", c->email);
    if (c->is_new_client < 0)
        db_bind_null(st, ":is_new_client");
    else
        db_bind_i64(st, ":is_new_client", c->is_new_client);
    db_bind_text(st, ":notes", c->notes);
    bind_time(st, ":created_at", c->created_at);
    bind_time(st, ":updated_at", c->updated_at);
    return run(st, err);
}

bool
demo_store_appointment(struct demo_store *d, const struct demo_appointment *a, struct error *err)
{
    struct db_stmt *st = d->add[APPOINTMENT];

    db_bind_i64(st, ":id", a->id);
    bind_id(st, ":customer_id", a->customer_id);
    bind_time(st, ":at", a->at);
    db_bind_text(st, ":service", a->service);
    db_bind_text(st, ":provider", a->provider);
    db_bind_i64(st, ":minutes", a->minutes);
    db_bind_text(st, ":status", a->status);
    db_bind_text(st, ":booked_by", a->booked_by);
    db_bind_text(st, ":reason", a->reason);
    bind_time(st, ":cancelled_at", a->cancelled_at);
    bind_time(st, ":created_at", a->created_at);
    bind_time(st, ":updated_at", a->updated_at);
    return run(st, err);
}

bool
demo_store_conversation(struct demo_store *d, const struct demo_conversation *c, struct error *err)
{
    struct db_stmt *st = d->add[CONVERSATION];
    bool completed = c->at != DEMO_NO_TIME && strcmp(c->status, "completed") == 0;

    db_bind_text(st, ":id", c->id);
    bind_id(st, ":customer_id", c->customer_id);
    db_bind_text(st, ":channel", c->channel);
    db_bind_text(st, ":status", c->status);
    db_bind_text(st, ":type", c->type);
    bind_time(st, ":started_at", c->at == DEMO_NO_TIME ? c->updated_at : c->at - 240);
    bind_time(st, ":at", c->at);
    bind_time(st, ":completed_at", completed ? c->at : DEMO_NO_TIME);
    bind_id(st, ":score", c->score);
    db_bind_text(st, ":sentiment", c->sentiment);
    db_bind_text(st, ":outcome", c->outcome);
    db_bind_text(st, ":subject", c->subject);
    db_bind_text(st, ":summary", c->summary);
    db_bind_text(st, ":metadata", c->metadata);
    bind_time(st, ":updated_at", c->updated_at);
    return run(st, err);
}

bool
demo_store_message(struct demo_store *d, const struct demo_message *m, struct error *err)
{
    struct db_stmt *st = d->add[MESSAGE];

    db_bind_text(st, ":id", m->id);
    db_bind_text(st, ":conversation", m->conversation);
    db_bind_text(st, ":direction", m->direction);
    db_bind_text(st, ":content", m->content);
    bind_time(st, ":at", m->at);
    return run(st, err);
}

bool
demo_store_request(struct demo_store *d, const struct demo_request *r, struct error *err)
{
    struct db_stmt *st = d->add[REQUEST];

    db_bind_text(st, ":id", r->id);
    bind_id(st, ":customer_id", r->customer_id);
    db_bind_text(st, ":conversation", r->conversation);
    db_bind_text(st, ":channel", r->channel);
    db_bind_text(st, ":status", r->status);
    db_bind_text(st, ":service", r->service);
    bind_time(st, ":at", r->at);
    return run(st, err);
}

bool
demo_store_finish(struct demo_store *d, struct error *err)
{
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        db_stmt_release(d->add[i]);
        d->add[i] = NULL;
    }
    return db_commit(d->db, err) && db_exec(d->db, d->indexes, err) &&
           db_exec(d->db, "PRAGMA journal_mode=DELETE", err);
}

void
demo_store_close(struct demo_store *d)
{
    if (!d)
        return;
    for (int i = 0; i < STATEMENT_COUNT; i++)
        db_stmt_release(d->add[i]);
    db_close(d->db);
    free(d);
}
