/* The simulator as a whole: it calls back, its customers write, it stops when it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/customer.h"
#include "sim/fixture.h"

/* A number with that personality, for seed 1. */
static char *
somebody(const char *personality)
{
    for (int i = 0; i < 100000; i++) {
        char *number = mem_printf("+1415555%04d", i % 10000);

        if (strcmp(customer_personality(1, number), personality) == 0)
            return number;
        free(number);
    }
    fail();
    return NULL;
}

static char *
callback_field(const struct receiver *r, const char *att, const char *fragment)
{
    struct buf out = {0};
    char *url = mem_printf("%s/twilio/status?att=%s%s", r->base, att, fragment);

    buf_add_str(&out, "&StatusCallback=");
    form_escape(url, &out);
    free(url);
    return buf_take(&out);
}

/* Sends to a silent number with a callback; the answer is checked. */
static void
send_with_callback(const struct sim *sim, const struct receiver *r, const char *to,
                   const char *fragment)
{
    char *extra = callback_field(r, "41", fragment);
    struct response response = send_text(sim, to, "Hello there", extra);

    assert_int_equal(response.status, 201);
    response_release(&response);
    free(extra);
}

static void
callbacks__are_signed_in_order_and_carry_the_attempt(void **state)
{
    struct sim_options options = plain_options();
    struct receiver hooks;
    struct sim *sim;
    struct response r;
    char *to = somebody("silent");

    (void)state;
    receiver_start(&hooks);
    sim = start(&options);
    send_with_callback(sim, &hooks, to, "");
    receiver_wait(&hooks, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(hooks.hooks[i].verified);
        assert_string_equal(hooks.hooks[i].path, "/twilio/status?att=41");
        assert_string_equal(hook_get(&hooks, i, "MessageStatus"), i == 0 ? "sent" : "delivered");
        assert_string_equal(hook_get(&hooks, i, "To"), to);
        assert_int_equal(strlen(hooks.hooks[i].token), 36);
    }
    assert_string_equal(hook_get(&hooks, 0, "MessageSid"), hook_get(&hooks, 1, "SmsSid"));
    r = ledger_when(sim, "webhooks_answered", 2);
    assert_int_equal(number_of(&r, "webhooks_posted"), 2);
    response_release(&r);
    sim_stop(sim);
    receiver_stop(&hooks);
    free(to);
}

static void
callbacks__are_tried_again_as_the_fragment_says(void **state)
{
    static const struct {
        const char *fragment;
        int refuse_status;
        int posts; /* for two callbacks, the first post of all refused */
    } cases[] = {
        {"#rc=5&rp=all", 503, 3},
        {"#rc=5&rp=all", 0, 3},
        {"", 503, 2},
        {"", 0, 3},
    };
    char *to = somebody("silent");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sim_options options = plain_options();
        struct receiver hooks;
        struct sim *sim;
        struct response r;

        receiver_start(&hooks);
        hooks.refuse_first = 1;
        hooks.refuse_status = cases[i].refuse_status;
        sim = start(&options);
        send_with_callback(sim, &hooks, to, cases[i].fragment);
        r = ledger_when(sim, "webhooks_posted", cases[i].posts);
        assert_int_equal(number_of(&r, "webhooks_posted"), cases[i].posts);
        assert_int_equal(number_of(&r, "waiting"), 0);
        for (size_t k = 0; k < hooks.count; k++)
            assert_true(hooks.hooks[k].verified);
        if (cases[i].posts == 3)
            assert_string_equal(hooks.hooks[0].token, hooks.hooks[hooks.count - 1].token);
        response_release(&r);
        sim_stop(sim);
        receiver_stop(&hooks);
    }
    free(to);
}

static void
callbacks__come_twice_shuffled_or_never(void **state)
{
    struct sim_options options = plain_options();
    struct receiver hooks;
    struct sim *sim;
    struct response r;
    unsigned in_order = 0;
    char *to = somebody("silent");

    (void)state;
    receiver_start(&hooks);
    options.callback_twice = 1;
    options.callback_shuffle = true;
    sim = start(&options);
    for (int i = 0; i < 8; i++)
        send_with_callback(sim, &hooks, to, "");
    r = ledger_when(sim, "webhooks_answered", 32);
    assert_int_equal(number_of(&r, "webhooks_posted"), 32);
    response_release(&r);
    for (size_t i = 0; i < 32; i++)
        for (size_t k = 0; k < i; k++)
            in_order +=
                text_eq(hook_get(&hooks, k, "MessageSid"), hook_get(&hooks, i, "MessageSid")) &&
                text_eq(hook_get(&hooks, k, "MessageStatus"), "sent") &&
                text_eq(hook_get(&hooks, i, "MessageStatus"), "delivered");
    /* of 4 pairs a message; posts under way at once may overtake one another on a busy machine too
     */
    assert_true(in_order < 8 * 4);
    sim_stop(sim);
    receiver_stop(&hooks);

    receiver_start(&hooks);
    options = plain_options();
    options.callback_none = 1;
    sim = start(&options);
    send_with_callback(sim, &hooks, to, "");
    r = ledger_of(sim);
    assert_int_equal(number_of(&r, "callbacks_withheld"), 1);
    assert_int_equal(number_of(&r, "waiting"), 0);
    response_release(&r);
    sim_stop(sim);
    receiver_stop(&hooks);
    free(to);
}

static void
callbacks__wait_while_paused(void **state)
{
    struct sim_options options = plain_options();
    struct receiver hooks;
    struct sim *sim;
    struct response r;
    char *to = somebody("silent");

    (void)state;
    receiver_start(&hooks);
    sim = start(&options);
    r = request(sim, "/sim/pause-callbacks", "");
    assert_true(json_is_true(json_object_get(r.json, "paused")));
    response_release(&r);
    send_with_callback(sim, &hooks, to, "");
    r = ledger_of(sim);
    assert_int_equal(number_of(&r, "waiting"), 2);
    assert_int_equal(number_of(&r, "webhooks_posted"), 0);
    response_release(&r);
    r = request(sim, "/sim/resume-callbacks", "");
    assert_int_equal(r.status, 200);
    response_release(&r);
    receiver_wait(&hooks, 2);
    sim_stop(sim);
    receiver_stop(&hooks);
    free(to);
}

static void
callbacks__never_leave_the_machine(void **state)
{
    struct sim_options options = plain_options();
    struct receiver hooks;
    struct sim *sim;
    struct response r;
    char *to = somebody("silent");
    static const char away[] =
        "&StatusCallback=https%3A%2F%2Fhooks.example.com%2Ftwilio%2Fstatus%3Fatt%3D9";

    (void)state;
    sim = start(&options);
    r = send_text(sim, to, "Hi", away);
    assert_int_equal(r.status, 201);
    response_release(&r);
    r = ledger_when(sim, "not_loopback", 2);
    assert_int_equal(number_of(&r, "webhooks_posted"), 0);
    response_release(&r);
    sim_stop(sim);

    /* through a stand-in for the TLS proxy: signed for the public URL */
    receiver_start(&hooks);
    options.webhooks_via = hooks.base;
    hooks.base = mem_strdup("https://hooks.example.com");
    sim = start(&options);
    r = send_text(sim, to, "Hi", away);
    response_release(&r);
    receiver_wait(&hooks, 2);
    assert_true(hooks.hooks[0].verified);
    assert_string_equal(hooks.hooks[0].path, "/twilio/status?att=9");
    sim_stop(sim);
    receiver_stop(&hooks);
    free((char *)(uintptr_t)options.webhooks_via);
    free(to);
}

/* --- customers */

static void
customers__answer_follow_ups_and_opt_out(void **state)
{
    struct sim_options options = plain_options();
    struct receiver hooks;
    struct sim *sim;
    struct response r;
    char *url;
    char *booking = somebody("booking");
    char *stops = somebody("stops");

    (void)state;
    receiver_start(&hooks);
    url = mem_printf("%s/twilio/sms#rc=5&rp=all", hooks.base);
    options.inbound_url = url;
    options.speed = 100000;
    sim = start(&options);
    r = send_text(sim, booking, "Would you like to come in?", "");
    response_release(&r);
    receiver_wait(&hooks, 1);
    assert_true(hooks.hooks[0].verified);
    assert_string_equal(hooks.hooks[0].path, "/twilio/sms");
    assert_string_equal(hook_get(&hooks, 0, "From"), booking);
    assert_string_equal(hook_get(&hooks, 0, "To"), OURS);
    assert_string_equal(hook_get(&hooks, 0, "SmsStatus"), "received");
    assert_true(strlen(hook_get(&hooks, 0, "Body")) > 0);

    r = send_text(sim, stops, "Would you like to come in?", "");
    response_release(&r);
    receiver_wait(&hooks, 2);
    assert_int_equal(customer_keyword(hook_get(&hooks, 1, "Body")), KEYWORD_STOP);
    r = ledger_when(sim, "inbound_answered", 2);
    assert_int_equal(json_array_size(json_object_get(r.json, "opted_out")), 1);
    response_release(&r);
    r = send_text(sim, stops, "One more thing", "");
    assert_int_equal(r.status, 400);
    assert_int_equal(number_of(&r, "code"), 21610);
    response_release(&r);
    r = ledger_of(sim);
    assert_int_equal(number_of(&r, "after_opt_out_count"), 1);
    response_release(&r);
    /* a dead relay can be made up for by listing what came in */
    r = request(sim, MESSAGES "?To=%2B13105550100", NULL);
    assert_int_equal(json_array_size(json_object_get(r.json, "messages")), 2);
    response_release(&r);
    sim_stop(sim);
    receiver_stop(&hooks);
    free(url);
    free(booking);
    free(stops);
}

static void
customers__only_receive_when_told_to(void **state)
{
    struct sim_options options = plain_options();
    struct receiver hooks;
    struct sim *sim;
    struct response r;
    char *url;
    char *booking = somebody("booking");

    (void)state;
    receiver_start(&hooks);
    url = mem_printf("%s/twilio/sms", hooks.base);
    options.inbound_url = url;
    options.no_replies = true;
    options.speed = 100000;
    sim = start(&options);
    send_with_callback(sim, &hooks, booking, "");
    wait_until_idle(sim);
    r = ledger_of(sim);
    assert_int_equal(number_of(&r, "webhooks_posted"), hooks.count);
    assert_int_equal(number_of(&r, "inbound"), 0);
    response_release(&r);
    sim_stop(sim);
    receiver_stop(&hooks);
    free(url);
    free(booking);
}

static void
control__lets_a_customer_write_now(void **state)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "{\"from\":\"+1\"}",
                                      "{\"from\":1,\"to\":\"a\",\"body\":\"b\"}",
                                      "{\"from\":\"a\",\"to\":\"b\",\"body\":\"c\",\"more\":1}",
                                      "{\"from\":\"\xFF\"}"};
    struct sim_options options = plain_options();
    struct receiver hooks;
    struct sim *sim;
    struct response r;
    char *url;

    (void)state;
    receiver_start(&hooks);
    url = mem_printf("%s/twilio/sms", hooks.base);
    options.inbound_url = url;
    sim = start(&options);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        r = request(sim, "/sim/inbound", bad[i]);
        assert_int_equal(r.status, 400);
        response_release(&r);
    }
    r = request(sim, "/sim/inbound",
                "{\"from\":\"+13105557777\",\"to\":\"" OURS "\",\"body\":\"leave me be\","
                "\"opt_out\":true}");
    assert_int_equal(r.status, 202);
    receiver_wait(&hooks, 1);
    assert_string_equal(hook_get(&hooks, 0, "MessageSid"), text_of(&r, "sid"));
    assert_string_equal(hook_get(&hooks, 0, "Body"), "leave me be");
    assert_true(hooks.hooks[0].verified);
    response_release(&r);
    r = ledger_when(sim, "inbound_answered", 1);
    response_release(&r);
    r = send_text(sim, "+13105557777", "Hi",
                  ""); /* the network lets it pass: the console must not */
    assert_int_equal(r.status, 201);
    response_release(&r);
    r = ledger_of(sim);
    assert_int_equal(number_of(&r, "after_opt_out_count"), 1);
    response_release(&r);
    r = request(sim, "/sim/health", NULL);
    assert_string_equal(text_of(&r, "status"), "ok");
    response_release(&r);
    r = request(sim, "/sim/inbound", NULL);
    assert_int_equal(r.status, 405);
    response_release(&r);
    r = request(sim, "/sim/nothing", NULL);
    assert_int_equal(r.status, 404);
    response_release(&r);
    sim_stop(sim);
    receiver_stop(&hooks);
    free(url);
}

static void
fail_rate__is_by_number_and_called_back(void **state)
{
    struct sim_options options = plain_options();
    struct receiver hooks;
    struct sim *sim;
    struct response r;
    int refused = 0, accepted = 0;
    size_t failed = 0;

    (void)state;
    receiver_start(&hooks);
    options.fail_rate = 1;
    sim = start(&options);
    for (int i = 0; i < 30; i++) {
        char *to = mem_printf("+1415555%04d", i);
        char *extra = callback_field(&hooks, "5", "");

        r = send_text(sim, to, "Hi", extra);
        assert_true(r.status == 201 || number_of(&r, "code") == 21614);
        accepted += r.status == 201;
        refused += r.status == 400;
        response_release(&r);
        free(to);
        free(extra);
    }
    assert_true(refused > 0 && accepted > 0);
    wait_until_idle(sim);
    for (size_t i = 0; i < hooks.count; i++) {
        const char *code = hook_get(&hooks, i, "ErrorCode");

        assert_string_not_equal(hook_get(&hooks, i, "MessageStatus"), "delivered");
        failed += code && strncmp(code, "300", 3) == 0;
    }
    assert_int_equal(failed, accepted);
    sim_stop(sim);
    receiver_stop(&hooks);
}

static void
stopping__with_work_under_way_leaks_nothing(void **state)
{
    struct sim_options options = plain_options();
    struct receiver hooks;
    struct sim *sim;
    char *url;

    (void)state;
    receiver_start(&hooks);
    url = mem_printf("%s/twilio/sms", hooks.base);
    options.inbound_url = url;
    options.speed = 1; /* nothing is due before the end */
    sim = start(&options);
    for (int i = 0; i < 40; i++) {
        char *to = mem_printf("+1415555%04d", i);

        send_with_callback(sim, &hooks, to, "");
        free(to);
    }
    sim_stop(sim);
    receiver_stop(&hooks);
    free(url);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callbacks__are_signed_in_order_and_carry_the_attempt),
        cmocka_unit_test(callbacks__are_tried_again_as_the_fragment_says),
        cmocka_unit_test(callbacks__come_twice_shuffled_or_never),
        cmocka_unit_test(callbacks__wait_while_paused),
        cmocka_unit_test(callbacks__never_leave_the_machine),
        cmocka_unit_test(customers__answer_follow_ups_and_opt_out),
        cmocka_unit_test(customers__only_receive_when_told_to),
        cmocka_unit_test(control__lets_a_customer_write_now),
        cmocka_unit_test(fail_rate__is_by_number_and_called_back),
        cmocka_unit_test(stopping__with_work_under_way_leaks_nothing),
    };

    return cmocka_run_group_tests_name("sim world", tests, NULL, NULL);
}
