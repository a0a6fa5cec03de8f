/* Forms as Twilio posts them and as its libraries write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/webhook/form.h"

struct parse_case {
    const char *text;
    size_t len;         /* 0: strlen */
    const char *joined; /* "name=value|..." decoded; NULL: refused */
};

static const struct parse_case parse_cases[] = {
    {"", 0, ""},
    {"a=1", 0, "a=1|"},
    {"a=1&b=2", 0, "a=1|b=2|"},
    {"a=1&a=2&a=1", 0, "a=1|a=2|a=1|"},
    {"a", 0, "a=|"},
    {"a=", 0, "a=|"},
    {"=x", 0, "=x|"},
    {"&&a=1&&", 0, "a=1|"},
    {"a=b=c", 0, "a=b=c|"},
    {"a+b=c+d%20e%2B", 0, "a b=c d e+|"},
    {"a=%C3%a9", 0, "a=\xC3\xA9|"},
    {"a=\xC3\xA9", 0, "a=\xC3\xA9|"},
    {"a=%0D%0A", 0, "a=\r\n|"},
    {"a=%", 0, NULL},
    {"a=%4", 0, NULL},
    {"a=%4&b=1", 0, NULL},
    {"a=%4G", 0, NULL},
    {"%zz=1", 0, NULL},
    {"a=%00", 0, NULL},
    {"a=\0b", 4, NULL},
    {"a=%FF", 0, NULL},
    {"a=%C3", 0, NULL},
    {"a=%ED%A0%80", 0, NULL}, /* a surrogate */
    {"%C3=%A9", 0, NULL},
};

static void
parse__each_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parse_cases); i++) {
        const struct parse_case *c = &parse_cases[i];
        struct form form = {0};
        struct error err = {0};
        struct buf joined = {0};
        bool ok = form_parse(c->text, c->len ? c->len : strlen(c->text), &form, &err);

        for (size_t f = 0; f < form.count; f++)
            buf_printf(&joined, "%s=%s|", form.fields[f].name, form.fields[f].value);
        if (ok != (c->joined != NULL) || (ok && strcmp(buf_str(&joined), c->joined) != 0))
            fail_msg("case %zu: \"%s\" gave %s \"%s\"", i, c->text, ok ? "fields" : "an error",
                     ok ? buf_str(&joined) : err.text);
        if (!ok) {
            assert_int_equal(err.code, ERR_INVALID);
            assert_int_equal(form.count, 0);
        }
        buf_release(&joined);
        form_release(&form);
    }
}

static void
parse__takes_a_thousand_fields_and_no_more(void **state)
{
    struct buf text = {0};
    struct form form = {0};
    struct error err = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        buf_add_str(&text, "a=1&");
    assert_true(form_parse(text.data, text.len, &form, &err));
    assert_int_equal(form.count, 1000);
    form_release(&form);
    buf_add_str(&text, "b=1");
    assert_false(form_parse(text.data, text.len, &form, &err));
    buf_release(&text);
}

static void
get__finds_the_first_of_a_name(void **state)
{
    struct form form = {0};
    struct error err = {0};

    (void)state;
    assert_true(form_parse("To=1&to=2&To=3", 14, &form, &err));
    assert_string_equal(form_get(&form, "To"), "1");
    assert_string_equal(form_get(&form, "to"), "2");
    assert_null(form_get(&form, "TO"));
    form_release(&form);
}

static void
encode__writes_what_the_vendors_library_writes(void **state)
{
    json_error_t why;
    json_t *doc = json_load_file(TEST_FIXTURES "/vectors/requests.json", 0, &why);
    json_t *request;
    size_t i;
    int seen = 0;

    (void)state;
    assert_non_null(doc);
    json_array_foreach(json_object_get(doc, "twilio"), i, request)
    {
        struct form form = {0};
        struct form back = {0};
        struct error err = {0};
        struct buf out = {0};
        json_t *pair;
        size_t f;

        json_array_foreach(json_object_get(request, "form"), f, pair)
            form_add(&form, json_string_value(json_array_get(pair, 0)),
                     json_string_value(json_array_get(pair, 1)));
        form_encode(&form, &out);
        assert_string_equal(buf_str(&out), json_string_value(json_object_get(request, "body")));
        assert_true(form_parse(out.data ? out.data : "", out.len, &back, &err));
        assert_int_equal(back.count, form.count);
        for (f = 0; f < form.count; f++) {
            assert_string_equal(back.fields[f].name, form.fields[f].name);
            assert_string_equal(back.fields[f].value, form.fields[f].value);
        }
        form_release(&form);
        form_release(&back);
        buf_release(&out);
        seen++;
    }
    assert_true(seen >= 5);
    json_decref(doc);
}

static void
escape__every_byte_comes_back(void **state)
{
    struct form form = {0};
    struct form back = {0};
    struct error err = {0};
    struct buf out = {0};
    char text[128] = "";

    (void)state;
    for (int c = 1; c < 128; c++)
        text[c - 1] = (char)c;
    form_add(&form, text, text);
    form_encode(&form, &out);
    assert_true(form_parse(out.data, out.len, &back, &err));
    assert_int_equal(back.count, 1);
    assert_string_equal(back.fields[0].name, text);
    assert_string_equal(back.fields[0].value, text);
    form_release(&form);
    form_release(&back);
    buf_release(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__each_case),
        cmocka_unit_test(parse__takes_a_thousand_fields_and_no_more),
        cmocka_unit_test(get__finds_the_first_of_a_name),
        cmocka_unit_test(encode__writes_what_the_vendors_library_writes),
        cmocka_unit_test(escape__every_byte_comes_back),
    };

    return cmocka_run_group_tests_name("webhook form", tests, NULL, NULL);
}
