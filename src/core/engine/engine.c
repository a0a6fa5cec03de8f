#include "core/engine/engine.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/engine/turn.h"

enum {
    FINISH_EXTRA_MS = 2000, /* beyond the provider's time-out */
    GIVE_UP_LEASE_MS = 5000 /* until_idle: a dead holder's lease has run out by then */
};

struct engine {
    struct loop loop;
    struct mailbox *commands;
    pthread_t thread;
    atomic_bool stop;
};

struct command {
    struct engine_command cmd;
    bool ok;
    struct error err;
};

static void
free_command(void *item)
{
    struct command *c = item;

    if (c->cmd.free_arg)
        c->cmd.free_arg(c->cmd.arg);
    free(c);
}

/* --- the loop, until told to stop */

static void
run_commands(struct engine *e)
{
    struct command *c;

    mailbox_clear_wake(e->commands);
    while ((c = mailbox_take(e->commands)) != NULL) {
        if (!c->cmd.run) { /* engine_stop() only wakes us */
            free_command(c);
            continue;
        }
        c->ok = c->cmd.run(e->loop.ledger, e->loop.reader, e->loop.opt.config, c->cmd.arg, &c->err);
        db_rollback(e->loop.ledger); /* a command that left a transaction open has failed */
        db_rollback(e->loop.reader);
        if (e->loop.opt.events)
            mailbox_post(e->loop.opt.events, c);
        else
            free_command(c);
    }
}

/* What is in flight ends (up to the provider's time-out) and is written down; nothing new. */
static void
finish(struct loop *l)
{
    const int64_t until =
        loop_mono_ms(l) + l->opt.config->sms.timeout_seconds * 1000 + FINISH_EXTRA_MS;

    for (;;) {
        loop_turn(l, true);
        if (!l->opt.has_net || loop_mono_ms(l) >= until)
            return;
        if (l->opt.net.in_flight(l->opt.net.ctx) == 0 && l->result_count == 0)
            return;
        loop_wait(l, -1);
    }
}

static void *
engine_main(void *arg)
{
    struct engine *e = arg;

    while (!atomic_load(&e->stop)) {
        run_commands(e);
        loop_turn(&e->loop, false);
        if (!atomic_load(&e->stop) && mailbox_count(e->commands) == 0)
            loop_wait(&e->loop, mailbox_fd(e->commands));
    }
    run_commands(e);
    finish(&e->loop);
    return NULL;
}

struct engine *
engine_start(const struct engine_options *options, struct error *err)
{
    struct engine *e = mem_alloc(sizeof *e);
    sigset_t all;
    sigset_t before;
    int rc;

    e->commands = mailbox_new(free_command, err);
    if (!e->commands) {
        if (options->has_net)
            options->net.close(options->net.ctx);
        free(e);
        return NULL;
    }
    if (!loop_open(&e->loop, options, false, err)) {
        mailbox_free(e->commands);
        free(e);
        return NULL;
    }
    /* Signals are the main thread's. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&e->thread, NULL, engine_main, e);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        return e;
    loop_close(&e->loop);
    mailbox_free(e->commands);
    free(e);
    error_set(err, ERR_INTERNAL, "cannot start the engine's thread (error %d)", rc);
    return NULL;
}

static void
wake(struct engine *e)
{
    if (e->loop.opt.has_net)
        e->loop.opt.net.wake(e->loop.opt.net.ctx);
}

void
engine_stop(struct engine *e)
{
    if (!e)
        return;
    atomic_store(&e->stop, true);
    wake(e);
    mailbox_post(e->commands, mem_alloc(sizeof(struct command))); /* wakes it without a network */
    (void)pthread_join(e->thread, NULL);
    loop_close(&e->loop);
    mailbox_free(e->commands);
    free(e);
}

void
engine_do(struct engine *e, const struct engine_command *cmd)
{
    struct command *c = mem_alloc(sizeof *c);

    c->cmd = *cmd;
    mailbox_post(e->commands, c);
    wake(e);
}

void
engine_deliver(void *item)
{
    struct command *c = item;

    if (c->cmd.done)
        c->cmd.done(c->cmd.owner, &c->cmd, c->ok, &c->err);
    free_command(c);
}

void
engine_free_event(void *item)
{
    free_command(item);
}

void
engine_status(struct engine *e, struct engine_status *out)
{
    (void)pthread_mutex_lock(&e->loop.lock);
    *out = e->loop.status;
    (void)pthread_mutex_unlock(&e->loop.lock);
}

bool
engine_status_equal(const struct engine_status *a, const struct engine_status *b)
{
    return a->holds_lease == b->holds_lease && a->relay_ok == b->relay_ok &&
           a->relay_contact_s == b->relay_contact_s && a->in_flight == b->in_flight &&
           a->per_second == b->per_second && a->next_due_ms == b->next_due_ms &&
           strcmp(a->other_holder, b->other_holder) == 0 && strcmp(a->note, b->note) == 0;
}

/* --- headless */

static bool
must_end(struct loop *l, bool until_idle, enum engine_end *end)
{
    if (!until_idle)
        return false;
    if (!l->holds && l->opt.has_net) {
        *end = ENGINE_NO_LEASE;
        return loop_mono_ms(l) - l->no_lease_since_ms > GIVE_UP_LEASE_MS;
    }
    *end = ENGINE_IDLE;
    return loop_is_idle(l);
}

bool
engine_run(const struct engine_options *options, bool until_idle, const volatile int *stop,
           struct engine_summary *out, struct error *err)
{
    struct loop l;
    struct engine_left left = {0};
    enum engine_end end = ENGINE_STOPPED;
    char waits_for[sizeof out->waits_for] = "";

    *out = (struct engine_summary){0};
    if (!loop_open(&l, options, until_idle, err))
        return false;
    for (;;) {
        loop_turn(&l, false);
        if (stop && *stop) {
            end = ENGINE_STOPPED;
            break;
        }
        if (must_end(&l, until_idle, &end))
            break;
        loop_wait(&l, -1);
    }
    if (end == ENGINE_IDLE) /* now, while what is in the way is known */
        loop_say_waits(&l, waits_for, sizeof waits_for);
    finish(&l);
    if (end == ENGINE_STOPPED)
        loop_say_waits(&l, waits_for, sizeof waits_for);
    *out = l.sum;
    out->end = end;
    (void)text_copy(out->waits_for, sizeof out->waits_for,
                    end == ENGINE_NO_LEASE ? l.other : waits_for);
    if (end == ENGINE_IDLE && out->waits_for[0])
        out->end = ENGINE_WAITS;
    if (engine_left_load(l.ledger, &left, err))
        out->in_doubt = left.in_doubt;
    loop_close(&l);
    return true;
}
