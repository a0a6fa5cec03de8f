#include "ui/term/theme.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/embed.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/yaml.h"

#define THEME_MAX_BYTES 65536

static const char *const role_names[] = {
    [ROLE_TEXT] = "text",           [ROLE_DIM] = "dim",
    [ROLE_TITLE] = "title",         [ROLE_FOCUS] = "focus",
    [ROLE_SELECTED] = "selected",   [ROLE_OK] = "ok",
    [ROLE_WARN] = "warn",           [ROLE_ERROR] = "error",
    [ROLE_INFO] = "info",           [ROLE_ACCENT] = "accent",
    [ROLE_FIELD] = "field",         [ROLE_FIELD_ERROR] = "field_error",
    [ROLE_HEADER] = "header",       [ROLE_KEY] = "key",
    [ROLE_TAG_BOOK] = "tag_book",   [ROLE_TAG_STOP] = "tag_stop",
    [ROLE_TAG_ASK] = "tag_ask",     [ROLE_TAG_OTHER] = "tag_other",
    [ROLE_BUBBLE_IN] = "bubble_in", [ROLE_BUBBLE_OUT] = "bubble_out",
    [ROLE_PLOT] = "plot",
};
_Static_assert(ARRAY_LEN(role_names) == ROLE_COUNT, "a name for every role");

/* Without colour: weight, underline and reverse tell the roles apart. */
static const unsigned mono_attrs[ROLE_COUNT] = {
    [ROLE_TITLE] = LOOK_BOLD,         [ROLE_FOCUS] = LOOK_BOLD,
    [ROLE_SELECTED] = LOOK_REVERSE,   [ROLE_WARN] = LOOK_BOLD,
    [ROLE_ERROR] = LOOK_BOLD,         [ROLE_ACCENT] = LOOK_BOLD,
    [ROLE_FIELD] = LOOK_UNDERLINE,    [ROLE_FIELD_ERROR] = LOOK_REVERSE | LOOK_BOLD,
    [ROLE_HEADER] = LOOK_REVERSE,     [ROLE_KEY] = LOOK_BOLD,
    [ROLE_TAG_BOOK] = LOOK_REVERSE,   [ROLE_TAG_STOP] = LOOK_REVERSE | LOOK_BOLD,
    [ROLE_TAG_ASK] = LOOK_REVERSE,    [ROLE_TAG_OTHER] = LOOK_UNDERLINE,
    [ROLE_BUBBLE_OUT] = LOOK_REVERSE,
};

static const char *const depth_names[DEPTH_COUNT] = {"mono", "16", "256", "true"};

static const char *const colour_names[] = {"black", "red",     "green", "yellow",
                                           "blue",  "magenta", "cyan",  "white"};
static const char *const attr_names[] = {"bold", "dim", "underline", "reverse", "italic"};

const char *
role_name(enum role role)
{
    return role_names[role];
}

void
theme_plain(struct theme *out)
{
    *out = (struct theme){0};
    (void)text_copy(out->name, sizeof out->name, "plain");
    for (int d = 0; d < DEPTH_COUNT; d++)
        for (int r = 0; r < ROLE_COUNT; r++)
            out->looks[d][r] = (struct look){-1, -1, mono_attrs[r]};
}

static bool
parse_named(const char *s, int *out)
{
    int bright = 0;

    if (text_starts_with(s, "bright-")) {
        bright = 8;
        s += strlen("bright-");
    }
    for (size_t i = 0; i < ARRAY_LEN(colour_names); i++)
        if (strcmp(s, colour_names[i]) == 0) {
            *out = (int)i + bright;
            return true;
        }
    return false;
}

static bool
parse_hex(const char *s, int *out)
{
    char *end;

    if (s[0] != '#' || strlen(s) != 7 || strspn(s + 1, "0123456789abcdefABCDEF") != 6)
        return false;
    *out = (int)strtol(s + 1, &end, 16);
    return true;
}

static bool
parse_colour(const json_t *value, enum term_depth depth, int *out)
{
    const char *s = json_string_value(value);

    if (s && strcmp(s, "default") == 0) {
        *out = -1;
        return true;
    }
    if (depth == DEPTH_TRUE)
        return s && parse_hex(s, out);
    if (json_is_integer(value)) {
        json_int_t n = json_integer_value(value);
        *out = (int)n;
        return n >= 0 && n < (depth == DEPTH_16 ? 16 : 256);
    }
    return s && parse_named(s, out);
}

static bool
parse_attr(const char *s, unsigned *attrs)
{
    for (size_t i = 0; s && i < ARRAY_LEN(attr_names); i++)
        if (strcmp(s, attr_names[i]) == 0) {
            *attrs |= 1u << i;
            return true;
        }
    return false;
}

struct theme_reader {
    const struct yaml_doc *doc;
    struct error *err;
};

/* The place of the nearest value goes into err.path, so that a person finds the line. */
static bool
fault(const struct theme_reader *rd, const char *pointer, const char *text)
{
    const struct yaml_place *place = yaml_place_of(rd->doc, pointer);
    char where[48] = "1:1";

    if (place)
        (void)snprintf(where, sizeof where, "%d:%d", place->line, place->column);
    return error_set_at(rd->err, ERR_INVALID, where, "line %d: %s: %s", place ? place->line : 1,
                        *pointer ? pointer : "/", text);
}

static bool
parse_look(const struct theme_reader *rd, const char *pointer, json_t *value, enum term_depth depth,
           struct look *out)
{
    const char *key;
    json_t *item;

    if (!json_is_object(value))
        return fault(rd, pointer, "must be {fg, bg, attrs}");
    *out = (struct look){-1, -1, 0};
    json_object_foreach(value, key, item)
    {
        char at[160];
        size_t i;
        json_t *attr;
        (void)snprintf(at, sizeof at, "%s/%s", pointer, key);
        if (strcmp(key, "fg") == 0 || strcmp(key, "bg") == 0) {
            if (!parse_colour(item, depth, key[0] == 'f' ? &out->fg : &out->bg))
                return fault(rd, at,
                             depth == DEPTH_TRUE ? "not a colour; write \"#rrggbb\" or default"
                                                 : "not a colour; write a number, a name such as "
                                                   "bright-red, or default");
        } else if (strcmp(key, "attrs") == 0 && json_is_array(item)) {
            json_array_foreach(
                item, i,
                attr) if (!parse_attr(json_string_value(attr),
                                      &out->attrs)) return fault(rd, at,
                                                                 "attrs are bold, dim, underline, "
                                                                 "reverse, italic");
        } else {
            return fault(rd, at, "unknown key; fg, bg and attrs (a list) are known");
        }
    }
    return true;
}

static bool
parse_role(const struct theme_reader *rd, const char *name, json_t *value, struct theme *out)
{
    char pointer[96];
    const char *key;
    json_t *item;
    int role = -1;

    (void)snprintf(pointer, sizeof pointer, "/roles/%s", name);
    for (int r = 0; r < ROLE_COUNT; r++)
        if (strcmp(name, role_names[r]) == 0)
            role = r;
    if (role < 0) {
        const char *near = text_nearest(name, role_names, ROLE_COUNT, sizeof *role_names);
        char text[96];
        (void)snprintf(text, sizeof text, near ? "unknown role; did you mean %s?" : "unknown role",
                       near);
        return fault(rd, pointer, text);
    }
    if (!json_is_object(value))
        return fault(rd, pointer, "must hold \"true\", \"256\", \"16\" and perhaps mono");
    json_object_foreach(value, key, item)
    {
        char at[128];
        int depth = -1;
        (void)snprintf(at, sizeof at, "%s/%s", pointer, key);
        for (int d = 0; d < DEPTH_COUNT; d++)
            if (strcmp(key, depth_names[d]) == 0)
                depth = d;
        if (depth < 0)
            return fault(rd, at, "unknown; \"true\", \"256\", \"16\" and mono are known");
        if (!parse_look(rd, at, item, (enum term_depth)depth, &out->looks[depth][role]))
            return false;
    }
    return true;
}

bool
theme_parse(const char *name, const char *text, size_t len, struct theme *out, struct error *err)
{
    struct yaml_doc doc = {0};
    struct theme_reader rd = {&doc, err};
    struct theme made;
    const char *key;
    json_t *item;
    bool ok = false;

    theme_plain(&made);
    for (int d = DEPTH_16; d < DEPTH_COUNT; d++)
        for (int r = 0; r < ROLE_COUNT; r++)
            made.looks[d][r].attrs = 0;
    (void)text_copy(made.name, sizeof made.name, name);
    if (!yaml_parse(text, len, &doc, err))
        goto out;
    if (!json_is_object(doc.root) || !json_is_object(json_object_get(doc.root, "roles"))) {
        fault(&rd, "", "a theme has `roles`, a mapping of role to looks");
        goto out;
    }
    json_object_foreach(doc.root, key, item)
    {
        if (strcmp(key, "description") == 0 && json_is_string(item)) {
            (void)text_copy(made.description, sizeof made.description, json_string_value(item));
        } else if (strcmp(key, "roles") != 0) {
            char at[96];
            (void)snprintf(at, sizeof at, "/%s", key);
            fault(&rd, at, "unknown key; description and roles are known");
            goto out;
        }
    }
    json_object_foreach(json_object_get(doc.root, "roles"), key, item)
    {
        if (!parse_role(&rd, key, item, &made))
            goto out;
    }
    *out = made;
    ok = true;
out:
    yaml_release(&doc);
    return ok;
}

static bool
name_is_safe(const char *name)
{
    return *name &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
               strlen(name);
}

bool
theme_load(const char *name, const char *dir, struct theme *out, struct error *err)
{
    char *file = mem_printf("%s.yaml", name);
    char *path = path_join(dir ? dir : ".", file);
    char *built_in = mem_printf("themes/%s", file);
    const struct embed_file *embedded = embed_find(built_in);
    struct buf text = {0};
    bool ok;

    if (!name_is_safe(name))
        ok = error_set(err, ERR_INVALID, "a theme's name has letters, digits, - and _ only");
    else if (dir && file_exists(path))
        ok = file_read(path, THEME_MAX_BYTES, &text, err) &&
             theme_parse(name, buf_str(&text), text.len, out, err);
    else if (embedded)
        ok = theme_parse(name, embedded->data, (size_t)(embedded->end - embedded->data), out, err);
    else
        ok = error_set(err, ERR_NOT_FOUND, "no such theme");
    if (!ok)
        error_wrap(err, "theme %.40s", name);
    buf_release(&text);
    free(built_in);
    free(path);
    free(file);
    return ok;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **
add_name(char **names, size_t *count, const char *file)
{
    size_t len = strlen(file);
    char *name;

    if (len <= 5 || strcmp(file + len - 5, ".yaml") != 0)
        return names;
    name = mem_strndup(file, len - 5);
    for (size_t i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0) {
            free(name);
            return names;
        }
    names = mem_realloc(names, *count + 1, sizeof *names);
    names[(*count)++] = name;
    return names;
}

char **
theme_names(const char *dir, size_t *count)
{
    char **names = NULL;
    size_t files;
    const struct embed_file *list = embed_list(&files);
    DIR *d = dir ? opendir(dir) : NULL;
    struct dirent *entry;

    *count = 0;
    for (size_t i = 0; i < files; i++)
        if (text_starts_with(list[i].name, "themes/"))
            names = add_name(names, count, list[i].name + strlen("themes/"));
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): glibc locks each DIR by itself */
    while (d && (entry = readdir(d)) != NULL)
        names = add_name(names, count, entry->d_name);
    if (d)
        (void)closedir(d);
    if (names)
        qsort(names, *count, sizeof *names, compare_names);
    return names;
}
