/* The pane that asks before what cannot be undone. Cancel has the focus. */
#include <stdio.h>
#include <string.h>

#include "ui/app_internal.h"
#include "ui/widget/draw.h"

enum { FOCUS_TEXT, FOCUS_CANCEL, FOCUS_YES };

void
app_confirm(struct app *app, const struct confirm *c)
{
    app->confirm.open = true;
    app->confirm.what = *c;
    app->confirm.serial = app_top(app)->serial;
    app->confirm.focus = c->must_type[0] ? FOCUS_TEXT : FOCUS_CANCEL;
    edit_set(&app->confirm.typed, "");
    app_dirty(app);
}

static bool
may_say_yes(const struct confirm_pane *c)
{
    return !c->what.must_type[0] || strcmp(edit_text(&c->typed), c->what.must_type) == 0;
}

static void
press(struct app *app, int button)
{
    struct confirm_pane *c = &app->confirm;

    if (button == FOCUS_YES && !may_say_yes(c)) {
        char text[300];
        (void)snprintf(text, sizeof text, "Type %s first.", c->what.must_type);
        app_message(app, ROLE_WARN, text);
        return;
    }
    c->open = false;
    if (button == FOCUS_YES && app_screen_is_open(app, c->serial))
        c->what.run(app, c->what.self, c->what.arg);
}

static void
confirm_key(struct app *app, int key)
{
    struct confirm_pane *c = &app->confirm;
    int first = c->what.must_type[0] ? FOCUS_TEXT : FOCUS_CANCEL;

    if (key == KEYS_ESC || key == CTRL_KEY('c')) {
        c->open = false;
        return;
    }
    if (key == KEYS_TAB || key == KEYS_DOWN) {
        c->focus = c->focus == FOCUS_YES ? first : c->focus + 1;
        return;
    }
    if (key == KEYS_BACKTAB || key == KEYS_UP) {
        c->focus = c->focus == first ? FOCUS_YES : c->focus - 1;
        return;
    }
    if (c->focus == FOCUS_TEXT) {
        if (key == KEYS_ENTER)
            c->focus = may_say_yes(c) ? FOCUS_YES : FOCUS_TEXT;
        else
            (void)edit_key(&c->typed, key, NULL);
        return;
    }
    if (key == KEYS_LEFT || key == 'h')
        c->focus = FOCUS_CANCEL;
    else if (key == KEYS_RIGHT || key == 'l')
        c->focus = FOCUS_YES;
    else if (key == KEYS_ENTER || key == ' ')
        press(app, c->focus);
}

void
confirm_input(struct app *app, const struct input *in)
{
    struct confirm_pane *c = &app->confirm;

    if (in->key != KEYS_MOUSE) {
        confirm_key(app, in->key);
        return;
    }
    if (in->mouse != MOUSE_CLICK)
        return;
    if (area_has(c->cancel_area, in->y, in->x))
        press(app, FOCUS_CANCEL);
    else if (area_has(c->yes_area, in->y, in->x))
        press(app, FOCUS_YES);
}

void
confirm_draw(struct app *app, struct grid *g, struct area body)
{
    struct confirm_pane *c = &app->confirm;
    bool typing = c->what.must_type[0] != '\0';
    int lines = (int)cells_wrap(c->what.text, body.w - 4, NULL, NULL);
    int h = lines + 5 + (typing ? 2 : 0);
    struct area a = area_rows(body, body.h - h, h);
    int y;
    int x;

    grid_fill(g, a, ROLE_TEXT);
    a = draw_frame(g, a, FRAME_DANGER, c->what.title, NULL);
    y = grid_wrapped(g, a, 0, lines, ROLE_TEXT, c->what.text) + 1;
    if (typing) {
        x = grid_text(g, a, y, 0, ROLE_TEXT, "Type ");
        x = grid_text(g, a, y, x, ROLE_ERROR | STYLE_BOLD, c->what.must_type);
        x = grid_text(g, a, y, x, ROLE_TEXT, ": ");
        edit_draw(&c->typed, g, area_cols(area_rows(a, y, 1), x, a.w - x < 40 ? a.w - x : 40),
                  ROLE_FIELD, c->focus == FOCUS_TEXT);
        y += 2;
    }
    x = draw_button(g, a, y, 0, c->focus == FOCUS_CANCEL ? BUTTON_FOCUS : BUTTON_REST, "Cancel");
    c->cancel_area = area_cols(area_rows(a, y, 1), 0, x);
    if (c->focus == FOCUS_CANCEL)
        grid_cursor(g, a, y, 0, false);
    c->yes_area = area_cols(area_rows(a, y, 1), x + 2, cells_width(c->what.yes) + 2);
    (void)draw_button(g, a, y, x + 2,
                      !may_say_yes(c)         ? BUTTON_OFF
                      : c->focus == FOCUS_YES ? BUTTON_FOCUS
                                              : BUTTON_REST,
                      c->what.yes);
    if (c->focus == FOCUS_YES)
        grid_cursor(g, a, y, x + 2, false);
}
