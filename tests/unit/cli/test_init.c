/* canvass init and canvass sync: what they make, and that a second run harms nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/store/replica_state_store.h"
#include "core/store/stores.h"
#include "core/store/suppression_store.h"
#include "temp_folder.h"

struct place {
    char *folder, *config, *home;
    struct cli cli;
    int out, log; /* standard output and error of the test itself */
};

static int
open_place(void **state)
{
    struct place *p = mem_alloc(sizeof *p);
    char folder[TEMP_FOLDER_PATH];
    FILE *nothing = NULL;

    temp_folder_make(folder);
    p->folder = mem_strdup(folder);
    p->config = path_join(folder, "config.yaml");
    p->home = path_join(folder, "state");
    p->cli = (struct cli){.config_path = p->config, .home = p->home, .now_s = 1795424400};
    /* What the commands say is not the test's output. */
    (void)fflush(stdout);
    p->out = dup(STDOUT_FILENO);
    p->log = dup(STDERR_FILENO);
    nothing = fopen("/dev/null", "w");
    if (!nothing || dup2(fileno(nothing), STDOUT_FILENO) < 0 ||
        dup2(fileno(nothing), STDERR_FILENO) < 0)
        return -1;
    *state = p;
    return fclose(nothing);
}

static int
close_place(void **state)
{
    struct place *p = *state;

    (void)fflush(stdout);
    (void)dup2(p->out, STDOUT_FILENO);
    (void)dup2(p->log, STDERR_FILENO);
    (void)close(p->out);
    (void)close(p->log);
    temp_folder_remove(p->folder);
    free(p->folder);
    free(p->config);
    free(p->home);
    free(p);
    return 0;
}

/* Up to three arguments after the command's name. */
static int
run(struct place *p, const char *a, const char *b, const char *c, const char *d)
{
    const char *given[] = {a, b, c, d, NULL};
    char *argv[6] = {0};
    int argc = 0;
    int status;

    for (int i = 0; given[i]; i++)
        argv[argc++] = mem_strdup(given[i]);
    status = cli_find(a)->run(&p->cli, argc, argv);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return status;
}

static char *
content(struct place *p, const char *name)
{
    char *path = path_join(p->folder, name);
    struct buf text = {0};
    struct error err = {0};

    if (!file_read(path, 1u << 30, &text, &err))
        fail_msg("%s", err.text);
    free(path);
    return text.data ? buf_take(&text) : mem_strdup("");
}

static mode_t
mode_of(struct place *p, const char *name)
{
    char *path = path_join(p->folder, name);
    struct stat st = {0};

    assert_int_equal(stat(path, &st), 0);
    free(path);
    return st.st_mode & 0777;
}

static void
known(struct place *p, struct replica_state *state, size_t *opted_out)
{
    struct error err = {0};
    struct db *db = reader_open(p->home, &err);
    struct suppression *list = NULL;

    assert_non_null(db);
    assert_true(replica_state_load(db, state, &err));
    assert_true(suppression_list_load(db, &list, opted_out, &err));
    suppression_list_release(list, *opted_out);
    db_close(db);
}

static void
init__demo_makes_a_world(void **state)
{
    struct place *p = *state;
    struct replica_state replica;
    struct config config = {0};
    struct buf errors = {0};
    struct error err = {0};
    size_t opted_out = 0;

    assert_int_equal(run(p, "init", "--demo", "--customers=400", NULL), EXIT_DONE);
    assert_int_equal(mode_of(p, "relay.token"), 0600);
    assert_int_equal(mode_of(p, "twilio.token"), 0600);
    assert_int_equal(mode_of(p, "main.db"), 0600);
    known(p, &replica, &opted_out);
    assert_int_equal(replica.customers, 400);
    assert_int_equal(replica.generation, 1);
    assert_true(opted_out > 0);
    if (!config_load(p->config, NULL, 0, &config, &errors, &err))
        fail_msg("%s", buf_str(&errors));
    assert_true(config_can_send(&config, &err));
    assert_string_equal(config.business.name, "Harbour Clinic");
    assert_int_equal(strlen(config.sms.account_sid), 34);
    assert_int_equal(strlen(config.relay.token), 32);
    assert_int_equal(config.policy.cap_messages, 3);
    config_release(&config);
    buf_release(&errors);
}

static void
init__a_second_run_harms_nothing(void **state)
{
    static const char *const kept[] = {"config.yaml", "relay.yaml", "relay.token", "twilio.token",
                                       "main.db"};
    struct place *p = *state;
    char *before[ARRAY_LEN(kept)];
    struct replica_state replica;
    size_t first = 0;
    size_t second = 0;

    assert_int_equal(run(p, "init", "--demo", "--customers=300", NULL), EXIT_DONE);
    known(p, &replica, &first);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        before[i] = content(p, kept[i]);
    assert_int_equal(run(p, "init", "--demo", "--customers=900", "--seed=5"), EXIT_DONE);
    assert_int_equal(run(p, "init", NULL, NULL, NULL), EXIT_DONE);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        char *after = content(p, kept[i]);

        assert_string_equal(after, before[i]);
        free(after);
        free(before[i]);
    }
    known(p, &replica, &second);
    assert_int_equal(replica.customers, 300);
    assert_int_equal(second, first);
}

static void
init__finishes_what_was_stopped(void **state)
{
    struct place *p = *state;
    struct replica_state replica;
    size_t opted_out = 0;
    char *path = path_join(p->folder, "main.db");
    char *token;
    char *again;

    assert_int_equal(run(p, "init", "--demo", "--customers=300", NULL), EXIT_DONE);
    assert_int_equal(unlink(path), 0);
    free(path);
    assert_int_equal(unlink(p->config), 0);
    token = content(p, "twilio.token");
    assert_int_equal(run(p, "init", "--demo", "--customers=200", NULL), EXIT_DONE);
    known(p, &replica, &opted_out);
    assert_int_equal(replica.customers, 200);
    again = content(p, "twilio.token");
    assert_string_equal(again, token);
    free(token);
    free(again);
}

static void
init__keeps_a_real_configuration_free_of_the_demo(void **state)
{
    static const char real[] = "business: {name: Real}\nmain_database: {url: \"sqlite:main.db\"}\n";
    struct place *p = *state;
    struct error err = {0};
    char *path = path_join(p->folder, "main.db");
    char *relay = path_join(p->folder, "relay.yaml");

    assert_true(file_write_atomic(p->config, real, sizeof real - 1, 0644, &err));
    assert_int_equal(run(p, "init", "--demo", NULL, NULL), EXIT_REFUSED);
    assert_false(file_exists(path));
    assert_false(file_exists(relay));
    free(path);
    free(relay);
}

static void
init__without_demo_makes_an_example(void **state)
{
    struct place *p = *state;
    struct config config = {0};
    struct buf errors = {0};
    struct error err = {0};
    char *path = path_join(p->folder, "main.db");

    assert_int_equal(run(p, "init", NULL, NULL, NULL), EXIT_DONE);
    assert_false(file_exists(path));
    if (!config_load(p->config, NULL, 0, &config, &errors, &err))
        fail_msg("%s", buf_str(&errors));
    assert_string_equal(config.business.name, "");
    assert_int_equal(run(p, "sync", NULL, NULL, NULL), EXIT_NOTHING); /* no such database */
    config_release(&config);
    buf_release(&errors);
    free(path);
}

static void
init__refuses_what_makes_no_sense(void **state)
{
    static const char *const bad[] = {"--customers=0",
                                      "--customers=-5",
                                      "--customers=x",
                                      "--customers=1e3",
                                      "--customers=99999999999999999999",
                                      "--seed=-1",
                                      "--seed=",
                                      "--sead=1"};
    struct place *p = *state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(run(p, "init", "--demo", bad[i], NULL), EXIT_USAGE);
    assert_int_equal(run(p, "init", "--customers=5", NULL, NULL), EXIT_USAGE);
    assert_int_equal(run(p, "init", "there", NULL, NULL), EXIT_USAGE);
    assert_false(file_exists(p->config));
}

static void
sync__needs_a_configuration(void **state)
{
    struct place *p = *state;

    assert_int_equal(run(p, "sync", NULL, NULL, NULL), EXIT_NOTHING);
    assert_int_equal(run(p, "init", "--demo", "--customers=50", NULL), EXIT_DONE);
    assert_int_equal(run(p, "sync", NULL, NULL, NULL), EXIT_DONE);
    p->cli.json = true;
    assert_int_equal(run(p, "sync", "--full", NULL, NULL), EXIT_DONE);
    assert_int_equal(run(p, "sync", "--ful", NULL, NULL), EXIT_USAGE);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, open_place, close_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(init__demo_makes_a_world),
        IN_PLACE(init__a_second_run_harms_nothing),
        IN_PLACE(init__finishes_what_was_stopped),
        IN_PLACE(init__keeps_a_real_configuration_free_of_the_demo),
        IN_PLACE(init__without_demo_makes_an_example),
        IN_PLACE(init__refuses_what_makes_no_sense),
        IN_PLACE(sync__needs_a_configuration),
    };

    return cmocka_run_group_tests_name("init and sync", tests, NULL, NULL);
}
