#include "ui/term/grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

static const struct cell blank = {.text = " ", .style = ROLE_TEXT, .over = ROLE_TEXT, .width = 1};

void
grid_init(struct grid *g, int h, int w)
{
    *g = (struct grid){0};
    grid_resize(g, h, w);
}

void
grid_release(struct grid *g)
{
    free(g->cells);
    *g = (struct grid){0};
}

void
grid_resize(struct grid *g, int h, int w)
{
    g->h = h > 0 ? h : 1;
    g->w = w > 0 ? w : 1;
    free(g->cells);
    g->cells = mem_calloc((size_t)g->h * (size_t)g->w, sizeof *g->cells);
    grid_clear(g);
}

void
grid_clear(struct grid *g)
{
    size_t n = (size_t)g->h * (size_t)g->w;

    for (size_t i = 0; i < n; i++)
        g->cells[i] = blank;
    g->cursor_y = g->cursor_x = 0;
    g->cursor_on = false;
}

struct area
grid_area(const struct grid *g)
{
    return (struct area){0, 0, g->h, g->w};
}

struct area
area_rows(struct area a, int y, int h)
{
    if (y < 0) {
        h += y;
        y = 0;
    }
    if (h > a.h - y)
        h = a.h - y;
    return (struct area){a.y + y, a.x, h < 0 ? 0 : h, a.w};
}

struct area
area_cols(struct area a, int x, int w)
{
    if (x < 0) {
        w += x;
        x = 0;
    }
    if (w > a.w - x)
        w = a.w - x;
    return (struct area){a.y, a.x + x, a.h, w < 0 ? 0 : w};
}

struct area
area_inset(struct area a, int y, int x)
{
    return area_cols(area_rows(a, y, a.h - 2 * y), x, a.w - 2 * x);
}

bool
area_has(struct area a, int y, int x)
{
    return y >= a.y && y < a.y + a.h && x >= a.x && x < a.x + a.w;
}

static struct cell *
cell_at(const struct grid *g, int y, int x)
{
    if (y < 0 || y >= g->h || x < 0 || x >= g->w)
        return NULL;
    return &g->cells[(size_t)y * (size_t)g->w + (size_t)x];
}

/* Overwriting one half of a wide character leaves a blank in the other. */
static void
heal_neighbours(struct grid *g, int y, int x, int width)
{
    struct cell *first = cell_at(g, y, x);
    struct cell *before = cell_at(g, y, x - 1);
    struct cell *after = cell_at(g, y, x + width);

    if (first && first->width == 0 && before)
        *before = blank;
    if (after && after->width == 0)
        *after = blank;
}

static void
put_cell(struct grid *g, int y, int x, unsigned style, const char *text, int width)
{
    struct cell *c = cell_at(g, y, x);

    if (!c)
        return;
    heal_neighbours(g, y, x, width);
    memset(c->text, 0, sizeof c->text);
    memcpy(c->text, text, strlen(text));
    c->style = (uint16_t)style;
    c->over = ROLE_TEXT;
    c->width = (uint8_t)width;
    if (width == 2) {
        struct cell *right = c + 1;
        memset(right->text, 0, sizeof right->text);
        right->style = (uint16_t)style;
        right->over = ROLE_TEXT;
        right->width = 0;
    }
}

/* Draws s, which is known to fit in limit columns from x or is cut hard there. */
static int
put_text(struct grid *g, struct area a, int y, int x, int limit, unsigned style, const char *s)
{
    size_t len = strlen(s);

    if (y < 0 || y >= a.h || a.y + y >= g->h)
        return x;
    for (size_t i = 0; i < len;) {
        struct cell_text c;
        i += cells_next(s + i, len - i, &c);
        if (x + c.width > limit)
            break;
        if (c.width == 3) { /* "..." */
            for (int k = 0; k < 3; k++)
                if (x + k >= 0 && a.x + x + k < g->w)
                    put_cell(g, a.y + y, a.x + x + k, style, ".", 1);
        } else if (x >= 0 && a.x + x + c.width <= g->w) {
            put_cell(g, a.y + y, a.x + x, style, c.text, c.width);
        }
        x += c.width;
    }
    return x;
}

static int
put_cut(struct grid *g, struct area a, int y, int x, int width, unsigned style, const char *s)
{
    struct buf cut = {0};

    if (width > a.w - x)
        width = a.w - x;
    if (width <= 0 || !s)
        return x;
    if (cells_width(s) <= width)
        return put_text(g, a, y, x, x + width, style, s);
    cells_cut(&cut, s, width);
    x = put_text(g, a, y, x, x + width, style, buf_str(&cut));
    buf_release(&cut);
    return x;
}

int
grid_text(struct grid *g, struct area a, int y, int x, unsigned style, const char *s)
{
    return put_cut(g, a, y, x, a.w - x, style, s);
}

int
grid_printf(struct grid *g, struct area a, int y, int x, unsigned style, const char *fmt, ...)
{
    char text[1024];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return grid_text(g, a, y, x, style, text);
}

int
grid_cell(struct grid *g, struct area a, int y, int x, int width, unsigned style, const char *s)
{
    (void)put_cut(g, a, y, x, width, style, s);
    return x + width;
}

int
grid_cell_right(struct grid *g, struct area a, int y, int x, int width, unsigned style,
                const char *s)
{
    int need = cells_width(s);

    if (need < width)
        (void)put_cut(g, a, y, x + width - need, need, style, s);
    else
        (void)put_cut(g, a, y, x, width, style, s);
    return x + width;
}

int
grid_right_printf(struct grid *g, struct area a, int y, int x, int width, unsigned style,
                  const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return grid_cell_right(g, a, y, x, width, style, text);
}

struct wrap_job {
    struct grid *g;
    struct area a;
    int y, row, max_rows;
    unsigned style;
    size_t total;
};

static void
draw_wrapped_line(void *ctx, const char *s, size_t len)
{
    struct wrap_job *job = ctx;
    char *line;

    if (job->row >= job->max_rows)
        return;
    if (job->row == job->max_rows - 1 && job->total > (size_t)job->max_rows) {
        line = mem_printf("%.*s…", (int)len, s);
        if (cells_width(line) > job->a.w) { /* cells_cut puts its own "…" */
            free(line);
            line = mem_printf("%.*s ……", (int)len, s);
        }
    } else {
        line = mem_strndup(s, len);
    }
    (void)grid_text(job->g, job->a, job->y + job->row, 0, job->style, line);
    free(line);
    job->row++;
}

int
grid_wrapped(struct grid *g, struct area a, int y, int max_rows, unsigned style, const char *s)
{
    struct wrap_job job = {.g = g, .a = a, .y = y, .max_rows = max_rows, .style = style};

    if (!s || max_rows <= 0)
        return 0;
    job.total = cells_wrap(s, a.w, NULL, NULL);
    (void)cells_wrap(s, a.w, draw_wrapped_line, &job);
    return job.row;
}

int
grid_repeat(struct grid *g, struct area a, int y, int x, int n, unsigned style, const char *s)
{
    for (int i = 0; i < n; i++)
        x = put_text(g, a, y, x, a.w, style, s);
    return x;
}

void
grid_fill(struct grid *g, struct area a, unsigned style)
{
    for (int y = 0; y < a.h; y++)
        (void)grid_repeat(g, a, y, 0, a.w, style, " ");
}

void
grid_over(struct grid *g, struct area a, int y, int x, int width, enum role role)
{
    if (y < 0 || y >= a.h)
        return;
    for (int i = x; i < x + width && i < a.w; i++) {
        struct cell *c = i >= 0 ? cell_at(g, a.y + y, a.x + i) : NULL;
        if (c)
            c->over = (uint8_t)role;
    }
}

void
grid_add_style(struct grid *g, struct area a, int y, int x, int width, unsigned bits)
{
    if (y < 0 || y >= a.h)
        return;
    for (int i = x; i < x + width && i < a.w; i++) {
        struct cell *c = i >= 0 ? cell_at(g, a.y + y, a.x + i) : NULL;
        if (c)
            c->style = (uint16_t)(c->style | bits);
    }
}

void
grid_dim(struct grid *g, struct area a)
{
    for (int y = 0; y < a.h; y++)
        for (int x = 0; x < a.w; x++) {
            struct cell *c = cell_at(g, a.y + y, a.x + x);
            if (c) {
                c->style = ROLE_DIM;
                c->over = ROLE_TEXT;
            }
        }
}

void
grid_cursor(struct grid *g, struct area a, int y, int x, bool visible)
{
    if (y < 0 || y >= a.h || x < 0 || x > a.w)
        return;
    g->cursor_y = a.y + y;
    g->cursor_x = a.x + (x < a.w ? x : a.w - 1);
    g->cursor_on = visible;
}

void
grid_row(const struct grid *g, int y, struct buf *out)
{
    size_t start = out->len;
    size_t end = start;

    for (int x = 0; x < g->w; x++) {
        const struct cell *c = cell_at(g, y, x);
        if (!c || c->width == 0)
            continue;
        buf_add_str(out, c->text);
        if (strcmp(c->text, " ") != 0)
            end = out->len;
    }
    out->len = end;
    if (out->data)
        out->data[end] = '\0';
}
