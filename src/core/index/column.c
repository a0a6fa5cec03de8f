#include "core/index/column.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

void
column_release(struct column *c)
{
    free(c->data);
    *c = (struct column){0};
}

void
column_size(struct column *c, size_t count, unsigned width)
{
    free(c->data);
    *c = (struct column){mem_calloc(count, width), count, count, width};
}

void *
column_add(struct column *c, unsigned width)
{
    c->width = width;
    c->data = mem_grow(c->data, c->count, &c->capacity, width);
    return (char *)c->data + c->count++ * width;
}

void
column_widen(struct column *c, bool times)
{
    const int32_t *from = c->data;
    int64_t *to;

    if (c->width != 4)
        return;
    to = mem_calloc(c->count, sizeof *to);
    for (size_t i = 0; i < c->count; i++)
        to[i] = times && from[i] == INT32_MIN ? INT64_MIN : from[i];
    free(c->data);
    c->data = to;
    c->capacity = c->count;
    c->width = 8;
}

static bool
is_narrow(struct main_time t)
{
    return !t.set || (t.s > INT32_MIN && t.s <= INT32_MAX);
}

void
column_set_time(struct column *c, size_t i, struct main_time t)
{
    if (c->width == 4 && !is_narrow(t))
        column_widen(c, true);
    if (c->width == 4)
        ((int32_t *)c->data)[i] = t.set ? (int32_t)t.s : INT32_MIN;
    else
        ((int64_t *)c->data)[i] = t.set ? t.s : INT64_MIN;
}

void
column_add_time(struct column *c, struct main_time t)
{
    memset(column_add(c, c->width ? c->width : 4), 0, c->width);
    column_set_time(c, c->count - 1, t);
}

void
column_add_u16(struct column *c, uint16_t value)
{
    *(uint16_t *)column_add(c, sizeof value) = value;
}

void
column_add_u32(struct column *c, uint32_t value)
{
    *(uint32_t *)column_add(c, sizeof value) = value;
}

#define SCATTER(f, t)                                                                              \
    do {                                                                                           \
        for (size_t i = 0; i < from->count; i++)                                                   \
            (t)[target[i]] = (f)[i];                                                               \
    } while (0)

void
column_scatter(const struct column *from, const uint32_t *target, struct column *to)
{
    column_size(to, from->count, from->width ? from->width : 4);
    if (from->width == 1)
        SCATTER((const uint8_t *)from->data, (uint8_t *)to->data);
    else if (from->width == 2)
        SCATTER((const uint16_t *)from->data, (uint16_t *)to->data);
    else if (from->width == 4)
        SCATTER((const uint32_t *)from->data, (uint32_t *)to->data);
    else if (from->width == 8)
        SCATTER((const uint64_t *)from->data, (uint64_t *)to->data);
}

void
column_narrow(struct column *c)
{
    const uint16_t *from = c->data;
    uint8_t *to = c->data; /* never overtakes what is read */

    for (size_t i = 0; i < c->count; i++)
        to[i] = (uint8_t)from[i];
    c->width = 1;
}

/* --- words */

void
words_release(struct words *w)
{
    word_table_release(&w->table);
    *w = (struct words){0};
}

uint16_t
words_code(struct words *w, const char *text)
{
    if (!text || w->too_many)
        return 0;
    if (w->table.count == WORDS_MAX && !word_table_find(&w->table, text)) {
        words_release(w);
        w->too_many = true;
        return 0;
    }
    return (uint16_t)word_table_add(&w->table, text);
}

/* Few in practice: a scale from 1 to 10. Searched from the last one seen. */
uint16_t
scores_code(struct scores *s, bool set, double value)
{
    const double *known = s->values.data;
    enum { SCORES_MAX = 1000 };

    if (!set || s->too_many)
        return 0;
    for (size_t i = 0; i < s->values.count; i++)
        if (known[i] <= value && known[i] >= value)
            return (uint16_t)(i + 1);
    if (s->values.count == SCORES_MAX) {
        column_release(&s->values);
        s->too_many = true;
        return 0;
    }
    *(double *)column_add(&s->values, sizeof value) = value;
    return (uint16_t)s->values.count;
}
