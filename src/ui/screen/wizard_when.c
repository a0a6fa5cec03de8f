#include "ui/screen/wizard_when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/config/config.h"

static const char START_HELP[] = "Type now, 16:00 or 2026-12-01 09:00.";

/* Digits of exactly that length; moves on. */
static bool
take_digits(const char **s, size_t len, int *out)
{
    *out = 0;
    for (size_t i = 0; i < len; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        *out = *out * 10 + (**s - '0');
    }
    return true;
}

static bool
take_char(const char **s, char c)
{
    return **s == c && (*s)++;
}

static bool
take_clock(const char **s, struct tm *tm)
{
    return take_digits(s, 2, &tm->tm_hour) && take_char(s, ':') && take_digits(s, 2, &tm->tm_min) &&
           tm->tm_hour < 24 && tm->tm_min < 60;
}

static bool
take_date(const char **s, struct tm *tm)
{
    int year;
    int month;
    int day;

    if (!take_digits(s, 4, &year) || !take_char(s, '-') || !take_digits(s, 2, &month) ||
        !take_char(s, '-') || !take_digits(s, 2, &day) || !utime_is_date(year, month, day))
        return false;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    tm->tm_mday = day;
    while (take_char(s, ' ') || take_char(s, 'T'))
        ;
    return true;
}

bool
wizard_start_parse(const char *text, int64_t now_s, int64_t *out, struct error *err)
{
    char *trimmed = text_trim_dup(text, strlen(text));
    const char *s = trimmed;
    time_t now = (time_t)now_s;
    struct tm tm = {0};
    bool date = strchr(trimmed, '-') != NULL;
    bool ok = true;

    *out = 0;
    if (trimmed[0] == '\0' || strcmp(trimmed, "now") == 0)
        goto out;
    (void)localtime_r(&now, &tm);
    ok = (!date || take_date(&s, &tm)) && take_clock(&s, &tm) && *s == '\0';
    if (!ok) {
        (void)error_set(err, ERR_INVALID, "\"%.30s\" is no time. %s", trimmed, START_HELP);
        goto out;
    }
    tm.tm_sec = 0;
    tm.tm_isdst = -1;
    *out = (int64_t)mktime(&tm);
    if (!date && *out <= now_s) {
        tm.tm_mday++;
        tm.tm_isdst = -1;
        *out = (int64_t)mktime(&tm);
    }
    if (*out <= now_s)
        ok = error_set(err, ERR_INVALID, "that time has passed. %s", START_HELP);
out:
    free(trimmed);
    return ok;
}

const char *
wizard_start_text(int64_t start_s, char out[24])
{
    time_t t = (time_t)start_s;
    struct tm tm = {0};

    if (start_s == 0) {
        (void)text_copy(out, 24, "now");
        return out;
    }
    (void)localtime_r(&t, &tm);
    if (strftime(out, 24, "%Y-%m-%d %H:%M", &tm) == 0)
        out[0] = '\0';
    return out;
}

bool
wizard_hours_parse(const char *text, char from[8], char to[8], struct error *err)
{
    char *trimmed = text_trim_dup(text, strlen(text));
    const char *dash = strstr(trimmed, "–");
    size_t dash_len = dash ? strlen("–") : 1;
    struct quiet_window window;
    bool ok = false;

    if (!dash)
        dash = strchr(trimmed, '-');
    if (dash && (size_t)(dash - trimmed) < 16) {
        char *a = text_trim_dup(trimmed, (size_t)(dash - trimmed));
        char *b = text_trim_dup(dash + dash_len, strlen(dash + dash_len));
        ok = text_copy(from, 8, a) && text_copy(to, 8, b) && quiet_window_parse(from, to, &window);
        free(a);
        free(b);
    }
    free(trimmed);
    return ok || error_set(err, ERR_INVALID, "type the open hours of a day, such as 09:00-20:00");
}
