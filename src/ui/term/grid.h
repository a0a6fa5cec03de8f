/*
 * The screen as a grid of cells in memory. Screens draw into it from scratch every frame; the
 * terminal (term.h) sends only what differs from before. Nothing here knows curses, so a unit test
 * can draw a whole screen and read it back with grid_row().
 *
 * Places are relative to an area, and nothing is ever drawn outside of it: text that does not fit
 * is cut with "…", wide characters are never halved. A negative or too large place draws nothing.
 */
#ifndef CANVASS_UI_TERM_GRID_H
#define CANVASS_UI_TERM_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/cc.h"
#include "ui/term/cells.h"
#include "ui/term/role.h"

struct area {
    int y, x, h, w; /* on the grid; h or w <= 0: nothing can be seen */
};

struct cell {
    char text[CELL_BYTES]; /* "" is the right half of a wide character */
    uint16_t style;        /* role and STYLE_* bits */
    uint8_t over;  /* role whose background shows where the own role has none; ROLE_TEXT: none */
    uint8_t width; /* 0, 1 or 2 */
};

struct grid {
    int h, w;
    struct cell *cells; /* owned; h * w */
    int cursor_y, cursor_x;
    bool cursor_on;
};

void grid_init(struct grid *g, int h, int w);
void grid_release(struct grid *g);
void grid_resize(struct grid *g, int h, int w); /* contents are lost */
void grid_clear(struct grid *g);                /* blanks, cursor hidden at 0,0 */
struct area grid_area(const struct grid *g);    /* all of it */

/* Areas: cut pieces off; what is left may be empty. */
struct area area_rows(struct area a, int y, int h);
struct area area_cols(struct area a, int x, int w);
struct area area_inset(struct area a, int y,
                       int x); /* y rows less above and below, x columns at the sides */
bool area_has(struct area a, int y, int x); /* a place on the grid */

/* Each returns the column (relative to the area) behind what was drawn. */
int grid_text(struct grid *g, struct area a, int y, int x, unsigned style, const char *s);
int grid_printf(struct grid *g, struct area a, int y, int x, unsigned style, const char *fmt, ...)
    PRINTF_LIKE(6, 7);
/* In a column of width cells: cut with "…" when longer. Returns x + width. */
int grid_cell(struct grid *g, struct area a, int y, int x, int width, unsigned style,
              const char *s);
int grid_cell_right(struct grid *g, struct area a, int y, int x, int width, unsigned style,
                    const char *s);
int grid_right_printf(struct grid *g, struct area a, int y, int x, int width, unsigned style,
                      const char *fmt, ...) PRINTF_LIKE(7, 8);
/* Wraps at blanks from row y on, at most max_rows (the last is cut with "…"). Returns the rows
 * used. */
int grid_wrapped(struct grid *g, struct area a, int y, int max_rows, unsigned style, const char *s);
/* One character n times. */
int grid_repeat(struct grid *g, struct area a, int y, int x, int n, unsigned style, const char *s);
void grid_fill(struct grid *g, struct area a, unsigned style); /* blanks */
/* Gives cells that are there already the background of a role (selected row), text unchanged. */
void grid_over(struct grid *g, struct area a, int y, int x, int width, enum role role);
/* Adds STYLE_* bits to cells that are there already (underline what a filter matched). */
void grid_add_style(struct grid *g, struct area a, int y, int x, int width, unsigned bits);
void grid_dim(struct grid *g, struct area a); /* everything in it becomes ROLE_DIM */
/* The terminal's cursor. Visible where text is typed, else it only marks the place. */
void grid_cursor(struct grid *g, struct area a, int y, int x, bool visible);

/* The text of one row without trailing blanks; for tests. */
void grid_row(const struct grid *g, int y, struct buf *out);

#endif
