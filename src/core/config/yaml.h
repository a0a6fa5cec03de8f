/*
 * YAML 1.2, core schema, read with libyaml into JSON: no tags, anchors, aliases or second
 * documents; a key twice in one mapping is refused. Plain scalars become null, true/false,
 * integers, floats or text.
 */
#ifndef CANVASS_CORE_CONFIG_YAML_H
#define CANVASS_CORE_CONFIG_YAML_H

#include <stddef.h>

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/error.h"

struct yaml_place {
    char *pointer;    /* JSON Pointer of the value, "" for the document */
    int line, column; /* from 1; of the value, or of the key for a member of a mapping */
};

struct yaml_doc {
    json_t *root; /* owned; NULL for an empty document */
    struct yaml_place *places;
    size_t place_count;
    size_t place_capacity;
};

/* err.path is "line:column" of the first error. text need not be NUL-terminated. */
bool yaml_parse(const char *text, size_t len, struct yaml_doc *out, struct error *err) MUST_CHECK;
/*
 * The same document as JSON text, appended to out; nothing for an empty one. For readers who name
 * the first error themselves: keys that come twice, any nesting and numbers that are not finite
 * (as 1e999) are kept.
 */
bool yaml_to_json_text(const char *text, size_t len, struct buf *out, struct error *err) MUST_CHECK;
void yaml_release(struct yaml_doc *doc);
/* Where the value of a JSON Pointer stands; the nearest parent's place when there is none. */
const struct yaml_place *yaml_place_of(const struct yaml_doc *doc, const char *pointer);
/* The same JSON written as YAML block text, keys in order. For files that people edit. */
bool yaml_write(const json_t *value, struct buf *out, struct error *err) MUST_CHECK;
/* Reads a file that is JSON, or YAML when its name ends in .yaml or .yml. "-" is JSON on stdin. */
bool yaml_or_json_load(const char *path, size_t max, struct yaml_doc *out,
                       struct error *err) MUST_CHECK;

#endif
