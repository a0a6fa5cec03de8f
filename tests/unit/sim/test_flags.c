/* The command line of canvass-sim. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/cc.h"
#include "core/base/fileio.h"
#include "sim/flags.h"

#define MAX_ARGS 8

static int
count_args(char *const *args)
{
    int n = 0;

    while (args[n])
        n++;
    return n;
}

static void
flags__are_put_where_they_belong(void **state)
{
    char *args[] = {(char[]){"canvass-sim"},
                    (char[]){"--from"},
                    (char[]){"+13105550100"},
                    (char[]){"--from"},
                    (char[]){"+13105550101"},
                    (char[]){"--speed"},
                    (char[]){"2.5"},
                    (char[]){"--lose-answer"},
                    (char[]){"0.25"},
                    (char[]){"--seed"},
                    (char[]){"99"},
                    (char[]){"--no-replies"},
                    (char[]){"--port-file"},
                    (char[]){"p"},
                    (char[]){"--latency-ms"},
                    (char[]){"20"},
                    NULL};
    struct sim_flags flags;
    struct error err;

    (void)state;
    assert_true(sim_flags_parse(count_args(args), args, &flags, &err));
    assert_int_equal(flags.sim.from_count, 2);
    assert_string_equal(flags.sim.from[1], "+13105550101");
    assert_true(flags.sim.speed > 2.4 && flags.sim.speed < 2.6);
    assert_true(flags.sim.lose_answer > 0.24 && flags.sim.lose_answer < 0.26);
    assert_int_equal(flags.sim.seed, 99);
    assert_true(flags.sim.no_replies);
    assert_false(flags.sim.callback_shuffle);
    assert_string_equal(flags.port_file, "p");
    assert_int_equal(flags.sim.latency_ms, 20);
    assert_string_equal(flags.sim.listen, "127.0.0.1:0");
}

static void
flags__that_are_wrong_are_named(void **state)
{
    static const struct {
        const char *args[MAX_ARGS];
        const char *said;
    } cases[] = {
        {{"--sede", "1"}, "did you mean --seed?"},
        {{"extra"}, "unknown option extra"},
        {{"--seed"}, "--seed needs a value"},
        {{"--seed", "x"}, "--seed"},
        {{"--seed", "-1"}, "--seed"},
        {{"--seed", "99999999999999999999"}, "--seed"},
        {{"--html", "1.01"}, "between 0 and 1"},
        {{"--html", "-0.1"}, "--html"},
        {{"--html", "nan"}, "--html"},
        {{"--html", ""}, "--html"},
        {{"--speed", "fast"}, "--speed"},
        {{"--latency-ms", "1.5"}, "--latency-ms"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *args[MAX_ARGS + 2] = {strdup("canvass-sim")};
        struct sim_flags flags;
        struct error err = {0};
        int n = 1;

        for (; cases[i].args[n - 1]; n++)
            args[n] = strdup(cases[i].args[n - 1]);
        assert_false(sim_flags_parse(n, args, &flags, &err));
        assert_int_equal(err.code, ERR_INVALID);
        if (!strstr(err.text, cases[i].said))
            print_error("%s: %s\n", cases[i].args[0], err.text);
        assert_non_null(strstr(err.text, cases[i].said));
        while (n > 0)
            free(args[--n]);
    }
}

static void
flags__of_numbers_have_an_end(void **state)
{
    char program[] = "canvass-sim", flag[] = "--from", number[] = "+13105550100";
    char *args[2 * SIM_MAX_FROM + 3];
    struct sim_flags flags;
    struct error err;

    (void)state;
    args[0] = program;
    for (size_t i = 1; i < ARRAY_LEN(args); i += 2) {
        args[i] = flag;
        args[i + 1] = number;
    }
    assert_true(sim_flags_parse(2 * SIM_MAX_FROM + 1, args, &flags, &err));
    assert_false(sim_flags_parse(2 * SIM_MAX_FROM + 3, args, &flags, &err));
}

/* What --help lists, the manual names. */
static void
help__and_manual_agree(void **state)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    struct buf manual = {0};
    struct error err;
    unsigned seen = 0;

    (void)state;
    assert_non_null(out);
    sim_flags_help(out);
    assert_int_equal(fclose(out), 0);
    assert_true(file_read("docs/simulator.md", 1 << 20, &manual, &err));
    for (const char *p = text; (p = strstr(p, "\n  --")) != NULL; p++) {
        char name[40] = {0};
        size_t n = strcspn(p + 3, " ");

        assert_true(n < sizeof name);
        memcpy(name, p + 3, n);
        if (!strstr(manual.data, name))
            print_error("%s is not in docs/simulator.md\n", name);
        assert_non_null(strstr(manual.data, name));
        seen++;
    }
    assert_true(seen > 20);
    buf_release(&manual);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags__are_put_where_they_belong),
        cmocka_unit_test(flags__that_are_wrong_are_named),
        cmocka_unit_test(flags__of_numbers_have_an_end),
        cmocka_unit_test(help__and_manual_agree),
    };

    return cmocka_run_group_tests_name("sim flags", tests, NULL, NULL);
}
