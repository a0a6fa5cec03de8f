/* A growing string of bytes. Zero is a valid empty value; data is always NUL-terminated once used.
 */
#ifndef CANVASS_CORE_BASE_BUF_H
#define CANVASS_CORE_BASE_BUF_H

#include <stddef.h>

#include "core/base/cc.h"

struct buf {
    char *data; /* owned; NULL while empty and never written */
    size_t len; /* bytes, without the terminator */
    size_t cap;
};

void buf_release(struct buf *b); /* back to empty */
void buf_clear(struct buf *b);   /* empty, memory kept */
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *buf_str(const struct buf *b); /* "" when empty; borrowed until the next change */
char *buf_take(struct buf *b);            /* caller frees; the buffer is empty afterwards */

#endif
