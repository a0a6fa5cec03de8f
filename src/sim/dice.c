#include "sim/dice.h"

static uint64_t
mix_text(uint64_t h, const char *s)
{
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001B3u; /* FNV-1a */
    return (h ^ 0xFFu) * 0x100000001B3u;              /* "ab","c" differs from "a","bc" */
}

static uint64_t
finish(uint64_t x) /* splitmix64: spreads the few bits that differ over all */
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

uint64_t
dice_hash(uint64_t seed, const char *purpose, const char *subject, uint64_t nth)
{
    uint64_t h = finish(seed) ^ 0xCBF29CE484222325u;

    h = mix_text(h, purpose);
    h = mix_text(h, subject);
    return finish(h ^ finish(nth));
}

double
dice_unit(uint64_t seed, const char *purpose, const char *subject, uint64_t nth)
{
    return (double)(dice_hash(seed, purpose, subject, nth) >> 11) * 0x1.0p-53;
}

bool
dice_hit(double rate, uint64_t seed, const char *purpose, const char *subject, uint64_t nth)
{
    return rate > 0 && dice_unit(seed, purpose, subject, nth) < rate;
}

size_t
dice_pick(size_t sides, uint64_t seed, const char *purpose, const char *subject, uint64_t nth)
{
    return (size_t)(dice_hash(seed, purpose, subject, nth) % sides);
}
