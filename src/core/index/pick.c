/* The first few of a set. */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/index/view.h"

struct candidate {
    int64_t place;
    size_t position; /* positions are in the order of the keys */
};

static bool
is_later(const struct candidate *a, const struct candidate *b)
{
    return a->place != b->place ? a->place > b->place : a->position > b->position;
}

/* A heap with the latest on top. */
static void
sift_down(struct candidate *heap, size_t count)
{
    for (size_t i = 0;;) {
        size_t child = 2 * i + 1;
        struct candidate swap;

        if (child >= count)
            return;
        if (child + 1 < count && is_later(&heap[child + 1], &heap[child]))
            child++;
        if (!is_later(&heap[child], &heap[i]))
            return;
        swap = heap[i];
        heap[i] = heap[child];
        heap[child] = swap;
        i = child;
    }
}

static void
sift_up(struct candidate *heap, size_t i)
{
    while (i > 0 && is_later(&heap[i], &heap[(i - 1) / 2])) {
        struct candidate swap = heap[i];

        heap[i] = heap[(i - 1) / 2];
        heap[(i - 1) / 2] = swap;
        i = (i - 1) / 2;
    }
}

static int
by_order(const void *a, const void *b)
{
    return is_later(a, b) ? 1 : -1;
}

int64_t
index_id_at(const struct index_column *ids, size_t position)
{
    return ids->width == 4 ? ((const int32_t *)ids->data)[position]
                           : ((const int64_t *)ids->data)[position];
}

bool
index_pick(struct index_view *v, const struct bits *set, size_t limit, uint64_t seed, size_t **out,
           size_t *count)
{
    const struct sample_order order = sample_order_of(seed);
    size_t most = limit < set->count ? limit : set->count;
    struct candidate *heap = mem_calloc(most, sizeof *heap);
    struct index_column ids;
    size_t n = 0;

    *out = NULL;
    *count = 0;
    if (!index_file_column(v->file, SECTION_ID, &ids)) {
        free(heap);
        return false;
    }
    for (size_t p = 0; most > 0 && (p = bits_next(set, p)) < set->count; p++) {
        struct candidate c = {.position = p};

        if (seed != 0)
            c.place = sample_order_place(&order, index_id_at(&ids, p));
        if (n < most) {
            heap[n++] = c;
            sift_up(heap, n - 1);
        } else if (seed == 0) {
            break;
        } else if (is_later(&heap[0], &c)) {
            heap[0] = c;
            sift_down(heap, n);
        }
    }
    if (n > 0)
        qsort(heap, n, sizeof *heap, by_order);
    *out = mem_calloc(n, sizeof **out);
    for (size_t i = 0; i < n; i++)
        (*out)[i] = heap[i].position;
    *count = n;
    free(heap);
    return true;
}
