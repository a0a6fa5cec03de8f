/* The relay's answers, good and bad: a batch is whole and in order, or nothing of it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/config/config.h"
#include "net/fake_server.h"
#include "net/open.h"

#define TOKEN "relaysecret"

struct world {
    struct fake_server *server;
    struct config config;
    struct net_port net;
    bool told, ok, cursor_lost, more;
    size_t count;
    int64_t first_seq, last_seq, first_at_s;
    char next[64], body[64], error[256];
};

static void
on_relay(void *ctx, const struct relay_batch *b)
{
    struct world *w = ctx;

    w->told = true;
    w->ok = b->ok;
    w->cursor_lost = b->cursor_lost;
    w->more = b->more;
    w->count = b->count;
    (void)text_copy(w->next, sizeof w->next, b->next ? b->next : "-");
    (void)text_copy(w->error, sizeof w->error, b->error);
    if (b->count) {
        w->first_seq = b->events[0].seq;
        w->first_at_s = b->events[0].received_at_s;
        w->last_seq = b->events[b->count - 1].seq;
        (void)text_copy(w->body, sizeof w->body, b->events[0].body);
        assert_int_equal(b->events[0].body_len, strlen(b->events[0].body));
        assert_string_equal(b->events[0].kind, "twilio_sms");
        assert_string_equal(b->events[0].url, "https://r/hooks/twilio/sms");
        assert_string_equal(b->events[0].signature, "sig=");
    }
}

static void
set(char **field, const char *value)
{
    free(*field);
    *field = mem_strdup(value);
}

static void
open_world(struct world *w, const struct fake_step *steps, size_t count)
{
    struct net_handlers h = {.ctx = w, .relay_done = on_relay};
    struct error err = {0};

    w->server = fake_server_start(steps, count);
    config_init_defaults(&w->config);
    set(&w->config.sms.account_sid, "AC1");
    set(&w->config.sms.auth_token, "t");
    set(&w->config.sms.from, "+13035553459");
    set(&w->config.relay.token, TOKEN);
    free(w->config.relay.url);
    w->config.relay.url = mem_printf("http://127.0.0.1:%u/", (unsigned)fake_server_port(w->server));
    if (!net_open(&w->config, &w->net, &err))
        fail_msg("%s", err.text);
    w->net.set_handlers(w->net.ctx, &h);
}

static void
close_world(struct world *w)
{
    w->net.close(w->net.ctx);
    fake_server_stop(w->server);
    config_release(&w->config);
}

static void
poll_once(struct world *w, const char *cursor)
{
    struct error err = {0};
    int64_t until = utime_mono_ms() + 8000;

    w->told = false;
    if (!w->net.relay_poll(w->net.ctx, cursor, 0, &err))
        fail_msg("%s", err.text);
    assert_false(w->net.relay_poll(w->net.ctx, cursor, 0, &err)); /* one at a time */
    assert_int_equal(err.code, ERR_CONFLICT);
    while (!w->told && utime_mono_ms() < until)
        w->net.pump(w->net.ctx, 50);
    assert_true(w->told);
    assert_null(strstr(w->error, TOKEN));
}

static char *
http(const char *status, const char *body)
{
    return mem_printf("HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body), body);
}

#define EVENT(seq, at)                                                                             \
    "{\"seq\":" seq ",\"received_at\":" at ",\"kind\":\"twilio_sms\",\"provider_id\":\"SM1\","     \
    "\"url\":\"https://r/hooks/twilio/sms\",\"signature\":\"sig=\",\"body\":\"a=\\u00e9\"}"

static void
good_batch__is_told_whole(void **state)
{
    char *answer = http("200 OK", "{\"events\":[" EVENT("3", "1795424400") "," EVENT(
                                      "5", "\"2026-11-23T09:00:00Z\"") "],\"next\":\"log:5\","
                                                                       "\"more\":true}");
    const struct fake_step step = {FAKE_ANSWER, answer};
    struct world w = {0};
    char *request = NULL;

    (void)state;
    open_world(&w, &step, 1);
    poll_once(&w, "log:2 x");
    assert_true(w.ok);
    assert_false(w.cursor_lost);
    assert_true(w.more);
    assert_int_equal(w.count, 2);
    assert_int_equal(w.first_seq, 3);
    assert_int_equal(w.last_seq, 5);
    assert_int_equal(w.first_at_s, 1795424400);
    assert_string_equal(w.next, "log:5");
    assert_string_equal(w.body, "a=\xc3\xa9");
    request = fake_server_request(w.server, 0);
    assert_true(text_starts_with(request,
                                 "GET /v1/events?limit=500&wait=0&after=log%3A2%20x HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "Authorization: Bearer " TOKEN "\r\n"));
    free(request);
    close_world(&w);
    free(answer);
}

static void
bad_answer__applies_nothing(void **state)
{
    static const struct {
        const char *status, *body;
    } rows[] = {
        {"200 OK", ""},
        {"200 OK", "<html>"},
        {"200 OK", "{}"},
        {"200 OK", "{\"events\":[],\"more\":false}"},
        {"200 OK", "{\"events\":[],\"next\":\"a\"}"},
        {"200 OK", "{\"events\":{},\"next\":\"a\",\"more\":false}"},
        {"200 OK", "{\"events\":[7],\"next\":\"a\",\"more\":false}"},
        {"200 OK", "{\"events\":[" EVENT("3", "1") "," EVENT("3", "1") "],\"next\":\"a\","
                                                                       "\"more\":false}"},
        {"200 OK", "{\"events\":[" EVENT("3", "\"soon\"") "],\"next\":\"a\",\"more\":false}"},
        {"200 OK", "{\"events\":[" EVENT("-3", "1") "],\"next\":\"a\",\"more\":false}"},
        {"200 OK", "{\"events\":[" EVENT("3", "1") "],\"next\":\"a\",\"more\":fal"},
        {"401 Unauthorized", "{}"},
        {"404 Not Found", "{}"},
        {"500 Oops", "<html>"},
        {"302 Found", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *answer = http(rows[i].status, rows[i].body);
        const struct fake_step step = {FAKE_ANSWER, answer};
        struct world w = {0};

        open_world(&w, &step, 1);
        poll_once(&w, "");
        if (w.ok || w.cursor_lost || w.count || strcmp(w.next, "-") != 0 || !w.error[0])
            fail_msg("row %zu: %s", i, w.error);
        close_world(&w);
        free(answer);
    }
}

static void
broken_connection__is_told(void **state)
{
    static const struct fake_step steps[] = {
        {FAKE_CLOSE, NULL},
        {FAKE_RESET, NULL},
        {FAKE_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"events\":[]"},
        {FAKE_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"
                      "{\"events\":[],\"next\":\"n\",\"more\":false}   "},
    };
    struct world w = {0};

    (void)state;
    open_world(&w, steps, ARRAY_LEN(steps));
    for (size_t i = 0; i < 3; i++) {
        poll_once(&w, "c");
        assert_false(w.ok);
        assert_int_not_equal(w.error[0], '\0');
    }
    poll_once(&w, "c");
    assert_true(w.ok);
    assert_string_equal(w.next, "n");
    close_world(&w);
}

static void
lost_cursor__gives_the_oldest(void **state)
{
    char *answer = http("410 Gone", "{\"error\":\"gone\",\"oldest\":\"new:0\"}");
    const struct fake_step step = {FAKE_ANSWER, answer};
    struct world w = {0};

    (void)state;
    open_world(&w, &step, 1);
    poll_once(&w, "old:7");
    assert_false(w.ok);
    assert_true(w.cursor_lost);
    assert_string_equal(w.next, "new:0");
    close_world(&w);
    free(answer);
}

/* Long events: fewer are asked for until the answer fits, so that the queue never gets stuck. */
static void
answer_over_the_cap__is_asked_for_in_parts(void **state)
{
    char *big = mem_alloc(1100 * 1024), *huge = NULL, *small = NULL, *request = NULL;
    struct fake_step steps[2];
    struct world w = {0};

    (void)state;
    memset(big, ' ', 1100 * 1024 - 1);
    huge = http("200 OK", big);
    small = http("200 OK", "{\"events\":[" EVENT("3", "1") "],\"next\":\"a\",\"more\":true}");
    steps[0] = (struct fake_step){FAKE_ANSWER_CLOSE, huge};
    steps[1] = (struct fake_step){FAKE_ANSWER, small};
    open_world(&w, steps, 2);
    poll_once(&w, "");
    assert_true(w.ok);
    assert_int_equal(w.count, 1);
    request = fake_server_request(w.server, 1);
    assert_true(text_starts_with(request, "GET /v1/events?limit=62&"));
    free(request);
    close_world(&w);
    free(huge);
    free(small);
    free(big);
}

static void
ack__names_the_cursor(void **state)
{
    char *answer = http("200 OK", "{\"acked\":\"log:5\"}");
    const struct fake_step step = {FAKE_ANSWER, answer};
    struct world w = {0};
    struct error err = {0};
    char *request = NULL;
    int64_t until = utime_mono_ms() + 8000;

    (void)state;
    open_world(&w, &step, 1);
    assert_true(w.net.relay_ack(w.net.ctx, "log:5", &err));
    while (fake_server_count(w.server) == 0 && utime_mono_ms() < until)
        w.net.pump(w.net.ctx, 20);
    request = fake_server_request(w.server, 0);
    assert_non_null(request);
    assert_true(text_starts_with(request, "POST /v1/ack HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "\r\n\r\n{\"cursor\":\"log:5\"}"));
    assert_non_null(strstr(request, "Authorization: Bearer " TOKEN "\r\n"));
    free(request);
    close_world(&w);
    free(answer);
}

static void
dropped_poll__is_not_told_and_makes_room(void **state)
{
    static const char empty[] = "{\"events\":[],\"next\":\"log:9\",\"more\":false}";
    char *answer = http("200 OK", empty);
    const struct fake_step steps[] = {{FAKE_HANG, NULL}, {FAKE_ANSWER, answer}};
    struct world w = {0};
    struct error err = {0};

    (void)state;
    open_world(&w, steps, 2);
    if (!w.net.relay_poll(w.net.ctx, "log:1", 20, &err))
        fail_msg("%s", err.text);
    for (int i = 0; i < 5; i++)
        w.net.pump(w.net.ctx, 20);
    w.net.relay_drop_poll(w.net.ctx);
    w.net.relay_drop_poll(w.net.ctx); /* none there: nothing */
    assert_false(w.told);
    poll_once(&w, "log:2");
    assert_true(w.ok);
    close_world(&w);
    free(answer);
}

static void
without_a_relay__calls_say_so(void **state)
{
    static const struct fake_step step = {FAKE_HANG, NULL};
    struct world w = {0};
    struct net_port other = {0};
    struct error err = {0};

    (void)state;
    open_world(&w, &step, 1);
    set(&w.config.relay.url, "");
    assert_true(net_open(&w.config, &other, &err));
    assert_false(other.relay_poll(other.ctx, "", 0, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(other.relay_ack(other.ctx, "", &err));
    other.close(other.ctx);
    close_world(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_batch__is_told_whole),
        cmocka_unit_test(bad_answer__applies_nothing),
        cmocka_unit_test(broken_connection__is_told),
        cmocka_unit_test(lost_cursor__gives_the_oldest),
        cmocka_unit_test(answer_over_the_cap__is_asked_for_in_parts),
        cmocka_unit_test(ack__names_the_cursor),
        cmocka_unit_test(dropped_poll__is_not_told_and_makes_room),
        cmocka_unit_test(without_a_relay__calls_say_so),
    };

    return cmocka_run_group_tests_name("net/relay_client", tests, NULL, NULL);
}
