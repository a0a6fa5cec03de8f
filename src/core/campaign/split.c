#include "core/campaign/split.h"

#include <math.h>

void
split_shares(const struct campaign_variant *variants, size_t count, int64_t total, int64_t *shares)
{
    double remainders[SPEC_VARIANT_MAX] = {0};
    double weights = 0;
    int64_t given = 0;

    for (size_t i = 0; i < count; i++)
        weights += variants[i].weight;
    for (size_t i = 0; i < count; i++) {
        double quota = (double)total * (variants[i].weight / weights);

        shares[i] = (int64_t)floor(quota);
        remainders[i] = quota - (double)shares[i];
        given += shares[i];
    }
    while (given < total) {
        size_t best = 0;

        for (size_t i = 1; i < count; i++)
            if (remainders[i] > remainders[best])
                best = i;
        shares[best]++;
        remainders[best] -= 1;
        given++;
    }
    while (given > total) { /* rounding of doubles: the smallest remainder gives one back */
        size_t worst = 0;

        for (size_t i = 1; i < count; i++)
            if (shares[i] > 0 && (shares[worst] == 0 || remainders[i] < remainders[worst]))
                worst = i;
        shares[worst]--;
        remainders[worst] += 1;
        given--;
    }
}

/* FNV-1a of the uuid: only a seed. */
static uint64_t
seed_of(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h;
}

/* splitmix64 (Vigna, public domain). */
static uint64_t
next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void
split_begin(struct split *s, const struct campaign *c, int64_t total)
{
    *s = (struct split){.count = c->variant_count, .total_left = total, .state = seed_of(c->uuid)};
    if (s->count > 0)
        split_shares(c->variants, s->count, total, s->left);
}

size_t
split_next(struct split *s)
{
    int64_t pick;
    size_t i = 0;

    if (s->total_left <= 0)
        return 0;
    /* 2^32 people are more than there are phones: no bias that anybody could see */
    pick = (int64_t)(((next_random(&s->state) >> 32) * (uint64_t)s->total_left) >> 32);
    while (i + 1 < s->count && pick >= s->left[i])
        pick -= s->left[i++];
    s->left[i]--;
    s->total_left--;
    return i;
}
