/* The messages API: what it takes, what it refuses and with which code, lists, faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/fixture.h"

static struct sim *shared;

static int
start_shared(void **state)
{
    struct sim_options options = plain_options();

    (void)state;
    shared = start(&options);
    return 0;
}

static int
stop_shared(void **state)
{
    (void)state;
    sim_stop(shared);
    return 0;
}

#define TO "To=%2B13105551234"
#define FROM "&From=%2B13105550100"
#define BODY "&Body=Hi"

static void
create__refuses_what_the_provider_refuses(void **state)
{
    static const struct {
        const char *form;
        int http, code;
    } cases[] = {
        {"From=%2B13105550100&Body=Hi", 400, 21604},
        {"To=&From=%2B13105550100&Body=Hi", 400, 21604},
        {"To=3105551234" FROM BODY, 400, 21211},
        {"To=%2B03105551234" FROM BODY, 400, 21211},
        {"To=%2B1310555" FROM BODY, 400, 21211},
        {"To=+13105551234" FROM BODY, 400, 21211}, /* a bare + is a blank in a form */
        {"To=%2B1310555123456789" FROM BODY, 400, 21211},
        {"To=%2B1310555123x" FROM BODY, 400, 21211},
        {TO BODY, 400, 21603},
        {TO "&From=canvass" BODY, 400, 21212},
        {TO "&From=%2B13105550199" BODY, 400, 21606},
        {TO "&MessagingServiceSid=MG00000000000000000000000000000000" BODY, 400, 21701},
        {"To=%2B13105550100" FROM BODY, 400, 21266},
        {TO FROM, 400, 21602},
        {TO FROM "&Body=", 400, 21602},
        {TO FROM "&Body=++", 400, 21602},
        {TO FROM BODY "&ValidityPeriod=0", 400, 20422},
        {TO FROM BODY "&ValidityPeriod=36001", 400, 20422},
        {TO FROM BODY "&ValidityPeriod=1h", 400, 20422},
        {TO FROM BODY "&SmartEncoded=yes", 400, 20422},
        {TO FROM BODY "&StatusCallback=%2Ftwilio%2Fstatus", 400, 21609},
        {TO FROM BODY "&StatusCallback=ftp%3A%2F%2Fa.example%2F", 400, 21609},
        {TO FROM BODY "&StatusCallback=https%3A%2F%2Fmy_host.example%2F", 400, 21609},
        {TO FROM BODY "&StatusCallback=https%3A%2F%2F", 400, 21609},
        {TO FROM BODY "&Campaign=7", 400, 20001},
        {TO FROM BODY "&to=%2B13105551234", 400, 20001},
        {TO FROM BODY "&Body=again", 400, 20001},
        {TO FROM "&Body=%FF", 400, 20422},
        {TO FROM "&Body=%zz", 400, 20422},
        {TO FROM BODY "&SendAt=2026-03-09T17%3A30%3A00Z", 400, 20001},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct response r = request(shared, MESSAGES, cases[i].form);

        if (r.status != cases[i].http || number_of(&r, "code") != cases[i].code)
            print_error("%s: %d %s\n", cases[i].form, r.status, buf_str(&r.body));
        assert_int_equal(r.status, cases[i].http);
        assert_int_equal(number_of(&r, "code"), cases[i].code);
        assert_int_equal(number_of(&r, "status"), cases[i].http);
        assert_non_null(strstr(text_of(&r, "more_info"), "https://"));
        response_release(&r);
    }
}

static void
create__knows_the_caller_and_the_account(void **state)
{
    static const struct {
        const char *path, *type, *user;
        int http, code;
    } cases[] = {
        {MESSAGES, NULL, "", 401, 20003},
        {MESSAGES, NULL, ACCOUNT ":wrong", 401, 20003},
        {MESSAGES, NULL, "AC00000000000000000000000000000000:" TOKEN, 401, 20003},
        {"/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json", NULL, NULL, 404,
         20404},
        {"/2010-04-01/Accounts/" ACCOUNT "/Calls.json", NULL, NULL, 404, 20404},
        {"/2010-04-01/Accounts/" ACCOUNT "/Messages", NULL, NULL, 404, 20404},
        {"/", NULL, NULL, 404, 20404},
        {MESSAGES, "application/json", NULL, 415, 20422},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct response r =
            request_as(shared, cases[i].path, TO FROM BODY, cases[i].type, cases[i].user);

        assert_int_equal(r.status, cases[i].http);
        assert_int_equal(number_of(&r, "code"), cases[i].code);
        response_release(&r);
    }
}

static void
create__answers_with_the_message(void **state)
{
    struct response r = send_text(shared, "+13105551001", "Olá \xF0\x9F\x98\x80", "");
    struct response again;
    char *path;

    (void)state;
    assert_int_equal(r.status, 201);
    assert_int_equal(strlen(text_of(&r, "sid")), 34);
    assert_string_equal(text_of(&r, "status"), "queued");
    assert_string_equal(text_of(&r, "to"), "+13105551001");
    assert_string_equal(text_of(&r, "from"), OURS);
    assert_string_equal(text_of(&r, "body"), "Olá \xF0\x9F\x98\x80");
    assert_string_equal(text_of(&r, "num_segments"), "1");
    assert_string_equal(text_of(&r, "direction"), "outbound-api");
    assert_string_equal(text_of(&r, "account_sid"), ACCOUNT);
    assert_true(json_is_null(json_object_get(r.json, "error_code")));
    assert_true(json_is_null(json_object_get(r.json, "date_sent")));
    assert_true(json_is_null(json_object_get(r.json, "messaging_service_sid")));
    assert_non_null(strstr(text_of(&r, "date_created"), " +0000"));
    path = mem_printf("/2010-04-01/Accounts/%s/Messages/%s.json", ACCOUNT, text_of(&r, "sid"));
    assert_string_equal(text_of(&r, "uri"), path);
    again = request(shared, path, NULL);
    assert_int_equal(again.status, 200);
    assert_string_equal(text_of(&again, "sid"), text_of(&r, "sid"));
    response_release(&again);
    again = request(shared, path, "Status=canceled");
    assert_int_equal(again.status, 405);
    response_release(&again);
    again = request(shared, "/2010-04-01/Accounts/" ACCOUNT "/Messages/SM00.json", NULL);
    assert_int_equal(number_of(&again, "code"), 20404);
    response_release(&again);
    response_release(&r);
    free(path);
}

static void
create__counts_characters_and_segments(void **state)
{
    char *most = mem_alloc(1602);
    struct response r;

    (void)state;
    memset(most, 'a', 1601);
    r = send_text(shared, "+13105551002", most, "");
    assert_int_equal(number_of(&r, "code"), 21617);
    response_release(&r);
    most[1600] = '\0';
    r = send_text(shared, "+13105551002", most, "");
    assert_int_equal(r.status, 201);
    assert_string_equal(text_of(&r, "num_segments"), "11");
    response_release(&r);
    free(most);
}

static void
create__through_a_service_decides_the_sender_later(void **state)
{
    const char *form = "To=%2B13105551003&MessagingServiceSid=" SERVICE "&Body=Hi";
    struct response r = request(shared, MESSAGES, form);
    char *sid;
    char *path;

    (void)state;
    assert_int_equal(r.status, 201);
    assert_string_equal(text_of(&r, "status"), "accepted");
    assert_true(json_is_null(json_object_get(r.json, "from")));
    assert_string_equal(text_of(&r, "num_segments"), "0");
    assert_string_equal(text_of(&r, "messaging_service_sid"), SERVICE);
    sid = mem_strdup(text_of(&r, "sid"));
    path = mem_printf("/2010-04-01/Accounts/%s/Messages/%s.json", ACCOUNT, sid);
    for (int64_t until = utime_mono_ms() + PATIENCE_MS;;) {
        response_release(&r);
        r = request(shared, path, NULL);
        if (strcmp(text_of(&r, "status"), "delivered") == 0 ||
            strcmp(text_of(&r, "status"), "sent") == 0)
            break;
        assert_true(utime_mono_ms() < until);
    }
    assert_non_null(strstr(text_of(&r, "from"), "+1310555010"));
    assert_string_equal(text_of(&r, "num_segments"), "1");
    assert_non_null(strstr(text_of(&r, "date_sent"), " +0000"));
    response_release(&r);
    free(sid);
    free(path);
}

/* The vendor's own client, as recorded: what it puts on the wire is understood. */
static void
requests_of_the_official_client_are_understood(void **state)
{
    json_t *file = json_load_file(TEST_FIXTURES "/vectors/requests.json", 0, NULL);
    static const char *const from[] = {"+13035553459"};
    struct sim_options options = plain_options();
    struct sim *sim;
    unsigned tried = 0;
    size_t i;
    json_t *row;

    (void)state;
    assert_non_null(file);
    options.from = from;
    options.from_count = 1;
    options.messaging_service = "MG0433c62d4988cb467378740155c24a15";
    sim = start(&options);
    json_array_foreach(json_object_get(file, "twilio"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        bool is_sms = strncmp(name, "sms ", 4) == 0;
        const char *path = json_string_value(json_object_get(row, "path_and_query"));
        json_t *auth = json_object_get(row, "basic_auth");
        char *user;
        struct response r;

        if (!is_sms && strncmp(name, "list messages", 13) != 0)
            continue;
        user = mem_printf("%s:%s", json_string_value(json_array_get(auth, 0)),
                          json_string_value(json_array_get(auth, 1)));
        r = request_as(sim, path, is_sms ? json_string_value(json_object_get(row, "body")) : NULL,
                       NULL, user);
        assert_int_equal(r.status, is_sms ? 201 : 200);
        response_release(&r);
        free(user);
        tried++;
    }
    assert_int_equal(tried, 3);
    sim_stop(sim);
    json_decref(file);
}

/* --- lists */

static size_t
list_length(const struct response *r)
{
    return json_array_size(json_object_get(r->json, "messages"));
}

static const char *
listed(const struct response *r, size_t i, const char *name)
{
    json_t *row = json_array_get(json_object_get(r->json, "messages"), i);
    const char *text = json_string_value(json_object_get(row, name));

    return text ? text : "(none)";
}

static void
list__is_newest_first_filtered_and_paged(void **state)
{
    struct response r;
    char *next;

    (void)state;
    for (int i = 0; i < 5; i++) {
        char *body = mem_printf("number %d", i);

        r = send_text(shared, "+13105552001", body, "");
        assert_int_equal(r.status, 201);
        response_release(&r);
        free(body);
    }
    r = request(shared, MESSAGES "?To=%2B13105552001&From=%2B13105550100&PageSize=2", NULL);
    assert_int_equal(r.status, 200);
    assert_int_equal(list_length(&r), 2);
    assert_string_equal(listed(&r, 0, "body"), "number 4");
    assert_string_equal(listed(&r, 1, "body"), "number 3");
    for (int page = 1; page < 3; page++) {
        next = mem_strdup(text_of(&r, "next_page_uri"));
        response_release(&r);
        r = request(shared, next, NULL);
        free(next);
        assert_int_equal(number_of(&r, "page"), page);
        assert_string_equal(listed(&r, 0, "body"), page == 1 ? "number 2" : "number 0");
    }
    assert_int_equal(list_length(&r), 1);
    assert_true(json_is_null(json_object_get(r.json, "next_page_uri")));
    response_release(&r);
    r = request(shared, MESSAGES "?To=%2B13105552001&From=%2B13105550101", NULL);
    assert_int_equal(list_length(&r), 0);
    response_release(&r);
    r = request(shared, MESSAGES "?To=%2B13105552001&PageSize=2&Page=2", NULL);
    assert_string_equal(listed(&r, 0, "body"), "number 0");
    response_release(&r);
}

static void
list__by_date_knows_days_and_instants(void **state)
{
    static const struct {
        const char *filter;
        int http;
        size_t length;
    } cases[] = {
        {"DateSent%3E=2020-01-01", 200, 1},
        {"DateSent%3E=2020-01-01T00%3A00%3A00Z", 200, 1},
        {"DateSent%3C=2020-01-01", 200, 0},
        {"DateSent=2020-01-01", 200, 0},
        {"DateSent%3E=2020-01-01&DateSent%3C=2090-01-01", 200, 1},
        {"DateSent%3E=2090-01-01", 200, 0},
        {"DateSent%3E=yesterday", 400, 0},
        {"DateSent%3E=2026-13-01", 400, 0},
        {"PageSize=0", 400, 0},
        {"PageSize=1001", 400, 0},
        {"Page=-1", 400, 0},
        {"Subject=x", 400, 0},
    };
    struct response r = send_text(shared, "+13105552002", "dated", "");
    int64_t until = utime_mono_ms() + PATIENCE_MS;

    (void)state;
    do { /* until it is sent: before that no date filter finds it */
        response_release(&r);
        r = request(shared, MESSAGES "?To=%2B13105552002", NULL);
        assert_int_equal(list_length(&r), 1);
        assert_true(utime_mono_ms() < until);
    } while (strcmp(listed(&r, 0, "date_sent"), "(none)") == 0);
    response_release(&r);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *path = mem_printf(MESSAGES "?To=%%2B13105552002&%s", cases[i].filter);

        r = request(shared, path, NULL);
        if (r.status != cases[i].http || list_length(&r) != cases[i].length)
            print_error("%s: %s\n", cases[i].filter, buf_str(&r.body));
        assert_int_equal(r.status, cases[i].http);
        assert_int_equal(list_length(&r), cases[i].length);
        response_release(&r);
        free(path);
    }
}

static void
list__lags_when_told_to(void **state)
{
    struct sim_options options = plain_options();
    struct sim *sim;
    struct response r;

    (void)state;
    options.list_lag_ms = 3600 * 1000;
    sim = start(&options);
    r = send_text(sim, "+13105552003", "unseen", "");
    assert_int_equal(r.status, 201);
    response_release(&r);
    r = request(sim, MESSAGES "?To=%2B13105552003", NULL);
    assert_int_equal(list_length(&r), 0);
    response_release(&r);
    r = ledger_of(sim);
    assert_int_equal(number_of(&r, "accepted"), 1);
    response_release(&r);
    sim_stop(sim);
}

static void
list__fails_at_times_when_told_to(void **state)
{
    struct sim_options options = plain_options();
    struct sim *sim;
    int failed = 0;

    (void)state;
    options.list_error = 0.5;
    sim = start(&options);
    for (int i = 0; i < 40; i++) {
        struct response r = request(sim, MESSAGES "?PageSize=1", NULL);

        assert_true(r.status == 200 || (r.status == 500 && number_of(&r, "code") == 20500));
        failed += r.status == 500;
        response_release(&r);
    }
    assert_in_range(failed, 5, 35);
    sim_stop(sim);
}

/* --- faults */

struct tally {
    int status[600]; /* by HTTP status; [0]: no answer */
    int html, hints;
};

static struct tally
send_many(const struct sim *sim, int count)
{
    struct tally out = {0};

    for (int i = 0; i < count; i++) {
        char *to = mem_printf("+1310556%04d", i);
        struct response r = send_text(sim, to, "Hi", "");

        assert_true(r.status < 600);
        out.status[r.status]++;
        out.html += strstr(buf_str(&r.body), "<html>") != NULL;
        out.hints += r.retry_after[0] != '\0';
        response_release(&r);
        free(to);
    }
    return out;
}

static void
check(const char *what, bool ok, const struct response *ledger)
{
    if (!ok)
        print_error("%s: %s\n", what, buf_str(&ledger->body));
    assert_true(ok);
}

static void
faults__do_what_they_say(void **state)
{
    static const struct {
        const char *name;
        size_t offset;
        int status;          /* of the spoiled answers */
        bool some, all_kept; /* of the spoiled ones: how many were accepted */
    } cases[] = {
        {"drop_before", offsetof(struct sim_options, drop_before), 0, false, false},
        {"lose_answer", offsetof(struct sim_options, lose_answer), 0, true, true},
        {"error_500", offsetof(struct sim_options, error_500), 500, true, false},
        {"html", offsetof(struct sim_options, html), 502, true, false},
        {"rate_429", offsetof(struct sim_options, rate_429), 429, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sim_options options = plain_options();
        struct sim *sim;
        struct tally t;
        struct response r;
        int hidden, spoiled, kept;

        *(double *)(void *)((char *)&options + cases[i].offset) = 0.5;
        sim = start(&options);
        t = send_many(sim, 60);
        r = ledger_of(sim);
        hidden = (int)json_array_size(json_object_get(r.json, "hidden"));
        spoiled = t.status[cases[i].status] + (cases[i].status == 502 ? t.html - t.status[502] : 0);
        kept = number_of(&r, "accepted") - (60 - spoiled);
        check(cases[i].name, spoiled > 12 && spoiled < 48, &r);
        check(cases[i].name, kept == hidden, &r);
        check(cases[i].name, (kept > 0) == cases[i].some && (kept == spoiled) == cases[i].all_kept,
              &r);
        check(cases[i].name, number_of(&r, "duplicate_count") == 0, &r);
        if (cases[i].status == 429)
            check("Retry-After", t.hints > 0 && t.hints < spoiled, &r);
        response_release(&r);
        sim_stop(sim);
    }
}

static void
faults__are_the_same_for_the_same_seed(void **state)
{
    struct tally first = {0};

    (void)state;
    for (int run = 0; run < 2; run++) {
        struct sim_options options = plain_options();
        struct sim *sim;
        struct tally t;

        options.seed = 7;
        options.error_500 = 0.2;
        options.drop_before = 0.2;
        options.fail_rate = 0.9;
        sim = start(&options);
        t = send_many(sim, 60);
        if (run == 0)
            first = t;
        else
            assert_memory_equal(&first, &t, sizeof t);
        assert_true(t.status[400] > 0 && t.status[201] > 0 && t.status[500] > 0);
        sim_stop(sim);
    }
}

static void
max_per_second__refuses_what_is_over(void **state)
{
    struct sim_options options = plain_options();
    struct sim *sim;
    struct tally t;
    int64_t begin;

    (void)state;
    options.max_per_second = 5;
    sim = start(&options);
    begin = utime_mono_ms();
    t = send_many(sim, 40);
    /* each second that was begun takes five */
    assert_true(t.status[201] <= 5 * (int)((utime_mono_ms() - begin) / 1000 + 2));
    assert_int_equal(t.status[201] + t.status[429], 40);
    assert_true(t.status[429] > 0);
    sim_stop(sim);
}

static void
latency__holds_answers_back(void **state)
{
    struct sim_options options = plain_options();
    struct sim *sim;
    struct response r;
    int64_t begin;

    (void)state;
    options.latency_ms = 150;
    sim = start(&options);
    begin = utime_mono_ms();
    r = send_text(sim, "+13105551234", "Hi", "");
    assert_int_equal(r.status, 201);
    assert_true(utime_mono_ms() - begin >= 145);
    response_release(&r);
    sim_stop(sim);
}

static void
options__that_are_wrong_or_leave_the_machine_are_refused(void **state)
{
    static const char *const bad_from[] = {"555"};
    struct sim_options good = plain_options();
    struct sim_options cases[10];
    struct error err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        cases[i] = good;
    cases[0].listen = "0.0.0.0:0";
    cases[1].listen = "192.168.1.4:8080";
    cases[2].account_sid = "AC12";
    cases[3].auth_token = "";
    cases[4].inbound_url = "https://hooks.example.com/twilio/sms";
    cases[5].webhooks_via = "http://10.0.0.1:80";
    cases[6].lose_answer = 1.5;
    cases[7].from = bad_from;
    cases[7].from_count = 1;
    cases[8].from_count = 0;
    cases[9].speed = -1;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        err = (struct error){0};
        assert_null(sim_start(&cases[i], &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_true(err.text[0] != '\0');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__refuses_what_the_provider_refuses),
        cmocka_unit_test(create__knows_the_caller_and_the_account),
        cmocka_unit_test(create__answers_with_the_message),
        cmocka_unit_test(create__counts_characters_and_segments),
        cmocka_unit_test(create__through_a_service_decides_the_sender_later),
        cmocka_unit_test(requests_of_the_official_client_are_understood),
        cmocka_unit_test(list__is_newest_first_filtered_and_paged),
        cmocka_unit_test(list__by_date_knows_days_and_instants),
        cmocka_unit_test(list__lags_when_told_to),
        cmocka_unit_test(list__fails_at_times_when_told_to),
        cmocka_unit_test(faults__do_what_they_say),
        cmocka_unit_test(faults__are_the_same_for_the_same_seed),
        cmocka_unit_test(max_per_second__refuses_what_is_over),
        cmocka_unit_test(latency__holds_answers_back),
        cmocka_unit_test(options__that_are_wrong_or_leave_the_machine_are_refused),
    };

    return cmocka_run_group_tests_name("sim api", tests, start_shared, stop_shared);
}
