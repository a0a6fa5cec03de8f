#include "ui/app.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/env.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "ui/app_internal.h"
#include "ui/widget/when.h"

#define STATUS_EVERY_MS 500
#define TICK_MS 1000
#define FRAME_MS 16       /* between two frames for keys */
#define DATA_FRAME_MS 200 /* between two frames for data: five a second */
#define SPINNER_MS 100
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

static void
quit_anyway(struct app *app, void *self, int64_t arg)
{
    (void)self;
    (void)arg;
    app->quit = true;
}

void
app_quit(struct app *app)
{
    struct confirm c = {.title = "Leave canvass?", .yes = "Leave", .run = quit_anyway};
    struct open_screen *o = app_top(app);

    if (o->screen->may_leave && !o->screen->may_leave(app, o->self))
        return;
    if (!app->opt.engine || !app->engine.holds_lease ||
        app->status.waiting + app->engine.in_flight == 0) {
        app->quit = true;
        return;
    }
    (void)snprintf(
        c.text, sizeof c.text,
        "This console sends. %lld messages wait; they go on when a console or `canvass run` "
        "runs again. Nothing is lost. What is under way is finished first.",
        (long long)app->status.waiting);
    app_confirm(app, &c);
}

bool
app_edit_external(struct app *app, const char *text, char **out, struct error *err)
{
    const char *editor = env_get("VISUAL");
    char path[] = "/tmp/canvass-edit-XXXXXX";
    int fd = mkstemp(path);
    size_t len = strlen(text);
    struct buf content = {0};
    bool ok = false;

    if (!editor)
        editor = env_get("EDITOR");
    if (!editor)
        editor = "vi";
    if (fd < 0)
        return error_set(err, ERR_INTERNAL, "cannot make a temporary file: error %d", errno);
    if (write(fd, text, len) != (ssize_t)len) {
        error_set(err, ERR_INTERNAL, "cannot write %s: error %d", path, errno);
    } else {
        char *command = mem_printf("exec %s \"$1\"", editor); /* EDITOR may hold arguments */
        char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, command, (char[]){"sh"}, path, NULL};
        ok = term_run(argv, err) && file_read(path, 65536, &content, err);
        free(command);
    }
    if (ok && !utf8_is_valid(buf_str(&content), content.len))
        ok = error_set(err, ERR_INVALID, "the text is not UTF-8; nothing was changed");
    if (ok) {
        while (content.len > 0 && content.data[content.len - 1] == '\n')
            content.data[--content.len] = '\0';
        *out = content.data ? buf_take(&content) : mem_strdup("");
    }
    buf_release(&content);
    (void)close(fd);
    (void)unlink(path);
    app_dirty(app);
    return ok;
}

/* --- the loop */

static bool
is_animating(struct app *app)
{
    const char *label;
    int64_t since;
    return app_busy_label(app, &label, &since);
}

static int
next_timer_ms(struct app *app)
{
    int64_t now = utime_mono_ms();
    int64_t at = app->status_asked_ms + STATUS_EVERY_MS;

    if (app->ticked_ms + TICK_MS < at)
        at = app->ticked_ms + TICK_MS;
    if (app->tick_at_ms && app->tick_at_ms < at)
        at = app->tick_at_ms;
    if (app->toasts.showing && app->toasts.until_ms < at)
        at = app->toasts.until_ms;
    for (int i = 0; i < QUERY_SLOTS; i++)
        if (app->slots[i].busy && app->slots[i].label && now + SPINNER_MS < at)
            at = now + SPINNER_MS;
    if (app->dirty && app->drawn_ms + FRAME_MS < at)
        at = app->drawn_ms + FRAME_MS;
    if (app->dirty_data && app->data_drawn_ms + DATA_FRAME_MS < at)
        at = app->data_drawn_ms + DATA_FRAME_MS;
    return at > now ? (int)(at - now) : 0;
}

static void
on_timers(struct app *app)
{
    int64_t now = utime_mono_ms();
    struct open_screen *top = app_top(app);

    app->now_s = utime_now_s();
    if (now >= app->status_asked_ms + STATUS_EVERY_MS) {
        struct engine_status before = app->engine;
        app_ask_status(app);
        if (app->opt.engine)
            engine_status(app->opt.engine, &app->engine);
        if (!engine_status_equal(&before, &app->engine))
            app_dirty_data(app);
    }
    if (now >= app->ticked_ms + TICK_MS || (app->tick_at_ms && now >= app->tick_at_ms)) {
        app->ticked_ms = now;
        app->tick_at_ms = 0;
        if (top->screen->tick)
            top->screen->tick(app, top->self);
        app_dirty_data(app); /* the clock; sends nothing unless a cell differs */
    }
    if (toast_tick(&app->toasts, now)) {
        app_release_undo(app);
        app_dirty(app);
    }
    if (is_animating(app) || app->spinner_shown)
        app_dirty(app);
}

static void
draw_when_due(struct app *app)
{
    int64_t now = utime_mono_ms();
    bool for_keys = app->dirty && now >= app->drawn_ms + FRAME_MS;
    bool for_data = app->dirty_data && now >= app->data_drawn_ms + DATA_FRAME_MS;

    if (!for_keys && !for_data)
        return;
    app_draw(app);
    if (!term_flush())
        return; /* the line is stuck: the next turn tries again */
    app->drawn_ms = now;
    app->data_drawn_ms = now;
    app->dirty = app->dirty_data = false;
}

static bool
loop(struct app *app, struct error *err)
{
    struct input in;

    while (!app->quit) {
        struct pollfd fds[] = {
            {.fd = STDIN_FILENO, .events = POLLIN},
            {.fd = mailbox_fd(app->opt.answers), .events = POLLIN},
            {.fd = term_signal_fd(), .events = POLLIN},
            {.fd = app->opt.events ? mailbox_fd(app->opt.events) : -1, .events = POLLIN},
        };
        draw_when_due(app);
        if (poll(fds, ARRAY_LEN(fds), next_timer_ms(app)) < 0 && errno != EINTR)
            return error_set(err, ERR_INTERNAL, "poll failed: error %d", errno);
        if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
            break; /* the session is gone: finish what is in flight and stop */
        term_clear_signal();
        if (term_should_quit())
            break;
        on_timers(app);
        app_take_answers(app);
        while (term_read(&in)) /* curses buffers keys: drain */
            app_on_input(app, &in);
    }
    return true;
}

static void
start_theme(struct app *app)
{
    struct error err = {0};

    if (app_set_theme(app, app->opt.config->ui.theme, &err))
        return;
    app_toast(app, TOAST_ERROR, "%s. The theme dark is used.", err.text);
    if (!app_set_theme(app, "dark", &err)) {
        theme_plain(&app->theme);
        term_set_theme(&app->theme);
    }
}

/* Times are the business's: people there are called, whatever zone the server is in. */
static void
start_zone(struct app *app)
{
    const char *name = app->opt.config->business.timezone;
    struct error err = {0};

    if (!text_is_blank(name) && !when_set_zone(name, &err))
        app_toast(app, TOAST_WARN, "%s. Times are in this machine's zone.", err.text);
}

static void
close_screens(struct app *app)
{
    for (size_t t = 0; t < APP_TABS; t++)
        while (app->tabs[t].depth > 0)
            close_top(app, &app->tabs[t]);
}

/* Whatever a library prints would land in the middle of the screen: it goes to the log. */
static int
divert_stderr(const char *log_path)
{
    int saved = dup(STDERR_FILENO);
    int fd =
        open(log_path ? log_path : "/dev/null", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0) {
        (void)dup2(fd, STDERR_FILENO);
        (void)close(fd);
    }
    return saved;
}

static void
restore_stderr(int saved)
{
    if (saved < 0)
        return;
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
}

void
ui_choose_locale(void)
{
    term_choose_locale();
}

bool
ui_has_terminal(void)
{
    struct error err;
    return term_is_usable(&err);
}

bool
ui_run(const struct ui_options *options, struct error *err)
{
    struct app *app;
    struct term_options term = {.no_color = options->no_color,
                                .ascii = options->config->ui.ascii,
                                .mouse = options->config->ui.mouse};
    char note[512];
    int saved;
    bool ok;

    assert(options->screens->tab_count <= APP_TABS);
    (void)snprintf(note, sizeof note, "Drafts and campaigns are safe in %s; the log is %s.",
                   options->home, options->log_path ? options->log_path : "not kept");
    term.crash_note = note;
    if (!term_open(&term, err))
        return false;
    saved = divert_stderr(options->log_path);
    app = mem_alloc(sizeof *app);
    app->opt = *options;
    app->slots[STATUS_SLOT].taken = true;
    app->now_s = utime_now_s();
    app->theme_dir = options->config_dir ? path_join(options->config_dir, "themes") : NULL;
    start_zone(app);
    start_theme(app);
    app_go_tab(app, 0);
    ok = loop(app, err);
    close_screens(app);
    query_cancel(options->query, STATUS_SLOT);
    app_release_undo(app);
    term_close();
    restore_stderr(saved);
    prompt_release(&app->prompt);
    edit_release(&app->help.filter);
    edit_release(&app->confirm.typed);
    free(app->theme_dir);
    free(app);
    return ok;
}
