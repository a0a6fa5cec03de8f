/* Customers, phrases, dice: deterministic, varied, and in the proportions that the docs promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cc.h"
#include "core/base/text.h"
#include "sim/customer.h"
#include "sim/dice.h"
#include "sim/phrases.h"

#define PEOPLE 20000

static const char *
number_of(int i)
{
    static char number[CUSTOMER_NUMBER_SIZE];

    assert_int_equal(snprintf(number, sizeof number, "+1310%07d", 5550000 + i), 12);
    return number;
}

static void
dice__are_even_and_repeat(void **state)
{
    unsigned sides[6] = {0};

    (void)state;
    for (int i = 0; i < 6000; i++) {
        double u = dice_unit(3, "u", number_of(i), 0);

        assert_true(u >= 0 && u < 1);
        sides[dice_pick(6, 3, "side", number_of(i), 0)]++;
        assert_true(dice_hash(3, "a", number_of(i), 1) == dice_hash(3, "a", number_of(i), 1));
        assert_true(dice_hash(3, "a", number_of(i), 1) != dice_hash(4, "a", number_of(i), 1));
        assert_true(dice_hash(3, "a", number_of(i), 1) != dice_hash(3, "a", number_of(i), 2));
        assert_true(dice_hash(3, "a", number_of(i), 1) != dice_hash(3, "b", number_of(i), 1));
    }
    for (size_t i = 0; i < 6; i++)
        assert_in_range(sides[i], 880, 1120);
    assert_false(dice_hit(0, 1, "x", "y", 0));
    assert_true(dice_hit(1, 1, "x", "y", 0));
}

static void
phrases__are_many_short_and_valid(void **state)
{
    size_t count;
    const struct phrase *list = phrases_list(&count);
    unsigned of_mood[MOOD_COUNT] = {0};

    (void)state;
    assert_true(count >= 60);
    for (size_t i = 0; i < count; i++) {
        of_mood[list[i].mood]++;
        assert_true(utf8_is_valid(list[i].text, strlen(list[i].text)));
        assert_in_range(strlen(list[i].text), 1, 160);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(list[i].text, list[k].text);
    }
    for (size_t i = 0; i < MOOD_COUNT; i++)
        assert_true(of_mood[i] >= 3);
}

static void
phrases__keep_to_one_language(void **state)
{
    (void)state;
    assert_true(phrases_language_count() >= 8);
    for (uint64_t who = 0; who < phrases_language_count(); who++)
        for (unsigned turn = 0; turn < 2 * PHRASES_PER_LANGUAGE; turn++) {
            const char *text = phrases_choose_foreign(who, turn);

            assert_true(utf8_is_valid(text, strlen(text)));
            assert_in_range(strlen(text), 1, 160);
            assert_ptr_equal(text, phrases_choose_foreign(who + phrases_language_count(), turn));
        }
}

static void
phrases__answer_what_was_asked(void **state)
{
    static const struct {
        const char *message;
        enum topic topic;
    } cases[] = {
        {"Hi Ana, what kept you from booking? Reply STOP to opt out.", TOPIC_ABANDONED},
        {"20% off this week! Shall we book you in? Reply STOP to opt out", TOPIC_OFFER},
        {"On a scale from 1 to 10, how was it?", TOPIC_RATING},
        {"HOW WAS YOUR VISIT?", TOPIC_FEEDBACK},
        {"It has been a while. What day suits you?", TOPIC_APPOINTMENT},
        {"What were you hoping to have done when you looked?", TOPIC_SERVICE},
        {"Was anything unclear or hard to find when you looked?", TOPIC_UNCLEAR},
        {"What is the one thing that would have made it easy to say yes?", TOPIC_WISH},
        {"What did we do well?", TOPIC_FEEDBACK},
        {"What should we do better next time?", TOPIC_WISH},
        {"Is there anything you would like to know before you decide?", TOPIC_ASK},
        {"Which day or time of day suits you best?", TOPIC_APPOINTMENT},
        {"Is there a friend or relative who might enjoy a visit with us?", TOPIC_REFERRAL},
        {"Hello", TOPIC_ANY},
        {"", TOPIC_ANY},
        {"???", TOPIC_ANY},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(phrases_topic(cases[i].message), cases[i].topic);
    for (uint64_t draw = 0; draw < 50; draw++)
        assert_true(strpbrk(phrases_choose(MOOD_ANSWER, TOPIC_RATING, draw), "0123456789") != NULL);
}

static void
customers__answer_in_the_promised_proportions(void **state)
{
    int answered = 0, opted_out = 0, second = 0;

    (void)state;
    for (int i = 0; i < PEOPLE; i++) {
        struct reaction r = customer_react(1, number_of(i), 0, "Would you like to come back?");
        struct reaction again = customer_react(1, number_of(i), 1, "What day suits you?");

        answered += r.count > 0;
        for (unsigned k = 0; k < r.count; k++) {
            opted_out += customer_means_stop(r.texts[k].text);
            assert_true(r.texts[k].after_ms >= 1000 && r.texts[k].after_ms <= 6 * 3600 * 1000);
        }
        assert_false(r.count == 0 && again.count > 0); /* who is silent stays silent */
        second += again.count > 0;
    }
    assert_in_range(answered, PEOPLE * 25 / 100, PEOPLE * 35 / 100);
    assert_in_range(opted_out, PEOPLE * 15 / 1000, PEOPLE * 25 / 1000);
    assert_in_range(second, PEOPLE * 12 / 100, PEOPLE * 25 / 100);
}

static void
customers__are_the_same_for_the_same_seed(void **state)
{
    int differ = 0;

    (void)state;
    for (int i = 0; i < 500; i++) {
        struct reaction a = customer_react(5, number_of(i), 0, "Hello?");
        struct reaction b = customer_react(5, number_of(i), 0, "Hello?");

        assert_int_equal(a.count, b.count);
        assert_ptr_equal(a.texts[0].text, b.texts[0].text);
        assert_int_equal(a.texts[0].after_ms, b.texts[0].after_ms);
        differ += strcmp(customer_personality(5, number_of(i)),
                         customer_personality(6, number_of(i))) != 0;
    }
    assert_true(differ > 100);
}

static void
customers__who_asked_to_be_left_alone_say_no_more(void **state)
{
    int seen = 0;

    (void)state;
    for (int i = 0; i < PEOPLE; i++) {
        struct reaction r = customer_react(1, number_of(i), 0, "Hello?");

        if (r.count == 0 || !customer_means_stop(r.texts[0].text))
            continue;
        seen++;
        assert_int_equal(customer_react(1, number_of(i), 1, "Are you sure?").count, 0);
    }
    assert_true(seen > 100);
}

static void
strangers__are_rare_and_fictitious(void **state)
{
    int seen = 0;

    (void)state;
    for (uint64_t nth = 1; nth <= 15000; nth++) {
        char number[CUSTOMER_NUMBER_SIZE];
        struct reaction r;

        if (!customer_stranger(1, nth, number, &r)) {
            assert_int_equal(r.count, 0);
            continue;
        }
        seen++;
        assert_int_equal(strlen(number), 12);
        assert_non_null(strstr(number, "55501")); /* reserved for fiction */
        assert_int_equal(r.count, 1);
    }
    assert_in_range(seen, 60, 150);
}

/* The network's own filter, and the plain words of our customers, judged by the vectors. */
static void
keywords__are_those_of_the_provider(void **state)
{
    static const char *const names[] = {
        [KEYWORD_STOP] = "stop", [KEYWORD_START] = "start", [KEYWORD_HELP] = "help"};
    json_t *file = json_load_file(TEST_FIXTURES "/vectors/opt_out.json", 0, NULL);
    json_t *replies = json_object_get(file, "replies");
    size_t count, i;
    const struct phrase *list = phrases_list(&count);
    json_t *row;

    (void)state;
    assert_true(json_array_size(replies) > 50);
    json_array_foreach(replies, i, row)
    {
        enum keyword k = customer_keyword(json_string_value(json_object_get(row, "text")));
        const char *wanted = json_string_value(json_object_get(row, "twilio_default_filter"));

        assert_true(text_eq(k == KEYWORD_NONE ? NULL : names[k], wanted));
    }
    for (size_t p = 0; p < count; p++) {
        bool listed = false;

        if (list[p].mood != MOOD_REMOVE && list[p].mood != MOOD_STOP)
            continue;
        json_array_foreach(replies, i, row) listed |=
            text_eq_nocase(json_string_value(json_object_get(row, "text")), list[p].text) &&
            text_eq(json_string_value(json_object_get(row, "treat_as")), "opt_out");
        if (!listed)
            print_error("not a certain opt-out: %s\n", list[p].text);
        assert_true(listed);
        assert_true(customer_means_stop(list[p].text));
    }
    json_decref(file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dice__are_even_and_repeat),
        cmocka_unit_test(phrases__are_many_short_and_valid),
        cmocka_unit_test(phrases__keep_to_one_language),
        cmocka_unit_test(phrases__answer_what_was_asked),
        cmocka_unit_test(customers__answer_in_the_promised_proportions),
        cmocka_unit_test(customers__are_the_same_for_the_same_seed),
        cmocka_unit_test(customers__who_asked_to_be_left_alone_say_no_more),
        cmocka_unit_test(strangers__are_rare_and_fictitious),
        cmocka_unit_test(keywords__are_those_of_the_provider),
    };

    return cmocka_run_group_tests_name("sim customer", tests, NULL, NULL);
}
