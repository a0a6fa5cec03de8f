/*
 * The terminal: the only code that knows curses. There is one; only the main thread may touch it.
 *
 * term_open() takes the terminal over, term_close() gives it back as it was. It is given back too
 * when the program dies: by a signal, an assertion, or out of memory (the bytes for that are
 * prepared at start, so that a signal handler need only write them). SIGTERM, SIGHUP and SIGINT do
 * not kill: they make term_signal_fd() readable and term_should_quit() true. ^C is a key (3), not a
 * signal.
 */
#ifndef CANVASS_UI_TERM_TERM_H
#define CANVASS_UI_TERM_TERM_H

#include <stdbool.h>

#include "core/base/error.h"
#include "ui/term/grid.h"
#include "ui/term/keys.h"
#include "ui/term/theme.h"

struct term_options {
    bool no_color;          /* --no-color; NO_COLOR and a terminal without colours say the same */
    bool ascii;             /* ui.ascii */
    bool mouse;             /* ui.mouse */
    const char *crash_note; /* printed after a crash: where the log and the drafts are; copied */
};

/* Once, before threads are started: the locale belongs to the whole program. */
void term_choose_locale(void);
/* False with the reason: not a tty, TERM=dumb, unknown TERM. */
bool term_is_usable(struct error *err);
/* ERR_INVALID: no usable terminal (not a tty, TERM=dumb, unknown TERM); nothing was changed. */
bool term_open(const struct term_options *options, struct error *err) MUST_CHECK;
void term_close(void); /* safe when it is not open, and twice */

struct grid *term_grid(void); /* draw here, then term_flush(); its size follows the terminal */
/* Sends what differs from the last flush: at most one doupdate(). */
enum term_flushed {
    TERM_STUCK, /* the line takes nothing now: later */
    TERM_SAME,  /* nothing differed */
    TERM_SENT
};
enum term_flushed term_flush(void);
void term_redraw(void); /* the next flush sends everything (^L) */

bool term_read(struct input *out); /* the next key that is there; false when none is */
int term_signal_fd(void);          /* readable after a signal or a resize */
void term_clear_signal(void);      /* call before term_read() */
bool term_should_quit(void);       /* asked to end by a signal */

enum term_depth term_depth(void);
void term_set_theme(const struct theme *theme); /* copied */
void term_set_mouse(bool on);
void term_bell(void);
/* Gives the terminal to another program (an editor) and waits for it. argv ends with NULL. */
bool term_run(char *const argv[], struct error *err) MUST_CHECK;

#endif
