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

static size_t
int_bytes(int64_t value)
{
    static const size_t sizes[] = {1, 2, 3, 4, 6};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const int64_t limit = INT64_C(1) << (sizes[i] * 8 - 1);

        if (value >= -limit && value < limit)
            return sizes[i];
    }
    return 8;
}

/* The serial type; the value goes to the body. */
static uint64_t
add_int(struct buf *body, int64_t value)
{
    unsigned char bytes[8];
    size_t n;

    if (value == 0 || value == 1)
        return value == 0 ? 8 : 9;
    n = int_bytes(value);
    put_big(bytes, (uint64_t)value, n);
    buf_add(body, bytes, n);
    return n <= 4 ? n : n == 6 ? 5 : 6;
}

static uint64_t
add_value(struct buf *body, const struct db_cell *c, const char *texts)
{
    unsigned char bytes[8];
    uint64_t bits;

    switch (c->kind) {
    case DB_CELL_NULL:
        return 0;
    case DB_CELL_I64:
        return add_int(body, c->i64);
    case DB_CELL_REAL:
        memcpy(&bits, &c->real, sizeof bits);
        put_big(bytes, bits, sizeof bytes);
        buf_add(body, bytes, sizeof bytes);
        return 7;
    case DB_CELL_TEXT:
        buf_add(body, texts + c->at, c->len);
        return (uint64_t)c->len * 2 + 13;
    }
    return 0;
}

/* The header's size, the columns' types, the values. */
void
table_record_make(struct buf *out, struct buf *body, const struct db_cell *cells, size_t width,
                  const char *texts, bool rowid)
{
    unsigned char head[2 + DB_FEED_COLUMNS * VARINT_MAX];
    size_t len = 0;
    size_t own;

    assert(width <= DB_FEED_COLUMNS);
    buf_clear(body);
    for (size_t i = 0; i < width; i++)
        len += varint_put(head + 2 + len, i == 0 && rowid ? 0 : add_value(body, &cells[i], texts));
    own = len + 1 < 0x80 ? 1 : 2; /* the header's size counts itself */
    (void)varint_put(head + 2 - own, len + own);
    buf_clear(out);
    buf_add(out, head + 2 - own, own + len);
    buf_add(out, body->data, body->len);
}
