/* Where keys and clicks go, and what the general keys do. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/store/stores.h"
#include "ui/app_internal.h"

#define DOUBLE_CLICK_MS 400

/* --- general actions */

static void
do_command(struct app *app, void *self)
{
    (void)self;
    prompt_open(&app->prompt, ':', "");
    app->palette.sel = 0;
}

static bool
can_filter(struct app *app, void *self, char reason[96])
{
    (void)self;
    if (app_top(app)->screen->filter)
        return true;
    (void)snprintf(reason, 96, "This screen has no list to narrow.");
    return false;
}

static void
do_filter(struct app *app, void *self)
{
    const struct screen *s = app_top(app)->screen;
    prompt_open(&app->prompt, '/', s->filter_text ? s->filter_text(self) : "");
}

static void
do_help(struct app *app, void *self)
{
    (void)self;
    help_open(app);
}

static void
do_undo(struct app *app, void *self)
{
    (void)self;
    app_undo(app);
}

static void
do_redraw(struct app *app, void *self)
{
    (void)self;
    (void)app;
    term_redraw();
}

static void
do_refresh(struct app *app, void *self)
{
    app_ask_status(app);
    if (app_top(app)->screen->refresh)
        app_top(app)->screen->refresh(app, self);
}

static void
do_back(struct app *app, void *self)
{
    (void)self;
    if (app->tabs[app->tab].depth > 1)
        app_pop(app);
    else
        app_quit(app);
}

static void
do_quit(struct app *app, void *self)
{
    (void)self;
    app_quit(app);
}

static void
do_theme(struct app *app, void *self, const char *arg)
{
    struct error err = {0};
    size_t count;
    char **names;
    struct buf text = {0};

    (void)self;
    if (*arg && app_set_theme(app, arg, &err)) {
        app_toast(app, TOAST_OK,
                  "Theme %s, until you leave. ui.theme in the configuration keeps it.", arg);
        return;
    }
    names = theme_names(app->theme_dir, &count);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&text, "%s%s", i ? ", " : "", names[i]);
        free(names[i]);
    }
    free(names);
    if (*arg)
        app_toast(app, TOAST_ERROR, "%s. Themes: %s", err.text, buf_str(&text));
    else
        app_toast(app, TOAST_INFO, "Themes: %s. Now: %s", buf_str(&text), app->theme.name);
    buf_release(&text);
}

static void
do_mouse(struct app *app, void *self, const char *arg)
{
    bool off = strcmp(arg, "mouse off") == 0;

    (void)self;
    if (!off && strcmp(arg, "mouse on") != 0) {
        app_toast(app, TOAST_ERROR, ":set mouse on, or :set mouse off");
        return;
    }
    term_set_mouse(!off);
    app_toast(app, TOAST_OK, off ? "Mouse off: the terminal selects text." : "Mouse on.");
}

static void
do_messages(struct app *app, void *self)
{
    (void)self;
    app_push(app, app->opt.screens->messages, 0);
}

static void
do_in_doubt(struct app *app, void *self)
{
    (void)self;
    app_push(app, app->opt.screens->in_doubt, 0);
}

static bool
run_stop_all(struct db *ledger, struct db *reader, const struct config *config, void *arg,
             struct error *err)
{
    (void)reader;
    (void)config;
    (void)arg;
    return engine_stop_all(ledger, audit_actor(), utime_now_s(), NULL, err);
}

static bool
run_start_all(struct db *ledger, struct db *reader, const struct config *config, void *arg,
              struct error *err)
{
    (void)reader;
    (void)config;
    (void)arg;
    return engine_start_all(ledger, audit_actor(), utime_now_s(), err);
}

static void
do_stop_all(struct app *app, void *self)
{
    struct app_command cmd = {.run = run_stop_all,
                              .ok_text = "All sending is stopped. :start-all lets it go on."};

    (void)self;
    app_do(app, &cmd);
}

static void
do_start_all(struct app *app, void *self)
{
    struct app_command cmd = {.run = run_start_all, .ok_text = "Sending goes on."};

    (void)self;
    app_do(app, &cmd);
}

static bool
can_start_all(struct app *app, void *self, char reason[96])
{
    (void)self;
    if (app->status.stopped)
        return true;
    (void)snprintf(reason, 96, "Nothing is stopped.");
    return false;
}

static bool
can_new(struct app *app, void *self, char reason[96])
{
    (void)self;
    if (app_top(app)->screen != app->opt.screens->new_campaign)
        return true;
    (void)snprintf(reason, 96, "You are in the wizard already. Esc leaves; the draft stays.");
    return false;
}

static void
do_new(struct app *app, void *self)
{
    (void)self;
    app_push(app, app->opt.screens->new_campaign, 0);
}

const struct binding app_general_keys[] = {
    {.key = '/',
     .name = "filter",
     .label = "filter",
     .help = "Narrow the list as you type",
     .run = do_filter,
     .can = can_filter},
    {.key = ':',
     .name = "command",
     .label = "command",
     .help = "Any action by its name",
     .run = do_command},
    {.key = 'n',
     .name = "new-campaign",
     .help = "A new campaign, in four steps",
     .run = do_new,
     .can = can_new},
    {.key = 'u', .name = "undo", .help = "Undo what the message line offers", .run = do_undo},
    {.key = 'r', .name = "refresh", .help = "Read the data again", .run = do_refresh},
    {.key = '!',
     .name = "stop-all",
     .help = "Stop all sending at once, every campaign",
     .run = do_stop_all},
    {.name = "start-all",
     .help = "Let sending go on after stop-all",
     .run = do_start_all,
     .can = can_start_all},
    {.name = "in-doubt",
     .help = "Deliveries of which nobody knows whether they were taken",
     .run = do_in_doubt},
    {.name = "messages", .help = "The last 200 messages of this console", .run = do_messages},
    {.name = "theme", .help = "Try a theme: :theme light", .run_arg = do_theme},
    {.name = "set", .help = ":set mouse off lets the terminal select text", .run_arg = do_mouse},
    {.key = CTRL_KEY('l'),
     .name = "redraw",
     .help = "Draw the whole screen again",
     .run = do_redraw},
    {.key = '?', .name = "help", .label = "help", .help = "What the keys do", .run = do_help},
    {.key = 'q', .name = "back", .help = "Back; at the top leave canvass", .run = do_back},
    {.name = "q", .help = "Leave canvass from anywhere", .run = do_quit},
    {0}};

/* --- keys */

static void
on_escape(struct app *app)
{
    struct open_screen *top = app_top(app);
    const char *label;
    int64_t since;

    if (app_busy_label(app, &label, &since)) {
        app_cancel_busy(app);
        app_message(app, ROLE_DIM, "Cancelled. r asks again.");
        return;
    }
    if (top->screen->escape && top->screen->escape(app, top->self))
        return;
    if (app->tabs[app->tab].depth > 1)
        app_pop(app);
}

static void
on_key(struct app *app, const struct input *in)
{
    struct open_screen *top = app_top(app);
    bool typing = app_wants_text(app);
    const struct binding *b;

    if (in->key == CTRL_KEY('c')) {
        do_back(app, top->self);
        return;
    }
    if (in->pasted && !typing)
        return; /* pasted text must not press keys */
    if (top->screen->input && top->screen->input(app, top->self, in)) {
        app_dirty(app);
        return;
    }
    if (typing && (key_is_text(in->key) || in->key == KEYS_BACKSPACE))
        return;
    b = app_find_key(top->screen->keys, in->key);
    if (!b)
        b = app_find_key(app_general_keys, in->key);
    if (b) {
        app_run_binding(app, top->self, b, NULL);
        return;
    }
    if (in->key == KEYS_ESC)
        on_escape(app);
    else if (in->key >= '1' && in->key < '1' + (int)app->opt.screens->tab_count &&
             !top->screen->bare)
        app_go_tab(app, (size_t)(in->key - '1'));
}

static void
on_prompt_key(struct app *app, int key)
{
    struct open_screen *top = app_top(app);
    char sign = app->prompt.sign;
    enum prompt_result result;

    if (sign == ':' && key == KEYS_TAB) {
        palette_complete(app);
        return;
    }
    result = prompt_key(&app->prompt, key);
    if (sign == ':') {
        if (result == PROMPT_CHANGED)
            app->palette.sel = 0;
        if (result == PROMPT_TAKEN)
            palette_take(app, prompt_text(&app->prompt));
        return;
    }
    if (!top->screen->filter)
        return;
    if (result == PROMPT_DROPPED)
        top->screen->filter(app, top->self, "");
    else if (result == PROMPT_CHANGED || result == PROMPT_TAKEN)
        top->screen->filter(app, top->self, prompt_text(&app->prompt));
}

/* Keys in the footer and tabs are buttons too. */
static bool
click_on_frame(struct app *app, const struct input *in)
{
    if (in->mouse != MOUSE_CLICK && in->mouse != MOUSE_DOUBLE)
        return false;
    if (in->y == app->footer_y)
        for (size_t i = 0; i < app->footer_count; i++) {
            const struct click_place *p = &app->footer_places[i];
            struct input key = {.key = p->key};
            if (in->x >= p->x0 && in->x < p->x1) {
                app_on_input(app, &key);
                return true;
            }
        }
    if (in->y == 1 && !app_top(app)->screen->bare)
        for (size_t i = 0; i < app->opt.screens->tab_count; i++)
            if (in->x >= app->tab_places[2 * i] && in->x < app->tab_places[2 * i + 1]) {
                app_go_tab(app, i);
                return true;
            }
    return false;
}

static void
tell_double_clicks(struct app *app, struct input *in)
{
    int64_t now = utime_mono_ms();

    if (in->mouse != MOUSE_CLICK)
        return;
    if (now - app->last_click.at_ms < DOUBLE_CLICK_MS && app->last_click.y == in->y &&
        app->last_click.x == in->x) {
        in->mouse = MOUSE_DOUBLE;
        app->last_click.at_ms = 0;
        return;
    }
    app->last_click.at_ms = now;
    app->last_click.y = in->y;
    app->last_click.x = in->x;
}

void
app_on_input(struct app *app, struct input *in)
{
    struct open_screen *top = app_top(app);

    app_dirty(app);
    app->input_ms = utime_mono_ms();
    if (in->key == KEYS_RESIZE)
        return;
    if (app_is_too_small(app)) {
        if (in->key == 'q' || in->key == CTRL_KEY('c'))
            app->quit = true;
        return;
    }
    if (in->key == KEYS_MOUSE)
        tell_double_clicks(app, in);
    else
        (void)toast_key(&app->toasts);
    app->message.text[0] = '\0';
    if (app->help.open) {
        help_key(app, in->key);
    } else if (app->prompt.open && in->key != KEYS_MOUSE) {
        on_prompt_key(app, in->key);
    } else if (app->confirm.open) {
        confirm_input(app, in);
    } else if (in->key == KEYS_MOUSE) {
        if (!click_on_frame(app, in) && top->screen->input)
            (void)top->screen->input(app, top->self, in);
    } else {
        on_key(app, in);
    }
}
