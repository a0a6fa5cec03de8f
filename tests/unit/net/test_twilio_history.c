/* The provider's whole list, for a ledger that was put back: pages, filters, and bad input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "fake_server.h"
#include "net/open.h"

#define NOW_TEXT "Mon, 23 Nov 2026 09:00:00 +0000"
#define OLD_TEXT "Mon, 23 Nov 2026 08:00:00 +0000"
#define SINCE_S 1795424000 /* a few minutes before NOW_TEXT */
#define SID(n) "SM0" n "23456789abcdef0123456789abcdef"

struct world {
    struct fake_server *server;
    struct config config;
    struct net_port net;
    struct sms_sent rows[16];
    size_t count;
    bool ended, received;
    char error[256];
    char text[100]; /* of the last row to us */
};

static void
on_page(void *ctx, const struct sms_history_page *page)
{
    struct world *w = ctx;

    assert_false(w->ended);
    for (size_t i = 0; i < page->count; i++) {
        assert_true(w->count < ARRAY_LEN(w->rows));
        w->rows[w->count++] = page->rows[i];
        if (w->received)
            (void)snprintf(w->text, sizeof w->text, "%s: %s", page->rows[i].from,
                           page->rows[i].body);
    }
    w->ended = page->end;
    (void)text_copy(w->error, sizeof w->error, page->error);
}

static void
set(char **field, const char *value)
{
    free(*field);
    *field = mem_strdup(value);
}

/* Asks a server that answers so, and waits for the end of the list. */
static void
read_list(struct world *w, const struct fake_step *steps, size_t count)
{
    const struct net_handlers h = {.ctx = w, .history_page = on_page};
    int64_t until = utime_mono_ms() + 8000;
    struct error err = {0};
    char *url;

    w->server = fake_server_start(steps, count);
    url = mem_printf("http://127.0.0.1:%u", (unsigned)fake_server_port(w->server));
    config_init_defaults(&w->config);
    set(&w->config.sms.provider, "twilio");
    set(&w->config.sms.base_url, url);
    set(&w->config.sms.account_sid, "AC774dbebe8829da443da97d939050290a");
    set(&w->config.sms.auth_token, "c0ffee");
    set(&w->config.sms.from, "+13035553459");
    w->config.sms.timeout_seconds = 1;
    free(url);
    if (!net_open(&w->config, &w->net, &err))
        fail_msg("%s", err.text);
    w->net.set_handlers(w->net.ctx, &h);
    if (!(w->received ? w->net.sms_received : w->net.sms_history)(w->net.ctx, SINCE_S, &err))
        fail_msg("%s", err.text);
    assert_false(w->net.sms_history(w->net.ctx, SINCE_S, &err)); /* one at a time */
    while (!w->ended && utime_mono_ms() < until)
        w->net.pump(w->net.ctx, 50);
    assert_true(w->ended);
}

static void
close_world(struct world *w)
{
    w->net.close(w->net.ctx);
    fake_server_stop(w->server);
    config_release(&w->config);
}

static char *
answer_of(const char *body)
{
    return mem_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
}

#define ROW(sid, to, direction, created)                                                           \
    "{\"sid\":\"" sid "\",\"status\":\"sent\",\"to\":\"" to "\",\"direction\":\"" direction        \
    "\",\"body\":null,\"date_created\":\"" created "\",\"error_code\":null}"
#define PAGE(rows, next) "{\"messages\":[" rows "],\"next_page_uri\":" next "}"

static void
what_was_sent_is_told_page_by_page(void **state)
{
    static const char *const pages[] = {
        PAGE(ROW(SID("1"), "+13105550101", "outbound-api",
                 NOW_TEXT) "," ROW(SID("2"), "+13035553459", "inbound", NOW_TEXT),
             "\"/2010/next?Page=1\""),
        PAGE(ROW(SID("3"), "+13105550103", "outbound-api", NOW_TEXT), "null"),
        /* without the day: a queued one, and a page of old ones that ends it */
        PAGE(ROW(SID("4"), "+13105550104", "outbound-api", NOW_TEXT), "\"/2010/old?Page=1\""),
        PAGE(ROW(SID("5"), "+13105550105", "outbound-api", OLD_TEXT), "\"/2010/older?Page=2\""),
    };
    struct fake_step steps[ARRAY_LEN(pages)];
    char *answers[ARRAY_LEN(pages)];
    struct world w = {0};
    char *request;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        answers[i] = answer_of(pages[i]);
        steps[i] = (struct fake_step){FAKE_ANSWER, answers[i]};
    }
    read_list(&w, steps, ARRAY_LEN(steps));
    assert_string_equal(w.error, "");
    assert_int_equal(w.count, 3);
    assert_string_equal(w.rows[0].provider_id, SID("1"));
    assert_string_equal(w.rows[0].to, "+13105550101");
    assert_string_equal(w.rows[0].status, "sent");
    assert_int_equal(w.rows[0].at_s, 1795424400);
    assert_string_equal(w.rows[2].to, "+13105550104");
    assert_int_equal(fake_server_count(w.server), ARRAY_LEN(pages));
    request = fake_server_request(w.server, 0);
    assert_non_null(strstr(request, "?PageSize=100&From=%2B13035553459&DateSent%3E=2026-11-22 "));
    assert_null(strstr(request, "To="));
    free(request);
    request = fake_server_request(w.server, 2);
    assert_null(strstr(request, "DateSent"));
    free(request);
    close_world(&w);
    for (size_t i = 0; i < ARRAY_LEN(pages); i++)
        free(answers[i]);
}

static void
what_was_received_is_told_with_its_text(void **state)
{
#define TEXT(sid, body, direction)                                                                 \
    "{\"sid\":\"" sid                                                                              \
    "\",\"status\":\"received\",\"to\":\"+13035553459\",\"from\":\"+13105550109\","                \
    "\"direction\":\"" direction "\",\"body\":" body ",\"date_created\":\"" NOW_TEXT "\"}"
    char *answer = answer_of(
        PAGE(TEXT(SID("1"), "\"Stop\"", "inbound") "," TEXT(SID("2"), "\"Hi\"", "outbound-api"),
             "null"));
    char *hidden = answer_of(PAGE(TEXT(SID("3"), "null", "inbound"), "null"));
    const struct fake_step steps[] = {{FAKE_ANSWER, answer}, {FAKE_ANSWER, hidden}};
    struct world w = {.received = true};
    char *request;

    (void)state;
    read_list(&w, steps, 2);
    assert_int_equal(w.count, 1);
    assert_string_equal(w.rows[0].provider_id, SID("1"));
    assert_string_equal(w.text, "+13105550109: Stop");
    assert_non_null(strstr(w.error, "hides"));
    request = fake_server_request(w.server, 0);
    assert_non_null(strstr(request, "?PageSize=100&To=%2B13035553459&DateSent%3E=2026-11-22 "));
    free(request);
    close_world(&w);
    free(answer);
    free(hidden);
}

static void
a_list_that_cannot_be_read_says_so(void **state)
{
    static const char *const pages[] = {
        "<html>",
        "{}",
        "{\"messages\":7}",
        PAGE("7", "null"),
        PAGE("{\"sid\":\"" SID("1") "\"}", "null"),
        PAGE(ROW(SID("1"), "+13105550101", "outbound-api", "yesterday"), "null"),
        PAGE(ROW("", "+13105550101", "outbound-api", NOW_TEXT), "null"),
        PAGE(ROW(SID("1"), "+1310555010199999999999999999", "outbound-api", NOW_TEXT), "null"),
        PAGE("", "\"//elsewhere.example/x\""),
        PAGE("", "\"https://elsewhere.example/x\""),
        PAGE("", "5"),
    };

    (void)state;
    for (size_t i = 0; i <= ARRAY_LEN(pages); i++) {
        bool answered = i < ARRAY_LEN(pages);
        char *answer = answered ? answer_of(pages[i]) : NULL;
        struct fake_step step = {answered ? FAKE_ANSWER : FAKE_CLOSE, answer};
        struct world w = {0};

        read_list(&w, &step, 1);
        if (w.error[0] == '\0')
            fail_msg("page %zu was taken for an answer", i);
        assert_int_equal(w.count, 0);
        close_world(&w);
        free(answer);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sent_is_told_page_by_page),
        cmocka_unit_test(what_was_received_is_told_with_its_text),
        cmocka_unit_test(a_list_that_cannot_be_read_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
