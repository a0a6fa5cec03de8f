#include "core/config/yaml.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/yaml_scalar.h"

/* Criteria nest 32 deep, each level a mapping and a list, and a leaf has two more inside. */
enum { MAX_DEPTH = 72 };

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the one being looked at; deleted by next() */
    bool has_event;
    struct yaml_doc *doc;
    struct error *err;
};

static bool fail_at(struct reader *r, yaml_mark_t mark, const char *fmt, ...) PRINTF_LIKE(3, 4);

static bool
fail_at(struct reader *r, yaml_mark_t mark, const char *fmt, ...)
{
    char text[256];
    char place[64];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)snprintf(place, sizeof place, "%zu:%zu", mark.line + 1, mark.column + 1);
    return error_set_at(r->err, ERR_INVALID, place, "%s", text);
}

static bool
next(struct reader *r)
{
    if (r->has_event)
        yaml_event_delete(&r->event);
    r->has_event = false;
    if (yaml_parser_parse(&r->parser, &r->event)) {
        r->has_event = true;
        return true;
    }
    return fail_at(r, r->parser.problem_mark, "cannot be read as YAML: %s",
                   r->parser.problem ? r->parser.problem : "unknown problem");
}

static void
remember(struct yaml_doc *doc, const char *pointer, yaml_mark_t mark)
{
    struct yaml_place *place;

    doc->places =
        mem_grow(doc->places, doc->place_count, &doc->place_capacity, sizeof *doc->places);
    place = &doc->places[doc->place_count++];
    place->pointer = mem_strdup(pointer);
    place->line = (int)mark.line + 1;
    place->column = (int)mark.column + 1;
}

static char *
child_pointer(const char *parent, const char *key)
{
    struct buf out = {0};

    buf_add_str(&out, parent);
    buf_add_char(&out, '/');
    for (; *key; key++) {
        if (*key == '~')
            buf_add_str(&out, "~0");
        else if (*key == '/')
            buf_add_str(&out, "~1");
        else
            buf_add_char(&out, *key);
    }
    return buf_take(&out);
}

static json_t *
scalar(struct reader *r)
{
    const char *s = (const char *)r->event.data.scalar.value;
    size_t len = r->event.data.scalar.length;
    struct yaml_scalar value;

    if (strlen(s) != len) {
        fail_at(r, r->event.start_mark, "%s", "a text must not hold a NUL character");
        return NULL;
    }
    value = yaml_scalar_read(s, r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
    switch (value.kind) {
    case YAML_IS_NULL:
        return json_null();
    case YAML_IS_TRUE:
        return json_true();
    case YAML_IS_FALSE:
        return json_false();
    case YAML_IS_INTEGER:
        return json_integer(value.integer);
    case YAML_IS_REAL:
        if (isfinite(value.real))
            return json_real(value.real);
        fail_at(r, r->event.start_mark,
                strpbrk(s, "0123456789") ? "the number %s is too large"
                                         : "%s is not a number that can be used here",
                s);
        return NULL;
    case YAML_IS_TEXT:
        return json_stringn(s, len);
    }
    return NULL;
}

static bool
refuse_extras(struct reader *r, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        return fail_at(r, r->event.start_mark, "anchors (&%s) are not allowed",
                       (const char *)anchor);
    if (tag)
        return fail_at(r, r->event.start_mark, "tags (%s) are not allowed", (const char *)tag);
    return true;
}

static json_t *node(struct reader *r, const char *pointer, int depth);

static json_t *
sequence(struct reader *r, const char *pointer, int depth)
{
    json_t *list = json_array();

    while (next(r) && r->event.type != YAML_SEQUENCE_END_EVENT) {
        char *at = mem_printf("%s/%zu", pointer, json_array_size(list));
        json_t *item = node(r, at, depth + 1);

        free(at);
        if (!item || json_array_append_new(list, item) != 0)
            goto failed;
    }
    if (r->has_event)
        return list;
failed:
    json_decref(list);
    return NULL;
}

static json_t *
mapping_node(struct reader *r, const char *pointer, int depth)
{
    json_t *object = json_object();

    while (next(r) && r->event.type != YAML_MAPPING_END_EVENT) {
        yaml_mark_t mark = r->event.start_mark;
        char *key;
        char *at;
        json_t *value = NULL;

        if (r->event.type != YAML_SCALAR_EVENT) {
            fail_at(r, mark, "%s", "a key must be a plain word");
            goto failed;
        }
        key = mem_strdup((const char *)r->event.data.scalar.value);
        at = child_pointer(pointer, key);
        if (strlen(key) != r->event.data.scalar.length)
            fail_at(r, mark, "%s", "a key must not hold a NUL character");
        else if (!utf8_is_valid(key, strlen(key)))
            fail_at(r, mark, "%s", "a key is not UTF-8 text");
        else if (json_object_get(object, key))
            fail_at(r, mark, "the key %s stands here twice", key);
        else if (refuse_extras(r, r->event.data.scalar.anchor, r->event.data.scalar.tag)) {
            remember(r->doc, at, mark);
            if (next(r))
                value = node(r, at, depth + 1);
        }
        if (value && json_object_set_new(object, key, value) != 0)
            value = NULL;
        free(key);
        free(at);
        if (!value)
            goto failed;
    }
    if (r->has_event)
        return object;
failed:
    json_decref(object);
    return NULL;
}

/* The value that the current event begins. */
static json_t *
node(struct reader *r, const char *pointer, int depth)
{
    const yaml_event_t *e = &r->event;

    if (depth > MAX_DEPTH) {
        fail_at(r, e->start_mark, "%s", "nested too deeply");
        return NULL;
    }
    /* a member's place is its key, remembered already */
    if (!r->doc->place_count ||
        strcmp(r->doc->places[r->doc->place_count - 1].pointer, pointer) != 0)
        remember(r->doc, pointer, e->start_mark);
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        if (!refuse_extras(r, e->data.scalar.anchor, e->data.scalar.tag))
            return NULL;
        return scalar(r);
    case YAML_SEQUENCE_START_EVENT:
        if (!refuse_extras(r, e->data.sequence_start.anchor, e->data.sequence_start.tag))
            return NULL;
        return sequence(r, pointer, depth);
    case YAML_MAPPING_START_EVENT:
        if (!refuse_extras(r, e->data.mapping_start.anchor, e->data.mapping_start.tag))
            return NULL;
        return mapping_node(r, pointer, depth);
    case YAML_ALIAS_EVENT:
        fail_at(r, e->start_mark, "aliases (*%s) are not allowed",
                (const char *)e->data.alias.anchor);
        return NULL;
    default:
        fail_at(r, e->start_mark, "%s", "cannot be read as YAML");
        return NULL;
    }
}

/* So many events on; the last one stays. */
static bool
skip(struct reader *r, int events)
{
    while (events > 0 && next(r))
        events--;
    return events == 0;
}

static bool
read_document(struct reader *r)
{
    if (!skip(r, 2)) /* stream start, document start */
        return false;
    if (r->event.type == YAML_STREAM_END_EVENT)
        return true; /* empty */
    if (!next(r))
        return false;
    r->doc->root = node(r, "", 1);
    if (!r->doc->root) {
        if (!r->err->text[0])
            fail_at(r, r->event.start_mark, "%s", "a text is not UTF-8");
        return false;
    }
    if (!skip(r, 2)) /* document end, stream end */
        return false;
    if (r->event.type != YAML_STREAM_END_EVENT)
        return fail_at(r, r->event.start_mark, "%s", "only one document may stand in the file");
    return true;
}

bool
yaml_parse(const char *text, size_t len, struct yaml_doc *out, struct error *err)
{
    struct reader r = {.doc = out, .err = err};
    bool ok;

    *out = (struct yaml_doc){0};
    *err = (struct error){0};
    if (!yaml_parser_initialize(&r.parser))
        return error_set(err, ERR_INTERNAL, "cannot start the YAML reader");
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    ok = read_document(&r);
    if (r.has_event)
        yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    if (!ok)
        yaml_release(out);
    return ok;
}

void
yaml_release(struct yaml_doc *doc)
{
    json_decref(doc->root);
    for (size_t i = 0; i < doc->place_count; i++)
        free(doc->places[i].pointer);
    free(doc->places);
    *doc = (struct yaml_doc){0};
}

const struct yaml_place *
yaml_place_of(const struct yaml_doc *doc, const char *pointer)
{
    const struct yaml_place *best = NULL;
    size_t best_len = 0;

    for (size_t i = 0; i < doc->place_count; i++) {
        const char *at = doc->places[i].pointer;
        size_t len = strlen(at);

        if (strncmp(at, pointer, len) != 0 || (pointer[len] && pointer[len] != '/'))
            continue;
        if (!best || len > best_len) {
            best = &doc->places[i];
            best_len = len;
        }
    }
    return best;
}

static int
write_to_buf(void *ctx, unsigned char *bytes, size_t len)
{
    buf_add(ctx, bytes, len);
    return 1;
}

/* Plain where it reads back as the same text, else double-quoted; block style for several lines. */
static yaml_scalar_style_t
style_of(const char *s, size_t len)
{
    struct yaml_doc again = {0};
    struct error ignored = {0};
    bool plain = false;

    if (len > 1 && memchr(s, '\n', len))
        return YAML_LITERAL_SCALAR_STYLE;
    if (len && yaml_parse(s, len, &again, &ignored))
        plain = json_is_string(again.root) && strcmp(json_string_value(again.root), s) == 0;
    yaml_release(&again);
    return plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE;
}

static yaml_char_t *
chars(const char *s)
{
    return mem_unconst(s); /* libyaml does not write to it */
}

static bool
emit_text(yaml_emitter_t *emitter, const char *s, size_t len, yaml_scalar_style_t style)
{
    yaml_event_t event;

    return yaml_scalar_event_initialize(&event, NULL, NULL, chars(s), (int)len, 1, 1, style) &&
           yaml_emitter_emit(emitter, &event);
}

/* The shortest digits that read back as the same number, and as a real one. */
static void
format_real(double value, char *out, size_t size)
{
    int precision = 15;

    do
        (void)snprintf(out, size, "%.*g", precision, value);
    while (strtod(out, NULL) != value && ++precision <= 17);
    if (!strpbrk(out, ".eE") && strlen(out) + 3 <= size)
        memcpy(out + strlen(out), ".0", 3);
}

static bool
emit(yaml_emitter_t *emitter, const json_t *value)
{
    yaml_event_t event;
    char number[40];

    switch (json_typeof(value)) {
    case JSON_OBJECT: {
        json_t *object = json_incref(mem_unconst(value));
        const char *key;
        json_t *member;
        bool ok =
            yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE) &&
            yaml_emitter_emit(emitter, &event);

        json_object_foreach(object, key, member) ok =
            ok && emit_text(emitter, key, strlen(key), style_of(key, strlen(key))) &&
            emit(emitter, member);
        json_decref(object);
        return ok && yaml_mapping_end_event_initialize(&event) &&
               yaml_emitter_emit(emitter, &event);
    }
    case JSON_ARRAY: {
        bool ok = yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                                       YAML_BLOCK_SEQUENCE_STYLE) &&
                  yaml_emitter_emit(emitter, &event);

        for (size_t i = 0; ok && i < json_array_size(value); i++)
            ok = emit(emitter, json_array_get(value, i));
        return ok && yaml_sequence_end_event_initialize(&event) &&
               yaml_emitter_emit(emitter, &event);
    }
    case JSON_STRING:
        return emit_text(emitter, json_string_value(value), json_string_length(value),
                         style_of(json_string_value(value), json_string_length(value)));
    case JSON_INTEGER:
        (void)snprintf(number, sizeof number, "%" PRId64, (int64_t)json_integer_value(value));
        return emit_text(emitter, number, strlen(number), YAML_PLAIN_SCALAR_STYLE);
    case JSON_REAL:
        format_real(json_real_value(value), number, sizeof number);
        return emit_text(emitter, number, strlen(number), YAML_PLAIN_SCALAR_STYLE);
    case JSON_TRUE:
        return emit_text(emitter, "true", 4, YAML_PLAIN_SCALAR_STYLE);
    case JSON_FALSE:
        return emit_text(emitter, "false", 5, YAML_PLAIN_SCALAR_STYLE);
    case JSON_NULL:
        return emit_text(emitter, "null", 4, YAML_PLAIN_SCALAR_STYLE);
    }
    return false;
}

bool
yaml_write(const json_t *value, struct buf *out, struct error *err)
{
    yaml_emitter_t emitter;
    yaml_event_t event;
    bool ok;

    if (!yaml_emitter_initialize(&emitter))
        return error_set(err, ERR_INTERNAL, "cannot start the YAML writer");
    yaml_emitter_set_output(&emitter, write_to_buf, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    ok = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
         yaml_emitter_emit(&emitter, &event) &&
         yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
         yaml_emitter_emit(&emitter, &event) && emit(&emitter, value) &&
         yaml_document_end_event_initialize(&event, 1) && yaml_emitter_emit(&emitter, &event) &&
         yaml_stream_end_event_initialize(&event) && yaml_emitter_emit(&emitter, &event);
    if (!ok)
        error_set(err, ERR_INTERNAL, "cannot write YAML: %s",
                  emitter.problem ? emitter.problem : "unknown problem");
    yaml_emitter_delete(&emitter);
    return ok;
}

static bool
ends_with(const char *s, const char *tail)
{
    size_t a = strlen(s);
    size_t b = strlen(tail);

    return a >= b && strcmp(s + a - b, tail) == 0;
}

static bool
json_load_text(const struct buf *text, struct yaml_doc *out, struct error *err)
{
    json_error_t problem;

    *out = (struct yaml_doc){0};
    out->root =
        json_loadb(buf_str(text), text->len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (out->root)
        return true;
    error_set(err, ERR_INVALID, "cannot be read as JSON: %s", problem.text);
    (void)snprintf(err->path, sizeof err->path, "%d:%d", problem.line, problem.column);
    return false;
}

bool
yaml_or_json_load(const char *path, size_t max, struct yaml_doc *out, struct error *err)
{
    struct buf text = {0};
    bool ok = file_read(path, max, &text, err);

    if (ok && (ends_with(path, ".yaml") || ends_with(path, ".yml")))
        ok = yaml_parse(buf_str(&text), text.len, out, err);
    else if (ok)
        ok = json_load_text(&text, out, err);
    if (!ok && err->code == ERR_INVALID && err->path[0]) {
        char place[sizeof err->path];

        (void)snprintf(place, sizeof place, "%s:%s", path, err->path);
        (void)text_copy(err->path, sizeof err->path, place);
    }
    buf_release(&text);
    return ok;
}
