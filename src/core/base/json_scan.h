/*
 * Reads JSON text piece by piece, strictly (RFC 8259), without building anything: for documents of
 * which few members are wanted, many times a second. The text must be valid UTF-8. Half of a
 * surrogate pair becomes U+FFFD.
 */
#ifndef CANVASS_CORE_BASE_JSON_SCAN_H
#define CANVASS_CORE_BASE_JSON_SCAN_H

#include <stdbool.h>

#include "core/base/buf.h"

#define JSON_SCAN_DEPTH 1000 /* deeper is malformed */

enum json_scan_kind {
    JSON_SCAN_ABSENT, /* null, false */
    JSON_SCAN_NUMBER,
    JSON_SCAN_STRING,
    JSON_SCAN_OTHER
};

struct json_scan {
    const char *s;
    const char *end;
    int depth;
};

/* All of them: false when what stands there is something else. */
void json_scan_blanks(struct json_scan *r);
bool json_scan_take(struct json_scan *r, char c);
/* A string; its text is appended to out unless that is NULL. */
bool json_scan_string(struct json_scan *r, struct buf *out);
/*
 * Any value with the blanks around it. The text of a string, and a number as it stands, is appended
 * to text unless that is NULL.
 */
bool json_scan_value(struct json_scan *r, struct buf *text, enum json_scan_kind *kind);

#endif
