/* Webhooks become replies: once, in one transaction, opt-out first, and to the right campaign. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/reply/replies.h"
#include "core/store/suppression_store.h"

#define T WORLD_NOW
#define ANA "+13105550001"
#define BO "+13105550002"
#define STRANGER "+13105559999"

struct stage {
    struct world w;
    struct replies r;
    int64_t campaign;
};

static void
open_stage(struct stage *s)
{
    *s = (struct stage){0};
    world_open(&s->w);
    world_add_customers(&s->w, 5);
    s->r.world = &s->w;
    s->campaign = world_create(&s->w, NULL);
    world_launch(&s->w, s->campaign);
}

static void
close_stage(struct stage *s)
{
    replies_clear(&s->r);
    world_close(&s->w);
}

static int64_t
number(struct stage *s, const char *sql)
{
    return sql_number(s->w.ledger, sql);
}

static void
text_is(struct stage *s, const char *sql, const char *expected)
{
    struct error err = {0};
    struct db_stmt *st = db_prepare(s->w.ledger, sql, &err);

    if (!st || !db_step_one(st, &err))
        fail_msg("%s: %s", sql, err.text);
    if (!text_eq(db_column_text(st, 0), expected))
        fail_msg("%s: \"%s\" instead of \"%s\"", sql,
                 db_column_text(st, 0) ? db_column_text(st, 0) : "NULL", expected);
    db_stmt_release(st);
}

static void
reply__makes_a_whole_thread(void **state)
{
    struct stage s;
    struct reply_report report;

    (void)state;
    open_stage(&s);
    replies_contact(&s.w, s.campaign, 1, T - 100);
    replies_sms(&s.r, "SMin1", ANA, "Too expensive \xf0\x9f\x98\x80", NULL, T - 50);
    report = replies_apply(&s.r);
    assert_int_equal(report.applied, 1);
    assert_int_equal(report.inbound, 1);
    assert_int_equal(number(&s, "SELECT count(*) FROM conversation"), 1);
    assert_int_equal(number(&s, "SELECT customer_id FROM conversation"), 1);
    assert_int_equal(number(&s, "SELECT unread FROM conversation"), 1);
    assert_int_equal(number(&s, "SELECT last_message_at FROM conversation"), T);
    text_is(&s,
            "SELECT group_concat(author || ':' || direction, ' ') FROM "
            "(SELECT * FROM message ORDER BY at, id)",
            "campaign:outbound customer:inbound agent:outbound");
    text_is(&s, "SELECT text FROM message WHERE direction = 'inbound'",
            "Too expensive \xf0\x9f\x98\x80");
    text_is(&s, "SELECT provider_id FROM message WHERE author = 'campaign'", "SMout1-1");
    assert_int_equal(number(&s, "SELECT replied_at FROM delivery WHERE customer_id = 1"), T - 50);
    assert_int_equal(number(&s, "SELECT responded FROM campaign"), 1);
    text_is(&s, "SELECT value FROM setting WHERE key = 'relay_cursor'", "log:1");
    close_stage(&s);
}

static void
same_webhook_twice__changes_nothing(void **state)
{
    struct stage s;
    struct reply_report report;

    (void)state;
    open_stage(&s);
    replies_contact(&s.w, s.campaign, 1, T - 100);
    replies_sms(&s.r, "SMin1", ANA, "hello", NULL, T - 50);
    replies_sms(&s.r, "SMin1", ANA, "hello", NULL, T - 50);
    report = replies_apply(&s.r);
    assert_int_equal(report.applied, 1);
    assert_int_equal(report.duplicates, 1);
    replies_sms(&s.r, "SMin1", ANA, "hello", NULL, T - 20);
    report = replies_apply(&s.r);
    assert_int_equal(report.applied, 0);
    assert_int_equal(report.duplicates, 1);
    assert_int_equal(number(&s, "SELECT count(*) FROM message WHERE direction = 'inbound'"), 1);
    assert_int_equal(number(&s, "SELECT unread FROM conversation"), 1);
    assert_int_equal(number(&s, "SELECT count(*) FROM message WHERE author = 'agent'"), 1);
    close_stage(&s);
}

static void
opt_out__suppresses_in_the_same_breath(void **state)
{
    struct stage s;
    struct reply_report report;
    int64_t second = 0;

    (void)state;
    open_stage(&s);
    second = world_create(&s.w, NULL); /* another campaign still waits to write to Ana */
    world_launch(&s.w, second);
    replies_contact(&s.w, s.campaign, 1, T - 100);
    replies_sms(&s.r, "SMin1", ANA, "maybe", NULL, T - 60);
    replies_sms(&s.r, "SMin2", ANA, "Stop, thanks", NULL, T - 50);
    report = replies_apply(&s.r);
    assert_int_equal(report.opted_out, 1);
    text_is(&s, "SELECT reason FROM suppression WHERE address = '" ANA "' AND channel = 'sms'",
            "opt_out");
    text_is(&s, "SELECT evidence FROM suppression", "wrote \"Stop, thanks\" (SMin2)");
    assert_int_equal(number(&s, "SELECT count(*) FROM delivery WHERE address = '" ANA
                                "' AND state = 'skipped' AND reason = 'opted_out'"),
                     1);
    /* the question that the agent had ready does not go out either */
    text_is(&s, "SELECT state FROM message WHERE author = 'agent'", "skipped");
    text_is(&s, "SELECT status || ' ' || outcome FROM conversation", "completed opted_out");
    text_is(&s, "SELECT intent FROM message WHERE provider_id = 'SMin2'", "opt_out");
    assert_int_equal(number(&s, "SELECT opted_out FROM campaign WHERE id = 1"), 1);
    assert_int_equal(number(&s, "SELECT opted_out_at FROM delivery WHERE customer_id = 1 AND "
                                "campaign_id = 1"),
                     T - 50);
    close_stage(&s);
}

static void
opt_out_alone__is_no_response(void **state)
{
    struct stage s;

    (void)state;
    open_stage(&s);
    replies_contact(&s.w, s.campaign, 1, T - 100);
    replies_sms(&s.r, "SMin1", ANA, "STOP", NULL, T - 50);
    (void)replies_apply(&s.r);
    assert_int_equal(number(&s, "SELECT responded FROM campaign"), 0);
    assert_int_equal(number(&s, "SELECT opted_out FROM campaign"), 1);
    assert_int_equal(number(&s, "SELECT count(*) FROM message WHERE author = 'agent'"), 0);
    close_stage(&s);
}

static bool
is_suppressed(struct stage *s, const char *address)
{
    struct error err = {0};
    bool out = false;

    assert_true(suppression_is(s->w.ledger, address, "sms", &out, &err));
    return out;
}

static void
vectors__do_in_the_ledger_what_they_must(void **state)
{
    json_t *doc = json_load_file(TEST_FIXTURES "/vectors/opt_out.json", 0, NULL);
    json_t *row = NULL;
    size_t i = 0;
    struct stage s;

    (void)state;
    open_stage(&s);
    json_array_foreach(json_object_get(doc, "replies"), i, row)
    {
        const char *text = json_string_value(json_object_get(row, "text"));
        const char *treat = json_string_value(json_object_get(row, "treat_as"));
        char from[32], sid[32], sql[200];
        bool stop = strcmp(treat, "opt_out") == 0, review = strcmp(treat, "review") == 0;

        (void)snprintf(from, sizeof from, "+1213555%04zu", 1000 + i);
        (void)snprintf(sid, sizeof sid, "SMvec%zu", i);
        replies_sms(&s.r, sid, from, text, NULL, T - 10);
        (void)replies_apply(&s.r);
        if (is_suppressed(&s, from) != stop)
            fail_msg("\"%s\" (%s) %s suppressed", text, treat, stop ? "is not" : "is");
        (void)snprintf(sql, sizeof sql,
                       "SELECT needs_review IS NOT NULL FROM conversation WHERE address = '%s'",
                       from);
        if (number(&s, sql) != review)
            fail_msg("\"%s\" (%s) %s flagged", text, treat, review ? "is not" : "is");
    }
    json_decref(doc);
    close_stage(&s);
}

static void
provider_says_stop__counts_whatever_the_words(void **state)
{
    struct stage s;

    (void)state;
    open_stage(&s);
    replies_sms(&s.r, "SMin1", ANA, "lopeta", "&OptOutType=STOP", T - 50);
    (void)replies_apply(&s.r);
    assert_true(is_suppressed(&s, ANA));
    close_stage(&s);
}

static void
opt_in__needs_the_right_word_at_the_right_time(void **state)
{
    struct stage s;
    struct error err = {0};

    (void)state;
    open_stage(&s);
    replies_sms(&s.r, "SMin1", ANA, "STOP", NULL, T - 50);
    replies_sms(&s.r, "SMin2", ANA, "are you open today?", NULL, T - 40);
    (void)replies_apply(&s.r);
    assert_true(is_suppressed(&s, ANA));
    replies_sms(&s.r, "SMin2b", ANA, "sure", NULL, T - 38); /* an answer, perhaps an older one */
    replies_sms(&s.r, "SMin2c", ANA, "Yes please", NULL, T - 36);
    (void)replies_apply(&s.r);
    assert_true(is_suppressed(&s, ANA));
    replies_sms(&s.r, "SMin3", ANA, "YES", NULL, T - 30);
    (void)replies_apply(&s.r);
    assert_false(is_suppressed(&s, ANA));
    text_is(&s, "SELECT intent FROM message WHERE provider_id = 'SMin3'", "opt_in");
    replies_sms(&s.r, "SMin4", ANA, "YES", NULL, T - 20); /* nothing to undo: an answer */
    (void)replies_apply(&s.r);
    text_is(&s, "SELECT intent FROM message WHERE provider_id = 'SMin4'", "yes");
    /* Somebody decided for all channels: a word by SMS does not undo that. */
    assert_true(suppression_add(s.w.ledger, BO, "all", "operator", "", T, NULL, &err));
    replies_sms(&s.r, "SMin5", BO, "START", NULL, T - 10);
    (void)replies_apply(&s.r);
    assert_true(is_suppressed(&s, BO));
    assert_int_equal(number(&s, "SELECT needs_review IS NOT NULL FROM conversation "
                                "WHERE address = '" BO "'"),
                     1);
    assert_int_equal(number(&s, "SELECT count(*) FROM audit WHERE action = 'suppression.remove'"),
                     1);
    close_stage(&s);
}

static void
help_and_review__hold_the_agent(void **state)
{
    struct stage s;

    (void)state;
    open_stage(&s);
    replies_contact(&s.w, s.campaign, 1, T - 100);
    replies_contact(&s.w, s.campaign, 2, T - 100);
    replies_sms(&s.r, "SMin1", ANA, "HELP", NULL, T - 50);
    replies_sms(&s.r, "SMin2", BO, "please cancel", NULL, T - 50);
    replies_sms(&s.r, "SMin3", BO, "tomorrow is fine", NULL, T - 40);
    (void)replies_apply(&s.r);
    assert_int_equal(number(&s, "SELECT count(*) FROM message WHERE author = 'agent'"), 0);
    assert_int_equal(number(&s, "SELECT count(*) FROM answer"), 0);
    assert_int_equal(number(&s, "SELECT count(*) FROM conversation WHERE needs_review IS NOT NULL"),
                     1);
    assert_int_equal(number(&s, "SELECT responded FROM campaign"), 2);
    close_stage(&s);
}

static void
forged__is_kept_and_does_nothing(void **state)
{
    struct stage s;
    struct reply_report report;

    (void)state;
    open_stage(&s);
    replies_sms(&s.r, "SMin1", ANA, "STOP", NULL, T - 50)->signature =
        "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    replies_sms(&s.r, "SMin2", ANA, "STOP", NULL, T - 50)->url = "https://evil.example/sms";
    replies_sms(&s.r, "", ANA, "STOP", NULL, T - 50); /* signed, but without an id */
    replies_sms(&s.r, "SMin3", ANA, "STOP", NULL, T - 50)->kind = "twilio_voice";
    report = replies_apply(&s.r);
    assert_int_equal(report.refused, 4);
    assert_int_equal(report.applied, 0);
    assert_false(is_suppressed(&s, ANA));
    assert_int_equal(number(&s, "SELECT count(*) FROM conversation"), 0);
    assert_int_equal(number(&s, "SELECT count(*) FROM inbound_event WHERE result LIKE 'refused%'"),
                     4);
    /* the real one with the same id still counts */
    replies_sms(&s.r, "SMin1", ANA, "STOP", NULL, T - 40);
    report = replies_apply(&s.r);
    assert_int_equal(report.applied, 1);
    assert_true(is_suppressed(&s, ANA));
    close_stage(&s);
}

static void
unknown_sender__is_never_dropped(void **state)
{
    struct stage s;

    (void)state;
    open_stage(&s);
    sql_run(s.w.ledger, "UPDATE replica.customer SET phone_e164 = '" BO "' WHERE key IN (3, 2)");
    replies_sms(&s.r, "SMin1", STRANGER, "who is this?", NULL, T - 50);
    replies_sms(&s.r, "SMin2", BO, "hello", NULL, T - 40); /* known, never written to */
    replies_sms(&s.r, "SMin3", "12345", "a short code", NULL, T - 30);
    (void)replies_apply(&s.r);
    assert_int_equal(number(&s, "SELECT count(*) FROM conversation WHERE campaign_id IS NULL"), 3);
    assert_int_equal(number(&s, "SELECT customer_id IS NULL FROM conversation WHERE address = "
                                "'" STRANGER "'"),
                     1);
    assert_int_equal(number(&s, "SELECT customer_id FROM conversation WHERE address = '" BO "'"),
                     2);
    assert_int_equal(number(&s, "SELECT count(*) FROM message WHERE address = '12345'"), 1);
    text_is(&s, "SELECT group_concat(DISTINCT agent) FROM conversation", "none");
    close_stage(&s);
}

static void
attribution__goes_by_time(void **state)
{
    struct stage s;
    int64_t second = 0;

    (void)state;
    open_stage(&s);
    second = world_create(&s.w, NULL);
    world_launch(&s.w, second);
    replies_contact(&s.w, s.campaign, 1, T - 1000);
    replies_contact(&s.w, second, 1, T - 500);
    replies_sms(&s.r, "SMlate", ANA, "to the second", NULL, T - 100);
    replies_sms(&s.r, "SMearly", ANA, "to the first", NULL, T - 600); /* out of order */
    replies_sms(&s.r, "SMbefore", ANA, "to neither", NULL, T - 2000);
    (void)replies_apply(&s.r);
    assert_int_equal(number(&s, "SELECT campaign_id FROM conversation c JOIN message m ON "
                                "m.conversation_id = c.id WHERE m.provider_id = 'SMlate'"),
                     second);
    assert_int_equal(number(&s, "SELECT campaign_id FROM conversation c JOIN message m ON "
                                "m.conversation_id = c.id WHERE m.provider_id = 'SMearly'"),
                     s.campaign);
    assert_int_equal(number(&s, "SELECT campaign_id IS NULL FROM conversation c JOIN message m ON "
                                "m.conversation_id = c.id WHERE m.provider_id = 'SMbefore'"),
                     1);
    assert_int_equal(number(&s, "SELECT sum(responded) FROM campaign"), 2);
    close_stage(&s);
}

static void
reply_to_a_message_in_doubt__belongs_to_it(void **state)
{
    struct stage s;

    (void)state;
    open_stage(&s);
    replies_contact(&s.w, s.campaign, 1, T - 100);
    sql_run(s.w.ledger,
            "UPDATE attempt SET outcome = 'unknown', provider_id = NULL, settled_by = NULL;"
            "UPDATE delivery SET state = 'in_doubt', accepted_at = NULL, provider_id = NULL "
            "WHERE customer_id = 1");
    replies_sms(&s.r, "SMin1", ANA, "hello", NULL, T - 50);
    (void)replies_apply(&s.r);
    assert_int_equal(number(&s, "SELECT campaign_id FROM conversation"), s.campaign);
    assert_int_equal(number(&s, "SELECT responded FROM campaign"), 0); /* not known as contacted */
    sql_run(s.w.ledger, "UPDATE delivery SET state = 'accepted', accepted_at = 1 "
                        "WHERE customer_id = 1");
    assert_int_equal(number(&s, "SELECT responded FROM campaign"), 1);
    close_stage(&s);
}

static void
media_alone__is_shown_as_text(void **state)
{
    struct stage s;

    (void)state;
    open_stage(&s);
    replies_sms(&s.r, "SMin1", ANA, "",
                "&NumMedia=2&MediaContentType0=image%2Fjpeg&MediaContentType1=image%2Fpng", T - 50);
    replies_sms(&s.r, "SMin2", ANA, "", "&NumMedia=0", T - 40);
    (void)replies_apply(&s.r);
    text_is(&s, "SELECT text FROM message WHERE provider_id = 'SMin1'",
            "[2 attachments: image/jpeg, image/png]");
    text_is(&s, "SELECT text FROM message WHERE provider_id = 'SMin2'", "");
    close_stage(&s);
}

static void
statuses__move_deliveries_by_rank(void **state)
{
    struct stage s;
    struct reply_report report;

    (void)state;
    open_stage(&s);
    replies_contact(&s.w, s.campaign, 1, T - 100);
    text_is(&s, "SELECT uid FROM attempt", "att-1");
    replies_status(&s.r, "att-1", "SMout1-1", "delivered", T - 90);
    replies_status(&s.r, "att-1", "SMout1-1", "sent", T - 80);
    replies_status(&s.r, "att-1", "SMout1-1", "delivered", T - 70);
    replies_status(&s.r, "att-nobody", "SMother", "sent", T - 60);
    report = replies_apply(&s.r);
    assert_int_equal(report.statuses, 3);
    assert_int_equal(report.applied, 2);
    assert_int_equal(report.duplicates, 1);
    text_is(&s, "SELECT state FROM delivery WHERE customer_id = 1", "delivered");
    text_is(&s, "SELECT result FROM inbound_event WHERE dedupe_key = 'twilio_status:SMother:sent'",
            "ignored: no attempt of ours");
    close_stage(&s);
}

/* The ledger cannot be written in the middle: nothing of the batch, and not its cursor. */
static void
failure_in_the_middle__applies_nothing(void **state)
{
    struct stage s;
    struct reply_report report;
    struct error err = {0};

    (void)state;
    open_stage(&s);
    replies_sms(&s.r, "SMin1", ANA, "STOP", NULL, T - 50);
    (void)replies_apply(&s.r);
    sql_run(s.w.ledger, "DELETE FROM setting WHERE key = 'relay_cursor'");
    replies_sms(&s.r, "SMin2", BO, "STOP", NULL, T - 50);
    sql_run(s.w.ledger, "ALTER TABLE setting RENAME TO setting_gone");
    assert_false(replies_try(&s.r, &report, &err));
    sql_run(s.w.ledger, "ALTER TABLE setting_gone RENAME TO setting");
    assert_false(is_suppressed(&s, BO));
    assert_int_equal(number(&s, "SELECT count(*) FROM inbound_event"), 1);
    assert_int_equal(number(&s, "SELECT count(*) FROM setting WHERE key = 'relay_cursor'"), 0);
    report = replies_apply(&s.r); /* the same batch again, as the relay gives it */
    assert_int_equal(report.opted_out, 1);
    assert_true(is_suppressed(&s, BO));
    close_stage(&s);
}

/* One event that the ledger refuses must not hold up the opt-outs behind it for ever. */
static void
poison__is_set_aside_alone(void **state)
{
    struct stage s;
    struct reply_report report;

    (void)state;
    open_stage(&s);
    sql_run(s.w.ledger,
            "CREATE TRIGGER poison BEFORE INSERT ON message WHEN NEW.provider_id = 'SMbad' "
            "BEGIN SELECT RAISE(ABORT, 'poison'); END");
    replies_sms(&s.r, "SMgood", ANA, "hello", NULL, T - 50);
    replies_sms(&s.r, "SMbad", STRANGER, "hello", NULL, T - 45);
    replies_sms(&s.r, "SMstop", BO, "STOP", NULL, T - 40);
    report = replies_apply(&s.r);
    assert_int_equal(report.applied, 2);
    assert_int_equal(report.refused, 1);
    assert_int_equal(report.inbound, 2);
    assert_true(is_suppressed(&s, BO));
    assert_int_equal(number(&s, "SELECT count(*) FROM conversation WHERE address = '" STRANGER "'"),
                     0);
    close_stage(&s);
}

static void
lost_cursor__moves_on_and_says_so(void **state)
{
    struct stage s;
    struct reply_report report;
    struct error err = {0};
    const struct relay_batch lost = {.cursor_lost = true, .next = "new:0"};
    const struct relay_batch broken = {.error = "HTTP 500"};

    (void)state;
    open_stage(&s);
    assert_true(reply_apply_batch(s.w.ledger, s.w.reader, &s.w.config, REPLIES_TOKEN, &lost, T,
                                  &report, &err));
    text_is(&s, "SELECT value FROM setting WHERE key = 'relay_cursor'", "new:0");
    assert_int_equal(number(&s, "SELECT value FROM setting WHERE key = 'relay_missed_since'"),
                     T - 25 * 3600);
    assert_false(reply_apply_batch(s.w.ledger, s.w.reader, &s.w.config, REPLIES_TOKEN, &broken, T,
                                   &report, &err));
    text_is(&s, "SELECT value FROM setting WHERE key = 'relay_cursor'", "new:0");
    close_stage(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reply__makes_a_whole_thread),
        cmocka_unit_test(same_webhook_twice__changes_nothing),
        cmocka_unit_test(opt_out__suppresses_in_the_same_breath),
        cmocka_unit_test(opt_out_alone__is_no_response),
        cmocka_unit_test(vectors__do_in_the_ledger_what_they_must),
        cmocka_unit_test(provider_says_stop__counts_whatever_the_words),
        cmocka_unit_test(opt_in__needs_the_right_word_at_the_right_time),
        cmocka_unit_test(help_and_review__hold_the_agent),
        cmocka_unit_test(forged__is_kept_and_does_nothing),
        cmocka_unit_test(unknown_sender__is_never_dropped),
        cmocka_unit_test(attribution__goes_by_time),
        cmocka_unit_test(reply_to_a_message_in_doubt__belongs_to_it),
        cmocka_unit_test(media_alone__is_shown_as_text),
        cmocka_unit_test(statuses__move_deliveries_by_rank),
        cmocka_unit_test(failure_in_the_middle__applies_nothing),
        cmocka_unit_test(poison__is_set_aside_alone),
        cmocka_unit_test(lost_cursor__moves_on_and_says_so),
    };

    return cmocka_run_group_tests_name("core/reply/apply", tests, NULL, NULL);
}
