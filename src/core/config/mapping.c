#include "core/config/mapping.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/yaml.h"

enum { MAX_FILE = 65536, MAX_SELECT = 16384, MAX_WORD = 256 };

struct reading {
    const char *path;
    const struct yaml_doc *doc;
    struct mapping *out;
    struct buf *errors;
    struct error *first;
    size_t count;
};

static void complain(struct reading *r, const char *pointer, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static void
complain(struct reading *r, const char *pointer, const char *fmt, ...)
{
    const struct yaml_place *place = yaml_place_of(r->doc, pointer);
    char where[256];
    char text[256];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (place)
        (void)snprintf(where, sizeof where, "%s:%d:%d", r->path, place->line, place->column);
    else
        (void)snprintf(where, sizeof where, "%s", r->path);
    buf_printf(r->errors, "%s: %s\n", where, text);
    if (r->count++ == 0)
        error_set_at(r->first, ERR_INVALID, where, "%s", text);
}

/* "; did you mean X?" for the nearest of the names, or nothing. */
static void
hint(char *out, size_t size, const char *word, const char *const *names, size_t count,
     size_t stride)
{
    const char *near = count > 0 ? text_nearest(word, names, count, stride) : NULL;

    out[0] = '\0';
    if (near)
        (void)snprintf(out, size, "; did you mean %s?", near);
}

static void
unknown_key(struct reading *r, const char *pointer, const char *key, const char *const *names,
            size_t count)
{
    char near[64];

    hint(near, sizeof near, key, names, count, sizeof names[0]);
    complain(r, pointer, "unknown key %.80s%s", key, near);
}

/* A member's JSON Pointer: "/" and "~" are written as ~1 and ~0 there. Caller frees. */
static char *
pointer_to(const char *parent, const char *key)
{
    struct buf b = {0};

    buf_add_str(&b, parent);
    buf_add_char(&b, '/');
    for (; *key; key++) {
        if (*key == '~')
            buf_add_str(&b, "~0");
        else if (*key == '/')
            buf_add_str(&b, "~1");
        else
            buf_add_char(&b, *key);
    }
    return buf_take(&b);
}

/* --- one table */

static bool
is_one_of(const char *choices, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = choices; *p;) {
        size_t n = strcspn(p, "|");

        if (n == len && memcmp(p, word, n) == 0)
            return true;
        p += n + (p[n] == '|');
    }
    return false;
}

static void
read_word(struct reading *r, enum main_table t, const struct main_column *column,
          const char *pointer, const char *from, json_t *v)
{
    struct mapping_table *table = &r->out->tables[t];
    const char *to = json_string_value(v);

    if (!to || !*to || strlen(to) > MAX_WORD || strlen(from) > MAX_WORD) {
        complain(r, pointer, "a word is translated into a word; put both in quotes");
        return;
    }
    if (column->words && !is_one_of(column->words, to)) {
        complain(r, pointer, "%s.%s is one of %s, not \"%.80s\"", main_table_name(t), column->name,
                 column->words, to);
        return;
    }
    table->words =
        mem_grow(table->words, table->word_count, &table->word_capacity, sizeof *table->words);
    table->words[table->word_count++] =
        (struct mapping_word){.column = column, .from = mem_strdup(from), .to = mem_strdup(to)};
}

static void
unknown_column(struct reading *r, enum main_table t, const char *pointer, const char *name)
{
    size_t count;
    const struct main_column *columns = main_columns(t, &count);
    const char *names[MAIN_COLUMNS_MAX];
    size_t n = 0;
    char near[64];

    for (size_t i = 0; i < count; i++)
        if (columns[i].kind == MAIN_KIND_WORD)
            names[n++] = columns[i].name;
    hint(near, sizeof near, name, names, n, sizeof names[0]);
    complain(r, pointer, "%s has no words in a column %.80s%s", main_table_name(t), name, near);
}

static void
read_words(struct reading *r, enum main_table t, const char *pointer, json_t *v)
{
    const char *name;
    json_t *words;

    if (!json_is_object(v)) {
        complain(r, pointer, "words must be a mapping of columns");
        return;
    }
    json_object_foreach(v, name, words)
    {
        const struct main_column *column = main_column_find(t, name);
        char *at = pointer_to(pointer, name);
        const char *from;
        json_t *to;

        if (!column || column->kind != MAIN_KIND_WORD)
            unknown_column(r, t, at, name);
        else if (!json_is_object(words))
            complain(r, at, "must be a mapping {theirs: ours}");
        else
            json_object_foreach(words, from, to)
            {
                char *here = pointer_to(at, from);

                read_word(r, t, column, here, from, to);
                free(here);
            }
        free(at);
    }
}

static void
read_key(struct reading *r, struct mapping_table *table, const char *pointer, json_t *v)
{
    static const struct {
        const char *name;
        enum mapping_key key;
    } kinds[] = {{"int", MAPPING_KEY_INT},
                 {"bigint", MAPPING_KEY_INT},
                 {"uuid", MAPPING_KEY_UUID},
                 {"text", MAPPING_KEY_TEXT}};
    const char *word = json_string_value(v);
    char near[64];

    for (size_t i = 0; word && i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].name, word) == 0) {
            table->key = kinds[i].key;
            return;
        }
    hint(near, sizeof near, word ? word : "", &kinds[0].name, ARRAY_LEN(kinds), sizeof kinds[0]);
    complain(r, pointer, "key must be int, bigint, uuid or text%s", near);
}

/* One SELECT and nothing else: it is put into brackets. */
static void
read_select(struct reading *r, struct mapping_table *table, const char *pointer, json_t *v)
{
    const char *sql = json_string_value(v);
    const struct yaml_place *place = yaml_place_of(r->doc, pointer);
    size_t start = sql ? strspn(sql, " \t\r\n") : 0;
    size_t word = sql ? strcspn(sql + start, " \t\r\n(") : 0;
    size_t len = sql ? strlen(sql) : 0;
    char first[8] = "";

    if (sql && word < sizeof first)
        (void)snprintf(first, sizeof first, "%.*s", (int)word, sql + start);
    if (!sql || len > MAX_SELECT ||
        (!text_eq_nocase(first, "select") && !text_eq_nocase(first, "with"))) {
        complain(r, pointer, "select must be one SELECT statement as text");
        return;
    }
    while (len > 0 && strchr(" \t\r\n;", sql[len - 1]))
        len--;
    free(table->select);
    table->select = mem_strndup(sql, len);
    table->line = place ? place->line : 0;
}

static void
read_table(struct reading *r, enum main_table t, const char *pointer, json_t *v)
{
    static const char *const names[] = {"key", "select", "words"};
    struct mapping_table *table = &r->out->tables[t];
    const char *key;
    json_t *member;

    if (!json_is_object(v)) {
        complain(r, pointer, "%s must be a mapping with key and select", main_table_name(t));
        return;
    }
    table->present = true;
    json_object_foreach(v, key, member)
    {
        char *at = pointer_to(pointer, key);

        if (strcmp(key, "key") == 0)
            read_key(r, table, at, member);
        else if (strcmp(key, "select") == 0)
            read_select(r, table, at, member);
        else if (strcmp(key, "words") == 0)
            read_words(r, t, at, member);
        else
            unknown_key(r, at, key, names, ARRAY_LEN(names));
        free(at);
    }
    if (!json_object_get(v, "key"))
        complain(r, pointer, "%s lacks key: int, bigint, uuid or text", main_table_name(t));
    if (!json_object_get(v, "select"))
        complain(r, pointer, "%s lacks select", main_table_name(t));
}

static void
read_tables(struct reading *r, json_t *v)
{
    const char *names[MAIN_TABLE_COUNT];
    const char *key;
    json_t *member;

    for (int t = 0; t < MAIN_TABLE_COUNT; t++)
        names[t] = main_table_name((enum main_table)t);
    if (!json_is_object(v)) {
        complain(r, "/tables", "tables must be a mapping");
        return;
    }
    json_object_foreach(v, key, member)
    {
        char *at = pointer_to("/tables", key);
        int t = 0;

        while (t < MAIN_TABLE_COUNT && strcmp(names[t], key) != 0)
            t++;
        if (t < MAIN_TABLE_COUNT)
            read_table(r, (enum main_table)t, at, member);
        else
            unknown_key(r, at, key, names, ARRAY_LEN(names));
        free(at);
    }
    if (!json_object_get(v, "customers"))
        complain(r, "/tables", "tables lacks customers");
    if (json_object_get(v, "appointment_requests") && !json_object_get(v, "conversations"))
        complain(r, "/tables/appointment_requests",
                 "appointment_requests point at conversations, which the mapping lacks");
}

/* --- writing back */

static bool
is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_';
}

/* The number of the value that is named, from 1; 0: there is none. */
static size_t
value_number(enum main_write kind, const char *name, size_t len)
{
    size_t count;
    const char *const *names = main_write_names(kind, &count);

    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
            return i + 1;
    return 0;
}

static void
unknown_value(struct reading *r, enum main_write kind, const char *pointer, const char *name,
              size_t len)
{
    size_t count;
    const char *const *names = main_write_names(kind, &count);
    char *word = mem_strndup(name, len);
    char near[64];

    hint(near, sizeof near, word, names, count, sizeof names[0]);
    complain(r, pointer, "no value is named :%.60s%s", word, near);
    free(word);
}

/* :name becomes $n; "::" is a cast, and what stands between quotes is nobody's. */
static void
read_statement(struct reading *r, enum main_write kind, const char *pointer, json_t *v)
{
    const char *sql = json_string_value(v);
    struct buf out = {0};
    char quote = '\0';

    if (!sql || strlen(sql) > MAX_SELECT || !text_starts_with(sql, "INSERT")) {
        complain(r, pointer, "must be one INSERT … ON CONFLICT … DO UPDATE statement as text");
        return;
    }
    for (const char *p = sql; *p; p++) {
        size_t len = 0;
        size_t number;

        if (quote && *p == quote)
            quote = '\0';
        else if (!quote && (*p == '\'' || *p == '"'))
            quote = *p;
        if (!quote && *p == ':' && p[1] == ':') {
            buf_add_str(&out, "::");
            p++;
            continue;
        }
        while (!quote && *p == ':' && is_name_char(p[1 + len]))
            len++;
        if (len == 0) {
            buf_add_char(&out, *p);
            continue;
        }
        number = value_number(kind, p + 1, len);
        if (number == 0)
            unknown_value(r, kind, pointer, p + 1, len);
        buf_printf(&out, "$%zu", number);
        p += len;
    }
    if (!strstr(buf_str(&out), "ON CONFLICT"))
        complain(r, pointer, "needs ON CONFLICT … DO UPDATE: a row may be written more than once");
    free(r->out->write_back[kind]);
    r->out->write_back[kind] = buf_take(&out);
}

static void
read_write_back(struct reading *r, json_t *v)
{
    static const char *const names[] = {
        [MAIN_WRITE_CONVERSATION] = "conversation", [MAIN_WRITE_MESSAGE] = "message"};
    const char *key;
    json_t *member;

    if (!json_is_object(v)) {
        complain(r, "/write_back", "write_back must be a mapping with conversation and message");
        return;
    }
    json_object_foreach(v, key, member)
    {
        char *at = pointer_to("/write_back", key);
        int k = 0;

        while (k < MAIN_WRITE_COUNT && strcmp(names[k], key) != 0)
            k++;
        if (k < MAIN_WRITE_COUNT)
            read_statement(r, (enum main_write)k, at, member);
        else
            unknown_key(r, at, key, names, ARRAY_LEN(names));
        free(at);
    }
    for (int k = 0; k < MAIN_WRITE_COUNT; k++)
        if (!json_object_get(v, names[k]))
            complain(r, "/write_back", "write_back lacks %s", names[k]);
}

/* --- the file */

/* The server knows which zones there are; this keeps the name out of harm's way in SQL. */
static void
read_zone(struct reading *r, json_t *v)
{
    const char *zone = json_string_value(v);

    if (!zone || !*zone || strlen(zone) > 64 ||
        strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") !=
            strlen(zone)) {
        complain(r, "/time_zone", "time_zone must be a zone's name such as UTC or Europe/Berlin");
        return;
    }
    free(r->out->time_zone);
    r->out->time_zone = mem_strdup(zone);
}

static void
read_root(struct reading *r, json_t *root)
{
    static const char *const names[] = {"time_zone", "tables", "write_back"};
    const char *key;
    json_t *member;

    if (!json_is_object(root)) {
        complain(r, "", "a mapping file is a mapping with time_zone and tables");
        return;
    }
    json_object_foreach(root, key, member)
    {
        char *at = pointer_to("", key);

        if (strcmp(key, "time_zone") == 0)
            read_zone(r, member);
        else if (strcmp(key, "tables") == 0)
            read_tables(r, member);
        else if (strcmp(key, "write_back") == 0)
            read_write_back(r, member);
        else
            unknown_key(r, at, key, names, ARRAY_LEN(names));
        free(at);
    }
    if (!json_object_get(root, "tables"))
        complain(r, "", "tables is missing");
}

static void
take_digest(struct mapping *m, const char *text, size_t len)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);

    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001B3);
    (void)snprintf(m->digest, sizeof m->digest, "%016" PRIx64, h);
}

bool
mapping_parse(const char *path, const char *text, size_t len, struct mapping *out,
              struct buf *errors, struct error *err)
{
    struct yaml_doc doc = {0};
    struct reading r = {.path = path, .doc = &doc, .out = out, .errors = errors, .first = err};

    *out = (struct mapping){.path = mem_strdup(path), .time_zone = mem_strdup("UTC")};
    take_digest(out, text, len);
    if (len > MAX_FILE) {
        buf_printf(errors, "%s: larger than %d bytes\n", path, MAX_FILE);
        return error_set_at(err, ERR_INVALID, path, "larger than %d bytes", MAX_FILE);
    }
    if (!yaml_parse(text, len, &doc, err)) {
        char where[256];

        (void)snprintf(where, sizeof where, "%s:%s", path, err->path);
        (void)text_copy(err->path, sizeof err->path, where);
        buf_printf(errors, "%s: %s\n", where, err->text);
        r.count = 1;
    } else {
        read_root(&r, doc.root);
    }
    yaml_release(&doc);
    return r.count == 0;
}

static bool
is_file_name(const char *name)
{
    size_t len = strlen(name);

    return strchr(name, '/') || (len > 5 && strcmp(name + len - 5, ".yaml") == 0) ||
           (len > 4 && strcmp(name + len - 4, ".yml") == 0);
}

/* "reference, salon": the mappings that are built in. */
static void
list_built_in(struct buf *out)
{
    static const char folder[] = "data/mappings/";
    size_t count;
    const struct embed_file *files = embed_list(&count);

    for (size_t i = 0; i < count; i++)
        if (text_starts_with(files[i].name, folder))
            buf_printf(out, "%s%.*s", out->len > 0 ? ", " : "",
                       (int)(strlen(files[i].name) - strlen(folder) - strlen(".yaml")),
                       files[i].name + strlen(folder));
}

static bool
load_built_in(const char *name, struct mapping *out, struct buf *errors, struct error *err)
{
    char *path = mem_printf("data/mappings/%s.yaml", name);
    const struct embed_file *file = embed_find(path);
    struct buf known = {0};
    bool ok;

    free(path);
    if (file)
        return mapping_parse(name, file->data, (size_t)(file->end - file->data), out, errors, err);
    list_built_in(&known);
    ok =
        error_set(err, ERR_INVALID,
                  "main_database.mapping: no mapping \"%.80s\" is built in (there are: %s); a file "
                  "of your own ends in .yaml",
                  name, buf_str(&known));
    buf_printf(errors, "%s\n", err->text);
    buf_release(&known);
    return ok;
}

bool
mapping_load(const char *name, const char *folder, struct mapping *out, struct buf *errors,
             struct error *err)
{
    struct buf text = {0};
    char *path;
    bool ok;

    *out = (struct mapping){0};
    if (!is_file_name(name))
        return load_built_in(name, out, errors, err);
    path = path_join(folder, name);
    ok = file_read(path, MAX_FILE, &text, err);
    if (ok)
        ok = mapping_parse(path, buf_str(&text), text.len, out, errors, err);
    else
        buf_printf(errors, "%s\n", err->text);
    buf_release(&text);
    free(path);
    return ok;
}

void
mapping_release(struct mapping *m)
{
    for (int t = 0; t < MAIN_TABLE_COUNT; t++) {
        struct mapping_table *table = &m->tables[t];

        for (size_t i = 0; i < table->word_count; i++) {
            free(table->words[i].from);
            free(table->words[i].to);
        }
        free(table->words);
        free(table->select);
    }
    for (int k = 0; k < MAIN_WRITE_COUNT; k++)
        free(m->write_back[k]);
    free(m->path);
    free(m->time_zone);
    *m = (struct mapping){0};
}

const char *
mapping_word(const struct mapping_table *table, const struct main_column *column, const char *value)
{
    for (size_t i = 0; i < table->word_count; i++)
        if (table->words[i].column == column && strcmp(table->words[i].from, value) == 0)
            return table->words[i].to;
    return value;
}
