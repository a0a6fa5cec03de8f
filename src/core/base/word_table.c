#include "core/base/word_table.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

struct word_slot {
    uint64_t head;   /* the first bytes; zeros behind a shorter word's end */
    uint32_t len;    /* of the whole word */
    uint32_t number; /* 0: the slot is free */
};

struct word {
    const char *text;
    size_t len;
    uint64_t head, hash;
};

static uint64_t
mix(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0xD6E8FEB86659FD93);
    h ^= h >> 29;
    h *= UINT64_C(0x94D049BB133111EB);
    return h ^ (h >> 32);
}

/* Never reads behind the end. */
static uint64_t
load(const char *text, size_t len)
{
    uint64_t bytes = 0;
    uint32_t low = 0;
    uint32_t high = 0;

    if (len >= sizeof bytes) {
        memcpy(&bytes, text, sizeof bytes);
        return bytes;
    }
    if (len >= sizeof low) { /* the two overlap where it is shorter than both */
        memcpy(&low, text, sizeof low);
        memcpy(&high, text + len - sizeof high, sizeof high);
        return low | (uint64_t)high << ((len - sizeof high) * 8);
    }
    for (size_t i = 0; i < len; i++)
        bytes |= (uint64_t)(unsigned char)text[i] << (i * 8);
    return bytes;
}

static struct word
word_of(const char *text)
{
    struct word w = {.text = text, .len = strlen(text)};
    size_t at = sizeof w.head;

    w.head = load(text, w.len);
    w.hash = mix(w.head ^ (uint64_t)w.len << 56);
    for (; at < w.len; at += sizeof w.head)
        w.hash = mix(w.hash + load(text + at, w.len - at));
    return w;
}

static bool
is_at(const struct word_table *t, const struct word_slot *slot, const struct word *w)
{
    return slot->head == w->head && slot->len == w->len &&
           (w->len <= sizeof w->head ||
            memcmp(t->texts[slot->number - 1] + sizeof w->head, w->text + sizeof w->head,
                   w->len - sizeof w->head) == 0);
}

/* Where the word stands, or the free slot where it would. */
static struct word_slot *
slot_of(const struct word_table *t, const struct word *w)
{
    for (uint64_t at = w->hash;; at++) {
        struct word_slot *slot = &t->slots[at & (t->slot_count - 1)];

        if (!slot->number || is_at(t, slot, w))
            return slot;
    }
}

static void
fill_slot(struct word_table *t, const struct word *w, uint32_t number)
{
    *slot_of(t, w) = (struct word_slot){w->head, (uint32_t)w->len, number};
}

static void
grow(struct word_table *t)
{
    free(t->slots);
    t->slot_count = t->slot_count ? t->slot_count * 4 : 64;
    t->slots = mem_calloc(t->slot_count, sizeof *t->slots);
    for (size_t i = 0; i < t->count; i++) {
        const struct word w = word_of(t->texts[i]);

        fill_slot(t, &w, (uint32_t)i + 1);
    }
}

void
word_table_release(struct word_table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->texts[i]);
    free(t->texts);
    free(t->slots);
    *t = (struct word_table){0};
}

uint32_t
word_table_find(const struct word_table *t, const char *text)
{
    struct word w;

    if (t->count == 0)
        return 0;
    w = word_of(text);
    return slot_of(t, &w)->number;
}

uint32_t
word_table_add(struct word_table *t, const char *text)
{
    const struct word w = word_of(text);
    const struct word_slot *slot = t->count > 0 ? slot_of(t, &w) : NULL;

    if (slot && slot->number)
        return slot->number;
    assert(t->count < INT32_MAX && w.len <= UINT32_MAX);
    t->texts = mem_grow(t->texts, t->count, &t->capacity, sizeof *t->texts);
    t->texts[t->count++] = mem_strdup(text);
    if (t->count * 2 > t->slot_count)
        grow(t);
    else
        fill_slot(t, &w, (uint32_t)t->count);
    return (uint32_t)t->count;
}
