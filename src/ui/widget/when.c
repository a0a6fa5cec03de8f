#include "ui/widget/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/base/zone.h"

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static const struct zone *shown; /* NULL: the machine's own */

bool
when_set_zone(const char *name, struct error *err)
{
    shown = zone_find(name, err);
    return shown != NULL;
}

static struct civil
local(int64_t utc_s)
{
    time_t t = (time_t)utc_s;
    struct tm tm = {0};

    if (shown)
        return zone_local(shown, utc_s);
    (void)localtime_r(&t, &tm);
    return (struct civil){.year = tm.tm_year + 1900,
                          .month = tm.tm_mon + 1,
                          .day = tm.tm_mday,
                          .hour = tm.tm_hour,
                          .minute = tm.tm_min,
                          .second = tm.tm_sec};
}

const char *
when_clock(int64_t utc_s, char out[8])
{
    struct civil c = local(utc_s);
    (void)snprintf(out, 8, "%02d:%02d", c.hour, c.minute);
    return out;
}

const char *
when_seconds(int64_t utc_s, char out[12])
{
    struct civil c = local(utc_s);
    (void)snprintf(out, 12, "%02d:%02d:%02d", c.hour, c.minute, c.second);
    return out;
}

const char *
when_short(int64_t utc_s, int64_t now_s, char out[16])
{
    struct civil c = local(utc_s);
    struct civil now = local(now_s);

    if (utc_s == 0)
        (void)snprintf(out, 16, "—");
    else if (c.year == now.year && c.month == now.month && c.day == now.day)
        (void)when_clock(utc_s, out);
    else if (c.year == now.year)
        (void)snprintf(out, 16, "%d %s", c.day, months[c.month - 1]);
    else
        (void)snprintf(out, 16, "%d %s %02d", c.day, months[c.month - 1], (int)(c.year % 100));
    return out;
}

const char *
when_full(int64_t utc_s, char out[24])
{
    struct civil c = local(utc_s);
    (void)snprintf(out, 24, "%d %s %02d:%02d", c.day, months[c.month - 1], c.hour, c.minute);
    return out;
}

#define INSTANT_LEN 20 /* 2026-08-25T12:14:53Z */

void
when_words(const char *text, int64_t now_s, struct buf *out)
{
    size_t left = strlen(text);
    int64_t at;
    struct civil c;

    for (; left; text++, left--) {
        if (*text < '0' || *text > '9' || left < INSTANT_LEN || text[INSTANT_LEN - 1] != 'Z' ||
            !utime_parse_rfc3339(text, INSTANT_LEN, &at)) {
            buf_add(out, text, 1);
            continue;
        }
        c = local(at);
        buf_printf(out, "%d %s", c.day, months[c.month - 1]);
        if (c.year != local(now_s).year)
            buf_printf(out, " %" PRId64, c.year);
        buf_printf(out, " %02d:%02d", c.hour, c.minute);
        text += INSTANT_LEN - 1;
        left -= INSTANT_LEN - 1;
    }
}

const char *
when_age(int64_t seconds, char out[24])
{
    if (seconds < 60)
        (void)snprintf(out, 24, "<1 min");
    else if (seconds < 3600)
        (void)snprintf(out, 24, "%" PRId64 " min", seconds / 60);
    else if (seconds < 2 * (int64_t)DAY_S)
        (void)snprintf(out, 24, "%" PRId64 " h", seconds / 3600);
    else
        (void)snprintf(out, 24, "%" PRId64 " d", seconds / DAY_S);
    return out;
}

int64_t
when_day_start(int64_t utc_s)
{
    struct civil c = local(utc_s);
    return utc_s - (c.hour * HOUR_S + c.minute * INT64_C(60) + c.second);
}

struct civil
when_local(int64_t utc_s)
{
    return local(utc_s);
}

bool
when_to_utc(const struct civil *c, int64_t *utc_s)
{
    int64_t naive = utime_from_civil(c);
    bool found = false;

    for (int side = -1; side <= 1; side += 2) { /* the offsets of the day before and after */
        int64_t near_s = naive + side * (int64_t)DAY_S;
        struct civil there = local(near_s);
        int64_t at = naive - (utime_from_civil(&there) - near_s);
        there = local(at);
        if (utime_from_civil(&there) != naive || (found && at >= *utc_s))
            continue;
        *utc_s = at;
        found = true;
    }
    return found;
}
