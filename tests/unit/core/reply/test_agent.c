/* The scripted agent's dialogue, and the people who step in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/reply/replies.h"
#include "core/store/suppression_store.h"

#define T WORLD_NOW
#define ANA "+13105550001"

struct stage {
    struct world w;
    struct replies r;
    int64_t campaign, conversation, questions;
};

/* Ana was written to; text: the campaign's message, NULL for one that asks the first question. */
static void
open_stage(struct stage *s, const char *text)
{
    *s = (struct stage){0};
    world_open(&s->w);
    world_add_customers(&s->w, 3);
    s->r.world = &s->w;
    s->campaign = world_create(&s->w, text);
    world_launch(&s->w, s->campaign);
    replies_contact(&s->w, s->campaign, 1, T - 1000);
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
say(struct stage *s, const char *sid, const char *body, int64_t at_s)
{
    replies_sms(&s->r, sid, ANA, body, NULL, at_s);
    (void)replies_apply(&s->r);
    s->conversation = number(s, "SELECT coalesce(max(id), 0) FROM conversation");
}

static struct conversation
load(struct stage *s)
{
    struct conversation c = {0};
    struct error err = {0};

    if (!conversation_load(s->w.reader, s->conversation, &c, &err))
        fail_msg("%s", err.text);
    return c;
}

static int64_t
queued(struct stage *s)
{
    return number(s, "SELECT count(*) FROM message WHERE author = 'agent' AND state = 'queued'");
}

static void
dialogue__goes_to_the_end(void **state)
{
    struct stage s;
    struct campaign c = {0};
    struct conversation v;
    struct error err = {0};
    int64_t at = T - 900;

    (void)state;
    open_stage(&s, NULL);
    assert_true(campaign_load(s.w.ledger, &s.w.config, s.campaign, &c, &err));
    assert_true(c.agent.question_count >= 3);
    for (size_t i = 0; i < c.agent.question_count; i++) {
        char sid[16], body[32];

        (void)snprintf(sid, sizeof sid, "SMin%zu", i);
        (void)snprintf(body, sizeof body, "answer %zu", i);
        say(&s, sid, body, at);
        if (i + 1 < c.agent.question_count) {
            assert_int_equal(queued(&s), 1);
            assert_int_equal(number(&s, "SELECT question FROM message WHERE author = 'agent' "
                                        "AND state = 'queued'"),
                             (int64_t)i + 1);
            replies_question_sent(&s.w, at + 5);
        }
        at += 60;
    }
    v = load(&s);
    assert_string_equal(v.status, "completed");
    assert_int_equal(v.completed_at, T);
    assert_int_equal(v.answer_count, c.agent.question_count);
    for (size_t i = 0; i < v.answer_count; i++) {
        char body[32];

        (void)snprintf(body, sizeof body, "answer %zu", i);
        assert_int_equal(v.answers[i].question, (int64_t)i);
        assert_string_equal(v.answers[i].text, body);
        assert_null(strchr(v.answers[i].question_text, '{')); /* as the person read it */
    }
    assert_int_equal(queued(&s), 0); /* no thanks that nobody wrote */
    conversation_release(&v);
    say(&s, "SMlater", "thank you", at);
    v = load(&s);
    assert_string_equal(v.status, "completed");
    assert_int_equal(queued(&s), 0);
    assert_true(v.unread > 0);
    conversation_release(&v);
    campaign_release(&c);
    close_stage(&s);
}

static void
message_without_a_question__begins_with_the_first(void **state)
{
    struct stage s;
    struct conversation v;

    (void)state;
    open_stage(&s, "Hi {first_name|there}, may we ask you something? Reply STOP to opt out.");
    say(&s, "SMin1", "sure", T - 900);
    v = load(&s);
    assert_int_equal(v.answer_count, 0); /* nothing had been asked */
    assert_int_equal(v.next_question, 1);
    assert_int_equal(queued(&s), 1);
    conversation_release(&v);
    replies_question_sent(&s.w, T - 890);
    say(&s, "SMin2", "because", T - 800);
    v = load(&s);
    assert_int_equal(v.answer_count, 1);
    assert_string_equal(v.answers[0].text, "because");
    assert_int_equal(v.next_question, 2);
    conversation_release(&v);
    close_stage(&s);
}

static void
burst__gets_one_question(void **state)
{
    struct stage s;
    struct conversation v;

    (void)state;
    open_stage(&s, NULL);
    replies_sms(&s.r, "SMin1", ANA, "too", NULL, T - 900);
    replies_sms(&s.r, "SMin2", ANA, "expensive", NULL, T - 899);
    (void)replies_apply(&s.r);
    say(&s, "SMin3", "really", T - 898);
    assert_int_equal(number(&s, "SELECT count(*) FROM message WHERE author = 'agent'"), 1);
    replies_question_sent(&s.w, T - 880);
    say(&s, "SMin4", "I mean it", T - 890); /* written before the question went out */
    v = load(&s);
    assert_int_equal(v.answer_count, 1);
    assert_string_equal(v.answers[0].text, "too\nexpensive\nreally\nI mean it");
    assert_int_equal(v.message_count, 6);
    conversation_release(&v);
    say(&s, "SMin5", "Friday", T - 800);
    v = load(&s);
    assert_int_equal(v.answer_count, 2);
    assert_string_equal(v.answers[1].text, "Friday");
    conversation_release(&v);
    close_stage(&s);
}

static void
question_that_failed__calls_a_person(void **state)
{
    struct stage s;
    struct conversation v;

    (void)state;
    open_stage(&s, NULL);
    say(&s, "SMin1", "one", T - 900);
    sql_run(s.w.ledger, "UPDATE message SET state = 'failed' WHERE author = 'agent'");
    say(&s, "SMin2", "hello?", T - 800);
    v = load(&s);
    assert_non_null(v.needs_review);
    assert_int_equal(queued(&s), 0);
    assert_int_equal(v.answer_count, 1);
    conversation_release(&v);
    close_stage(&s);
}

static void
campaign_that_does_not_run__asks_nothing(void **state)
{
    struct stage s;
    struct error err = {0};

    (void)state;
    open_stage(&s, NULL);
    assert_true(campaign_cancel(s.w.ledger, s.campaign, T, &err));
    say(&s, "SMin1", "hello", T - 900);
    assert_int_equal(number(&s, "SELECT count(*) FROM message WHERE author = 'agent'"), 0);
    assert_int_equal(number(&s, "SELECT count(*) FROM message WHERE direction = 'inbound'"), 1);
    assert_int_equal(number(&s, "SELECT responded FROM campaign"), 1);
    close_stage(&s);
}

static void
hand_over__stops_the_agent_and_take_back_goes_on(void **state)
{
    struct stage s;
    struct error err = {0};
    struct conversation v;

    (void)state;
    open_stage(&s, NULL);
    say(&s, "SMin1", "one", T - 900);
    assert_true(conversation_hand_over(s.w.ledger, s.conversation, T, &err));
    assert_int_equal(queued(&s), 0);
    assert_false(conversation_hand_over(s.w.ledger, s.conversation, T, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    say(&s, "SMin2", "two", T - 800);
    assert_int_equal(queued(&s), 0);
    assert_true(conversation_take_back(s.w.ledger, s.conversation, T, &err));
    assert_int_equal(queued(&s), 1); /* the question that was held */
    v = load(&s);
    assert_string_equal(v.agent, "scripted");
    conversation_release(&v);
    assert_false(conversation_take_back(s.w.ledger, s.conversation, T, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    close_stage(&s);
}

static void
answer__goes_into_the_queue_and_takes_over(void **state)
{
    struct stage s;
    struct error err = {0};
    struct conversation v;
    char *too_long = mem_alloc(1602);
    int64_t id = 0;

    (void)state;
    memset(too_long, 'x', 1601);
    open_stage(&s, NULL);
    say(&s, "SMin1", "one", T - 900);
    assert_false(conversation_answer(s.w.ledger, s.conversation, "  ", T, &id, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(conversation_answer(s.w.ledger, s.conversation, too_long, T, &id, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(conversation_answer(s.w.ledger, s.conversation, "\xff", T, &id, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(conversation_answer(s.w.ledger, 999, "hello", T, &id, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_true(conversation_answer(s.w.ledger, s.conversation, "Of course!", T, &id, &err));
    v = load(&s);
    assert_string_equal(v.agent, "handed_over");
    assert_int_equal(v.unread, 0);
    assert_string_equal(v.messages[v.message_count - 1].text, "Of course!");
    assert_string_equal(v.messages[v.message_count - 1].author, "operator");
    assert_string_equal(v.messages[v.message_count - 1].state, "queued");
    assert_int_equal(v.messages[v.message_count - 1].id, id);
    assert_int_equal(queued(&s), 0);
    conversation_release(&v);
    say(&s, "SMin2", "STOP", T - 800); /* what waits for the queue does not go out */
    assert_int_equal(number(&s, "SELECT count(*) FROM message WHERE state = 'queued'"), 0);
    assert_false(conversation_answer(s.w.ledger, s.conversation, "But wait", T, &id, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_int_equal(number(&s, "SELECT count(*) FROM audit WHERE action = 'conversation.answer'"),
                     1);
    free(too_long);
    close_stage(&s);
}

static void
values__are_checked_and_kept(void **state)
{
    struct stage s;
    struct error err = {0};
    struct conversation v;

    (void)state;
    open_stage(&s, NULL);
    say(&s, "SMin1", "one", T - 900);
    assert_false(conversation_set(s.w.ledger, s.conversation, NULL, "happy", 0, T, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(conversation_set(s.w.ledger, s.conversation, NULL, NULL, 11, T, &err));
    assert_true(conversation_set(s.w.ledger, s.conversation, "booked", "positive", 9, T, &err));
    assert_true(conversation_set(s.w.ledger, s.conversation, NULL, "", 0, T, &err));
    v = load(&s);
    assert_string_equal(v.outcome, "booked");
    assert_null(v.sentiment);
    assert_int_equal(v.score, 9);
    conversation_release(&v);
    assert_true(conversation_close(s.w.ledger, s.conversation, T + 5, &err));
    assert_int_equal(queued(&s), 0);
    v = load(&s);
    assert_string_equal(v.status, "completed");
    assert_int_equal(v.completed_at, T + 5);
    conversation_release(&v);
    say(&s, "SMin2", "two", T - 800);
    assert_int_equal(queued(&s), 0);
    assert_int_equal(number(&s, "SELECT unread FROM conversation"), 1);
    assert_true(conversation_mark_read(s.w.ledger, s.conversation, T, &err));
    assert_int_equal(number(&s, "SELECT unread FROM conversation"), 0);
    close_stage(&s);
}

static void
ruling__suppresses_or_clears(void **state)
{
    struct stage s;
    struct error err = {0};
    bool suppressed = false;

    (void)state;
    open_stage(&s, NULL);
    say(&s, "SMin0", "one", T - 950);
    assert_false(conversation_rule(s.w.ledger, s.conversation, true, T, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    say(&s, "SMin1", "please cancel", T - 900);
    assert_true(conversation_rule(s.w.ledger, s.conversation, false, T, &err));
    assert_true(suppression_is(s.w.ledger, ANA, "sms", &suppressed, &err));
    assert_false(suppressed);
    assert_int_equal(queued(&s), 1);
    say(&s, "SMin2", "go away", T - 800);
    assert_true(conversation_rule(s.w.ledger, s.conversation, true, T, &err));
    assert_true(suppression_is(s.w.ledger, ANA, "sms", &suppressed, &err));
    assert_true(suppressed);
    assert_int_equal(queued(&s), 0);
    assert_int_equal(number(&s, "SELECT opted_out FROM campaign"), 1);
    close_stage(&s);
}

static void
lists__filter_and_count(void **state)
{
    struct stage s;
    struct error err = {0};
    struct conversation_list l = {0};
    struct reply_stream stream = {0};
    struct conversation_filter f = {.with_messages = true};

    (void)state;
    open_stage(&s, NULL);
    replies_sms(&s.r, "SMx", "+13105559999", "who?", NULL, T - 700);
    say(&s, "SMin1", "one", T - 900);
    assert_true(conversation_list_load(s.w.reader, &f, &l, &err));
    assert_int_equal(l.count, 2);
    assert_int_equal(l.total, 2);
    assert_int_equal(l.items[0].campaign_id, s.campaign); /* the agent has spoken since */
    assert_string_equal(l.items[0].name, "Ana Ruiz");
    assert_int_equal(l.items[0].message_count, 3);
    assert_string_equal(l.items[0].last_text, "one");
    assert_null(l.items[1].name);
    conversation_list_release(&l);
    f = (struct conversation_filter){.campaign_id = s.campaign, .status = "active", .limit = 1};
    assert_true(conversation_list_load(s.w.reader, &f, &l, &err));
    assert_int_equal(l.count, 1);
    assert_int_equal(l.total, 1);
    conversation_list_release(&l);
    f = (struct conversation_filter){.limit = 1, .offset = 1};
    assert_true(conversation_list_load(s.w.reader, &f, &l, &err));
    assert_int_equal(l.count, 1);
    assert_int_equal(l.total, 2);
    conversation_list_release(&l);
    f = (struct conversation_filter){.needs_review_only = true};
    assert_true(conversation_list_load(s.w.reader, &f, &l, &err));
    assert_int_equal(l.count, 0);
    conversation_list_release(&l);
    assert_true(reply_stream_load(s.w.reader, 0, 10, 0, T - 800, &stream, &err));
    assert_int_equal(stream.count, 2);
    assert_int_equal(stream.today, 1);
    assert_string_equal(stream.rows[0].text, "who?");
    assert_string_equal(stream.rows[0].then, "waits for a person");
    assert_string_equal(stream.rows[1].then, "question 2, on its way");
    reply_stream_release(&stream);
    close_stage(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialogue__goes_to_the_end),
        cmocka_unit_test(message_without_a_question__begins_with_the_first),
        cmocka_unit_test(burst__gets_one_question),
        cmocka_unit_test(question_that_failed__calls_a_person),
        cmocka_unit_test(campaign_that_does_not_run__asks_nothing),
        cmocka_unit_test(hand_over__stops_the_agent_and_take_back_goes_on),
        cmocka_unit_test(answer__goes_into_the_queue_and_takes_over),
        cmocka_unit_test(values__are_checked_and_kept),
        cmocka_unit_test(ruling__suppresses_or_clears),
        cmocka_unit_test(lists__filter_and_count),
    };

    return cmocka_run_group_tests_name("core/reply/agent", tests, NULL, NULL);
}
