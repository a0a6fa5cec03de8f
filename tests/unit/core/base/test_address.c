/* Phones and mail addresses: what is one, and its one form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/address.h"

struct phone_case {
    const char *country, *raw, *want; /* want NULL: no address */
};

/* clang-format off */
static const struct phone_case phones[] = {
    {"US", "+13105550123", "+13105550123"},
    {"US", "(310) 555-0123", "+13105550123"},
    {"US", "310.555.0123", "+13105550123"},
    {"US", "1-310-555-0123", "+13105550123"},
    {"us", "310 555 0123", "+13105550123"},
    {"US", "\t310\xC2\xA0" "555\xE2\x80\xAF" "0123 ", "+13105550123"},
    {"CA", "416-555-0199", "+14165550199"},
    {"JM", "876-555-0199", "+18765550199"},
    {"US", "(+1) 310 555 0123", "+13105550123"},
    {"US", "+44 20 7946 0958", "+442079460958"},
    {"US", "+4420794", NULL}, /* seven digits */
    {"US", "+44207946", "+44207946"},
    {"US", "+12345678", NULL},
    {"US", "+1310555012", NULL},
    {"US", "+131055501234", NULL},
    {"US", "+11105550123", NULL},
    {"US", "+13101550123", NULL},
    {"US", "110 555 0123", NULL},
    {"US", "310 155 0123", NULL},
    {"US", "5550123", NULL},
    {"US", "2 310 555 0123", NULL},
    {"US", "310-555-0123 x5", NULL},
    {"US", "310-555-0123 ext. 5", NULL},
    {"US", "310-555-0123 / 310-555-0124", NULL},
    {"US", "310-555-0123310-555-0124", NULL},
    {"US", "1-800-FLOWERS", NULL},
    {"US", "", NULL},
    {"US", "+", NULL},
    {"US", "++13105550123", NULL},
    {"US", "1+3105550123", NULL},
    {"US", "+0123456789", NULL},
    {"US", "+1234567890123456", NULL},
    {"US", "+442079460958123", "+442079460958123"},
    {"US", "+4420794609581234", NULL},
    {"US", "n/a", NULL},
    {"US", "310\xE2\x80\x93" "555\xE2\x80\x93" "0123", NULL},
    {"US", "\xC2", NULL},
    {"US", "\xE2\x80", NULL},
    {"US", "310\n5550123", NULL},
    {"", "3105550123", NULL},
    {"", "+13105550123", "+13105550123"},
    {NULL, "3105550123", NULL},
    {"ZZ", "3105550123", NULL},
    {"GB", "020 7946 0958", "+442079460958"},
    {"GB", "07700 900123", "+447700900123"},
    {"GB", "2079460958", NULL},
    {"GB", "0044 20 7946 0958", NULL},
    {"GB", "3105550123", NULL},
    {"IE", "087 123 4567", "+353871234567"},
    {"FR", "01 23 45 67 89", "+33123456789"},
    {"FR", "0123456", NULL},
    {"DE", "030/123456", NULL},
    {"DE", "(030) 123456", "+4930123456"},
    {"ES", "612 34 56 78", "+34612345678"},
    {"IT", "06 1234 5678", "+390612345678"},
    {"IT", "0039 06 12345678", NULL},
    {"IT", "347 123 4567", "+393471234567"},
    {"NL", "06-12345678", "+31612345678"},
    {"BE", "0470 12 34 56", "+32470123456"},
    {"CH", "079 123 45 67", "+41791234567"},
    {"AT", "0664 1234567", "+436641234567"},
    {"SE", "070-123 45 67", "+46701234567"},
    {"NO", "412 34 567", "+4741234567"},
    {"DK", "20 12 34 56", "+4520123456"},
    {"FI", "040 1234567", "+358401234567"},
    {"PL", "512 345 678", "+48512345678"},
    {"PT", "912 345 678", "+351912345678"},
    {"BR", "(11) 91234-5678", "+5511912345678"},
    {"BR", "011 91234-5678", "+5511912345678"},
    {"MX", "55 1234 5678", "+525512345678"},
    {"IN", "98765 43210", "+919876543210"},
    {"IN", "098765 43210", "+919876543210"},
    {"AU", "0412 345 678", "+61412345678"},
    {"NZ", "021 123 4567", "+64211234567"},
    {"JP", "090-1234-5678", "+819012345678"},
    {"ZA", "082 123 4567", "+27821234567"},
    {"AE", "050 123 4567", "+971501234567"},
    {"IL", "052-123-4567", "+972521234567"},
    {"TR", "0532 123 45 67", "+905321234567"},
    {"TR", "532 123 45 67", "+905321234567"},
    {"UA", "050 123 45 67", "+380501234567"},
    {"HU", "06 20 123 4567", "+36201234567"},
    {"RU", "8 (912) 345-67-89", "+79123456789"},
};
/* clang-format on */

static void
phone_normalise__gives_one_form_or_nothing(void **state)
{
    char out[ADDRESS_PHONE_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(phones); i++) {
        const struct phone_case *c = &phones[i];
        bool ok = address_phone_normalise(c->raw, c->country, out);

        if (ok != (c->want != NULL) || strcmp(out, c->want ? c->want : "") != 0)
            fail_msg("%s \"%s\": got \"%s\", want \"%s\"", c->country ? c->country : "-", c->raw,
                     out, c->want ? c->want : "no address");
    }
    assert_false(address_phone_normalise(NULL, "US", out));
}

static void
phone_normalise__is_the_same_when_done_again(void **state)
{
    char once[ADDRESS_PHONE_SIZE];
    char twice[ADDRESS_PHONE_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(phones); i++) {
        if (!address_phone_normalise(phones[i].raw, phones[i].country, once))
            continue;
        assert_true(address_phone_normalise(once, phones[i].country, twice));
        assert_string_equal(once, twice);
    }
}

static void
phone_normalise__refuses_a_long_text(void **state)
{
    char raw[4096];
    char out[ADDRESS_PHONE_SIZE];

    (void)state;
    memset(raw, ' ', sizeof raw);
    memcpy(raw + sizeof raw - 13, "+13105550123", 13);
    assert_false(address_phone_normalise(raw, "US", out));
}

struct email_case {
    const char *raw, *send, *compare; /* send NULL: no address */
};

/* clang-format off */
static const struct email_case emails[] = {
    {"ana@example.com", "ana@example.com", "ana@example.com"},
    {" Ana.Lopez+x@Example.COM\r\n", "Ana.Lopez+x@example.com", "ana.lopez+x@example.com"},
    {"\xC2\xA0" "a@b.co\xC2\xA0", "a@b.co", "a@b.co"},
    {"o'brien@example.ie", "o'brien@example.ie", "o'brien@example.ie"},
    {"J\xC3\x89RG@example.de", "J\xC3\x89RG@example.de", "j\xC3\xA9rg@example.de"},
    {"a@mail.sub-domain.example.org", "a@mail.sub-domain.example.org", "a@mail.sub-domain.example.org"},
    {"a@b", NULL, NULL},
    {"a@.com", NULL, NULL},
    {"a@b..com", NULL, NULL},
    {"a@b.com.", NULL, NULL},
    {"a@-b.com", NULL, NULL},
    {"a@b-.com", NULL, NULL},
    {"a@b_c.com", NULL, NULL},
    {"a@b\xC3\xA9.com", NULL, NULL},
    {"a@@b.com", NULL, NULL},
    {"a@b@c.com", NULL, NULL},
    {"@b.com", NULL, NULL},
    {"a b@c.com", NULL, NULL},
    {"a\xC2\xA0" "b@c.com", NULL, NULL},
    {"\"a\"@b.com", NULL, NULL},
    {"a,b@c.com", NULL, NULL},
    {"Ana <a@b.com>", NULL, NULL},
    {"a@b.com, c@d.com", NULL, NULL},
    {"a;b@c.com", NULL, NULL},
    {"a(b)@c.com", NULL, NULL},
    {"a[b]@c.com", NULL, NULL},
    {"a\\b@c.com", NULL, NULL},
    {"a:b@c.com", NULL, NULL},
    {"a\nBcc: x@b.com", NULL, NULL},
    {"a@b.com\nBcc: x", NULL, NULL},
    {"a\xFF@b.com", NULL, NULL},
    {"a\x01@b.com", NULL, NULL},
    {"", NULL, NULL},
    {"   ", NULL, NULL},
    {"none", NULL, NULL},
};
/* clang-format on */

static void
email_normalise__gives_two_forms_or_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(emails); i++) {
        const struct email_case *c = &emails[i];
        struct buf send = {0};
        struct buf compare = {0};
        bool ok = address_email_normalise(c->raw, &send, &compare);

        if (ok != (c->send != NULL) || strcmp(buf_str(&send), c->send ? c->send : "") != 0 ||
            strcmp(buf_str(&compare), c->compare ? c->compare : "") != 0)
            fail_msg("\"%s\": got \"%s\" and \"%s\"", c->raw, buf_str(&send), buf_str(&compare));
        buf_release(&send);
        buf_release(&compare);
    }
    assert_false(address_email_normalise(NULL, NULL, NULL));
    assert_true(address_email_normalise("a@b.co", NULL, NULL));
}

static void
email_normalise__counts_characters(void **state)
{
    char raw[300];
    const size_t tail = strlen("@example.com");

    (void)state;
    memset(raw, 'a', sizeof raw);
    memcpy(raw + 254 - tail, "@example.com", tail + 1);
    assert_true(address_email_normalise(raw, NULL, NULL));
    memset(raw, 'a', sizeof raw);
    memcpy(raw + 255 - tail, "@example.com", tail + 1);
    assert_false(address_email_normalise(raw, NULL, NULL));
    memset(raw, 'b', sizeof raw);
    memcpy(raw, "a@", 2);
    memcpy(raw + 2 + 63, ".com", 5);
    assert_true(address_email_normalise(raw, NULL, NULL));
    memset(raw + 2, 'b', sizeof raw - 2);
    memcpy(raw + 2 + 64, ".com", 5);
    assert_false(address_email_normalise(raw, NULL, NULL));
}

static void
country_is_known__of_the_tables(void **state)
{
    static const char *const known[] = {"US", "ca", "PR", "GB", "IE", "FR", "DE", "ES", "IT", "NL",
                                        "BE", "CH", "AT", "SE", "NO", "DK", "FI", "PL", "PT", "BR",
                                        "MX", "IN", "AU", "NZ", "JP", "ZA", "AE", "IL", "TR", "UA"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        assert_true(address_country_is_known(known[i]));
    assert_false(address_country_is_known("XX"));
    assert_false(address_country_is_known(""));
    assert_false(address_country_is_known(NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phone_normalise__gives_one_form_or_nothing),
        cmocka_unit_test(phone_normalise__is_the_same_when_done_again),
        cmocka_unit_test(phone_normalise__refuses_a_long_text),
        cmocka_unit_test(email_normalise__gives_two_forms_or_nothing),
        cmocka_unit_test(email_normalise__counts_characters),
        cmocka_unit_test(country_is_known__of_the_tables),
    };

    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
