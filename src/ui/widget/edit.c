#include "ui/widget/edit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "ui/term/keys.h"

#define EDIT_MAX_BYTES 4096
#define EDIT_MAX_LINES 512

void
edit_release(struct edit *e)
{
    buf_release(&e->text);
    *e = (struct edit){0};
}

const char *
edit_text(const struct edit *e)
{
    return buf_str(&e->text);
}

static size_t
limit_of(const struct edit *e)
{
    return e->max_bytes ? e->max_bytes : EDIT_MAX_BYTES;
}

void
edit_set(struct edit *e, const char *text)
{
    buf_clear(&e->text);
    if (text) {
        size_t len = strlen(text);
        if (len > limit_of(e)) {
            len = limit_of(e);
            while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
                len--;
        }
        buf_add(&e->text, text, len);
    }
    e->cursor = e->text.len;
    e->left = e->top = 0;
}

static size_t
next_at(const struct edit *e, size_t at)
{
    struct cell_text c;

    if (at >= e->text.len)
        return e->text.len;
    if (e->text.data[at] == '\n')
        return at + 1;
    return at + cells_next(e->text.data + at, e->text.len - at, &c);
}

static size_t
before_at(const struct edit *e, size_t at)
{
    size_t start = at > 64 ? at - 64 : 0;
    size_t i;

    while (start > 0 && ((unsigned char)e->text.data[start] & 0xC0) == 0x80)
        start--;
    for (i = start; i < at;) {
        size_t n = next_at(e, i);
        if (n >= at)
            break;
        i = n;
    }
    return at == 0 ? 0 : i;
}

static size_t
line_start(const struct edit *e, size_t at)
{
    while (at > 0 && e->text.data[at - 1] != '\n')
        at--;
    return at;
}

static size_t
line_end(const struct edit *e, size_t at)
{
    while (at < e->text.len && e->text.data[at] != '\n')
        at++;
    return at;
}

static bool
erase(struct edit *e, size_t from, size_t to)
{
    if (from >= to || to > e->text.len)
        return false;
    memmove(e->text.data + from, e->text.data + to, e->text.len - to);
    e->text.len -= to - from;
    e->text.data[e->text.len] = '\0';
    e->cursor = from;
    return true;
}

static bool
insert(struct edit *e, const char *s, size_t len)
{
    struct buf tail = {0};

    if (e->text.len + len > limit_of(e))
        return false;
    if (e->cursor < e->text.len)
        buf_add(&tail, e->text.data + e->cursor, e->text.len - e->cursor);
    e->text.len = e->cursor;
    buf_add(&e->text, s, len);
    if (tail.len)
        buf_add(&e->text, tail.data, tail.len);
    buf_release(&tail);
    e->cursor += len;
    return true;
}

static size_t
word_start(const struct edit *e, size_t at)
{
    while (at > 0 && e->text.data[at - 1] == ' ')
        at--;
    while (at > 0 && e->text.data[at - 1] != ' ' && e->text.data[at - 1] != '\n')
        at--;
    return at;
}

/* The text as it is wrapped: where each line begins and ends. */
struct lines {
    const char *base;
    size_t start[EDIT_MAX_LINES], end[EDIT_MAX_LINES];
    size_t count;
};

static void
note_line(void *ctx, const char *s, size_t len)
{
    struct lines *l = ctx;

    if (l->count >= EDIT_MAX_LINES)
        return;
    l->start[l->count] = (size_t)(s - l->base);
    l->end[l->count] = (size_t)(s - l->base) + len;
    l->count++;
}

static void
wrap_lines(const struct edit *e, struct lines *l)
{
    const char *text = edit_text(e);
    size_t len = e->text.len;

    l->base = text;
    l->count = 0;
    (void)cells_wrap(text, e->width > 1 ? e->width - 1 : 1, note_line, l);
    if (len > 0 && text[len - 1] == '\n')
        note_line(l, text + len, 0);
}

static size_t
line_of(const struct lines *l, size_t at)
{
    size_t i = 0;

    while (i + 1 < l->count && l->start[i + 1] <= at)
        i++;
    return i;
}

static int
column_of(const struct edit *e, size_t from, size_t to)
{
    char *part = mem_strndup(edit_text(e) + from, to > from ? to - from : 0);
    int width = cells_width(part);

    free(part);
    return width;
}

static bool
move_line(struct edit *e, int by)
{
    struct lines l;
    size_t line;
    char *text;
    int column;

    wrap_lines(e, &l);
    line = line_of(&l, e->cursor);
    if ((by < 0 && line == 0) || (by > 0 && line + 1 >= l.count))
        return false;
    column = column_of(e, l.start[line], e->cursor);
    line = by < 0 ? line - 1 : line + 1;
    text = mem_strndup(edit_text(e) + l.start[line], l.end[line] - l.start[line]);
    e->cursor = l.start[line] + cells_fit(text, column);
    free(text);
    return true;
}

static bool
edit_delete_key(struct edit *e, int key, bool *changed)
{
    switch (key) {
    case KEYS_BACKSPACE:
        *changed = erase(e, before_at(e, e->cursor), e->cursor);
        return true;
    case KEYS_DELETE:
        *changed = erase(e, e->cursor, next_at(e, e->cursor));
        return true;
    case CTRL_KEY('k'):
        *changed = erase(e, e->cursor, line_end(e, e->cursor));
        return true;
    case CTRL_KEY('u'):
        *changed = erase(e, line_start(e, e->cursor), e->cursor);
        return true;
    case CTRL_KEY('w'):
        *changed = erase(e, word_start(e, e->cursor), e->cursor);
        return true;
    default:
        return false;
    }
}

static bool
edit_move_key(struct edit *e, int key)
{
    switch (key) {
    case KEYS_LEFT:
        e->cursor = before_at(e, e->cursor);
        return true;
    case KEYS_RIGHT:
        e->cursor = next_at(e, e->cursor);
        return true;
    case KEYS_HOME:
    case CTRL_KEY('a'):
        e->cursor = line_start(e, e->cursor);
        return true;
    case KEYS_END:
    case CTRL_KEY('e'):
        e->cursor = line_end(e, e->cursor);
        return true;
    case KEYS_UP:
        return e->multiline && move_line(e, -1);
    case KEYS_DOWN:
        return e->multiline && move_line(e, 1);
    default:
        return false;
    }
}

bool
edit_key(struct edit *e, int key, bool *changed)
{
    bool ignored;
    char utf8[4];
    size_t n;

    if (!changed)
        changed = &ignored;
    *changed = false;
    if (e->cursor > e->text.len)
        e->cursor = e->text.len;
    if (edit_delete_key(e, key, changed) || edit_move_key(e, key))
        return true;
    if (key == KEYS_PASTED_NEWLINE) {
        *changed = insert(e, e->multiline ? "\n" : " ", 1);
        return true;
    }
    if (key == KEYS_ENTER && e->multiline) {
        *changed = insert(e, "\n", 1);
        return true;
    }
    if (!key_is_text(key))
        return false;
    n = utf8_encode((uint32_t)key, utf8);
    *changed = n > 0 && insert(e, utf8, n);
    return true;
}

static void
draw_line(struct edit *e, struct grid *g, struct area a, unsigned style, bool focused)
{
    char *part;

    if (e->cursor < e->left)
        e->left = e->cursor;
    while (e->left < e->cursor && column_of(e, e->left, e->cursor) >= a.w)
        e->left = next_at(e, e->left);
    if (e->left > 0 && column_of(e, e->left, e->text.len) < a.w - 1 && e->cursor == e->text.len)
        while (e->left > 0 && column_of(e, before_at(e, e->left), e->text.len) < a.w)
            e->left = before_at(e, e->left);
    part = mem_strndup(edit_text(e) + e->left, e->text.len - e->left);
    (void)grid_text(g, a, 0, 0, style, part);
    free(part);
    if (focused)
        grid_cursor(g, a, 0, column_of(e, e->left, e->cursor), true);
}

static void
draw_lines(struct edit *e, struct grid *g, struct area a, unsigned style, bool focused)
{
    struct lines l;
    size_t line;

    e->width = a.w;
    wrap_lines(e, &l);
    line = line_of(&l, e->cursor);
    if (line < e->top)
        e->top = line;
    if (line >= e->top + (size_t)a.h)
        e->top = line - (size_t)a.h + 1;
    if (!focused && e->top >= l.count)
        e->top = 0;
    for (size_t i = e->top; i < l.count && i < e->top + (size_t)a.h; i++) {
        char *text = mem_strndup(l.base + l.start[i], l.end[i] - l.start[i]);
        (void)grid_text(g, a, (int)(i - e->top), 0, style, text);
        free(text);
    }
    if (focused && l.count)
        grid_cursor(g, a, (int)(line - e->top), column_of(e, l.start[line], e->cursor), true);
}

void
edit_draw(struct edit *e, struct grid *g, struct area a, unsigned style, bool focused)
{
    if (a.h < 1 || a.w < 1)
        return;
    grid_fill(g, a, style);
    if (e->multiline)
        draw_lines(e, g, a, style, focused);
    else
        draw_line(e, g, a, style, focused);
}
