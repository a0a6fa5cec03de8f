/*
 * The trend of step 2: how many would be reached if the number in focus (days, or a count) were
 * another one. Asked after each preview, in a slot of its own that the next preview cancels, so
 * that it never delays one; through the column index all values are counted, by SQL a few.
 */
#ifndef CANVASS_UI_SCREEN_WIZARD_TREND_H
#define CANVASS_UI_SCREEN_WIZARD_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/screen/wizard_rows.h"
#include "ui/term/grid.h"

struct wizard;

enum { TREND_MAX = 12, TREND_VALUE_SIZE = 24 };

struct trend_point {
    char value[TREND_VALUE_SIZE]; /* as it would be typed */
    int64_t reachable;
    bool known;
};
struct trend {
    size_t row;
    char unit[8]; /* "days" or "" */
    struct trend_point points[TREND_MAX];
    size_t count;   /* in ascending order of the values */
    size_t present; /* the value that stands there; count: none does */
    char *shape;    /* owned: the criteria without the value, to tell when they are others */
};
void trend_free(struct trend *t); /* NULL is fine */

/*
 * The values to count for a row: 7 to 90 days, and a little beyond when the present one is at the
 * edge, in steps of about a half; small counts one by one; others around the present one. Pure.
 * False when the row has no number, or its value is none.
 */
bool trend_values(const struct wrow *row, struct trend *out);
/* "7 days: 1,204 … ▸30: 388 … 90: 96" of what is known, at most so many cells; "" when less than
 * two values are, or there is no room. */
void trend_text(const struct trend *t, int width, char *out, size_t size);

/* After a preview came, and when the focus moved: asks for the row in focus, unless it is there. */
void wizard_trend_follow(struct wizard *w);
/* Before a preview is asked: makes way for it. */
void wizard_trend_cancel(struct wizard *w);
void wizard_trend_close(struct wizard *w);
/* At most max lines from y on; returns the lines used, 0 when there is nothing to show. */
int wizard_draw_trend(struct wizard *w, struct grid *g, struct area a, int y, int max);

#endif
