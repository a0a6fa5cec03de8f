/* The event loop: waits for keys, answers and timers, draws what is due. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    if (app->stuck)
        return at > now ? (int)(at - now) : 0;
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
    enum term_flushed flushed;

    if (!for_keys && !for_data)
        return;
    app_draw(app);
    flushed = term_flush();
    app->stuck = flushed == TERM_STUCK;
    if (app->stuck)
        return;
    if (for_keys && flushed == TERM_SENT)
        app->drawn_ms = now; /* a frame of data, or of nothing, does not hold up the next key */
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
            {.fd = -1, .events = POLLOUT},
            {.fd = app->opt.events ? mailbox_fd(app->opt.events) : -1, .events = POLLIN},
        };
        draw_when_due(app);
        if (app->stuck)
            fds[3].fd = STDOUT_FILENO;
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
    app->general_keys = app_general_keys;
    app->slots[STATUS_SLOT].taken = true;
    app->now_s = utime_now_s();
    app->theme_dir = options->config_dir ? path_join(options->config_dir, "themes") : NULL;
    start_zone(app);
    start_theme(app);
    app_go_tab(app, 0);
    ok = loop(app, err);
    app_close_screens(app);
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
