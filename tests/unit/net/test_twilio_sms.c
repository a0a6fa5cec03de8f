/* SMS against a server that misbehaves: what is known, what is not, and never sent twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/config/config.h"
#include "core/outbox/rate.h"
#include "net/fake_server.h"
#include "net/open.h"
#include "net/twilio_sms.h"

#define SID "SM0123456789abcdef0123456789abcdef"
#define TOKEN "topsecrettoken"
#define TO "+13105550142"
#define ACCEPTED_BODY "{\"sid\":\"" SID "\",\"status\":\"queued\",\"error_code\":null}"

struct world {
    struct fake_server *server;
    struct config config;
    struct net_port net;
    struct sms_result results[16];
    size_t result_count;
    struct sms_lookup_result lookup;
    char lookup_sid[64]; /* the first that fits exactly */
    size_t lookup_vague;
    int64_t timeout_s; /* 0: one */
    bool take_back;
    bool looked_up;
    char *answers[8]; /* owned HTTP answers that steps borrow */
    size_t answer_count;
};

static void
on_sms(void *ctx, const struct sms_result *r)
{
    struct world *w = ctx;

    assert_true(w->result_count < ARRAY_LEN(w->results));
    w->results[w->result_count++] = *r;
}

static void
on_lookup(void *ctx, const struct sms_lookup_result *r)
{
    struct world *w = ctx;

    w->lookup = *r;
    for (size_t i = r->found_count; i-- > 0;) {
        w->lookup_vague += r->found[i].vague;
        if (!r->found[i].vague)
            (void)text_copy(w->lookup_sid, sizeof w->lookup_sid, r->found[i].provider_id);
    }
    w->looked_up = true;
}

static void
set(char **field, const char *value)
{
    free(*field);
    *field = mem_strdup(value);
}

static void
open_world_at(struct world *w, const char *base_url)
{
    struct net_handlers h = {.ctx = w, .sms_done = on_sms, .lookup_done = on_lookup};
    struct error err = {0};

    config_init_defaults(&w->config);
    set(&w->config.sms.provider, "twilio");
    set(&w->config.sms.base_url, base_url);
    set(&w->config.sms.account_sid, "AC774dbebe8829da443da97d939050290a");
    set(&w->config.sms.auth_token, TOKEN);
    set(&w->config.sms.from, "+13035553459");
    set(&w->config.sms.messaging_service_sid, "");
    set(&w->config.relay.public_url, "https://relay.example.com/");
    w->config.sms.timeout_seconds = w->timeout_s ? w->timeout_s : 1;
    w->config.sms.max_connections = 4;
    if (!net_open(&w->config, &w->net, &err))
        fail_msg("%s", err.text);
    w->net.set_handlers(w->net.ctx, &h);
}

static void
open_world(struct world *w, const struct fake_step *steps, size_t count)
{
    char *url = NULL;

    w->server = fake_server_start(steps, count);
    url = mem_printf("http://127.0.0.1:%u", (unsigned)fake_server_port(w->server));
    open_world_at(w, url);
    free(url);
}

static void
close_world(struct world *w)
{
    w->net.close(w->net.ctx);
    fake_server_stop(w->server);
    config_release(&w->config);
    for (size_t i = 0; i < w->answer_count; i++)
        free(w->answers[i]);
}

static void
send_one(struct world *w, int64_t attempt)
{
    struct sms_request r = {.attempt_id = attempt,
                            .attempt_uid = "d2f85c2e-7eff-4c73-8768-a66586b737d9",
                            .to = TO,
                            .body = "Hello secretbody & co"};
    struct error err = {0};

    if (!w->net.sms_send(w->net.ctx, &r, &err))
        fail_msg("%s", err.text);
}

static void
wait_results(struct world *w, size_t n)
{
    int64_t until = utime_mono_ms() + 8000;

    while (w->result_count < n && utime_mono_ms() < until)
        w->net.pump(w->net.ctx, 50);
    assert_int_equal(w->result_count, n);
    assert_int_equal(w->net.in_flight(w->net.ctx), 0);
}

static void
check_no_secret(const char *text)
{
    assert_null(strstr(text, TOKEN));
    assert_null(strstr(text, "3105550142"));
    assert_null(strstr(text, "secretbody"));
}

static char *
http(const char *status, const char *headers, const char *body)
{
    return mem_printf("HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers,
                      strlen(body), body);
}

static void
answers__are_judged_by_what_they_prove(void **state)
{
    static const struct {
        const char *status, *headers, *body;
        enum send_outcome outcome;
        enum send_class klass;
        int code;
        int64_t retry_ms;
    } rows[] = {
        {"201 Created", "", ACCEPTED_BODY, SEND_ACCEPTED, SEND_CLASS_NONE, 0, 0},
        {"200 OK", "", ACCEPTED_BODY, SEND_ACCEPTED, SEND_CLASS_NONE, 0, 0},
        {"201 Created", "", "{\"status\":\"queued\"}", SEND_UNKNOWN, SEND_CLASS_NONE, 0, 0},
        {"201 Created", "", "{\"sid\":\"nonsense\"}", SEND_UNKNOWN, SEND_CLASS_NONE, 0, 0},
        {"201 Created", "", "{\"sid\":7}", SEND_UNKNOWN, SEND_CLASS_NONE, 0, 0},
        {"201 Created", "", "<html>hello</html>", SEND_UNKNOWN, SEND_CLASS_NONE, 0, 0},
        {"201 Created", "", "", SEND_UNKNOWN, SEND_CLASS_NONE, 0, 0},
        {"201 Created", "", "[]", SEND_UNKNOWN, SEND_CLASS_NONE, 0, 0},
        {"400 Bad Request", "", "{\"code\":21211,\"message\":\"The 'To' number " TO "\"}",
         SEND_REJECTED, SEND_CLASS_PERMANENT, 21211, 0},
        {"400 Bad Request", "", "{\"code\":\"21610\"}", SEND_REJECTED, SEND_CLASS_OPTED_OUT, 21610,
         0},
        {"400 Bad Request", "", "{\"code\":21611}", SEND_NOT_SENT, SEND_CLASS_RETRY, 21611, 0},
        {"400 Bad Request", "", "{\"code\":30610}", SEND_REJECTED, SEND_CLASS_LATER, 30610, 0},
        {"400 Bad Request", "", "{\"code\":21606}", SEND_REJECTED, SEND_CLASS_CONFIG, 21606, 0},
        {"400 Bad Request", "", "{\"code\":99999}", SEND_REJECTED, SEND_CLASS_AMBIGUOUS, 99999, 0},
        {"400 Bad Request", "", "", SEND_REJECTED, SEND_CLASS_AMBIGUOUS, 0, 0},
        {"401 Unauthorized", "", "{\"code\":20003}", SEND_REJECTED, SEND_CLASS_CONFIG, 20003, 0},
        {"401 Unauthorized", "", "<html>", SEND_REJECTED, SEND_CLASS_CONFIG, 0, 0},
        {"404 Not Found", "", "{\"code\":20404}", SEND_REJECTED, SEND_CLASS_CONFIG, 20404, 0},
        {"429 Too Many Requests", "Retry-After: 7\r\n", "{\"code\":20429}", SEND_NOT_SENT,
         SEND_CLASS_RETRY, 20429, 7000},
        {"429 Too Many Requests", "", "", SEND_NOT_SENT, SEND_CLASS_RETRY, 0, 0},
        {"408 Request Timeout", "", "", SEND_UNKNOWN, SEND_CLASS_NONE, 0, 0},
        {"302 Found", "Location: http://127.0.0.1:1/\r\n", "", SEND_UNKNOWN, SEND_CLASS_CONFIG, 0,
         0},
        {"500 Internal Server Error", "", "{\"code\":20429}", SEND_UNKNOWN, SEND_CLASS_NONE, 0, 0},
        {"502 Bad Gateway", "", "<html>bad</html>", SEND_UNKNOWN, SEND_CLASS_NONE, 0, 0},
        {"503 Unavailable", "Retry-After: 3\r\n", "", SEND_UNKNOWN, SEND_CLASS_NONE, 0, 3000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *text = http(rows[i].status, rows[i].headers, rows[i].body);
        struct fake_step step = {FAKE_ANSWER, text};
        struct world w = {0};
        const struct sms_result *r = &w.results[0];

        open_world(&w, &step, 1);
        send_one(&w, 7);
        wait_results(&w, 1);
        if (r->outcome != rows[i].outcome || r->klass != rows[i].klass ||
            r->error_code != rows[i].code || r->retry_after_ms != rows[i].retry_ms)
            fail_msg("row %zu (%s %s): outcome %d class %d code %d retry %d: %s", i, rows[i].status,
                     rows[i].body, (int)r->outcome, (int)r->klass, r->error_code,
                     (int)r->retry_after_ms, r->error);
        assert_int_equal(r->attempt_id, 7);
        assert_string_equal(r->provider_id, rows[i].outcome == SEND_ACCEPTED ? SID : "");
        assert_true((rows[i].outcome == SEND_ACCEPTED) == (r->error[0] == '\0'));
        check_no_secret(r->error);
        assert_int_equal(fake_server_count(w.server), 1);
        close_world(&w);
        free(text);
    }
}

static void
misbehaviour__is_unknown_and_seen_once(void **state)
{
    char *huge = NULL, *huge_body = mem_alloc(1200 * 1024);
    struct {
        struct fake_step step;
        int64_t max_ms;
    } rows[] = {
        {{FAKE_CLOSE, NULL}, 900},
        {{FAKE_RESET, NULL}, 900},
        {{FAKE_HANG, NULL}, 3000},
        {{FAKE_ANSWER_CLOSE,
          "HTTP/1.1 201 Created\r\nContent-Length: 90\r\n\r\n{\"sid\":\"" SID "\""},
         900},
        {{FAKE_ANSWER_CLOSE, "HTTP/1.1 201 Cre"}, 900},
        {{FAKE_ANSWER_CLOSE, "hello, this is not HTTP\r\n\r\n"}, 2000},
        {{FAKE_TRICKLE, "HTTP/1.1 201 Created\r\nContent-Length: 600\r\n\r\n                  "},
         3000},
        {{FAKE_ANSWER_CLOSE, NULL}, 3000}, /* the huge one */
    };

    (void)state;
    memset(huge_body, ' ', 1200 * 1024 - 1);
    huge = http("201 Created", "", huge_body);
    rows[ARRAY_LEN(rows) - 1].step.answer = huge;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w = {0};
        int64_t before = utime_mono_ms();

        open_world(&w, &rows[i].step, 1);
        send_one(&w, 1);
        wait_results(&w, 1);
        if (w.results[0].outcome != SEND_UNKNOWN)
            fail_msg("row %zu: outcome %d: %s", i, (int)w.results[0].outcome, w.results[0].error);
        check_no_secret(w.results[0].error);
        assert_int_equal(fake_server_count(w.server), 1);
        assert_true(utime_mono_ms() - before < rows[i].max_ms + 4000);
        close_world(&w);
    }
    free(huge);
    free(huge_body);
}

/* libcurl sends again on its own when a kept connection dies unanswered: it must not here. */
static void
reused_connection_that_dies__is_not_sent_again(void **state)
{
    static const enum fake_action deaths[] = {FAKE_CLOSE, FAKE_RESET};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(deaths); i++) {
        char *ok = http("201 Created", "", ACCEPTED_BODY);
        const struct fake_step steps[] = {{FAKE_ANSWER, ok}, {deaths[i], NULL}, {FAKE_ANSWER, ok}};
        struct world w = {0};

        open_world(&w, steps, ARRAY_LEN(steps));
        send_one(&w, 1);
        wait_results(&w, 1);
        assert_int_equal(w.results[0].outcome, SEND_ACCEPTED);
        send_one(&w, 2);
        wait_results(&w, 2);
        assert_int_equal(w.results[1].outcome, SEND_UNKNOWN);
        assert_int_equal(fake_server_count(w.server), 2);
        assert_int_equal(fake_server_connection_of(w.server, 1), 0); /* it was the kept one */
        send_one(&w, 3); /* and the client is well afterwards */
        wait_results(&w, 3);
        assert_int_equal(w.results[2].outcome, SEND_ACCEPTED);
        assert_int_equal(fake_server_count(w.server), 3);
        close_world(&w);
        free(ok);
    }
}

static bool
may_leave(void *ctx, int64_t attempt_id)
{
    const struct world *w = ctx;

    assert_true(attempt_id > 0);
    return !w->take_back;
}

/* The process stood still between sms_send() and the first byte, on a new and on a kept connection.
 */
static void
message_taken_back__is_proved_not_sent(void **state)
{
    char *ok = http("201 Created", "", ACCEPTED_BODY);
    const struct fake_step steps[] = {{FAKE_ANSWER, ok}, {FAKE_ANSWER, ok}};
    struct world w = {0};
    struct net_handlers h = {.ctx = &w, .sms_done = on_sms, .sms_may_leave = may_leave};

    (void)state;
    open_world(&w, steps, ARRAY_LEN(steps));
    w.net.set_handlers(w.net.ctx, &h);
    send_one(&w, 1);
    wait_results(&w, 1);
    assert_int_equal(w.results[0].outcome, SEND_ACCEPTED);
    w.take_back = true;
    send_one(&w, 2);
    wait_results(&w, 2);
    assert_int_equal(w.results[1].outcome, SEND_NOT_SENT);
    assert_int_equal(w.results[1].klass, SEND_CLASS_NONE);
    w.take_back = false;
    send_one(&w, 3);
    wait_results(&w, 3);
    assert_int_equal(w.results[2].outcome, SEND_ACCEPTED);
    assert_int_equal(fake_server_count(w.server), 2); /* whole requests that it saw */
    close_world(&w);
    free(ok);
}

static void
reset_before_reading__is_never_taken_for_accepted(void **state)
{
    static const struct fake_step step = {FAKE_RESET_EARLY, NULL};
    struct world w = {0};

    (void)state;
    open_world(&w, &step, 1);
    send_one(&w, 1);
    wait_results(&w, 1);
    assert_true(w.results[0].outcome == SEND_UNKNOWN || w.results[0].outcome == SEND_NOT_SENT);
    assert_int_equal(fake_server_count(w.server), 0);
    close_world(&w);
}

static void
no_connection__is_proved_not_sent(void **state)
{
    static const struct fake_step hang = {FAKE_HANG, NULL};
    struct fake_server *gone = fake_server_start(&hang, 1);
    char *refused = mem_printf("http://127.0.0.1:%u", (unsigned)fake_server_port(gone));
    const char *urls[] = {refused, "http://no-such-host.invalid"};

    (void)state;
    fake_server_stop(gone);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct world w = {0};

        open_world_at(&w, urls[i]);
        send_one(&w, 1);
        wait_results(&w, 1);
        if (w.results[0].outcome != SEND_NOT_SENT || w.results[0].klass != SEND_CLASS_RETRY)
            fail_msg("%s: %s", urls[i], w.results[0].error);
        check_no_secret(w.results[0].error);
        close_world(&w);
    }
    free(refused);
}

static void
server_without_tls__gets_nothing(void **state)
{
    static const struct fake_step plain = {FAKE_ANSWER_CLOSE, "HTTP/1.1 400 Bad Request\r\n\r\n"};
    struct world w = {.server = fake_server_start(&plain, 1)};
    char *url = mem_printf("https://127.0.0.1:%u", (unsigned)fake_server_port(w.server));

    (void)state;
    open_world_at(&w, url);
    send_one(&w, 1);
    wait_results(&w, 1);
    assert_int_equal(w.results[0].outcome, SEND_NOT_SENT);
    assert_int_equal(w.results[0].klass, SEND_CLASS_RETRY);
    free(url);
    close_world(&w);
}

static void
room__is_bounded_and_connections_are_reused(void **state)
{
    char *ok = http("201 Created", "", ACCEPTED_BODY);
    const struct fake_step step = {FAKE_ANSWER, ok};
    struct world w = {0};
    struct error err = {0};
    struct sms_request r = {.attempt_uid = "x", .to = TO, .body = "b"};

    (void)state;
    open_world(&w, &step, 1);
    assert_int_equal(w.net.sms_room(w.net.ctx), 4);
    for (int i = 0; i < 4; i++)
        send_one(&w, i);
    assert_int_equal(w.net.sms_room(w.net.ctx), 0);
    assert_int_equal(w.net.in_flight(w.net.ctx), 4);
    assert_false(w.net.sms_send(w.net.ctx, &r, &err));
    assert_int_equal(err.code, ERR_RETRY);
    wait_results(&w, 4);
    for (int i = 0; i < 8; i++) {
        send_one(&w, i);
        wait_results(&w, 5 + (size_t)i);
    }
    assert_int_equal(fake_server_count(w.server), 12);
    for (size_t i = 4; i < 12; i++)
        assert_true(fake_server_connection_of(w.server, i) < 4);
    close_world(&w);
    free(ok);
}

enum { ANSWERED = 2000, HANGING = 4, WAITING = 16 };

struct tally {
    size_t outcomes[SEND_OUTCOME_COUNT];
    size_t ends, given_back;
};

static void
tally_one(void *ctx, const struct sms_result *r)
{
    struct tally *t = ctx;

    t->ends++;
    t->outcomes[r->outcome]++;
    t->given_back += r->outcome == SEND_NOT_SENT && r->klass == SEND_CLASS_NONE;
}

/* A provider that answers fast has messages waiting for a connection; then it answers no more. */
static void
message_that_waits_too_long_for_a_connection__is_given_back_unsent(void **state)
{
    const size_t all = ANSWERED + HANGING + WAITING;
    struct fake_step *steps = mem_calloc(ANSWERED + 1, sizeof *steps);
    const int64_t until = utime_mono_ms() + 30000;
    char *ok = http("201 Created", "", ACCEPTED_BODY);
    struct world w = {.timeout_s = 4};
    struct tally tally = {0};
    const struct net_handlers h = {.ctx = &tally, .sms_done = tally_one};
    int64_t late_ms = 0;
    size_t ordered = 0;

    (void)state;
    for (size_t i = 0; i < ANSWERED; i++)
        steps[i] = (struct fake_step){FAKE_ANSWER, ok};
    steps[ANSWERED].action = FAKE_HANG;
    open_world(&w, steps, ANSWERED + 1);
    w.net.set_handlers(w.net.ctx, &h);
    while (tally.ends < all && utime_mono_ms() < until) {
        while (ordered < all && w.net.sms_room(w.net.ctx) > 0)
            send_one(&w, (int64_t)++ordered);
        w.net.pump(w.net.ctx, 50);
        late_ms = w.net.sms_late_ms(w.net.ctx) > late_ms ? w.net.sms_late_ms(w.net.ctx) : late_ms;
    }
    assert_int_equal(tally.ends, all);
    assert_in_range(late_ms, 1, RATE_LATE_MS); /* of those that went */
    assert_int_equal(tally.outcomes[SEND_ACCEPTED], ANSWERED);
    assert_int_equal(tally.outcomes[SEND_UNKNOWN], HANGING);
    assert_int_equal(tally.given_back, WAITING);
    assert_int_equal(fake_server_count(w.server), ANSWERED + HANGING);
    close_world(&w);
    free(steps);
    free(ok);
}

static void
closing__ends_what_is_under_way_without_a_word(void **state)
{
    static const struct fake_step hang = {FAKE_HANG, NULL};
    struct world w = {0};

    (void)state;
    open_world(&w, &hang, 1);
    send_one(&w, 1);
    w.net.pump(w.net.ctx, 20);
    close_world(&w); /* leaks and use after free are the sanitizer's to find */
    assert_int_equal(w.result_count, 0);
}

static void
wake__ends_a_wait(void **state)
{
    static const struct fake_step hang = {FAKE_HANG, NULL};
    struct world w = {0};
    int64_t before = 0;

    (void)state;
    open_world(&w, &hang, 1);
    w.net.wake(w.net.ctx);
    before = utime_mono_ms();
    w.net.pump(w.net.ctx, 5000);
    assert_true(utime_mono_ms() - before < 2500);
    close_world(&w);
}

/* --- the request itself */

static bool
form_has(const char *form, const char *pair)
{
    const char *at = strstr(form, pair);

    return at && (at == form || at[-1] == '&') &&
           (at[strlen(pair)] == '\0' || at[strlen(pair)] == '&');
}

static const json_t *
vector_named(const json_t *doc, const char *name)
{
    size_t i = 0;
    json_t *row = NULL;

    json_array_foreach(json_object_get(doc, "twilio"), i,
                       row) if (strcmp(json_string_value(json_object_get(row, "name")), name) ==
                                0) return row;
    fail_msg("no vector %s", name);
    return NULL;
}

static const char *
vector_field(const json_t *row, const char *name)
{
    size_t i = 0;
    json_t *pair = NULL;

    json_array_foreach(json_object_get(row, "form"), i,
                       pair) if (strcmp(json_string_value(json_array_get(pair, 0)), name) ==
                                 0) return json_string_value(json_array_get(pair, 1));
    return NULL;
}

static void
request__is_what_the_sdk_sends(void **state)
{
    char *ok = http("201 Created", "", ACCEPTED_BODY);
    const struct fake_step step = {FAKE_ANSWER, ok};
    json_t *doc = json_load_file(TEST_FIXTURES "/vectors/requests.json", 0, NULL);
    const json_t *row = vector_named(doc, "sms from a number");
    struct world w = {0};
    struct sms_request r = {
        .attempt_uid = "u", .to = vector_field(row, "To"), .body = vector_field(row, "Body")};
    struct error err = {0};
    char *request = NULL, *body = NULL, *expected = NULL, *save = NULL, *line = NULL;

    (void)state;
    open_world(&w, &step, 1);
    assert_true(w.net.sms_send(w.net.ctx, &r, &err));
    wait_results(&w, 1);
    request = fake_server_request(w.server, 0);
    line = mem_printf("POST %s HTTP/1.1\r\n",
                      json_string_value(json_object_get(row, "path_and_query")));
    assert_true(text_starts_with(request, line));
    assert_non_null(strstr(request, "Content-Type: application/x-www-form-urlencoded\r\n"));
    /* AC774dbebe8829da443da97d939050290a:topsecrettoken */
    assert_non_null(strstr(
        request, "Authorization: Basic "
                 "QUM3NzRkYmViZTg4MjlkYTQ0M2RhOTdkOTM5MDUwMjkwYTp0b3BzZWNyZXR0b2tlbg==\r\n"));
    assert_null(strstr(request, "Expect:"));
    body = strstr(request, "\r\n\r\n") + 4;
    expected = mem_strdup(json_string_value(json_object_get(row, "body")));
    for (char *pair = strtok_r(expected, "&", &save); pair; pair = strtok_r(NULL, "&", &save))
        if (!form_has(body, pair))
            fail_msg("%s is not in %s", pair, body);
    assert_true(form_has(
        body,
        "StatusCallback=https%3A%2F%2Frelay.example.com%2Fhooks%2Ftwilio%2Fstatus%3Fatt%3Du"));
    assert_null(strstr(body, "ValidityPeriod"));
    free(line);
    free(expected);
    free(request);
    json_decref(doc);
    close_world(&w);
    free(ok);
}

static void
form__through_a_service_has_no_from(void **state)
{
    json_t *doc = json_load_file(TEST_FIXTURES "/vectors/requests.json", 0, NULL);
    const json_t *row = vector_named(doc, "sms through a messaging service with callback");
    struct net_handlers handlers = {0};
    struct config c = {0};
    struct error err = {0};
    struct twilio_sms *t = NULL;
    struct buf form = {0};
    const struct sms_request r = {.attempt_uid = "d2f85c2e-7eff-ac73-2768-a66586b737d9",
                                  .to = vector_field(row, "To"),
                                  .body = vector_field(row, "Body"),
                                  .validity_s = 3600};
    const struct sms_request brief = {.attempt_uid = "u", .to = "+1", .body = "b", .validity_s = 1};

    (void)state;
    config_init_defaults(&c);
    set(&c.sms.account_sid, "AC1");
    set(&c.sms.auth_token, TOKEN);
    set(&c.sms.from, "+13035553459");
    set(&c.sms.messaging_service_sid, vector_field(row, "MessagingServiceSid"));
    set(&c.relay.public_url, "");
    t = twilio_sms_new(NULL, &c, &handlers, &err);
    if (!t)
        fail_msg("%s", err.text);
    assert_string_equal(twilio_sms_sender(t), vector_field(row, "MessagingServiceSid"));
    twilio_sms_form(t, &r, &form);
    assert_true(form_has(buf_str(&form), "To=%2B13035551413"));
    assert_true(form_has(buf_str(&form), "ValidityPeriod=3600"));
    assert_true(form_has(buf_str(&form), "MessagingServiceSid=MG0433c62d4988cb467378740155c24a15"));
    assert_null(strstr(buf_str(&form), "From="));
    assert_null(strstr(buf_str(&form), "StatusCallback")); /* no public relay, no callback */
    buf_clear(&form);
    twilio_sms_form(t, &brief, &form);
    assert_true(form_has(buf_str(&form), "ValidityPeriod=6"));
    buf_release(&form);
    twilio_sms_free(t);
    config_release(&c);
    json_decref(doc);
}

static void
configuration_that_cannot_send__is_refused(void **state)
{
    struct config c = {0};
    struct net_port net = {0};
    struct error err = {0};

    (void)state;
    config_init_defaults(&c);
    set(&c.sms.account_sid, "AC1");
    set(&c.sms.auth_token, "");
    assert_false(net_open(&c, &net, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.text, "auth_token"));
    config_release(&c);
}

/* --- reconciliation */

static char *
row_json(const char *sid, const char *direction, const char *body, const char *created)
{
    return mem_printf("{\"sid\":\"%s\",\"status\":\"sent\",\"to\":\"" TO "\",\"direction\":\"%s\","
                      "\"body\":%s,\"date_created\":\"%s\",\"error_code\":null}",
                      sid, direction, body, created);
}

#define NOW_TEXT "Mon, 23 Nov 2026 09:00:00 +0000"
#define NOW_S 1795424400

static const char *
page_of(struct world *w, const char *rows, const char *next)
{
    char *body = mem_printf("{\"messages\":[%s],\"page\":0,\"next_page_uri\":%s}", rows, next);

    w->answers[w->answer_count] = http("200 OK", "", body);
    free(body);
    return w->answers[w->answer_count++];
}

static void
look_up(struct world *w)
{
    const struct sms_lookup l = {
        .attempt_id = 9, .to = TO, .body = "Hello you", .claimed_at_s = NOW_S};
    struct error err = {0};
    int64_t until = utime_mono_ms() + 8000;

    w->looked_up = false;
    if (!w->net.sms_lookup(w->net.ctx, &l, &err))
        fail_msg("%s", err.text);
    while (!w->looked_up && utime_mono_ms() < until)
        w->net.pump(w->net.ctx, 50);
    assert_true(w->looked_up);
    assert_int_equal(w->lookup.attempt_id, 9);
}

static void
list__is_paged_filtered_and_asked_without_the_day_too(void **state)
{
    struct world w = {0};
    struct fake_step steps[4];
    char *ours = row_json(SID, "outbound-api", "\"Hello you\"", NOW_TEXT);
    char *reply =
        row_json("SM1123456789abcdef0123456789abcdef", "inbound", "\"Hello you\"", NOW_TEXT);
    char *other =
        row_json("SM2123456789abcdef0123456789abcdef", "outbound-api", "\"Else\"", NOW_TEXT);
    char *skew = row_json("SM3123456789abcdef0123456789abcdef", "outbound-api", "\"Hello you\"",
                          "Mon, 23 Nov 2026 08:58:59 +0000");
    char *old = row_json("SM4123456789abcdef0123456789abcdef", "outbound-api", "\"Hello you\"",
                         "Sun, 22 Nov 2026 08:58:58 +0000");
    char *first = mem_printf("%s,%s", other, reply), *request = NULL;

    (void)state;
    steps[0] = (struct fake_step){FAKE_ANSWER, page_of(&w, first, "\"/2010/next?Page=1\"")};
    steps[1] = (struct fake_step){FAKE_ANSWER, page_of(&w, ours, "null")};
    free(first);
    first = mem_printf("%s,%s", skew, ours);
    steps[2] = (struct fake_step){FAKE_ANSWER, page_of(&w, first, "\"/2010/old?Page=1\"")};
    steps[3] = (struct fake_step){FAKE_ANSWER, page_of(&w, old, "\"/2010/older?Page=2\"")};
    open_world(&w, steps, ARRAY_LEN(steps));
    look_up(&w);
    assert_true(w.lookup.answered);
    /* ours; and vaguely the one with another text, and the one from before the attempt */
    assert_int_equal(w.lookup.found_count, 3);
    assert_int_equal(w.lookup_vague, 2);
    assert_string_equal(w.lookup_sid, SID);
    assert_int_equal(fake_server_count(w.server), 4); /* a page of old rows ends it */
    request = fake_server_request(w.server, 0);
    assert_non_null(strstr(request, "?PageSize=100&To=%2B13105550142"
                                    "&From=%2B13035553459&DateSent%3E=2026-11-22 "));
    free(request);
    request = fake_server_request(w.server, 1);
    assert_true(text_starts_with(request, "GET /2010/next?Page=1 HTTP/1.1"));
    assert_non_null(strstr(request, "Authorization: Basic "));
    free(request);
    request = fake_server_request(w.server, 2);
    assert_null(strstr(request, "DateSent"));
    free(request);
    close_world(&w);
    free(first);
    free(ours);
    free(reply);
    free(other);
    free(skew);
    free(old);
}

static void
list_that_cannot_be_read__proves_nothing(void **state)
{
    static const char *const pages[] = {
        "<html>",
        "{}",
        "{\"messages\":7}",
        "{\"messages\":[7]}",
        "{\"messages\":[],\"next_page_uri\":\"//elsewhere.example/x\"}",
        "{\"messages\":[],\"next_page_uri\":\"https://elsewhere.example/x\"}",
        "{\"messages\":[],\"next_page_uri\":5}",
        /* a text that is hidden could be ours */
        "{\"messages\":[{\"sid\":\"" SID "\",\"to\":\"" TO
        "\",\"direction\":\"outbound-api\",\"body\":null,\"date_created\":\"" NOW_TEXT "\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pages) + 2; i++) {
        bool text = i < ARRAY_LEN(pages);
        char *answer = text ? http("200 OK", "", pages[i]) : http("500 Oops", "", "");
        struct fake_step step = {i == ARRAY_LEN(pages) ? FAKE_CLOSE : FAKE_ANSWER, answer};
        struct world w = {0};

        open_world(&w, &step, 1);
        look_up(&w);
        if (w.lookup.answered)
            fail_msg("row %zu was taken for an answer", i);
        assert_int_not_equal(w.lookup.error[0], '\0');
        check_no_secret(w.lookup.error);
        close_world(&w);
        free(answer);
    }
}

static void
empty_list__is_an_answer(void **state)
{
    struct world w = {0};
    struct fake_step step = {FAKE_ANSWER, page_of(&w, "", "null")};

    (void)state;
    open_world(&w, &step, 1);
    look_up(&w);
    assert_true(w.lookup.answered);
    assert_int_equal(w.lookup.found_count, 0);
    close_world(&w);
}

static void
times__of_twilio_are_read(void **state)
{
    int64_t at = 0;

    (void)state;
    assert_true(twilio_time_parse(NOW_TEXT, &at));
    assert_int_equal(at, NOW_S);
    assert_true(twilio_time_parse("Mon, 23 Nov 2026 10:30:00 +0130", &at));
    assert_int_equal(at, NOW_S);
    assert_false(twilio_time_parse(NULL, &at));
    assert_false(twilio_time_parse("2026-11-23T09:00:00Z", &at));
    assert_false(twilio_time_parse("Mon, 31 Feb 2026 09:00:00 +0000", &at));
    assert_false(twilio_time_parse("Mon, 23 Nov 2026 09:00:00 +0000 and more", &at));
    assert_false(twilio_time_parse("Mon, 23 Cto 2026 09:00:00 +0000", &at));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers__are_judged_by_what_they_prove),
        cmocka_unit_test(misbehaviour__is_unknown_and_seen_once),
        cmocka_unit_test(reused_connection_that_dies__is_not_sent_again),
        cmocka_unit_test(message_taken_back__is_proved_not_sent),
        cmocka_unit_test(reset_before_reading__is_never_taken_for_accepted),
        cmocka_unit_test(no_connection__is_proved_not_sent),
        cmocka_unit_test(server_without_tls__gets_nothing),
        cmocka_unit_test(room__is_bounded_and_connections_are_reused),
        cmocka_unit_test(message_that_waits_too_long_for_a_connection__is_given_back_unsent),
        cmocka_unit_test(closing__ends_what_is_under_way_without_a_word),
        cmocka_unit_test(wake__ends_a_wait),
        cmocka_unit_test(request__is_what_the_sdk_sends),
        cmocka_unit_test(form__through_a_service_has_no_from),
        cmocka_unit_test(configuration_that_cannot_send__is_refused),
        cmocka_unit_test(list__is_paged_filtered_and_asked_without_the_day_too),
        cmocka_unit_test(list_that_cannot_be_read__proves_nothing),
        cmocka_unit_test(empty_list__is_an_answer),
        cmocka_unit_test(times__of_twilio_are_read),
    };

    return cmocka_run_group_tests_name("net/twilio_sms", tests, NULL, NULL);
}
