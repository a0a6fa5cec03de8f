/* Which keys metadata holds, and which of its values are times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/replica/metadata.h"

struct read_case {
    const char *json;
    const char *want; /* "name" or "name=time", comma between, in order of name */
};

/* clang-format off */
static const struct read_case cases[] = {
    {NULL, ""},
    {"", ""},
    {"{}", ""},
    {" {} ", ""},
    {"{\"a\":true}", "a"},
    {"{\"a\":false}", ""},
    {"{\"a\":null}", ""},
    {"{\"a\":\"false\"}", "a"},
    {"{\"a\":\"\"}", "a"},
    {"{\"a\":0}", "a"},
    {"{\"a\":-0.0e-5}", "a"},
    {"{\"a\":[]}", "a"},
    {"{\"a\":{}}", "a"},
    {"{\"a\":{\"b\":true}}", "a"},
    {"{\"a.b\":1}", "a.b"},
    {"{\"b\":1,\"a\":1}", "a,b"},
    {"{\"a\":true,\"a\":false}", ""},
    {"{\"a\":null,\"a\":1}", "a"},
    {"{\"\":1}", ""},
    {"{\"\\u0061\":1}", "a"},
    {"{\"\\ud83d\\ude00\":1}", "\xF0\x9F\x98\x80"},
    {"{\"\\ud83d\":1}", "\xEF\xBF\xBD"},
    {"{\"\\ud83d\\u0061\":1}", "\xEF\xBF\xBD" "a"},
    {"{\"a\\u0000b\":1,\"c\":1}", "c"},
    {"{\"a\":123456789012345678901234567890}", "a"},
    {"{\"a\":1e999}", "a"},
    {"{\"a\":\"2026-11-23T09:00:00Z\"}", "a=2026-11-23T09:00:00Z"},
    {"{\"a\":\"2026-11-23 09:00:00\"}", "a=2026-11-23T09:00:00Z"},
    {"{\"a\":\"2026-11-23T09:00:00.999Z\"}", "a=2026-11-23T09:00:00Z"},
    {"{\"a\":\"1969-12-31T23:59:58.9Z\"}", "a=1969-12-31T23:59:58Z"},
    {"{\"a\":\"2026-11-23T09:00:00+02:00\"}", "a=2026-11-23T07:00:00Z"},
    {"{\"a\":\"2026-11-23T09:00:00-08:00\"}", "a=2026-11-23T17:00:00Z"},
    {"{\"a\":\"2026-11-23\\u005409:00:00\"}", "a=2026-11-23T09:00:00Z"},
    {"{\"a\":\"2026-11-23t09:00:00Z\"}", "a"},
    {"{\"a\":\"2026-11-23T09:00:00z\"}", "a"},
    {"{\"a\":\"2026-11-23T09:00:00+0200\"}", "a"},
    {"{\"a\":\"2026-11-23\"}", "a"},
    {"{\"a\":\"2026-02-30T09:00:00Z\"}", "a"},
    {"{\"a\":\"2026-11-23T24:00:00Z\"}", "a"},
    {"{\"a\":\"2026-11-23T09:00\"}", "a"},
    {"{\"a\":\" 2026-11-23T09:00:00\"}", "a"},
    {"{\"a\":\"2026-11-23T09:00:00\\u0000\"}", "a"},
    {"{\"a\":1795424400}", "a"},
    {"{\"a\":[\"2026-11-23T09:00:00Z\"]}", "a"},
    {"[\"a\"]", ""},
    {"\"a\"", ""},
    {"null", ""},
    {"{\"a\":}", ""},
    {"{\"a\"}", ""},
    {"{\"a\":1,}", ""},
    {"{,\"a\":1}", ""},
    {"{\"a\":1", ""},
    {"{\"a\":1}}", ""},
    {"{\"a\":1} x", ""},
    {"{\"a\":01}", ""},
    {"{\"a\":1.}", ""},
    {"{\"a\":.5}", ""},
    {"{\"a\":+1}", ""},
    {"{\"a\":1e}", ""},
    {"{\"a\":NaN}", ""},
    {"{\"a\":tru}", ""},
    {"{\"a\":True}", ""},
    {"{'a':1}", ""},
    {"{a:1}", ""},
    {"{\"a\":\"\n\"}", ""},
    {"{\"a\":\"\\x\"}", ""},
    {"{\"a\":\"\\u12g4\"}", ""},
    {"{\"a\":\"\\u12\"}", ""},
    {"{\"a\":\"\xFF\"}", ""},
    {"{\"a\":[1,2}", ""},
    {"{\"a\":[1 2]}", ""},
    {"{\"a\":[1,]}", ""},
    {"{\"a\":{\"b\":1,}}", ""},
    {"{\"a\":{\"b\" 1}}", ""},
    {"{\"good\":1,\"bad\":tru", ""},
    {"{ \"a\" : { \"x\" : [ 1 , null , \"]\" ] } , \"b\" : true }\n", "a,b"},
};
/* clang-format on */

static char *
held(const struct metadata *m)
{
    struct buf out = {0};
    char time[UTIME_RFC3339_SIZE];

    for (size_t i = 0; i < m->count; i++) {
        buf_printf(&out, "%s%s", i > 0 ? "," : "", metadata_name(m, i));
        if (m->keys[i].is_time)
            buf_printf(&out, "=%s", utime_format(m->keys[i].time_s, time));
    }
    return out.data ? buf_take(&out) : mem_strdup("");
}

static void
metadata_read__finds_the_held_keys(void **state)
{
    struct metadata m = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *got;

        metadata_read(&m, cases[i].json);
        if (cases[i].json &&
            strcmp(cases[i].json, "{\"\":1}") == 0) { /* the empty name is a name */
            assert_int_equal(m.count, 1);
            assert_string_equal(metadata_name(&m, 0), "");
            continue;
        }
        got = held(&m);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: got \"%s\", want \"%s\"", cases[i].json, got, cases[i].want);
        free(got);
    }
    metadata_release(&m);
}

static void
metadata_read__every_prefix_holds_nothing(void **state)
{
    static const char json[] = "{\"a\":[true,{\"x\":\"\\u0041\\n\"}],\"b\":-1.5e+3,\"c\":\"t\"}";
    struct metadata m = {0};

    (void)state;
    for (size_t len = 0; len < sizeof json - 1; len++) {
        char *part = mem_strndup(json, len);

        metadata_read(&m, part);
        assert_int_equal(m.count, 0);
        free(part);
    }
    metadata_read(&m, json);
    assert_int_equal(m.count, 3);
    metadata_release(&m);
}

static void
metadata_read__has_limits(void **state)
{
    struct metadata m = {0};
    struct buf deep = {0};
    struct buf many = {0};
    struct buf large = {0};

    (void)state;
    buf_add_str(&deep, "{\"a\":");
    for (int i = 0; i < 200000; i++)
        buf_add_char(&deep, '[');
    metadata_read(&m, buf_str(&deep));
    assert_int_equal(m.count, 0);
    for (int i = 0; i <= METADATA_MAX_KEYS; i++)
        buf_printf(&many, "%s\"k%d\":1", i == 0 ? "{" : ",", i);
    buf_add_char(&many, '}');
    metadata_read(&m, buf_str(&many));
    assert_int_equal(m.count, 0);
    buf_add_str(&large, "{\"a\":\"");
    for (size_t i = 0; i < METADATA_MAX_BYTES; i++)
        buf_add_char(&large, 'x');
    buf_add_str(&large, "\"}");
    metadata_read(&m, buf_str(&large));
    assert_int_equal(m.count, 0);
    buf_release(&deep);
    buf_release(&many);
    buf_release(&large);
    metadata_release(&m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_read__finds_the_held_keys),
        cmocka_unit_test(metadata_read__every_prefix_holds_nothing),
        cmocka_unit_test(metadata_read__has_limits),
    };

    return cmocka_run_group_tests_name("metadata", tests, NULL, NULL);
}
