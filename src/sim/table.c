#include "sim/table.h"

#include <stdlib.h>

#include "core/base/mem.h"

uint64_t
table_hash(const char *text, size_t len)
{
    uint64_t h = 0xCBF29CE484222325u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001B3u;
    return h ^ (h >> 32); /* the low bits choose the slot */
}

void *
table_find(const struct table *table, uint64_t hash, int (*same)(const void *item, const void *key),
           const void *key)
{
    if (table->size == 0)
        return NULL;
    for (size_t i = hash & (table->size - 1);; i = (i + 1) & (table->size - 1)) {
        const struct table_slot *slot = &table->slots[i];

        if (!slot->item)
            return NULL;
        if (slot->hash == hash && same(slot->item, key))
            return slot->item;
    }
}

static void
put(struct table_slot *slots, size_t size, uint64_t hash, void *item)
{
    size_t i = hash & (size - 1);

    while (slots[i].item)
        i = (i + 1) & (size - 1);
    slots[i] = (struct table_slot){hash, item};
}

void
table_add(struct table *table, uint64_t hash, void *item)
{
    if ((table->count + 1) * 3 > table->size * 2) {
        size_t size = table->size ? table->size * 2 : 1024;
        struct table_slot *slots = mem_calloc(size, sizeof *slots);

        for (size_t i = 0; i < table->size; i++)
            if (table->slots[i].item)
                put(slots, size, table->slots[i].hash, table->slots[i].item);
        free(table->slots);
        table->slots = slots;
        table->size = size;
    }
    put(table->slots, table->size, hash, item);
    table->count++;
}

void
table_release(struct table *table)
{
    free(table->slots);
    *table = (struct table){0};
}
