/* The account that the console is held to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/cc.h"
#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "sim/ledger.h"
#include "temp_folder.h"

#define OURS "+13105550100"

static struct ledger *
open_ledger(const char *path)
{
    struct error err;
    struct ledger *ledger = ledger_open(path, &err);

    assert_non_null(ledger);
    return ledger;
}

static const struct sim_message *
accept_text(struct ledger *ledger, const char *to, const char *body, const char *att)
{
    char *copies[] = {mem_strdup(to), mem_strdup(OURS), mem_strdup(body), mem_strdup(att)};
    struct sim_message draft = {
        .to = copies[0],
        .from = copies[1],
        .body = copies[2],
        .att = copies[3],
        .created_ms = utime_now_ms(),
        .steps = {{.status = SIM_QUEUED}},
        .step_count = 1,
    };
    const struct sim_message *message = ledger_accept(ledger, &draft);

    for (size_t i = 0; i < ARRAY_LEN(copies); i++)
        free(copies[i]);
    return message;
}

static json_int_t
count_of(json_t *summary, const char *name)
{
    json_t *value = json_object_get(summary, name);

    return json_is_array(value) ? (json_int_t)json_array_size(value) : json_integer_value(value);
}

static void
duplicates__are_the_same_text_to_the_same_number(void **state)
{
    struct ledger *ledger = open_ledger(NULL);
    json_t *summary, *twin;

    (void)state;
    (void)accept_text(ledger, "+13105551001", "Hi", "1");
    (void)accept_text(ledger, "+13105551002", "Hi", "2");
    (void)accept_text(ledger, "+13105551001", "Hi again", "3");
    summary = ledger_summary(ledger, false);
    assert_int_equal(count_of(summary, "accepted"), 3);
    assert_int_equal(count_of(summary, "duplicates"), 0);
    json_decref(summary);
    (void)accept_text(ledger, "+13105551001", "Hi", "4");
    (void)accept_text(ledger, "+13105551001", "Hi", NULL);
    summary = ledger_summary(ledger, false);
    assert_int_equal(count_of(summary, "duplicates"), 1);
    assert_int_equal(count_of(summary, "duplicate_count"), 1);
    twin = json_array_get(json_object_get(summary, "duplicates"), 0);
    assert_string_equal(json_string_value(json_object_get(twin, "to")), "+13105551001");
    assert_int_equal(json_integer_value(json_object_get(twin, "count")), 3);
    assert_int_equal(json_array_size(json_object_get(twin, "sids")), 3);
    assert_string_equal(json_string_value(json_array_get(json_object_get(twin, "atts"), 1)), "4");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(summary, "per_to"), "+13105551001")), 4);
    json_decref(summary);
    summary = ledger_summary(ledger, true);
    assert_null(json_object_get(summary, "per_to"));
    json_decref(summary);
    ledger_close(ledger);
}

static void
after_opt_out__begins_when_the_webhook_was_answered(void **state)
{
    static const char who[] = "+13105551001";
    struct ledger *ledger = open_ledger(NULL);
    const struct sim_message *stop;
    json_t *summary;

    (void)state;
    stop = ledger_inbound(ledger, who, OURS, "please take me off your list", true);
    (void)accept_text(ledger, who, "not known yet", NULL);
    ledger_note_webhook(ledger, stop, NULL, 503); /* refused: the console cannot know */
    ledger_note_webhook(ledger, stop, NULL, 0);
    (void)accept_text(ledger, who, "still not", NULL);
    summary = ledger_summary(ledger, false);
    assert_int_equal(count_of(summary, "after_opt_out"), 0);
    assert_int_equal(count_of(summary, "opted_out"), 0);
    json_decref(summary);
    ledger_note_webhook(ledger, stop, NULL, 200);
    (void)accept_text(ledger, who, "now it is wrong", NULL);
    (void)accept_text(ledger, "+13105551002", "another person", NULL);
    ledger_note_refused_opt_out(ledger, who, "refused, still wrong");
    summary = ledger_summary(ledger, false);
    assert_int_equal(count_of(summary, "after_opt_out"), 2);
    assert_int_equal(count_of(summary, "opted_out"), 1);
    assert_int_equal(count_of(summary, "inbound_answered"), 1);
    json_decref(summary);
    /* plain words do not stop the network; START makes good */
    assert_false(ledger_note_request(ledger, who, OURS, false).opted_out);
    stop = ledger_inbound(ledger, who, OURS, "start", false);
    ledger_note_webhook(ledger, stop, NULL, 200);
    (void)accept_text(ledger, who, "welcome back", NULL);
    summary = ledger_summary(ledger, false);
    assert_int_equal(count_of(summary, "after_opt_out"), 2);
    assert_int_equal(count_of(summary, "opted_out"), 0);
    json_decref(summary);
    ledger_close(ledger);
}

static void
keywords__stop_the_network_for_that_sender(void **state)
{
    static const char who[] = "+13105551001";
    struct ledger *ledger = open_ledger(NULL);

    (void)state;
    (void)ledger_inbound(ledger, who, OURS, " stop\n", true);
    assert_true(ledger_note_request(ledger, who, OURS, false).opted_out);
    assert_false(ledger_note_request(ledger, who, "+13105550101", false).opted_out);
    assert_true(ledger_note_request(ledger, who, NULL, true).opted_out); /* the whole service */
    assert_false(ledger_note_request(ledger, "+13105551002", OURS, false).opted_out);
    (void)ledger_inbound(ledger, who, OURS, "Yes", false); /* a START word for who is out */
    assert_false(ledger_note_request(ledger, who, OURS, false).opted_out);
    assert_int_equal(ledger_note_request(ledger, who, OURS, false).request, 4);
    ledger_close(ledger);
}

static void
lists__are_newest_first_by_either_end(void **state)
{
    struct ledger *ledger = open_ledger(NULL);
    const struct sim_message *m;

    (void)state;
    for (int i = 0; i < 3000; i++) { /* more than the tables begin with */
        char to[16];

        assert_int_equal(snprintf(to, sizeof to, "+1310555%04d", i % 1500), 12);
        m = accept_text(ledger, to, i < 1500 ? "first" : "second", NULL);
        assert_ptr_equal(ledger_find(ledger, m->sid), m);
    }
    (void)ledger_inbound(ledger, "+13105550007", OURS, "hello", false);
    m = ledger_first(ledger, "+13105550007", NULL);
    assert_string_equal(m->body, "second");
    m = ledger_next(ledger, m, "+13105550007", NULL);
    assert_string_equal(m->body, "first");
    assert_null(ledger_next(ledger, m, "+13105550007", NULL));
    assert_null(ledger_first(ledger, "+13105550007", "+13105550101"));
    m = ledger_first(ledger, OURS, "");
    assert_true(m->inbound);
    assert_ptr_equal(ledger_first(ledger, "", "+13105550007"), m);
    assert_ptr_equal(ledger_first(ledger, NULL, NULL), m);
    assert_null(ledger_find(ledger, "SM00"));
    assert_null(ledger_first(ledger, "+19995550000", NULL));
    ledger_close(ledger);
}

static void
file__has_a_whole_json_line_for_each_event(void **state)
{
    char dir[TEMP_FOLDER_PATH];
    const struct sim_step delivered = {.status = SIM_DELIVERED};
    const struct sim_step failed = {.status = SIM_FAILED, .error_code = 30008};
    static const char *const events[] = {"accepted", "callback", "callback", "inbound",
                                         "inbound_posted"};
    const struct sim_message *m;
    struct ledger *ledger;
    struct buf text = {0};
    struct error err;
    char *path, *rest;
    size_t n = 0;

    (void)state;
    temp_folder_make(dir);
    path = path_join(dir, "ledger");
    ledger = open_ledger(path);
    m = accept_text(ledger, "+13105551001", "line\nbreak \"quoted\"", "77");
    ledger_note_webhook(ledger, m, &delivered, 200);
    ledger_note_webhook(ledger, m, &failed, 0);
    m = ledger_inbound(ledger, "+13105551001", OURS, "ok \xF0\x9F\x91\x8D", false);
    ledger_note_webhook(ledger, m, NULL, 204);
    ledger_close(ledger);
    ledger = open_ledger(path); /* appends, never cuts */
    ledger_close(ledger);
    assert_true(file_read(path, 65536, &text, &err));
    rest = text.data;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && rest;) {
        json_t *row = json_loads(line, 0, NULL);

        assert_non_null(row);
        assert_string_equal(json_string_value(json_object_get(row, "event")), events[n]);
        assert_non_null(strchr(json_string_value(json_object_get(row, "at")), 'T'));
        if (n == 0) {
            assert_string_equal(json_string_value(json_object_get(row, "att")), "77");
            assert_string_equal(json_string_value(json_object_get(row, "body")),
                                "line\nbreak \"quoted\"");
        }
        if (n == 2)
            assert_int_equal(json_integer_value(json_object_get(row, "code")), 30008);
        json_decref(row);
        n++;
    }
    assert_int_equal(n, ARRAY_LEN(events));
    buf_release(&text);
    temp_folder_remove(dir);
    assert_null(ledger_open(path, &err)); /* the folder is gone */
    free(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duplicates__are_the_same_text_to_the_same_number),
        cmocka_unit_test(after_opt_out__begins_when_the_webhook_was_answered),
        cmocka_unit_test(keywords__stop_the_network_for_that_sender),
        cmocka_unit_test(lists__are_newest_first_by_either_end),
        cmocka_unit_test(file__has_a_whole_json_line_for_each_event),
    };

    return cmocka_run_group_tests_name("sim ledger", tests, NULL, NULL);
}
