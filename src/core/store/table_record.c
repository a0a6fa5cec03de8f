#include "core/store/table_record.h"

#include <assert.h>
#include <string.h>

static void
put_big(unsigned char *p, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        p[i] = (unsigned char)(value >> ((bytes - 1 - i) * 8));
}

size_t
varint_put(unsigned char *p, uint64_t value)
{
    size_t n = 1;

    if (value < 0x80) {
        p[0] = (unsigned char)value;
        return 1;
    }
    if (value >> 56) {
        p[8] = (unsigned char)value;
        value >>= 8;
        for (size_t i = 8; i-- > 0; value >>= 7)
            p[i] = (unsigned char)((value & 0x7F) | 0x80);
        return 9;
    }
    while (value >> (n * 7))
        n++;
    for (size_t i = n; i-- > 0; value >>= 7)
        p[i] = (unsigned char)((value & 0x7F) | (i + 1 < n ? 0x80 : 0));
    return n;
}

size_t
varint_get(const unsigned char *p, size_t len, uint64_t *value)
{
    uint64_t v = 0;

    for (size_t i = 0; i < len && i < VARINT_MAX; i++) {
        if (i + 1 == VARINT_MAX) {
            *value = v << 8 | p[i];
            return VARINT_MAX;
        }
        v = v << 7 | (p[i] & 0x7F);
        if (p[i] < 0x80) {
            *value = v;
            return i + 1;
        }
    }
    return 0;
}

enum { TYPE_REAL = 7, TYPE_ZERO = 8, TYPE_ONE = 9, TYPE_TEXT = 13 };
static const size_t int_bytes[] = {0, 1, 2, 3, 4, 6, 8}; /* of the types 1 to 6 */
enum { INT_TYPES = sizeof int_bytes / sizeof int_bytes[0] };

static uint64_t
int_type(int64_t value)
{
    uint64_t type = 1;

    if (value == 0 || value == 1)
        return value == 0 ? TYPE_ZERO : TYPE_ONE;
    while (type < INT_TYPES - 1) {
        const int64_t limit = INT64_C(1) << (int_bytes[type] * 8 - 1);

        if (value >= -limit && value < limit)
            break;
        type++;
    }
    return type;
}

static uint64_t
type_of(const struct db_cell *c)
{
    switch (c->kind) {
    case DB_CELL_NULL:
        return 0;
    case DB_CELL_I64:
        return int_type(c->i64);
    case DB_CELL_REAL:
        return TYPE_REAL;
    case DB_CELL_TEXT:
        return (uint64_t)c->len * 2 + TYPE_TEXT;
    }
    return 0;
}

/* Behind the value. */
static unsigned char *
put_value(unsigned char *p, uint64_t type, const struct db_cell *c, const char *texts)
{
    uint64_t bits;

    if (type >= TYPE_TEXT) {
        memcpy(p, texts + c->at, c->len);
        return p + c->len;
    }
    if (type == TYPE_REAL) {
        memcpy(&bits, &c->real, sizeof bits);
        put_big(p, bits, sizeof bits);
        return p + sizeof bits;
    }
    if (type < INT_TYPES) {
        put_big(p, (uint64_t)c->i64, int_bytes[type]);
        return p + int_bytes[type];
    }
    return p; /* 0 and 1 are all type */
}

size_t
table_record_bound(const struct db_cell *cells, size_t width)
{
    size_t bytes = 2;

    for (size_t i = 0; i < width; i++)
        bytes += VARINT_MAX + (cells[i].kind == DB_CELL_TEXT ? cells[i].len : sizeof(int64_t));
    return bytes;
}

/* The header's size, the columns' types, the values. */
size_t
table_record_write(unsigned char *out, const struct db_cell *cells, size_t width, const char *texts,
                   bool rowid)
{
    unsigned char head[DB_FEED_COLUMNS * VARINT_MAX];
    uint64_t types[DB_FEED_COLUMNS];
    unsigned char *p = out;
    size_t len = 0;

    assert(width <= DB_FEED_COLUMNS);
    for (size_t i = 0; i < width; i++) {
        types[i] = i == 0 && rowid ? 0 : type_of(&cells[i]);
        len += varint_put(head + len, types[i]);
    }
    /* the header's size counts itself */
    p += varint_put(p, len + (len + 1 < 0x80 ? 1 : 2));
    memcpy(p, head, len);
    p += len;
    for (size_t i = 0; i < width; i++)
        p = put_value(p, types[i], &cells[i], texts);
    return (size_t)(p - out);
}
