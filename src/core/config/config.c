#include "core/config/config.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/env.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/config/yaml.h"

enum { MAX_FILE = 1 << 20 };

enum kind {
    KIND_TEXT,
    KIND_CHOICE,  /* one of `choices` */
    KIND_INTEGER, /* min..max */
    KIND_NUMBER,
    KIND_MONEY, /* a decimal number of the currency, kept in millionths */
    KIND_BOOL,
    KIND_LIST,       /* of texts */
    KIND_DATES,      /* a list of texts: 2026-12-25 */
    KIND_DAYS,       /* a list of days of the week, kept as bits from Sunday */
    KIND_SECRET,     /* `key`_file or `key`_env */
    KIND_MAIN_URL,   /* sqlite:PATH with the path made absolute, or postgresql:// */
    KIND_QUIET,      /* {from, to} */
    KIND_PHONE_LIKE, /* E.164, or empty */
};

struct setting {
    const char *section, *key;
    enum kind kind;
    size_t offset;        /* of the value in struct config */
    const char *fallback; /* the default, as the file would say it; NULL: absent */
    double min, max;
    const char *choices; /* "a|b|c" */
    const char *help;
};

#define AT(field) offsetof(struct config, field)

/* clang-format off */
static const struct setting settings[] = {
    {"business", "name", KIND_TEXT, AT(business.name), "", 0, 0, NULL, "Shown to customers as {business}."},
    {"business", "assistant", KIND_TEXT, AT(business.assistant), "Ava", 0, 0, NULL, "Who signs the messages: {assistant}."},
    {"business", "phone", KIND_TEXT, AT(business.phone), "", 0, 0, NULL, "Where customers can call: {phone}."},
    {"business", "email", KIND_TEXT, AT(business.email), "", 0, 0, NULL, "Where customers can write."},
    {"business", "timezone", KIND_TEXT, AT(business.timezone), "UTC", 0, 0, NULL, "Of the business, as in the tz database: America/Los_Angeles."},
    {"business", "country", KIND_TEXT, AT(business.country), "US", 0, 0, NULL, "Two letters; how phone numbers without + are read."},
    {"business", "postal_address", KIND_TEXT, AT(business.postal_address), "", 0, 0, NULL, "Required below commercial email."},
    {"main_database", "url", KIND_MAIN_URL, AT(main_database.url), "sqlite:main.db", 0, 0, NULL, "Where the customers are: sqlite:FILE or postgresql://USER@HOST/DATABASE."},
    {"main_database", "password", KIND_SECRET, AT(main_database.password), NULL, 0, 0, NULL, "Of the PostgreSQL role; or use ~/.pgpass."},
    {"main_database", "mapping", KIND_TEXT, AT(main_database.mapping), "reference", 0, 0, NULL, "How its tables are read: reference, or a mapping file of your own."},
    {"main_database", "refresh_seconds", KIND_INTEGER, AT(main_database.refresh_seconds), "30", 1, 86400, NULL, "How often the replica follows it."},
    {"main_database", "write_back", KIND_BOOL, AT(main_database.write_back), "false", 0, 0, NULL, "Write campaign conversations back to it."},
    {"relay", "url", KIND_TEXT, AT(relay.url), "", 0, 0, NULL, "Where the console reaches canvass-relay."},
    {"relay", "token", KIND_SECRET, AT(relay.token), NULL, 0, 0, NULL, "What the relay knows the console by."},
    {"relay", "public_url", KIND_TEXT, AT(relay.public_url), "", 0, 0, NULL, "Where the providers reach it; signed by them."},
    {"sms", "provider", KIND_CHOICE, AT(sms.provider), "twilio", 0, 0, "twilio", "Who sends SMS."},
    {"sms", "base_url", KIND_TEXT, AT(sms.base_url), "https://api.twilio.com", 0, 0, NULL, "Its API."},
    {"sms", "account_sid", KIND_TEXT, AT(sms.account_sid), "", 0, 0, NULL, "AC and 32 hex digits."},
    {"sms", "auth_token", KIND_SECRET, AT(sms.auth_token), NULL, 0, 0, NULL, "The account's primary auth token: it also signs webhooks."},
    {"sms", "from", KIND_PHONE_LIKE, AT(sms.from), "", 0, 0, NULL, "Our number, +1…; or use messaging_service_sid."},
    {"sms", "messaging_service_sid", KIND_TEXT, AT(sms.messaging_service_sid), "", 0, 0, NULL, "MG and 32 hex digits."},
    {"sms", "per_second", KIND_NUMBER, AT(sms.per_second), "1", 0.001, 100000, NULL, "SMS segments a second that the sender may send."},
    {"sms", "account_per_second", KIND_NUMBER, AT(sms.account_per_second), "0", 0, 100000, NULL, "... and the account, whichever number sends; 0: no limit of its own."},
    {"sms", "timeout_seconds", KIND_INTEGER, AT(sms.timeout_seconds), "30", 1, 300, NULL, "How long one call may take."},
    {"sms", "max_connections", KIND_INTEGER, AT(sms.max_connections), "64", 1, 2048, NULL, "Calls under way at once."},
    {"sms", "price", KIND_MONEY, AT(sms.price_micros), "0", 0, 100, NULL, "Of one segment, for the estimate in the review; 0: none is shown."},
    {"policy", "quiet_hours", KIND_QUIET, AT(policy.quiet_hours), NULL, 0, 0, NULL, "When messages may go out, by the recipient's clock: {from: \"09:00\", to: \"20:00\"}."},
    {"policy", "frequency_cap.messages", KIND_INTEGER, AT(policy.cap_messages), "3", 0, 1000, NULL, "At most so many campaign messages to one address; 0: no cap."},
    {"policy", "frequency_cap.days", KIND_INTEGER, AT(policy.cap_days), "7", 1, 3650, NULL, "... in so many days."},
    {"policy", "state_windows", KIND_CHOICE, AT(policy.state_windows), "auto", 0, 0, "auto|on|off", "The hours that US states allow narrow the quiet hours: auto (where quiet hours are set and the country is US), on or off."},
    {"policy", "closed.days", KIND_DAYS, AT(policy.closed_days), "", 0, 0, NULL, "Days of the week without campaign messages, by the recipient's clock: [sunday]."},
    {"policy", "closed.dates", KIND_DATES, AT(policy.closed_dates), "", 0, 0, NULL, "... and dates: [\"2026-12-25\"]."},
    {"policy", "closed.holidays", KIND_CHOICE, AT(policy.closed_holidays), "none", 0, 0, "none|us_federal", "... and a list of holidays that comes with canvass."},
    {"policy", "daily.messages", KIND_INTEGER, AT(policy.daily_messages), "0", 0, 100000000, NULL, "At most so many SMS a day, in the zone of the business; 0: no limit."},
    {"policy", "daily.segments", KIND_INTEGER, AT(policy.daily_segments), "0", 0, 100000000, NULL, "... so many segments."},
    {"policy", "daily.cost", KIND_MONEY, AT(policy.daily_cost_micros), "0", 0, 1000000000, NULL, "... so much money, by sms.price."},
    {"policy", "max_attempts", KIND_INTEGER, AT(policy.max_attempts), "5", 1, 50, NULL, "Tries of one message that was surely not sent."},
    {"policy", "retry_base_ms", KIND_INTEGER, AT(policy.retry_base_ms), "2000", 1, 3600000, NULL, "First back-off; doubles with each try."},
    {"policy", "reconcile_after_seconds", KIND_INTEGER, AT(policy.reconcile_after_seconds), "600", 1, 86400, NULL, "How long the provider's list may lag before 'not there' means not sent."},
    {"policy", "stale_replica_minutes", KIND_INTEGER, AT(policy.stale_replica_minutes), "60", 1, 525600, NULL, "A launch refuses an older replica."},
    {"segments", "booking_intent_outcomes", KIND_LIST, AT(segments.booking_intent_outcomes), "appointment_booked,booking_in_progress,booking_attempted", 0, 0, NULL, "Outcomes that mean booking intent."},
    {"ui", "theme", KIND_TEXT, AT(ui.theme), "dark", 0, 0, NULL, "dark, light, high-contrast, mono, or a file of your own."},
    {"ui", "ascii", KIND_BOOL, AT(ui.ascii), "false", 0, 0, NULL, "Draw with ASCII only."},
    {"ui", "motion", KIND_BOOL, AT(ui.motion), "on", 0, 0, NULL, "Spinners and blinking."},
    {"ui", "mouse", KIND_BOOL, AT(ui.mouse), "on", 0, 0, NULL, "Clicks and the wheel."},
};
/* Sections that belong to the file but that this version does not use: `canvass doctor` says so. */
static const char *const unused_sections[] = {"voice", "email", "model"};
/* clang-format on */

static void *
place_of(struct config *c, const struct setting *s)
{
    return (char *)c + s->offset;
}

static bool
is_text_kind(enum kind k)
{
    return k == KIND_TEXT || k == KIND_CHOICE || k == KIND_SECRET || k == KIND_MAIN_URL ||
           k == KIND_PHONE_LIKE;
}

static void
set_text(struct config *c, const struct setting *s, const char *value)
{
    char **at = place_of(c, s);

    free(*at);
    *at = mem_strdup(value);
}

static void
list_clear(struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct config_list){0};
}

static void
list_add(struct config_list *list, const char *value, size_t len)
{
    list->items = mem_realloc(list->items, list->count + 1, sizeof(char *));
    list->items[list->count++] = mem_strndup(value, len);
}

static bool
is_list_kind(enum kind k)
{
    return k == KIND_LIST || k == KIND_DATES;
}

void
config_release(struct config *c)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (is_text_kind(settings[i].kind))
            free(*(char **)place_of(c, &settings[i]));
        else if (is_list_kind(settings[i].kind))
            list_clear(place_of(c, &settings[i]));
    free(c->path);
    *c = (struct config){0};
}

static bool
bool_word(const char *s, bool *out)
{
    bool yes = strcmp(s, "true") == 0 || strcmp(s, "on") == 0 || strcmp(s, "yes") == 0;

    *out = yes;
    return yes || strcmp(s, "false") == 0 || strcmp(s, "off") == 0 || strcmp(s, "no") == 0;
}

static void
set_default(struct config *c, const struct setting *s)
{
    const char *v = s->fallback ? s->fallback : "";
    double number = 0;

    if (is_text_kind(s->kind)) {
        set_text(c, s, v);
    } else if (s->kind == KIND_INTEGER) {
        if (!num_parse_i64(v, place_of(c, s)))
            abort();
    } else if (s->kind == KIND_NUMBER) {
        if (!num_parse_double(v, place_of(c, s)))
            abort();
    } else if (s->kind == KIND_MONEY) {
        if (!num_parse_double(v, &number))
            abort();
        *(int64_t *)place_of(c, s) = llround(number * 1e6);
    } else if (s->kind == KIND_BOOL) {
        if (!bool_word(v, place_of(c, s)))
            abort();
    } else if (is_list_kind(s->kind)) {
        list_clear(place_of(c, s));
        while (*v) {
            size_t len = strcspn(v, ",");

            list_add(place_of(c, s), v, len);
            v += len + (v[len] == ',');
        }
    }
}

void
config_init_defaults(struct config *c)
{
    *c = (struct config){.path = mem_strdup("")};
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        set_default(c, &settings[i]);
}

static bool
minutes_of(const char *s, int *out)
{
    int h;
    int m;

    if (strlen(s) != 5 || s[2] != ':' || strspn(s, "0123456789:") != 5)
        return false;
    h = (s[0] - '0') * 10 + (s[1] - '0');
    m = (s[3] - '0') * 10 + (s[4] - '0');
    *out = h * 60 + m;
    return m < 60 && *out <= 1440;
}

bool
quiet_window_parse(const char *from, const char *to, struct quiet_window *out)
{
    struct quiet_window w = {0};

    if (!minutes_of(from, &w.from_min) || !minutes_of(to, &w.to_min))
        return false;
    /* the whole day is the same as no quiet hours */
    w.set = !(w.from_min == w.to_min || (w.from_min == 0 && w.to_min == 1440));
    if (w.set && w.from_min > w.to_min)
        return false;
    *out = w;
    return true;
}

/* --- reading the file */
struct load {
    struct config *c;
    const struct yaml_doc *doc;
    const char *path;
    char *folder;
    struct buf *errors;
    struct error *first;
    size_t count;
};

static void complain(struct load *l, const char *pointer, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void
complain(struct load *l, const char *pointer, const char *fmt, ...)
{
    const struct yaml_place *place = l->doc ? yaml_place_of(l->doc, pointer) : NULL;
    char where[192];
    char text[400];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (pointer[0] == '-') /* an override of the command line */
        (void)snprintf(where, sizeof where, "%s", pointer);
    else if (place)
        (void)snprintf(where, sizeof where, "%s:%d:%d", l->path, place->line, place->column);
    else
        (void)snprintf(where, sizeof where, "%s", l->path);
    buf_printf(l->errors, "%s: %s\n", where, text);
    if (l->count++ == 0)
        error_set_at(l->first, ERR_INVALID, where, "%s", text);
}

static bool
one_of(const char *choices, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = choices; *p;) {
        size_t n = strcspn(p, "|");

        if (n == len && strncmp(p, word, n) == 0)
            return true;
        p += n + (p[n] == '|');
    }
    return false;
}

/* postgresql://user:PASSWORD@host, or ?password= */
static bool
url_has_password(const char *url)
{
    const char *authority = strstr(url, "://") + 3;
    const char *at = authority + strcspn(authority, "@/?#");

    return (*at == '@' && memchr(authority, ':', (size_t)(at - authority))) ||
           strstr(at, "?password=") || strstr(at, "&password=");
}

static void
read_main_url(struct load *l, const struct setting *s, const char *pointer, const char *v)
{
    if (text_starts_with(v, "sqlite:")) {
        char *file = path_join(l->folder, v + strlen("sqlite:"));
        char *url = mem_printf("sqlite:%s", file);

        set_text(l->c, s, url);
        free(file);
        free(url);
    } else if (text_starts_with(v, "postgresql://") || text_starts_with(v, "postgres://")) {
        if (url_has_password(v))
            complain(l, pointer,
                     "a password does not stand in the file: use %s.password_file, "
                     "password_env, or ~/.pgpass",
                     s->section);
        else
            set_text(l->c, s, v);
    } else {
        complain(l, pointer, "%s.%s must be sqlite:FILE or postgresql://USER@HOST/DATABASE",
                 s->section, s->key);
    }
}

static void
read_quiet(struct load *l, const struct setting *s, const char *pointer, const json_t *v)
{
    const char *from = json_string_value(json_object_get(v, "from"));
    const char *to = json_string_value(json_object_get(v, "to"));

    if (!json_is_object(v) || json_object_size(v) != 2 || !from || !to ||
        !quiet_window_parse(from, to, place_of(l->c, s)))
        complain(l, pointer,
                 "%s.%s must be {from: \"HH:MM\", to: \"HH:MM\"} with from before to; \"00:00\" to "
                 "\"24:00\" is the whole day",
                 s->section, s->key);
}

static const char *const day_names[] = {"sunday",   "monday", "tuesday", "wednesday",
                                        "thursday", "friday", "saturday"};

static bool
is_date(const char *word)
{
    int64_t at;
    char text[40];

    (void)snprintf(text, sizeof text, "%.12sT00:00:00Z", word);
    return strlen(word) == 10 && utime_parse_rfc3339(text, strlen(text), &at);
}

static bool
add_day(struct config *c, const struct setting *s, const char *word)
{
    unsigned *days = place_of(c, s);

    for (size_t i = 0; i < ARRAY_LEN(day_names); i++)
        if (strcmp(day_names[i], word) == 0) {
            *days |= 1u << i;
            return true;
        }
    return false;
}

static void
read_list(struct load *l, const struct setting *s, const char *pointer, const json_t *v)
{
    if (!json_is_array(v)) {
        complain(l, pointer, "%s.%s must be a list of words", s->section, s->key);
        return;
    }
    if (s->kind == KIND_DAYS)
        *(unsigned *)place_of(l->c, s) = 0;
    else
        list_clear(place_of(l->c, s));
    for (size_t i = 0; i < json_array_size(v); i++) {
        const char *word = json_string_value(json_array_get(v, i));

        if (!word)
            complain(l, pointer, "%s.%s must hold words only", s->section, s->key);
        else if (s->kind == KIND_DATES && !is_date(word))
            complain(l, pointer, "%s.%s: \"%.40s\" is no date such as \"2026-12-25\"", s->section,
                     s->key, word);
        else if (s->kind == KIND_DAYS && !add_day(l->c, s, word))
            complain(l, pointer, "%s.%s: \"%.40s\" is no day of the week such as sunday",
                     s->section, s->key, word);
        else if (s->kind != KIND_DAYS)
            list_add(place_of(l->c, s), word, strlen(word));
    }
    if (s->kind == KIND_DAYS && *(unsigned *)place_of(l->c, s) == 127)
        complain(l, pointer, "%s.%s closes every day of the week", s->section, s->key);
}

static void
read_text(struct load *l, const struct setting *s, const char *pointer, const json_t *v)
{
    const char *text = json_string_value(v);

    if (!text) {
        complain(l, pointer, "%s.%s must be a text; put it in quotes", s->section, s->key);
        return;
    }
    if (s->kind == KIND_MAIN_URL) {
        read_main_url(l, s, pointer, text);
        return;
    }
    if (s->kind == KIND_CHOICE && !one_of(s->choices, text)) {
        complain(l, pointer, "%s.%s must be one of %s", s->section, s->key, s->choices);
        return;
    }
    if (s->kind == KIND_PHONE_LIKE && *text &&
        (text[0] != '+' || strspn(text + 1, "0123456789") != strlen(text + 1) ||
         strlen(text) < 5)) {
        complain(l, pointer, "%s.%s must be a number such as \"+13105550100\"", s->section, s->key);
        return;
    }
    set_text(l->c, s, text);
}

static void
read_number(struct load *l, const struct setting *s, const char *pointer, const json_t *v)
{
    double n = json_number_value(v);

    if (!json_is_number(v) || (s->kind == KIND_INTEGER && !json_is_integer(v)) || n < s->min ||
        n > s->max) {
        complain(l, pointer, "%s.%s must be a%s number from %g to %g", s->section, s->key,
                 s->kind == KIND_INTEGER ? " whole" : "", s->min, s->max);
        return;
    }
    if (s->kind == KIND_INTEGER)
        *(int64_t *)place_of(l->c, s) = json_integer_value(v);
    else if (s->kind == KIND_NUMBER)
        *(double *)place_of(l->c, s) = n;
    else
        *(int64_t *)place_of(l->c, s) = llround(n * 1e6);
}

static void
read_bool(struct load *l, const struct setting *s, const char *pointer, const json_t *v)
{
    bool *at = place_of(l->c, s);

    if (json_is_boolean(v))
        *at = json_is_true(v);
    else if (!json_is_string(v) || !bool_word(json_string_value(v), at))
        complain(l, pointer, "%s.%s must be true or false", s->section, s->key);
}

/* `suffix` tells how the secret is named: by file or by environment variable. */
static void
read_secret(struct load *l, const struct setting *s, const char *pointer, const json_t *v,
            bool is_file)
{
    const char *name = json_string_value(v);
    struct error err = {0};
    char *secret = NULL;

    if (!name || !*name) {
        complain(l, pointer, "%s.%s_%s must be a text", s->section, s->key,
                 is_file ? "file" : "env");
        return;
    }
    if (is_file) {
        char *file = path_join(l->folder, name);

        secret = file_read_secret(file, &err);
        free(file);
        if (!secret)
            complain(l, pointer, "%s", err.text);
    } else {
        secret = mem_strdup(env_get(name));
        if (!secret)
            complain(l, pointer, "the environment variable %s is not set", name);
    }
    if (secret)
        set_text(l->c, s, secret);
    free(secret);
}

static void
read_value(struct load *l, const struct setting *s, const char *pointer, const json_t *v)
{
    switch (s->kind) {
    case KIND_TEXT:
    case KIND_CHOICE:
    case KIND_MAIN_URL:
    case KIND_PHONE_LIKE:
        read_text(l, s, pointer, v);
        break;
    case KIND_INTEGER:
    case KIND_NUMBER:
    case KIND_MONEY:
        read_number(l, s, pointer, v);
        break;
    case KIND_BOOL:
        read_bool(l, s, pointer, v);
        break;
    case KIND_LIST:
    case KIND_DATES:
    case KIND_DAYS:
        read_list(l, s, pointer, v);
        break;
    case KIND_QUIET:
        read_quiet(l, s, pointer, v);
        break;
    case KIND_SECRET:
        complain(l, pointer, "a secret does not stand in the file: use %s_file or %s_env", s->key,
                 s->key);
        break;
    }
}

static const struct setting *
setting_find_row(const char *section, const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (strcmp(settings[i].section, section) == 0 && strcmp(settings[i].key, key) == 0)
            return &settings[i];
    return NULL;
}

static const struct setting *
secret_row(const char *section, const char *key, const char *suffix)
{
    size_t len = strlen(key);
    size_t tail = strlen(suffix);
    char bare[64];
    const struct setting *s;

    if (len <= tail || len - tail >= sizeof bare || strcmp(key + len - tail, suffix) != 0)
        return NULL;
    (void)snprintf(bare, sizeof bare, "%.*s", (int)(len - tail), key);
    s = setting_find_row(section, bare);
    return s && s->kind == KIND_SECRET ? s : NULL;
}

/* "frequency_cap" is a mapping whose members are settings "frequency_cap.messages" ... */
static bool
is_group(const char *section, const char *key)
{
    size_t len = strlen(key);

    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (strcmp(settings[i].section, section) == 0 && strncmp(settings[i].key, key, len) == 0 &&
            settings[i].key[len] == '.')
            return true;
    return false;
}

static void
unknown_key(struct load *l, const char *section, const char *key, const char *pointer)
{
    const char *names[ARRAY_LEN(settings)];
    char secret_names[8][48];
    size_t secrets = 0;
    size_t n = 0;
    const char *near;

    for (size_t i = 0; i < ARRAY_LEN(settings) && secrets < ARRAY_LEN(secret_names); i++) {
        if (strcmp(settings[i].section, section) != 0)
            continue;
        if (settings[i].kind == KIND_SECRET) {
            (void)snprintf(secret_names[secrets], sizeof secret_names[0], "%s_file",
                           settings[i].key);
            names[n++] = secret_names[secrets++];
        } else {
            names[n++] = settings[i].key;
        }
    }
    near = text_nearest(key, names, n, sizeof names[0]);
    if (near)
        complain(l, pointer, "unknown key %s.%s; did you mean %s?", section, key, near);
    else
        complain(l, pointer, "unknown key %s.%s", section, key);
}

static void read_member(struct load *l, const char *section, const char *key, const char *pointer,
                        json_t *v);

static void
read_group(struct load *l, const char *section, const char *key, const char *pointer, json_t *v)
{
    const char *name;
    json_t *member;

    if (!json_is_object(v)) {
        complain(l, pointer, "%s.%s must be a mapping", section, key);
        return;
    }
    json_object_foreach(v, name, member)
    {
        char *full = mem_printf("%s.%s", key, name);
        char *at = mem_printf("%s/%s", pointer, name);

        read_member(l, section, full, at, member);
        free(full);
        free(at);
    }
}

static void
read_member(struct load *l, const char *section, const char *key, const char *pointer, json_t *v)
{
    const struct setting *s = setting_find_row(section, key);
    const struct setting *by_file = secret_row(section, key, "_file");
    const struct setting *by_env = secret_row(section, key, "_env");

    if (s)
        read_value(l, s, pointer, v);
    else if (by_file || by_env)
        read_secret(l, by_file ? by_file : by_env, pointer, v, by_file != NULL);
    else if (is_group(section, key))
        read_group(l, section, key, pointer, v);
    else
        unknown_key(l, section, key, pointer);
}

static bool
is_section(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (strcmp(settings[i].section, name) == 0)
            return true;
    return false;
}

static void
read_section(struct load *l, const char *name, json_t *v)
{
    char *pointer = mem_printf("/%s", name);
    const char *key;
    json_t *member;

    for (size_t i = 0; i < ARRAY_LEN(unused_sections); i++)
        if (strcmp(unused_sections[i], name) == 0) {
            free(pointer);
            return;
        }
    if (json_is_null(v)) { /* every line of it is a comment */
        free(pointer);
        return;
    }
    if (!is_section(name)) {
        const char *near =
            text_nearest(name, &settings[0].section, ARRAY_LEN(settings), sizeof settings[0]);

        complain(l, pointer, "unknown section %s%s%s%s", name, near ? "; did you mean " : "",
                 near ? near : "", near ? "?" : "");
    } else if (!json_is_object(v)) {
        complain(l, pointer, "%s must be a mapping of settings", name);
    } else {
        json_object_foreach(v, key, member)
        {
            char *at = mem_printf("%s/%s", pointer, key);

            read_member(l, name, key, at, member);
            free(at);
        }
    }
    free(pointer);
}

static void
read_override(struct load *l, const char *override)
{
    const char *equals = strchr(override, '=');
    const char *dot = strchr(override, '.');
    struct yaml_doc value = {0};
    struct error err = {0};
    char *where = mem_printf("--set %s", override);
    char *section;
    char *key;

    if (!equals || !dot || dot > equals) {
        complain(l, where, "must be section.key=value");
        free(where);
        return;
    }
    section = mem_strndup(override, (size_t)(dot - override));
    key = mem_strndup(dot + 1, (size_t)(equals - dot - 1));
    if (!yaml_parse(equals + 1, strlen(equals + 1), &value, &err) || !value.root) {
        yaml_release(&value);
        value.root = json_string(equals + 1);
    }
    if (is_section(section))
        read_member(l, section, key, where, value.root);
    else
        complain(l, where, "unknown section %s", section);
    yaml_release(&value);
    free(section);
    free(key);
    free(where);
}

/* One name for it, from wherever the file was asked for. */
static char *
real_folder_of(const char *path)
{
    char *folder = path_dirname(path);
    char *real = realpath(folder, NULL);

    if (!real)
        return folder;
    free(folder);
    return real;
}

bool
config_load(const char *path, const char *const *overrides, size_t override_count,
            struct config *out, struct buf *errors, struct error *err)
{
    struct buf text = {0};
    struct yaml_doc doc = {0};
    struct load l = {.c = out, .path = path, .errors = errors, .first = err};
    const char *name;
    json_t *section;

    config_init_defaults(out);
    free(out->path);
    out->path = mem_strdup(path);
    l.folder = real_folder_of(path);
    if (file_exists(path)) {
        if (!file_read(path, MAX_FILE, &text, err)) {
            l.count = 1;
            goto out;
        }
        if (!yaml_parse(buf_str(&text), text.len, &doc, err)) {
            char where[160];

            (void)snprintf(where, sizeof where, "%s:%s", path, err->path);
            (void)text_copy(err->path, sizeof err->path, where);
            buf_printf(errors, "%s: %s\n", where, err->text);
            l.count = 1;
            goto out;
        }
    }
    l.doc = &doc;
    if (doc.root && !json_is_object(doc.root))
        complain(&l, "", "the file must be a mapping of sections");
    json_object_foreach(doc.root, name, section) read_section(&l, name, section);
    if (!json_object_get(json_object_get(doc.root, "main_database"), "url"))
        read_main_url(&l, setting_find_row("main_database", "url"), "/main_database",
                      "sqlite:main.db");
    for (size_t i = 0; i < override_count; i++)
        read_override(&l, overrides[i]);
    if (out->policy.daily_cost_micros > 0 && out->sms.price_micros == 0)
        complain(&l, "/policy/daily/cost",
                 "policy.daily.cost needs sms.price, the price of one segment");
out:
    yaml_release(&doc);
    buf_release(&text);
    free(l.folder);
    if (l.count)
        config_release(out);
    return l.count == 0;
}

bool
config_can_send(const struct config *c, struct error *err)
{
    const struct {
        bool missing;
        const char *what;
    } needs[] = {
        {!*c->sms.account_sid, "sms.account_sid is not set"},
        {!*c->sms.auth_token, "sms.auth_token_file is not set"},
        {!*c->sms.from && !*c->sms.messaging_service_sid,
         "neither sms.from nor sms.messaging_service_sid is set"},
        {!*c->business.name, "business.name is not set"},
    };

    for (size_t i = 0; i < ARRAY_LEN(needs); i++)
        if (needs[i].missing)
            return error_set(err, ERR_CONFLICT, "%s in %s: SMS cannot be sent", needs[i].what,
                             *c->path ? c->path : "the configuration");
    return true;
}

static void
example_value(const struct setting *s, struct buf *out)
{
    const char *key = strchr(s->key, '.') ? strchr(s->key, '.') + 1 : s->key;

    if (s->kind == KIND_SECRET)
        buf_printf(out, "%s_file: %s.secret", key, s->section);
    else if (s->kind == KIND_QUIET)
        buf_printf(out, "%s: {from: \"09:00\", to: \"20:00\"}", key);
    else if (is_list_kind(s->kind) || s->kind == KIND_DAYS)
        buf_printf(out, "%s: [%s]", key, s->fallback);
    else if (is_text_kind(s->kind))
        buf_printf(out, "%s: \"%s\"", key, s->fallback);
    else
        buf_printf(out, "%s: %s", key, s->fallback);
}

void
config_example(struct buf *out)
{
    const char *section = "";

    buf_add_str(
        out,
        "# The configuration of canvass. A line with # in front shows the default.\n"
        "# Secrets do not stand here: a ..._file names a file of mode 0600, ..._env a variable.\n");
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        const struct setting *s = &settings[i];
        const char *dot = strchr(s->key, '.');

        if (strcmp(section, s->section) != 0)
            buf_printf(out, "\n%s:\n", s->section);
        section = s->section;
        if (dot &&
            (i == 0 || strncmp(settings[i - 1].key, s->key, (size_t)(dot - s->key + 1)) != 0))
            buf_printf(out, "  #%.*s:\n", (int)(dot - s->key), s->key);
        buf_printf(out, "  # %s\n  #%s", s->help, dot ? "  " : "");
        example_value(s, out);
        buf_add_char(out, '\n');
    }
}

static void
describe_list(const struct config_list *list, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++)
        buf_printf(out, "%s%s", i ? ", " : "", list->items[i]);
}

static void
describe_days(unsigned days, struct buf *out)
{
    const char *comma = "";

    for (size_t i = 0; i < ARRAY_LEN(day_names); i++)
        if (days & 1u << i) {
            buf_printf(out, "%s%s", comma, day_names[i]);
            comma = ", ";
        }
}

static void
describe_value(const struct config *c, const struct setting *s, struct buf *out)
{
    const char *at = (const char *)c + s->offset;
    const struct quiet_window *quiet = &c->policy.quiet_hours;

    switch (s->kind) {
    case KIND_TEXT:
    case KIND_CHOICE:
    case KIND_MAIN_URL:
    case KIND_PHONE_LIKE:
        buf_add_str(out, *(char *const *)at ? *(char *const *)at : "");
        break;
    case KIND_SECRET:
        buf_add_str(out, *(char *const *)at && **(char *const *)at ? "set" : "not set");
        break;
    case KIND_INTEGER:
        buf_printf(out, "%" PRId64, *(const int64_t *)at);
        break;
    case KIND_MONEY:
        buf_printf(out, "%.4g", (double)*(const int64_t *)at / 1e6);
        break;
    case KIND_NUMBER:
        buf_printf(out, "%g", *(const double *)at);
        break;
    case KIND_BOOL:
        buf_add_str(out, *(const bool *)at ? "on" : "off");
        break;
    case KIND_LIST:
    case KIND_DATES:
        describe_list((const struct config_list *)at, out);
        break;
    case KIND_DAYS:
        describe_days(*(const unsigned *)at, out);
        break;
    case KIND_QUIET:
        if (quiet->set)
            buf_printf(out, "%02d:%02d to %02d:%02d", quiet->from_min / 60, quiet->from_min % 60,
                       quiet->to_min / 60, quiet->to_min % 60);
        else
            buf_add_str(out, "any hour");
        break;
    }
}

void
config_describe(const struct config *c,
                void (*each)(void *ctx, const char *section, const char *key, const char *value,
                             const char *help),
                void *ctx)
{
    struct buf value = {0};

    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        buf_clear(&value);
        describe_value(c, &settings[i], &value);
        each(ctx, settings[i].section, settings[i].key, buf_str(&value), settings[i].help);
    }
    buf_release(&value);
}
