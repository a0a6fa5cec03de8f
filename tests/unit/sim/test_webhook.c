/* Forms of the webhooks, retry rules behind a URL, and the fence around this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cc.h"
#include "core/base/text.h"
#include "sim/loopback.h"
#include "sim/webhook.h"

static void
loopback__is_this_machine_and_nothing_else(void **state)
{
    static const struct {
        const char *listen;
        bool ok;
    } cases[] = {
        {"127.0.0.1:0", true},
        {"127.9.9.9:80", true},
        {"localhost:8090", true},
        {"[::1]:80", true},
        {"0.0.0.0:80", false},
        {"192.168.0.1:80", false},
        {"[::]:80", false},
        {"[fe80::1]:80", false},
        {":80", false},
        {"example.com:80", false},
        {"127.0.0.1.example.com:80", false},
        {"localhost.example.com:80", false},
        {"", false},
        {"[::1", false},
        {"127.1:80", false},
    };
    static const struct {
        const char *url;
        bool valid, here;
    } urls[] = {
        {"http://127.0.0.1:8090/twilio/status?att=7", true, true},
        {"https://localhost/x", true, true},
        {"http://[::1]:80/", true, true},
        {"http://user:pw@127.0.0.1/", true, true},
        {"http://127.0.0.1@example.com/", true, false},
        {"http://example.com/?http://127.0.0.1/", true, false},
        {"http://example.com#127.0.0.1", true, false},
        {"https://relay.example.com/twilio/status?att=7#rc=5&rp=all", true, false},
        {"https://my_relay.example.com/", false, false},
        {"/twilio/status", false, false},
        {"ftp://127.0.0.1/", false, false},
        {"http://", false, false},
        {"http:///x", false, false},
        {"http://127.0.0.1/a b", false, false},
        {"http://127.0.0.1/\r\nHost: x", false, false},
        {"", false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(loopback_is_listen(cases[i].listen), cases[i].ok);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        if (loopback_is_url(urls[i].url) != urls[i].here ||
            loopback_url_is_valid(urls[i].url) != urls[i].valid)
            print_error("%s\n", urls[i].url);
        assert_int_equal(loopback_url_is_valid(urls[i].url), urls[i].valid);
        assert_int_equal(loopback_is_url(urls[i].url), urls[i].here);
    }
}

static void
retry__follows_the_fragment(void **state)
{
    static const struct {
        const char *url;
        unsigned tries;
        int status;
        bool again;
    } cases[] = {
        {"http://h/p", 1, 0, true}, /* by default once, and only when nobody answers */
        {"http://h/p", 2, 0, false},
        {"http://h/p", 1, 500, false},
        {"http://h/p", 1, 200, false},
        {"http://h/p#rc=5&rp=all", 5, 503, true},
        {"http://h/p#rc=5&rp=all", 6, 503, false},
        {"http://h/p#rc=5&rp=all", 1, 404, true},
        {"http://h/p#rc=5&rp=all", 1, 0, true},
        {"http://h/p#rc=5&rp=all", 1, 204, false},
        {"http://h/p#ct=200&rc=2&rp=5xx,ct", 2, 500, true},
        {"http://h/p#ct=200&rc=2&rp=5xx,ct", 1, 404, false},
        {"http://h/p#rp=4xx", 1, 0, false},
        {"http://h/p#rc=0", 1, 0, false},
        {"http://h/p#rc=9&rp=all", 2, 0, false}, /* not a count: the default stays */
        {"http://h/p#", 1, 0, true},
        {"http://h/p#rp=small", 1, 500, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct webhook_retry retry = webhook_retry_parse(cases[i].url);

        assert_int_equal(retry.url_len, strlen("http://h/p"));
        if (webhook_retry_wanted(&retry, cases[i].tries, cases[i].status) != cases[i].again)
            print_error("%s %u %d\n", cases[i].url, cases[i].tries, cases[i].status);
        assert_int_equal(webhook_retry_wanted(&retry, cases[i].tries, cases[i].status),
                         cases[i].again);
    }
}

static void
wire_url__replaces_the_origin_alone(void **state)
{
    static const struct {
        const char *url, *via, *wire;
    } cases[] = {
        {"https://h.example/a?b=1#rc=5", NULL, "https://h.example/a?b=1"},
        {"https://h.example/a?b=1#rc=5", "http://127.0.0.1:9", "http://127.0.0.1:9/a?b=1"},
        {"https://h.example", "http://127.0.0.1:9", "http://127.0.0.1:9"},
        {"https://u:p@h.example:444/", "http://127.0.0.1:9", "http://127.0.0.1:9/"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *wire = webhook_wire_url(cases[i].url, strcspn(cases[i].url, "#"), cases[i].via);

        assert_string_equal(wire, cases[i].wire);
        free(wire);
    }
}

/* Every field that we post stands in the recorded webhooks, and the other way round. */
static void
same_names(const struct form *form, json_t *fields, const char *may_lack)
{
    const char *name;
    json_t *value;

    for (size_t i = 0; i < form->count; i++)
        if (!json_object_get(fields, form->fields[i].name)) {
            print_error("%s is not in the vector\n", form->fields[i].name);
            assert_true(false);
        }
    json_object_foreach(fields, name, value) if (!form_get(form, name) && !text_eq(name, may_lack))
    {
        print_error("%s is missing\n", name);
        assert_true(false);
    }
}

static void
forms__have_the_fields_of_the_recorded_ones(void **state)
{
    json_t *file = json_load_file(TEST_FIXTURES "/vectors/twilio_payloads.json", 0, NULL);
    json_t *inbound = json_array_get(json_object_get(file, "inbound"), 0);
    json_t *sequence = json_array_get(json_object_get(file, "status_sequences"), 0);
    json_t *events = json_object_get(sequence, "events");
    const struct sim_options options = {
        .account_sid = "AC821579e21d2a10eea071d2cb6078bd4d",
        .messaging_service = "MG61ce0faddacbbf09d73329c5b62b3590",
    };
    struct sim_message message = {
        .sid = "SM5bc3aecff3d3379f3c83f7698d92590f",
        .via_service = true,
        .to = (char[]){"+18135558195"},
        .from = (char[]){"+19075554304"},
        .body = (char[]){"Yes please, Friday"},
        .segments = 1,
    };
    const struct sim_step queued = {.status = SIM_QUEUED};
    const struct sim_step delivered = {.status = SIM_DELIVERED, .at_ms = 1763899800000};
    struct sim_step failed = {.status = SIM_UNDELIVERED, .error_code = 30003};
    struct form form;

    (void)state;
    assert_non_null(file);
    webhook_inbound_form(&options, &message, &form);
    same_names(&form, json_object_get(inbound, "fields"), NULL);
    assert_string_equal(form_get(&form, "NumSegments"), "1");
    assert_string_equal(form_get(&form, "SmsMessageSid"), message.sid);
    form_release(&form);
    webhook_status_form(&options, &message, &queued, &form);
    same_names(&form, json_object_get(json_array_get(events, 0), "fields"), NULL);
    form_release(&form);
    webhook_status_form(&options, &message, &delivered, &form);
    same_names(&form, json_object_get(json_array_get(events, 2), "fields"), NULL);
    assert_string_equal(form_get(&form, "RawDlrDoneDate"), "2511231210");
    form_release(&form);
    webhook_status_form(&options, &message, &failed, &form);
    assert_string_equal(form_get(&form, "ErrorCode"), "30003");
    assert_string_equal(form_get(&form, "SmsStatus"), "undelivered");
    form_release(&form);
    json_decref(file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback__is_this_machine_and_nothing_else),
        cmocka_unit_test(retry__follows_the_fragment),
        cmocka_unit_test(wire_url__replaces_the_origin_alone),
        cmocka_unit_test(forms__have_the_fields_of_the_recorded_ones),
    };

    return cmocka_run_group_tests_name("sim webhook", tests, NULL, NULL);
}
