/*
 * Roles: what a piece of the screen means. Code draws with roles, never with colours; a theme
 * (theme.h) says how each role looks at 16 million, 256 and 16 colours and without any.
 *
 * A style is a role, plus STYLE_* bits that hold in every theme:
 *     grid_text(g, area, 0, 0, ROLE_OK | STYLE_BOLD, "✓");
 */
#ifndef CANVASS_UI_TERM_ROLE_H
#define CANVASS_UI_TERM_ROLE_H

enum role {
    ROLE_TEXT,
    ROLE_DIM,      /* secondary text, headings of columns, frames */
    ROLE_TITLE,    /* titles of panes, names */
    ROLE_FOCUS,    /* frame and title of the pane in focus, the marker of the selected row */
    ROLE_SELECTED, /* background of the selected row */
    ROLE_OK,
    ROLE_WARN,
    ROLE_ERROR,
    ROLE_INFO,
    ROLE_ACCENT, /* booking intent and the like */
    ROLE_FIELD,  /* background of a field and of a resting button */
    ROLE_FIELD_ERROR,
    ROLE_HEADER, /* line 0, and the button in focus */
    ROLE_KEY,    /* names of keys */
    ROLE_TAG_BOOK,
    ROLE_TAG_STOP,
    ROLE_TAG_ASK,
    ROLE_TAG_OTHER,
    ROLE_BUBBLE_IN,
    ROLE_BUBBLE_OUT,
    ROLE_PLOT,
    ROLE_COUNT
};

#define STYLE_ROLE_MASK 0xffu
#define STYLE_BOLD 0x100u
#define STYLE_UNDERLINE 0x200u
#define STYLE_REVERSE 0x400u

/* "field_error" as in themes/NAME.yaml. */
const char *role_name(enum role role);

#endif
