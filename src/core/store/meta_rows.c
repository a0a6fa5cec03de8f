#include "core/store/meta_rows.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/radix.h"

struct meta_row {
    int64_t customer;
    int64_t at;
    int64_t key;   /* the conversation's number, or where its text begins */
    uint32_t name; /* word */
    bool has_at, is_text;
};

void
meta_rows_release(struct meta_rows *m)
{
    free(m->rows);
    word_table_release(&m->names);
    buf_release(&m->keys);
    *m = (struct meta_rows){0};
}

void
meta_rows_add(struct meta_rows *m, int64_t customer, const struct key *conversation,
              const struct replica_meta_key *keys, size_t count)
{
    struct meta_row row = {
        .customer = customer, .key = conversation->number, .is_text = conversation->is_text};

    if (count == 0)
        return;
    if (conversation->is_text) {
        row.key = (int64_t)m->keys.len;
        buf_add(&m->keys, conversation->text, strlen(conversation->text) + 1);
    }
    for (size_t i = 0; i < count; i++) {
        row.name = word_table_add(&m->names, keys[i].name);
        row.has_at = keys[i].at.set;
        row.at = keys[i].at.s;
        m->rows = mem_grow(m->rows, m->count, &m->capacity, sizeof *m->rows);
        m->rows[m->count++] = row;
    }
}

struct named {
    const char *text;
    uint32_t number;
};

static int
by_text(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->text, ((const struct named *)b)->text);
}

/* By number - 1, where each name stands in the order of all. Caller frees. */
static uint32_t *
rank_names(const struct word_table *names)
{
    struct named *list = mem_calloc(names->count, sizeof *list);
    uint32_t *ranks = mem_calloc(names->count, sizeof *ranks);

    for (size_t i = 0; i < names->count; i++)
        list[i] = (struct named){names->texts[i], (uint32_t)i};
    qsort(list, names->count, sizeof *list, by_text);
    for (size_t i = 0; i < names->count; i++)
        ranks[list[i].number] = (uint32_t)i;
    free(list);
    return ranks;
}

/* Sorting keeps what is equal in its order: first the last part of the key that is not in order
 * yet, then the one before it. Caller frees. */
static struct radix_item *
order_rows(const struct meta_rows *m)
{
    struct radix_item *order = mem_calloc(m->count, sizeof *order);
    uint32_t *ranks = rank_names(&m->names);

    for (size_t i = 0; i < m->count; i++)
        order[i] = (struct radix_item){radix_signed(m->rows[i].customer), (uint32_t)i};
    radix_sort(order, m->count);
    for (size_t i = 0; i < m->count; i++)
        order[i].key = ranks[m->rows[order[i].value].name - 1];
    radix_sort(order, m->count);
    free(ranks);
    return order;
}

bool
meta_rows_give(struct meta_rows *m, struct bulk_writer *w, size_t target, struct error *err)
{
    struct radix_item *order = order_rows(m);
    bool ok = true;

    for (size_t i = 0; ok && i < m->count; i++) {
        const struct meta_row *row = &m->rows[order[i].value];
        struct bulk_batch *b = bulk_writer_row(w, target, err);

        ok = b != NULL;
        if (!ok)
            break;
        bulk_text(b, m->names.texts[row->name - 1]);
        bulk_i64(b, row->customer);
        if (row->is_text)
            bulk_text(b, m->keys.data + row->key);
        else
            bulk_i64(b, row->key);
        if (row->has_at)
            bulk_i64(b, row->at);
        else
            bulk_null(b);
    }
    free(order);
    meta_rows_release(m);
    return ok;
}
