/*
 * Four sums side by side, 32 bytes a turn, as in xxHash by Yann Collet (whose constants these are):
 * as fast as memory, and any changed bit changes the outcome.
 */
#include <string.h>

#include "core/index/file.h"

#define P1 0x9E3779B185EBCA87u
#define P2 0xC2B2AE3D27D4EB4Fu
#define P3 0x165667B19E3779F9u

static inline uint64_t
rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

static inline uint64_t
turn(uint64_t sum, uint64_t word)
{
    return rotate(sum + word * P2, 31) * P1;
}

static inline uint64_t
word_at(const unsigned char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

uint64_t
index_hash(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t a = P1 + P2;
    uint64_t b = P2;
    uint64_t c = 0;
    uint64_t d = ~P1 + 1;
    uint64_t sum;
    size_t left = len;

    for (; left >= 32; left -= 32, p += 32) {
        a = turn(a, word_at(p));
        b = turn(b, word_at(p + 8));
        c = turn(c, word_at(p + 16));
        d = turn(d, word_at(p + 24));
    }
    sum = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    sum = (sum ^ turn(0, a)) * P1 + P3;
    sum = (sum ^ turn(0, b)) * P1 + P3;
    sum = (sum ^ turn(0, c)) * P1 + P3;
    sum = (sum ^ turn(0, d)) * P1 + P3;
    sum += len;
    for (; left >= 8; left -= 8, p += 8)
        sum = rotate(sum ^ turn(0, word_at(p)), 27) * P1 + P3;
    for (; left > 0; left--, p++)
        sum = rotate(sum ^ (*p * P3), 11) * P1;
    sum ^= sum >> 33;
    sum *= P2;
    sum ^= sum >> 29;
    sum *= P3;
    return sum ^ (sum >> 32);
}
