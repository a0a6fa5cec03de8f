/*
 * A list: selection, scrolling and drawing of rows that somebody else holds, so that 100,000 rows
 * cost nothing. The selection keeps its item, not its index, when rows arrive or are sorted.
 *
 *     struct list l; list_init(&l, 1);
 *     list_update(&l, count, id_of_row, ctx);         after new data: finds the selected item again
 *     if (list_key(&l, key)) app_draw(app);            ↑↓ jk g G PgUp PgDn ^U ^D Home End
 *     list_draw(&l, g, area, focused, draw_row, ctx);  calls draw_row for what can be seen
 */
#ifndef CANVASS_UI_WIDGET_LIST_H
#define CANVASS_UI_WIDGET_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/term/grid.h"

#define LIST_NO_ID INT64_MIN

struct list {
    size_t count;     /* rows there are */
    size_t top;       /* first row that is shown */
    size_t sel;       /* the selected row, < count unless the list is empty */
    int64_t sel_id;   /* its item; LIST_NO_ID: not known */
    int row_height;   /* lines a row */
    size_t page;      /* rows that fit, from the last draw */
    bool follow;      /* the selection stays on the first row when rows arrive above it */
    struct area area; /* of the last draw: for the mouse */
};

void list_init(struct list *l, int row_height);
/*
 * New data. id_of(ctx, row) is the item in a row. Looks near the old place first, then everywhere
 * when count <= 20,000; an item that has gone leaves the selection at its index. NULL: keep the
 * index.
 */
void list_update(struct list *l, size_t count, int64_t (*id_of)(void *ctx, size_t row), void *ctx);
/* New data of which only a window is loaded: `row` is where the selected item is now, or -1 when
 * gone. */
void list_place(struct list *l, size_t count, int64_t row);
/* Selects a row; id LIST_NO_ID when unknown. */
void list_select(struct list *l, size_t row, int64_t id);
/* True when the key moved the selection, or would have had there been rows. Sets sel_id to unknown.
 */
bool list_key(struct list *l, int key);
void list_wheel(struct list *l, int rows);
/* The row under a place on the screen; false when there is none. */
bool list_row_at(const struct list *l, int y, int x, size_t *row);
/* top such that the selection can be seen, for a page of that many rows. */
void list_scroll(struct list *l, size_t page);

/*
 * draw_row gets the area of its row (row_height lines; column 0 is free for the marker, begin at
 * 2). The selected row gets marker, background and the cursor.
 */
void list_draw(struct list *l, struct grid *g, struct area a, bool focused,
               void (*draw_row)(void *ctx, struct grid *g, struct area row_area, size_t row,
                                bool selected),
               void *ctx);

#endif
