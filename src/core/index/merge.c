/*
 * An older index and the customers that were touched since make the new one. Whole runs of
 * untouched customers, and their rows with them, are copied as they are; words keep their codes.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/index/image.h"

#define GONE UINT32_MAX

struct run { /* customers side by side in one of the two sources, and in the result */
    bool is_new;
    uint32_t from, count;
};

struct merge {
    struct index_image *out;
    struct index_image fresh; /* the touched customers */
    struct index_file *old;
    struct index_column columns[SECTION_COUNT]; /* of old */
    struct column touched;                      /* ids, ascending; some are not there any more */
    struct column readdressed;                  /* of them; ids, ascending */
    struct run *runs;                           /* owned */
    size_t run_count, run_capacity;
    size_t customers;
    uint32_t *places[2]; /* owned; of old and of fresh customers in the result, or GONE */
};

static const void *
data_of(const struct merge *m, bool is_new, enum index_section s)
{
    return is_new ? m->fresh.columns[s].data : m->columns[s].data;
}

/* --- what is known from before */

static void
keep_words(struct merge *m, enum index_section s)
{
    struct words *w = &m->fresh.words[s];
    size_t count = 0;
    const char *const *words = index_file_words(m->old, s, &count);

    for (size_t i = 0; words && i < count; i++)
        (void)words_code(w, words[i]);
}

/* Words and scores keep their codes; what was too much stays so until the next full index. */
static void
keep_codes(struct merge *m)
{
    const double *scores = m->columns[SECTION_SCORES].data;

    for (int s = 0; s < SECTION_COUNT; s++)
        if (index_spec((enum index_section)s)->kind == KIND_WORDS)
            keep_words(m, (enum index_section)s);
    for (size_t i = 0; i < m->columns[SECTION_SCORES].count; i++)
        (void)scores_code(&m->fresh.scores, true, scores[i]);
    for (int s = 0; s < SECTION_COUNT; s++) {
        const struct index_spec *spec = index_spec((enum index_section)s);

        if (spec->kind != KIND_CODE || m->columns[s].width > 0)
            continue;
        if (spec->other == SECTION_SCORES)
            m->fresh.scores.too_many = true;
        else
            m->fresh.words[spec->other].too_many = true;
    }
    m->fresh.words[SECTION_WORDS_HELD].too_many |= index_file_meta(m->old)->no_held;
}

/* --- the order of the customers */

static void
add_place(struct merge *m, bool is_new, size_t position)
{
    struct run *last = m->run_count ? &m->runs[m->run_count - 1] : NULL;

    m->places[is_new][position] = (uint32_t)m->customers++;
    if (last && last->is_new == is_new && last->from + last->count == position) {
        last->count++;
        return;
    }
    m->runs = mem_grow(m->runs, m->run_count, &m->run_capacity, sizeof *m->runs);
    m->runs[m->run_count++] = (struct run){is_new, (uint32_t)position, 1};
}

static int64_t
id_at(const void *data, unsigned width, size_t i)
{
    return width == 4 ? ((const int32_t *)data)[i] : ((const int64_t *)data)[i];
}

/* Keys are ids: both sources are ascending by id. */
static void
order_by_id(struct merge *m)
{
    const struct index_column *old = &m->columns[SECTION_ID];
    const struct column *fresh = &m->fresh.columns[SECTION_ID];
    const int64_t *touched = m->touched.data;
    size_t t = 0;
    size_t f = 0;

    for (size_t i = 0; i < old->count; i++) {
        int64_t id = id_at(old->data, old->width, i);

        while (t < m->touched.count && touched[t] < id)
            t++;
        while (f < fresh->count && id_at(fresh->data, fresh->width, f) < id)
            add_place(m, true, f++);
        if (t == m->touched.count || touched[t] != id)
            add_place(m, false, i);
    }
    while (f < fresh->count)
        add_place(m, true, f++);
}

struct ordering {
    struct merge *m;
    struct index_places old, fresh;
    bool lost; /* a customer that neither source knows */
};

static bool
take_in_order(void *ctx, int64_t id, bool key_is_id)
{
    struct ordering *o = ctx;
    uint32_t position = 0;

    (void)key_is_id;
    if (index_places_find(&o->fresh, id, &position))
        add_place(o->m, true, position);
    else if (index_places_find(&o->old, id, &position))
        add_place(o->m, false, position);
    else
        o->lost = true;
    return !o->lost;
}

static bool
order_by_key(struct merge *m, struct db *db, struct error *err)
{
    struct ordering o = {.m = m};
    struct column old = {.count = m->columns[SECTION_ID].count,
                         .width = m->columns[SECTION_ID].width};
    bool ok;

    memcpy(&old.data, &m->columns[SECTION_ID].data, sizeof old.data); /* read only */
    index_places_make(&o.old, &old);
    index_places_make(&o.fresh, &m->fresh.columns[SECTION_ID]);
    ok = index_store_ids(db, INDEX_ALL, take_in_order, &o, err) && !o.lost;
    index_places_release(&o.old);
    index_places_release(&o.fresh);
    return ok || (o.lost && error_set(err, ERR_CONFLICT, "a customer that nothing was told of"));
}

static bool
order_customers(struct merge *m, struct db *db, struct error *err)
{
    size_t old = m->columns[SECTION_ID].count;

    m->out->meta.keys_are_ids = index_file_meta(m->old)->keys_are_ids && m->fresh.meta.keys_are_ids;
    m->places[false] = mem_calloc(old, sizeof(uint32_t));
    memset(m->places[false], 0xFF, old * sizeof(uint32_t));
    m->places[true] = mem_calloc(m->fresh.columns[SECTION_ID].count, sizeof(uint32_t));
    if (m->out->meta.keys_are_ids)
        order_by_id(m);
    else if (!order_by_key(m, db, err))
        return false;
    m->out->meta.counts.customers = m->customers;
    return true;
}

/* --- copying */

static void
copy(struct column *to, size_t at, const void *from, unsigned width, size_t first, size_t count,
     bool times)
{
    const char *source = (const char *)from + first * width;

    if (count == 0)
        return;
    if (to->width == width) {
        memcpy((char *)to->data + at * width, source, count * width);
    } else if (to->width == 8) {
        const int32_t *narrow = (const int32_t *)from + first;
        int64_t *wide = (int64_t *)to->data + at;

        for (size_t i = 0; i < count; i++)
            wide[i] = times && narrow[i] == INT32_MIN ? INT64_MIN : narrow[i];
    } else { /* codes of 8 bits, since when there came more words */
        for (size_t i = 0; i < count; i++)
            ((uint16_t *)to->data + at)[i] = (uint8_t)source[i];
    }
}

static unsigned
width_of(struct merge *m, enum index_section s)
{
    const struct index_spec *spec = index_spec(s);
    struct column *fresh = &m->fresh.columns[s];
    bool scores = spec->other == SECTION_SCORES;

    if (spec->kind == KIND_BYTE)
        return 1;
    if (spec->kind != KIND_CODE) /* times and ids */
        return m->columns[s].width > fresh->width ? m->columns[s].width : fresh->width;
    if (scores ? m->fresh.scores.too_many : m->fresh.words[spec->other].too_many)
        return 0;
    if ((scores ? m->fresh.scores.values.count : m->fresh.words[spec->other].table.count) >
        UINT8_MAX)
        return 2;
    if (fresh->width == 2)
        column_narrow(fresh);
    return 1;
}

/* first: of the rows of a customer; NULL for the columns of customers. */
static void
copy_column(struct merge *m, enum index_section s, const uint32_t *const first[2], size_t count)
{
    unsigned width = width_of(m, s);
    struct column *to = &m->out->columns[s];
    bool times = index_spec(s)->kind == KIND_TIME;
    size_t at = 0;

    if (width == 0)
        return;
    column_size(to, count, width);
    for (size_t i = 0; i < m->run_count; i++) {
        const struct run *r = &m->runs[i];
        const uint32_t *f = first ? first[r->is_new] : NULL;
        size_t from = f ? f[r->from] : r->from;
        size_t n = f ? f[r->from + r->count] - f[r->from] : r->count;

        copy(to, at, data_of(m, r->is_new, s),
             r->is_new ? m->fresh.columns[s].width : m->columns[s].width, from, n, times);
        at += n;
    }
}

/* Rows of customers: where they begin, and the rows. */
static size_t
copy_rows(struct merge *m, enum index_section first_section, enum index_section from,
          enum index_section to)
{
    const uint32_t *const first[2] = {data_of(m, false, first_section),
                                      data_of(m, true, first_section)};
    struct column *out = &m->out->columns[first_section];
    uint32_t *f;
    size_t at = 0;

    column_size(out, m->customers + 1, 4);
    f = out->data;
    for (size_t i = 0; i < m->run_count; i++) {
        const struct run *r = &m->runs[i];
        const uint32_t *source = first[r->is_new] + r->from;

        for (uint32_t k = 0; k < r->count; k++, at++)
            f[at + 1] = f[at] + (source[k + 1] - source[k]);
    }
    for (int s = (int)from; s <= (int)to; s++)
        copy_column(m, (enum index_section)s, first, f[m->customers]);
    return f[m->customers];
}

/* --- metadata */

struct held_walk { /* entries of one name in one source */
    const struct merge *m;
    bool is_new;
    const uint32_t *row, *owner, *first;
    size_t at, end;
};

static struct held_walk
held_walk_of(const struct merge *m, bool is_new, size_t name)
{
    const uint32_t *first = data_of(m, is_new, SECTION_HELD_FIRST);
    size_t names = (is_new ? m->fresh.columns[SECTION_HELD_FIRST].count
                           : m->columns[SECTION_HELD_FIRST].count) -
                   1;

    return (struct held_walk){
        .m = m,
        .is_new = is_new,
        .row = data_of(m, is_new, SECTION_HELD_ROW),
        .owner = data_of(m, is_new, SECTION_HELD_OWNER),
        .first = data_of(m, is_new, SECTION_CONVERSATION_FIRST),
        .at = name < names ? first[name] : 0,
        .end = name < names ? first[name + 1] : 0,
    };
}

/* The row of the next entry in the result; false: no more. */
static bool
held_peek(struct held_walk *w, uint32_t *row)
{
    const uint32_t *first = w->m->out->columns[SECTION_CONVERSATION_FIRST].data;

    while (w->at < w->end && w->m->places[w->is_new][w->owner[w->at]] == GONE)
        w->at++;
    if (w->at == w->end)
        return false;
    *row =
        first[w->m->places[w->is_new][w->owner[w->at]]] + w->row[w->at] - w->first[w->owner[w->at]];
    return true;
}

static void
held_take(struct merge *m, struct held_walk *w, uint32_t row)
{
    struct column *c = m->out->columns;
    unsigned width =
        w->is_new ? m->fresh.columns[SECTION_HELD_AT].width : m->columns[SECTION_HELD_AT].width;
    int64_t at = id_at(data_of(m, w->is_new, SECTION_HELD_AT), width, w->at);
    bool set = width == 4 ? at != INT32_MIN : at != INT64_MIN;

    column_add_u32(&c[SECTION_HELD_ROW], row);
    column_add_u32(&c[SECTION_HELD_OWNER], m->places[w->is_new][w->owner[w->at]]);
    column_add_time(&c[SECTION_HELD_AT], (struct main_time){set, at});
    w->at++;
}

/* Both sources are in the order of the rows. */
static void
merge_held(struct merge *m)
{
    struct column *c = m->out->columns;
    const struct words *names = &m->fresh.words[SECTION_WORDS_HELD];
    size_t count = names->too_many ? 0 : names->table.count;

    m->out->meta.no_held = names->too_many;
    column_add_u32(&c[SECTION_HELD_FIRST], 0);
    for (size_t name = 0; name < count; name++) {
        struct held_walk old = held_walk_of(m, false, name);
        struct held_walk fresh = held_walk_of(m, true, name);

        for (;;) {
            uint32_t a = 0;
            uint32_t b = 0;
            bool has_a = held_peek(&old, &a);
            bool has_b = held_peek(&fresh, &b);

            if (!has_a && !has_b)
                break;
            if (has_a && (!has_b || a < b))
                held_take(m, &old, a);
            else
                held_take(m, &fresh, b);
        }
        column_add_u32(&c[SECTION_HELD_FIRST], (uint32_t)c[SECTION_HELD_ROW].count);
    }
    m->out->meta.counts.held = c[SECTION_HELD_ROW].count;
}

/* --- shared addresses */

struct member {
    uint32_t group, position;
};
struct sharing {
    const struct index_places *places; /* of the result */
    uint32_t *groups;                  /* owned; by position, from 1; 0: none */
    struct member *members;            /* owned */
    size_t count, capacity;
    uint32_t last;
};

static void
join_group(struct sharing *s, uint32_t group, uint32_t position)
{
    if (s->groups[position] != 0)
        return;
    s->groups[position] = group;
    s->members = mem_grow(s->members, s->count, &s->capacity, sizeof *s->members);
    s->members[s->count++] = (struct member){group, position};
}

static int
by_id(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Where one of a group from before is now; false: gone, or with another address. */
static bool
still_in_group(const struct merge *m, const struct index_places *places, uint32_t before,
               uint32_t *now)
{
    const struct index_column *ids = &m->columns[SECTION_ID];
    const struct column *other = &m->readdressed;
    int64_t id;

    *now = m->places[false][before];
    if (*now != GONE)
        return true;
    id = id_at(ids->data, ids->width, before);
    return !(other->count > 0 && bsearch(&id, other->data, other->count, sizeof id, by_id)) &&
           index_places_find(places, id, now);
}

/* Pairs come with partners who kept their address first: groups from before are joined, never two.
 */
static void
take_pair(void *ctx, int64_t touched, int64_t other)
{
    struct sharing *s = ctx;
    uint32_t t = 0;
    uint32_t o = 0;
    uint32_t group;

    if (!index_places_find(s->places, touched, &t) || !index_places_find(s->places, other, &o))
        return;
    group = s->groups[o] ? s->groups[o] : s->groups[t] ? s->groups[t] : ++s->last;
    join_group(s, group, o);
    join_group(s, group, t);
}

static int
by_group(const void *a, const void *b)
{
    const struct member *x = a;
    const struct member *y = b;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

static void
put_groups(const struct sharing *s, struct column *groups, struct column *members)
{
    column_add_u32(groups, 0);
    for (size_t i = 0; i < s->count;) {
        size_t end = i;

        while (end < s->count && s->members[end].group == s->members[i].group)
            end++;
        for (size_t k = i; end - i > 1 && k < end; k++)
            column_add_u32(members, s->members[k].position);
        if (end - i > 1)
            column_add_u32(groups, (uint32_t)members->count);
        i = end;
    }
}

static bool
merge_sharing(struct merge *m, struct db *db, const struct index_places *places,
              enum index_address which, struct error *err)
{
    enum index_section group = which == INDEX_PHONE ? SECTION_PHONE_GROUP : SECTION_EMAIL_GROUP;
    enum index_section member = which == INDEX_PHONE ? SECTION_PHONE_MEMBER : SECTION_EMAIL_MEMBER;
    struct sharing s = {.places = places, .groups = mem_calloc(m->customers, sizeof *s.groups)};
    const uint32_t *g = m->columns[group].data;
    const uint32_t *members = m->columns[member].data;
    bool ok;

    for (size_t i = 0; i + 1 < m->columns[group].count; i++) {
        s.last++;
        for (uint32_t k = g[i]; k < g[i + 1]; k++) {
            uint32_t position = 0;

            if (still_in_group(m, places, members[k], &position))
                join_group(&s, s.last, position);
        }
    }
    ok = index_store_shared(db, which, take_pair, &s, err);
    if (s.count > 0)
        qsort(s.members, s.count, sizeof *s.members, by_group);
    put_groups(&s, &m->out->columns[group], &m->out->columns[member]);
    free(s.groups);
    free(s.members);
    return ok;
}

/* --- the whole */

static bool
take_id(void *ctx, int64_t id)
{
    *(int64_t *)column_add(ctx, 8) = id;
    return true;
}

static bool
open_old(struct merge *m, struct error *err)
{
    for (int s = 0; s < SECTION_COUNT; s++)
        if (!index_file_column(m->old, (enum index_section)s, &m->columns[s]))
            return error_set(err, ERR_CONFLICT, "the index before is damaged");
    return true;
}

static bool
fill(struct merge *m, struct db *db, struct error *err)
{
    struct index_places places = {0};
    bool ok;

    for (int s = SECTION_ID; s < SECTION_CONVERSATION_FIRST; s++)
        copy_column(m, (enum index_section)s, NULL, m->customers);
    m->out->meta.counts.conversations = copy_rows(
        m, SECTION_CONVERSATION_FIRST, SECTION_CONVERSATION_AT, SECTION_CONVERSATION_REQUEST);
    m->out->meta.counts.appointments = copy_rows(
        m, SECTION_APPOINTMENT_FIRST, SECTION_APPOINTMENT_AT, SECTION_APPOINTMENT_BOOKED_BY);
    merge_held(m);
    index_places_make(&places, &m->out->columns[SECTION_ID]);
    ok = merge_sharing(m, db, &places, INDEX_PHONE, err) &&
         merge_sharing(m, db, &places, INDEX_EMAIL, err);
    index_places_release(&places);
    memcpy(m->out->words, m->fresh.words, sizeof m->out->words);
    memset(m->fresh.words, 0, sizeof m->fresh.words);
    m->out->scores = m->fresh.scores;
    m->fresh.scores = (struct scores){0};
    return ok;
}

bool
index_image_merge(struct index_image *out, struct index_file *old, struct db *db, struct error *err)
{
    struct merge m = {.out = out, .old = old};
    bool ok = open_old(&m, err);

    if (ok)
        keep_codes(&m);
    ok = ok && index_store_each_touched(db, take_id, &m.touched, err) &&
         index_store_each_readdressed(db, take_id, &m.readdressed, err) &&
         index_image_read(&m.fresh, db, INDEX_TOUCHED, err) && order_customers(&m, db, err) &&
         fill(&m, db, err);
    index_image_release(&m.fresh);
    column_release(&m.touched);
    column_release(&m.readdressed);
    free(m.runs);
    free(m.places[0]);
    free(m.places[1]);
    return ok;
}
