#include "core/base/zone.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"

enum { HEADER = 44, FILE_MAX = 256 * 1024, TRANSITIONS_MAX = 4000, NAME_MAX_LEN = 64 };

static const char FOLDER[] = "/usr/share/zoneinfo";

/* One side of a POSIX rule: when local standard or summer time begins in a year. */
struct rule {
    char kind; /* 'M' month.week.day, 'J' day without 29 February, 'D' day with it */
    int month, week, day;
    int64_t time_s; /* after local midnight; may be negative or beyond a day */
};

struct zone {
    char *name; /* owned; NULL for a parsed one */
    struct zone *next;
    size_t count;
    int64_t *at;     /* owned: transitions, ascending */
    int64_t *offset; /* owned: from that transition on */
    int64_t first;   /* offset before the first transition */
    bool has_rule;   /* for times after the last transition */
    bool has_dst;
    int64_t std_s, dst_s; /* offsets east of UTC */
    struct rule to_dst, to_std;
};

static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;
static struct zone *zones; /* guarded by zones_lock; only added to */

/* --- the POSIX rule, "EST5EDT,M3.2.0,M11.1.0" */

static bool
read_number(const char **p, int most, int *out)
{
    int n = 0;
    const char *s = *p;

    for (; *s >= '0' && *s <= '9' && n <= most; s++)
        n = n * 10 + (*s - '0');
    if (s == *p || n > most)
        return false;
    *p = s;
    *out = n;
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool
read_time(const char **p, int64_t *out)
{
    int part[3] = {0};
    int64_t sign = 1;

    if (**p == '-' || **p == '+')
        sign = *(*p)++ == '-' ? -1 : 1;
    if (!read_number(p, 167, &part[0]))
        return false;
    for (int i = 1; i < 3 && **p == ':'; i++) {
        (*p)++;
        if (!read_number(p, 59, &part[i]))
            return false;
    }
    *out = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
    return true;
}

static bool
skip_name(const char **p)
{
    const char *from = *p;

    if (**p == '<') {
        const char *end = strchr(*p, '>');

        if (!end)
            return false;
        *p = end + 1;
        return true;
    }
    while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
        (*p)++;
    return *p - from >= 3;
}

static bool
read_rule(const char **p, struct rule *out)
{
    *out = (struct rule){.kind = 'D', .time_s = 7200};
    if (**p == 'M') {
        (*p)++;
        out->kind = 'M';
        if (!read_number(p, 12, &out->month) || out->month < 1 || *(*p)++ != '.' ||
            !read_number(p, 5, &out->week) || out->week < 1 || *(*p)++ != '.' ||
            !read_number(p, 6, &out->day))
            return false;
    } else {
        if (**p == 'J') {
            (*p)++;
            out->kind = 'J';
        }
        if (!read_number(p, 365, &out->day))
            return false;
    }
    if (**p != '/')
        return true;
    (*p)++;
    return read_time(p, &out->time_s);
}

static bool
read_posix(struct zone *z, const char *p)
{
    int64_t west = 0;

    if (!skip_name(&p) || !read_time(&p, &west))
        return false;
    z->has_rule = true;
    z->std_s = -west;
    if (*p == '\0')
        return true;
    if (!skip_name(&p))
        return false;
    z->has_dst = true;
    z->dst_s = z->std_s + 3600;
    if (*p != ',') {
        if (!read_time(&p, &west))
            return false;
        z->dst_s = -west;
    }
    return *p++ == ',' && read_rule(&p, &z->to_dst) && *p++ == ',' && read_rule(&p, &z->to_std) &&
           *p == '\0';
}

/* UTC of local midnight, were the zone UTC, of the rule's day. */
static int64_t
rule_day_s(const struct rule *r, int64_t year)
{
    const struct civil first = {.year = year, .month = r->kind == 'M' ? r->month : 1, .day = 1};
    const int64_t start = utime_from_civil(&first);
    int day;

    if (r->kind != 'M') {
        day = r->day;
        if (r->kind == 'J') /* 1..365, and 29 February is never counted */
            day += utime_is_date(year, 2, 29) && r->day >= 60 ? 0 : -1;
        return start + (int64_t)day * DAY_S;
    }
    day = (r->day - utime_to_civil(start).weekday + 7) % 7 + (r->week - 1) * 7 + 1;
    while (!utime_is_date(year, r->month, day))
        day -= 7; /* week 5 is the last one */
    return start + (int64_t)(day - 1) * DAY_S;
}

static int64_t
rule_offset(const struct zone *z, int64_t utc_s)
{
    int64_t year;
    int64_t dst_at;
    int64_t std_at;

    if (!z->has_dst)
        return z->std_s;
    year = utime_to_civil(utc_s + z->std_s).year;
    dst_at = rule_day_s(&z->to_dst, year) + z->to_dst.time_s - z->std_s;
    std_at = rule_day_s(&z->to_std, year) + z->to_std.time_s - z->dst_s;
    if (dst_at < std_at)
        return utc_s >= dst_at && utc_s < std_at ? z->dst_s : z->std_s;
    return utc_s >= std_at && utc_s < dst_at ? z->std_s : z->dst_s;
}

/* --- the file */

struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

static uint32_t
be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t
be64(const unsigned char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static bool
read_header(const unsigned char *p, size_t len, struct counts *out)
{
    if (len < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return false;
    *out = (struct counts){be32(p + 20), be32(p + 24), be32(p + 28),
                           be32(p + 32), be32(p + 36), be32(p + 40)};
    return out->isut <= 1000 && out->isstd <= 1000 && out->leap <= 1000 &&
           out->time <= TRANSITIONS_MAX && out->type >= 1 && out->type <= 256 && out->chars <= 1000;
}

static size_t
body_len(const struct counts *c, size_t time_bytes)
{
    return c->time * (time_bytes + 1) + c->type * (size_t)6 + c->chars +
           c->leap * (time_bytes + 4) + c->isstd + c->isut;
}

/* The second block, with 64-bit times. */
static bool
read_block(struct zone *z, const unsigned char *p, const struct counts *c)
{
    const unsigned char *index = p + (size_t)c->time * 8;
    const unsigned char *types = index + c->time;

    z->count = c->time;
    z->at = mem_calloc(c->time + 1, sizeof *z->at);
    z->offset = mem_calloc(c->time + 1, sizeof *z->offset);
    z->first = (int32_t)be32(types);
    for (size_t i = 0; i < c->time; i++) {
        if (index[i] >= c->type)
            return false;
        z->at[i] = be64(p + i * 8);
        z->offset[i] = (int32_t)be32(types + (size_t)index[i] * 6);
        if (i && z->at[i] <= z->at[i - 1])
            return false;
    }
    return true;
}

static bool
read_footer(struct zone *z, const unsigned char *p, size_t len)
{
    const unsigned char *end;
    char *text;
    bool ok;

    if (len < 2 || p[0] != '\n')
        return false;
    end = memchr(p + 1, '\n', len - 1);
    if (!end)
        return false;
    if (end == p + 1)
        return true; /* no rule: the last transition holds for ever */
    text = mem_strndup((const char *)p + 1, (size_t)(end - p - 1));
    ok = read_posix(z, text);
    free(text);
    return ok;
}

struct zone *
zone_parse(const void *bytes, size_t len, struct error *err)
{
    const unsigned char *p = bytes;
    struct counts c;
    struct zone *z = mem_alloc(sizeof *z);
    size_t skip;

    if (!read_header(p, len, &c))
        goto bad;
    skip = HEADER + body_len(&c, 4);
    if (skip > len || !read_header(p + skip, len - skip, &c))
        goto bad;
    p += skip + HEADER;
    len -= skip + HEADER;
    if (body_len(&c, 8) > len || !read_block(z, p, &c))
        goto bad;
    skip = body_len(&c, 8);
    if (read_footer(z, p + skip, len - skip))
        return z;
bad:
    zone_free(z);
    error_set(err, ERR_INVALID, "not a time zone file (TZif version 2 or later)");
    return NULL;
}

void
zone_free(struct zone *z)
{
    if (!z)
        return;
    free(z->name);
    free(z->at);
    free(z->offset);
    free(z);
}

/* --- by name */

static bool
is_name(const char *name)
{
    const size_t len = strlen(name);

    if (len == 0 || len > NAME_MAX_LEN || name[0] == '/' || strstr(name, ".."))
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
           len;
}

static struct zone *
load(const char *name, struct error *err)
{
    char *path = path_join(FOLDER, name);
    struct buf bytes = {0};
    struct zone *z = NULL;

    if (!file_exists(path))
        error_set(err, ERR_NOT_FOUND,
                  "no time zone %s in %s: check the name, or install the package tzdata", name,
                  FOLDER);
    else if (file_read(path, FILE_MAX, &bytes, err))
        z = zone_parse(bytes.data, bytes.len, err);
    if (z)
        z->name = mem_strdup(name);
    buf_release(&bytes);
    free(path);
    return z;
}

const struct zone *
zone_find(const char *name, struct error *err)
{
    struct zone *z;

    if (!is_name(name)) {
        error_set(err, ERR_INVALID, "\"%s\" is no name of a time zone", name);
        return NULL;
    }
    (void)pthread_mutex_lock(&zones_lock);
    for (z = zones; z; z = z->next)
        if (strcmp(z->name, name) == 0)
            break;
    if (!z) {
        z = load(name, err);
        if (z) {
            z->next = zones;
            zones = z;
        }
    }
    (void)pthread_mutex_unlock(&zones_lock);
    return z;
}

const char *
zone_name(const struct zone *z)
{
    return z->name;
}

int64_t
zone_offset_s(const struct zone *z, int64_t utc_s)
{
    size_t low = 0;
    size_t high = z->count;

    if (z->count == 0 || utc_s >= z->at[z->count - 1]) {
        if (z->has_rule)
            return rule_offset(z, utc_s);
        return z->count ? z->offset[z->count - 1] : z->first;
    }
    while (low < high) { /* the first transition after utc_s */
        const size_t mid = low + (high - low) / 2;

        if (z->at[mid] <= utc_s)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? z->offset[low - 1] : z->first;
}

struct civil
zone_local(const struct zone *z, int64_t utc_s)
{
    return utime_to_civil(utc_s + zone_offset_s(z, utc_s));
}

int64_t
zone_utc(const struct zone *z, int64_t local_s)
{
    const int64_t before = local_s - zone_offset_s(z, local_s - DAY_S);
    const int64_t after = local_s - zone_offset_s(z, local_s + DAY_S);
    const int64_t first = before < after ? before : after;
    const int64_t second = before < after ? after : before;

    if (first + zone_offset_s(z, first) == local_s)
        return first;
    if (second + zone_offset_s(z, second) == local_s)
        return second;
    return before;
}
