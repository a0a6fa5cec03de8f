#include "core/base/utime.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t
clock_us(clockid_t id)
{
    struct timespec ts = {0};

    if (clock_gettime(id, &ts) != 0)
        return 0;
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
utime_now_s(void)
{
    return clock_us(CLOCK_REALTIME) / 1000000;
}

int64_t
utime_now_ms(void)
{
    return clock_us(CLOCK_REALTIME) / 1000;
}

/* Goes on while the machine sleeps: a lease must not outlive the night. */
int64_t
utime_mono_ms(void)
{
    return clock_us(CLOCK_BOOTTIME) / 1000;
}

int64_t
utime_mono_us(void)
{
    return clock_us(CLOCK_BOOTTIME);
}

/* Days since 1970-01-01 of a proleptic Gregorian date; eras of 400 years start on 1 March. */
static int64_t
days_from_civil(int64_t y, int m, int d)
{
    int64_t era;
    int64_t yoe;
    int64_t doy;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

int64_t
utime_from_civil(const struct civil *c)
{
    return days_from_civil(c->year, c->month, c->day) * DAY_S + (int64_t)c->hour * 3600 +
           (int64_t)c->minute * 60 + c->second;
}

struct civil
utime_to_civil(int64_t utc_s)
{
    int64_t days = utc_s / DAY_S;
    int64_t rest = utc_s % DAY_S;
    int64_t era;
    int64_t doe;
    int64_t yoe;
    int64_t doy;
    int64_t mp;
    struct civil c = {0};

    if (rest < 0) {
        rest += DAY_S;
        days--;
    }
    c.weekday = (int)(((days + 4) % 7 + 7) % 7);
    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    doe = days - era * 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;
    c.day = (int)(doy - (153 * mp + 2) / 5 + 1);
    c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
    c.year = yoe + era * 400 + (c.month <= 2);
    c.hour = (int)(rest / 3600);
    c.minute = (int)(rest % 3600 / 60);
    c.second = (int)(rest % 60);
    return c;
}

bool
utime_is_date(int64_t year, int month, int day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (month < 1 || month > 12 || day < 1)
        return false;
    return day <= lengths[month - 1] + (month == 2 && leap);
}

static bool
digits(const char **s, const char *end, int count, int *out)
{
    int value = 0;

    for (int i = 0; i < count; i++, (*s)++) {
        if (*s >= end || **s < '0' || **s > '9')
            return false;
        value = value * 10 + (**s - '0');
    }
    *out = value;
    return true;
}

static bool
literal(const char **s, const char *end, char c)
{
    if (*s >= end || **s != c)
        return false;
    (*s)++;
    return true;
}

static bool
parse_offset(const char **s, const char *end, bool need_zone, int64_t *offset_s)
{
    int h = 0;
    int m = 0;
    int sign;

    *offset_s = 0;
    if (*s == end)
        return !need_zone;
    if (literal(s, end, 'Z') || literal(s, end, 'z'))
        return *s == end;
    if (**s != '+' && **s != '-')
        return false;
    sign = **s == '-' ? -1 : 1;
    (*s)++;
    if (!digits(s, end, 2, &h) || !literal(s, end, ':') || !digits(s, end, 2, &m) || h > 23 ||
        m > 59 || *s != end)
        return false;
    *offset_s = sign * ((int64_t)h * 3600 + (int64_t)m * 60);
    return true;
}

static bool
parse(const char *s, size_t len, bool need_zone, int64_t *utc_s)
{
    const char *end = s + len;
    struct civil c = {0};
    int year = 0;
    int64_t offset_s = 0;

    if (!digits(&s, end, 4, &year) || !literal(&s, end, '-') || !digits(&s, end, 2, &c.month) ||
        !literal(&s, end, '-') || !digits(&s, end, 2, &c.day))
        return false;
    if (!literal(&s, end, 'T') && !literal(&s, end, 't') && !literal(&s, end, ' '))
        return false;
    if (!digits(&s, end, 2, &c.hour) || !literal(&s, end, ':') || !digits(&s, end, 2, &c.minute) ||
        !literal(&s, end, ':') || !digits(&s, end, 2, &c.second))
        return false;
    c.year = year;
    if (!utime_is_date(c.year, c.month, c.day) || c.hour > 23 || c.minute > 59 || c.second > 59)
        return false;
    if (literal(&s, end, '.')) {
        const char *first = s;

        while (s < end && *s >= '0' && *s <= '9')
            s++;
        if (s == first)
            return false;
    }
    if (!parse_offset(&s, end, need_zone, &offset_s))
        return false;
    *utc_s = utime_from_civil(&c) - offset_s;
    return true;
}

bool
utime_parse_rfc3339(const char *s, size_t len, int64_t *utc_s)
{
    return parse(s, len, true, utc_s);
}

bool
utime_parse_lenient(const char *s, size_t len, int64_t *utc_s)
{
    return parse(s, len, false, utc_s);
}

const char *
utime_format(int64_t utc_s, char out[UTIME_RFC3339_SIZE])
{
    struct civil c = utime_to_civil(utc_s);

    (void)snprintf(out, UTIME_RFC3339_SIZE, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02dZ", c.year,
                   c.month, c.day, c.hour, c.minute, c.second);
    return out;
}
