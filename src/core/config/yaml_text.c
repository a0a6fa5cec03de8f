/* YAML to JSON text, event by event: nothing here knows what the document is for. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/yaml.h"
#include "core/config/yaml_scalar.h"

struct level { /* of a container that is open */
    bool is_mapping;
    bool at_value; /* of a mapping: a key has been written */
    bool has_any;
};

struct writer {
    yaml_parser_t parser;
    yaml_event_t event;
    struct level *levels;
    size_t depth, capacity;
    struct buf *out;
    struct error *err;
};

static bool fail_at(struct writer *w, yaml_mark_t mark, const char *fmt, ...) PRINTF_LIKE(3, 4);

static bool
fail_at(struct writer *w, yaml_mark_t mark, const char *fmt, ...)
{
    char text[256];
    char place[64];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)snprintf(place, sizeof place, "%zu:%zu", mark.line + 1, mark.column + 1);
    return error_set_at(w->err, ERR_INVALID, place, "%s", text);
}

static void
write_text(struct buf *out, const char *s)
{
    buf_add_char(out, '"');
    for (; *s; s++) {
        if ((unsigned char)*s < 0x20)
            buf_printf(out, "\\u%04x", (unsigned)*s);
        else {
            if (*s == '"' || *s == '\\')
                buf_add_char(out, '\\');
            buf_add_char(out, *s);
        }
    }
    buf_add_char(out, '"');
}

/* An infinite number stays one for the reader of the text; JSON has no other way to write it. */
static void
write_real(struct buf *out, double value)
{
    if (isfinite(value))
        buf_printf(out, "%.17g", value);
    else
        buf_add_str(out, signbit(value) && !isnan(value) ? "-1e999" : "1e999");
}

static void
write_scalar(struct buf *out, const char *s, bool plain)
{
    struct yaml_scalar value = yaml_scalar_read(s, plain);

    switch (value.kind) {
    case YAML_IS_NULL:
        buf_add_str(out, "null");
        return;
    case YAML_IS_TRUE:
        buf_add_str(out, "true");
        return;
    case YAML_IS_FALSE:
        buf_add_str(out, "false");
        return;
    case YAML_IS_INTEGER:
        buf_printf(out, "%" PRId64, value.integer);
        return;
    case YAML_IS_REAL:
        write_real(out, value.real);
        return;
    case YAML_IS_TEXT:
        write_text(out, s);
        return;
    }
}

/* Before a key, an item or a value. */
static void
separate(struct writer *w)
{
    struct level *in = w->depth ? &w->levels[w->depth - 1] : NULL;

    if (!in)
        return;
    if (in->at_value)
        buf_add_char(w->out, ':');
    else if (in->has_any)
        buf_add_char(w->out, ',');
    in->has_any = true;
    if (in->is_mapping)
        in->at_value = !in->at_value;
}

static bool
is_key(const struct writer *w)
{
    return w->depth && w->levels[w->depth - 1].is_mapping && !w->levels[w->depth - 1].at_value;
}

static bool
open_container(struct writer *w, bool is_mapping)
{
    if (is_key(w))
        return fail_at(w, w->event.start_mark, "%s", "a key must be a plain word");
    separate(w);
    buf_add_char(w->out, is_mapping ? '{' : '[');
    w->levels = mem_grow(w->levels, w->depth, &w->capacity, sizeof *w->levels);
    w->levels[w->depth++] = (struct level){.is_mapping = is_mapping};
    return true;
}

static bool
add_scalar(struct writer *w)
{
    const char *s = (const char *)w->event.data.scalar.value;
    bool plain = w->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool key = is_key(w);

    if (strlen(s) != w->event.data.scalar.length)
        return fail_at(w, w->event.start_mark, "a %s must not hold a NUL character",
                       key ? "key" : "text");
    if (!utf8_is_valid(s, strlen(s)))
        return fail_at(w, w->event.start_mark, "a %s is not UTF-8", key ? "key" : "text");
    separate(w);
    if (key)
        write_text(w->out, s);
    else
        write_scalar(w->out, s, plain);
    return true;
}

static bool
allow(struct writer *w, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        return fail_at(w, w->event.start_mark, "anchors (&%.60s) are not allowed",
                       (const char *)anchor);
    if (tag)
        return fail_at(w, w->event.start_mark, "tags (%.60s) are not allowed", (const char *)tag);
    return true;
}

static bool
on_event(struct writer *w, int *documents)
{
    const yaml_event_t *e = &w->event;

    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return ++*documents == 1 ||
               fail_at(w, e->start_mark, "%s", "only one document may stand in the file");
    case YAML_SCALAR_EVENT:
        return allow(w, e->data.scalar.anchor, e->data.scalar.tag) && add_scalar(w);
    case YAML_SEQUENCE_START_EVENT:
        return allow(w, e->data.sequence_start.anchor, e->data.sequence_start.tag) &&
               open_container(w, false);
    case YAML_MAPPING_START_EVENT:
        return allow(w, e->data.mapping_start.anchor, e->data.mapping_start.tag) &&
               open_container(w, true);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        buf_add_char(w->out, w->levels[--w->depth].is_mapping ? '}' : ']');
        return true;
    case YAML_ALIAS_EVENT:
        return fail_at(w, e->start_mark, "aliases (*%.60s) are not allowed",
                       (const char *)e->data.alias.anchor);
    default:
        return true;
    }
}

bool
yaml_to_json_text(const char *text, size_t len, struct buf *out, struct error *err)
{
    struct writer w = {.out = out, .err = err};
    int documents = 0;
    bool ok = true;
    bool done = false;

    if (!yaml_parser_initialize(&w.parser))
        return error_set(err, ERR_INTERNAL, "cannot start the YAML reader");
    yaml_parser_set_encoding(&w.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&w.parser, (const unsigned char *)text, len);
    while (ok && !done) {
        if (!yaml_parser_parse(&w.parser, &w.event)) {
            ok = fail_at(&w, w.parser.problem_mark, "cannot be read as YAML: %s",
                         w.parser.problem ? w.parser.problem : "unknown problem");
            break;
        }
        done = w.event.type == YAML_STREAM_END_EVENT;
        ok = on_event(&w, &documents);
        yaml_event_delete(&w.event);
    }
    yaml_parser_delete(&w.parser);
    free(w.levels);
    return ok;
}
