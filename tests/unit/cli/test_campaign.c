/* canvass campaign: exit codes, JSON shapes, places of mistakes in files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/campaign/world.h"

struct stage {
    struct world w;
    struct cli cli;
    char *config, *token, *yaml, *json, *out;
    struct buf said; /* standard output and error of the last command */
};

static const char config_text[] =
    "business: {name: Harbour Clinic, country: US, phone: \"+13105550100\"}\n"
    "sms: {account_sid: AC00000000000000000000000000000000, from: \"+13105550100\", "
    "auth_token_file: token}\n";

static int
open_stage(void **state)
{
    struct stage *s = mem_alloc(sizeof *s);
    struct error err = {0};

    world_open_folder(&s->w);
    s->config = mem_printf("%s/config.yaml", s->w.home);
    s->token = mem_printf("%s/token", s->w.home);
    s->yaml = mem_printf("%s/c.yaml", s->w.home);
    s->json = mem_printf("%s/c.json", s->w.home);
    s->out = mem_printf("%s/out", s->w.home);
    assert_true(file_write_atomic(s->config, config_text, strlen(config_text), 0600, &err));
    assert_true(file_write_atomic(s->token, "secret\n", 7, 0600, &err));
    s->cli =
        (struct cli){.config_path = s->config, .home = s->w.home, .json = true, .now_s = WORLD_NOW};
    *state = s;
    return 0;
}

static int
close_stage(void **state)
{
    struct stage *s = *state;
    char *const paths[] = {s->config, s->token, s->yaml, s->json, s->out};

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        (void)unlink(paths[i]);
        free(paths[i]);
    }
    world_close(&s->w);
    buf_release(&s->said);
    free(s);
    return 0;
}

static int
run(struct stage *s, const char *const *words)
{
    struct error err = {0};
    char *argv[12];
    int argc = 0;
    int out = open(s->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int old_out = dup(STDOUT_FILENO);
    int old_err = dup(STDERR_FILENO);
    int code;

    for (; words[argc]; argc++)
        argv[argc] = mem_strdup(words[argc]);
    argv[argc] = NULL;
    (void)fflush(stdout);
    assert_true(out >= 0 && dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0);
    code = cli_campaign.run(&s->cli, argc, argv);
    (void)fflush(stdout);
    assert_true(dup2(old_out, STDOUT_FILENO) >= 0 && dup2(old_err, STDERR_FILENO) >= 0);
    (void)close(out);
    (void)close(old_out);
    (void)close(old_err);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    buf_clear(&s->said);
    assert_true(file_read(s->out, 1 << 20, &s->said, &err));
    return code;
}

#define RUN(s, ...) run(s, (const char *const[]){"campaign", __VA_ARGS__, NULL})

static void
expect(struct stage *s, int code, int expected, const char *says)
{
    if (code != expected || !strstr(buf_str(&s->said), says))
        fail_msg("exit %d, not %d with \"%s\": %s", code, expected, says, buf_str(&s->said));
}

static json_t *
said_json(struct stage *s)
{
    json_t *document = json_loadb(s->said.data, s->said.len, 0, NULL);

    if (!document)
        fail_msg("no JSON: %s", buf_str(&s->said));
    return document;
}

static void
write_file(const char *path, const char *text)
{
    struct error err = {0};

    assert_true(file_write_atomic(path, text, strlen(text), 0600, &err));
}

static const char good[] = "name: Autumn\n"
                           "type: outbound_sales\n"
                           "segment: {criteria: {appointment_count: 1}}\n"
                           "agent: {template: reactivation_campaign}\n"
                           "message:\n"
                           "  - {text: \"Hi {first_name|there}. Reply STOP to end.\"}\n"
                           "  - {text: \"Hello. Reply STOP to end.\"}\n";

static void
from_file_to_recipients(void **state)
{
    struct stage *s = *state;
    json_t *document;
    const char *text;

    world_add_customers(&s->w, 7);
    write_file(s->yaml, good);
    expect(s, RUN(s, "create", "-f", s->yaml), EXIT_DONE, "\"id\": 1");
    expect(s, RUN(s, "launch", "1"), EXIT_USAGE, "--confirm 7 launches it");
    expect(s, RUN(s, "launch", "1", "--confirm", "8"), EXIT_REFUSED, "\"conflict\"");
    expect(s, RUN(s, "launch", "1", "--confirm", "x"), EXIT_USAGE, "number of people");
    expect(s, RUN(s, "launch", "1", "--confirm", "7"), EXIT_DONE, "\"targeted\": 7");
    document = said_json(s);
    assert_int_equal(json_array_size(json_object_get(document, "variants")), 2);
    json_decref(document);
    expect(s, RUN(s, "launch", "1", "--confirm", "7"), EXIT_REFUSED, "launched again");
    expect(s, RUN(s, "edit", "1", "-f", s->yaml), EXIT_REFUSED, "cannot be edited");
    expect(s, RUN(s, "delete", "1"), EXIT_REFUSED, "cannot be deleted");
    expect(s, RUN(s, "resume", "1"), EXIT_REFUSED, "cannot be resumed");
    expect(s, RUN(s, "pause", "1", "--reason", "lunch"), EXIT_DONE, "\"pause_reason\": \"lunch\"");
    expect(s, RUN(s, "resume", "1"), EXIT_DONE, "\"status\": \"active\"");
    expect(s, RUN(s, "show", "1"), EXIT_DONE, "no engine runs");

    expect(s, RUN(s, "stats", "1"), EXIT_DONE, "\"opted_out\": 0");
    document = said_json(s);
    assert_int_equal(json_object_size(json_object_get(document, "states")), DELIVERY_STATE_COUNT);
    assert_true(json_is_object(json_object_get(document, "outcomes")));
    assert_true(json_is_object(json_object_get(document, "sentiments")));
    assert_int_equal(json_integer_value(json_object_get(
                         json_array_get(json_object_get(document, "variants"), 0), "planned")),
                     4);
    json_decref(document);

    expect(s, RUN(s, "recipients", "1", "--state", "queued"), EXIT_DONE, "\"recipients\"");
    document = said_json(s);
    assert_int_equal(json_array_size(json_object_get(document, "recipients")), 7);
    text = json_string_value(
        json_object_get(json_array_get(json_object_get(document, "recipients"), 0), "address"));
    assert_string_equal(text, "+13105550001");
    json_decref(document);
    expect(s, RUN(s, "recipients", "1", "--state", "failed"), EXIT_DONE, "{\"recipients\":[]}");
    expect(s, RUN(s, "recipients", "1", "--state", "nope"), EXIT_USAGE, "is no state");
    expect(s, RUN(s, "complete", "1"), EXIT_DONE, "\"skipped\": 7");
    expect(s, RUN(s, "clone", "1"), EXIT_DONE, "\"id\": 2");
    expect(s, RUN(s, "delete", "1"), EXIT_DONE, "\"deleted\": true");
    expect(s, RUN(s, "show", "1"), EXIT_NOTHING, "\"not_found\"");
    expect(s, RUN(s, "list"), EXIT_DONE, "Autumn (copy)");
}

static void
mistakes_in_files_have_a_place(void **state)
{
    struct stage *s = *state;
    char place[200];

    write_file(s->yaml, "name: x\ntype: research\nsegment: {criteria: {}}\n"
                        "message:\n  - text: \"Hi {frist_name}\"\n");
    expect(s, RUN(s, "create", "-f", s->yaml), EXIT_USAGE, "\"path\":\"/message/0/text\"");
    (void)snprintf(place, sizeof place, "%s:5:5: ", s->yaml);
    expect(s, EXIT_DONE, EXIT_DONE, place);
    s->cli.json = false;
    (void)snprintf(place, sizeof place, "canvass: %s:5:5: /message/0/text: unknown", s->yaml);
    expect(s, RUN(s, "create", "-f", s->yaml), EXIT_USAGE, place);
    write_file(s->json, "{\"name\": \"x\",\n \"type\": \"reserch\"}");
    (void)snprintf(place, sizeof place, "%s:2:2: /type: ", s->json);
    expect(s, RUN(s, "create", "-f", s->json), EXIT_USAGE, place);
    write_file(s->json, "{\"name\": \"x\",\n \"name\": \"y\"}");
    expect(s, RUN(s, "create", "-f", s->json), EXIT_USAGE, "duplicate");
    write_file(s->json, "{\"name\": ");
    expect(s, RUN(s, "create", "-f", s->json), EXIT_USAGE, s->json);
    write_file(s->yaml, "name: x\nname: y\n");
    expect(s, RUN(s, "create", "-f", s->yaml), EXIT_USAGE, ":2:");
    write_file(s->yaml, "");
    expect(s, RUN(s, "create", "-f", s->yaml), EXIT_USAGE, "empty");
    write_file(s->yaml, "name: \"\xFF\"\n");
    expect(s, RUN(s, "create", "-f", s->yaml), EXIT_USAGE, s->yaml);
    expect(s, RUN(s, "create", "-f", "/nonexistent/c.yaml"), EXIT_NOTHING, "/nonexistent");
    assert_int_equal(sql_number(s->w.ledger, "SELECT count(*) FROM campaign"), 0);
}

static void
a_refused_launch_says_what_stops_it(void **state)
{
    struct stage *s = *state;

    write_file(s->yaml, good);
    expect(s, RUN(s, "create", "-f", s->yaml), EXIT_DONE, "\"id\": 1");
    expect(s, RUN(s, "launch", "1"), EXIT_REFUSED,
           "nothing was launched: customers were never synced");
    s->cli.json = false;
    expect(s, RUN(s, "launch", "1"), EXIT_REFUSED, "STOP  customers were never synced");
    assert_int_equal(sql_number(s->w.ledger, "SELECT count(*) FROM delivery"), 0);
}

static void
wrong_arguments_are_usage(void **state)
{
    struct stage *s = *state;

    expect(s, RUN(s, "lanch", "1"), EXIT_USAGE, "did you mean launch?");
    expect(s, RUN(s, "show"), EXIT_USAGE, "needs the ID");
    expect(s, RUN(s, "show", "x"), EXIT_USAGE, "is not the ID");
    expect(s, RUN(s, "show", "0"), EXIT_USAGE, "is not the ID");
    expect(s, RUN(s, "create"), EXIT_USAGE, "needs -f FILE");
    expect(s, RUN(s, "list", "--confirm", "1"), EXIT_USAGE, "unknown option");
    expect(s, RUN(s, "list", "--status", "dead"), EXIT_USAGE, "is no status");
    expect(s, RUN(s, "launch", "9", "--confirm", "1"), EXIT_NOTHING, "there is no campaign 9");
    expect(s, RUN(s, "recipients", "9"), EXIT_NOTHING, "there is no campaign 9");
    expect(s, RUN(s, "template"), EXIT_USAGE, "say what to do");
    expect(s, RUN(s, "template", "show", "referal_request"), EXIT_NOTHING,
           "did you mean referral_request?");
    expect(s, RUN(s, "template", "list", "--type", "research"), EXIT_DONE, "feedback_request");
    assert_null(strstr(buf_str(&s->said), "referral_request"));
    expect(s, RUN(s, "template", "list", "--type", "x"), EXIT_USAGE, "is no type");
}

#define ON_STAGE(f) cmocka_unit_test_setup_teardown(f, open_stage, close_stage)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STAGE(from_file_to_recipients),
        ON_STAGE(mistakes_in_files_have_a_place),
        ON_STAGE(a_refused_launch_says_what_stops_it),
        ON_STAGE(wrong_arguments_are_usage),
    };

    return cmocka_run_group_tests_name("campaign command", tests, NULL, NULL);
}
