/*
 * PostgreSQL's binary COPY format, as it comes off the wire: one message a row, the first with the
 * header in front, the last holding the trailer. Decodes in place; knows nothing of libpq.
 * Source: PostgreSQL's manual, COPY, "Binary Format"; timestamps are microseconds since 2000-01-01.
 */
#ifndef CANVASS_NET_POSTGRES_COPY_H
#define CANVASS_NET_POSTGRES_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/port/main_database.h"

struct pgcopy {
    bool started, ended;
};

struct pgcopy_field {
    char *data; /* borrowed from the message; NUL-terminated; NULL for NULL */
    size_t len;
};

/*
 * Takes one message.
 *
 * data    changed (terminators); data[len] must be writable
 * count   how many fields a row has
 * row     false: the message held no row (header alone, or the trailer)
 * Errors  ERR_INTERNAL the bytes are not what the format says
 */
bool pgcopy_take(struct pgcopy *c, char *data, size_t len, size_t count,
                 struct pgcopy_field *fields, bool *row, struct error *err) MUST_CHECK;

/* One field by its type; a wrong length is ERR_INTERNAL. The field must not be NULL. */
bool pgcopy_i64(const struct pgcopy_field *f, int64_t *out, struct error *err) MUST_CHECK;
bool pgcopy_bool(const struct pgcopy_field *f, bool *out, struct error *err) MUST_CHECK;
bool pgcopy_double(const struct pgcopy_field *f, double *out, struct error *err) MUST_CHECK;
/* timestamp or timestamptz; infinity is no time. */
bool pgcopy_time(const struct pgcopy_field *f, struct main_time *out, struct error *err) MUST_CHECK;
#define PGCOPY_UUID_SIZE 37
/* In lower case. */
bool pgcopy_uuid(const struct pgcopy_field *f, char out[PGCOPY_UUID_SIZE],
                 struct error *err) MUST_CHECK;

#endif
