/* Width, cutting and wrapping of text; the grid never draws outside of its area. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "ui/term/cells.h"
#include "ui/term/grid.h"

static int
ascii_off(void **state)
{
    (void)state;
    cells_set_mode(CELLS_UTF8);
    return 0;
}

static void
width__counts_cells_not_bytes(void **state)
{
    static const struct {
        const char *text;
        int width;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"Chloé", 5},
        {"Chloe\xCC\x81", 5}, /* combining */
        {"日本", 4},
        {"a日b", 4},
        {"\x1b[31m", 5},
        {"a\tb", 3},
        {"\xff\xfe", 2},
        {"\xE2\x80\xAE"
         "abc",
         4}, /* bidi override */
        {"مرحبا", 5},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(cells_width(cases[i].text), cases[i].width);
    assert_int_equal(cells_width(NULL), 0);
}

static void
cut__ends_with_dots_and_never_halves(void **state)
{
    static const struct {
        const char *text;
        int width;
        const char *cut;
    } cases[] = {
        {"abcdef", 6, "abcdef"}, {"abcdef", 5, "abcd…"}, {"日本語", 5, "日本…"},
        {"日本語", 4, "日…"},    {"abc", 1, "…"},        {"abc", 0, ""},
        {"éé", 1, "…"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = {0};
        cells_cut(&out, cases[i].text, cases[i].width);
        assert_string_equal(buf_str(&out), cases[i].cut);
        assert_true(cells_width(buf_str(&out)) <= cases[i].width);
        buf_release(&out);
    }
}

static void
ascii__spells_signs_and_widths_follow(void **state)
{
    struct cell_text c;

    (void)state;
    cells_set_mode(CELLS_ASCII_ONLY);
    assert_int_equal(cells_width("● ok…"), 7);
    assert_int_equal(cells_width("é"), 1);
    (void)cells_next("é", 2, &c);
    assert_string_equal(c.text, "?");
    cells_set_mode(CELLS_ASCII_SIGNS);
    (void)cells_next("é", 2, &c);
    assert_string_equal(c.text, "é");
    (void)cells_next("✓", 3, &c);
    assert_string_equal(c.text, "v");
    cells_set_mode(CELLS_UTF8);
}

struct seen {
    char text[256];
};

static void
note(void *ctx, const char *s, size_t len)
{
    struct seen *seen = ctx;
    size_t have = strlen(seen->text);

    assert_true(have + len + 2 < sizeof seen->text);
    memcpy(seen->text + have, s, len);
    memcpy(seen->text + have + len, "|", 2);
}

static void
wrap__breaks_at_blanks(void **state)
{
    static const struct {
        const char *text;
        int width;
        const char *lines;
    } cases[] = {
        {"one two three", 7, "one two|three|"},
        {"abcdefgh", 3, "abc|def|gh|"},
        {"a\n\nb", 5, "a||b|"},
        {"", 5, "|"},
        {"日本語", 4, "日本|語|"},
        {"ab  cd", 2, "ab|cd|"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct seen seen = {{0}};
        (void)cells_wrap(cases[i].text, cases[i].width, note, &seen);
        assert_string_equal(seen.text, cases[i].lines);
    }
}

static void
grid__never_draws_outside_its_area(void **state)
{
    struct grid g;
    struct buf row = {0};
    struct area a = {1, 2, 2, 5};

    (void)state;
    grid_init(&g, 4, 10);
    (void)grid_text(&g, a, 0, 0, ROLE_TEXT, "abcdefgh");
    (void)grid_text(&g, a, 1, 3, ROLE_TEXT, "日本");
    (void)grid_text(&g, a, 2, 0, ROLE_TEXT, "below");
    (void)grid_text(&g, a, -1, 0, ROLE_TEXT, "above");
    grid_row(&g, 0, &row);
    assert_string_equal(buf_str(&row), "");
    buf_clear(&row);
    grid_row(&g, 1, &row);
    assert_string_equal(buf_str(&row), "  abcd…");
    buf_clear(&row);
    grid_row(&g, 2, &row);
    assert_string_equal(buf_str(&row), "     …");
    buf_clear(&row);
    grid_row(&g, 3, &row);
    assert_string_equal(buf_str(&row), "");
    buf_release(&row);
    grid_release(&g);
}

static void
grid__heals_the_other_half_of_a_wide_character(void **state)
{
    struct grid g;
    struct buf row = {0};

    (void)state;
    grid_init(&g, 1, 6);
    (void)grid_text(&g, grid_area(&g), 0, 0, ROLE_TEXT, "日本");
    (void)grid_text(&g, grid_area(&g), 0, 1, ROLE_TEXT, "x");
    grid_row(&g, 0, &row);
    assert_string_equal(buf_str(&row), " x本");
    buf_release(&row);
    grid_release(&g);
}

static void
grid__escapes_are_never_sent_on(void **state)
{
    struct grid g;
    struct buf row = {0};

    (void)state;
    grid_init(&g, 1, 20);
    (void)grid_text(&g, grid_area(&g), 0, 0, ROLE_TEXT,
                    "a\x1b]0;x\x07"
                    "b\xC2\x9B"
                    "c");
    grid_row(&g, 0, &row);
    assert_string_equal(buf_str(&row), "a·]0;x·b·c");
    buf_release(&row);
    grid_release(&g);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(width__counts_cells_not_bytes, ascii_off),
        cmocka_unit_test_setup(cut__ends_with_dots_and_never_halves, ascii_off),
        cmocka_unit_test_setup(ascii__spells_signs_and_widths_follow, ascii_off),
        cmocka_unit_test_setup(wrap__breaks_at_blanks, ascii_off),
        cmocka_unit_test_setup(grid__never_draws_outside_its_area, ascii_off),
        cmocka_unit_test_setup(grid__heals_the_other_half_of_a_wide_character, ascii_off),
        cmocka_unit_test_setup(grid__escapes_are_never_sent_on, ascii_off),
    };

    return cmocka_run_group_tests_name("ui/term/cells and grid", tests, NULL, NULL);
}
