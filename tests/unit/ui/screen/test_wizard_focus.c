/* Step 2 of the wizard: where the focus can be, in which order, and what follows a change of rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "ui/screen/wizard_segment_focus.h"

static void
load(struct segment_step *s, const char *text)
{
    json_t *criteria = json_loads(text, 0, NULL);

    assert_non_null(criteria);
    wrows_load(&s->rows, criteria);
    json_decref(criteria);
}

static void
release(struct segment_step *s)
{
    wrows_release(&s->rows);
    edit_release(&s->save_as);
}

static void
stops__go_in_reading_order(void **state)
{
    static const struct stop want[] = {
        {STOP_ORIGIN, 0},  {STOP_MATCH, 0},     {STOP_LEAF, 0},      {STOP_CONDITION, 0},
        {STOP_VALUE, 0},   {STOP_CONDITION, 1}, {STOP_VALUE, 1},     /* of the same leaf */
        {STOP_GROUP, 2},   {STOP_LEAF, 3},      {STOP_CONDITION, 3}, /* at least one: no value */
        {STOP_RAW, 4},     {STOP_ADD, 0},       {STOP_ADD_GROUP, 0}, {STOP_JSON, 0},
        {STOP_SAVE_AS, 0}, {STOP_SAVE, 0},      {STOP_BACK, 0},      {STOP_NEXT, 0},
    };
    struct segment_step s = {0};
    struct stop got[STOPS_MAX];

    (void)state;
    load(&s, "{\"all\":[{\"last_appointment\":{\"status\":\"completed\",\"older_than_days\":9}},"
             "{\"any\":[{\"conversation\":{}}]},{\"not\":{\"not\":{\"conversation\":{}}}}]}");
    assert_int_equal(segment_stops(&s, got), ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        assert_int_equal(got[i].kind, want[i].kind);
        assert_int_equal(got[i].row, want[i].row);
    }
    release(&s);
}

static void
the_focus__takes_the_nearest_place_of_a_row(void **state)
{
    static const struct {
        enum stop_kind ask;
        size_t row;
        enum stop_kind got;
    } cases[] = {
        {STOP_VALUE, 0, STOP_VALUE},     {STOP_LEAF, 0, STOP_LEAF},
        {STOP_LEAF, 1, STOP_VALUE}, /* a further condition has no leaf of its own */
        {STOP_VALUE, 2, STOP_GROUP},     {STOP_CONDITION, 3, STOP_CONDITION},
        {STOP_VALUE, 3, STOP_LEAF}, /* no value: its first place */
        {STOP_SAVE_AS, 7, STOP_SAVE_AS}, {STOP_NEXT, 0, STOP_NEXT},
    };
    struct segment_step s = {0};

    (void)state;
    load(&s, "{\"all\":[{\"last_appointment\":{\"status\":\"completed\",\"older_than_days\":9}},"
             "{\"any\":[{\"conversation\":{}}]}]}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        segment_focus(&s, cases[i].ask, cases[i].row);
        assert_int_equal(segment_stop(&s).kind, cases[i].got);
        if (stop_is_of_row(cases[i].got))
            assert_int_equal(segment_stop(&s).row, cases[i].row);
    }
    release(&s);
}

static void
the_focus__never_leaves_the_form(void **state)
{
    struct segment_step s = {.stop = 4000};

    (void)state;
    load(&s, "{}");
    assert_int_equal(segment_stop(&s).kind, STOP_NEXT);
    segment_focus(&s, STOP_VALUE, 17); /* a row that has gone */
    assert_true(s.stop < STOPS_MAX);
    release(&s);
}

static void
a_full_form__has_room_for_its_places(void **state)
{
    struct segment_step s = {0};
    struct stop got[STOPS_MAX];
    size_t added = 0;

    (void)state;
    while (wrows_add_leaf(&s.rows, s.rows.count, 0, leaf_find("last_visit"), 0))
        added++;
    assert_true(added >= WROWS_MAX - 2);
    assert_true(segment_stops(&s, got) <= STOPS_MAX);
    release(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops__go_in_reading_order),
        cmocka_unit_test(the_focus__takes_the_nearest_place_of_a_row),
        cmocka_unit_test(the_focus__never_leaves_the_form),
        cmocka_unit_test(a_full_form__has_room_for_its_places),
    };
    return cmocka_run_group_tests_name("wizard_focus", tests, NULL, NULL);
}
