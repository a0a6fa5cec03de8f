/* Reading criteria: what is refused, at which place, and what the flat form means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/cc.h"
#include "core/segment/criteria_tree.h"
#include "core/segment/segment.h"

struct refused {
    const char *text;
    const char *path;
    const char *says; /* a part of the message */
};

static const struct refused refused[] = {
    /* the example of the specification */
    {"{\"all\":[{},{\"last_contact\":{\"older_than_day\":7}}]}",
     "/all/1/last_contact/older_than_day", "unknown key; did you mean older_than_days?"},
    /* the document itself */
    {"[]", "/", "object"},
    {"7", "/", "object"},
    {"null", "/", "object"},
    {"\"x\"", "/", "object"},
    /* keys */
    {"{\"chanel\":\"sms\"}", "/chanel", "did you mean channel?"},
    {"{\"last_contacts\":{}}", "/last_contacts", "did you mean last_contact?"},
    {"{\"xyzzy\":1}", "/xyzzy", "unknown key"},
    {"{\"a/b~c\":1}", "/a~1b~0c", "unknown key"},
    {"{\"\":1}", "/", "unknown key"},
    {"{\"channel\":\"sms\",\"channel\":\"sms\"}", "/channel", "twice"},
    {"{\"last_contact\":{\"never\":true,\"never\":true}}", "/last_contact/never", "twice"},
    {"{\"last_contact\":{\"never\":true},\"last_contact\":{\"never\":true}}", "/last_contact",
     "twice"},
    {"{\"appointment_count\":{\">\":1,\">\":1}}", "/appointment_count/>", "twice"},
    {"{\"all\":[],\"all\":[]}", "/all", "twice"},
    {"{\"appointment_count\":1,\"appointment_count\":1}", "/appointment_count", "twice"},
    /* all, any and not stand alone */
    {"{\"all\":[],\"channel\":\"sms\"}", "/channel", "all stands alone"},
    {"{\"channel\":\"sms\",\"any\":[]}", "/any", "any stands alone"},
    {"{\"not\":{},\"all\":[]}", "/all", "not stands alone"},
    {"{\"not\":{},\"customer\":{\"has_phone\":true}}", "/customer", "not stands alone"},
    {"{\"all\":{}}", "/all", "list"},
    {"{\"any\":null}", "/any", "list"},
    {"{\"all\":[1]}", "/all/0", "object"},
    {"{\"not\":[]}", "/not", "object"},
    {"{\"any\":[{},{\"not\":{\"all\":[{},[]]}}]}", "/any/1/not/all/1", "object"},
    /* leaves that say nothing */
    {"{\"last_contact\":{}}", "/last_contact", "says nothing"},
    {"{\"last_appointment\":{}}", "/last_appointment", "says nothing"},
    {"{\"next_appointment\":{}}", "/next_appointment", "says nothing"},
    {"{\"customer\":{}}", "/customer", "says nothing"},
    {"{\"appointment_count\":{}}", "/appointment_count", "says nothing"},
    {"{\"last_satisfaction\":{}}", "/last_satisfaction", "says nothing"},
    {"{\"conversation\":{\"count\":{}}}", "/conversation/count", "says nothing"},
    {"{\"conversation\":{\"satisfaction\":{}}}", "/conversation/satisfaction", "says nothing"},
    {"{\"page_visit\":{\"key\":\"x\"}}", "/page_visit", "says nothing"},
    {"{\"page_visit\":{}}", "/page_visit", "\"key\" is missing"},
    {"{\"page_visit\":{\"never\":true}}", "/page_visit", "\"key\" is missing"},
    {"{\"customer\":{\"name_contains\":\"\"}}", "/customer/name_contains", "says nothing"},
    {"{\"customer\":{\"notes_contain\":\"\",\"has_phone\":true}}", "/customer/notes_contain",
     "says nothing"},
    /* wrong types */
    {"{\"last_contact\":7}", "/last_contact", "object"},
    {"{\"last_contact\":[]}", "/last_contact", "object"},
    {"{\"conversation\":null}", "/conversation", "object"},
    {"{\"last_contact\":{\"older_than_days\":\"7\"}}", "/last_contact/older_than_days", "a text"},
    {"{\"last_contact\":{\"older_than_days\":1.5}}", "/last_contact/older_than_days", "fraction"},
    {"{\"last_contact\":{\"older_than_days\":-1}}", "/last_contact/older_than_days", "negative"},
    {"{\"last_contact\":{\"older_than_days\":-0.5}}", "/last_contact/older_than_days", "negative"},
    {"{\"last_contact\":{\"older_than_days\":-99999999999999999999}}",
     "/last_contact/older_than_days", "negative"},
    {"{\"last_contact\":{\"older_than_days\":1e999}}", "/last_contact/older_than_days", "finite"},
    {"{\"last_contact\":{\"older_than_days\":true}}", "/last_contact/older_than_days", "not true"},
    {"{\"last_contact\":{\"older_than_days\":{\">\":1}}}", "/last_contact/older_than_days",
     "an object"},
    {"{\"last_contact\":{\"never\":1}}", "/last_contact/never", "true or false"},
    {"{\"last_contact\":{\"never\":\"true\"}}", "/last_contact/never", "true or false"},
    {"{\"last_contact\":{\"status\":\"x\"}}", "/last_contact/status", "unknown key"},
    {"{\"next_appointment\":{\"within_days\":1}}", "/next_appointment/within_days", "unknown key"},
    {"{\"last_appointment\":{\"status\":null}}", "/last_appointment/status", "a text"},
    {"{\"last_appointment\":{\"status\":[\"a\",1]}}", "/last_appointment/status/1", "a number"},
    {"{\"last_appointment\":{\"status\":[[\"a\"]]}}", "/last_appointment/status/0", "a list"},
    {"{\"conversation\":{\"has_metadata\":[\"k\"]}}", "/conversation/has_metadata", "a list"},
    {"{\"customer\":{\"name_contains\":[\"k\"]}}", "/customer/name_contains", "a list"},
    {"{\"customer\":{\"is_new_client\":null}}", "/customer/is_new_client", "true or false"},
    {"{\"appointment_count\":\"1\"}", "/appointment_count", "a text"},
    {"{\"appointment_count\":[1]}", "/appointment_count", "a list"},
    {"{\"appointment_count\":-1}", "/appointment_count", "negative"},
    {"{\"appointment_count\":1e999}", "/appointment_count", "finite"},
    {"{\"appointment_count\":{\"=\":1}}", "/appointment_count/=", "unknown comparison"},
    {"{\"appointment_count\":{\"==\":1}}", "/appointment_count/==", "unknown comparison"},
    {"{\"appointment_count\":{\">\":\"1\"}}", "/appointment_count/>", "a text"},
    {"{\"appointment_count\":{\">\":-0.1}}", "/appointment_count/>", "negative"},
    {"{\"appointment_count\":{\">\":{}}}", "/appointment_count/>", "an object"},
    {"{\"contacted_by\":{\"campaign\":\"all\"}}", "/contacted_by/campaign", "\"any\""},
    {"{\"contacted_by\":{\"campaign\":1.5}}", "/contacted_by/campaign", "fraction"},
    {"{\"contacted_by\":{\"campaign\":-1}}", "/contacted_by/campaign", "negative"},
    {"{\"contacted_by\":{\"state\":\"repled\"}}", "/contacted_by/state", "did you mean replied?"},
    {"{\"contacted_by\":{\"state\":[\"replied\"]}}", "/contacted_by/state", "a list"},
    /* the flat form */
    {"{\"days_since_visit\":3}", "/", "metadata_key"},
    {"{\"any\":[{\"days_since_visit\":3}]}", "/any/0", "metadata_key"},
    {"{\"min_satisfaction_score\":{\">\":1}}", "/min_satisfaction_score", "an object"},
    {"{\"min_satisfaction_score\":-1}", "/min_satisfaction_score", "negative"},
    {"{\"has_appointment\":\"yes\"}", "/has_appointment", "true or false"},
    {"{\"days_since_last_contact\":[7]}", "/days_since_last_contact", "a list"},
    {"{\"metadata_key\":7}", "/metadata_key", "a number"},
    {"{\"channel\":{}}", "/channel", "an object"},
    /* the first error in the order of the document */
    {"{\"channel\":7,\"outcome\":7}", "/channel", "a number"},
    {"{\"all\":[{\"channel\":\"a\",\"channel\":\"b\"},{\"bad\":1}]}", "/all/0/channel", "twice"},
    {"{\"all\":[{\"bad\":1},{\"channel\":\"a\",\"channel\":\"b\"}]}", "/all/0/bad", "unknown key"},
    {"{\"last_contact\":{\"older_than_days\":-1,\"x\":1}}", "/last_contact/older_than_days",
     "negative"},
    /* texts that cannot be read */
    {"", "1:1", "ends"},
    {"{", "1:2", "key"},
    {"{}x", "1:3", "follows"},
    {"{} {}", "1:4", "follows"},
    {"{\n \"all\": [\n}", "3:1", "value"},
    {"{\"all\":[{},]}", "1:12", "value"},
    {"{\"all\":[],}", "1:11", "key"},
    {"{'all':[]}", "1:2", "double quotes"},
    {"{\"all\" []}", "1:8", "colon"},
    {"{\"appointment_count\":01}", "1:22", "begin with 0"},
    {"{\"appointment_count\":1.}", "1:22", "point"},
    {"{\"appointment_count\":NaN}", "1:22", "value"},
    {"{\"appointment_count\":-Infinity}", "1:22", "value"},
    {"{\"appointment_count\":1e}", "1:22", "exponent"},
    {"{\"appointment_count\":tru}", "1:22", "value"},
    {"{\"channel\":\"a\\u0000\"}", "1:14", "U+0000"},
    {"{\"channel\":\"\\ud800\"}", "1:13", "surrogate"},
    {"{\"channel\":\"\xff\"}", "1:13", "UTF-8"},
    {"{\"channel\":\"a\nb\"}", "1:14", "control"},
    {"{\"channel\":\"ab", "1:12", "never closed"},
    {"{\"\xc3\xa9\xc3\xa9\": x}", "1:8", "value"}, /* columns are characters */
    /* a document that cannot be read has no other errors */
    {"{\"bad\":1,", "1:10", "key"},
};

static void
what_is_refused_is_named_by_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct error err = {0};
        struct criteria *c =
            criteria_from_text(refused[i].text, strlen(refused[i].text), false, &err);

        if (c || err.code != ERR_INVALID || strcmp(err.path, refused[i].path) != 0 ||
            !strstr(err.text, refused[i].says))
            fail_msg("%s\n  expected %s: ...%s...\n  got      %s: %s", refused[i].text,
                     refused[i].path, refused[i].says, err.path, c ? "accepted" : err.text);
    }
}

static const char *const accepted[] = {
    "{}",
    " {\"all\":[]} ",
    "\xEF\xBB\xBF{}",
    "{\"any\":[]}",
    "{\"not\":{}}",
    "{\"conversation\":{}}",
    "{\"appointment\":{}}",
    "{\"contacted_by\":{}}",
    "{\"contacted_by\":{\"campaign\":7}}",
    "{\"contacted_by\":{\"campaign\":\"any\",\"state\":\"not_replied\",\"within_days\":0}}",
    "{\"last_contact\":{\"older_than_days\":0}}",
    "{\"last_contact\":{\"older_than_days\":7.0}}",
    "{\"last_contact\":{\"older_than_days\":1e2}}",
    "{\"last_contact\":{\"older_than_days\":-0}}",
    "{\"last_contact\":{\"older_than_days\":9223372036854775807}}",
    "{\"last_contact\":{\"older_than_days\":9223372036854775808}}",
    "{\"last_contact\":{\"older_than_days\":1000000000000000000000000000000000}}",
    "{\"appointment_count\":-0.0}",
    "{\"appointment_count\":2.5}",
    "{\"appointment_count\":{\"<\":5,\"<=\":4,\">\":0,\">=\":1,\"!=\":3}}",
    "{\"appointment_count\":99999999999999999999999999}",
    "{\"conversation\":{\"channel\":[]}}",
    "{\"conversation\":{\"channel\":\"\"}}",
    "{\"conversation\":{\"channel\":[\"sms\",\"a word nobody knows\"]}}",
    "{\"channel\":[\"sms\",\"voice\"],\"last_contact\":{\"never\":false},\"has_appointment\":true}",
    "{\"metadata_key\":\"k.with.dots\"}",
    "{\"page_visit\":{\"key\":\"\",\"never\":true}}",
    "{\"channel\":\"\\ud83d\\ude00\"}",
};

static void
what_is_sound_is_accepted_and_kept_as_it_was_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
        struct error err = {0};
        struct criteria *c = criteria_from_text(accepted[i], strlen(accepted[i]), false, &err);
        struct criteria *again;
        json_t *document;

        if (!c)
            fail_msg("%s\n  %s: %s", accepted[i], err.path, err.text);
        document = criteria_to_json(c);
        again = criteria_from_json(document, &err);
        if (!again)
            fail_msg("%s again\n  %s: %s", accepted[i], err.path, err.text);
        json_decref(document);
        criteria_free(again);
        criteria_free(c);
    }
}

static char *
nested(int depth, const char *innermost)
{
    struct buf out = {0};

    for (int i = 1; i < depth; i++)
        buf_add_str(&out, i % 2 ? "{\"not\":" : "{\"all\":[");
    buf_add_str(&out, innermost);
    for (int i = depth - 1; i >= 1; i--)
        buf_add_str(&out, i % 2 ? "}" : "]}");
    return buf_take(&out);
}

static void
thirty_two_is_the_deepest(void **state)
{
    struct error err = {0};
    char *deepest = nested(32, "{}");
    char *deeper = nested(33, "{}");
    char *mistake = nested(40, "{\"bad\":1}");
    struct criteria *c = criteria_from_text(deepest, strlen(deepest), false, &err);

    (void)state;
    if (!c)
        fail_msg("%s: %s", err.path, err.text);
    criteria_free(c);
    assert_null(criteria_from_text(deeper, strlen(deeper), false, &err));
    assert_non_null(strstr(err.text, "deeper than 32"));
    /* 16 times "/not/all/0": the node at depth 33 */
    assert_int_equal(strlen(err.path), 16 * strlen("/not/all/0"));
    assert_null(criteria_from_text(mistake, strlen(mistake), false, &err));
    assert_non_null(strstr(err.text, "deeper than 32"));
    free(deepest);
    free(deeper);
    free(mistake);
}

static void
any_nesting_and_size_is_survived(void **state)
{
    enum { SIZE = 65536 };
    struct error err = {0};
    char *text = malloc(SIZE + 1);
    struct criteria *c;

    (void)state;
    memset(text, '[', SIZE + 1);
    assert_null(criteria_from_text(text, SIZE, false, &err));
    assert_string_equal(err.path, "1:65537");
    memset(text + SIZE / 2, ']', SIZE / 2);
    assert_null(criteria_from_text(text, SIZE, false, &err));
    assert_string_equal(err.path, "/");
    memset(text, ' ', SIZE + 1);
    memcpy(text, "{}", 2);
    c = criteria_from_text(text, SIZE, false, &err);
    assert_non_null(c);
    criteria_free(c);
    assert_null(criteria_from_text(text, SIZE + 1, false, &err));
    assert_string_equal(err.path, "/");
    assert_non_null(strstr(err.text, "65536"));
    free(text);
}

static void
everyone_is_recognised(void **state)
{
    static const struct {
        const char *text;
        bool everyone;
    } rows[] = {
        {"{}", true},
        {"{\"all\":[]}", true},
        {"{\"all\":[{},{\"all\":[]}]}", true},
        {"{\"any\":[]}", false},
        {"{\"not\":{\"any\":[]}}", true},
        {"{\"any\":[{\"channel\":\"sms\"},{}]}", true},
        {"{\"not\":{}}", false},
        {"{\"appointment_count\":{\">=\":0}}", true},
        {"{\"appointment_count\":{\">=\":1}}", false},
        {"{\"conversation\":{\"count\":{\">=\":0}}}", true},
        {"{\"not\":{\"conversation\":{\"channel\":[]}}}", true},
        {"{\"has_appointment\":true}", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        struct criteria *c = criteria_from_text(rows[i].text, strlen(rows[i].text), false, &err);

        if (!c || criteria_is_everyone(c) != rows[i].everyone)
            fail_msg("%s", rows[i].text);
        criteria_free(c);
    }
}

/* The table at the end of the specification's chapter on criteria, letter for letter. */
static void
templates_are_those_of_the_specification(void **state)
{
    static const char *const rows[][2] = {
        {"sms_booking_abandoners", "{\"channel\":\"sms\",\"has_booking_intent\":true,"
                                   "\"has_appointment\":false,\"days_since_last_contact\":7}"},
        {"booking_flow_abandoners", "{\"metadata_key\":\"visited_booking_page\","
                                    "\"has_appointment\":false,\"days_since_visit\":3}"},
        {"high_satisfaction_no_repeat", "{\"min_satisfaction_score\":8,"
                                        "\"days_since_last_appointment\":90,"
                                        "\"appointment_count\":1}"},
        {"recent_callers_no_booking",
         "{\"all\":[{\"conversation\":{\"channel\":\"voice\",\"outcome\":[\"info_only\","
         "\"browsing\"]}},{\"appointment_count\":0},{\"last_contact\":{\"within_days\":30}}]}"},
        {"inactive_customers", "{\"has_appointment\":true,\"days_since_last_activity\":90}"},
        {"cancelled_appointments",
         "{\"last_appointment_status\":\"cancelled\",\"days_since_cancellation\":14}"},
    };
    size_t count = 0;
    const struct segment_template *list = segment_template_list(&count);

    (void)state;
    assert_int_equal(count, ARRAY_LEN(rows));
    for (size_t i = 0; i < count; i++) {
        json_t *expected = json_loads(rows[i][1], 0, NULL);
        char *text = json_dumps(list[i].criteria, JSON_COMPACT);

        assert_non_null(expected);
        assert_string_equal(list[i].name, rows[i][0]);
        assert_string_equal(text, rows[i][1]); /* the order of the keys too */
        assert_true(json_equal(expected, list[i].criteria));
        assert_true(list[i].title[0] && list[i].description[0]);
        assert_ptr_equal(segment_template_find(rows[i][0]), &list[i]);
        free(text);
        json_decref(expected);
    }
    assert_null(segment_template_find("no such"));
}

static void
yaml_says_the_same(void **state)
{
    static const char text[] =
        "all:\n"
        "  - conversation: {channel: voice, outcome: [info_only, browsing]}\n"
        "  - appointment_count: {'>=': 0}\n"
        "  - last_contact:\n"
        "      older_than_day: 3\n";
    static const char twice[] = "all:\n  - {}\n  - channel: sms\n    channel: sms\n";
    static const char yes[] = "has_appointment: yes\n";
    static const char infinite[] = "appointment_count: .inf\n";
    struct error err = {0};
    struct criteria *c;
    char *deep;

    (void)state;
    assert_null(criteria_from_text(text, strlen(text), true, &err));
    assert_string_equal(err.path, "/all/2/last_contact/older_than_day");
    assert_null(criteria_from_text(twice, strlen(twice), true, &err));
    assert_string_equal(err.path, "/all/1/channel");
    assert_null(criteria_from_text(yes, strlen(yes), true, &err));
    assert_string_equal(err.path, "/has_appointment"); /* YAML 1.2: yes is a text */
    assert_null(criteria_from_text(infinite, strlen(infinite), true, &err));
    assert_string_equal(err.path, "/appointment_count");
    deep = nested(32, "{\"conversation\":{\"channel\":[\"sms\"]}}");
    c = criteria_from_text(deep, strlen(deep), true, &err); /* JSON is YAML */
    if (!c)
        fail_msg("%s: %s", err.path, err.text);
    criteria_free(c);
    free(deep);
    assert_null(criteria_from_text("", 0, true, &err));
    assert_int_equal(err.code, ERR_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused_is_named_by_its_place),
        cmocka_unit_test(what_is_sound_is_accepted_and_kept_as_it_was_written),
        cmocka_unit_test(thirty_two_is_the_deepest),
        cmocka_unit_test(any_nesting_and_size_is_survived),
        cmocka_unit_test(everyone_is_recognised),
        cmocka_unit_test(templates_are_those_of_the_specification),
        cmocka_unit_test(yaml_says_the_same),
    };

    return cmocka_run_group_tests_name("criteria", tests, NULL, NULL);
}
