/*
 * Toasts: what just happened, on the message line: 4 s for good news, until a key for errors, with
 * an undo for some seconds where there is one. The last 200 are kept for the messages screen.
 */
#ifndef CANVASS_UI_WIDGET_TOAST_H
#define CANVASS_UI_WIDGET_TOAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/term/grid.h"

#define TOAST_KEEP 200
#define TOAST_MS 4000
#define TOAST_UNDO_MS 8000

enum toast_level { TOAST_OK, TOAST_INFO, TOAST_WARN, TOAST_ERROR };

struct toast {
    enum toast_level level;
    int64_t at_s;
    char text[400];
};

struct toasts {
    struct toast ring[TOAST_KEEP];
    size_t count; /* ever added; the newest is ring[(count - 1) % TOAST_KEEP] */
    bool showing;
    int64_t until_ms; /* monotonic; INT64_MAX: until a key */
    bool can_undo;
};

void toast_add(struct toasts *t, enum toast_level level, const char *text, bool can_undo,
               int64_t now_s, int64_t mono_ms);
const struct toast *toast_newest(const struct toasts *t);           /* NULL when none was ever */
const struct toast *toast_get(const struct toasts *t, size_t back); /* 0: newest; NULL beyond */
size_t toast_kept(const struct toasts *t);
/* A key was pressed: errors go. True when something was taken off the line. */
bool toast_key(struct toasts *t);
/* True when it was taken off because its time is over. */
bool toast_tick(struct toasts *t, int64_t mono_ms);
void toast_draw(const struct toasts *t, struct grid *g, struct area line, int64_t mono_ms);

#endif
