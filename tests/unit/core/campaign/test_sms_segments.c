#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/base/buf.h"
#include "core/campaign/sms_segments.h"

static json_t *
vectors(const char *list)
{
    json_error_t error;
    json_t *file = json_load_file(TEST_FIXTURES "/vectors/gsm7_segments.json", 0, &error);
    json_t *found = json_incref(json_object_get(file, list));

    json_decref(file);
    assert_true(json_array_size(found) > 0);
    return found;
}

static void
two_packages_agree_with_us(void **state)
{
    json_t *list = vectors("agree");
    json_t *row;
    size_t i;

    (void)state;
    json_array_foreach(list, i, row)
    {
        const char *text = json_string_value(json_object_get(row, "text"));
        const char *encoding = json_string_value(json_object_get(row, "encoding"));
        struct sms_segments got = sms_segments_count(text, strlen(text));

        if (got.gsm7 != (strcmp(encoding, "GSM-7") == 0) ||
            got.units != json_integer_value(json_object_get(row, "units")) ||
            got.segments != json_integer_value(json_object_get(row, "segments")))
            fail_msg("%s: gsm7 %d, %d units, %d segments",
                     json_string_value(json_object_get(row, "name")), got.gsm7, got.units,
                     got.segments);
    }
    json_decref(list);
}

static void
repeat(struct buf *out, const char *s, int times)
{
    for (int i = 0; i < times; i++)
        buf_add_str(out, s);
}

static void
edges_of_a_segment(void **state)
{
    static const struct {
        const char *first;
        int first_times;
        const char *then;
        const char *last;
        int last_times;
        int units, segments;
        bool gsm7;
    } cases[] = {
        {"", 0, "", "", 0, 0, 0, true},
        {"a", 160, "", "", 0, 160, 1, true},
        {"a", 161, "", "", 0, 161, 2, true},
        {"a", 1600, "", "", 0, 1600, 11, true},
        {"€", 80, "", "", 0, 160, 1, true},
        {"a", 159, "€", "", 0, 161, 2, true},
        {"a", 152, "€", "a", 153, 307, 3, true}, /* the escape pair moves as a whole */
        {"a", 69, "ж", "", 0, 70, 1, false},
        {"a", 70, "ж", "", 0, 71, 2, false},
        {"a", 133, "ж", "", 0, 134, 2, false},
        {"a", 134, "ж", "", 0, 135, 3, false},
        {"a", 150, "\xF0\x9F\x98\x80", "", 0, 152, 3, false},
        {"\xF0\x9F\x98\x80", 36, "", "", 0, 72, 2, false},
        {"", 0, "\xC3\x87 va", "", 0, 4, 1, true},
        {"", 0, "\xC3\xA7 va", "", 0, 4, 1, false},
        {"", 0, "`", "", 0, 1, 1, false},
        {"", 0, "\t", "", 0, 1, 1, false},
        {"", 0, "a\xFF", "", 0, 2, 1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf text = {0};
        struct sms_segments got;

        repeat(&text, cases[i].first, cases[i].first_times);
        buf_add_str(&text, cases[i].then);
        repeat(&text, cases[i].last, cases[i].last_times);
        got = sms_segments_count(buf_str(&text), text.len);
        if (got.units != cases[i].units || got.segments != cases[i].segments ||
            got.gsm7 != cases[i].gsm7)
            fail_msg("case %zu: gsm7 %d, %d units, %d segments", i, got.gsm7, got.units,
                     got.segments);
        buf_release(&text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_packages_agree_with_us),
        cmocka_unit_test(edges_of_a_segment),
    };

    return cmocka_run_group_tests_name("sms segments", tests, NULL, NULL);
}
