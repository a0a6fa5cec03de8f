/* The HTTP server over real sockets on the loopback. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/mailbox.h"
#include "core/base/mem.h"
#include "loopback.h"
#include "serve/http_server.h"

enum { MAX_BODY = 1000 };

/* Answers by path: /echo at once, /later from the worker thread, /never by nobody, /drop, /empty.
 */
struct world {
    struct http_server *server;
    struct mailbox *later;
    struct mailbox *never;
    pthread_t worker;
};

static void
echo(struct http_exchange *x)
{
    const struct http_reply_header extra = {"X-Extra", "yes"};
    struct buf out = {0};
    size_t len;
    const char *body = http_body(x, &len);
    const char *header = http_header(x, "x-tEsT");
    char peer[IP_TEXT_SIZE];

    ip_format(http_peer(x), peer);
    buf_printf(&out, "%s %s ?%s [%s] %s %zu:", http_method(x), http_path(x), http_query(x),
               header ? header : "-", peer, len);
    buf_add(&out, body, len);
    http_reply(x, 200, "application/octet-stream", out.data, out.len, &extra, 1);
    buf_release(&out);
}

static void
handle(void *ctx, struct http_exchange *x)
{
    struct world *w = ctx;

    if (strcmp(http_path(x), "/later") == 0)
        mailbox_post(w->later, x);
    else if (strcmp(http_path(x), "/never") == 0)
        mailbox_post(w->never, x);
    else if (strcmp(http_path(x), "/drop") == 0)
        http_drop(x);
    else if (strcmp(http_path(x), "/empty") == 0)
        http_reply(x, 204, NULL, NULL, 0, NULL, 0);
    else
        echo(x);
}

static void *
work(void *arg)
{
    struct world *w = arg;

    for (struct http_exchange *x; (x = mailbox_wait(w->later)) != NULL;)
        echo(x);
    return NULL;
}

static int
start(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    struct error err = {0};
    const struct http_server_options options = {
        .listen = "127.0.0.1:0",
        .max_body_bytes = MAX_BODY,
        .handle = handle,
        .ctx = w,
    };

    w->later = mailbox_new(NULL, &err);
    w->never = mailbox_new(NULL, &err);
    w->server = http_server_start(&options, &err);
    if (!w->server || pthread_create(&w->worker, NULL, work, w) != 0) {
        print_error("%s\n", err.text);
        return -1;
    }
    *state = w;
    return 0;
}

static int
stop(void **state)
{
    struct world *w = *state;

    http_server_stop(w->server);
    mailbox_close(w->later);
    pthread_join(w->worker, NULL);
    /* Answers that come after the server has gone go nowhere, and harm nothing. */
    for (struct http_exchange *x; (x = mailbox_take(w->never)) != NULL;)
        echo(x);
    mailbox_free(w->later);
    mailbox_free(w->never);
    free(w);
    return 0;
}

static char *
ask(struct world *w, const char *request)
{
    int fd = loopback_dial(http_server_port(w->server));

    loopback_say(fd, request, strlen(request));
    return loopback_hear(fd);
}

static void
expect(struct world *w, const char *request, const char *status, const char *body)
{
    char *answer = ask(w, request);

    if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, strlen(status)) != 0 ||
        (body && !strstr(answer, body)))
        fail_msg("expected %s \"%s\", got:\n%s", status, body ? body : "", answer);
    free(answer);
}

static void
request__arrives_whole_and_untouched(void **state)
{
    expect(*state,
           "POST /a%2Fb%20c?x=%2B&y=a+b HTTP/1.1\r\nHost: h\r\nX-Test: one\r\nConnection: close\r\n"
           "Content-Length: 5\r\n\r\na\r\nbc",
           "200", "\r\n\r\nPOST /a%2Fb%20c ?x=%2B&y=a+b [one] 127.0.0.1 5:a\r\nbc");
    expect(*state, "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200",
           "GET /x ? [-] 127.0.0.1 0:");
    expect(*state, "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200",
           "X-Extra: yes\r\n");
    expect(*state,
           "POST /chunked HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
           "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
           "200", "5:abcde");
    expect(*state, "GET /empty HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "204", NULL);
}

static void
answer__may_come_from_another_thread(void **state)
{
    for (int i = 0; i < 50; i++)
        expect(
            *state,
            "POST /later HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
            "200", "POST /later ? [-] 127.0.0.1 2:hi");
}

static void
connection__serves_one_request_after_another(void **state)
{
    char *answer = ask(*state, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                               "GET /later HTTP/1.1\r\nHost: h\r\n\r\n"
                               "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const char *first = strstr(answer, "GET /1");
    const char *second = first ? strstr(first, "GET /later") : NULL;

    assert_non_null(second);
    assert_non_null(strstr(second, "GET /3"));
    free(answer);
}

static void
drop__ends_without_an_answer(void **state)
{
    char *answer = ask(*state, "GET /drop HTTP/1.1\r\nHost: h\r\n\r\n");

    assert_string_equal(answer, "");
    free(answer);
}

static char *
post_of(size_t len, const char *extra)
{
    struct buf out = {0};

    buf_printf(
        &out, "POST /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n",
        extra, len);
    for (size_t i = 0; i < len; i++)
        buf_add_char(&out, 'x');
    return buf_take(&out);
}

static void
body__over_the_limit_is_413(void **state)
{
    static const size_t too_large[] = {MAX_BODY + 1, 70000, 900000};
    char *request = post_of(MAX_BODY, "");

    expect(*state, request, "200", "1000:xxx");
    free(request);
    for (size_t i = 0; i < ARRAY_LEN(too_large); i++) {
        request = post_of(too_large[i], "");
        expect(*state, request, "413", "too large");
        free(request);
    }
    expect(*state,
           "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n",
           "413", NULL);
    expect(*state, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000000\r\n\r\n", "413", NULL);
}

static void
chunks__over_the_limit_are_413(void **state)
{
    struct buf out = {0};

    buf_add_str(&out, "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 300; i++)
        buf_add_str(&out, "8\r\n12345678\r\n");
    buf_add_str(&out, "0\r\n\r\n");
    expect(*state, out.data, "413", NULL);
    buf_release(&out);
}

static void
headers__over_the_limit_are_refused(void **state)
{
    struct buf out = {0};
    char *answer;

    buf_add_str(&out, "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Long: ");
    for (int i = 0; i < 40000; i++)
        buf_add_char(&out, 'y');
    buf_add_str(&out, "\r\n\r\n");
    answer = ask(*state, out.data);
    assert_null(strstr(answer, "GET /x"));
    assert_null(strstr(answer, " 200 "));
    free(answer);
    buf_release(&out);
}

static void
nonsense__is_not_handed_over(void **state)
{
    static const char *const lines[] = {
        "\r\n\r\n\r\n\r\nhello\r\n\r\n",
        "GET\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: abc\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct world *w = *state;
        int fd = loopback_dial(http_server_port(w->server));
        char *answer;

        loopback_say(fd, lines[i], strlen(lines[i]));
        (void)shutdown(fd, SHUT_WR);
        answer = loopback_hear(fd);
        if (strstr(answer, " 200 "))
            fail_msg("nonsense %zu was answered:\n%s", i, answer);
        free(answer);
    }
    expect(*state, "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200", NULL);
}

static void
client__that_leaves_early_harms_nothing(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 20; i++) {
        static const char request[] = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
        static const char half[] = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nabc";
        int fd = loopback_dial(http_server_port(w->server));

        loopback_say(fd, i % 2 ? request : half, i % 2 ? sizeof request - 1 : sizeof half - 1);
        (void)close(fd);
    }
    expect(w, "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "200", NULL);
}

static void
stop__answers_what_waits_with_503(void **state)
{
    enum { WAITERS = 5 };
    struct world *w = *state;
    int fds[WAITERS];

    for (int i = 0; i < WAITERS; i++) {
        static const char request[] = "GET /never HTTP/1.1\r\nHost: h\r\n\r\n";

        fds[i] = loopback_dial(http_server_port(w->server));
        loopback_say(fds[i], request, sizeof request - 1);
    }
    while (mailbox_count(w->never) < WAITERS)
        (void)usleep(1000);
    assert_int_equal(stop(state), 0);
    for (int i = 0; i < WAITERS; i++) {
        char *answer = loopback_hear(fds[i]);

        assert_non_null(strstr(answer, "HTTP/1.1 503"));
        free(answer);
    }
}

static void
start__says_what_is_wrong_with_an_address(void **state)
{
    static const char *const bad[] = {"",         "8090",    "127.0.0.1",    "127.0.0.1:x",
                                      "::1:8090", "h:70000", "127.0.0.1:-1", "300.1.1.1.1:80"};
    struct world *w = *state;
    struct http_server_options options = {.handle = handle, .ctx = w};
    struct error err = {0};
    char taken[64];

    for (size_t i = 0; i < ARRAY_LEN(bad) - 1; i++) {
        options.listen = bad[i];
        assert_null(http_server_start(&options, &err));
        assert_int_equal(err.code, ERR_INVALID);
    }
    (void)snprintf(taken, sizeof taken, "127.0.0.1:%u", http_server_port(w->server));
    options.listen = taken;
    assert_null(http_server_start(&options, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.text, taken));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(request__arrives_whole_and_untouched, start, stop),
        cmocka_unit_test_setup_teardown(answer__may_come_from_another_thread, start, stop),
        cmocka_unit_test_setup_teardown(connection__serves_one_request_after_another, start, stop),
        cmocka_unit_test_setup_teardown(drop__ends_without_an_answer, start, stop),
        cmocka_unit_test_setup_teardown(body__over_the_limit_is_413, start, stop),
        cmocka_unit_test_setup_teardown(chunks__over_the_limit_are_413, start, stop),
        cmocka_unit_test_setup_teardown(headers__over_the_limit_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(nonsense__is_not_handed_over, start, stop),
        cmocka_unit_test_setup_teardown(client__that_leaves_early_harms_nothing, start, stop),
        cmocka_unit_test_setup(stop__answers_what_waits_with_503, start),
        cmocka_unit_test_setup_teardown(start__says_what_is_wrong_with_an_address, start, stop),
    };

    return cmocka_run_group_tests_name("serve http_server", tests, NULL, NULL);
}
