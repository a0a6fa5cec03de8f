#include "net/postgres_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/store/key_hash.h"
#include "core/store/main_database_sqlite.h"

enum { WORD_MAX_BYTES = 1024, TEXT_MAX_BYTES = 4096, NOTES_MAX_BYTES = 65536 };

/* One row being read. */
struct reading {
    struct pgrow *r;
    const struct mapping *m;
    enum main_table table;
    const struct pgcopy_field *fields;
    struct error *err;
    bool ok;
};

void
pgrow_release(struct pgrow *r)
{
    for (size_t i = 0; i < PGROW_SCRATCH; i++)
        buf_release(&r->scratch[i]);
    *r = (struct pgrow){0};
}

/* A database with encoding SQL_ASCII hands out any bytes. */
static const char *
text_of(struct reading *g, size_t at, size_t max)
{
    const struct pgcopy_field *f = &g->fields[at];
    struct buf *b;

    if (!f->data || (f->len <= max && utf8_is_valid(f->data, f->len)))
        return f->data;
    b = &g->r->scratch[g->r->used++ % PGROW_SCRATCH];
    buf_clear(b);
    main_text_repair(b, f->data, max);
    return buf_str(b);
}

static const char *
word_of(struct reading *g, size_t at)
{
    const struct mapping_table *table = &g->m->tables[g->table];
    const char *word = text_of(g, at, WORD_MAX_BYTES);
    size_t count;

    if (!word || table->word_count == 0)
        return word;
    return mapping_word(table, &main_columns(g->table, &count)[at], word);
}

static struct main_time
time_of(struct reading *g, size_t at)
{
    struct main_time t = {0};

    if (g->fields[at].data)
        g->ok = g->ok && pgcopy_time(&g->fields[at], &t, g->err);
    return t;
}

static void
text_key(struct pgrow *r, const struct pgcopy_field *f, struct key *out)
{
    struct buf *b;

    if (num_parse_usual_i64(f->data, &out->number))
        return;
    out->is_text = true;
    out->text = f->data;
    if (key_is_uuid(f->data, f->len)) {
        for (size_t i = 0; i < f->len; i++)
            if (f->data[i] >= 'A' && f->data[i] <= 'F')
                f->data[i] = (char)(f->data[i] - 'A' + 'a');
    } else if (f->len > WORD_MAX_BYTES || !utf8_is_valid(f->data, f->len)) {
        b = &r->scratch[r->used++ % PGROW_SCRATCH];
        buf_clear(b);
        main_text_repair(b, f->data, WORD_MAX_BYTES);
        buf_add_char(b, '\0');
        out->text = b->data;
    }
}

bool
pgrow_key(struct pgrow *r, enum mapping_key kind, const struct pgcopy_field *f, struct key *out,
          struct error *err)
{
    char *uuid;

    *out = (struct key){0};
    switch (kind) {
    case MAPPING_KEY_INT:
        return pgcopy_i64(f, &out->number, err);
    case MAPPING_KEY_UUID:
        uuid = r->uuids[r->used++ % ARRAY_LEN(r->uuids)];
        out->is_text = true;
        out->text = uuid;
        return pgcopy_uuid(f, uuid, err);
    case MAPPING_KEY_TEXT:
        text_key(r, f, out);
        return true;
    }
    return false;
}

/* False for NULL. */
static bool
ref_of(struct reading *g, size_t at, enum main_table owner, struct key *out)
{
    if (!g->fields[at].data)
        return false;
    g->ok = g->ok && pgrow_key(g->r, g->m->tables[owner].key, &g->fields[at], out, g->err);
    return true;
}

static void
read_customer(struct reading *g, struct main_row *row)
{
    struct main_customer *c = &row->customer_of;

    c->name = text_of(g, 2, TEXT_MAX_BYTES);
    c->phone = text_of(g, 3, TEXT_MAX_BYTES);
    c->email = text_of(g, 4, TEXT_MAX_BYTES);
    if (g->fields[5].data)
        g->ok = g->ok && pgcopy_bool(&g->fields[5], &c->is_new_client, g->err);
    c->notes = text_of(g, 6, NOTES_MAX_BYTES);
    c->created_at = time_of(g, 7);
    c->time_zone = word_of(g, 8);
}

static void
read_appointment(struct reading *g, struct main_row *row)
{
    struct main_appointment *a = &row->appointment;

    row->has_customer = ref_of(g, 2, MAIN_CUSTOMERS, &row->customer);
    a->at = time_of(g, 3);
    a->status = word_of(g, 4);
    a->service = word_of(g, 5);
    a->provider = word_of(g, 6);
    a->booked_by = word_of(g, 7);
    a->cancelled_at = time_of(g, 8);
}

static void
read_conversation(struct reading *g, struct main_row *row)
{
    struct main_conversation *c = &row->conversation;

    row->has_customer = ref_of(g, 2, MAIN_CUSTOMERS, &row->customer);
    c->at = time_of(g, 3);
    c->channel = word_of(g, 4);
    c->type = word_of(g, 5);
    c->status = word_of(g, 6);
    c->outcome = word_of(g, 7);
    c->sentiment = word_of(g, 8);
    c->has_satisfaction = g->fields[9].data != NULL;
    if (c->has_satisfaction)
        g->ok = g->ok && pgcopy_double(&g->fields[9], &c->satisfaction, g->err);
    /* NaN and infinity are no scores */
    if (c->has_satisfaction && !(c->satisfaction - c->satisfaction == 0.0))
        c->has_satisfaction = false;
    c->metadata = g->fields[10].data;
}

static void
read_request(struct reading *g, struct main_row *row)
{
    row->request.has_conversation = ref_of(g, 2, MAIN_CONVERSATIONS, &row->request.conversation);
    row->request.status = word_of(g, 3);
}

bool
pgrow_read(struct pgrow *r, const struct mapping *m, enum main_table table,
           const struct pgcopy_field *fields, struct main_row *out, struct error *err)
{
    static void (*const readers[])(struct reading *, struct main_row *) = {
        [MAIN_CUSTOMERS] = read_customer,
        [MAIN_APPOINTMENTS] = read_appointment,
        [MAIN_CONVERSATIONS] = read_conversation,
        [MAIN_REQUESTS] = read_request,
    };
    struct reading g = {.r = r, .m = m, .table = table, .fields = fields, .err = err, .ok = true};

    r->used = 0;
    *out = (struct main_row){0};
    if (!fields[0].data)
        return error_set(err, ERR_INTERNAL, "the server sent a row without a key");
    if (!pgrow_key(r, m->tables[table].key, &fields[0], &out->key, err))
        return false;
    out->updated_at = time_of(&g, 1);
    readers[table](&g, out);
    return g.ok;
}
