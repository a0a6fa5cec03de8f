/* YAML in, JSON out: the core schema, places, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/yaml.h"

static const struct {
    const char *yaml, *json; /* json NULL: refused */
    const char *place;       /* line:column of the refusal */
} cases[] = {
    {"a: 1\nb: [x, 2.5, true, null, ~]\n", "{\"a\":1,\"b\":[\"x\",2.5,true,null,null]}", NULL},
    {"{\"a\": {\"b\": \"01\"}}", "{\"a\":{\"b\":\"01\"}}", NULL},
    {"yes: no", "{\"yes\":\"no\"}", NULL}, /* YAML 1.2: yes and no are words */
    {"a: 0x1F\nb: 0o17\nc: +12\nd: 1e3\n", "{\"a\":31,\"b\":15,\"c\":12,\"d\":1000.0}", NULL},
    {"a: \"12\"\nb: '09:00'\nc: 09:00\n", "{\"a\":\"12\",\"b\":\"09:00\",\"c\":\"09:00\"}", NULL},
    {"a:\n  - {n: A, t: \"x: y\"}\n", "{\"a\":[{\"n\":\"A\",\"t\":\"x: y\"}]}", NULL},
    {"a: |\n  one\n  two\n", "{\"a\":\"one\\ntwo\\n\"}", NULL},
    {"a: 99999999999999999999", "{\"a\":1e20}", NULL},
    {"a: 1\na: 2\n", NULL, "2:1"},
    {"a: &x 1\nb: *x\n", NULL, "1:4"},
    {"a: !!str 1\n", NULL, "1:4"},
    {"a: .nan\n", NULL, "1:4"},
    {"a: 1e999\n", NULL, "1:4"},
    {"a: 1\n---\nb: 2\n", NULL, "2:1"},
    {"a: [1, 2\n", NULL, "2:1"},
    {"\ta: 1\n", NULL, "1:1"},
    {"[a]: 1\n", NULL, "1:1"},
    {"a: \xff\n", NULL, "1:1"},
};

static void
reads_the_core_schema_and_refuses_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct yaml_doc doc = {0};
        struct error err = {0};
        bool ok = yaml_parse(cases[i].yaml, strlen(cases[i].yaml), &doc, &err);

        if (ok != (cases[i].json != NULL))
            fail_msg("case %zu: %s: %s", i, ok ? "was read" : "was refused", err.text);
        if (ok) {
            char *got = json_dumps(doc.root, JSON_COMPACT);
            json_t *want = json_loads(cases[i].json, 0, NULL);

            if (!json_equal(doc.root, want))
                fail_msg("case %zu: got %s", i, got);
            json_decref(want);
            free(got);
        } else {
            assert_int_equal(err.code, ERR_INVALID);
            assert_true(err.text[0] != '\0');
            if (strcmp(err.path, cases[i].place) != 0 && (unsigned char)cases[i].yaml[3] != 0xff)
                fail_msg("case %zu: place %s (%s)", i, err.path, err.text);
        }
        yaml_release(&doc);
    }
}

static void
every_value_has_its_place(void **state)
{
    static const char text[] = "name: x\nsegment:\n  criteria:\n    all:\n      - {a: 1}\n";
    struct yaml_doc doc = {0};
    struct error err = {0};
    const struct yaml_place *place;

    (void)state;
    assert_true(yaml_parse(text, strlen(text), &doc, &err));
    place = yaml_place_of(&doc, "/segment/criteria/all/0/a");
    assert_non_null(place);
    assert_int_equal(place->line, 5);
    assert_int_equal(place->column, 10);
    place = yaml_place_of(&doc, "/segment/criteria/all/0/b"); /* the nearest parent */
    assert_int_equal(place->line, 5);
    yaml_release(&doc);
}

/* Everything that a reader of the text can still refuse by its pointer is kept. */
static void
becomes_json_text_with_all_its_faults(void **state)
{
    static const struct {
        const char *yaml, *json, *place;
    } faults[] = {
        {"foo: 1\nb: 2\nb: 3\n", "{\"foo\":1,\"b\":2,\"b\":3}", NULL},
        {"a: [.inf, -.inf, 1e999, .nan]", "{\"a\":[1e999,-1e999,1e999,1e999]}", NULL},
        {"a: {}\nb: []\nc: [[], {d: [~]}]", "{\"a\":{},\"b\":[],\"c\":[[],{\"d\":[null]}]}", NULL},
        {"\"q\\\"\\\\\\n\": 'true'\nyes: no", "{\"q\\\"\\\\\\u000a\":\"true\",\"yes\":\"no\"}",
         NULL},
        {"[0o17, 0x1F, +12, 1.5, 0xFFFFFFFFFFFFFFFF]", "[15,31,12,1.5,1.8446744073709552e+19]",
         NULL},
        {"12", "12", NULL},
        {"# nothing\n", "", NULL},
        {"a: 1\nb: &x 2\n", NULL, "2:4"},
        {"a: [*x]\n", NULL, "1:5"},
        {"a: !!str 2\n", NULL, "1:4"},
        {"a: 1\n---\nb: 2\n", NULL, "2:1"},
        {"? {a: 1}\n: 2\n", NULL, "1:3"},
        {"a: \"x\\0\"\n", NULL, "1:4"},
        {"a: [1\n", NULL, "2:1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        struct buf text = {0};
        struct error err = {0};
        bool ok = yaml_to_json_text(faults[i].yaml, strlen(faults[i].yaml), &text, &err);

        if (ok != (faults[i].json != NULL))
            fail_msg("case %zu: %s %s", i, buf_str(&text), err.text);
        if (ok && strcmp(buf_str(&text), faults[i].json) != 0)
            fail_msg("case %zu: %s", i, buf_str(&text));
        if (!ok && strcmp(err.path, faults[i].place) != 0)
            fail_msg("case %zu: place %s (%s)", i, err.path, err.text);
        buf_release(&text);
    }
}

static void
what_is_written_reads_back_the_same(void **state)
{
    static const char *const documents[] = {
        "{\"a\":\"true\",\"b\":\"12\",\"c\":\"\",\"d\":\"- x\",\"e\":\"a: "
        "b\",\"f\":\"#\",\"g\":null}",
        "{\"m\":[{\"t\":\"line one\\nline two\\n\"},{\"t\":\"  lead\"},{\"t\":\"ünï {x|y}, "
        "\\\"q\\\"\"}]}",
        "{\"n\":1.5,\"i\":-3,\"l\":[],\"o\":{},\"b\":false}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        json_t *want = json_loads(documents[i], 0, NULL);
        struct buf text = {0};
        struct yaml_doc doc = {0};
        struct error err = {0};

        assert_true(yaml_write(want, &text, &err));
        if (!yaml_parse(buf_str(&text), text.len, &doc, &err) || !json_equal(doc.root, want))
            fail_msg("case %zu came back otherwise:\n%s%s", i, buf_str(&text), err.text);
        yaml_release(&doc);
        buf_release(&text);
        json_decref(want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_core_schema_and_refuses_the_rest),
        cmocka_unit_test(every_value_has_its_place),
        cmocka_unit_test(becomes_json_text_with_all_its_faults),
        cmocka_unit_test(what_is_written_reads_back_the_same),
    };

    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
