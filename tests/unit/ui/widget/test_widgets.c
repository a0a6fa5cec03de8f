/* View logic: selection, editing, forms, filters, toasts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "ui/term/keys.h"
#include "ui/widget/draw.h"
#include "ui/widget/edit.h"
#include "ui/widget/filter.h"
#include "ui/widget/form.h"
#include "ui/widget/list.h"
#include "ui/widget/toast.h"
#include "ui/widget/when.h"

/* --- list */

struct rows {
    int64_t first;
};

static int64_t
row_id(void *ctx, size_t row)
{
    return ((struct rows *)ctx)->first + (int64_t)row;
}

static void
list__keeps_the_item_when_rows_arrive_above(void **state)
{
    struct list l;
    struct rows rows = {100};

    (void)state;
    list_init(&l, 1);
    list_scroll(&l, 10);
    list_update(&l, 50, row_id, &rows);
    for (int i = 0; i < 5; i++)
        assert_true(list_key(&l, KEYS_DOWN));
    list_update(&l, 50, row_id, &rows);
    assert_int_equal(l.sel_id, 105);
    rows.first = 97; /* three new ones on top */
    list_update(&l, 53, row_id, &rows);
    assert_int_equal(l.sel, 8);
    assert_int_equal(l.sel_id, 105);
    assert_int_equal(l.sel - l.top, 5); /* on the same line of the screen */
}

static void
list__copes_with_nothing_and_with_less(void **state)
{
    struct list l;
    struct rows rows = {1};

    (void)state;
    list_init(&l, 2);
    list_scroll(&l, 4);
    assert_true(list_key(&l, KEYS_DOWN));
    assert_true(list_key(&l, 'G'));
    assert_int_equal(l.sel, 0);
    list_update(&l, 10, row_id, &rows);
    assert_true(list_key(&l, 'G'));
    assert_int_equal(l.sel, 9);
    assert_int_equal(l.top, 6);
    list_update(&l, 3, row_id, &rows);
    assert_int_equal(l.sel, 2);
    assert_int_equal(l.top, 0);
    list_update(&l, 0, row_id, &rows);
    assert_int_equal(l.sel, 0);
    assert_false(list_key(&l, 'x'));
}

static void
list__pages_through_a_million(void **state)
{
    struct list l;

    (void)state;
    list_init(&l, 1);
    list_scroll(&l, 20);
    list_place(&l, 1000000, -1);
    assert_true(list_key(&l, KEYS_PGDN));
    assert_int_equal(l.sel, 20);
    assert_true(list_key(&l, CTRL_KEY('d')));
    assert_int_equal(l.sel, 30);
    assert_true(list_key(&l, KEYS_END));
    assert_int_equal(l.sel, 999999);
    assert_int_equal(l.top, 999980);
    list_place(&l, 1000007, 999999 + 7);
    assert_int_equal(l.sel, 1000006);
}

/* --- edit */

static void
type(struct edit *e, const char *s)
{
    for (; *s; s++)
        assert_true(edit_key(e, *s, NULL));
}

static void
edit__knows_the_usual_keys(void **state)
{
    struct edit e = {0};

    (void)state;
    type(&e, "one two");
    assert_true(edit_key(&e, 0xE9, NULL)); /* é */
    assert_string_equal(edit_text(&e), "one twoé");
    assert_true(edit_key(&e, KEYS_BACKSPACE, NULL));
    assert_string_equal(edit_text(&e), "one two");
    assert_true(edit_key(&e, CTRL_KEY('w'), NULL));
    assert_string_equal(edit_text(&e), "one ");
    assert_true(edit_key(&e, CTRL_KEY('a'), NULL));
    type(&e, "x");
    assert_string_equal(edit_text(&e), "xone ");
    assert_true(edit_key(&e, CTRL_KEY('k'), NULL));
    assert_string_equal(edit_text(&e), "x");
    assert_true(edit_key(&e, CTRL_KEY('u'), NULL));
    assert_string_equal(edit_text(&e), "");
    assert_true(edit_key(&e, KEYS_BACKSPACE, NULL));
    assert_true(edit_key(&e, KEYS_DELETE, NULL));
    assert_true(edit_key(&e, KEYS_LEFT, NULL));
    assert_false(edit_key(&e, KEYS_F1, NULL));
    assert_false(edit_key(&e, KEYS_ENTER, NULL)); /* one line */
    edit_release(&e);
}

static void
edit__moves_over_marks_and_wide_characters_as_one(void **state)
{
    struct edit e = {0};

    (void)state;
    edit_set(&e, "日e\xCC\x81!");
    assert_true(edit_key(&e, KEYS_LEFT, NULL));
    assert_true(edit_key(&e, KEYS_BACKSPACE, NULL)); /* e with its accent */
    assert_string_equal(edit_text(&e), "日!");
    assert_true(edit_key(&e, KEYS_BACKSPACE, NULL));
    assert_string_equal(edit_text(&e), "!");
    edit_release(&e);
}

static void
edit__has_a_cap(void **state)
{
    struct edit e = {.max_bytes = 4};

    (void)state;
    edit_set(&e, "aé日"); /* 6 bytes: what fits whole stays */
    assert_string_equal(edit_text(&e), "aé");
    type(&e, "xyz");
    assert_string_equal(edit_text(&e), "aéx");
    edit_release(&e);
}

static void
edit__moves_along_wrapped_lines(void **state)
{
    struct edit e = {.multiline = true, .width = 8};

    (void)state;
    edit_set(&e, "one two three");
    assert_true(edit_key(&e, KEYS_UP, NULL)); /* from "three" to "one two" */
    assert_int_equal(e.cursor, 5);
    assert_false(edit_key(&e, KEYS_UP, NULL)); /* the first line: the form takes it */
    assert_true(edit_key(&e, KEYS_ENTER, NULL));
    assert_string_equal(edit_text(&e), "one t\nwo three");
    assert_true(edit_key(&e, KEYS_PASTED_NEWLINE, NULL));
    assert_string_equal(edit_text(&e), "one t\n\nwo three");
    e.multiline = false;
    assert_true(edit_key(&e, KEYS_PASTED_NEWLINE, NULL));
    assert_string_equal(edit_text(&e), "one t\n\n wo three");
    edit_release(&e);
}

/* --- form */

static void
form__moves_changes_and_presses(void **state)
{
    static const char *const kinds[] = {"research", "sales"};
    struct field fields[] = {
        {.kind = FIELD_NOTE, .label = "note"},
        {.kind = FIELD_TEXT, .id = "name", .label = "Name"},
        {.kind = FIELD_TEXT, .id = "gone", .label = "Gone", .hidden = true},
        {.kind = FIELD_CHOICE, .id = "kind", .label = "Kind", .choices = kinds, .choice_count = 2},
        {.kind = FIELD_NUMBER, .id = "days", .label = "Days", .min = 0, .max = 90},
        {.kind = FIELD_BUTTON, .id = "next", .label = "Next"},
    };
    struct form f;
    struct error err = {0};
    int64_t n;

    (void)state;
    form_init(&f, fields, ARRAY_LEN(fields));
    assert_string_equal(form_focused(&f)->id, "name");
    assert_int_equal(form_key(&f, 'x'), FORM_CHANGED);
    assert_int_equal(form_key(&f, KEYS_LEFT), FORM_MOVED);
    assert_int_equal(form_key(&f, KEYS_TAB), FORM_MOVED);
    assert_string_equal(form_focused(&f)->id, "kind"); /* not the hidden one */
    assert_true(fields[1].touched);
    assert_int_equal(form_key(&f, ' '), FORM_CHANGED);
    assert_int_equal(fields[3].choice, 1);
    assert_int_equal(form_key(&f, 'r'), FORM_CHANGED);
    assert_int_equal(fields[3].choice, 0);
    assert_int_equal(form_key(&f, KEYS_ENTER), FORM_MOVED);
    assert_int_equal(form_key(&f, '3'), FORM_CHANGED);
    assert_int_equal(form_key(&f, 'o'), FORM_CHANGED);
    assert_false(field_number(form_find(&f, "days"), &n, &err));
    assert_non_null(strstr(err.text, "\"3o\" is not a number"));
    field_set_number(form_find(&f, "days"), 91);
    assert_false(field_number(form_find(&f, "days"), &n, &err));
    field_set_number(form_find(&f, "days"), 90);
    assert_true(field_number(form_find(&f, "days"), &n, &err));
    assert_int_equal(n, 90);
    assert_int_equal(form_key(&f, KEYS_TAB), FORM_MOVED);
    assert_int_equal(form_key(&f, KEYS_TAB), FORM_IGNORED); /* the end: the screen goes on */
    assert_int_equal(form_key(&f, KEYS_ENTER), FORM_PRESSED);
    assert_int_equal(form_key(&f, KEYS_F1), FORM_IGNORED);
    form_close(&f);
}

static void
form__draws_errors_under_the_field(void **state)
{
    struct field fields[] = {
        {.kind = FIELD_NUMBER, .id = "days", .label = "Days", .width = 10, .after = "of 90"},
        {.kind = FIELD_BUTTON, .id = "next", .label = "Next", .disabled = true},
    };
    struct form f;
    struct grid g;
    struct buf row = {0};

    (void)state;
    form_init(&f, fields, ARRAY_LEN(fields));
    field_set_text(&fields[0], "3o");
    field_set_error(&fields[0], "not a number");
    (void)snprintf(fields[1].reason, sizeof fields[1].reason, "fix days first");
    grid_init(&g, 5, 40);
    form_draw(&f, &g, grid_area(&g), true);
    grid_row(&g, 0, &row);
    assert_string_equal(buf_str(&row), "Days   3o         of 90");
    buf_clear(&row);
    grid_row(&g, 1, &row);
    assert_string_equal(buf_str(&row), "      ✗ not a number");
    buf_clear(&row);
    grid_row(&g, 2, &row);
    assert_string_equal(buf_str(&row), " Next   fix days first");
    assert_true(g.cursor_on);
    buf_release(&row);
    grid_release(&g);
    form_close(&f);
}

/* --- numbers */

static void
number__never_loses_a_digit_unsaid(void **state)
{
    static const struct {
        int64_t n;
        const char *row;
    } cases[] = {
        {0, "      0"},       {851661, "851,661"},   {999999, "999,999"},
        {1000000, "   1.0M"}, {12399999, "  12.3M"}, {-12345, "-12,345"},
    };
    struct grid g;
    struct buf row = {0};

    (void)state;
    grid_init(&g, 1, 7);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        grid_clear(&g);
        (void)draw_number(&g, grid_area(&g), 0, 0, 7, ROLE_TEXT, cases[i].n);
        buf_clear(&row);
        grid_row(&g, 0, &row);
        assert_string_equal(buf_str(&row), cases[i].row);
    }
    grid_clear(&g);
    (void)draw_number(&g, grid_area(&g), 0, 0, 5, ROLE_TEXT, 98765);
    buf_clear(&row);
    grid_row(&g, 0, &row);
    assert_string_equal(buf_str(&row), "  98k");
    buf_release(&row);
    grid_release(&g);
}

/* --- filter */

static void
filter__words_fields_and_not(void **state)
{
    const struct filter_field fields[] = {{"status", "failed"}, {"name", "Chloé Martin"}, {0}};
    static const struct {
        const char *text;
        bool match;
    } cases[] = {
        {"", true},         {"  ", true},       {"chlo", true},         {"CHLOÉ", true},
        {"mar chl", true},  {"mar xyz", false}, {"status:fail", true},  {"status:sent", false},
        {"!martin", false}, {"!xyz", true},     {"!status:sent", true}, {"!status:failed", false},
        {"phone:1", false}, {"!", true},        {"status:", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(filter_match(cases[i].text, fields), cases[i].match);
}

static void
filter__finds_what_to_underline(void **state)
{
    size_t at;
    size_t len;

    (void)state;
    assert_true(filter_find("!x mar", "Chloé Martin", &at, &len));
    assert_int_equal(at, 7);
    assert_int_equal(len, 3);
    assert_false(filter_find("zzz", "Chloé", &at, &len));
}

static void
fuzzy__prefers_starts_of_words(void **state)
{
    (void)state;
    assert_int_equal(fuzzy_score("xyz", "pause"), -1);
    assert_true(fuzzy_score("sa", "stop-all") > fuzzy_score("sa", "messages"));
    assert_true(fuzzy_score("pau", "pause") > fuzzy_score("pau", "prepare-undo"));
    assert_int_equal(fuzzy_score("", "pause"), 0);
}

/* --- toasts */

static void
toast__good_news_goes_by_itself_and_errors_by_a_key(void **state)
{
    static struct toasts t;

    (void)state;
    assert_null(toast_newest(&t));
    toast_add(&t, TOAST_OK, "done", false, 1, 1000);
    assert_false(toast_tick(&t, 4999));
    assert_false(toast_key(&t));
    assert_true(toast_tick(&t, 5000));
    assert_false(t.showing);
    toast_add(&t, TOAST_ERROR, "no", false, 2, 6000);
    assert_false(toast_tick(&t, 1000000));
    assert_true(toast_key(&t));
    toast_add(&t, TOAST_OK, "paused", true, 3, 7000);
    assert_false(toast_tick(&t, 14999));
    assert_true(t.can_undo);
    assert_true(toast_tick(&t, 15000));
    assert_false(t.can_undo);
    for (int i = 0; i < 300; i++)
        toast_add(&t, TOAST_OK, "x", false, i, i);
    assert_int_equal(toast_kept(&t), 200);
    assert_int_equal(toast_get(&t, 199)->at_s, 100);
    assert_null(toast_get(&t, 200));
}

/* --- times in sentences */

static void
when_words__shows_instants_where_the_business_is(void **state)
{
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"last contact 2026-07-31T03:02:41Z", "last contact 30 Jul 20:02"},
        {"(at or before 2025-01-01T12:00:00Z)", "(at or before 1 Jan 2025 04:00)"},
        {"2026-11-23T12:00:00Z2026-11-23T12:00:00Z", "23 Nov 04:0023 Nov 04:00"},
        {"2026-02-30T12:00:00Z, 2026-11-23, 5 days", "2026-02-30T12:00:00Z, 2026-11-23, 5 days"},
        {"2026-11-23T12:00:00", "2026-11-23T12:00:00"},
        {"", ""},
    };
    struct error err = {0};

    (void)state;
    assert_true(when_set_zone("America/Los_Angeles", &err));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out = {0};

        when_words(rows[i].text, 1795435200 /* 2026-11-23T12:00:00Z */, &out);
        assert_string_equal(buf_str(&out), rows[i].shown);
        buf_release(&out);
    }
    assert_true(when_set_zone("UTC", &err));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list__keeps_the_item_when_rows_arrive_above),
        cmocka_unit_test(when_words__shows_instants_where_the_business_is),
        cmocka_unit_test(list__copes_with_nothing_and_with_less),
        cmocka_unit_test(list__pages_through_a_million),
        cmocka_unit_test(edit__knows_the_usual_keys),
        cmocka_unit_test(edit__moves_over_marks_and_wide_characters_as_one),
        cmocka_unit_test(edit__has_a_cap),
        cmocka_unit_test(edit__moves_along_wrapped_lines),
        cmocka_unit_test(form__moves_changes_and_presses),
        cmocka_unit_test(form__draws_errors_under_the_field),
        cmocka_unit_test(filter__words_fields_and_not),
        cmocka_unit_test(number__never_loses_a_digit_unsaid),
        cmocka_unit_test(filter__finds_what_to_underline),
        cmocka_unit_test(fuzzy__prefers_starts_of_words),
        cmocka_unit_test(toast__good_news_goes_by_itself_and_errors_by_a_key),
    };

    return cmocka_run_group_tests_name("ui/widget", tests, NULL, NULL);
}
