/*
 * JSON text as it stands: members in order, keys that come twice, integers of any size. jansson
 * keeps none of these, and criteria need them to name the first error by its place.
 */
#ifndef CANVASS_CORE_SEGMENT_JTREE_H
#define CANVASS_CORE_SEGMENT_JTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/error.h"

enum jtree_kind {
    JTREE_NULL,
    JTREE_FALSE,
    JTREE_TRUE,
    JTREE_INTEGER,
    JTREE_REAL,
    JTREE_TEXT,
    JTREE_LIST,
    JTREE_OBJECT
};

struct jtree {
    enum jtree_kind kind;
    char *key;       /* of a member of an object; owned */
    char *text;      /* owned; of JTREE_TEXT */
    int64_t integer; /* of JTREE_INTEGER; the nearest that fits when it needs more than 64 bits */
    bool fits;       /* `integer` is exact */
    double real;     /* of both numbers; infinite when it is beyond a double */
    struct jtree *first, *last, *next, *parent;
};

/*
 * Any nesting is read (nothing here recurses). Strict JSON in UTF-8; U+0000 is refused, a byte
 * order mark is skipped. err.path is "line:column", counted in characters from 1.
 */
struct jtree *jtree_parse(const char *text, size_t len, struct error *err) MUST_CHECK;
/* What lies deeper than 200 containers is left out. */
struct jtree *jtree_from_json(const json_t *value);
/* A new reference; call it for trees of known depth only. Integers beyond 64 bits become reals. */
json_t *jtree_to_json(const struct jtree *t);
void jtree_free(struct jtree *t);

#endif
