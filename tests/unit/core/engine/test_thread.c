/* The engine on a thread of its own: commands, status, an orderly end. Also run under TSan. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/engine/engine_world.h"

static struct mailbox *events;

static struct engine *
start(struct engine_world *w, bool has_net)
{
    struct engine_options options = {
        .home = w->home,
        .config = &w->config,
        .has_net = has_net,
        .no_net_reason = "no account is set up",
        .now_ms = has_net ? fake_now_ms : NULL,
    };
    struct error err = {0};
    struct engine *e;

    events = mailbox_new(engine_free_event, &err);
    options.events = events;
    if (has_net)
        fake_net_open(w->fake, &options.net);
    e = engine_start(&options, &err);
    if (!e)
        fail_msg("%s", err.text);
    return e;
}

static void
end(struct engine *e)
{
    engine_stop(e);
    mailbox_free(events);
}

static bool
pause_all(struct db *ledger, struct db *reader, const struct config *config, void *arg,
          struct error *err)
{
    (void)reader;
    (void)config;
    return strcmp(arg, "fail") == 0 ? db_begin(ledger, err) && error_set(err, ERR_CONFLICT, "no")
                                    : db_exec(ledger, "UPDATE campaign SET status = 'paused'", err);
}

struct seen {
    int done, ok;
};

static void
on_done(void *owner, const struct engine_command *cmd, bool ok, const struct error *err)
{
    struct seen *seen = owner;

    (void)cmd;
    seen->done++;
    seen->ok += ok ? 1 : 0;
    assert_true(ok || err->code == ERR_CONFLICT);
}

static void
ask(struct engine *e, const char *what, struct seen *seen)
{
    const struct engine_command cmd = {pause_all, mem_strdup(what), free, on_done, seen};

    engine_do(e, &cmd);
}

static void
await_event(void)
{
    struct pollfd fd = {.fd = mailbox_fd(events), .events = POLLIN};
    void *item;

    mailbox_clear_wake(events);
    while ((item = mailbox_take(events)) == NULL) {
        assert_true(poll(&fd, 1, 20000) > 0);
        mailbox_clear_wake(events);
    }
    engine_deliver(item);
}

static void
commands_run_on_its_thread_and_their_ends_come_back(void **state)
{
    struct engine_world *w = *state;
    struct seen seen = {0};
    struct engine *e;
    struct engine_status status;

    engine_world_campaign(w, 1, 1, 20);
    e = start(w, true);
    ask(e, "fail", &seen);
    await_event();
    assert_int_equal(seen.done, 1);
    assert_int_equal(seen.ok, 0);
    ask(e, "pause", &seen);
    await_event();
    assert_int_equal(seen.ok, 1);
    for (int i = 0; i < 1000; i++)
        engine_status(e, &status);
    end(e);
    /* Stopped in order: nothing is under way, nothing in doubt, the lease is given back. */
    assert_int_equal(engine_world_number(w,
                                         "SELECT count(*) FROM delivery WHERE state IN ('sending', "
                                         "'in_doubt')"),
                     0);
    assert_int_equal(engine_world_number(w, "SELECT n_accepted FROM campaign"),
                     w->fake->sent_count);
    assert_int_equal(engine_world_number(w, "SELECT count(*) FROM lease WHERE holder = ''"), 1);
}

static void
without_a_network_commands_still_run(void **state)
{
    struct engine_world *w = *state;
    struct seen seen = {0};
    struct engine_status status;
    struct engine *e;

    engine_world_campaign(w, 1, 1, 5);
    e = start(w, false);
    ask(e, "pause", &seen);
    await_event();
    assert_int_equal(seen.ok, 1);
    do
        engine_status(e, &status);
    while (status.note[0] == '\0');
    assert_false(status.holds_lease);
    assert_string_equal(status.note, "no account is set up");
    end(e);
    assert_int_equal(w->fake->calls, 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, engine_world_open, engine_world_close)
    const struct CMUnitTest tests[] = {
        T(commands_run_on_its_thread_and_their_ends_come_back),
        T(without_a_network_commands_still_run),
    };

    return cmocka_run_group_tests_name("engine thread", tests, NULL, NULL);
}
