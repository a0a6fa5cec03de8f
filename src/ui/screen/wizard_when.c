#include "ui/screen/wizard_when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/config/config.h"
#include "ui/widget/when.h"

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
take_clock(const char **s, struct civil *c)
{
    return take_digits(s, 2, &c->hour) && take_char(s, ':') && take_digits(s, 2, &c->minute) &&
           c->hour < 24 && c->minute < 60;
}

static bool
take_date(const char **s, struct civil *c)
{
    int year;

    if (!take_digits(s, 4, &year) || !take_char(s, '-') || !take_digits(s, 2, &c->month) ||
        !take_char(s, '-') || !take_digits(s, 2, &c->day) || !utime_is_date(year, c->month, c->day))
        return false;
    c->year = year;
    while (take_char(s, ' ') || take_char(s, 'T'))
        ;
    return true;
}

/* The next time that the clock shows that: today, or tomorrow. */
static bool
next_clock(struct civil c, int64_t now_s, int64_t *out)
{
    struct civil tomorrow;

    if (when_to_utc(&c, out) && *out > now_s)
        return true;
    tomorrow = utime_to_civil(utime_from_civil(&c) + DAY_S);
    return when_to_utc(&tomorrow, out);
}

bool
wizard_start_parse(const char *text, int64_t now_s, int64_t *out, struct error *err)
{
    char *trimmed = text_trim_dup(text, strlen(text));
    const char *s = trimmed;
    struct civil c = when_local(now_s);
    bool date = strchr(trimmed, '-') != NULL;
    bool ok = true;

    *out = 0;
    if (trimmed[0] == '\0' || strcmp(trimmed, "now") == 0)
        goto out;
    ok = (!date || take_date(&s, &c)) && take_clock(&s, &c) && *s == '\0';
    c.second = 0;
    if (!ok)
        (void)error_set(err, ERR_INVALID, "\"%.30s\" is no time. %s", trimmed, START_HELP);
    else if (date ? !when_to_utc(&c, out) : !next_clock(c, now_s, out))
        ok = error_set(err, ERR_INVALID, "the clocks skip that time. %s", START_HELP);
    else if (*out <= now_s)
        ok = error_set(err, ERR_INVALID, "that time has passed. %s", START_HELP);
out:
    free(trimmed);
    return ok;
}

const char *
wizard_start_text(int64_t start_s, char out[24])
{
    struct civil c = when_local(start_s);

    if (start_s == 0)
        (void)text_copy(out, 24, "now");
    else
        (void)snprintf(out, 24, "%04d-%02d-%02d %02d:%02d", (int)(c.year % 10000), c.month, c.day,
                       c.hour, c.minute);
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
