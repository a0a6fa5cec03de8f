/*
 * A list that opens beside a field to choose from: type to search, ↑↓ move, Enter takes, Esc
 * closes. The caller holds one, opens it, feeds it keys while it is open and draws it last.
 */
#ifndef CANVASS_UI_WIDGET_PICKER_H
#define CANVASS_UI_WIDGET_PICKER_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/term/keys.h"
#include "ui/widget/edit.h"
#include "ui/widget/list.h"

struct picker_item {
    char *label, *note; /* owned; note: dim, behind the label; may be "" */
};

struct picker {
    bool open;
    int what; /* for the caller: what is being chosen */
    char title[64];
    struct picker_item *items; /* owned */
    size_t count, capacity;
    struct edit filter;
    size_t *shown; /* owned; indices of items */
    size_t shown_count;
    struct list list;
    struct area anchor; /* the field it belongs to, on the grid */
    struct area area;   /* of the last draw */
};

enum picker_result { PICKER_IGNORED, PICKER_MOVED, PICKER_TAKEN, PICKER_CLOSED };

void picker_release(struct picker *p); /* also closes */
/* Empty and open; add the items next. */
void picker_open(struct picker *p, int what, const char *title, struct area anchor);
void picker_add(struct picker *p, const char *label, const char *note);
void picker_select(struct picker *p, size_t item);
/* PICKER_TAKEN: *item is its index in the order of picker_add(). Takes every key while open. */
enum picker_result picker_input(struct picker *p, const struct input *in, size_t *item);
/* Beside the anchor where there is room, inside `body`. */
void picker_draw(struct picker *p, struct grid *g, struct area body);

#endif
