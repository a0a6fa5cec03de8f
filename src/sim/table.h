/* A hash table of borrowed items found by a text; grows, never shrinks. Zero is a valid empty
 * value. */
#ifndef CANVASS_SIM_TABLE_H
#define CANVASS_SIM_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_slot {
    uint64_t hash;
    void *item; /* NULL: free */
};

struct table {
    struct table_slot *slots; /* owned; items are the caller's */
    size_t count, size;       /* size is 0 or a power of two */
};

uint64_t table_hash(const char *text, size_t len);
/* The item of that hash for which same(item, key) holds, or NULL. */
void *table_find(const struct table *table, uint64_t hash,
                 int (*same)(const void *item, const void *key), const void *key);
/* The caller has looked first: an equal item is not replaced. */
void table_add(struct table *table, uint64_t hash, void *item);
void table_release(struct table *table);

#endif
