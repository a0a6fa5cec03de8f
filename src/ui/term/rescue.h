/*
 * Signals, and giving the terminal back when the program dies. Part of src/ui/term. Handlers only
 * set a sig_atomic_t and write a byte; the crash handler writes bytes prepared at start and
 * re-raises.
 */
#ifndef CANVASS_UI_TERM_RESCUE_H
#define CANVASS_UI_TERM_RESCUE_H

#include <stdbool.h>

/* Before curses starts: notes the tty's settings. */
void rescue_prepare(const char *crash_note);
void rescue_arm(void);    /* after curses started: prepares the bytes, installs the handlers */
void rescue_disarm(void); /* puts the handlers back that were there */
void rescue_now(void);    /* resets the terminal; async-signal-safe */

int rescue_fd(void);
void rescue_clear(void);
bool rescue_take_resize(void);
bool rescue_should_quit(void);

#endif
