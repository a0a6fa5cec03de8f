/* The replica's rows into columns: read in any order, then put in the order of the customers. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/index/image.h"
#include "core/index/index.h"

struct held_row {
    uint32_t name, row; /* as the rows came */
    struct main_time at;
};

struct reading {
    struct index_image *image;
    struct index_places places;
    struct column appointment_owner, conversation_owner; /* positions, as the rows came */
    int64_t *appointments, *conversations;               /* owned; as the sync counted them */
    struct held_row *held;                               /* owned */
    size_t held_count, held_capacity;
    bool skipped; /* the conversation at hand belongs to nobody */
    struct index_sharing sharing;
};

static uint16_t
code(struct reading *r, enum index_section s, const char *word)
{
    return words_code(&r->image->words[index_spec(s)->other], word);
}

/* --- customers */

static bool
add_id(void *ctx, int64_t id, bool key_is_id)
{
    struct index_image *image = ctx;
    struct column *c = &image->columns[SECTION_ID];

    if (c->count == 0)
        c->width = 4;
    if (c->width == 4 && (id < INT32_MIN || id > INT32_MAX))
        column_widen(c, false);
    if (c->width == 4)
        *(int32_t *)column_add(c, 4) = (int32_t)id;
    else
        *(int64_t *)column_add(c, 8) = id;
    image->meta.keys_are_ids = image->meta.keys_are_ids && key_is_id;
    return true;
}

static const enum index_section customer_times[] = {
    SECTION_CREATED,    SECTION_LAST_CONTACT,      SECTION_LAST_APPOINTMENT,
    SECTION_LAST_VISIT, SECTION_LAST_CANCELLATION, SECTION_LAST_APPOINTMENT_CANCELLED,
};
static const enum index_section customer_codes[] = {
    SECTION_LAST_APPOINTMENT_STATUS,
    SECTION_LAST_APPOINTMENT_SERVICE,
    SECTION_LAST_APPOINTMENT_PROVIDER,
    SECTION_LAST_SATISFACTION,
};

static void
size_customers(struct reading *r)
{
    struct index_image *image = r->image;
    size_t n = image->columns[SECTION_ID].count;

    image->meta.counts.customers = n;
    index_places_make(&r->places, &image->columns[SECTION_ID]);
    column_size(&image->columns[SECTION_FLAGS], n, 1);
    for (size_t i = 0; i < ARRAY_LEN(customer_times); i++)
        column_size(&image->columns[customer_times[i]], n, 4);
    for (size_t i = 0; i < ARRAY_LEN(customer_codes); i++)
        column_size(&image->columns[customer_codes[i]], n, 2);
    r->appointments = mem_calloc(n, sizeof *r->appointments);
    r->conversations = mem_calloc(n, sizeof *r->conversations);
}

static void
set_code(struct reading *r, enum index_section s, uint32_t p, const char *word)
{
    ((uint16_t *)r->image->columns[s].data)[p] = code(r, s, word);
}

static bool
take_customer(void *ctx, const struct index_customer *row, struct error *err)
{
    struct reading *r = ctx;
    struct column *c = r->image->columns;
    uint32_t p = 0;

    if (!index_places_find(&r->places, row->id, &p))
        return error_set(err, ERR_INTERNAL, "a customer without a place");
    ((uint8_t *)c[SECTION_FLAGS].data)[p] =
        (uint8_t)((row->is_new ? INDEX_IS_NEW : 0) | (row->has_phone ? INDEX_HAS_PHONE : 0) |
                  (row->has_email ? INDEX_HAS_EMAIL : 0));
    column_set_time(&c[SECTION_CREATED], p, row->created);
    column_set_time(&c[SECTION_LAST_CONTACT], p, row->last_contact);
    column_set_time(&c[SECTION_LAST_APPOINTMENT], p, row->last_appointment);
    column_set_time(&c[SECTION_LAST_APPOINTMENT_CANCELLED], p, row->cancelled);
    column_set_time(&c[SECTION_LAST_VISIT], p, row->last_visit);
    column_set_time(&c[SECTION_LAST_CANCELLATION], p, row->last_cancellation);
    set_code(r, SECTION_LAST_APPOINTMENT_STATUS, p, row->status);
    set_code(r, SECTION_LAST_APPOINTMENT_SERVICE, p, row->service);
    set_code(r, SECTION_LAST_APPOINTMENT_PROVIDER, p, row->provider);
    ((uint16_t *)c[SECTION_LAST_SATISFACTION].data)[p] =
        scores_code(&r->image->scores, row->scored, row->score);
    r->appointments[p] = row->appointments;
    r->conversations[p] = row->conversations;
    index_sharing_note(&r->sharing, INDEX_PHONE, p, row->phone);
    index_sharing_note(&r->sharing, INDEX_EMAIL, p, row->email);
    return true;
}

/* --- their rows */

static bool
take_appointment(void *ctx, const struct index_appointment *row, struct error *err)
{
    struct reading *r = ctx;
    struct column *c = r->image->columns;
    uint32_t p = 0;

    (void)err;
    if (!index_places_find(&r->places, row->customer, &p))
        return true; /* belongs to nobody and counts nowhere */
    column_add_u32(&r->appointment_owner, p);
    column_add_time(&c[SECTION_APPOINTMENT_AT], row->at);
    column_add_u16(&c[SECTION_APPOINTMENT_STATUS],
                   code(r, SECTION_APPOINTMENT_STATUS, row->status));
    column_add_u16(&c[SECTION_APPOINTMENT_SERVICE],
                   code(r, SECTION_APPOINTMENT_SERVICE, row->service));
    column_add_u16(&c[SECTION_APPOINTMENT_PROVIDER],
                   code(r, SECTION_APPOINTMENT_PROVIDER, row->provider));
    column_add_u16(&c[SECTION_APPOINTMENT_BOOKED_BY],
                   code(r, SECTION_APPOINTMENT_BOOKED_BY, row->booked_by));
    return true;
}

static bool
take_conversation(void *ctx, const struct index_conversation *row, struct error *err)
{
    struct reading *r = ctx;
    struct column *c = r->image->columns;
    const struct {
        enum index_section section;
        const char *word;
    } words[] = {
        {SECTION_CONVERSATION_CHANNEL, row->channel},
        {SECTION_CONVERSATION_TYPE, row->type},
        {SECTION_CONVERSATION_STATUS, row->status},
        {SECTION_CONVERSATION_OUTCOME, row->outcome},
        {SECTION_CONVERSATION_SENTIMENT, row->sentiment},
    };
    uint32_t p = 0;

    (void)err;
    r->skipped = !index_places_find(&r->places, row->customer, &p);
    if (r->skipped)
        return true;
    column_add_u32(&r->conversation_owner, p);
    column_add_time(&c[SECTION_CONVERSATION_AT], row->at);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        column_add_u16(&c[words[i].section], code(r, words[i].section, words[i].word));
    column_add_u16(&c[SECTION_CONVERSATION_SATISFACTION],
                   scores_code(&r->image->scores, row->scored, row->score));
    *(uint8_t *)column_add(&c[SECTION_CONVERSATION_REQUEST], 1) = row->open_request;
    return true;
}

static bool
take_held(void *ctx, const struct index_held *row, struct error *err)
{
    struct reading *r = ctx;
    uint16_t name = words_code(&r->image->words[SECTION_WORDS_HELD], row->name);

    (void)err;
    if (r->skipped || name == 0)
        return true;
    r->held = mem_grow(r->held, r->held_count, &r->held_capacity, sizeof *r->held);
    r->held[r->held_count++] =
        (struct held_row){name - 1u, (uint32_t)r->conversation_owner.count - 1, row->at};
    return true;
}

/* --- into order */

/* first[p] for n customers, and where each row goes. Caller frees the latter. */
static uint32_t *
order_rows(const struct column *owner, size_t n, struct column *first)
{
    const uint32_t *p = owner->data;
    uint32_t *target = mem_calloc(owner->count, sizeof *target);
    uint32_t *next = mem_calloc(n + 1, sizeof *next);
    uint32_t *f;

    column_size(first, n + 1, 4);
    f = first->data;
    for (size_t i = 0; i < owner->count; i++)
        f[p[i] + 1]++;
    for (size_t i = 0; i < n; i++)
        f[i + 1] += f[i];
    memcpy(next, f, (n + 1) * sizeof *next);
    for (size_t i = 0; i < owner->count; i++)
        target[i] = next[p[i]]++;
    free(next);
    return target;
}

static bool
counts_agree(const struct column *first, const int64_t *counted)
{
    const uint32_t *f = first->data;

    for (size_t p = 0; p + 1 < first->count; p++)
        if (counted[p] != f[p + 1] - f[p])
            return false;
    return true;
}

static void
scatter_sections(struct index_image *image, enum index_section from, enum index_section to,
                 const uint32_t *target)
{
    for (int s = (int)from; s <= (int)to; s++) {
        struct column ordered = {0};

        column_scatter(&image->columns[s], target, &ordered);
        column_release(&image->columns[s]);
        image->columns[s] = ordered;
    }
}

/* target: where the conversations went. */
static void
order_held(struct reading *r, const uint32_t *target)
{
    struct column *c = r->image->columns;
    const struct words *names = &r->image->words[SECTION_WORDS_HELD];
    const uint32_t *owner = r->conversation_owner.data;
    size_t count = names->too_many ? 0 : r->held_count;
    struct radix_item *order = mem_calloc(count, sizeof *order);
    uint32_t *first;

    r->image->meta.counts.held = count;
    r->image->meta.no_held = names->too_many;
    for (size_t i = 0; i < count; i++)
        order[i] = (struct radix_item){(uint64_t)r->held[i].name << 32 | target[r->held[i].row],
                                       (uint32_t)i};
    radix_sort(order, count);
    column_size(&c[SECTION_HELD_FIRST], names->table.count + 1, 4);
    column_size(&c[SECTION_HELD_ROW], count, 4);
    column_size(&c[SECTION_HELD_OWNER], count, 4);
    column_size(&c[SECTION_HELD_AT], count, 4);
    first = c[SECTION_HELD_FIRST].data;
    for (size_t i = 0; i < count; i++) {
        const struct held_row *held = &r->held[order[i].value];

        first[held->name + 1]++;
        ((uint32_t *)c[SECTION_HELD_ROW].data)[i] = target[held->row];
        ((uint32_t *)c[SECTION_HELD_OWNER].data)[i] = owner[held->row];
        column_set_time(&c[SECTION_HELD_AT], i, held->at);
    }
    for (size_t i = 0; i < names->table.count; i++)
        first[i + 1] += first[i];
    free(order);
}

static bool
order_all(struct reading *r, struct error *err)
{
    struct index_image *image = r->image;
    size_t n = image->meta.counts.customers;
    uint32_t *target;
    bool agree;

    if (r->conversation_owner.count >= UINT32_MAX || r->appointment_owner.count >= UINT32_MAX ||
        r->held_count >= UINT32_MAX)
        return error_set(err, ERR_INTERNAL, "too many rows for a column index");
    image->meta.counts.conversations = r->conversation_owner.count;
    image->meta.counts.appointments = r->appointment_owner.count;
    target = order_rows(&r->conversation_owner, n, &image->columns[SECTION_CONVERSATION_FIRST]);
    scatter_sections(image, SECTION_CONVERSATION_AT, SECTION_CONVERSATION_REQUEST, target);
    order_held(r, target);
    free(target);
    target = order_rows(&r->appointment_owner, n, &image->columns[SECTION_APPOINTMENT_FIRST]);
    scatter_sections(image, SECTION_APPOINTMENT_AT, SECTION_APPOINTMENT_BOOKED_BY, target);
    free(target);
    agree = counts_agree(&image->columns[SECTION_CONVERSATION_FIRST], r->conversations) &&
            counts_agree(&image->columns[SECTION_APPOINTMENT_FIRST], r->appointments);
    return agree || error_set(err, ERR_INTERNAL, "the replica's counts do not fit its rows");
}

/* --- from the replica, or from whoever reads the same rows anyway */

static void
release(struct reading *r)
{
    index_places_release(&r->places);
    column_release(&r->appointment_owner);
    column_release(&r->conversation_owner);
    free(r->appointments);
    free(r->conversations);
    free(r->held);
    index_sharing_release(&r->sharing);
}

static void
end_ids(struct reading *r)
{
    r->image->columns[SECTION_ID].width = r->image->columns[SECTION_ID].width == 8 ? 8 : 4;
    size_customers(r);
}

bool
index_image_read(struct index_image *image, struct db *db, enum index_scope scope,
                 struct error *err)
{
    struct reading r = {.image = image};
    const struct index_reader reader = {&r, take_customer, take_appointment, take_conversation,
                                        take_held};
    bool ok;

    image->meta.keys_are_ids = true;
    ok = index_store_ids(db, scope, add_id, image, err);
    if (ok)
        end_ids(&r);
    ok = ok && index_store_customers(db, scope, &reader, err) &&
         index_store_appointments(db, scope, &reader, err) &&
         index_store_conversations(db, scope, &reader, err) && order_all(&r, err) &&
         (scope != INDEX_ALL || index_sharing_read(image, &r.places, db, err));
    release(&r);
    return ok;
}

struct index_draft {
    struct index_image image;
    struct reading reading;
    struct index_reader reader;
};

struct index_draft *
index_draft_new(void)
{
    struct index_draft *d = mem_alloc(sizeof *d);

    d->reading.image = &d->image;
    d->reader = (struct index_reader){&d->reading, take_customer, take_appointment,
                                      take_conversation, take_held};
    d->image.meta.keys_are_ids = true;
    return d;
}

void
index_draft_free(struct index_draft *d)
{
    if (!d)
        return;
    release(&d->reading);
    index_image_release(&d->image);
    free(d);
}

bool
index_draft_id(void *draft, int64_t id, bool key_is_id)
{
    return add_id(&((struct index_draft *)draft)->image, id, key_is_id);
}

const struct index_reader *
index_draft_rows(struct index_draft *d)
{
    end_ids(&d->reading);
    return &d->reader;
}

bool
index_draft_order(struct index_draft *d, struct error *err)
{
    return order_all(&d->reading, err);
}

bool
index_image_take(struct index_image *image, struct index_draft *d, struct db *db, struct error *err)
{
    const struct index_meta known = image->meta;
    bool ok = index_sharing_find(&d->image, &d->reading.places, &d->reading.sharing, db, err);

    index_image_release(image);
    *image = d->image;
    d->image = (struct index_image){0};
    image->meta.generation = known.generation;
    image->meta.stamp = known.stamp;
    return ok;
}
