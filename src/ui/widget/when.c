#include "ui/widget/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/text.h"
#include "core/base/utime.h"

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static struct tm
local(int64_t utc_s)
{
    time_t t = (time_t)utc_s;
    struct tm tm = {0};

    (void)localtime_r(&t, &tm);
    return tm;
}

const char *
when_clock(int64_t utc_s, char out[8])
{
    struct tm tm = local(utc_s);
    (void)snprintf(out, 8, "%02d:%02d", tm.tm_hour % 24, tm.tm_min % 60);
    return out;
}

const char *
when_seconds(int64_t utc_s, char out[12])
{
    struct tm tm = local(utc_s);
    (void)snprintf(out, 12, "%02d:%02d:%02d", tm.tm_hour % 24, tm.tm_min % 60, tm.tm_sec % 61);
    return out;
}

const char *
when_short(int64_t utc_s, int64_t now_s, char out[16])
{
    struct tm tm = local(utc_s);
    struct tm now = local(now_s);

    if (utc_s == 0)
        (void)snprintf(out, 16, "—");
    else if (tm.tm_year == now.tm_year && tm.tm_yday == now.tm_yday)
        (void)when_clock(utc_s, out);
    else if (tm.tm_year == now.tm_year)
        (void)snprintf(out, 16, "%d %s", tm.tm_mday, months[tm.tm_mon % 12]);
    else
        (void)snprintf(out, 16, "%d %s %02d", tm.tm_mday, months[tm.tm_mon % 12], tm.tm_year % 100);
    return out;
}

const char *
when_full(int64_t utc_s, char out[24])
{
    struct tm tm = local(utc_s);
    (void)snprintf(out, 24, "%d %s %02d:%02d", tm.tm_mday, months[tm.tm_mon % 12], tm.tm_hour % 24,
                   tm.tm_min % 60);
    return out;
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
    struct tm tm = local(utc_s);
    return utc_s - tm.tm_hour * 3600 - tm.tm_min * 60 - tm.tm_sec;
}
