/* Names, phone numbers and mail addresses of the demo's customers. */
#ifndef CANVASS_CORE_REPLICA_DEMO_PEOPLE_H
#define CANVASS_CORE_REPLICA_DEMO_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/replica/demo_words.h"

/* A small seeded generator (splitmix64): the same seed gives the same people everywhere. */
struct demo_random {
    uint64_t state;
};

uint64_t demo_random_next(struct demo_random *r);
int64_t demo_random_range(struct demo_random *r, int64_t from, int64_t to); /* both included */
bool demo_random_chance(struct demo_random *r, int per_mille);
const char *demo_random_word(struct demo_random *r, const struct demo_words *words);

/* What the person before had: some people share a number or an address, written differently. */
struct demo_person {
    char name[160];
    char phone[40], email[120]; /* as written; "" for NULL */
    int64_t number;             /* NANP digits of the phone; 0: none, or not valid */
};

/* The index-th person, from 1. Raw phones and addresses of one run are all different. */
void demo_person_make(struct demo_random *r, const struct demo_lists *lists, int64_t index,
                      const struct demo_person *before, struct demo_person *out);

#endif
