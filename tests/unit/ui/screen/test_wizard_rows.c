/* The criteria editor: documents become rows and come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/config/config.h"
#include "core/segment/segment.h"
#include "ui/screen/wizard_rows.h"

static json_t *
parse(const char *text)
{
    json_error_t err;
    json_t *v = json_loads(text, JSON_DECODE_ANY, &err);

    if (!v)
        fail_msg("%s: %s", text, err.text);
    return v;
}

static void
assert_json(const json_t *got, const char *want)
{
    json_t *w = parse(want);
    char *text = json_dumps(got, JSON_COMPACT);

    if (!json_equal(got, w))
        fail_msg("got %s, want %s", text, want);
    free(text);
    json_decref(w);
}

static struct config defaults;

/* The sentence says what a document means, whatever form it has. */
static char *
meaning(const json_t *document)
{
    struct segment_env env = {.now_s = 1700000000, .config = &defaults};
    struct error err = {0};
    struct criteria *c = criteria_from_json(document, &err);
    struct buf out = {0};

    if (!c) {
        char *text = json_dumps(document, JSON_COMPACT);
        fail_msg("%s: %s %s", text, err.path, err.text);
    }
    segment_explain(c, &env, &out);
    criteria_free(c);
    return buf_take(&out);
}

static const char *
some_value(const struct wrow *row)
{
    switch (wrow_value_kind(row)) {
    case VALUE_DAYS:
        return "30";
    case VALUE_WORDS:
        return "sms, two words";
    case VALUE_BOOL:
        return "no";
    case VALUE_NUMBER:
    case VALUE_LIMIT:
        return "2.5";
    case VALUE_TEXT:
    case VALUE_KEY:
        return "visited, \"x\"";
    case VALUE_CHOICE:
        return row->leaf->keys[row->key].choices[1];
    case VALUE_CAMPAIGN:
        return "7";
    case VALUE_KIND_COUNT:
        break;
    }
    return "";
}

/* Rows to JSON, JSON to rows: the same rows again, and valid criteria. */
static void
check_round(struct wrows *r)
{
    struct wrows back = {0};
    json_t *json = wrows_json(r);
    json_t *again;
    json_t *a;
    json_t *b;

    free(meaning(json)); /* core takes it */
    wrows_load(&back, json);
    assert_int_equal(back.count, r->count);
    assert_true(wrows_check(&back));
    back.changed = true; /* not the original: what the rows say */
    again = wrows_json(&back);
    assert_true(json_equal(json, again));
    a = wrows_state(r);
    b = wrows_state(&back);
    assert_true(json_equal(a, b));
    json_decref(a);
    json_decref(b);
    json_decref(again);
    json_decref(json);
    wrows_release(&back);
}

static void
every_condition_of_every_leaf__comes_back(void **state)
{
    (void)state;
    for (size_t l = 0; l < LEAF_KIND_COUNT; l++) {
        const struct leaf_spec *leaf = &leaf_table()[l];
        struct wcondition all[WCONDITIONS_MAX];
        size_t count = wrow_conditions(leaf, all, WCONDITIONS_MAX);
        assert_true(count >= leaf->key_count);
        for (size_t i = 0; i < count; i++)
            for (int negated = 0; negated < 2; negated++) {
                struct wrows r = {0};
                assert_true(wrows_add_leaf(&r, 0, 0, leaf, all[i].key));
                wrows_set_condition(&r, 0, all[i].key, all[i].op);
                for (size_t j = 0; j < r.count; j++)
                    wrows_set_value(&r, j, some_value(&r.at[j]));
                r.at[0].negated = negated;
                if (!wrows_check(&r))
                    fail_msg("%s %s: %s", leaf->name, all[i].label,
                             r.at[wrows_first_wrong(&r)].error);
                check_round(&r);
                wrows_release(&r);
            }
    }
}

static void
all_keys_of_a_leaf__stand_in_joined_rows(void **state)
{
    (void)state;
    for (size_t l = 0; l < LEAF_KIND_COUNT; l++) {
        struct wrows r = {0};
        size_t added;
        assert_true(wrows_add_leaf(&r, 0, 0, &leaf_table()[l], 0));
        while (!leaf_table()[l].is_number && wrows_add_joined(&r, 0, &added))
            assert_int_equal(wrows_head(&r, added), 0);
        for (size_t j = 0; j < r.count; j++)
            wrows_set_value(&r, j, some_value(&r.at[j]));
        assert_int_equal(r.count, leaf_table()[l].key_count);
        assert_true(wrows_check(&r));
        check_round(&r);
        wrows_release(&r);
    }
}

static void
an_untouched_document__comes_back_as_it_was(void **state)
{
    size_t count;
    const struct segment_template *t = segment_template_list(&count);

    (void)state;
    assert_int_equal(count, 6);
    for (size_t i = 0; i < count; i++) {
        struct wrows r = {0};
        char *want = meaning(t[i].criteria);
        char *got;
        json_t *json;
        wrows_load(&r, t[i].criteria);
        json = wrows_json(&r);
        assert_true(json_equal(json, t[i].criteria));
        json_decref(json);
        assert_true(r.count > 0);
        for (size_t row = 0; row < r.count; row++)
            assert_int_equal(r.at[row].kind, WROW_LEAF); /* all templates can be shown */
        r.changed = true;
        json = wrows_json(&r);
        got = meaning(json);
        assert_string_equal(got, want); /* and mean the same when something is touched */
        json_decref(json);
        free(got);
        free(want);
        wrows_release(&r);
    }
}

static const struct {
    const char *in, *out; /* out: what rows make of it once touched; NULL: the same */
} documents[] = {
    {"{}", "{\"all\":[]}"},
    {"{\"all\":[]}", NULL},
    {"{\"any\":[]}", NULL},
    {"{\"any\":[{\"last_visit\":{\"never\":true}},{\"customer\":{\"is_new_client\":false}}]}",
     NULL},
    {"{\"not\":{\"last_visit\":{\"within_days\":3}}}",
     "{\"all\":[{\"not\":{\"last_visit\":{\"within_days\":3}}}]}"},
    {"{\"all\":[{\"not\":{\"any\":[{\"last_visit\":{\"within_days\":3}},{\"all\":[{\"contacted_"
     "by\":"
     "{}}]}]}}]}",
     NULL},
    {"{\"all\":[{\"not\":{\"all\":[{\"conversation\":{}}]}}]}", NULL},
    {"{\"all\":[{\"not\":{\"not\":{\"conversation\":{}}}}]}", NULL},
    {"{\"all\":[{\"conversation\":{\"outcome\":[\"a, b\"]}}]}", NULL}, /* a comma inside a word */
    {"{\"all\":[{\"conversation\":{\"outcome\":[]}}]}", NULL},
    {"{\"all\":[{\"conversation\":{\"outcome\":[\"one\"]}}]}", NULL},
    {"{\"all\":[{\"conversation\":{\"outcome\":\" padded\"}}]}", NULL},
    {"{\"all\":[{\"last_satisfaction\":{\">=\":7.5,\"<\":9}},{\"appointment_count\":2.0}]}", NULL},
    {"{\"all\":[{\"conversation\":{\"count\":{\">\":1,\"<=\":4},\"channel\":\"sms\"}}]}", NULL},
    {"{\"all\":[{\"last_visit\":{\"never\":true},\"appointment_count\":0}]}",
     "{\"all\":[{\"all\":[{\"last_visit\":{\"never\":true}},{\"appointment_count\":0}]}]}"},
    {"{\"all\":[{\"has_appointment\":true}]}", "{\"all\":[{\"appointment_count\":{\">=\":1}}]}"},
    {"{\"all\":[{\"not\":{\"has_appointment\":true}}]}", NULL},
    {"{\"all\":[{\"page_visit\":{\"key\":\"k\",\"older_than_days\":3}}]}", NULL},
    {"{\"all\":[{\"contacted_by\":{\"campaign\":\"any\",\"state\":\"replied\",\"within_days\":9}}]"
     "}",
     NULL},
    {"{\"all\":[{\"all\":[{\"any\":[{\"all\":[{\"any\":[{\"all\":[{\"any\":[{\"conversation\":{}}]}"
     "]}]}"
     "]}]}]}]}",
     NULL}, /* deeper than rows go */
};

static void
a_touched_document__says_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        struct wrows r = {0};
        json_t *in = parse(documents[i].in);
        json_t *out;
        free(meaning(in));
        wrows_load(&r, in);
        out = wrows_json(&r);
        assert_true(json_equal(in, out));
        json_decref(out);
        r.changed = true;
        out = wrows_json(&r);
        assert_json(out, documents[i].out ? documents[i].out : documents[i].in);
        json_decref(out);
        json_decref(in);
        wrows_release(&r);
    }
}

/* --- random documents */

static uint32_t seed = 12345;

static uint32_t
below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static json_t *
random_leaf(void)
{
    const struct leaf_spec *leaf = &leaf_table()[below(LEAF_KIND_COUNT)];
    struct wrows r = {0};
    size_t added;
    json_t *all;
    json_t *node;

    assert_true(wrows_add_leaf(&r, 0, 0, leaf, below((uint32_t)leaf->key_count)));
    for (uint32_t more = below(4); more > 0 && !leaf->is_number; more--)
        (void)wrows_add_joined(&r, 0, &added);
    for (size_t j = 0; j < r.count; j++)
        wrows_set_value(&r, j, some_value(&r.at[j]));
    (void)wrows_check(&r);
    all = wrows_json(&r);
    node = json_incref(json_array_get(json_object_get(all, "all"), 0));
    json_decref(all);
    wrows_release(&r);
    return node ? node : json_pack("{s:{}}", "conversation");
}

static json_t *
random_node(int depth)
{
    uint32_t what = below(depth > 5 ? 2 : 6);
    json_t *list;

    if (what < 2)
        return random_leaf();
    if (what == 2)
        return json_pack("{s:o}", "not", random_node(depth + 1));
    if (what == 3)
        return json_pack("{s:i,s:{s:b}}", "days_since_last_contact", (int)below(90), "last_visit",
                         "never", 1);
    list = json_array();
    for (uint32_t n = below(4); n > 0; n--)
        (void)json_array_append_new(list, random_node(depth + 1));
    return json_pack("{s:o}", what == 4 ? "all" : "any", list);
}

static void
random_documents__survive(void **state)
{
    (void)state;
    for (int i = 0; i < 600; i++) {
        struct wrows r = {0};
        struct wrows second = {0};
        json_t *in = random_node(0);
        json_t *out;
        json_t *again;
        json_t *kept;
        free(meaning(in));
        wrows_load(&r, in);
        assert_true(wrows_check(&r));
        out = wrows_json(&r);
        assert_true(json_equal(in, out));
        json_decref(out);
        r.changed = true;
        out = wrows_json(&r);
        free(meaning(out)); /* core takes it */
        wrows_load(&second, out);
        second.changed = true;
        again = wrows_json(&second);
        assert_true(json_equal(out, again)); /* a second time changes nothing more */
        kept = wrows_state(&r);
        assert_true(wrows_load_state(&second, kept));
        json_decref(again);
        again = wrows_json(&second);
        assert_true(json_equal(out, again)); /* through the draft as well */
        json_decref(kept);
        json_decref(again);
        json_decref(out);
        json_decref(in);
        wrows_release(&second);
        wrows_release(&r);
    }
}

/* --- wrong values */

static void
a_wrong_value__counts_as_the_last_good_one(void **state)
{
    struct wrows r = {0};
    struct wrows back = {0};
    json_t *json;
    json_t *kept;

    (void)state;
    assert_true(wrows_add_leaf(&r, 0, 0, leaf_find("last_contact"), 0));
    json = wrows_json(&r);
    assert_json(json, "{\"all\":[]}"); /* nothing is typed: not counted */
    json_decref(json);
    assert_string_equal(r.at[0].error, "type a number");
    wrows_set_value(&r, 0, "30");
    assert_true(wrows_check(&r));
    wrows_set_value(&r, 0, "3o");
    assert_string_equal(r.at[0].error, "not a number");
    assert_int_equal(wrows_first_wrong(&r), 0);
    json = wrows_json(&r);
    assert_json(json, "{\"all\":[{\"last_contact\":{\"older_than_days\":30}}]}");
    kept = wrows_state(&r);
    assert_true(wrows_load_state(&back, kept));
    assert_string_equal(edit_text(&back.at[0].value), "3o");
    assert_string_equal(back.at[0].good, "30");
    json_decref(kept);
    json_decref(json);
    wrows_release(&r);
    wrows_release(&back);
}

static const struct {
    const char *leaf, *key, *text, *error;
} values[] = {
    {"last_contact", "older_than_days", "-1", "not a number"},
    {"last_contact", "older_than_days", "1.5", "not a number"},
    {"last_contact", "older_than_days", " 30 ", ""},
    {"last_contact", "never", "maybe", "yes or no"},
    {"last_appointment", "status", " , ", "type a word"},
    {"customer", "name_contains", "", "type some text"},
    {"contacted_by", "campaign", "0", "any, or a number"},
    {"contacted_by", "campaign", "any", ""},
    {"contacted_by", "state", "sent", "not one of these"},
    {"conversation", "satisfaction", "-2", "not a number"},
    {"conversation", "satisfaction", "nan", "not a number"},
};

static void
a_value__is_checked_by_its_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        const struct leaf_spec *leaf = leaf_find(values[i].leaf);
        const struct leaf_key *key = leaf_key_find(leaf, values[i].key);
        struct wrows r = {0};
        assert_true(wrows_add_leaf(&r, 0, 0, leaf, (size_t)(key - leaf->keys)));
        wrows_set_value(&r, 0, values[i].text);
        assert_string_equal(r.at[0].error, values[i].error);
        wrows_release(&r);
    }
}

static void
a_key_said_twice__is_wrong(void **state)
{
    struct wrows r = {0};
    size_t added;

    (void)state;
    assert_true(wrows_add_leaf(&r, 0, 0, leaf_find("last_visit"), 0));
    wrows_set_value(&r, 0, "3");
    assert_true(wrows_add_joined(&r, 0, &added));
    wrows_set_condition(&r, added, 0, NUMBER_EQ);
    wrows_set_value(&r, added, "4");
    assert_string_equal(r.at[added].error, "said in a row above");
    wrows_remove(&r, 0); /* the other one becomes the first */
    assert_int_equal(r.count, 1);
    assert_false(r.at[0].joined);
    assert_true(wrows_check(&r));
    wrows_release(&r);
}

/* --- groups */

static void
groups__hold_what_is_deeper(void **state)
{
    struct wrows r = {0};
    json_t *json;

    (void)state;
    assert_true(wrows_add_group(&r, 0, 0, JOIN_ANY));
    assert_true(wrows_add_group(&r, 1, 1, JOIN_NONE));
    assert_true(wrows_add_leaf(&r, 2, 2, leaf_find("last_visit"), 0));
    wrows_set_value(&r, 2, "9");
    assert_true(wrows_add_leaf(&r, 3, 1, leaf_find("last_contact"), 0));
    wrows_set_value(&r, 3, "8");
    assert_int_equal(wrows_end(&r, 0), 4);
    assert_int_equal(wrows_end(&r, 1), 3);
    json = wrows_json(&r);
    assert_json(json,
                "{\"all\":[{\"any\":[{\"not\":{\"any\":[{\"last_visit\":{\"older_than_days\":9}}]"
                "}},{\"last_contact\":{\"older_than_days\":8}}]}]}");
    json_decref(json);
    wrows_remove(&r, 1); /* with what is in it */
    assert_int_equal(r.count, 2);
    assert_false(wrows_add_group(&r, 0, WROW_DEPTH_MAX, JOIN_ALL));
    wrows_release(&r);
}

static void
a_state_that_is_none__changes_nothing(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"rows\":[1]}",
        "{\"rows\":[{\"kind\":0,\"leaf\":\"nobody\"}]}",
        "{\"rows\":[{\"kind\":0,\"leaf\":\"last_visit\",\"key\":99}]}",
        "{\"rows\":[{\"kind\":0,\"leaf\":\"last_visit\",\"key\":0,\"joined\":true}]}",
        "{\"rows\":[{\"kind\":2}]}",
        "{\"rows\":[{\"kind\":1,\"join\":44}]}",
        "{\"rows\":[{\"kind\":1,\"depth\":99}]}",
    };
    struct wrows r = {0};

    (void)state;
    assert_true(wrows_add_leaf(&r, 0, 0, leaf_find("last_visit"), 0));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        json_t *v = parse(bad[i]);
        assert_false(wrows_load_state(&r, v));
        assert_int_equal(r.count, 1);
        json_decref(v);
    }
    wrows_release(&r);
}

static int
set_up(void **state)
{
    (void)state;
    config_init_defaults(&defaults);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    config_release(&defaults);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_condition_of_every_leaf__comes_back),
        cmocka_unit_test(all_keys_of_a_leaf__stand_in_joined_rows),
        cmocka_unit_test(an_untouched_document__comes_back_as_it_was),
        cmocka_unit_test(a_touched_document__says_the_same),
        cmocka_unit_test(random_documents__survive),
        cmocka_unit_test(a_wrong_value__counts_as_the_last_good_one),
        cmocka_unit_test(a_value__is_checked_by_its_kind),
        cmocka_unit_test(a_key_said_twice__is_wrong),
        cmocka_unit_test(groups__hold_what_is_deeper),
        cmocka_unit_test(a_state_that_is_none__changes_nothing),
    };
    return cmocka_run_group_tests_name("wizard_rows", tests, set_up, tear_down);
}
