/*
 * A full sync. The keys of all customers first, then requests, appointments and conversations, and
 * last the customers, each written once with the facts that came together by then: no row is looked
 * for or changed. A thread of its own inserts and makes the indexes of what is complete
 * (bulk_writer.h), and the column index is drafted from the same rows.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/index/index.h"
#include "core/replica/owners.h"
#include "core/replica/sync_private.h"
#include "core/store/index_store.h"
#include "core/store/replica_bulk_store.h"
#include "core/store/replica_facts_store.h"

static bool
on_customer_key(void *arg, const struct key *key, struct error *err)
{
    (void)err;
    owners_add(((struct sync *)arg)->owners, key);
    return true;
}

/* ---- the column index of the same rows */

static bool
draft_customer(struct sync *s, int64_t id, const struct main_customer *c,
               const struct replica_addresses *addresses, const struct replica_facts *f,
               struct error *err)
{
    const struct index_customer row = {
        .id = id,
        .is_new = c->is_new_client,
        .has_phone = addresses->phone_e164 != NULL,
        .has_email = addresses->email_norm != NULL,
        .phone = addresses->phone_e164,
        .email = addresses->email_norm,
        .created = c->created_at,
        .last_contact = f->last_contact,
        .last_appointment = f->last_appointment,
        .cancelled = f->last_appointment_cancelled_at,
        .last_visit = f->last_visit,
        .last_cancellation = f->last_cancellation,
        .status = f->last_appointment_status,
        .service = f->last_appointment_service,
        .provider = f->last_appointment_provider,
        .scored = f->has_satisfaction,
        .score = f->last_satisfaction,
        .appointments = f->appointment_count,
        .conversations = f->conversation_count,
    };

    return s->reader->customer(s->reader->ctx, &row, err);
}

static bool
draft_appointment(struct sync *s, int64_t owner, const struct main_appointment *a,
                  struct error *err)
{
    const struct index_appointment row = {
        .customer = owner,
        .at = a->at,
        .status = a->status,
        .service = a->service,
        .provider = a->provider,
        .booked_by = a->booked_by,
    };

    return s->reader->appointment(s->reader->ctx, &row, err);
}

static bool
draft_conversation(struct sync *s, int64_t owner, const struct main_conversation *c,
                   bool open_request, size_t key_count, struct error *err)
{
    const struct index_conversation row = {
        .customer = owner,
        .at = c->at,
        .channel = c->channel,
        .type = c->type,
        .status = c->status,
        .outcome = c->outcome,
        .sentiment = c->sentiment,
        .scored = c->has_satisfaction,
        .score = c->satisfaction,
        .open_request = open_request,
    };
    bool ok = s->reader->conversation(s->reader->ctx, &row, err);

    for (size_t i = 0; ok && i < key_count; i++) {
        const struct index_held held = {s->keys[i].name, s->keys[i].at};

        ok = s->reader->held(s->reader->ctx, &held, err);
    }
    return ok;
}

/* ---- rows */

static bool
on_customer(void *arg, const struct main_row *row, struct error *err)
{
    struct sync *s = arg;
    char phone[ADDRESS_PHONE_SIZE];
    struct replica_addresses addresses;
    struct replica_facts facts;
    size_t place;
    int64_t id;

    sync_see_row(s, row);
    if (!owners_find(s->owners, &row->key, &place, &id))
        return error_set(err, ERR_INTERNAL, "the main database's customers changed in the middle");
    sync_read_addresses(s, &row->customer_of, phone, &addresses);
    owners_facts(s->owners, place, &facts);
    return draft_customer(s, id, &row->customer_of, &addresses, &facts, err) &&
           replica_bulk_customer(s->bulk, id, row, &addresses, &facts, err);
}

/* False: the row is put aside, it has no customer. */
static bool
has_owner(struct sync *s, const struct main_row *row, size_t *place, int64_t *id)
{
    owners_see_key(s->owners, &row->key);
    return row->has_customer && owners_find(s->owners, &row->customer, place, id);
}

static bool
on_appointment(void *arg, const struct main_row *row, struct error *err)
{
    struct sync *s = arg;
    size_t place;
    int64_t id;

    sync_see_row(s, row);
    if (!has_owner(s, row, &place, &id))
        return replica_bulk_orphan(s->bulk, MAIN_APPOINTMENTS, row, err);
    owners_see_appointment(s->owners, place, &row->appointment);
    return draft_appointment(s, id, &row->appointment, err) &&
           replica_bulk_appointment(s->bulk, id, row, err);
}

static bool
on_conversation(void *arg, const struct main_row *row, struct error *err)
{
    struct sync *s = arg;
    size_t place;
    size_t ignored;
    int64_t id;
    size_t count;
    bool open;

    sync_see_row(s, row);
    if (!has_owner(s, row, &place, &id))
        return replica_bulk_orphan(s->bulk, MAIN_CONVERSATIONS, row, err);
    owners_see_conversation(s->owners, place, &row->conversation);
    count = sync_read_metadata(s, &row->conversation);
    open = key_set_find(s->wanted, &row->key, &ignored);
    return draft_conversation(s, id, &row->conversation, open, count, err) &&
           replica_bulk_conversation(s->bulk, id, row, open, s->keys, count, err);
}

static bool
on_request(void *arg, const struct main_row *row, struct error *err)
{
    struct sync *s = arg;

    sync_see_row(s, row);
    if (row->request.has_conversation &&
        (text_eq(row->request.status, "new") || text_eq(row->request.status, "in_progress")))
        (void)key_set_add(s->wanted, &row->request.conversation);
    return replica_bulk_request(s->bulk, row, err);
}

/* Watermarks are saved, and rows counted, when the connection is ours again. */
static void
keep_mark(struct sync *s)
{
    struct sync_mark *m = &s->marks[s->table];

    m->done = s->done;
    m->has = s->has_mark;
    m->s = s->mark_s;
    m->key = s->mark_key;
    s->mark_key = (struct key){0};
    if (s->progress)
        s->progress(s->progress_arg, main_table_name(s->table), s->done, s->total);
}

static bool
read_table(struct sync *s, enum main_table table, main_row_fn *on_row, struct error *err)
{
    sync_table_begin(s, table);
    owners_begin_table(s->owners);
    /* counting may take a server as long as a good part of the reading */
    if ((!s->source->position && !s->source->count(s->source->ctx, table, &s->total, err)) ||
        !s->source->scan_all(s->source->ctx, table, on_row, s, err))
        return false;
    sync_note_phase(s, "read");
    keep_mark(s);
    return true;
}

static bool
read_all(struct sync *s, struct error *err)
{
    sync_table_begin(s, MAIN_CUSTOMERS);
    if (!s->source->scan_keys(s->source->ctx, MAIN_CUSTOMERS, NULL, NULL, on_customer_key, s, err))
        return false;
    (void)owners_in_order(s->owners, index_draft_id, s->draft);
    s->reader = index_draft_rows(s->draft);
    sync_note_phase(s, "keys read");
    return read_table(s, MAIN_REQUESTS, on_request, err) &&
           replica_bulk_table_end(s->bulk, REPLICA_BULK_REQUESTS, err) &&
           read_table(s, MAIN_APPOINTMENTS, on_appointment, err) &&
           replica_bulk_table_end(s->bulk, REPLICA_BULK_APPOINTMENTS, err) &&
           read_table(s, MAIN_CONVERSATIONS, on_conversation, err) &&
           replica_bulk_table_end(s->bulk, REPLICA_BULK_CONVERSATIONS, err) &&
           replica_bulk_table_end(s->bulk, REPLICA_BULK_METADATA, err) &&
           replica_bulk_table_end(s->bulk, REPLICA_BULK_ORPHANS, err) &&
           read_table(s, MAIN_CUSTOMERS, on_customer, err) &&
           replica_bulk_table_end(s->bulk, REPLICA_BULK_CUSTOMERS, err);
}

/* Where deletions are found by counting, a key that comes twice would never come out even. */
static bool
are_all_here(struct sync *s, int64_t done, struct error *err)
{
    int64_t here = 0;

    s->keys_before[s->table] = -1;
    if (!s->source->position)
        return true;
    if (!replica_bulk_key_count(s->bulk, s->table, &here, err))
        return false;
    s->keys_before[s->table] = here; /* this writer gained none: bulk did */
    return here == done || sync_is_double(s, err);
}

/* Inserting leaves out what breaks a rule of the table: no customer may. */
static bool
is_nobody_lost(struct sync *s, struct error *err)
{
    int64_t here = 0;

    return replica_bulk_key_count(s->bulk, MAIN_CUSTOMERS, &here, err) &&
           (here == (int64_t)owners_count(s->owners) ||
            error_set(err, ERR_INTERNAL, "%" PRId64 " of %zu customers could be written", here,
                      owners_count(s->owners)));
}

/* The connection is ours again. */
static bool
close_tables(struct sync *s, struct error *err)
{
    for (int t = 0; t < MAIN_TABLE_COUNT; t++) {
        struct sync_mark *m = &s->marks[t];

        s->table = (enum main_table)t;
        if (t == MAIN_CUSTOMERS && !is_nobody_lost(s, err))
            return false;
        if (!are_all_here(s, m->done, err) || !sync_save_mark(s, m, 0, err))
            return false;
    }
    return true;
}

/* Where it does not come out even the index is read from the replica, as it always can be. */
static void
order_draft(struct sync *s)
{
    struct error err = {0};

    if (owners_are_sure(s->owners) && index_draft_order(s->draft, &err))
        return;
    if (err.code != ERR_NONE)
        log_line(LOG_WARN, "sync", "the column index must read the replica: %s", err.text);
    index_draft_free(s->draft);
    s->draft = NULL;
}

static bool
finish(struct sync *s, struct error *err)
{
    if (s->progress)
        s->progress(s->progress_arg, "indexes", 0, 0);
    owners_end(s->owners); /* its room is needed */
    order_draft(s);
    if (!replica_bulk_finish(s->bulk, err))
        return false;
    sync_note_phase(s, "and all tables' indexes made");
    s->writer.written = s->bulk->written;
    s->writer.orphans = s->bulk->orphans;
    s->customers = s->bulk->here[MAIN_CUSTOMERS];
    if (!close_tables(s, err))
        return false;
    sync_note_phase(s, "and all rows counted");
    if (owners_are_sure(s->owners))
        return true;
    /*
     * The order of keys was not ours: which row is the last of two at the same time, SQL says, and
     * asks the indexes for each customer.
     */
    if (!replica_bulk_make_late(s->writer.db, err) || !replica_facts_all(s->writer.db, err))
        return false;
    sync_note_phase(s, "and all customers' facts made again");
    return true;
}

bool
sync_full(struct sync *s, enum replica_bulk_when indexes, struct error *err)
{
    struct replica_bulk bulk = {0};
    bool ok;

    s->bulk = &bulk;
    s->owners = owners_new();
    s->wanted = key_set_new();
    s->draft = index_draft_new();
    ok = replica_writer_begin(&s->writer, s->writer.db, err) &&
         replica_bulk_begin(&bulk, s->writer.db, indexes, err) && read_all(s, err) &&
         finish(s, err);
    replica_bulk_release(&bulk);
    for (int t = 0; t < MAIN_TABLE_COUNT; t++)
        key_release(&s->marks[t].key);
    owners_free(s->owners);
    key_set_free(s->wanted);
    s->bulk = NULL;
    s->owners = NULL;
    s->wanted = NULL;
    return ok;
}
