#include "core/outbox/quiet_hours.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/embed.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/outbox/zone.h"

enum {
    MINUTES = 1440,
    CONDITIONS_MAX = 12,
    ZONES_PER_AREA_MAX = 8,
    SEARCH_MAX_MIN = 8 * MINUTES, /* every window opens within a day; a week is beyond doubt */
    STRIDE_SLACK_MIN = 180,       /* a clock never jumps by more than this */
    VALIDITY_MAX_S = 36000        /* providers.md 1.1 */
};

/* Open when the window is open in the zone. */
struct condition {
    const struct zone *zone;
    struct quiet_window window;
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
add_condition(struct condition *list, size_t *count, const char *zone,
              const struct quiet_window *window, struct error *err)
{
    const struct zone *z = zone_find(zone, err);

    if (!z)
        return error_wrap(err, "quiet hours");
    list[(*count)++] = (struct condition){z, *window};
    return true;
}

static bool
conditions_of(const struct config *config, const struct quiet_window *window, const char *address,
              struct condition *list, size_t *count, struct error *err)
{
    static const struct quiet_window federal = {.from_min = 480, .to_min = 1260, .set = true};
    const struct area *area = area_of(address);

    *count = 0;
    for (size_t i = 0; area && i < area->count; i++)
        if (!add_condition(list, count, area->zones[i], window, err))
            return false;
    if (area)
        return true;
    if (!add_condition(list, count, config->business.timezone, window, err))
        return false;
    return strncmp(address, "+1", 2) != 0 ||
           (add_condition(list, count, "America/New_York", &federal, err) &&
            add_condition(list, count, "America/Los_Angeles", &federal, err));
}

static int
local_minute(const struct condition *c, int64_t utc_s)
{
    const struct civil local = zone_local(c->zone, utc_s);

    return local.hour * 60 + local.minute;
}

static bool
is_always_open(const struct quiet_window *w)
{
    return !w->set || w->from_min == w->to_min || (w->from_min == 0 && w->to_min == MINUTES);
}

static bool
is_open(const struct condition *c, int64_t utc_s)
{
    const struct quiet_window *w = &c->window;
    int minute;

    if (is_always_open(w))
        return true;
    minute = local_minute(c, utc_s);
    if (w->from_min < w->to_min)
        return minute >= w->from_min && minute < w->to_min;
    return minute >= w->from_min || minute < w->to_min;
}

static bool
all_open(const struct condition *list, size_t count, int64_t utc_s)
{
    for (size_t i = 0; i < count; i++)
        if (!is_open(&list[i], utc_s))
            return false;
    return true;
}

/* Minutes on the clock from there to the first open minute of whoever opens last. */
static int
minutes_to_open(const struct condition *list, size_t count, int64_t utc_s)
{
    int most = 1;

    for (size_t i = 0; i < count; i++) {
        int wait;

        if (is_open(&list[i], utc_s))
            continue;
        wait = (list[i].window.from_min - local_minute(&list[i], utc_s) + MINUTES) % MINUTES;
        if (wait > most)
            most = wait;
    }
    return most;
}

/* The first whole minute from then on at which everybody is open. */
static bool
find_open(const struct condition *list, size_t count, int64_t now_s, int64_t *out)
{
    const int64_t start = now_s - ((now_s % 60) + 60) % 60;

    for (int64_t min = 1; min <= SEARCH_MAX_MIN;) {
        const int64_t at = start + min * 60;
        int ahead;

        if (all_open(list, count, at)) {
            *out = at;
            return true;
        }
        /* Far away: jump, but stay clear of a change of the clocks on the way. */
        ahead = minutes_to_open(list, count, at);
        min += ahead > 2 * STRIDE_SLACK_MIN ? ahead - STRIDE_SLACK_MIN : 1;
    }
    return false;
}

static int
seconds_left(const struct condition *list, size_t count, int64_t now_s)
{
    int64_t least = VALIDITY_MAX_S;

    for (size_t i = 0; i < count; i++) {
        const struct quiet_window *w = &list[i].window;
        const struct civil local = zone_local(list[i].zone, now_s);
        int64_t left;

        if (is_always_open(w))
            continue;
        left = ((w->to_min - local.hour * 60 - local.minute + MINUTES - 1) % MINUTES + 1) * 60 -
               local.second;
        if (left < least)
            least = left;
    }
    return least < 1 ? 1 : (int)least;
}

static bool
answer(const struct condition *list, size_t count, int64_t now_s, struct quiet_answer *out,
       struct error *err)
{
    *out = (struct quiet_answer){.open = all_open(list, count, now_s), .next_open_s = now_s};
    if (out->open) {
        out->validity_s = seconds_left(list, count, now_s);
        return true;
    }
    return find_open(list, count, now_s, &out->next_open_s) ||
           error_set(err, ERR_CONFLICT,
                     "the quiet hours leave no minute at which every zone of a number is open; "
                     "make the window wider");
}

bool
quiet_hours_ask(const struct config *config, const struct quiet_window *window, const char *address,
                int64_t now_s, struct quiet_answer *out, struct error *err)
{
    struct condition list[CONDITIONS_MAX];
    size_t count = 0;

    *out = (struct quiet_answer){.open = true, .next_open_s = now_s};
    if (is_always_open(window))
        return true;
    return conditions_of(config, window, address, list, &count, err) &&
           answer(list, count, now_s, out, err);
}

bool
quiet_hours_ask_zones(const struct quiet_window *window, const char *const *zones, size_t count,
                      int64_t now_s, struct quiet_answer *out, struct error *err)
{
    struct condition list[CONDITIONS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < count && n < CONDITIONS_MAX; i++)
        if (!add_condition(list, &n, zones[i], window, err))
            return false;
    return answer(list, n, now_s, out, err);
}

size_t
quiet_hours_zones(const char *address, const char *out[], size_t max)
{
    const struct area *area = area_of(address);
    size_t n = 0;

    for (; area && n < area->count && n < max; n++)
        out[n] = area->zones[n];
    return n;
}
