/*
 * Keys as numbers: a character is its Unicode code point, Ctrl-A is 1, the rest are KEY codes
 * below. Nothing but src/ui/term knows curses' numbers.
 */
#ifndef CANVASS_UI_TERM_KEYS_H
#define CANVASS_UI_TERM_KEYS_H

#include <stdbool.h>

#define CTRL_KEY(c) ((c)&0x1f)

enum key_code {
    KEYS_NONE = 0,
    KEYS_TAB = 9,
    KEYS_ENTER = 10,
    KEYS_ESC = 27,
    KEYS_SPECIAL = 0x110000, /* beyond Unicode from here on */
    KEYS_UP,
    KEYS_DOWN,
    KEYS_LEFT,
    KEYS_RIGHT,
    KEYS_HOME,
    KEYS_END,
    KEYS_PGUP,
    KEYS_PGDN,
    KEYS_BACKSPACE,
    KEYS_DELETE,
    KEYS_INSERT,
    KEYS_BACKTAB,
    KEYS_F1, /* KEYS_F1 + n - 1 is Fn, up to F12 */
    KEYS_F12 = KEYS_F1 + 11,
    KEYS_MOUSE,          /* see struct term_mouse in the event */
    KEYS_RESIZE,         /* the grid has its new size already */
    KEYS_PASTED_NEWLINE, /* part of a paste: must not press anything; a blank in one line of text */
};

enum mouse_act { MOUSE_CLICK, MOUSE_DOUBLE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };

struct input {
    int key;
    bool pasted; /* part of a paste: only text fields may take it */
    enum mouse_act mouse;
    int y, x; /* of the mouse, on the grid */
};

/* "Enter", "^L", "F2", "Space", "↑", "x": for footers and help. out is filled and returned. */
const char *key_label(int key, char out[16]);
/* A character that a text field takes. */
bool key_is_text(int key);

#endif
