/*
 * A form: plain fields one below the other (or where the screen puts them), one in focus. The form
 * moves the focus, feeds keys to the field, shows errors under fields; the screen owns what the
 * values mean.
 *
 *     static struct field fields[] = {
 *         {.kind = FIELD_TEXT, .id = "name", .label = "Name", .width = 40, .help = "What ..."},
 *         {.kind = FIELD_CHOICE, .id = "type", .label = "Purpose", .choices = types, .choice_count
 * = 2},
 *         {.kind = FIELD_BUTTON, .id = "next", .label = "Next ›"},
 *     };
 *     form_init(&f, fields, ARRAY_LEN(fields));        fields stay yours; form_close() frees
 * texts switch (form_key(&f, key)) { case FORM_CHANGED: ... field_text(f.focus_field) ... }
 *     form_draw(&f, g, area, focused);                 or field_draw() for each where you want it
 *
 * Keys: Tab/S-Tab (↑↓ too, except inside several lines of text and lists of choices) move; letters
 * type; a choice: ←→ or Space the next, letters jump; a check: Space; a button: Enter.
 */
#ifndef CANVASS_UI_WIDGET_FORM_H
#define CANVASS_UI_WIDGET_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "ui/term/grid.h"
#include "ui/widget/edit.h"

enum field_kind {
    FIELD_TEXT,
    FIELD_NUMBER, /* a whole number between min and max; its text may be wrong meanwhile */
    FIELD_CHOICE, /* one of choices[], drawn "Inactive customers ▾" */
    FIELD_RADIO,  /* one of few choices, all shown: (•) all ( ) any */
    FIELD_CHECK,
    FIELD_AREA, /* several lines */
    FIELD_BUTTON,
    FIELD_NOTE, /* text only, never in focus */
};

struct field {
    enum field_kind kind;
    int width;         /* cells of the field itself; 0: what is left of the line */
    const char *id;    /* for the screen */
    const char *label; /* left of the field; on a button its text */
    const char *help;  /* F1: what this field is; NULL: none */
    const char *after; /* dim text behind the field; NULL: none */
    int64_t min, max;  /* FIELD_NUMBER */
    const char *const *choices;
    size_t choice_count;

    /* state */
    struct edit edit;
    size_t choice;
    int height; /* FIELD_AREA: lines; 0: 4 */
    bool checked;
    bool hidden;
    bool disabled;    /* dim; not in focus unless it is a button, which tells `reason` */
    char reason[96];  /* why a button cannot be pressed now */
    char error[160];  /* under the field; "" when it is right */
    bool touched;     /* it was left once, or was wrong once: check as one types */
    struct area area; /* of the last draw: for the mouse */
};

struct form {
    struct field *fields; /* borrowed */
    size_t count;
    size_t focus;
    int label_width; /* 0: the longest label and a blank */
    int top;         /* first line shown, when it does not fit */
};

enum form_result {
    FORM_IGNORED, /* not for the form */
    FORM_MOVED,   /* the focus or the cursor moved; form.left tells which field was left */
    FORM_CHANGED, /* the value of the field in focus */
    FORM_PRESSED, /* the button in focus */
};

void form_init(struct form *f, struct field *fields, size_t count);
void form_close(struct form *f);            /* frees the texts of the fields */
struct field *form_focused(struct form *f); /* NULL when there are no fields */
struct field *form_find(struct form *f,
                        const char *id); /* aborts on an unknown id: our own mistake */
void form_focus(struct form *f, const char *id);
enum form_result form_key(struct form *f, int key);
/* A click: focuses, ticks, presses. */
enum form_result form_click(struct form *f, int y, int x);
bool form_next(struct form *f, int by);     /* moves the focus; false at the end (no wrap) */
bool form_wants_text(const struct form *f); /* letters type now */

void field_set_text(struct field *fd, const char *text);
const char *field_text(const struct field *fd);
void field_set_number(struct field *fd, int64_t n);
/* False with a text for people when it is not a number between min and max. */
bool field_number(const struct field *fd, int64_t *out, struct error *err) MUST_CHECK;
/* "" clears. Sets touched when there is an error. */
void field_set_error(struct field *fd, const char *text);
/* The key goes to the field as if it were in focus (for screens that place fields themselves). */
enum form_result field_key(struct field *fd, int key);

/* Label and field on one line (or more); returns lines used, the error's line included. */
int field_draw(struct field *fd, struct grid *g, struct area a, int y, int label_width,
               bool focused);
int field_height(const struct field *fd); /* lines that field_draw will use */
/* All of it from the top, scrolled so that the focus can be seen. */
void form_draw(struct form *f, struct grid *g, struct area a, bool focused);

#endif
