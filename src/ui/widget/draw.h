/*
 * Things that are only drawn: frames, tabs, the steps bar, progress, sparklines, plots, tags,
 * buttons. They hold no state; hand them numbers and an area.
 */
#ifndef CANVASS_UI_WIDGET_DRAW_H
#define CANVASS_UI_WIDGET_DRAW_H

#include <stddef.h>
#include <stdint.h>

#include "ui/term/grid.h"

enum frame_look { FRAME_REST, FRAME_FOCUS, FRAME_DANGER };
/*
 * A pane: thin and round, heavy when in focus (also without colour), red and heavy for what cannot
 * be undone. title left, right (NULL: nothing) at the right end. Returns the inside, without the
 * two columns next to the frame: text begins at column 0 there.
 */
struct area draw_frame(struct grid *g, struct area a, enum frame_look look, const char *title,
                       const char *right);
/* The same with no margin inside: lists, whose marker stands next to the frame. */
struct area draw_frame_tight(struct grid *g, struct area a, enum frame_look look, const char *title,
                             const char *right);
/* A line across a pane. */
void draw_rule(struct grid *g, struct area a, int y);

/* "▸1 Dashboard   2 Campaigns": labels without numbers; current < 0: none. Puts where each begins
 * and ends (columns) into places (2 ints a tab) when not NULL, for the mouse. */
void draw_tabs(struct grid *g, struct area a, int y, const char *const *labels, size_t count,
               int current, int *places);
/* The same without numbers, for tabs inside a pane. */
void draw_subtabs(struct grid *g, struct area a, int y, const char *const *labels, size_t count,
                  int current, int *places);

enum step_state { STEP_TODO, STEP_NOW, STEP_DONE };
/* The wizard's bar: "✓ 1 Info ━━━ ● 2 Target segment ─── ○ 3 AI agent". places as above. */
void draw_steps(struct grid *g, struct area a, int y, const char *const *labels,
                const enum step_state *states, size_t count, int *places);

/* part of whole as ━━━━─── in width cells. */
void draw_progress(struct grid *g, struct area a, int y, int x, int width, enum role role,
                   int64_t part, int64_t whole);
/* part of whole as a block bar with eighths: █████▍ (the funnel). */
void draw_block(struct grid *g, struct area a, int y, int x, int width, enum role role,
                int64_t part, int64_t whole);
/* One cell a value, ▁▂▃▄▅▆▇█; all zero draws ▁. */
void draw_spark(struct grid *g, struct area a, int y, int x, int width, enum role role,
                const int64_t *values, size_t count);
/*
 * Columns of braille dots over the whole area, with an axis at the left and labels below: two
 * values a cell; the last value stands at the right edge. top 0: the greatest value.
 */
void draw_plot(struct grid *g, struct area a, enum role role, const int64_t *values, size_t count,
               int64_t top, const char *left_label, const char *right_label);

/* " BOOK " in six cells. */
int draw_tag(struct grid *g, struct area a, int y, int x, enum role role, const char *word);
enum button_state { BUTTON_REST, BUTTON_FOCUS, BUTTON_OFF };
/* " Launch now "; off is dim. Returns the column behind it. */
int draw_button(struct grid *g, struct area a, int y, int x, enum button_state state,
                const char *label);
/* "1,284", or "1.2M" where that is too wide; 0 is dim when style says ROLE_TEXT. Right-aligned in
 * width cells. */
int draw_number(struct grid *g, struct area a, int y, int x, int width, unsigned style, int64_t n);

#endif
