/* Themes: the four that ship are whole, a broken one names its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "ui/term/theme.h"

static void
load__all_that_ship(void **state)
{
    size_t count;
    char **names = theme_names(NULL, &count);
    struct error err = {0};

    (void)state;
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        struct theme t;
        assert_true(theme_load(names[i], NULL, &t, &err));
        assert_string_equal(t.name, names[i]);
        /* tags and the header must stand out at every depth */
        for (int d = 0; d < DEPTH_COUNT; d++) {
            const struct look *l = &t.looks[d][ROLE_HEADER];
            assert_true(l->bg != -1 || (l->attrs & LOOK_REVERSE));
            l = &t.looks[d][ROLE_TAG_STOP];
            assert_true(l->bg != -1 || (l->attrs & LOOK_REVERSE));
        }
        free(names[i]);
    }
    free(names);
}

static void
parse__names_the_line_of_a_fault(void **state)
{
    static const struct {
        const char *text;
        const char *place, *says;
    } cases[] = {
        {"roles:\n  text: {}\n  tilte: {}\n", "3:", "did you mean title?"},
        {"roles:\n  ok:\n    \"256\": {fg: 300}\n", "3:", "not a colour"},
        {"roles:\n  ok:\n    \"true\": {fg: green}\n", "3:", "#rrggbb"},
        {"roles:\n  ok:\n    \"16\": {fg: grene}\n", "3:", "bright-red"},
        {"roles:\n  ok:\n    \"16\": {attrs: [blink]}\n", "3:", "attrs are"},
        {"roles:\n  ok:\n    \"88\": {}\n", "3:", "unknown"},
        {"colours: {}\nroles: {}\n", "1:", "unknown key"},
        {"description: x\n", "", "roles"},
        {"roles: [", "", ""},
        {"", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct theme t;
        struct error err = {0};
        assert_false(theme_parse("x", cases[i].text, strlen(cases[i].text), &t, &err));
        assert_true(strncmp(err.path, cases[i].place, strlen(cases[i].place)) == 0);
        assert_non_null(strstr(err.text, cases[i].says));
    }
}

static void
parse__reads_colours_of_each_depth(void **state)
{
    const char *text =
        "roles:\n  ok:\n    \"true\": {fg: \"#0a0B0c\", bg: default}\n"
        "    \"256\": {fg: 114}\n    \"16\": {fg: bright-red, attrs: [bold, reverse]}\n";
    struct theme t;
    struct error err = {0};

    (void)state;
    assert_true(theme_parse("x", text, strlen(text), &t, &err));
    assert_int_equal(t.looks[DEPTH_TRUE][ROLE_OK].fg, 0x0a0b0c);
    assert_int_equal(t.looks[DEPTH_TRUE][ROLE_OK].bg, -1);
    assert_int_equal(t.looks[DEPTH_256][ROLE_OK].fg, 114);
    assert_int_equal(t.looks[DEPTH_16][ROLE_OK].fg, 9);
    assert_int_equal(t.looks[DEPTH_16][ROLE_OK].attrs, LOOK_BOLD | LOOK_REVERSE);
}

static void
load__refuses_paths_and_unknown_names(void **state)
{
    struct theme t;
    struct error err = {0};

    (void)state;
    assert_false(theme_load("../../etc/passwd", NULL, &t, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(theme_load("no-such", NULL, &t, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load__all_that_ship),
        cmocka_unit_test(parse__names_the_line_of_a_fault),
        cmocka_unit_test(parse__reads_colours_of_each_depth),
        cmocka_unit_test(load__refuses_paths_and_unknown_names),
    };

    return cmocka_run_group_tests_name("ui/term/theme", tests, NULL, NULL);
}
