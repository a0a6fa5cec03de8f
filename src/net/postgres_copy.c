#include "net/postgres_copy.h"

#include <string.h>

#include "core/base/cc.h"

/* The header's extension, and no field, is ever near this (a field of PostgreSQL has 1 GB). */
enum { SIGNATURE_BYTES = 11, HEADER_BYTES = 19, UUID_BYTES = 16 };
#define FLAG_CRITICAL 0xFFFF0000u
#define EPOCH_2000_S INT64_C(946684800)
#define MICROS INT64_C(1000000)

static uint32_t
read_u32(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint64_t
read_u64(const char *p)
{
    return (uint64_t)read_u32(p) << 32 | read_u32(p + 4);
}

static bool
broken(struct error *err, const char *what)
{
    return error_set(err, ERR_INTERNAL, "the server's binary data cannot be read: %s", what);
}

/* *used: the bytes of the header. */
static bool
take_header(const char *data, size_t len, size_t *used, struct error *err)
{
    static const char signature[SIGNATURE_BYTES] = {'P',  'G',    'C',  'O',  'P', 'Y',
                                                    '\n', '\377', '\r', '\n', '\0'};
    uint32_t extension;

    if (len < HEADER_BYTES || memcmp(data, signature, SIGNATURE_BYTES) != 0)
        return broken(err, "no COPY header");
    if (read_u32(data + SIGNATURE_BYTES) & FLAG_CRITICAL)
        return broken(err, "unknown flags in the COPY header");
    extension = read_u32(data + SIGNATURE_BYTES + 4);
    if (extension > len - HEADER_BYTES)
        return broken(err, "the COPY header is cut");
    *used = HEADER_BYTES + extension;
    return true;
}

/* A field's terminator falls on the next one's length, which has been read by then. */
static bool
take_fields(char *data, size_t len, size_t count, struct pgcopy_field *fields, struct error *err)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t size;

        if (len - at < 4)
            return broken(err, "a row is cut");
        size = read_u32(data + at);
        if (i > 0 && fields[i - 1].data)
            data[at] = '\0';
        at += 4;
        if (size == UINT32_MAX) {
            fields[i] = (struct pgcopy_field){0};
            continue;
        }
        if (size > INT32_MAX || size > len - at)
            return broken(err, "a field is longer than its row");
        fields[i] = (struct pgcopy_field){data + at, size};
        at += size;
    }
    if (at != len)
        return broken(err, "bytes after a row's last field");
    data[len] = '\0';
    return true;
}

bool
pgcopy_take(struct pgcopy *c, char *data, size_t len, size_t count, struct pgcopy_field *fields,
            bool *row, struct error *err)
{
    uint32_t have;

    *row = false;
    if (!c->started) {
        size_t used = 0;

        if (!take_header(data, len, &used, err))
            return false;
        c->started = true;
        data += used;
        len -= used;
    }
    if (len == 0)
        return true;
    if (c->ended)
        return broken(err, "bytes after the trailer");
    if (len < 2)
        return broken(err, "a row is cut");
    have = (uint32_t)(unsigned char)data[0] << 8 | (unsigned char)data[1];
    if (have == UINT16_MAX) {
        c->ended = true;
        return len == 2 || broken(err, "bytes after the trailer");
    }
    if (have != count)
        return broken(err, "a row has not the columns that were asked for");
    *row = take_fields(data + 2, len - 2, count, fields, err);
    return *row;
}

bool
pgcopy_i64(const struct pgcopy_field *f, int64_t *out, struct error *err)
{
    if (f->len != sizeof *out)
        return broken(err, "a number of another size");
    *out = (int64_t)read_u64(f->data);
    return true;
}

bool
pgcopy_bool(const struct pgcopy_field *f, bool *out, struct error *err)
{
    if (f->len != 1)
        return broken(err, "a boolean of another size");
    *out = f->data[0] != 0;
    return true;
}

bool
pgcopy_double(const struct pgcopy_field *f, double *out, struct error *err)
{
    uint64_t bits;

    if (f->len != sizeof *out)
        return broken(err, "a number of another size");
    bits = read_u64(f->data);
    memcpy(out, &bits, sizeof *out);
    return true;
}

bool
pgcopy_time(const struct pgcopy_field *f, struct main_time *out, struct error *err)
{
    int64_t us = 0;

    *out = (struct main_time){0};
    if (!pgcopy_i64(f, &us, err))
        return error_set(err, ERR_INTERNAL,
                         "the server's binary data cannot be read: a time of another size");
    if (us == INT64_MIN || us == INT64_MAX)
        return true; /* -infinity and infinity */
    out->set = true;
    /* the fraction is cut off towards the past */
    out->s = us / MICROS - (us % MICROS < 0) + EPOCH_2000_S;
    return true;
}

bool
pgcopy_uuid(const struct pgcopy_field *f, char out[PGCOPY_UUID_SIZE], struct error *err)
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    if (f->len != UUID_BYTES)
        return broken(err, "a UUID of another size");
    for (size_t i = 0; i < UUID_BYTES; i++) {
        unsigned char b = (unsigned char)f->data[i];

        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = digits[b >> 4];
        out[at++] = digits[b & 15];
    }
    out[at] = '\0';
    return true;
}
