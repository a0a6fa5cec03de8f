/* canvass suppress and inbox: exit codes, and all of a file or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/campaign/world.h"
#include "core/store/suppression_store.h"

struct stage {
    struct world w;
    struct cli cli;
    char *config, *file;
};

static int
run(struct stage *s, const struct cli_command *command, const char *const *words)
{
    char *argv[12];
    int argc = 0;

    for (; words[argc]; argc++)
        argv[argc] = mem_strdup(words[argc]);
    argv[argc] = NULL;
    int code = command->run(&s->cli, argc, argv);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    (void)fflush(stdout);
    return code;
}

#define RUN(s, command, ...) run(s, command, (const char *const[]){__VA_ARGS__, NULL})

static void
open_stage(struct stage *s)
{
    struct error err = {0};

    *s = (struct stage){0};
    world_open_folder(&s->w);
    s->config = mem_printf("%s/config.yaml", s->w.home);
    s->file = mem_printf("%s/list.csv", s->w.home);
    assert_true(file_write_atomic(s->config, "business: {name: X, country: US}\n", 33, 0600, &err));
    s->cli =
        (struct cli){.config_path = s->config, .home = s->w.home, .json = true, .now_s = WORLD_NOW};
}

static void
close_stage(struct stage *s)
{
    (void)unlink(s->config);
    (void)unlink(s->file);
    world_close(&s->w);
    free(s->config);
    free(s->file);
}

static void
write_file(struct stage *s, const char *text)
{
    struct error err = {0};

    assert_true(file_write_atomic(s->file, text, strlen(text), 0600, &err));
}

static int64_t
number(struct stage *s, const char *sql)
{
    return sql_number(s->w.ledger, sql);
}

static void
one_address__is_added_and_removed(void **state)
{
    struct stage s;

    (void)state;
    open_stage(&s);
    assert_int_equal(
        RUN(&s, &cli_suppress, "suppress", "add", "(310) 555-0142", "--channel", "sms"), EXIT_DONE);
    assert_int_equal(number(&s, "SELECT count(*) FROM suppression WHERE address = '+13105550142' "
                                "AND channel = 'sms' AND reason = 'operator'"),
                     1);
    assert_int_equal(RUN(&s, &cli_suppress, "suppress", "add", "310 555 0142", "--channel", "sms",
                         "--reason", "again"),
                     EXIT_DONE);
    assert_int_equal(number(&s, "SELECT count(*) FROM suppression"), 1);
    assert_int_equal(
        RUN(&s, &cli_suppress, "suppress", "add", "Ana@Example.COM", "--channel", "all"),
        EXIT_DONE);
    assert_int_equal(
        number(&s, "SELECT count(*) FROM suppression WHERE address = 'ana@example.com'"), 1);
    assert_int_equal(RUN(&s, &cli_suppress, "suppress", "list"), EXIT_DONE);
    assert_int_equal(RUN(&s, &cli_suppress, "suppress", "add", "12", "--channel", "sms"),
                     EXIT_USAGE);
    assert_int_equal(RUN(&s, &cli_suppress, "suppress", "add", "+13105550142"), EXIT_USAGE);
    assert_int_equal(RUN(&s, &cli_suppress, "suppress", "add", "--channel", "sms"), EXIT_USAGE);
    assert_int_equal(RUN(&s, &cli_suppress, "suppress", "ad", "x"), EXIT_USAGE);
    assert_int_equal(
        RUN(&s, &cli_suppress, "suppress", "remove", "+13105550142", "--channel", "voice"),
        EXIT_NOTHING);
    assert_int_equal(
        RUN(&s, &cli_suppress, "suppress", "remove", "+13105550142", "--channel", "sms"),
        EXIT_DONE);
    assert_int_equal(number(&s, "SELECT count(*) FROM suppression"), 1);
    assert_int_equal(number(&s, "SELECT count(*) FROM audit WHERE action LIKE 'suppression.%'"), 4);
    close_stage(&s);
}

static void
import__is_all_or_nothing(void **state)
{
    struct stage s;

    (void)state;
    open_stage(&s);
    write_file(&s, "address,channel,reason\n"
                   "+13105550142,sms,\"said, \"\"no\"\"\"\n"
                   "nonsense,sms,x\n"
                   "ana@example.com,email,\n"
                   "+13105550143,fax,\n");
    assert_int_equal(RUN(&s, &cli_suppress, "suppress", "import", s.file), EXIT_USAGE);
    assert_int_equal(number(&s, "SELECT count(*) FROM suppression"), 0);
    assert_int_equal(RUN(&s, &cli_suppress, "suppress", "import", s.file, "--skip-bad"), EXIT_DONE);
    assert_int_equal(number(&s, "SELECT count(*) FROM suppression"), 2);
    assert_int_equal(number(&s, "SELECT count(*) FROM suppression WHERE reason = 'said, \"no\"'"),
                     1);
    write_file(&s, "channel,address\nsms,310-555-0144\n"); /* other order, no reason */
    assert_int_equal(RUN(&s, &cli_suppress, "suppress", "import", s.file), EXIT_DONE);
    assert_int_equal(number(&s, "SELECT count(*) FROM suppression WHERE address = '+13105550144' "
                                "AND reason = 'import'"),
                     1);
    write_file(&s, "+13105550145,sms,reason\n"); /* no header */
    assert_int_equal(RUN(&s, &cli_suppress, "suppress", "import", s.file), EXIT_DONE);
    assert_int_equal(number(&s, "SELECT count(*) FROM suppression"), 4);
    write_file(&s, "address,reason\n+13105550146,x\n");
    assert_int_equal(RUN(&s, &cli_suppress, "suppress", "import", s.file), EXIT_USAGE);
    assert_int_equal(number(&s, "SELECT count(*) FROM suppression"), 4);
    assert_int_not_equal(RUN(&s, &cli_suppress, "suppress", "import", "/nowhere.csv"), EXIT_DONE);
    close_stage(&s);
}

static void
inbox__has_its_exit_codes(void **state)
{
    struct stage s;

    (void)state;
    open_stage(&s);
    sql_run(s.w.ledger,
            "INSERT INTO conversation (uuid, address, channel, needs_review, created_at, "
            "last_message_at) VALUES ('u', '+13105550142', 'sms', 'look', 1, 1);"
            "INSERT INTO message (conversation_id, direction, author, address, text, at, "
            "updated_at) VALUES (1, 'inbound', 'customer', '+13105550142', 'please cancel', 1, "
            "1)");
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "list", "--messages", "--status", "active"),
                     EXIT_DONE);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "show", "1"), EXIT_DONE);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "show", "7"), EXIT_NOTHING);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "show"), EXIT_USAGE);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "show", "x"), EXIT_USAGE);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "list", "--status", "open"), EXIT_USAGE);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "reply", "1"), EXIT_USAGE);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "reply", "1", "--message", "Hello"), EXIT_DONE);
    assert_int_equal(number(&s, "SELECT count(*) FROM message WHERE state = 'queued'"), 1);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "set", "1"), EXIT_USAGE);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "set", "1", "--score", "11"), EXIT_USAGE);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "set", "1", "--score", "9", "--outcome", "booked",
                         "--sentiment", "positive"),
                     EXIT_DONE);
    assert_int_equal(number(&s, "SELECT score FROM conversation"), 9);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "hand-over", "1"), EXIT_REFUSED);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "rule", "1"), EXIT_USAGE);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "rule", "1", "--opt-out"), EXIT_DONE);
    assert_int_equal(number(&s, "SELECT count(*) FROM suppression"), 1);
    assert_int_equal(number(&s, "SELECT count(*) FROM message WHERE state = 'queued'"), 0);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "reply", "1", "--message", "But"), EXIT_REFUSED);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox", "close", "1"), EXIT_DONE);
    assert_int_equal(RUN(&s, &cli_inbox, "inbox"), EXIT_USAGE);
    close_stage(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address__is_added_and_removed),
        cmocka_unit_test(import__is_all_or_nothing),
        cmocka_unit_test(inbox__has_its_exit_codes),
    };

    return cmocka_run_group_tests_name("cli/suppress and inbox", tests, NULL, NULL);
}
