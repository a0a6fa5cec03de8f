#include "ui/widget/form.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ui/term/keys.h"
#include "ui/widget/draw.h"

void
form_init(struct form *f, struct field *fields, size_t count)
{
    *f = (struct form){.fields = fields, .count = count};
    for (size_t i = 0; i < count; i++)
        fields[i].edit.multiline = fields[i].kind == FIELD_AREA;
    (void)form_next(f, 0);
}

void
form_close(struct form *f)
{
    for (size_t i = 0; i < f->count; i++)
        edit_release(&f->fields[i].edit);
    *f = (struct form){0};
}

struct field *
form_focused(struct form *f)
{
    return f->focus < f->count ? &f->fields[f->focus] : NULL;
}

struct field *
form_find(struct form *f, const char *id)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->fields[i].id && strcmp(f->fields[i].id, id) == 0)
            return &f->fields[i];
    assert(false && "a field of that id");
    return NULL;
}

static bool
can_focus(const struct field *fd)
{
    return fd->kind != FIELD_NOTE && !fd->hidden && (!fd->disabled || fd->kind == FIELD_BUTTON);
}

void
form_focus(struct form *f, const char *id)
{
    struct field *fd = form_find(f, id);

    if (fd && can_focus(fd))
        f->focus = (size_t)(fd - f->fields);
}

bool
form_next(struct form *f, int by)
{
    int64_t i = (int64_t)f->focus;

    if (by == 0) { /* stay, or go to the first that can have it */
        if (f->focus < f->count && can_focus(&f->fields[f->focus]))
            return true;
        for (i = 0; i < (int64_t)f->count; i++)
            if (can_focus(&f->fields[i])) {
                f->focus = (size_t)i;
                return true;
            }
        return false;
    }
    for (i += by; i >= 0 && i < (int64_t)f->count; i += by)
        if (can_focus(&f->fields[i])) {
            f->fields[f->focus].touched = true;
            f->focus = (size_t)i;
            return true;
        }
    return false;
}

bool
form_wants_text(const struct form *f)
{
    if (f->focus >= f->count)
        return false;
    switch (f->fields[f->focus].kind) {
    case FIELD_TEXT:
    case FIELD_NUMBER:
    case FIELD_AREA:
    case FIELD_CHOICE:
        return true;
    case FIELD_RADIO:
    case FIELD_CHECK:
    case FIELD_BUTTON:
    case FIELD_NOTE:
        return false;
    }
    return false;
}

void
field_set_text(struct field *fd, const char *text)
{
    edit_set(&fd->edit, text);
}

const char *
field_text(const struct field *fd)
{
    return edit_text(&fd->edit);
}

void
field_set_number(struct field *fd, int64_t n)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRId64, n);
    edit_set(&fd->edit, text);
}

bool
field_number(const struct field *fd, int64_t *out, struct error *err)
{
    char *text = text_trim_dup(field_text(fd), strlen(field_text(fd)));
    bool ok = num_parse_i64(text, out);

    if (!ok)
        error_set(err, ERR_INVALID, "\"%.40s\" is not a number. Type a number such as %" PRId64 ".",
                  text, fd->min > 30 || fd->max < 30 ? fd->min : (int64_t)30);
    else if (*out < fd->min || (fd->max > fd->min && *out > fd->max))
        ok = error_set(err, ERR_INVALID, "must be between %" PRId64 " and %" PRId64, fd->min,
                       fd->max);
    free(text);
    return ok;
}

void
field_set_error(struct field *fd, const char *text)
{
    (void)text_copy(fd->error, sizeof fd->error, text);
    if (fd->error[0])
        fd->touched = true;
}

static enum form_result
choose(struct field *fd, size_t choice)
{
    if (choice == fd->choice)
        return FORM_MOVED;
    fd->choice = choice;
    return FORM_CHANGED;
}

static enum form_result
choice_key(struct field *fd, int key)
{
    if (fd->choice_count == 0)
        return FORM_IGNORED;
    if (key == KEYS_LEFT)
        return choose(fd, fd->choice ? fd->choice - 1 : fd->choice_count - 1);
    if (key == KEYS_RIGHT || key == ' ')
        return choose(fd, (fd->choice + 1) % fd->choice_count);
    if (fd->kind == FIELD_RADIO || !key_is_text(key))
        return FORM_IGNORED;
    for (size_t i = 1; i <= fd->choice_count; i++) { /* the next that begins with the letter */
        size_t at = (fd->choice + i) % fd->choice_count;
        uint32_t cp;
        if (utf8_decode(fd->choices[at], strlen(fd->choices[at]), &cp) &&
            utf8_lower(cp) == utf8_lower((uint32_t)key))
            return choose(fd, at);
    }
    return FORM_MOVED;
}

enum form_result
field_key(struct field *fd, int key)
{
    bool changed;

    switch (fd->kind) {
    case FIELD_TEXT:
    case FIELD_NUMBER:
    case FIELD_AREA:
        if (!edit_key(&fd->edit, key, &changed))
            return FORM_IGNORED;
        return changed ? FORM_CHANGED : FORM_MOVED;
    case FIELD_CHOICE:
    case FIELD_RADIO:
        return choice_key(fd, key);
    case FIELD_CHECK:
        if (key != ' ' && key != KEYS_ENTER)
            return FORM_IGNORED;
        fd->checked = !fd->checked;
        return FORM_CHANGED;
    case FIELD_BUTTON:
        return key == KEYS_ENTER || key == ' ' ? FORM_PRESSED : FORM_IGNORED;
    case FIELD_NOTE:
        return FORM_IGNORED;
    }
    return FORM_IGNORED;
}

enum form_result
form_key(struct form *f, int key)
{
    struct field *fd = form_focused(f);
    enum form_result result = FORM_IGNORED;

    if (!fd)
        return FORM_IGNORED;
    if (key == KEYS_TAB || key == KEYS_BACKTAB)
        return form_next(f, key == KEYS_TAB ? 1 : -1) ? FORM_MOVED : FORM_IGNORED;
    if (!fd->disabled || fd->kind == FIELD_BUTTON)
        result = field_key(fd, key);
    if (result != FORM_IGNORED)
        return result;
    if (key == KEYS_UP || key == KEYS_DOWN)
        return form_next(f, key == KEYS_DOWN ? 1 : -1) ? FORM_MOVED : FORM_IGNORED;
    if (fd->kind == FIELD_BUTTON && (key == KEYS_LEFT || key == KEYS_RIGHT))
        return form_next(f, key == KEYS_RIGHT ? 1 : -1) ? FORM_MOVED : FORM_IGNORED;
    if (key == KEYS_ENTER)
        return form_next(f, 1) ? FORM_MOVED : FORM_IGNORED;
    return FORM_IGNORED;
}

enum form_result
form_click(struct form *f, int y, int x)
{
    for (size_t i = 0; i < f->count; i++) {
        struct field *fd = &f->fields[i];
        if (!can_focus(fd) || !area_has(fd->area, y, x))
            continue;
        if (f->focus < f->count)
            f->fields[f->focus].touched = true;
        f->focus = i;
        if (fd->kind == FIELD_BUTTON)
            return FORM_PRESSED;
        if (fd->kind == FIELD_CHECK || fd->kind == FIELD_RADIO)
            return field_key(fd, ' ');
        return FORM_MOVED;
    }
    return FORM_IGNORED;
}

int
field_height(const struct field *fd)
{
    int lines = fd->kind == FIELD_AREA ? (fd->height ? fd->height : 4) : 1;

    if (fd->hidden)
        return 0;
    return lines + (fd->error[0] ? 1 : 0);
}

static void
draw_radio(struct field *fd, struct grid *g, struct area a, bool focused)
{
    int x = 0;

    for (size_t i = 0; i < fd->choice_count; i++) {
        bool on = i == fd->choice;
        unsigned style = on ? (focused ? ROLE_FOCUS : ROLE_TITLE) : ROLE_TEXT;
        if (on && focused)
            grid_cursor(g, a, 0, x + 1, false);
        x = grid_printf(g, a, 0, x, style, "(%s) %s", on ? "•" : " ", fd->choices[i]) + 3;
    }
}

static void
draw_value(struct field *fd, struct grid *g, struct area a, bool focused)
{
    unsigned style = fd->error[0] ? ROLE_FIELD_ERROR : ROLE_FIELD;
    const char *choice = fd->choice < fd->choice_count ? fd->choices[fd->choice] : "";
    struct area inner = area_inset(a, 0, 1);

    if (fd->disabled && fd->kind != FIELD_BUTTON)
        style = ROLE_DIM;
    switch (fd->kind) {
    case FIELD_TEXT:
    case FIELD_NUMBER:
    case FIELD_AREA:
        grid_fill(g, a, style);
        edit_draw(&fd->edit, g, inner, style, focused);
        break;
    case FIELD_CHOICE:
        grid_fill(g, a, focused ? ROLE_HEADER : style);
        (void)grid_cell(g, inner, 0, 0, inner.w - 2, focused ? ROLE_HEADER : style, choice);
        (void)grid_text(g, inner, 0, inner.w - 1, focused ? ROLE_HEADER : style, "▾");
        if (focused)
            grid_cursor(g, inner, 0, 0, false);
        break;
    case FIELD_RADIO:
        draw_radio(fd, g, a, focused);
        break;
    case FIELD_CHECK:
        (void)grid_printf(g, a, 0, 0, focused ? ROLE_FOCUS : ROLE_TEXT, "[%s]",
                          fd->checked ? "x" : " ");
        if (focused)
            grid_cursor(g, a, 0, 1, false);
        break;
    case FIELD_BUTTON:
        (void)draw_button(g, a, 0, 0,
                          fd->disabled ? BUTTON_OFF
                          : focused    ? BUTTON_FOCUS
                                       : BUTTON_REST,
                          fd->label);
        if (focused)
            grid_cursor(g, a, 0, 0, false);
        break;
    case FIELD_NOTE:
        (void)grid_text(g, a, 0, 0, ROLE_DIM, fd->label);
        break;
    }
}

static int
value_width(const struct field *fd, int room)
{
    int width = fd->width;

    if (fd->kind == FIELD_BUTTON)
        width = cells_width(fd->label) + 2;
    else if (fd->kind == FIELD_CHECK)
        width = 3;
    if (width <= 0 || width > room)
        width = room;
    return width;
}

int
field_draw(struct field *fd, struct grid *g, struct area a, int y, int label_width, bool focused)
{
    int height = field_height(fd);
    int lines = height - (fd->error[0] ? 1 : 0);
    bool labelled = fd->kind != FIELD_BUTTON && fd->kind != FIELD_NOTE && fd->label;
    int x = labelled ? label_width : 0;
    int width = value_width(fd, a.w - x);

    if (fd->hidden)
        return 0;
    if (labelled)
        (void)grid_cell(g, a, y, 0, label_width - 1, focused ? ROLE_FOCUS : ROLE_DIM, fd->label);
    fd->area = area_cols(area_rows(a, y, lines), x, width);
    draw_value(fd, g, fd->area, focused);
    if (fd->kind == FIELD_BUTTON && fd->disabled && fd->reason[0])
        (void)grid_text(g, a, y, x + width + 2, ROLE_ERROR, fd->reason);
    else if (fd->after && fd->kind != FIELD_RADIO)
        (void)grid_text(g, a, y, x + width + 2, ROLE_DIM, fd->after);
    if (fd->error[0])
        (void)grid_printf(g, a, y + lines, x, ROLE_ERROR, "✗ %s", fd->error);
    return height;
}

static int
widest_label(const struct form *f)
{
    int widest = 0;

    for (size_t i = 0; i < f->count; i++) {
        const struct field *fd = &f->fields[i];
        if (!fd->label || fd->kind == FIELD_BUTTON || fd->kind == FIELD_NOTE)
            continue;
        if (cells_width(fd->label) > widest)
            widest = cells_width(fd->label);
    }
    return widest + 2;
}

void
form_draw(struct form *f, struct grid *g, struct area a, bool focused)
{
    int label_width = f->label_width ? f->label_width : widest_label(f);
    int before = 0;
    int y;

    for (size_t i = 0; i < f->count && i < f->focus; i++)
        before += field_height(&f->fields[i]);
    if (before < f->top)
        f->top = before;
    if (f->focus < f->count && before + field_height(&f->fields[f->focus]) > f->top + a.h)
        f->top = before + field_height(&f->fields[f->focus]) - a.h;
    y = -f->top;
    for (size_t i = 0; i < f->count && y < a.h; i++) {
        if (y >= 0)
            y += field_draw(&f->fields[i], g, a, y, label_width, focused && i == f->focus);
        else
            y += field_height(&f->fields[i]);
    }
}
