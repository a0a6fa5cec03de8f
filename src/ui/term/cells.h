/*
 * Text as cells of a terminal: how wide it is, where to cut it. Measured with wcwidth in a UTF-8
 * locale of our own, so it holds whatever the locale is. Control characters, escapes and bidi
 * overrides never get this far: they become "·" here (text_sanitise), so any text may be drawn.
 *
 * In ASCII mode our own signs are spelled in ASCII (● * ✓ v … ...); widths follow. Only the main
 * thread.
 */
#ifndef CANVASS_UI_TERM_CELLS_H
#define CANVASS_UI_TERM_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

enum cells_mode {
    CELLS_UTF8,
    CELLS_ASCII_SIGNS, /* ui.ascii: our signs in ASCII, people's text as it is */
    CELLS_ASCII_ONLY,  /* no UTF-8 locale: what is not ASCII shows as "?" */
};

void cells_set_mode(enum cells_mode mode);
enum cells_mode cells_mode(void);
bool cells_is_ascii(void); /* signs are ASCII */

#define CELL_BYTES 12
/* One character with its combining marks, as it will be drawn. */
struct cell_text {
    char text[CELL_BYTES]; /* UTF-8, NUL-terminated */
    int width;             /* 1, 2, or 3 for "..." */
};
/* Takes the next character off s (len bytes left, > 0). Returns the bytes used, at least 1. */
size_t cells_next(const char *s, size_t len, struct cell_text *out);

int cells_width(const char *s);             /* NULL is 0 */
size_t cells_fit(const char *s, int width); /* bytes of s that fit in width cells */
/* Appends s, cut to width cells with "…" when it is longer. */
void cells_cut(struct buf *out, const char *s, int width);
/*
 * Breaks s into lines of at most width cells, at blanks where possible; "\n" always breaks. Calls
 * line() for each with its first byte and length; returns how many there were. line may be NULL.
 */
size_t cells_wrap(const char *s, int width, void (*line)(void *ctx, const char *s, size_t len),
                  void *ctx);

#endif
