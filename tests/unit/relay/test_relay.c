/* The relay in this process, asked over real sockets. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/webhook/form.h"
#include "core/webhook/twilio_signature.h"
#include "loopback.h"
#include "relay/relay.h"
#include "temp_folder.h"

#define FORM_TYPE "Content-Type: application/x-www-form-urlencoded\r\n"
#define TOKEN_HEADER "Authorization: Bearer console-secret\r\n"
#define PUBLIC_URL "https://hooks.example.com"

struct world {
    char folder[TEMP_FOLDER_PATH];
    struct relay_config config;
    struct relay *relay;
    uint16_t port;
};

static void
run(struct world *w)
{
    struct error err = {0};

    w->relay = relay_start(&w->config, &err);
    if (!w->relay)
        fail_msg("%s", err.text);
    w->port = relay_port(w->relay);
}

static int
start(void **state)
{
    struct world *w = mem_alloc(sizeof *w);

    temp_folder_make(w->folder);
    w->config = (struct relay_config){.listen = mem_strdup("127.0.0.1:0"),
                                      .database = mem_printf("%s/relay.db", w->folder),
                                      .public_url = mem_strdup(PUBLIC_URL),
                                      .token = mem_strdup("console-secret"),
                                      .twilio_token = mem_strdup("twilio-secret")};
    run(w);
    *state = w;
    return 0;
}

static int
stop(void **state)
{
    struct world *w = *state;

    relay_stop(w->relay);
    temp_folder_remove(w->folder);
    relay_config_release(&w->config);
    free(w);
    return 0;
}

/* The headers of a webhook, signed for that URL. */
static char *
signed_headers(const char *token, const char *target, const char *body)
{
    struct form form = {0};
    struct error err = {0};
    char *url = mem_printf("%s%s", PUBLIC_URL, target);
    char signature[TWILIO_SIGNATURE_SIZE];

    assert_true(form_parse(body, strlen(body), &form, &err));
    twilio_signature_make(token, url, &form, signature);
    form_release(&form);
    free(url);
    return mem_printf(FORM_TYPE "X-Twilio-Signature: %s\r\n", signature);
}

static int
post_hook(struct world *w, const char *token, const char *target, const char *body)
{
    char *headers = signed_headers(token, target, body);
    struct loopback_answer answer = loopback_ask(w->port, "POST", target, headers, body);
    int status = answer.status;

    if (status == 200) {
        assert_string_equal(answer.body, "<Response/>");
        assert_non_null(strstr(answer.head, "Content-Type: text/xml\r\n"));
    } else {
        assert_null(strstr(answer.head, "text/plain"));
    }
    loopback_answer_release(&answer);
    free(headers);
    return status;
}

static int
status_of(struct world *w, const char *method, const char *target, const char *headers,
          const char *body)
{
    struct loopback_answer answer = loopback_ask(w->port, method, target, headers, body);
    int status = answer.status;

    assert_null(strstr(answer.head, "text/plain"));
    loopback_answer_release(&answer);
    return status;
}

/* The JSON of an API call with the token; status is checked. */
static json_t *
call(struct world *w, const char *method, const char *target, const char *body, int status)
{
    struct loopback_answer answer = loopback_ask(w->port, method, target, TOKEN_HEADER, body);
    json_error_t why;
    json_t *document = json_loads(answer.body, 0, &why);

    if (answer.status != status || !document)
        fail_msg("%s %s: %d\n%s", method, target, answer.status, answer.body);
    loopback_answer_release(&answer);
    return document;
}

static json_t *
events(struct world *w, const char *after, const char *more)
{
    char *target = mem_printf("/v1/events?after=%s%s", after, more);
    json_t *document = call(w, "GET", target, NULL, 200);

    free(target);
    return document;
}

static int64_t
health(struct world *w, const char *name)
{
    json_t *document = call(w, "GET", "/v1/health", NULL, 200);
    int64_t value = json_integer_value(json_object_get(document, name));

    assert_true(json_is_integer(json_object_get(document, name)));
    json_decref(document);
    return value;
}

static void
hooks__are_kept_exactly_as_they_came(void **state)
{
    static const struct {
        const char *target, *body, *kind, *provider_id;
    } posts[] = {
        {"/hooks/twilio/sms", "MessageSid=SM1&Body=caf%C3%A9+%26+%F0%9F%98%80&From=%2B1310",
         "twilio_sms", "SM1"},
        {"/hooks/twilio/status?att=e9595b46&c=4%2F2", "SmsSid=SM2&MessageStatus=sent",
         "twilio_status", "SM2"},
        {"/hooks/twilio/sms", "MessageSid=SM1&Body=caf%C3%A9+%26+%F0%9F%98%80&From=%2B1310",
         "twilio_sms", "SM1"}, /* a repeat is kept too */
        {"/hooks/twilio/sms", "Body=no+id", "twilio_sms", ""},
        {"/hooks/twilio/status", "", "twilio_status", ""},
    };
    struct world *w = *state;
    json_t *answer;
    json_t *event;
    size_t i;

    for (i = 0; i < ARRAY_LEN(posts); i++)
        assert_int_equal(post_hook(w, "twilio-secret", posts[i].target, posts[i].body), 200);
    answer = events(w, "", "");
    assert_int_equal(json_array_size(json_object_get(answer, "events")), ARRAY_LEN(posts));
    assert_false(json_boolean_value(json_object_get(answer, "more")));
    json_array_foreach(json_object_get(answer, "events"), i, event)
    {
        char *url = mem_printf("%s%s", PUBLIC_URL, posts[i].target);
        const char *body = json_string_value(json_object_get(event, "body"));
        const char *received_at = json_string_value(json_object_get(event, "received_at"));
        int64_t at = 0;

        assert_int_equal(json_integer_value(json_object_get(event, "seq")), i + 1);
        assert_string_equal(body, posts[i].body);
        assert_string_equal(json_string_value(json_object_get(event, "url")), url);
        assert_string_equal(json_string_value(json_object_get(event, "kind")), posts[i].kind);
        assert_string_equal(json_string_value(json_object_get(event, "provider_id")),
                            posts[i].provider_id);
        assert_true(twilio_signature_verify(
            "twilio-secret", url, "application/x-www-form-urlencoded", body, strlen(body),
            json_string_value(json_object_get(event, "signature"))));
        assert_true(utime_parse_rfc3339(received_at, strlen(received_at), &at));
        assert_true(llabs(at - utime_now_s()) < 60);
        assert_int_equal(received_at[strlen(received_at) - 1], 'Z');
        free(url);
    }
    json_decref(answer);
    assert_int_equal(health(w, "stored"), ARRAY_LEN(posts));
    assert_int_equal(health(w, "last_seq"), ARRAY_LEN(posts));
}

static void
hooks__that_are_wrong_are_refused_and_not_kept(void **state)
{
    static const char good[] = "MessageSid=SM1&Body=hi";
    struct world *w = *state;
    char *headers = signed_headers("twilio-secret", "/hooks/twilio/sms", good);
    char *big = mem_alloc(66000);
    static const struct {
        const char *type, *body;
        int status;
    } cases[] = {
        {FORM_TYPE, "a=1", 403}, /* no signature */
        {FORM_TYPE "X-Twilio-Signature: \r\n", "a=1", 403},
        {FORM_TYPE "X-Twilio-Signature: LN8mwQvH+8/n8fQ7cxk3UNEOvfI=\r\n", "a=1", 403},
        {FORM_TYPE, "a=%", 400},
        {FORM_TYPE, "a=%zz", 400},
        {FORM_TYPE, "a=%00", 400},
        {FORM_TYPE, "a=\xFF", 400},
        {FORM_TYPE, "a=\xC3%A9", 400}, /* decoded it is text, as it came it is not */
        {"", "a=1", 415},
        {"Content-Type: text/plain\r\n", "a=1", 415},
        {"Content-Type: application/json\r\n", "{}", 415},
        {"Content-Type: application/x-www-form-urlencodedd\r\n", "a=1", 415},
        {"Content-Type: multipart/form-data; boundary=x\r\n", "--x--", 415},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int status = status_of(w, "POST", "/hooks/twilio/sms", cases[i].type, cases[i].body);

        if (status != cases[i].status)
            fail_msg("case %zu: %d instead of %d", i, status, cases[i].status);
    }
    assert_int_equal(post_hook(w, "another-secret", "/hooks/twilio/sms", good), 403);
    assert_int_equal(status_of(w, "POST", "/hooks/twilio/status", headers, good), 403);
    assert_int_equal(status_of(w, "POST", "/hooks/twilio/sms?x=1", headers, good), 403);
    assert_int_equal(status_of(w, "POST", "/hooks/twilio/sms", headers, "MessageSid=SM1&Body=ho"),
                     403);
    memset(big, 'a', 65999);
    assert_int_equal(status_of(w, "POST", "/hooks/twilio/sms", headers, big), 413);
    assert_int_equal(health(w, "last_seq"), 0);
    assert_int_equal(health(w, "forged"), 7);
    assert_int_equal(status_of(w, "POST", "/hooks/twilio/sms", headers, good), 200);
    free(big);
    free(headers);
}

static void
paths__and_methods_that_are_wrong_are_told_apart(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *method, *target;
        int status;
    } cases[] = {
        {"GET", "/hooks/twilio/sms", 405},
        {"PUT", "/hooks/twilio/status", 405},
        {"POST", "/v1/events", 405},
        {"GET", "/v1/ack", 405},
        {"DELETE", "/metrics", 405},
        {"GET", "/", 404},
        {"GET", "/hooks", 404},
        {"POST", "/hooks/twilio/sms/", 404},
        {"POST", "/hooks/twilio/sms2", 404},
        {"GET", "/v1/events/../health", 404},
        {"POST", "/hooks/twilio/%73ms", 404},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int status = status_of(w, cases[i].method, cases[i].target, TOKEN_HEADER, NULL);

        if (status != cases[i].status)
            fail_msg("%s %s: %d instead of %d", cases[i].method, cases[i].target, status,
                     cases[i].status);
    }
}

static void
api__wants_the_token(void **state)
{
    struct world *w = *state;
    static const char *const wrong[] = {
        "",
        "Authorization: Bearer\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Bearer console-secre\r\n",
        "Authorization: Bearer console-secret2\r\n",
        "Authorization: Bearer Console-secret\r\n",
        "Authorization: Basic console-secret\r\n",
        "Authorization: console-secret\r\n",
        "Authorization: Bearer twilio-secret\r\n",
    };
    struct loopback_answer open;

    assert_int_equal(status_of(w, "HEAD", "/v1/health", "", NULL), 200);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(status_of(w, "GET", "/v1/events", wrong[i], NULL), 401);
        assert_int_equal(status_of(w, "POST", "/v1/ack", wrong[i], "{}"), 401);
        assert_int_equal(status_of(w, "GET", "/v1/health", wrong[i], NULL), i ? 401 : 200);
    }
    open = loopback_ask(w->port, "GET", "/v1/health", "", NULL);
    assert_string_equal(open.body, "{\"ok\":true}");
    loopback_answer_release(&open);
    assert_int_equal(
        status_of(w, "GET", "/v1/events", "authorization: bearer console-secret\r\n", NULL), 200);
}

static void
events__come_in_pages_that_repeat(void **state)
{
    struct world *w = *state;
    char cursor[128] = "";
    int64_t expected = 1;

    for (int i = 0; i < 7; i++)
        assert_int_equal(post_hook(w, "twilio-secret", "/hooks/twilio/sms", "MessageSid=SM1"), 200);
    for (int page = 0; page < 4; page++) {
        for (int again = 0; again < 2; again++) {
            json_t *answer = events(w, cursor, "&limit=2");
            json_t *list = json_object_get(answer, "events");
            size_t count = page < 3 ? 2 : 1;

            assert_int_equal(json_array_size(list), count);
            assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "seq")),
                             expected);
            assert_int_equal(json_is_true(json_object_get(answer, "more")), page < 3);
            if (again) {
                (void)snprintf(cursor, sizeof cursor, "%s",
                               json_string_value(json_object_get(answer, "next")));
                expected += (int64_t)count;
            }
            json_decref(answer);
        }
    }
    json_t *empty = events(w, cursor, "");

    assert_int_equal(json_array_size(json_object_get(empty, "events")), 0);
    assert_string_equal(json_string_value(json_object_get(empty, "next")), cursor);
    json_decref(empty);
}

static void
events__refuse_what_they_cannot_mean(void **state)
{
    struct world *w = *state;
    static const char *const bad[] = {"limit=0", "limit=x",  "limit=-1",
                                      "wait=-1", "wait=1.5", "after=%"};
    static const char *const gone[] = {"x", "x:1", "00000000000000000000000000000000:0", ":"};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char *target = mem_printf("/v1/events?%s", bad[i]);

        json_decref(call(w, "GET", target, NULL, 400));
        free(target);
    }
    for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
        char *target = mem_printf("/v1/events?after=%s", gone[i]);
        json_t *answer = call(w, "GET", target, NULL, 410);
        json_t *again = events(w, json_string_value(json_object_get(answer, "oldest")), "");

        json_decref(again);
        json_decref(answer);
        free(target);
    }
    json_decref(events(w, "", "&limit=100000&wait=0"));
}

static void
ack__moves_the_mark(void **state)
{
    struct world *w = *state;
    static const char *const bad[] = {"", "{", "[]", "{}", "{\"cursor\":5}", "{\"cursor\":\"\"}"};
    json_t *page;
    char *body;

    assert_int_equal(post_hook(w, "twilio-secret", "/hooks/twilio/sms", "MessageSid=SM1"), 200);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        json_decref(call(w, "POST", "/v1/ack", bad[i], 400));
    json_decref(call(w, "POST", "/v1/ack", "{\"cursor\":\"x:1\"}", 410));
    assert_int_equal(health(w, "acked_seq"), 0);
    page = events(w, "", "");
    body = mem_printf("{\"cursor\":\"%s\"}", json_string_value(json_object_get(page, "next")));
    json_decref(call(w, "POST", "/v1/ack", body, 200));
    json_decref(call(w, "POST", "/v1/ack", body, 200));
    assert_int_equal(health(w, "acked_seq"), 1);
    assert_int_equal(health(w, "oldest_unacked_age_s"), 0);
    json_decref(page);
    page = events(w, "", ""); /* acknowledged is not deleted */
    assert_int_equal(json_array_size(json_object_get(page, "events")), 1);
    json_decref(page);
    free(body);
}

static void
long_poll__ends_with_the_first_event(void **state)
{
    struct world *w = *state;
    int64_t began = utime_mono_ms();
    int waiting[3];

    for (size_t i = 0; i < ARRAY_LEN(waiting); i++) {
        waiting[i] =
            loopback_start(w->port, "GET", "/v1/events?after=&wait=25", TOKEN_HEADER, NULL);
        assert_true(waiting[i] >= 0);
    }
    assert_int_equal(post_hook(w, "twilio-secret", "/hooks/twilio/sms", "MessageSid=SM77"), 200);
    for (size_t i = 0; i < ARRAY_LEN(waiting); i++) {
        struct loopback_answer answer = loopback_hear_answer(waiting[i]);

        assert_int_equal(answer.status, 200);
        assert_non_null(strstr(answer.body, "SM77"));
        loopback_answer_release(&answer);
    }
    assert_true(utime_mono_ms() - began < 15000);
}

static void
long_poll__ends_empty_when_its_time_is_over(void **state)
{
    struct world *w = *state;
    int64_t began = utime_mono_ms();
    json_t *answer = events(w, "", "&wait=1");
    int64_t took = utime_mono_ms() - began;

    assert_int_equal(json_array_size(json_object_get(answer, "events")), 0);
    assert_true(took >= 990 && took < 15000);
    json_decref(answer);
}

static void
stop__ends_long_polls_and_keeps_everything(void **state)
{
    struct world *w = *state;
    int fd = loopback_start(w->port, "GET", "/v1/events?wait=25", TOKEN_HEADER, NULL);
    struct loopback_answer answer;
    json_t *page;

    /* A round trip later the server has the long poll too: it reads in order of arrival. */
    assert_int_equal(health(w, "last_seq"), 0);
    relay_stop(w->relay);
    answer = loopback_hear_answer(fd);
    assert_int_equal(answer.status, 200);
    loopback_answer_release(&answer);
    run(w);
    assert_int_equal(post_hook(w, "twilio-secret", "/hooks/twilio/sms", "MessageSid=SM5"), 200);
    relay_stop(w->relay);
    run(w);
    page = events(w, "", "");
    assert_int_equal(json_array_size(json_object_get(page, "events")), 1);
    json_decref(page);
}

struct burst {
    struct world *w;
    int number, accepted;
};

static void *
post_burst(void *arg)
{
    struct burst *b = arg;

    for (int i = 0; i < 40; i++) {
        char *body = mem_printf("MessageSid=SM%d-%d", b->number, i);

        b->accepted += post_hook(b->w, "twilio-secret", "/hooks/twilio/status?att=1", body) == 200;
        free(body);
    }
    return NULL;
}

static void
hooks__from_many_threads_share_commits(void **state)
{
    enum { THREADS = 8 };
    struct world *w = *state;
    struct burst bursts[THREADS];
    pthread_t threads[THREADS];
    struct loopback_answer metrics;

    for (int i = 0; i < THREADS; i++) {
        bursts[i] = (struct burst){.w = w, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, post_burst, &bursts[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(bursts[i].accepted, 40);
    }
    assert_int_equal(health(w, "last_seq"), THREADS * 40);
    metrics = loopback_ask(w->port, "GET", "/metrics", "", NULL);
    assert_int_equal(metrics.status, 200);
    assert_non_null(strstr(metrics.body, "canvass_relay_stored_total 320\n"));
    assert_non_null(strstr(metrics.body, "canvass_relay_up 1\n"));
    loopback_answer_release(&metrics);
}

static void
answers__stay_below_their_size(void **state)
{
    struct world *w = *state;
    char *body = mem_alloc(60001);
    char cursor[128] = "";
    size_t seen = 0;
    bool more = true;

    memset(body, 'x', 60000);
    memcpy(body, "Body=", 5);
    for (int i = 0; i < 60; i++)
        assert_int_equal(post_hook(w, "twilio-secret", "/hooks/twilio/sms", body), 200);
    while (more) {
        json_t *page = events(w, cursor, "&limit=500");
        size_t count = json_array_size(json_object_get(page, "events"));

        assert_true(count > 0 && count < 40);
        seen += count;
        more = json_is_true(json_object_get(page, "more"));
        (void)snprintf(cursor, sizeof cursor, "%s",
                       json_string_value(json_object_get(page, "next")));
        json_decref(page);
    }
    assert_int_equal(seen, 60);
    free(body);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hooks__are_kept_exactly_as_they_came, start, stop),
        cmocka_unit_test_setup_teardown(hooks__that_are_wrong_are_refused_and_not_kept, start,
                                        stop),
        cmocka_unit_test_setup_teardown(paths__and_methods_that_are_wrong_are_told_apart, start,
                                        stop),
        cmocka_unit_test_setup_teardown(api__wants_the_token, start, stop),
        cmocka_unit_test_setup_teardown(events__come_in_pages_that_repeat, start, stop),
        cmocka_unit_test_setup_teardown(events__refuse_what_they_cannot_mean, start, stop),
        cmocka_unit_test_setup_teardown(ack__moves_the_mark, start, stop),
        cmocka_unit_test_setup_teardown(long_poll__ends_with_the_first_event, start, stop),
        cmocka_unit_test_setup_teardown(long_poll__ends_empty_when_its_time_is_over, start, stop),
        cmocka_unit_test_setup_teardown(stop__ends_long_polls_and_keeps_everything, start, stop),
        cmocka_unit_test_setup_teardown(hooks__from_many_threads_share_commits, start, stop),
        cmocka_unit_test_setup_teardown(answers__stay_below_their_size, start, stop),
    };

    return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
