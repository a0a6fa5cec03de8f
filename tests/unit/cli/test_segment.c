/* canvass segment: the shapes of its JSON, its exit codes, and what it says of bad input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "core/base/cc.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/store/stores.h"
#include "temp_folder.h"

enum { NOW = 1795424400, WORDS_MAX = 12 };

struct place {
    char *folder, *home, *out, *log, *criteria, *yaml;
    struct cli cli;
};

static const char SQL_REPLICA[] =
    "INSERT INTO replica.state (id, generation, synced_at, source, country, customers) "
    " VALUES (1, 5, 1795424000, 'sqlite:x', 'US', 3);"
    "INSERT INTO replica.customer (id, key, name, phone, phone_e164, is_new_client, last_contact) "
    " VALUES (1, 9, 'Zoë', '+1 310 555 0109', '+13105550109', 0, 1795000000),"
    " (2, 10, NULL, '+1 310 555 0109', '+13105550109', 1, NULL),"
    " (3, 'b-7', 'Bo', NULL, NULL, 0, NULL);"
    "INSERT INTO replica.conversation (key, customer_id, channel, at) VALUES "
    " ('c', 1, 'sms', 1795000000);";

static int
open_place(void **state)
{
    struct place *p = mem_alloc(sizeof *p);
    char folder[TEMP_FOLDER_PATH];
    struct error err = {0};
    struct db *ledger;
    struct db *replica;
    bool ok;

    temp_folder_make(folder);
    p->folder = mem_strdup(folder);
    p->home = path_join(folder, "state");
    p->out = path_join(folder, "out");
    p->log = path_join(folder, "log");
    p->criteria = path_join(folder, "criteria.json");
    p->yaml = path_join(folder, "criteria.yaml");
    p->cli = (struct cli){.config_path = mem_printf("%s/none.yaml", folder),
                          .home = p->home,
                          .json = true,
                          .now_s = NOW};
    ledger = ledger_open(p->home, &err);
    replica = replica_open_writer(p->home, &err);
    ok = ledger && replica && db_exec(replica, SQL_REPLICA, &err);
    if (!ok)
        print_error("%s\n", err.text);
    db_close(ledger);
    db_close(replica);
    *state = p;
    return ok ? 0 : -1;
}

static int
close_place(void **state)
{
    struct place *p = *state;

    temp_folder_remove(p->folder);
    free((char *)(uintptr_t)p->cli.config_path);
    free(p->folder);
    free(p->home);
    free(p->out);
    free(p->log);
    free(p->criteria);
    free(p->yaml);
    free(p);
    return 0;
}

static int
redirect(int fd, const char *path)
{
    int kept = dup(fd);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    (void)fflush(NULL);
    assert_true(dup2(fileno(file), fd) >= 0);
    (void)fclose(file);
    return kept;
}

static void
restore(int fd, int kept)
{
    (void)fflush(NULL);
    assert_true(dup2(kept, fd) >= 0);
    (void)close(kept);
}

/* Runs "count --template X" and the like; words are parted by blanks. */
static int
run(struct place *p, const char *line)
{
    char *text = mem_printf("segment %s", line);
    char *words[WORDS_MAX] = {0};
    char *at = text;
    int count = 0;
    int out;
    int log;
    int status;

    while (at && count < WORDS_MAX) {
        words[count++] = at;
        at = strchr(at, ' ');
        if (at)
            *at++ = '\0';
    }
    out = redirect(STDOUT_FILENO, p->out);
    log = redirect(STDERR_FILENO, p->log);
    status = cli_find("segment")->run(&p->cli, count, words);
    restore(STDOUT_FILENO, out);
    restore(STDERR_FILENO, log);
    free(text);
    return status;
}

static json_t *
read_json(const char *path)
{
    json_error_t where;
    json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, &where);

    if (!document)
        fail_msg("%s: %s", path, where.text);
    return document;
}

static void
write_text(const char *path, const char *text)
{
    struct error err = {0};

    assert_true(file_write_atomic(path, text, strlen(text), 0600, &err));
}

/* Standard output is exactly this document; elapsed_ms apart. */
static void
prints(struct place *p, const char *line, const char *expected)
{
    json_t *want = json_loads(expected, 0, NULL);
    json_t *got;
    int status = run(p, line);

    assert_non_null(want);
    if (status != EXIT_DONE)
        fail_msg("%s: exit %d", line, status);
    got = read_json(p->out);
    if (json_object_get(got, "elapsed_ms")) {
        assert_true(json_is_real(json_object_get(got, "elapsed_ms")));
        assert_true(json_real_value(json_object_get(got, "elapsed_ms")) > 0);
        (void)json_object_del(got, "elapsed_ms");
    }
    if (!json_equal(want, got)) {
        char *text = json_dumps(got, JSON_COMPACT);

        fail_msg("%s\n  expected %s\n  got      %s", line, expected, text);
    }
    json_decref(want);
    json_decref(got);
}

static void
fails(struct place *p, const char *line, int status, const char *code, const char *path)
{
    json_t *got;
    json_t *error;
    json_t *at;

    if (run(p, line) != status)
        fail_msg("%s: not exit %d", line, status);
    got = read_json(p->log);
    error = json_object_get(got, "error");
    at = json_object_get(error, "path");
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    assert_true(json_string_length(json_object_get(error, "message")) > 0);
    if (path)
        assert_string_equal(json_string_value(at), path);
    else
        assert_null(at);
    json_decref(got);
}

#define AGE                                                                                        \
    "\"as_of\":\"2026-11-23T09:00:00Z\",\"synced_at\":\"2026-11-23T08:53:20Z\","                   \
    "\"replica_generation\":5"

static void
answers_have_the_shapes_that_scripts_rely_on(void **state)
{
    struct place *p = *state;
    char *line = mem_printf("count --criteria %s --channel sms", p->criteria);
    char *ids = mem_printf("ids --criteria %s", p->yaml);
    char *sample = mem_printf("sample --limit 1 --channel sms --criteria %s", p->criteria);

    write_text(p->criteria, "{}");
    write_text(p->yaml, "last_contact: {never: true}\n");
    prints(p, line,
           "{\"matched\":3,\"reach\":{\"channel\":\"sms\",\"reachable\":1,\"no_address\":1,"
           "\"opted_out\":0,\"capped\":0,\"duplicate_address\":1},\"warnings\":[]," AGE "}");
    prints(p, ids, "{\"matched\":2,\"ids\":[10,\"b-7\"]," AGE "}");
    prints(p, sample,
           "{\"people\":[{\"customer_id\":9,\"name\":\"Zoë\",\"phone\":\"+1 310 555 0109\","
           "\"email\":null,\"last_contact\":\"2026-11-18T11:06:40Z\",\"last_visit\":null,"
           "\"last_appointment\":null,\"last_appointment_status\":null,\"reach\":\"reachable\"}],"
           "\"seed\":0," AGE "}");
    prints(p, "count --template inactive_customers",
           "{\"matched\":0,\"reach\":null,\"warnings\":[]," AGE "}"); /* empty is an answer */
    free(line);
    free(ids);
    free(sample);
}

static void
explain_and_why_tell_the_truth_of_every_leaf(void **state)
{
    struct place *p = *state;
    char *explain = mem_printf("explain --criteria %s", p->criteria);
    char *why = mem_printf("why 9 --criteria %s", p->criteria);
    char *nobody = mem_printf("why 77 --criteria %s", p->criteria);

    write_text(p->criteria, "{\"all\":[{\"channel\":\"smss\"},{\"appointment_count\":0}]}");
    prints(p, explain,
           "{\"sentence\":\"Customers for whom there is at least one conversation with channel "
           "smss, and the number of appointments is 0. (Seen from 2026-11-23T09:00:00Z.)\","
           "\"criteria\":{\"all\":[{\"channel\":\"smss\"},{\"appointment_count\":0}]},"
           "\"warnings\":[\"/all/0/channel: no conversation has the channel \\\"smss\\\"; did you "
           "mean \\\"sms\\\"?\"]," AGE "}");
    prints(
        p, why,
        "{\"customer_id\":9,\"in_segment\":false,\"reasons\":["
        "{\"path\":\"/all/0/channel\",\"sentence\":\"there is at least one conversation with "
        "channel smss\",\"holds\":false,\"fact\":\"0 of 1 conversations match\"},"
        "{\"path\":\"/all/1/appointment_count\",\"sentence\":\"the number of appointments is 0\","
        "\"holds\":true,\"fact\":\"0 appointments\"}]," AGE "}");
    fails(p, nobody, EXIT_NOTHING, "not_found", NULL);
    free(explain);
    free(why);
    free(nobody);
}

static void
saved_segments_come_and_go(void **state)
{
    struct place *p = *state;
    char *save = mem_printf("save mine --criteria %s", p->criteria);

    write_text(p->criteria, "{\"customer\":{\"is_new_client\":true}}");
    prints(p, "list", "{\"segments\":[]}");
    prints(p, save, "{\"name\":\"mine\"}");
    prints(p, "list",
           "{\"segments\":[{\"name\":\"mine\",\"criteria\":{\"customer\":"
           "{\"is_new_client\":true}},\"updated_at\":\"2026-11-23T09:00:00Z\"}]}");
    prints(p, "ids --saved mine", "{\"matched\":1,\"ids\":[10]," AGE "}");
    prints(p, "delete mine", "{\"name\":\"mine\",\"deleted\":true}");
    fails(p, "delete mine", EXIT_NOTHING, "not_found", NULL);
    fails(p, "count --saved mine", EXIT_NOTHING, "not_found", NULL);
    free(save);
}

static void
bad_input_is_refused_with_its_place(void **state)
{
    struct place *p = *state;
    char *count = mem_printf("count --criteria %s", p->criteria);
    char *yaml = mem_printf("count --criteria %s", p->yaml);
    char *two = mem_printf("count --template inactive_customers --criteria %s", p->criteria);

    write_text(p->criteria, "{\"all\":[{},{\"last_contact\":{\"older_than_day\":7}}]}");
    fails(p, count, EXIT_USAGE, "invalid", "/all/1/last_contact/older_than_day");
    fails(p, two, EXIT_USAGE, "invalid", NULL);
    write_text(p->criteria, "{\"all\":[");
    fails(p, count, EXIT_USAGE, "invalid", "1:9");
    write_text(p->yaml, "all:\n  - channel: sms\n    channel: sms\n");
    fails(p, yaml, EXIT_USAGE, "invalid", "/all/0/channel");
    write_text(p->yaml, "all: [\n");
    fails(p, yaml, EXIT_USAGE, "invalid", "2:1");
    fails(p, "count --template inactive_custmers", EXIT_NOTHING, "not_found", NULL);
    fails(p, "count", EXIT_USAGE, "invalid", NULL);
    fails(p, "cuont", EXIT_USAGE, "invalid", NULL);
    fails(p, "list --template inactive_customers", EXIT_USAGE, "invalid", NULL);
    fails(p, "why --template inactive_customers", EXIT_USAGE, "invalid", NULL);
    fails(p, "count 7 --template inactive_customers", EXIT_USAGE, "invalid", NULL);
    fails(p, "count --template inactive_customers --channel fax", EXIT_USAGE, "invalid", NULL);
    fails(p, "sample --template inactive_customers --limit 0", EXIT_USAGE, "invalid", NULL);
    fails(p, "sample --template inactive_customers --seed x", EXIT_USAGE, "invalid", NULL);
    free(count);
    free(yaml);
    free(two);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_have_the_shapes_that_scripts_rely_on, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(explain_and_why_tell_the_truth_of_every_leaf, open_place,
                                        close_place),
        cmocka_unit_test_setup_teardown(saved_segments_come_and_go, open_place, close_place),
        cmocka_unit_test_setup_teardown(bad_input_is_refused_with_its_place, open_place,
                                        close_place),
    };

    return cmocka_run_group_tests_name("cli segment", tests, NULL, NULL);
}
