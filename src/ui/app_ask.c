/* Questions to the query thread, commands to the engine thread, and their answers. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "ui/app_internal.h"

#include <assert.h>

#define SPINNER_AFTER_MS 150
#define AFTER_KEY_MS 500
/* What changes by itself is drawn twice a second for who works, and once for who only watches. */
#define WORKING_MS 3000
#define WATCHING_EVERY_MS 900 /* every second answer of the status */

int
app_slot(struct app *app)
{
    for (int i = STATUS_SLOT + 1; i < QUERY_SLOTS; i++)
        if (!app->slots[i].taken) {
            app->slots[i] = (struct slot){.taken = true};
            return i;
        }
    assert(false && "enough slots for every screen that can be open");
    return -1;
}

void
app_slot_release(struct app *app, int slot)
{
    query_cancel(app->opt.query, slot);
    app->slots[slot] = (struct slot){0};
}

void
app_cancel(struct app *app, int slot)
{
    if (!app->slots[slot].busy)
        return;
    query_cancel(app->opt.query, slot);
    app->slots[slot].busy = false;
    app->slots[slot].again = false;
}

static void
on_answer(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct app *app = owner;
    struct slot *slot = &app->slots[q->slot];
    bool again = slot->again;

    slot->busy = false;
    slot->again = false;
    if (slot->done)
        slot->done(slot->owner, q, result, err);
    if (utime_mono_ms() - app->input_ms < AFTER_KEY_MS)
        app_dirty(app);
    else
        app_dirty_data(app);
    if (again) {
        struct open_screen *top = app_top(app);
        if (top->screen->refresh)
            top->screen->refresh(app, top->self);
    }
}

void
app_ask(struct app *app, const struct question *q, const char *label)
{
    struct question mine = *q;
    struct slot *slot = &app->slots[q->slot];

    slot->busy = true;
    slot->again = false;
    slot->since_ms = utime_mono_ms();
    slot->label = label;
    slot->done = q->done;
    slot->owner = q->owner;
    mine.done = on_answer;
    mine.owner = app;
    (void)query_ask(app->opt.query, &mine);
}

bool
app_ask_if_free(struct app *app, const struct question *q, const char *label)
{
    if (app->slots[q->slot].busy) {
        app->slots[q->slot].again = true;
        return false;
    }
    app_ask(app, q, label);
    return true;
}

bool
app_is_asking(struct app *app, int slot)
{
    return app->slots[slot].busy;
}

bool
app_busy_label(struct app *app, const char **label, int64_t *since_ms)
{
    int64_t now = utime_mono_ms();

    *label = NULL;
    for (int i = 0; i < QUERY_SLOTS; i++) {
        const struct slot *s = &app->slots[i];
        if (s->busy && s->label && now - s->since_ms >= SPINNER_AFTER_MS &&
            (!*label || s->since_ms < *since_ms)) {
            *label = s->label;
            *since_ms = s->since_ms;
        }
    }
    return *label != NULL;
}

void
app_cancel_busy(struct app *app)
{
    for (int i = 0; i < QUERY_SLOTS; i++)
        if (app->slots[i].busy && app->slots[i].label) {
            query_cancel(app->opt.query, i);
            app->slots[i].busy = false;
            app->slots[i].again = false;
        }
    app_dirty(app);
}

/* --- the status that every screen shows */

static void *
answer_status(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    struct report_status *status = mem_alloc(sizeof *status);

    (void)arg;
    (void)cancelled;
    if (report_status_load(reader, status, err))
        return status;
    free(status);
    return NULL;
}

static void
refresh_top(struct app *app)
{
    struct open_screen *top = app_top(app);

    if (top->screen->refresh)
        top->screen->refresh(app, top->self);
}

static bool
may_refresh(const struct app *app, int64_t now_ms)
{
    return now_ms - app->input_ms < WORKING_MS || now_ms - app->refreshed_ms >= WATCHING_EVERY_MS;
}

static void
got_status(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct app *app = owner;
    const struct report_status *status = result;
    const int64_t now_ms = utime_mono_ms();

    (void)q;
    if (!status) {
        if (err->code != ERR_RETRY)
            app_toast_error(app, err);
        return;
    }
    if (app->have_status && (status->version != app->status.version ||
                             status->replica_synced_s != app->status.replica_synced_s))
        app->is_behind = true;
    app->status = *status;
    app->have_status = true;
    if (app->is_behind && may_refresh(app, now_ms)) {
        app->is_behind = false;
        app->refreshed_ms = now_ms;
        refresh_top(app);
    }
}

void
app_ask_status(struct app *app)
{
    struct question q = {.slot = STATUS_SLOT,
                         .answer = answer_status,
                         .free_result = free,
                         .done = got_status,
                         .owner = app};

    if (app->slots[STATUS_SLOT].busy)
        return;
    app->status_asked_ms = utime_mono_ms();
    app_ask(app, &q, NULL);
}

/* --- commands */

struct pending {
    struct app *app;
    struct app_command cmd, undo;
    bool has_undo;
    uint64_t serial;
};

static void
release_command(struct app_command *cmd)
{
    if (cmd->free_arg)
        cmd->free_arg(cmd->arg);
    *cmd = (struct app_command){0};
}

static void
free_pending(void *arg)
{
    struct pending *p = arg;

    release_command(&p->cmd);
    if (p->has_undo)
        release_command(&p->undo);
    free(p);
}

static bool
run_pending(struct db *ledger, struct db *reader, const struct config *config, void *arg,
            struct error *err)
{
    struct pending *p = arg;
    return p->cmd.run(ledger, reader, config, p->cmd.arg, err);
}

void
app_release_undo(struct app *app)
{
    if (app->have_undo)
        release_command(&app->undo);
    app->have_undo = false;
}

static void
add_ok_toast(struct app *app, struct pending *p)
{
    if (!p->cmd.ok_text[0])
        return;
    app_release_undo(app);
    if (p->has_undo) {
        app->undo = p->undo;
        app->have_undo = true;
        p->has_undo = false;
    }
    toast_add(&app->toasts, TOAST_OK, p->cmd.ok_text, app->have_undo, app->now_s, utime_mono_ms());
}

static void
pending_done(void *owner, const struct engine_command *cmd, bool ok, const struct error *err)
{
    struct pending *p = cmd->arg;
    struct app *app = owner;

    if (ok)
        add_ok_toast(app, p);
    else
        app_toast_error(app, err);
    if (p->cmd.then && app_screen_is_open(app, p->serial))
        p->cmd.then(app, p->cmd.self, p->cmd.arg, ok);
    app_ask_status(app);
    refresh_top(app);
    app_dirty(app);
}

static void
post(struct app *app, const struct app_command *cmd, const struct app_command *undo)
{
    struct pending *p = mem_alloc(sizeof *p);
    struct engine_command out = {
        .run = run_pending, .arg = p, .free_arg = free_pending, .done = pending_done, .owner = app};

    p->app = app;
    p->cmd = *cmd;
    p->serial = app_top(app)->serial;
    if (undo) {
        p->undo = *undo;
        p->has_undo = true;
    }
    if (app->opt.engine) {
        engine_do(app->opt.engine, &out);
        return;
    }
    app_toast(app, TOAST_ERROR, "This console only looks: it was started without an engine.");
    free_pending(p);
}

void
app_do(struct app *app, const struct app_command *cmd)
{
    post(app, cmd, NULL);
}

void
app_do_undoable(struct app *app, const struct app_command *cmd, const struct app_command *undo)
{
    post(app, cmd, undo);
}

void
app_undo(struct app *app)
{
    struct app_command undo = app->undo;

    if (!app->have_undo || !app->toasts.can_undo) {
        app_message(app, ROLE_DIM, "Nothing to undo.");
        return;
    }
    app->have_undo = false;
    app->toasts.can_undo = false;
    app->toasts.showing = false;
    app_do(app, &undo);
}

void
app_take_answers(struct app *app)
{
    void *item;

    mailbox_clear_wake(app->opt.answers); /* before taking, or a wake-up is lost */
    while ((item = mailbox_take(app->opt.answers)) != NULL)
        query_deliver(app->opt.query, item);
    if (!app->opt.events)
        return;
    mailbox_clear_wake(app->opt.events);
    while ((item = mailbox_take(app->opt.events)) != NULL)
        engine_deliver(item);
}
