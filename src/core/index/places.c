/* Where the customer with a row id stands. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/index/image.h"

struct pair {
    int64_t id;
    uint32_t position;
};

static int
by_id(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

static int64_t
id_at(const struct column *ids, size_t i)
{
    return ids->width == 4 ? ((const int32_t *)ids->data)[i] : ((const int64_t *)ids->data)[i];
}

static bool
make_direct(struct index_places *p, const struct column *ids)
{
    int64_t low = INT64_MAX;
    int64_t high = INT64_MIN;

    for (size_t i = 0; i < ids->count; i++) {
        int64_t id = id_at(ids, i);

        low = id < low ? id : low;
        high = id > high ? id : high;
    }
    if (ids->count == 0 || (uint64_t)high - (uint64_t)low >= ids->count * 4 + 1024)
        return false;
    p->low = low;
    p->span = (size_t)((uint64_t)high - (uint64_t)low) + 1;
    p->direct = mem_calloc(p->span, sizeof *p->direct);
    for (size_t i = 0; i < ids->count; i++)
        p->direct[id_at(ids, i) - low] = (uint32_t)i + 1;
    return true;
}

void
index_places_make(struct index_places *p, const struct column *ids)
{
    struct pair *pairs;

    *p = (struct index_places){.count = ids->count};
    if (make_direct(p, ids))
        return;
    pairs = mem_calloc(ids->count, sizeof *pairs);
    for (size_t i = 0; i < ids->count; i++)
        pairs[i] = (struct pair){id_at(ids, i), (uint32_t)i};
    qsort(pairs, ids->count, sizeof *pairs, by_id);
    p->ids = mem_calloc(ids->count, sizeof *p->ids);
    p->positions = mem_calloc(ids->count, sizeof *p->positions);
    for (size_t i = 0; i < ids->count; i++) {
        p->ids[i] = pairs[i].id;
        p->positions[i] = pairs[i].position;
    }
    free(pairs);
}

void
index_places_release(struct index_places *p)
{
    free(p->ids);
    free(p->positions);
    free(p->direct);
    *p = (struct index_places){0};
}

bool
index_places_find(const struct index_places *p, int64_t id, uint32_t *position)
{
    size_t low = 0;
    size_t high = p->count;

    if (p->direct) {
        uint64_t at = (uint64_t)id - (uint64_t)p->low;

        if (at >= p->span || p->direct[at] == 0)
            return false;
        *position = p->direct[at] - 1;
        return true;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (p->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == p->count || p->ids[low] != id)
        return false;
    *position = p->positions[low];
    return true;
}
