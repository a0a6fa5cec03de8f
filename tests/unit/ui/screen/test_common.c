/* Words, signs and times of the screens; the widgets that are only drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "ui/screen/common.h"
#include "ui/term/keys.h"
#include "ui/widget/draw.h"
#include "ui/widget/when.h"

static void
expect_row(const struct grid *g, int y, const char *text)
{
    struct buf row = {0};

    grid_row(g, y, &row);
    assert_string_equal(buf_str(&row), text);
    buf_release(&row);
}

static void
campaign_line__says_what_it_does_now(void **state)
{
    char why[] = "by maria";
    char planning[] = "planning";
    struct campaign c = {.status = CAMPAIGN_ACTIVE, .targeted = 1190, .contacted = 812};
    char text[200];

    (void)state;
    c.states[DELIVERY_RETRY_WAIT] = 1;
    c.states[DELIVERY_IN_DOUBT] = 2;
    campaign_line(&c, 0, text, sizeof text);
    assert_string_equal(text, "812/1,190 contacted · 1 to try again · 2 in doubt");
    c.status = CAMPAIGN_PAUSED;
    c.states[DELIVERY_QUEUED] = 377;
    c.pause_reason = why;
    campaign_line(&c, 0, text, sizeof text);
    assert_string_equal(text, "378 still to send · by maria");
    c.status = CAMPAIGN_ACTIVE;
    c.plan_state = planning;
    campaign_line(&c, 0, text, sizeof text);
    assert_string_equal(text, "writing down who gets it: 1,190 so far");
    campaign_line(&c, 0, text, 10); /* never beyond the buffer */
    assert_int_equal(strlen(text), 9);
}

static void
words__for_every_state_and_for_unknown_ones(void **state)
{
    (void)state;
    for (int s = 0; s < DELIVERY_STATE_COUNT; s++)
        assert_string_not_equal(delivery_look(delivery_state_name((enum delivery_state)s)).sign,
                                "");
    assert_string_equal(delivery_look("odd").word, "odd");
    assert_string_equal(delivery_look(NULL).word, "");
    assert_string_equal(skip_reason_words("opted_out"), "opted out");
    assert_null(intent_tag("other").word);
    assert_null(intent_tag(NULL).word);
    assert_string_equal(intent_tag("opt_out").word, "STOP");
    assert_string_equal(sentiment_look("mixed").word, "mixed");
}

static void
when__follows_the_zone_of_the_business(void **state)
{
    struct error err = {0};
    char clock[8];
    char text[24];
    char small[16];

    (void)state;
    if (!when_set_zone("America/Los_Angeles", &err))
        skip(); /* no tzdata here */
    /* 2026-11-23T08:30:00Z is 00:30 there; 07:30Z is the evening before */
    assert_string_equal(when_clock(1795422600, clock), "00:30");
    assert_string_equal(when_short(1795422600, 1795426200, small), "00:30");
    assert_string_equal(when_short(1795419000, 1795426200, small), "22 Nov");
    assert_string_equal(when_full(1795419000, text), "22 Nov 23:30");
    assert_int_equal(when_day_start(1795422600), 1795420800);
    assert_string_equal(when_short(0, 1795426200, small), "—");
    assert_string_equal(when_age(59, text), "<1 min");
    assert_string_equal(when_age(3 * 86400, text), "3 d");
    assert_false(when_set_zone("Nowhere/At_All", &err));
}

static void
tabs__come_closer_when_there_is_little_room(void **state)
{
    static const char *const labels[] = {"One", "Two", "Three"};
    struct grid g;
    int places[6];

    (void)state;
    grid_init(&g, 1, 40);
    draw_tabs(&g, grid_area(&g), 0, labels, 3, 1, places);
    expect_row(&g, 0, "  1 One  ▸2 Two   3 Three");
    assert_int_equal(places[2], 9);
    grid_resize(&g, 1, 23);
    draw_tabs(&g, grid_area(&g), 0, labels, 3, 0, places);
    expect_row(&g, 0, "▸1 One  2 Two  3 Three");
    grid_release(&g);
}

static void
bars__never_lie_about_nothing_and_all(void **state)
{
    struct grid g;

    (void)state;
    grid_init(&g, 5, 10);
    draw_progress(&g, grid_area(&g), 0, 0, 5, ROLE_OK, 0, 100);
    draw_progress(&g, grid_area(&g), 1, 0, 5, ROLE_OK, 1, 1000);
    draw_progress(&g, grid_area(&g), 2, 0, 5, ROLE_OK, 999, 1000);
    draw_progress(&g, grid_area(&g), 3, 0, 5, ROLE_OK, 1000, 1000);
    draw_progress(&g, grid_area(&g), 4, 0, 5, ROLE_OK, 0, 0);
    expect_row(&g, 0, "─────");
    expect_row(&g, 1, "━────");
    expect_row(&g, 2, "━━━━─");
    expect_row(&g, 3, "━━━━━");
    expect_row(&g, 4, "─────");
    grid_release(&g);
}

static void
plots_and_frames__cope_with_hardly_any_room(void **state)
{
    const int64_t values[] = {0, 5, INT64_MAX / 4};
    struct grid g;

    (void)state;
    for (int h = 1; h < 8; h++)
        for (int w = 1; w < 12; w++) {
            grid_init(&g, h, w);
            draw_plot(&g, grid_area(&g), ROLE_PLOT, values, 3, 0, "left", "right");
            draw_spark(&g, grid_area(&g), 0, 0, w, ROLE_OK, values, 3);
            (void)draw_frame(&g, grid_area(&g), FRAME_FOCUS, "A long title", "and more");
            (void)draw_tag(&g, grid_area(&g), 0, w - 2, ROLE_TAG_BOOK, "BOOK");
            grid_release(&g);
        }
}

static void
keys__have_names(void **state)
{
    static const struct {
        int key;
        const char *name;
    } cases[] = {{KEYS_ENTER, "Enter"}, {' ', "Space"}, {CTRL_KEY('l'), "^L"},
                 {KEYS_F1 + 2, "F3"},   {'?', "?"},     {0xE9, "é"}};
    char name[16];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(key_label(cases[i].key, name), cases[i].name);
    assert_false(key_is_text(KEYS_UP));
    assert_false(key_is_text(27));
    assert_true(key_is_text(0x65E5));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(campaign_line__says_what_it_does_now),
        cmocka_unit_test(words__for_every_state_and_for_unknown_ones),
        cmocka_unit_test(when__follows_the_zone_of_the_business),
        cmocka_unit_test(tabs__come_closer_when_there_is_little_room),
        cmocka_unit_test(bars__never_lie_about_nothing_and_all),
        cmocka_unit_test(plots_and_frames__cope_with_hardly_any_room),
        cmocka_unit_test(keys__have_names),
    };

    return cmocka_run_group_tests_name("ui/screen/common", tests, NULL, NULL);
}
