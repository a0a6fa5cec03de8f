/* Addresses, ranges, and who asks behind proxies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "serve/address.h"

static void
parse__takes_addresses_only(void **state)
{
    static const struct {
        const char *text, *shown; /* shown NULL: no address */
    } cases[] = {
        {"127.0.0.1", "127.0.0.1"},
        {"2001:db8::1", "2001:db8::1"},
        {"::ffff:10.1.2.3", "10.1.2.3"},
        {"0.0.0.0", "0.0.0.0"},
        {"", NULL},
        {"127.1", NULL},
        {"1.2.3.256", NULL},
        {"localhost", NULL},
        {"1.2.3.4 ", NULL},
        {":::", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ip_address address;
        char shown[IP_TEXT_SIZE] = "";

        assert_int_equal(ip_parse(cases[i].text, &address), cases[i].shown != NULL);
        if (cases[i].shown) {
            ip_format(&address, shown);
            assert_string_equal(shown, cases[i].shown);
        }
    }
}

static void
range__holds_its_addresses(void **state)
{
    static const struct {
        const char *range, *address;
        bool inside;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"10.0.0.0/8", "10.255.1.2", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "::a00:1", false},
        {"192.0.2.128/25", "192.0.2.129", true},
        {"192.0.2.128/25", "192.0.2.1", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "203.0.113.9", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::1/128", "::1", true},
    };
    static const char *const wrong[] = {
        "",     "10.0.0.0/33", "10.0.0.0/",   "10.0.0.0/-1", "::1/129",
        "10/8", "/8",          "example.com", "10.0.0.0/8/8"};
    struct ip_range range;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ip_address address;

        assert_true(ip_range_parse(cases[i].range, &range));
        assert_true(ip_parse(cases[i].address, &address));
        if (ip_in_ranges(&address, &range, 1) != cases[i].inside)
            fail_msg("%s in %s", cases[i].address, cases[i].range);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(ip_range_parse(wrong[i], &range));
}

static void
behind_proxies__believes_only_the_trusted(void **state)
{
    static const struct {
        const char *peer, *forwarded, *who;
    } cases[] = {
        {"127.0.0.1", NULL, "127.0.0.1"},
        {"127.0.0.1", "", "127.0.0.1"},
        {"127.0.0.1", "203.0.113.5", "203.0.113.5"},
        {"127.0.0.1", "  203.0.113.5\t", "203.0.113.5"},
        {"127.0.0.1", "1.1.1.1, 203.0.113.5", "203.0.113.5"},
        {"127.0.0.1", "203.0.113.5, 10.1.1.1", "203.0.113.5"},
        {"127.0.0.1", "10.2.2.2,10.1.1.1", "10.2.2.2"},
        {"127.0.0.1", "203.0.113.5:80", "203.0.113.5"},
        {"127.0.0.1", "[2001:db8::5]:80", "2001:db8::5"},
        {"127.0.0.1", "2001:db8::5", "2001:db8::5"},
        {"127.0.0.1", "203.0.113.5, unknown", "127.0.0.1"},
        {"127.0.0.1", "203.0.113.5,", "127.0.0.1"},
        {"127.0.0.1", ",,,", "127.0.0.1"},
        {"203.0.113.9", "198.51.100.1", "203.0.113.9"},
    };
    struct ip_range trusted[2];

    (void)state;
    assert_true(ip_range_parse("127.0.0.1", &trusted[0]));
    assert_true(ip_range_parse("10.0.0.0/8", &trusted[1]));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ip_address peer;
        struct ip_address who;
        char shown[IP_TEXT_SIZE];

        assert_true(ip_parse(cases[i].peer, &peer));
        who = ip_behind_proxies(&peer, cases[i].forwarded, trusted, 2);
        ip_format(&who, shown);
        assert_string_equal(shown, cases[i].who);
    }
}

static void
loopback__is_told_apart(void **state)
{
    static const struct {
        const char *text;
        bool loopback;
    } cases[] = {
        {"127.0.0.1", true},  {"127.9.9.9", true}, {"::1", true}, {"::ffff:127.0.0.1", true},
        {"128.0.0.1", false}, {"::2", false},      {"::", false}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ip_address address;

        assert_true(ip_parse(cases[i].text, &address));
        assert_int_equal(ip_is_loopback(&address), cases[i].loopback);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__takes_addresses_only),
        cmocka_unit_test(range__holds_its_addresses),
        cmocka_unit_test(behind_proxies__believes_only_the_trusted),
        cmocka_unit_test(loopback__is_told_apart),
    };

    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
