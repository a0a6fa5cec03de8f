/* The list that opens beside a field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/buf.h"
#include "ui/term/grid.h"
#include "ui/widget/picker.h"

static void
open_three(struct picker *p)
{
    picker_open(p, 7, "Fruit", (struct area){.y = 3, .x = 2, .h = 1, .w = 10});
    picker_add(p, "apple", "red");
    picker_add(p, "banana", "");
    picker_add(p, "cherry", "red");
}

static enum picker_result
press(struct picker *p, int key, size_t *item)
{
    const struct input in = {.key = key};
    return picker_input(p, &in, item);
}

static void
typing__narrows_and_enter_takes(void **state)
{
    struct picker p = {0};
    size_t item = 99;

    (void)state;
    open_three(&p);
    for (const char *c = "red"; *c; c++)
        assert_int_equal(press(&p, *c, &item), PICKER_MOVED);
    assert_int_equal(p.shown_count, 2); /* the note counts too */
    assert_int_equal(press(&p, KEYS_DOWN, &item), PICKER_MOVED);
    assert_int_equal(press(&p, KEYS_ENTER, &item), PICKER_TAKEN);
    assert_int_equal(item, 2); /* in the order of adding */
    assert_false(p.open);
    assert_int_equal(press(&p, 'x', &item), PICKER_IGNORED);
    picker_release(&p);
}

static void
a_label_that_fits__stands_before_a_note(void **state)
{
    struct picker p = {0};
    size_t item = 99;

    (void)state;
    open_three(&p);
    picker_add(&p, "red pepper", "");
    for (const char *c = "red"; *c; c++)
        (void)press(&p, *c, &item);
    assert_int_equal(p.shown_count, 3);
    assert_int_equal(press(&p, KEYS_ENTER, &item), PICKER_TAKEN);
    assert_int_equal(item, 3);
    picker_release(&p);
}

static void
enter_on_nothing__takes_nothing(void **state)
{
    struct picker p = {0};
    size_t item = 99;

    (void)state;
    open_three(&p);
    (void)press(&p, 'z', &item);
    assert_int_equal(p.shown_count, 0);
    assert_int_equal(press(&p, KEYS_ENTER, &item), PICKER_MOVED);
    assert_true(p.open);
    assert_int_equal(item, 99);
    assert_int_equal(press(&p, KEYS_BACKSPACE, &item), PICKER_MOVED);
    assert_int_equal(p.shown_count, 3);
    assert_int_equal(press(&p, KEYS_ESC, &item), PICKER_CLOSED);
    picker_release(&p);
}

static void
it_stays_inside__and_a_click_takes(void **state)
{
    struct picker p = {0};
    struct grid g;
    struct buf row = {0};
    size_t item = 99;
    struct input in = {.key = KEYS_MOUSE, .mouse = MOUSE_CLICK};

    (void)state;
    grid_init(&g, 24, 80);
    open_three(&p);
    p.anchor =
        (struct area){.y = 21, .x = 70, .h = 1, .w = 9}; /* in the corner: it opens upwards */
    grid_clear(&g);
    picker_draw(&p, &g, grid_area(&g));
    assert_true(p.area.y + p.area.h <= 21);
    assert_true(p.area.x + p.area.w <= 80);
    grid_row(&g, p.list.area.y, &row);
    assert_non_null(strstr(buf_str(&row), "apple"));
    in.y = p.list.area.y + 1;
    in.x = p.list.area.x + 3;
    assert_int_equal(picker_input(&p, &in, &item), PICKER_TAKEN);
    assert_int_equal(item, 1);
    buf_release(&row);
    grid_release(&g);
    picker_release(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typing__narrows_and_enter_takes),
        cmocka_unit_test(a_label_that_fits__stands_before_a_note),
        cmocka_unit_test(enter_on_nothing__takes_nothing),
        cmocka_unit_test(it_stays_inside__and_a_click_takes),
    };
    return cmocka_run_group_tests_name("picker", tests, NULL, NULL);
}
