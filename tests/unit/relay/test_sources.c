/* Failures counted by source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "relay/sources.h"

enum { PER_MINUTE = 6 };

static struct ip_address
address(const char *text)
{
    struct ip_address out;

    assert_true(ip_parse(text, &out));
    return out;
}

/* How many of so many failures are let pass. */
static int
passed(struct sources *s, const char *text, int64_t now_ms, int count)
{
    const struct ip_address who = address(text);
    int out = 0;

    for (int i = 0; i < count; i++)
        out += sources_may_fail(s, &who, now_ms);
    return out;
}

static void
share__is_used_up_and_comes_back(void **state)
{
    struct sources *s = sources_new(PER_MINUTE);

    (void)state;
    assert_int_equal(passed(s, "192.0.2.1", 1000, 20), PER_MINUTE);
    assert_int_equal(passed(s, "192.0.2.2", 1000, 20), PER_MINUTE);
    assert_int_equal(passed(s, "192.0.2.1", 1000 + 9000, 5), 0);
    assert_int_equal(passed(s, "192.0.2.1", 1000 + 20000, 5), 2);
    assert_int_equal(passed(s, "192.0.2.1", 1000 + 3600000, 20), PER_MINUTE);
    assert_int_equal(passed(s, "192.0.2.1", 5, 20), 0); /* a clock that goes back gives nothing */
    sources_free(s);
}

static void
zero__is_no_limit(void **state)
{
    struct sources *s = sources_new(0);

    (void)state;
    assert_int_equal(passed(s, "192.0.2.1", 1000, 5000), 5000);
    sources_free(s);
}

static void
ipv6__counts_by_network(void **state)
{
    struct sources *s = sources_new(PER_MINUTE);

    (void)state;
    assert_int_equal(passed(s, "2001:db8::1", 1000, 4), 4);
    assert_int_equal(passed(s, "2001:db8::2:3:4:5", 1000, 4), 2);
    assert_int_equal(passed(s, "2001:db8:0:1::1", 1000, 4), 4);
    sources_free(s);
}

static void
many_sources__are_bounded_and_the_busy_one_stays(void **state)
{
    struct sources *s = sources_new(PER_MINUTE);

    (void)state;
    assert_int_equal(passed(s, "192.0.2.1", 1000, 20), PER_MINUTE);
    for (int i = 0; i < 200000; i++) {
        char text[32];
        struct ip_address who;

        (void)snprintf(text, sizeof text, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        who = address(text);
        assert_true(sources_may_fail(s, &who, 1001 + i / 100));
        if (i % 100 == 0)
            assert_int_equal(passed(s, "192.0.2.1", 1001 + i / 100, 1), 0);
    }
    sources_free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(share__is_used_up_and_comes_back),
        cmocka_unit_test(zero__is_no_limit),
        cmocka_unit_test(ipv6__counts_by_network),
        cmocka_unit_test(many_sources__are_bounded_and_the_busy_one_stays),
    };

    return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
