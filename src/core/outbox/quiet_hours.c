#include "core/outbox/quiet_hours.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/embed.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/zone.h"
#include "core/outbox/calendar.h"

enum {
    MINUTES = 1440,
    ZONES_PER_AREA_MAX = 8,
    ZONES_OF_ONE_MAX = ZONES_PER_AREA_MAX + 3,
    CONDITIONS_MAX = (ZONES_PER_AREA_MAX + 2) * (2 + CALENDAR_RULES_MAX) + 2,
    ALL_DAYS = 127,
    SEARCH_MAX_MIN = 60 * MINUTES, /* windows open within a day, closed days follow each other */
    STRIDE_SLACK_MIN = 180,        /* a clock never jumps by more than this */
    VALIDITY_MAX_S = 36000         /* providers.md 1.1 */
};

/* Open when the rule allows it in the zone, or the business is not closed there. */
struct condition {
    const struct zone *zone;
    const char *name, *why; /* of the zone; of the rule */
    struct calendar_rule rule;
    const struct config *closed; /* not NULL: the closed days, instead of the rule */
};
struct conditions {
    struct condition items[CONDITIONS_MAX];
    size_t count;
};

/* --- area codes of the North American plan */

static struct area {
    char *zones[ZONES_PER_AREA_MAX]; /* kept until the program ends */
    size_t count;
} areas[1000];
static pthread_once_t areas_once = PTHREAD_ONCE_INIT;

static bool
has_zone(const struct area *a, const char *name)
{
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->zones[i], name) == 0)
            return true;
    return false;
}

static void
add_area(const char *code, const json_t *names)
{
    int64_t number = 0;
    struct area *a;
    size_t i;
    json_t *name;

    if (strlen(code) != 3 || !num_parse_i64(code, &number) || number < 0 || number > 999)
        return;
    a = &areas[number];
    json_array_foreach(names, i, name)
    {
        if (a->count < ZONES_PER_AREA_MAX && json_is_string(name) &&
            !has_zone(a, json_string_value(name)))
            a->zones[a->count++] = mem_strdup(json_string_value(name));
    }
}

static void
read_areas(void)
{
    const struct embed_file *file = embed_find("data/npa_zones.json");
    json_t *root = file ? json_loadb(file->data, (size_t)(file->end - file->data), 0, NULL) : NULL;
    json_t *zones = json_object_get(root, "zones");
    const char *code;
    json_t *names;

    json_object_foreach(zones, code, names)
    {
        add_area(code, names);
    }
    json_object_foreach(json_object_get(root, "overlays"), code, names)
    {
        if (json_is_string(names))
            add_area(code, json_object_get(zones, json_string_value(names)));
    }
    json_decref(root);
}

/* NULL: not in the plan, or an area that says nothing (toll-free, unknown). */
static const struct area *
area_of(const char *address)
{
    const struct area *a;

    if (strncmp(address, "+1", 2) != 0 || strlen(address) != 12)
        return NULL;
    (void)pthread_once(&areas_once, read_areas);
    a = &areas[(address[2] - '0') * 100 + (address[3] - '0') * 10 + (address[4] - '0')];
    return a->count ? a : NULL;
}

/* --- conditions */

static bool
is_always_open(const struct quiet_window *w)
{
    return !w->set || w->from_min == w->to_min || (w->from_min == 0 && w->to_min == MINUTES);
}

static bool
add_condition(struct conditions *list, const char *zone, const struct condition *c,
              struct error *err)
{
    const struct zone *z = zone_find(zone, err);

    if (!z)
        return error_wrap(err, "quiet hours");
    if (list->count == CONDITIONS_MAX)
        return error_set(err, ERR_INTERNAL, "more rules for quiet hours than there can be");
    list->items[list->count] = *c;
    list->items[list->count].zone = z;
    list->items[list->count].name = zone_name(z);
    list->count++;
    return true;
}

static bool
add_window(struct conditions *list, const char *zone, const struct quiet_window *window,
           struct error *err)
{
    const struct condition c = {.why = "quiet hours",
                                .rule = {.days = ALL_DAYS, .window = *window}};

    return is_always_open(window) || add_condition(list, zone, &c, err);
}

static bool
states_matter(const struct config *config, const struct quiet_window *window)
{
    const char *mode = config->policy.state_windows;

    return mode && (strcmp(mode, "on") == 0 ||
                    (strcmp(mode, "auto") == 0 && !is_always_open(window) &&
                     config->business.country && strcmp(config->business.country, "US") == 0));
}

bool
quiet_hours_matter(const struct config *config, const struct quiet_window *window)
{
    return !is_always_open(window) || calendar_has_closed(config) || states_matter(config, window);
}

size_t
quiet_hours_zones(const char *address, const char *stored, const char *out[], size_t max)
{
    const struct area *area = area_of(address);
    struct error none = {0};
    size_t n = 0;

    if (stored && max > 0 && zone_find(stored, &none)) {
        out[0] = stored;
        return 1;
    }
    for (; area && n < area->count && n < max; n++)
        out[n] = area->zones[n];
    return n;
}

/* The same; of one who may be anywhere the business's and both coasts, and *guessed. */
static size_t
zones_of(const struct config *config, const char *address, const char *stored,
         const char *out[ZONES_OF_ONE_MAX], bool *guessed)
{
    size_t n = quiet_hours_zones(address, stored, out, ZONES_OF_ONE_MAX);

    *guessed = n == 0;
    if (!*guessed)
        return n;
    out[n++] = config->business.timezone;
    if (strncmp(address, "+1", 2) == 0) {
        out[n++] = "America/New_York";
        out[n++] = "America/Los_Angeles";
    }
    return n;
}

static bool
add_state(struct conditions *list, const char *address, const char *zone, struct error *err)
{
    struct calendar_rule rules[CALENDAR_RULES_MAX];
    char state[4];
    const size_t count = calendar_state_rules(address, area_of(address) != NULL, rules, state);

    for (size_t i = 0; i < count; i++) {
        const struct condition c = {.why = state[0] ? "hours of the state" : "hours of every state",
                                    .rule = rules[i]};

        if (!add_condition(list, zone, &c, err))
            return false;
    }
    return true;
}

static bool
conditions_of(const struct config *config, const struct quiet_window *window, const char *address,
              const char *stored, struct conditions *list, struct error *err)
{
    static const struct quiet_window federal = {.from_min = 480, .to_min = 1260, .set = true};
    const char *zones[ZONES_OF_ONE_MAX];
    bool guessed = false;
    const size_t count = zones_of(config, address, stored, zones, &guessed);
    const bool states = states_matter(config, window);
    const struct condition closed = {.why = "closed day", .closed = config};

    list->count = 0;
    for (size_t i = 0; i < count; i++) {
        /* The coasts of a number that tells nothing: the federal hours, for any rule. */
        const struct quiet_window *w = guessed && i > 0 ? &federal : window;

        if (guessed && i > 0 && is_always_open(window) && !states)
            w = window;
        if (!add_window(list, zones[i], w, err) ||
            (calendar_has_closed(config) && !add_condition(list, zones[i], &closed, err)) ||
            (states && !add_state(list, address, zones[i], err)))
            return false;
    }
    return true;
}

static int
minute_of(const struct civil *local)
{
    return local->hour * 60 + local->minute;
}

static bool
applies(const struct condition *c, const struct civil *local)
{
    return !c->closed && !c->rule.on_holidays && (c->rule.days >> local->weekday & 1);
}

static bool
is_open_at(const struct condition *c, const struct civil *local)
{
    const struct quiet_window *w = &c->rule.window;
    const int minute = minute_of(local);

    if (c->closed)
        return !calendar_is_closed(c->closed, local);
    if (c->rule.on_holidays)
        return !calendar_is_us_federal(local);
    if (!applies(c, local))
        return true;
    if (!w->set)
        return false;
    if (w->from_min < w->to_min)
        return minute >= w->from_min && minute < w->to_min;
    return minute >= w->from_min || minute < w->to_min;
}

static bool
is_open(const struct condition *c, int64_t utc_s)
{
    const struct civil local = zone_local(c->zone, utc_s);

    return is_open_at(c, &local);
}

/* NULL: all are open; else one that is not. */
static const struct condition *
find_closed(const struct conditions *list, int64_t utc_s)
{
    for (size_t i = 0; i < list->count; i++)
        if (!is_open(&list->items[i], utc_s))
            return &list->items[i];
    return NULL;
}

/* Minutes on the clock from there to the first minute at which whoever opens last may be open. */
static int
minutes_to_open(const struct conditions *list, int64_t utc_s)
{
    int most = 1;

    for (size_t i = 0; i < list->count; i++) {
        const struct condition *c = &list->items[i];
        const struct civil local = zone_local(c->zone, utc_s);
        int wait = MINUTES - minute_of(&local);

        if (is_open_at(c, &local))
            continue;
        if (applies(c, &local) && c->rule.window.set &&
            (c->rule.days == ALL_DAYS || minute_of(&local) < c->rule.window.from_min))
            wait = (c->rule.window.from_min - minute_of(&local) + MINUTES) % MINUTES;
        if (wait > most)
            most = wait;
    }
    return most;
}

/* The first whole minute from then on at which everybody is open. */
static bool
find_open(const struct conditions *list, int64_t now_s, int64_t *out)
{
    const int64_t start = now_s - ((now_s % 60) + 60) % 60;

    for (int64_t min = 1; min <= SEARCH_MAX_MIN;) {
        const int64_t at = start + min * 60;
        int ahead;

        if (!find_closed(list, at)) {
            *out = at;
            return true;
        }
        /* Far away: jump, but stay clear of a change of the clocks on the way. */
        ahead = minutes_to_open(list, at);
        min += ahead > 2 * STRIDE_SLACK_MIN ? ahead - STRIDE_SLACK_MIN : 1;
    }
    return false;
}

static int
seconds_left(const struct conditions *list, int64_t now_s)
{
    int64_t least = VALIDITY_MAX_S;

    for (size_t i = 0; i < list->count; i++) {
        const struct condition *c = &list->items[i];
        const struct quiet_window *w = &c->rule.window;
        const struct civil local = zone_local(c->zone, now_s);
        const int64_t midnight = (int64_t)(MINUTES - minute_of(&local)) * 60 - local.second;
        int64_t left = VALIDITY_MAX_S;

        if (applies(c, &local) && w->set)
            left =
                ((w->to_min - minute_of(&local) + MINUTES - 1) % MINUTES + 1) * 60 - local.second;
        else if (midnight < left && !is_open(c, now_s + midnight))
            left = midnight;
        if (left < least)
            least = left;
    }
    return least < 1 ? 1 : (int)least;
}

static bool
answer(const struct conditions *list, int64_t now_s, struct quiet_answer *out, struct error *err)
{
    const struct condition *last;
    struct civil local;

    *out = (struct quiet_answer){.open = !find_closed(list, now_s), .next_open_s = now_s};
    if (out->open) {
        out->validity_s = list->count ? seconds_left(list, now_s) : 0;
        return true;
    }
    if (!find_open(list, now_s, &out->next_open_s))
        return error_set(err, ERR_CONFLICT,
                         "the quiet hours leave no minute at which every zone of a number is open; "
                         "make the window wider");
    last = find_closed(list, out->next_open_s - 1);
    if (!last)
        last = find_closed(list, now_s);
    if (!last)
        return true;
    local = zone_local(last->zone, out->next_open_s);
    out->zone = last->name;
    out->why = last->why;
    (void)snprintf(out->clock, sizeof out->clock, "%02d:%02d", local.hour % 100,
                   local.minute % 100);
    return true;
}

bool
quiet_hours_ask(const struct config *config, const struct quiet_window *window, const char *address,
                const char *stored, int64_t now_s, struct quiet_answer *out, struct error *err)
{
    struct conditions list = {.count = 0};

    *out = (struct quiet_answer){.open = true, .next_open_s = now_s};
    if (!quiet_hours_matter(config, window))
        return true;
    return conditions_of(config, window, address, stored, &list, err) &&
           answer(&list, now_s, out, err);
}

bool
quiet_hours_local(const struct config *config, const char *address, const char *stored,
                  int64_t local_s, int64_t *utc_s, struct error *err)
{
    const char *zones[ZONES_OF_ONE_MAX];
    bool guessed = false;
    const size_t count = zones_of(config, address, stored, zones, &guessed);

    *utc_s = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        const struct zone *z = zone_find(zones[i], err);
        int64_t at;

        if (!z)
            return error_wrap(err, "local start");
        at = zone_utc(z, local_s);
        if (at > *utc_s)
            *utc_s = at;
    }
    return true;
}

bool
quiet_hours_ask_zones(const struct quiet_window *window, const char *const *zones, size_t count,
                      int64_t now_s, struct quiet_answer *out, struct error *err)
{
    struct conditions list = {.count = 0};

    for (size_t i = 0; i < count; i++)
        if (!add_window(&list, zones[i], window, err))
            return false;
    return answer(&list, now_s, out, err);
}
