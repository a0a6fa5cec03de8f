/* Keys in an open hash table (owners.h). Numbers stand in the entry, texts in one long buffer. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/replica/owners.h"

struct entry {
    int64_t value; /* the number, or where the text begins */
};

struct key_set {
    struct entry *entries; /* owned, in the order of arrival */
    unsigned char *is_text;
    size_t count, capacity;
    uint32_t *slots; /* owned; number of an entry + 1, 0: free */
    size_t slot_count;
    char *texts; /* owned; each NUL-terminated */
    size_t text_len, text_capacity;
};

struct key_set *
key_set_new(void)
{
    struct key_set *s = mem_alloc(sizeof *s);

    s->slot_count = 1024;
    s->slots = mem_calloc(s->slot_count, sizeof *s->slots);
    return s;
}

void
key_set_free(struct key_set *s)
{
    if (!s)
        return;
    free(s->entries);
    free(s->is_text);
    free(s->slots);
    free(s->texts);
    free(s);
}

static uint64_t
mix(uint64_t h)
{
    h ^= h >> 30;
    h *= UINT64_C(0xBF58476D1CE4E5B9);
    h ^= h >> 27;
    h *= UINT64_C(0x94D049BB133111EB);
    return h ^ (h >> 31);
}

static uint64_t
hash_text(const char *text)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    return mix(h);
}

static uint64_t
hash_of(const struct key *key)
{
    return key->is_text ? hash_text(key->text) : mix((uint64_t)key->number);
}

static bool
is_at(const struct key_set *s, size_t i, const struct key *key)
{
    if (key->is_text != (s->is_text[i] != 0))
        return false;
    return key->is_text ? strcmp(s->texts + s->entries[i].value, key->text) == 0
                        : s->entries[i].value == key->number;
}

static void
grow_slots(struct key_set *s)
{
    size_t bigger = s->slot_count * 2;
    uint32_t *slots = mem_calloc(bigger, sizeof *slots);

    for (size_t i = 0; i < s->count; i++) {
        uint64_t h = s->is_text[i] ? hash_text(s->texts + s->entries[i].value)
                                   : mix((uint64_t)s->entries[i].value);

        while (slots[h & (bigger - 1)])
            h++;
        slots[h & (bigger - 1)] = (uint32_t)i + 1;
    }
    free(s->slots);
    s->slots = slots;
    s->slot_count = bigger;
}

static void
append(struct key_set *s, const struct key *key)
{
    size_t capacity = s->capacity;

    s->entries = mem_grow(s->entries, s->count, &s->capacity, sizeof *s->entries);
    s->is_text = mem_grow(s->is_text, s->count, &capacity, sizeof *s->is_text);
    s->is_text[s->count] = key->is_text;
    s->entries[s->count].value = key->number;
    if (key->is_text) {
        size_t len = strlen(key->text) + 1;

        if (s->text_capacity - s->text_len < len) {
            s->text_capacity = s->text_capacity * 2 + len + 4096;
            s->texts = mem_realloc(s->texts, s->text_capacity, 1);
        }
        memcpy(s->texts + s->text_len, key->text, len);
        s->entries[s->count].value = (int64_t)s->text_len;
        s->text_len += len;
    }
    s->count++;
}

bool
key_set_find(const struct key_set *s, const struct key *key, size_t *number)
{
    for (uint64_t h = hash_of(key);; h++) {
        uint32_t slot = s->slots[h & (s->slot_count - 1)];

        if (!slot)
            return false;
        if (is_at(s, slot - 1, key)) {
            *number = slot - 1;
            return true;
        }
    }
}

size_t
key_set_add(struct key_set *s, const struct key *key)
{
    size_t number = 0;
    uint64_t h;

    if (key_set_find(s, key, &number))
        return number;
    /* two thirds full at most; entries are numbered with 32 bits */
    if (s->count >= UINT32_MAX - 1)
        abort();
    if ((s->count + 1) * 3 > s->slot_count * 2)
        grow_slots(s);
    append(s, key);
    h = hash_of(key);
    while (s->slots[h & (s->slot_count - 1)])
        h++;
    s->slots[h & (s->slot_count - 1)] = (uint32_t)s->count;
    return s->count - 1;
}

struct key
key_set_get(const struct key_set *s, size_t number)
{
    if (s->is_text[number])
        return (struct key){.is_text = true, .text = s->texts + s->entries[number].value};
    return (struct key){.number = s->entries[number].value};
}
