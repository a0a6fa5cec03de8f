/*
 * Customers who share an address, in groups of two or more. Either the replica gives all addresses
 * in order, or their hashes were noted while the rows went by: then only those that are like
 * another one are looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/index/image.h"

static const enum index_section group_sections[] = {
    [INDEX_PHONE] = SECTION_PHONE_GROUP,
    [INDEX_EMAIL] = SECTION_EMAIL_GROUP,
};
static const enum index_section member_sections[] = {
    [INDEX_PHONE] = SECTION_PHONE_MEMBER,
    [INDEX_EMAIL] = SECTION_EMAIL_MEMBER,
};

/* --- all addresses in order */

struct groups {
    const struct index_places *places;
    struct column *groups, *members;
    uint32_t last;
    bool open; /* the last one is in a group */
};

static struct groups
groups_begin(struct index_image *image, const struct index_places *places, enum index_address which)
{
    struct groups g = {.places = places,
                       .groups = &image->columns[group_sections[which]],
                       .members = &image->columns[member_sections[which]]};

    column_release(g.groups);
    column_release(g.members);
    column_add_u32(g.groups, 0);
    g.members->width = 4;
    return g;
}

static int
by_position(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void
close_group(struct groups *g)
{
    const uint32_t *groups = g->groups->data;
    uint32_t from = groups[g->groups->count - 1];

    if (!g->open)
        return;
    qsort((uint32_t *)g->members->data + from, g->members->count - from, sizeof(uint32_t),
          by_position);
    column_add_u32(g->groups, (uint32_t)g->members->count);
    g->open = false;
}

static void
take(struct groups *g, uint32_t position, bool same_as_last)
{
    if (same_as_last && !g->open)
        column_add_u32(g->members, g->last);
    if (same_as_last) {
        g->open = true;
        column_add_u32(g->members, position);
    }
    g->last = position;
}

static void
take_address(void *ctx, int64_t id, bool same_as_last)
{
    struct groups *g = ctx;
    uint32_t position = 0;

    if (!same_as_last)
        close_group(g);
    if (index_places_find(g->places, id, &position))
        take(g, position, same_as_last);
}

static bool
read_one(struct index_image *image, const struct index_places *places, enum index_address which,
         struct db *db, struct error *err)
{
    struct groups g = groups_begin(image, places, which);
    bool ok = index_store_addresses(db, which, take_address, &g, err);

    close_group(&g);
    return ok;
}

bool
index_sharing_read(struct index_image *image, const struct index_places *places, struct db *db,
                   struct error *err)
{
    return read_one(image, places, INDEX_PHONE, db, err) &&
           read_one(image, places, INDEX_EMAIL, db, err);
}

/* --- from hashes */

void
index_sharing_note(struct index_sharing *s, enum index_address which, uint32_t position,
                   const char *address)
{
    struct address_hashes *h = &s->of[which];

    if (!address)
        return;
    h->list = mem_grow(h->list, h->count, &h->capacity, sizeof *h->list);
    h->list[h->count++] = (struct radix_item){index_hash(address, strlen(address)), position};
}

void
index_sharing_release(struct index_sharing *s)
{
    free(s->of[INDEX_PHONE].list);
    free(s->of[INDEX_EMAIL].list);
    *s = (struct index_sharing){0};
}

static int64_t
id_at(const struct index_image *image, uint32_t position)
{
    const struct column *c = &image->columns[SECTION_ID];

    return c->width == 4 ? ((const int32_t *)c->data)[position]
                         : ((const int64_t *)c->data)[position];
}

/* *sure false: two different addresses have one hash. */
static bool
find_one(struct index_image *image, const struct index_places *places, enum index_address which,
         const struct address_hashes *h, bool *sure, struct db *db, struct error *err)
{
    struct groups g = groups_begin(image, places, which);
    bool ok = true;

    *sure = true;
    for (size_t i = 0; ok && *sure && i < h->count; i++) {
        bool same = i > 0 && h->list[i].key == h->list[i - 1].key;

        if (!same)
            close_group(&g);
        else
            ok = index_store_same_address(db, which, id_at(image, h->list[i - 1].value),
                                          id_at(image, h->list[i].value), sure, err);
        take(&g, h->list[i].value, same);
    }
    close_group(&g);
    return ok;
}

bool
index_sharing_find(struct index_image *image, const struct index_places *places,
                   struct index_sharing *s, struct db *db, struct error *err)
{
    for (int w = INDEX_PHONE; w <= INDEX_EMAIL; w++) {
        struct address_hashes *h = &s->of[w];
        bool sure = false;

        radix_sort(h->list, h->count);
        if (!find_one(image, places, (enum index_address)w, h, &sure, db, err) ||
            (!sure && !read_one(image, places, (enum index_address)w, db, err)))
            return false;
    }
    return true;
}
