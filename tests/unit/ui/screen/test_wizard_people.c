/* The sample of step 2: its order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/screen/wizard_people.h"

static char zoe[] = "zoë", angel[] = "Ángel", bo[] = "bo", ana[] = "Ana";

static void
orders__put_who_has_none_last_and_keep_ties(void **state)
{
    struct segment_person people[] = {
        {.name = zoe, .has_last_visit = true, .last_visit = 10, .appointment_count = 2},
        {.name = NULL, .has_last_contact = true, .last_contact = 5, .appointment_count = 7},
        {.name = bo, .has_last_visit = true, .last_visit = 30, .appointment_count = 2},
        {.name = ana, .has_last_contact = true, .last_contact = 9},
        {.name = angel,
         .has_last_visit = true,
         .last_visit = 10,
         .has_last_appointment = true,
         .last_appointment = -4},
    };
    static const struct {
        enum people_sort sort;
        size_t want[5];
    } cases[] = {
        {SORT_SAMPLE, {0, 1, 2, 3, 4}},      {SORT_NAME, {3, 2, 0, 4, 1}},
        {SORT_VISIT, {2, 0, 4, 1, 3}},       {SORT_CONTACT, {3, 1, 0, 2, 4}},
        {SORT_APPOINTMENT, {4, 0, 1, 2, 3}}, {SORT_COUNT, {1, 0, 2, 3, 4}},
    };
    struct segment_sample sample = {people, ARRAY_LEN(people)};
    size_t got[5];

    (void)state;
    assert_int_equal(ARRAY_LEN(cases), SORTS);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        people_order(&sample, cases[i].sort, got);
        assert_memory_equal(got, cases[i].want, sizeof got);
    }
    people_order(&(struct segment_sample){0}, SORT_NAME, got); /* nobody */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders__put_who_has_none_last_and_keep_ties),
    };

    return cmocka_run_group_tests_name("ui/screen/wizard_people", tests, NULL, NULL);
}
