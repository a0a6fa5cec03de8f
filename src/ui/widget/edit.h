/*
 * A line or a few lines of text being typed: UTF-8, a cursor, the usual keys. No drawing beyond its
 * own area, no knowledge of forms. Keys: letters, Backspace, Del, arrows, Home End ^A ^E, ^K ^U ^W;
 * in several lines ↑↓ and Enter too.
 */
#ifndef CANVASS_UI_WIDGET_EDIT_H
#define CANVASS_UI_WIDGET_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "ui/term/grid.h"

struct edit {
    struct buf text;  /* owned */
    size_t cursor;    /* byte offset, always at a character's start */
    size_t max_bytes; /* 0: 4096 */
    bool multiline;
    size_t left; /* first byte shown of a single line */
    size_t top;  /* first wrapped line shown */
    int width;   /* of the last draw: ↑↓ move along wrapped lines */
};

void edit_release(struct edit *e);
void edit_set(struct edit *e, const char *text); /* cursor at the end; NULL is "" */
const char *edit_text(const struct edit *e);     /* never NULL; borrowed until the next change */
/* True when the key was taken; *changed (may be NULL) when the text is another now. */
bool edit_key(struct edit *e, int key, bool *changed);
/* Fills the area with `style`, draws the text, and the cursor when focused. */
void edit_draw(struct edit *e, struct grid *g, struct area a, unsigned style, bool focused);

#endif
