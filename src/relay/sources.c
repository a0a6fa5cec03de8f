#include "relay/sources.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"

enum { SETS = 512, WAYS = 8, MINUTE_MS = 60 * 1000 };

/* A bucket that fills up within a minute; each failure takes one out. */
struct source {
    struct ip_address address;
    int64_t at_ms; /* 0: free */
    double left;
};

struct sources {
    double per_minute;
    uint64_t seed; /* a stranger cannot choose addresses that fall into one set */
    struct source table[SETS][WAYS];
};

struct sources *
sources_new(int per_minute)
{
    struct sources *s = mem_alloc(sizeof *s);

    s->per_minute = per_minute;
    random_bytes(&s->seed, sizeof s->seed);
    return s;
}

void
sources_free(struct sources *sources)
{
    free(sources);
}

/* Whoever has one IPv6 address has 2^64 of them. */
static struct ip_address
narrow(const struct ip_address *address)
{
    struct ip_address out = *address;
    struct ip_range v4;

    if (ip_range_parse("::ffff:0:0/96", &v4) && !ip_in_ranges(address, &v4, 1))
        memset(out.bytes + 8, 0, 8);
    return out;
}

static size_t
set_of(const struct sources *s, const struct ip_address *address)
{
    uint64_t hash = s->seed;

    for (size_t i = 0; i < sizeof address->bytes; i++)
        hash = (hash ^ address->bytes[i]) * 0x100000001b3u;
    return (hash >> 32) % SETS;
}

static struct source *
find(struct sources *s, const struct ip_address *address)
{
    struct source *set = s->table[set_of(s, address)];
    struct source *oldest = set;

    for (int i = 0; i < WAYS; i++) {
        if (set[i].at_ms && ip_equal(&set[i].address, address))
            return &set[i];
        if (set[i].at_ms < oldest->at_ms)
            oldest = &set[i];
    }
    *oldest = (struct source){.address = *address, .left = s->per_minute};
    return oldest;
}

bool
sources_may_fail(struct sources *sources, const struct ip_address *source, int64_t now_ms)
{
    const struct ip_address address = narrow(source);
    struct source *found;

    if (sources->per_minute <= 0)
        return true;
    found = find(sources, &address);
    if (found->at_ms && now_ms > found->at_ms)
        found->left += sources->per_minute * (double)(now_ms - found->at_ms) / MINUTE_MS;
    if (found->left > sources->per_minute)
        found->left = sources->per_minute;
    found->at_ms = now_ms;
    if (found->left < 1)
        return false;
    found->left -= 1;
    return true;
}
