#include "ui/app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "ui/app_internal.h"
#include "ui/widget/when.h"

#define SLOTS_KEPT 14 /* free ones that a new screen and every tab can count on */

/* --- the stack of screens */

struct open_screen *
app_top(struct app *app)
{
    struct tab *t = &app->tabs[app->tab];
    return &t->stack[t->depth - 1];
}

void *
app_top_self(struct app *app)
{
    return app_top(app)->self;
}

bool
app_screen_is_open(struct app *app, uint64_t serial)
{
    for (size_t t = 0; t < APP_TABS; t++)
        for (size_t i = 0; i < app->tabs[t].depth; i++)
            if (app->tabs[t].stack[i].serial == serial)
                return true;
    return false;
}

/* What was asked belongs to the screen that was on top. */
static void
close_overlays(struct app *app)
{
    app->confirm.open = false;
    app->prompt.open = false;
}

static void
open_on(struct app *app, struct tab *t, const struct screen *screen, int64_t arg)
{
    struct open_screen *o = &t->stack[t->depth];

    o->screen = screen;
    o->serial = ++app->serial;
    o->self = screen->open(app, arg);
    t->depth++;
    if (screen->refresh)
        screen->refresh(app, o->self);
    app_dirty(app);
}

static size_t
free_slots(const struct app *app)
{
    size_t count = 0;

    for (size_t i = 0; i < QUERY_SLOTS; i++)
        count += !app->slots[i].taken;
    return count;
}

void
app_push(struct app *app, const struct screen *screen, int64_t arg)
{
    struct tab *t = &app->tabs[app->tab];

    if (app_top(app)->screen == screen && arg == 0)
        return; /* it is there already */
    if (t->depth == APP_DEPTH || free_slots(app) < SLOTS_KEPT) {
        app_message(app, ROLE_DIM, "Too many screens are open; q closes them one by one.");
        return;
    }
    close_overlays(app);
    open_on(app, t, screen, arg);
}

static void
close_top(struct app *app, struct tab *t)
{
    struct open_screen *o = &t->stack[t->depth - 1];

    o->screen->close(app, o->self);
    t->depth--;
}

void
app_pop(struct app *app)
{
    struct tab *t = &app->tabs[app->tab];
    struct open_screen *o = app_top(app);

    if (o->screen->may_leave && !o->screen->may_leave(app, o->self))
        return;
    if (t->depth <= 1)
        return;
    close_overlays(app);
    close_top(app, t);
    o = app_top(app);
    if (o->screen->refresh)
        o->screen->refresh(app, o->self);
    app_dirty(app);
}

void
app_close_screens(struct app *app)
{
    for (size_t t = 0; t < APP_TABS; t++)
        while (app->tabs[t].depth > 0)
            close_top(app, &app->tabs[t]);
}

void
app_go_tab(struct app *app, size_t tab)
{
    struct tab *t;
    struct open_screen *o;

    if (tab >= app->opt.screens->tab_count)
        return;
    close_overlays(app);
    app->tab = tab;
    t = &app->tabs[tab];
    if (t->depth == 0) {
        open_on(app, t, app->opt.screens->tabs[tab], 0);
        return;
    }
    o = app_top(app);
    if (o->screen->refresh)
        o->screen->refresh(app, o->self);
    app_dirty(app);
}

void
app_go_screen(struct app *app, const struct screen *screen)
{
    for (size_t i = 0; i < app->opt.screens->tab_count; i++)
        if (app->opt.screens->tabs[i] == screen)
            app_go_tab(app, i);
}

bool
app_wants_text(struct app *app)
{
    struct open_screen *o = app_top(app);
    return o->screen->wants_text && o->screen->wants_text(o->self);
}

/* --- talking */

void
app_dirty(struct app *app)
{
    app->dirty = true;
}

void
app_dirty_data(struct app *app)
{
    app->dirty_data = true;
}

void
app_toast(struct app *app, enum toast_level level, const char *fmt, ...)
{
    char text[400];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    toast_add(&app->toasts, level, text, false, utime_now_s(), utime_mono_ms());
    app_dirty(app);
}

void
app_toast_error(struct app *app, const struct error *err)
{
    if (err->path[0])
        app_toast(app, TOAST_ERROR, "%s: %s", err->path, err->text);
    else
        app_toast(app, TOAST_ERROR, "%s", err->text);
}

void
app_message(struct app *app, enum role role, const char *text)
{
    app->message.role = role;
    (void)text_copy(app->message.text, sizeof app->message.text, text);
    app_dirty(app);
}

void
app_tick_in(struct app *app, int64_t ms)
{
    app->tick_at_ms = utime_mono_ms() + ms;
}

/* --- facts */

const struct ui_options *
app_options(const struct app *app)
{
    return &app->opt;
}

const struct config *
app_config(const struct app *app)
{
    return app->opt.config;
}

const struct report_status *
app_status(const struct app *app)
{
    return &app->status;
}

const struct engine_status *
app_engine(const struct app *app)
{
    return &app->engine;
}

const struct toasts *
app_toasts(const struct app *app)
{
    return &app->toasts;
}

const char *
app_theme_name(const struct app *app)
{
    return app->theme.name;
}

int64_t
app_now_s(const struct app *app)
{
    return app->now_s;
}

bool
app_is_wide(struct area body)
{
    return body.w >= 120;
}

bool
app_is_narrow(struct area body)
{
    return body.w < 100;
}

bool
app_is_too_small(const struct app *app)
{
    (void)app;
    return term_grid()->h < APP_MIN_H || term_grid()->w < APP_MIN_W;
}

bool
app_set_theme(struct app *app, const char *name, struct error *err)
{
    struct theme theme;

    if (!theme_load(name, app->theme_dir, &theme, err))
        return false;
    app->theme = theme;
    term_set_theme(&app->theme);
    app_dirty(app);
    return true;
}
