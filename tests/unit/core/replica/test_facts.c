/* The facts of a customer (semantics.md), through a full sync and through an incremental one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "sync_world.h"

#define NOW 1795424400 /* 2026-11-23T09:00:00Z */

struct fact_case {
    const char *what;
    const char *rows; /* into the main database; customer 1 is there */
    const char *fact; /* SQL of the replica; times are shown as UTC */
    const char *want;
};

#define APPT                                                                                       \
    "INSERT INTO appointments (id, customer_id, appointment_datetime, status, service_type, "      \
    "provider, booked_by, cancelled_at, updated_at) VALUES "
#define CONV                                                                                       \
    "INSERT INTO conversations (id, customer_id, channel, outcome, satisfaction_score, "           \
    "last_activity_at, metadata, updated_at) VALUES "
#define REQ                                                                                        \
    "INSERT INTO appointment_requests (id, customer_id, conversation_id, status, updated_at) "     \
    "VALUES "
#define T(column) "SELECT datetime(" column ", 'unixepoch') FROM replica.customer WHERE key = 1"
#define C(column) "SELECT " column " FROM replica.customer WHERE key = 1"
#define PAGE                                                                                       \
    "SELECT datetime(max(at), 'unixepoch') FROM replica.conversation_metadata "                    \
    "WHERE customer_id = 1 AND name = 'p'"
#define HELD                                                                                       \
    "SELECT group_concat(name, ',') FROM (SELECT name FROM replica.conversation_metadata "         \
    "WHERE customer_id = 1 ORDER BY name)"
#define U "'2026-11-23 08:00:00'"

/* clang-format off */
static const struct fact_case cases[] = {
    {"nothing", "", T("last_contact"), "NULL"},
    {"nothing", "", T("last_activity"), "NULL"},
    {"nothing", "", C("appointment_count + conversation_count"), "0"},
    {"greatest contact of every channel and status",
     CONV "('a',1,'sms',NULL,NULL,'2026-01-02 03:04:05',NULL," U "),('b',1,'voice',NULL,NULL,'2026-01-02 03:04:06',NULL," U ")",
     T("last_contact"), "2026-01-02 03:04:06"},
    {"a contact in the future counts", CONV "('a',1,'sms',NULL,NULL,'2030-01-01 00:00:00',NULL," U ")", T("last_contact"), "2030-01-01 00:00:00"},
    {"a fraction is cut off", CONV "('a',1,'sms',NULL,NULL,'2026-01-02 03:04:05.999999',NULL," U ")", T("last_contact"), "2026-01-02 03:04:05"},
    {"a fraction before 1970 too", CONV "('a',1,'sms',NULL,NULL,'1969-12-31 23:59:58.5',NULL," U ")", T("last_contact"), "1969-12-31 23:59:58"},
    {"an offset is taken off", CONV "('a',1,'sms',NULL,NULL,'2026-01-02T03:04:05+02:00',NULL," U ")", T("last_contact"), "2026-01-02 01:04:05"},
    {"a short offset too", CONV "('a',1,'sms',NULL,NULL,'2026-01-02 03:04:05.5-08',NULL," U ")", T("last_contact"), "2026-01-02 11:04:05"},
    {"an offset without colon too", CONV "('a',1,'sms',NULL,NULL,'2026-01-02 03:04:05+0130',NULL," U ")", T("last_contact"), "2026-01-02 01:34:05"},
    {"a number is no time", CONV "('a',1,'sms',NULL,NULL,1767322245,NULL," U ")", T("last_contact"), "NULL"},
    {"a bare date is no time", CONV "('a',1,'sms',NULL,NULL,'2026-01-02',NULL," U ")", T("last_contact"), "NULL"},
    {"a date that is not is no time", CONV "('a',1,'sms',NULL,NULL,'2026-02-30 00:00:00',NULL," U ")", T("last_contact"), "NULL"},
    {"no time counts in numbers", CONV "('a',1,'sms',NULL,9,NULL,NULL," U ")", C("conversation_count"), "1"},
    {"no time is never the last scored", CONV "('a',1,'sms',NULL,9,NULL,NULL," U "),('b',1,'sms',NULL,3,'2020-01-01 00:00:00',NULL," U ")", C("last_satisfaction"), "3.0"},
    {"no time and no other is no satisfaction", CONV "('a',1,'sms',NULL,9,NULL,NULL," U ")", C("last_satisfaction"), "NULL"},
    {"the latest that is scored", CONV "('a',1,'sms',NULL,4,'2026-01-01 00:00:00',NULL," U "),('b',1,'sms',NULL,NULL,'2026-02-01 00:00:00',NULL," U ")", C("last_satisfaction"), "4.0"},
    {"a tie goes to the greater id", CONV "('b',1,'sms',NULL,7,'2026-01-01 00:00:00',NULL," U "),('a',1,'sms',NULL,4,'2026-01-01 00:00:00.9',NULL," U ")", C("last_satisfaction"), "7.0"},
    {"uuids compare in lower case",
     CONV "('B0000000-0000-4000-8000-000000000000',1,'sms',NULL,2,'2026-01-01 00:00:00',NULL," U "),"
     "('a0000000-0000-4000-8000-000000000000',1,'sms',NULL,5,'2026-01-01 00:00:00',NULL," U ")",
     C("last_satisfaction"), "2.0"},
    {"numbers in text compare as numbers", CONV "('10',1,'sms',NULL,2,'2026-01-01 00:00:00',NULL," U "),('9',1,'sms',NULL,5,'2026-01-01 00:00:00',NULL," U ")", C("last_satisfaction"), "2.0"},
    {"a huge score", CONV "('a',1,'sms',NULL,9007199254740993,'2026-01-01 00:00:00',NULL," U ")", C("last_satisfaction > 9e15"), "1"},
    {"a score with a fraction", CONV "('a',1,'sms',NULL,7.5,'2026-01-01 00:00:00',NULL," U ")", C("last_satisfaction"), "7.5"},
    {"a score that is no number", CONV "('a',1,'sms',NULL,'good','2026-01-01 00:00:00',NULL," U ")", C("last_satisfaction"), "NULL"},
    {"a null customer is nobody", CONV "('a',NULL,'sms',NULL,9,'2026-01-01 00:00:00',NULL," U ")", C("conversation_count"), "0"},
    {"an unknown customer is nobody", APPT "(1,99,'2026-01-01 00:00:00','completed','x','y','z',NULL," U ")", C("appointment_count"), "0"},
    {"an orphan is kept aside", APPT "(1,99,'2026-01-01 00:00:00','completed','x','y','z',NULL," U ")", "SELECT customer_key FROM replica.orphan", "99"},
    {"the last appointment lies ahead",
     APPT "(1,1,'2026-11-01 00:00:00','completed','Old','P',NULL,NULL," U "),(2,1,'2027-01-01 10:00:00','scheduled','New','Q',NULL,NULL," U ")",
     C("last_appointment_status || last_appointment_service || last_appointment_provider"), "scheduledNewQ"},
    {"its own columns, also when null",
     APPT "(1,1,'2026-11-01 00:00:00','cancelled','Old','P',NULL,'2026-10-30 00:00:00'," U "),(2,1,'2026-11-02 00:00:00',NULL,NULL,NULL,NULL,NULL," U ")",
     C("coalesce(last_appointment_status, 'null') || coalesce(last_appointment_cancelled_at, 'null')"), "nullnull"},
    {"a tie of appointments goes to the greater number",
     APPT "(9,1,'2026-11-01 00:00:00','completed','Nine',NULL,NULL,NULL," U "),(10,1,'2026-11-01 00:00:00','cancelled','Ten',NULL,NULL,NULL," U ")",
     C("last_appointment_service"), "Ten"},
    {"a tie after the fraction is cut",
     APPT "(3,1,'2026-11-01 00:00:00.1','completed','Three',NULL,NULL,NULL," U "),(2,1,'2026-11-01 00:00:00.9','cancelled','Two',NULL,NULL,NULL," U ")",
     C("last_appointment_service"), "Three"},
    {"an appointment without time is counted and never the last",
     APPT "(1,1,NULL,'completed','x',NULL,NULL,NULL," U ")", C("appointment_count || coalesce(last_appointment, 'none') || coalesce(last_visit, 'none')"), "1nonenone"},
    {"last visit is completed only",
     APPT "(1,1,'2026-01-01 00:00:00','completed','x',NULL,NULL,NULL," U "),(2,1,'2026-02-01 00:00:00','no_show','y',NULL,NULL,NULL," U ")", T("last_visit"), "2026-01-01 00:00:00"},
    {"a completed visit ahead is a visit", APPT "(1,1,'2027-01-01 00:00:00','completed','x',NULL,NULL,NULL," U ")", T("last_visit"), "2027-01-01 00:00:00"},
    {"words compare exactly", APPT "(1,1,'2026-01-01 00:00:00',NULL,'x',NULL,NULL,NULL," U ")", T("last_visit"), "NULL"},
    {"last cancellation of cancelled only",
     APPT "(1,1,'2026-01-01 00:00:00','cancelled','x',NULL,NULL,'2025-12-30 00:00:00'," U "),(2,1,'2026-02-01 00:00:00','completed','y',NULL,NULL,'2026-01-30 00:00:00'," U ")",
     T("last_cancellation"), "2025-12-30 00:00:00"},
    {"a cancellation needs no appointment time",
     APPT "(1,1,NULL,'cancelled','x',NULL,NULL,'2025-12-30 00:00:00'," U ")", T("last_cancellation"), "2025-12-30 00:00:00"},
    {"last activity is the later", APPT "(1,1,'2026-01-01 00:00:00','completed','x',NULL,NULL,NULL," U ");" CONV "('a',1,'sms',NULL,NULL,'2026-01-02 00:00:00',NULL," U ")",
     T("last_activity"), "2026-01-02 00:00:00"},
    {"last activity with one alone", APPT "(1,1,'2026-01-01 00:00:00','completed','x',NULL,NULL,NULL," U ")", T("last_activity"), "2026-01-01 00:00:00"},
    {"a page visit is the value", CONV "('a',1,'sms',NULL,NULL,'2026-01-02 00:00:00','{\"p\":\"2026-01-01T00:00:00Z\"}'," U ")", PAGE, "2026-01-01 00:00:00"},
    {"else the conversation's time", CONV "('a',1,'sms',NULL,NULL,'2026-01-02 00:00:00','{\"p\":true}'," U ")", PAGE, "2026-01-02 00:00:00"},
    {"a bare date is not the time", CONV "('a',1,'sms',NULL,NULL,'2026-01-02 00:00:00','{\"p\":\"2026-01-01\"}'," U ")", PAGE, "2026-01-02 00:00:00"},
    {"held without any time", CONV "('a',1,'sms',NULL,NULL,NULL,'{\"p\":true}'," U ")", HELD, "p"},
    {"held without any time has none", CONV "('a',1,'sms',NULL,NULL,NULL,'{\"p\":true}'," U ")", PAGE, "NULL"},
    {"false and null are not held", CONV "('a',1,'sms',NULL,NULL,'2026-01-02 00:00:00','{\"p\":false,\"q\":null,\"r\":\"false\",\"s\":0,\"t\":\"\"}'," U ")", HELD, "r,s,t"},
    {"malformed holds nothing", CONV "('a',1,'sms',NULL,NULL,'2026-01-02 00:00:00','{\"p\":true'," U ")", HELD, "NULL"},
    {"an array holds nothing", CONV "('a',1,'sms',NULL,NULL,'2026-01-02 00:00:00','[\"p\"]'," U ")", HELD, "NULL"},
    {"huge numbers are JSON", CONV "('a',1,'sms',NULL,NULL,'2026-01-02 00:00:00','{\"p\":123456789012345678901234567890,\"q\":1e400}'," U ")", HELD, "p,q"},
    {"an open request marks its conversation, whoever asked",
     CONV "('a',1,'sms',NULL,NULL,'2026-01-02 00:00:00',NULL," U ");" REQ "('r',77,'a','in_progress'," U ")", "SELECT has_open_request FROM replica.conversation", "1"},
    {"a booked request does not", CONV "('a',1,'sms',NULL,NULL,'2026-01-02 00:00:00',NULL," U ");" REQ "('r',1,'a','booked'," U ")", "SELECT has_open_request FROM replica.conversation", "0"},
    {"a request without conversation", CONV "('a',1,'sms',NULL,NULL,'2026-01-02 00:00:00',NULL," U ");" REQ "('r',1,NULL,'new'," U ")", "SELECT has_open_request FROM replica.conversation", "0"},
    {"a null boolean is false", "", C("is_new_client"), "0"},
    {"a true boolean in words", "UPDATE customers SET is_new_client = 'true', updated_at = " U, C("is_new_client"), "1"},
    {"one phone written twice",
     "UPDATE customers SET phone = '(310) 555-0123', updated_at = " U ";INSERT INTO customers (id, phone, updated_at) VALUES (2, '310-555-0123'," U "), (3, '310-555-0123 x4', " U ")",
     "SELECT count(*) || min(phone_e164) FROM replica.customer WHERE phone_e164 IS NOT NULL", "2+13105550123"},
    {"mail has two forms", "UPDATE customers SET email = ' Ana@Example.COM ', updated_at = " U, C("email_send || ' ' || email_norm"), "Ana@example.com ana@example.com"},
    {"a text that is not UTF-8 is repaired", "UPDATE customers SET name = CAST(x'41FF42' AS TEXT), updated_at = " U, C("name"), "A\xEF\xBF\xBD" "B"},
};
/* clang-format on */

static void
check(struct sync_world *w, const struct fact_case *c, const char *how)
{
    char *got = sync_world_ask(w, c->fact);

    if (strcmp(got, c->want) != 0)
        fail_msg("%s (%s): got \"%s\", want \"%s\"", c->what, how, got, c->want);
    free(got);
}

static const char CUSTOMER[] =
    "INSERT INTO customers (id, name, updated_at) VALUES (1, 'Ana', '2026-11-01 00:00:00');";

static void
facts__after_a_full_sync(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sync_world w = {0};

        sync_world_open(&w, false);
        sync_world_run(&w, CUSTOMER);
        sync_world_run(&w, cases[i].rows);
        (void)sync_world_sync(&w, SYNC_FULL, NOW);
        check(&w, &cases[i], "full");
        sync_world_close(&w);
    }
}

/* All in one world: the rows come, are seen, and go again. */
static void
facts__after_incremental_syncs(void **state)
{
    struct sync_world w = {0};
    char *empty;

    (void)state;
    sync_world_open(&w, false);
    sync_world_run(&w, CUSTOMER);
    (void)sync_world_sync(&w, SYNC_FULL, NOW);
    empty = sync_world_dump(w.replica);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sync_result r;
        char *now_empty;

        sync_world_run(&w, cases[i].rows);
        r = sync_world_sync(&w, SYNC_INCREMENTAL, NOW);
        check(&w, &cases[i], r.mode == SYNC_FULL ? "had to be full" : "incremental");
        sync_world_run(&w, "DELETE FROM appointments; DELETE FROM conversations;"
                           "DELETE FROM appointment_requests; DELETE FROM customers WHERE id > 1;"
                           "UPDATE customers SET phone = NULL, email = NULL, is_new_client = NULL, "
                           "name = 'Ana', updated_at = '2026-11-01 00:00:00'");
        /* An older updated_at than before is not a change that a watermark can see. */
        sync_world_run(&w, "UPDATE customers SET updated_at = NULL");
        (void)sync_world_sync(&w, SYNC_INCREMENTAL, NOW);
        sync_world_run(&w, "UPDATE customers SET updated_at = '2026-11-23 08:00:00'");
        (void)sync_world_sync(&w, SYNC_INCREMENTAL, NOW);
        if (i == 0) {
            free(empty);
            empty = sync_world_dump(w.replica);
        }
        now_empty = sync_world_dump(w.replica);
        assert_string_equal(now_empty, empty);
        free(now_empty);
    }
    free(empty);
    sync_world_close(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts__after_a_full_sync),
        cmocka_unit_test(facts__after_incremental_syncs),
    };

    return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
