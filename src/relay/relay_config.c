#include "relay/relay_config.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/env.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/yaml.h"

enum { FILE_BYTES_MAX = 64 * 1024 };

enum setting_kind { SETTING_TEXT, SETTING_PATH, SETTING_NUMBER, SETTING_LIST };

struct setting {
    const char *key;  /* in the file, with a dot below a section */
    const char *flag; /* NULL: none */
    size_t offset;    /* of its char * in struct relay_config */
    enum setting_kind kind;
    const char *fallback; /* NULL: none */
    const char *value, *help;
    size_t number; /* SETTING_NUMBER: offset of its int64_t, and its limits */
    int64_t least, most;
};

#define AT(field) offsetof(struct relay_config, field)
/* clang-format off */
static const struct setting settings[] = {
    {"listen", "--listen", AT(listen), SETTING_TEXT, "127.0.0.1:8090", "HOST:PORT",
     "address to listen on; port 0 takes a free one", 0, 0, 0},
    {"database", "--database", AT(database), SETTING_PATH, "relay.db", "FILE",
     "the mailbox; made when it is missing", 0, 0, 0},
    {"public_url", "--public-url", AT(public_url), SETTING_TEXT, NULL, "URL",
     "what Twilio calls, as it stands there (default, or \"\": http://HOST:PORT)", 0, 0, 0},
    {"token_file", "--token-file", AT(token_file), SETTING_PATH, NULL, "FILE",
     "secret that the console shows (mode 0600)", 0, 0, 0},
    {"token_env", NULL, AT(token_env), SETTING_TEXT, NULL, "NAME",
     "variable with that secret, instead of the file", 0, 0, 0},
    {"twilio.auth_token_file", "--twilio-token-file", AT(twilio_token_file), SETTING_PATH, NULL, "FILE",
     "secret that Twilio signs with (mode 0600)", 0, 0, 0},
    {"twilio.auth_token_env", NULL, AT(twilio_token_env), SETTING_TEXT, NULL, "NAME",
     "variable with that secret, instead of the file", 0, 0, 0},
    {"trusted_proxies", "--trusted-proxies", AT(trusted_proxies), SETTING_LIST, NULL, "ADDRESSES",
     "proxies whose X-Forwarded-For is believed, such as 127.0.0.1, 10.0.0.0/8", 0, 0, 0},
    {"limits.connections", NULL, AT(limits.connections), SETTING_NUMBER, "1024", "N",
     "connections at once", AT(connections), 8, 8000},
    {"limits.connections_per_source", NULL, AT(limits.connections_per_source), SETTING_NUMBER, "512", "N",
     "of one address, but for trusted proxies; 0: any number", AT(connections_per_source), 0, 8000},
    {"limits.request_seconds", NULL, AT(limits.request_seconds), SETTING_NUMBER, "10", "N",
     "for the headers of a request, then for its body, to arrive", AT(request_seconds), 1, 300},
    {"limits.idle_seconds", NULL, AT(limits.idle_seconds), SETTING_NUMBER, "15", "N",
     "that a connection may be silent", AT(idle_seconds), 1, 300},
    {"limits.failures_per_minute", NULL, AT(limits.failures_per_minute), SETTING_NUMBER, "120", "N",
     "wrong signatures and tokens of one address before 429; 0: any number", AT(failures_per_minute), 0, 1000000},
};
/* clang-format on */

static char **
field(struct relay_config *c, const struct setting *s)
{
    return (char **)(void *)((char *)c + s->offset);
}

static void
set_field(struct relay_config *c, const struct setting *s, char *value)
{
    free(*field(c, s));
    *field(c, s) = value;
}

/* --- flags */

bool
relay_config_set_flag(struct relay_config *c, const char *flag, const char *value)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (settings[i].flag && strcmp(settings[i].flag, flag) == 0) {
            set_field(c, &settings[i], mem_strdup(value));
            return true;
        }
    return false;
}

bool
relay_config_flag_may_be_empty(const char *flag)
{
    return strcmp(flag, "--public-url") == 0;
}

const char *
relay_config_near_flag(const char *flag)
{
    static const char *const others[] = {"--config", "--port-file", "--help", "--version"};
    const char *names[ARRAY_LEN(settings) + ARRAY_LEN(others)];
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (settings[i].flag)
            names[count++] = settings[i].flag;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        names[count++] = others[i];
    return text_nearest(flag, names, count, sizeof names[0]);
}

void
relay_config_help(struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        const struct setting *s = &settings[i];

        buf_printf(out, "  %-29s %-20s %-9s %s", s->key, s->flag ? s->flag : "", s->value, s->help);
        if (s->fallback)
            buf_printf(out, " (default %s)", s->fallback);
        buf_add_char(out, '\n');
    }
}

/* --- the file */

struct load {
    struct relay_config *c;
    struct buf *errors;
    struct yaml_doc doc;
    const char *path; /* NULL: no file */
    char *folder;     /* owned; what relative paths in the file are relative to */
    bool from_file[ARRAY_LEN(settings)];
    bool failed;
};

static void complain(struct load *l, const char *pointer, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* pointer NULL: the mistake is not at a place in the file. */
static void
complain(struct load *l, const char *pointer, const char *fmt, ...)
{
    const struct yaml_place *place = pointer ? yaml_place_of(&l->doc, pointer) : NULL;
    char text[512];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    l->failed = true;
    if (l->path)
        buf_printf(l->errors, "%s:", l->path);
    if (place)
        buf_printf(l->errors, "%d:%d:", place->line, place->column);
    buf_printf(l->errors, "%s%s\n", l->path ? " " : "", text);
}

/* "twilio.auth_token_file" is at "/twilio/auth_token_file". */
static char *
pointer_of(const char *key)
{
    char *pointer = mem_printf("/%s", key);

    for (char *p = pointer; *p; p++)
        if (*p == '.')
            *p = '/';
    return pointer;
}

static void
unknown_key(struct load *l, const char *key)
{
    char *pointer = pointer_of(key);
    const char *near = text_nearest(key, &settings[0].key, ARRAY_LEN(settings), sizeof settings[0]);
    struct buf shown = {0};

    text_sanitise(&shown, key, strlen(key));
    if (near)
        complain(l, pointer, "unknown key \"%.100s\"; did you mean \"%s\"?", buf_str(&shown), near);
    else
        complain(l, pointer, "unknown key \"%.100s\"; `canvass-relay --help` lists the keys",
                 buf_str(&shown));
    buf_release(&shown);
    free(pointer);
}

/* What the file says, as a text; NULL when it is of another kind. Caller frees. */
static char *
text_of(const struct setting *s, const json_t *value)
{
    const char *text = json_string_value(value);
    struct buf list = {0};
    const json_t *entry;
    size_t i;

    if (s->kind == SETTING_NUMBER)
        return json_is_integer(value)
                   ? mem_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value))
                   : NULL;
    if (s->kind == SETTING_LIST && json_is_array(value)) {
        json_array_foreach(value, i, entry) buf_printf(
            &list, "%s%s", i ? ", " : "", json_is_string(entry) ? json_string_value(entry) : "?");
        return list.len ? buf_take(&list) : mem_strdup("");
    }
    if (!text || text_is_blank(text) || strlen(text) != json_string_length(value))
        return NULL;
    return mem_strdup(text);
}

static void
take_value(struct load *l, const char *key, const json_t *value)
{
    size_t i = 0;

    while (i < ARRAY_LEN(settings) && strcmp(settings[i].key, key) != 0)
        i++;
    if (i == ARRAY_LEN(settings)) {
        unknown_key(l, key);
        return;
    }
    char *pointer = pointer_of(key);
    char *text = text_of(&settings[i], value);

    if (!text) {
        complain(l, pointer, "%s must be a %s: %s", key,
                 settings[i].kind == SETTING_NUMBER ? "whole number" : "text", settings[i].help);
    } else if (!*field(l->c, &settings[i])) { /* a flag wins */
        set_field(l->c, &settings[i],
                  settings[i].kind == SETTING_PATH ? path_join(l->folder, text) : mem_strdup(text));
        l->from_file[i] = true;
    }
    free(text);
    free(pointer);
}

static void
take_document(struct load *l)
{
    const char *key;
    const char *inner_key;
    json_t *value;
    json_t *inner;

    if (l->doc.root && !json_is_object(l->doc.root)) {
        complain(l, "", "the file must be a list of `key: value`");
        return;
    }
    json_object_foreach(l->doc.root, key, value)
    {
        if (strcmp(key, "twilio") != 0 && strcmp(key, "limits") != 0) {
            take_value(l, key, value);
            continue;
        }
        if (!json_is_object(value))
            complain(l, strcmp(key, "twilio") == 0 ? "/twilio" : "/limits",
                     "%s must hold keys, such as %s", key,
                     strcmp(key, "twilio") == 0 ? "auth_token_file" : "connections");
        json_object_foreach(value, inner_key, inner)
        {
            char *full = mem_printf("%s.%s", key, inner_key);

            take_value(l, full, inner);
            free(full);
        }
    }
}

static void
read_file(struct load *l)
{
    struct buf text = {0};
    struct error err = {0};

    if (!file_read(l->path, FILE_BYTES_MAX, &text, &err)) {
        l->failed = true;
        buf_printf(l->errors, "%s\n", err.text);
    } else if (!yaml_parse(buf_str(&text), text.len, &l->doc, &err)) {
        l->failed = true;
        buf_printf(l->errors, "%s:%s: %s\n", l->path, err.path, err.text);
    } else {
        take_document(l);
    }
    buf_release(&text);
}

/* --- checks */

/* Where a setting stands, for a message: its pointer when it came from the file. */
static void
complain_about(struct load *l, const char *key, const char *text, const char *value)
{
    char *pointer = pointer_of(key);
    size_t i = 0;

    while (strcmp(settings[i].key, key) != 0)
        i++;
    if (l->from_file[i]) {
        complain(l, pointer, "%s: %s%s", key, text, value);
    } else {
        l->failed = true;
        buf_printf(l->errors, "%s: %s%s\n", settings[i].flag ? settings[i].flag : key, text, value);
    }
    free(pointer);
}

static void
check_listen(struct load *l)
{
    const char *listen = l->c->listen;
    const char *colon = strrchr(listen, ':');
    int64_t port = -1;

    if (!colon || !num_parse_i64(colon + 1, &port) || port < 0 || port > 65535)
        complain_about(l, "listen", "must be host:port, such as 127.0.0.1:8090, not ", listen);
}

static void
check_public_url(struct load *l)
{
    char *url = l->c->public_url;
    const char *host;
    size_t len;

    if (!url)
        return;
    if (!*url) {
        free(url);
        l->c->public_url = NULL;
        return;
    }
    host = text_starts_with(url, "https://")  ? url + strlen("https://")
           : text_starts_with(url, "http://") ? url + strlen("http://")
                                              : NULL;
    if (!host || !isalnum((unsigned char)*host) == (*host != '[')) {
        complain_about(l, "public_url", "must begin with https:// (or http://) and a host, not ",
                       url);
        return;
    }
    if (strpbrk(host, "?# \t\r\n")) {
        complain_about(l, "public_url", "must end with the host or a path, without ? or #: ", url);
        return;
    }
    len = strlen(url);
    while (len && url[len - 1] == '/')
        url[--len] = '\0';
}

static void
read_numbers(struct load *l)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        const struct setting *s = &settings[i];
        int64_t *out = (int64_t *)(void *)((char *)l->c + s->number);
        char limits[96];

        if (s->kind != SETTING_NUMBER)
            continue;
        if (num_parse_i64(*field(l->c, s), out) && *out >= s->least && *out <= s->most)
            continue;
        (void)snprintf(limits, sizeof limits, "must be %" PRId64 " to %" PRId64 ", not ", s->least,
                       s->most);
        complain_about(l, s->key, limits, *field(l->c, s));
    }
}

static void
read_proxies(struct load *l)
{
    struct relay_config *c = l->c;
    size_t capacity = 0;

    for (const char *p = c->trusted_proxies; p && *p;) {
        size_t len = strcspn(p, ", \t");
        char *text = mem_strndup(p, len);
        struct ip_range range;

        if (len && !ip_range_parse(text, &range)) {
            complain_about(l, "trusted_proxies",
                           "must be addresses such as 127.0.0.1 or 10.0.0.0/8, not ", text);
        } else if (len) {
            c->trusted = mem_grow(c->trusted, c->trusted_count, &capacity, sizeof *c->trusted);
            c->trusted[c->trusted_count++] = range;
        }
        free(text);
        p += len + (p[len] != '\0');
    }
}

static void
read_secret(struct load *l, const char *what, const char *file_key, const char *path,
            const char *variable, char **out)
{
    struct error err = {0};

    if (path) {
        *out = file_read_secret(path, &err);
        if (!*out)
            complain_about(l, file_key, err.text, "");
    } else if (variable) {
        const char *value = env_get(variable);

        *out = mem_strdup(value);
        if (!*out)
            complain(l, NULL, "%s: the variable %.100s is not set", what, variable);
    } else {
        complain(l, NULL, "%s is missing; set %s", what, file_key);
    }
}

bool
relay_config_load(struct relay_config *c, const char *path, struct buf *errors)
{
    struct load l = {.c = c, .errors = errors, .path = path};

    if (path) {
        l.folder = path_dirname(path);
        read_file(&l);
    }
    if (!l.failed || l.doc.root) { /* an unreadable file would only repeat itself as missing keys */
        for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
            char **value = field(c, &settings[i]);

            if (!*value && settings[i].fallback)
                *value = settings[i].kind == SETTING_PATH && l.folder
                             ? path_join(l.folder, settings[i].fallback)
                             : mem_strdup(settings[i].fallback);
        }
        check_listen(&l);
        check_public_url(&l);
        read_numbers(&l);
        read_proxies(&l);
        read_secret(&l, "the console's token", "token_file", c->token_file, c->token_env,
                    &c->token);
        read_secret(&l, "Twilio's auth token", "twilio.auth_token_file", c->twilio_token_file,
                    c->twilio_token_env, &c->twilio_token);
    }
    yaml_release(&l.doc);
    free(l.folder);
    return !l.failed;
}

void
relay_config_release(struct relay_config *c)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        set_field(c, &settings[i], NULL);
    free(c->trusted);
    free(c->token);
    free(c->twilio_token);
    *c = (struct relay_config){0};
}
