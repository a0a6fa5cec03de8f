/* application/x-www-form-urlencoded: the bodies of Twilio's webhooks, and query strings. */
#ifndef CANVASS_CORE_WEBHOOK_FORM_H
#define CANVASS_CORE_WEBHOOK_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/error.h"

struct form_field {
    char *name,
        *value; /* owned; decoded, NUL-terminated; a field with a NUL byte inside is refused */
};

struct form {
    struct form_field *fields; /* in order of the text, repeated names kept */
    size_t count, capacity;
};

/* At most 1,000 fields; "+" and "%20" are both a space. Malformed escapes and text that is not
 * UTF-8 are ERR_INVALID. */
bool form_parse(const char *text, size_t len, struct form *out, struct error *err) MUST_CHECK;
void form_release(struct form *form);
const char *form_get(const struct form *form, const char *name); /* first of that name, or NULL */
void form_add(struct form *form, const char *name, const char *value); /* copies */
/* Appends name=value&...; a space is %20, as Twilio's own libraries write it. */
void form_encode(const struct form *form, struct buf *out);
void form_escape(const char *text, struct buf *out); /* percent-encoding, UTF-8 bytes */

#endif
