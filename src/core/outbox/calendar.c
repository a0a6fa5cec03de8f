#include "core/outbox/calendar.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/embed.h"
#include "core/base/text.h"

enum { STATES_MAX = 64, HOLIDAYS_MAX = 32, SUNDAY = 1, SATURDAY = 64, ALL_DAYS = 127, LAST = -1 };

struct state {
    char name[4];
    struct calendar_rule rules[CALENDAR_RULES_MAX];
    size_t count;
};

/* Day of the month, or the nth of a day of the week (LAST: the last). */
struct holiday {
    int month, day, weekday, nth;
};

static struct calendar {
    struct state states[STATES_MAX];
    size_t state_count;
    struct state federal, unknown;
    const struct state *of_area[1000]; /* NULL: of no state */
    struct holiday holidays[HOLIDAYS_MAX];
    size_t holiday_count;
} calendar;
static pthread_once_t calendar_once = PTHREAD_ONCE_INIT;

static void
add_rule(struct state *s, unsigned days, const json_t *hours)
{
    struct calendar_rule rule = {.days = days};
    const char *from = json_string_value(json_array_get(hours, 0));
    const char *to = json_string_value(json_array_get(hours, 1));

    if (s->count == CALENDAR_RULES_MAX || !hours)
        return;
    /* "closed", or what cannot be read: no hours at all */
    if (!from || !to || !quiet_window_parse(from, to, &rule.window))
        rule.window = (struct quiet_window){0};
    s->rules[s->count++] = rule;
}

static void
read_state(struct state *s, const char *name, const json_t *v)
{
    const json_t *sunday = json_object_get(v, "sunday");
    const json_t *saturday = json_object_get(v, "saturday");

    *s = (struct state){0};
    (void)text_copy(s->name, sizeof s->name, name);
    add_rule(s, ALL_DAYS & ~(sunday ? SUNDAY : 0u) & ~(saturday ? SATURDAY : 0u),
             json_object_get(v, "hours"));
    add_rule(s, SUNDAY, sunday);
    add_rule(s, SATURDAY, saturday);
    if (json_object_get(v, "holidays") && s->count < CALENDAR_RULES_MAX)
        s->rules[s->count++] = (struct calendar_rule){.on_holidays = true};
}

static const struct state *
find_state(const char *name)
{
    for (size_t i = 0; i < calendar.state_count; i++)
        if (strcmp(calendar.states[i].name, name) == 0)
            return &calendar.states[i];
    return &calendar.federal;
}

static void
read_areas(const char *name, const json_t *codes)
{
    const struct state *s = find_state(name);
    size_t i;
    json_t *code;

    /* A state without rules of its own keeps its name: screens say "VT". */
    if (s == &calendar.federal && calendar.state_count < STATES_MAX) {
        struct state *own = &calendar.states[calendar.state_count++];

        *own = calendar.federal;
        (void)text_copy(own->name, sizeof own->name, name);
        s = own;
    }
    json_array_foreach(codes, i, code)
    {
        int64_t number = 0;

        if (json_is_string(code) && num_parse_i64(json_string_value(code), &number) &&
            number >= 200 && number < 1000)
            calendar.of_area[number] = s;
    }
}

static void
read_holiday(const json_t *v)
{
    static const char *const names[] = {"sunday",   "monday", "tuesday", "wednesday",
                                        "thursday", "friday", "saturday"};
    struct holiday h = {.month = (int)json_integer_value(json_object_get(v, "month")),
                        .day = (int)json_integer_value(json_object_get(v, "day"))};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (json_object_get(v, names[i])) {
            h.weekday = (int)i;
            h.nth = (int)json_integer_value(json_object_get(v, names[i]));
        }
    if (calendar.holiday_count < HOLIDAYS_MAX)
        calendar.holidays[calendar.holiday_count++] = h;
}

static void
read_calendar(void)
{
    const struct embed_file *file = embed_find("data/us_calendar.json");
    json_t *root = file ? json_loadb(file->data, (size_t)(file->end - file->data), 0, NULL) : NULL;
    const char *name;
    json_t *v;
    size_t i;

    read_state(&calendar.federal, "", json_object_get(root, "federal"));
    read_state(&calendar.unknown, "", json_object_get(root, "unknown"));
    json_object_foreach(json_object_get(root, "states"), name, v)
    {
        if (calendar.state_count < STATES_MAX)
            read_state(&calendar.states[calendar.state_count++], name, v);
    }
    json_object_foreach(json_object_get(root, "area_states"), name, v)
    {
        read_areas(name, v);
    }
    json_array_foreach(json_object_get(json_object_get(root, "holidays"), "us_federal"), i, v)
    {
        read_holiday(v);
    }
    json_decref(root);
}

size_t
calendar_state_rules(const char *address, bool known_area,
                     struct calendar_rule out[CALENDAR_RULES_MAX], char state[4])
{
    const struct state *s;

    state[0] = '\0';
    if (strncmp(address, "+1", 2) != 0 || strlen(address) != 12)
        return 0;
    (void)pthread_once(&calendar_once, read_calendar);
    s = calendar.of_area[(address[2] - '0') * 100 + (address[3] - '0') * 10 + (address[4] - '0')];
    if (!s && known_area)
        return 0; /* Canada, the Caribbean */
    if (!s)
        s = &calendar.unknown;
    memcpy(state, s->name, sizeof s->name);
    memcpy(out, s->rules, s->count * sizeof *out);
    return s->count;
}

static bool
is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
days_in(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool
calendar_is_us_federal(const struct civil *d)
{
    (void)pthread_once(&calendar_once, read_calendar);
    for (size_t i = 0; i < calendar.holiday_count; i++) {
        const struct holiday *h = &calendar.holidays[i];

        if (h->month != d->month)
            continue;
        if (h->nth == 0) {
            if (h->day == d->day)
                return true;
        } else if (h->weekday == d->weekday &&
                   (h->nth == LAST ? d->day + 7 > days_in(d->year, d->month)
                                   : (d->day - 1) / 7 + 1 == h->nth)) {
            return true;
        }
    }
    return false;
}

static bool
names_us_federal(const struct config *config)
{
    const char *list = config->policy.closed_holidays;

    return list && strcmp(list, "us_federal") == 0;
}

bool
calendar_has_closed(const struct config *config)
{
    return config->policy.closed_days || config->policy.closed_dates.count ||
           names_us_federal(config);
}

bool
calendar_is_closed(const struct config *config, const struct civil *d)
{
    char date[40];

    if (config->policy.closed_days & (1 << d->weekday))
        return true;
    (void)snprintf(date, sizeof date, "%04d-%02d-%02d", (int)d->year, d->month, d->day);
    for (size_t i = 0; i < config->policy.closed_dates.count; i++)
        if (strcmp(config->policy.closed_dates.items[i], date) == 0)
            return true;
    return names_us_federal(config) && calendar_is_us_federal(d);
}
