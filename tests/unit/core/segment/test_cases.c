/* Every sentence of the specification about criteria as a case: two people, and who of them match.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/preview/preview.h"
#include "core/segment/segment.h"
#include "core/store/stores.h"

/* now is 1,000,000 days after the epoch, so that the numbers below can be read: day 1,000,000. */
#define NOW_S 86400000000

struct world {
    struct db *db;
    struct config config;
    struct segment_env env;
};

/*
 * Customer 1 has no rows at all. 2 was in touch exactly 7 days ago; 3 one second later; 4 one
 * second earlier; 5 in the future; 6 has rows without times. The texts and flags of each stand in
 * the statements.
 */
static const char SQL_WORLD[] =
    "INSERT INTO replica.customer (id, key, name, notes, is_new_client, created_at, phone_e164, "
    " email_norm, email_send, last_contact, conversation_count) VALUES"
    " (1, 1, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, 0),"
    " (2, 2, 'Ana 100%', 'x_y', 1, 86399395200, '+13105550101', NULL, NULL, 86399395200, 2),"
    " (3, 3, 'ÅSA', 'xay', 0, 86399395201, '+13105550102', 'a@x.com', 'a@x.com', 86399395201, 1),"
    " (4, 4, 'Straße', '', 0, 86399395199, NULL, 'b@x.com', 'b@x.com', 86399395199, 3),"
    " (5, 5, '', NULL, 0, 86400000001, NULL, NULL, NULL, 86400000001, 1),"
    " (6, 6, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, 1);"
    "UPDATE replica.customer SET last_satisfaction = 8 WHERE id = 2;"
    "UPDATE replica.customer SET last_satisfaction = 3 WHERE id = 4;"
    "INSERT INTO replica.conversation (key, customer_id, channel, type, status, outcome, sentiment,"
    " satisfaction, at, has_open_request) VALUES"
    " ('c1', 2, 'sms', 'research', 'active', 'info_only', 'positive', 8, 86399395200, 0),"
    " ('c2', 2, 'voice', 'research', 'active', 'appointment_booked', NULL, NULL, 86399000000, 0),"
    " ('c3', 3, 'sms', NULL, NULL, 'info_only', NULL, NULL, 86399395201, 1),"
    " ('c4', 4, 'SMS', NULL, NULL, 'Info_Only', NULL, 3, 86399395199, 0),"
    " ('c5', 4, 'sms ', NULL, NULL, NULL, NULL, 10, 86399000000, 0),"
    " ('c6', 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0),"
    " ('c7', 5, 'email', NULL, 'failed', NULL, 'mixed', NULL, 86400000001, 0),"
    " ('c8', 6, 'voice', NULL, NULL, NULL, NULL, NULL, NULL, 0);"
    /* 2: a visit and a cancellation; 3: two at one time, told apart by id; 4: one tomorrow; 5: one
     * now; 6: without a time */
    "INSERT INTO replica.appointment (key, customer_id, at, status, service, provider, booked_by,"
    " cancelled_at) VALUES"
    " (1, 2, 86390000000, 'completed', 'Massage', 'Ana', 'staff', NULL),"
    " (2, 2, 86399395200, 'cancelled', 'massage', NULL, NULL, 86399395200),"
    " (9, 3, 86399900000, 'scheduled', NULL, NULL, NULL, NULL),"
    " (10, 3, 86399900000, 'no_show', NULL, NULL, NULL, NULL),"
    " (20, 4, 86400086400, 'scheduled', NULL, NULL, NULL, NULL),"
    " (21, 5, 86400000000, 'scheduled', NULL, NULL, NULL, NULL),"
    " (22, 5, 86400086401, 'rescheduled', NULL, NULL, NULL, NULL),"
    " (30, 6, NULL, 'scheduled', 'Facial', NULL, 'staff', NULL);"
    "UPDATE replica.customer SET appointment_count = 2, last_appointment = 86399395200, "
    " last_appointment_status = 'cancelled', last_appointment_service = 'massage', "
    " last_appointment_cancelled_at = 86399395200, last_visit = 86390000000, "
    " last_cancellation = 86399395200 WHERE id = 2;"
    "UPDATE replica.customer SET appointment_count = 2, last_appointment = 86399900000, "
    " last_appointment_status = 'no_show' WHERE id = 3;"
    "UPDATE replica.customer SET appointment_count = 1, last_appointment = 86400086400, "
    " last_appointment_status = 'scheduled' WHERE id = 4;"
    "UPDATE replica.customer SET appointment_count = 2, last_appointment = 86400086401, "
    " last_appointment_status = 'rescheduled' WHERE id = 5;"
    "UPDATE replica.customer SET appointment_count = 1 WHERE id = 6;"
    "INSERT INTO replica.conversation_metadata VALUES ('page', 2, 'c1', 86399395200),"
    " ('page', 2, 'c2', 86399999999), ('a.b', 4, 'c4', 86399395199), ('page', 6, 'c8', NULL);"
    "INSERT INTO campaign (id, uuid, name, type, channel, spec, created_at, updated_at) VALUES"
    " (1, 'a', 'n', 'research', 'sms', '{}', 0, 0), (2, 'b', 'n', 'research', 'sms', '{}', 0, 0);"
    "INSERT INTO delivery (campaign_id, customer_id, channel, address, state, claimed_at, "
    " accepted_at, replied_at, opted_out_at, reason, updated_at) VALUES"
    " (1, 2, 'sms', '+1', 'delivered', 1, 86399395200, 86399999999, NULL, NULL, 0),"
    " (2, 2, 'sms', '+1', 'undelivered', 1, 86399000000, NULL, NULL, NULL, 0),"
    " (1, 3, 'sms', '+2', 'sent', 1, 86399395201, NULL, 86399395300, NULL, 0),"
    " (1, 4, 'sms', '+3', 'failed', 1, NULL, NULL, NULL, NULL, 0),"
    " (1, 5, 'sms', '+4', 'in_doubt', 1, NULL, NULL, NULL, NULL, 0),"
    " (1, 6, 'sms', '+5', 'skipped', NULL, NULL, NULL, NULL, 'opted_out', 0);";

struct example {
    const char *criteria;
    const char *expected; /* keys of those who match */
};

static const struct example examples[] = {
    /* Time: t <= now - N days, to the second; a time that does not exist is never older or within
     */
    {"{'last_contact':{'older_than_days':7}}", "2 4"},
    {"{'last_contact':{'within_days':7}}", "2 3 5"},
    {"{'last_contact':{'older_than_days':0}}", "2 3 4"},
    {"{'last_contact':{'within_days':0}}", "5"},
    {"{'last_contact':{'never':true}}", "1 6"},
    {"{'last_contact':{'never':false}}", "2 3 4 5"},
    {"{'last_contact':{'older_than_days':7,'within_days':7}}", "2"},
    {"{'last_contact':{'never':true,'within_days':7}}", ""},
    {"{'not':{'last_contact':{'older_than_days':7}}}", "1 3 5 6"},
    {"{'not':{'last_contact':{'within_days':7}}}", "1 4 6"},
    /* days have no upper limit: N days before all time is before every time */
    {"{'last_contact':{'older_than_days':9223372036854775807}}", ""},
    {"{'last_contact':{'within_days':9223372036854775807}}", "2 3 4 5"},
    {"{'last_contact':{'within_days':99999999999999999999999}}", "2 3 4 5"},
    {"{'last_contact':{'older_than_days':99999999999999999999999}}", ""},
    {"{'next_appointment':{'in_next_days':99999999999999999999999}}", "4 5"},
    /* next_appointment: scheduled, now or later, now <= t <= now + N days */
    {"{'next_appointment':{'in_next_days':1}}", "4 5"},
    {"{'next_appointment':{'in_next_days':0}}", "5"},
    {"{'next_appointment':{'never':true}}", "1 2 3 6"},
    {"{'next_appointment':{'never':false}}", "4 5"},
    {"{'next_appointment':{'never':true,'in_next_days':1}}", ""},
    /* the last appointment: status, service and cancellation of that same row */
    {"{'last_appointment':{'older_than_days':7}}", "2"},
    {"{'last_appointment':{'within_days':0}}", "4 5"},
    {"{'last_appointment':{'status':'no_show'}}", "3"},
    {"{'last_appointment':{'status':['scheduled','rescheduled']}}", "4 5"},
    {"{'last_appointment':{'status':'completed'}}", ""},
    {"{'last_appointment':{'service':'massage'}}", "2"},
    {"{'last_appointment':{'service':'Massage'}}", ""},
    {"{'last_appointment':{'cancelled_within_days':7}}", "2"},
    {"{'last_appointment':{'cancelled_within_days':6}}", ""},
    {"{'not':{'last_appointment':{'status':'cancelled'}}}", "1 3 4 5 6"},
    {"{'last_appointment':{'never':true}}", "1 6"},
    {"{'last_visit':{'never':false}}", "2"},
    {"{'last_visit':{'older_than_days':100}}", "2"},
    {"{'last_cancellation':{'within_days':7}}", "2"},
    {"{'last_cancellation':{'within_days':6}}", ""},
    {"{'last_activity':{'older_than_days':7}}", "2"}, /* 4 has an appointment tomorrow */
    {"{'last_activity':{'never':true}}", "1 6"},
    /* numbers: plain is equal; all comparisons hold */
    {"{'appointment_count':2}", "2 3 5"},
    {"{'appointment_count':2.0}", "2 3 5"},
    {"{'appointment_count':1.5}", ""},
    {"{'appointment_count':{'!=':2}}", "1 4 6"},
    {"{'appointment_count':{'>':0,'<':2}}", "4 6"},
    {"{'appointment_count':{'>':1.5}}", "2 3 5"},
    {"{'appointment_count':{'<':99999999999999999999}}", "1 2 3 4 5 6"},
    {"{'appointment_count':-0.0}", "1"},
    {"{'conversation_count':{'>=':2}}", "2 4"},
    /* a row without a time counts in numbers only */
    {"{'conversation_count':1}", "3 5 6"},
    {"{'conversation':{'channel':'voice','within_days':9999999}}", "2"},
    {"{'conversation':{'channel':'voice'}}", "2 6"},
    /* an absent satisfaction is false for every comparison */
    {"{'last_satisfaction':{'!=':1}}", "2 4"},
    {"{'last_satisfaction':{'>=':0}}", "2 4"},
    {"{'not':{'last_satisfaction':{'>=':5}}}", "1 3 4 5 6"},
    {"{'conversation':{'satisfaction':{'!=':8}}}", "4"},
    /* every filter on the same conversation, unlike two leaves */
    {"{'conversation':{'channel':'voice','outcome':'info_only'}}", ""},
    {"{'all':[{'conversation':{'channel':'voice'}},{'conversation':{'outcome':'info_only'}}]}",
     "2"},
    /* words: exact, case and blanks included; absent equals nothing; an empty list nothing */
    {"{'conversation':{'channel':'sms'}}", "2 3"},
    {"{'conversation':{'channel':['SMS','sms ']}}", "4"},
    {"{'conversation':{'channel':[]}}", ""},
    {"{'not':{'conversation':{'channel':[]}}}", "1 2 3 4 5 6"},
    {"{'conversation':{'outcome':''}}", ""},
    {"{'conversation':{'channel':'fax'}}", ""},
    {"{'conversation':{'type':'research','status':'active','sentiment':'positive'}}", "2"},
    {"{'conversation':{}}", "2 3 4 5 6"},
    {"{'appointment':{}}", "2 3 4 5 6"},
    {"{'not':{'conversation':{}}}", "1"},
    /* count */
    {"{'conversation':{'count':0}}", "1"},
    {"{'conversation':{'count':{'<':1}}}", "1"},
    {"{'conversation':{'count':{'>=':2}}}", "2 4"},
    {"{'conversation':{'channel':'sms','count':0}}", "1 4 5 6"},
    {"{'conversation':{'channel':'sms','count':{'!=':1}}}", "1 4 5 6"},
    {"{'conversation':{'channel':[],'count':0}}", "1 2 3 4 5 6"},
    {"{'conversation':{'count':{'>':1,'<':3}}}", "2"},
    /* booking intent: outcome of the configured set, or an open request */
    {"{'conversation':{'booking_intent':true}}", "2 3"},
    {"{'conversation':{'booking_intent':false}}", "2 4 5 6"},
    {"{'conversation':{'booking_intent':true,'channel':'sms'}}", "3"},
    /* metadata: the exact key, dots included */
    {"{'conversation':{'has_metadata':'a.b'}}", "4"},
    {"{'conversation':{'has_metadata':'a'}}", ""},
    {"{'conversation':{'has_metadata':'page'}}", "2 6"},
    {"{'conversation':{'has_metadata':'page','channel':'sms'}}", "2"},
    {"{'page_visit':{'key':'page','never':false}}", "2"},
    {"{'page_visit':{'key':'page','never':true}}", "1 3 4 5 6"},
    {"{'page_visit':{'key':'page','older_than_days':7}}", ""}, /* the greatest is one second ago */
    {"{'page_visit':{'key':'page','within_days':1}}", "2"},
    {"{'page_visit':{'key':'a.b','older_than_days':7}}", "4"},
    /* appointments */
    {"{'appointment':{'upcoming':true}}", "4 5"},
    {"{'appointment':{'upcoming':true,'status':'rescheduled'}}", "5"},
    {"{'appointment':{'upcoming':false}}", "2 3 6"},
    {"{'appointment':{'booked_by':'staff','service':['Massage','Facial']}}", "2 6"},
    {"{'appointment':{'within_days':7}}", "2 3 4 5"},
    {"{'appointment':{'status':'completed','older_than_days':7,'provider':'Ana'}}", "2"},
    /* the customer; text by code points, % and _ ordinary, an absent text contains nothing */
    {"{'customer':{'is_new_client':true}}", "2"},
    {"{'customer':{'is_new_client':false}}", "1 3 4 5 6"},
    {"{'customer':{'has_phone':true}}", "2 3"},
    {"{'customer':{'has_phone':false,'has_email':true}}", "4"},
    {"{'customer':{'created_within_days':7}}", "2 3 5"},
    {"{'customer':{'created_older_than_days':7}}", "2 4"},
    {"{'customer':{'name_contains':'åsa'}}", "3"},
    {"{'customer':{'name_contains':'%'}}", "2"},
    {"{'customer':{'name_contains':'aße'}}", "4"},
    {"{'customer':{'name_contains':'SS'}}", ""},
    {"{'customer':{'notes_contain':'X_Y'}}", "2"},
    {"{'not':{'customer':{'name_contains':'a'}}}", "1 5 6"}, /* an absent text contains nothing */
    /* contacted_by */
    {"{'contacted_by':{}}", "2 3"},
    {"{'contacted_by':{'campaign':'any','state':'contacted'}}", "2 3"},
    {"{'contacted_by':{'campaign':2}}", "2"},
    {"{'contacted_by':{'campaign':7}}", ""},
    {"{'contacted_by':{'state':'replied'}}", "2"},       /* an opt-out alone is no reply */
    {"{'contacted_by':{'state':'not_replied'}}", "2 3"}, /* 2: by the other campaign */
    {"{'contacted_by':{'campaign':1,'state':'not_replied'}}", "3"},
    {"{'contacted_by':{'state':'failed'}}", "2 4"},
    {"{'contacted_by':{'state':'failed','within_days':9999999}}", "2"}, /* 4 was never accepted */
    {"{'contacted_by':{'within_days':7}}", "2 3"},
    {"{'contacted_by':{'older_than_days':7}}", "2"},
    {"{'contacted_by':{'campaign':1,'older_than_days':7}}", "2"},
    {"{'contacted_by':{'campaign':1,'within_days':6}}", ""},
    {"{'contacted_by':{'state':'replied','within_days':1}}", "2"}, /* the age of the reply */
    {"{'contacted_by':{'state':'replied','older_than_days':1}}", ""},
    {"{'not':{'contacted_by':{}}}", "1 4 5 6"},
    /* trees */
    {"{}", "1 2 3 4 5 6"},
    {"{'all':[]}", "1 2 3 4 5 6"},
    {"{'any':[]}", ""},
    {"{'not':{}}", ""},
    {"{'any':[{'appointment_count':0},{'customer':{'is_new_client':true}}]}", "1 2"},
    {"{'appointment_count':2,'conversation_count':2}", "2"},
    {"{'not':{'appointment_count':2,'conversation_count':2}}", "1 3 4 5 6"},
    /* the flat form */
    {"{'channel':'sms','outcome':'info_only'}", "2 3"},
    {"{'channel':'voice','outcome':'info_only'}", ""},
    {"{'channel':'sms','has_booking_intent':true}", "3"},
    {"{'has_booking_intent':true}", "2 3"},
    {"{'has_booking_intent':false}", "1 4 5 6"},
    {"{'channel':'sms','has_booking_intent':false}", "2"}, /* 2's intent was by voice */
    {"{'channel':'voice','has_booking_intent':false}", "6"},
    {"{'outcome':'info_only','has_booking_intent':false}", ""},
    {"{'min_satisfaction_score':8}", "2 4"},
    {"{'min_satisfaction_score':4,'max_satisfaction_score':9}", "2"}, /* 3 and 10 are not one */
    {"{'channel':['sms','SMS']}", "2 3 4"},
    {"{'has_appointment':true}", "2 3 4 5 6"},
    {"{'has_appointment':false}", "1"},
    {"{'days_since_last_contact':7}", "2 4"},
    {"{'days_since_last_appointment':7}", "2"},
    {"{'days_since_last_activity':7}", "2"},
    {"{'last_appointment_status':'cancelled'}", "2"},
    {"{'last_appointment_status':'cancelled','days_since_cancellation':7}", "2"},
    {"{'last_appointment_status':'cancelled','days_since_cancellation':6}", ""},
    {"{'last_appointment_status':'no_show','days_since_cancellation':7}", ""},
    {"{'days_since_cancellation':7}", "2"},
    {"{'metadata_key':'page'}", "2"},
    {"{'metadata_key':'a.b','days_since_visit':7}", "4"},
    {"{'channel':'sms','conversation':{'outcome':'appointment_booked'}}", "2"}, /* two leaves */
    {"{'any':[{'channel':'email'},{'last_appointment_status':'no_show'}]}", "3 5"},
};

static bool
add_key(void *ctx, const struct key *key)
{
    struct buf *out = ctx;

    buf_printf(out, "%s%lld", out->len ? " " : "", (long long)key->number);
    return true;
}

static int
set_up(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    struct error err = {0};

    config_init_defaults(&w->config);
    w->env = (struct segment_env){NOW_S, &w->config};
    w->db = stores_open_memory(&err);
    if (!w->db || !db_exec(w->db, SQL_WORLD, &err)) {
        print_error("%s\n", err.text);
        return -1;
    }
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;

    db_close(w->db);
    config_release(&w->config);
    free(w);
    return 0;
}

/* The examples are written with ' for ", to be readable here. */
static char *
with_double_quotes(const char *text)
{
    char *out = mem_strdup(text);

    for (char *s = out; *s; s++)
        if (*s == '\'')
            *s = '"';
    return out;
}

static void
every_sentence_of_the_specification_holds(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        struct error err = {0};
        struct buf found = {0};
        char *text = with_double_quotes(examples[i].criteria);
        struct criteria *c = criteria_from_text(text, strlen(text), false, &err);

        if (!c || !segment_each_id(w->db, c, &w->env, add_key, &found, &err))
            fail_msg("%s\n  %s: %s", text, err.path, err.text);
        if (strcmp(buf_str(&found), examples[i].expected) != 0)
            fail_msg("%s\n  expected %s\n  got      %s", text, examples[i].expected,
                     buf_str(&found));
        criteria_free(c);
        buf_release(&found);
        free(text);
    }
}

static void
booking_outcomes_come_from_the_configuration(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    struct criteria *c = NULL;
    static const char text[] = "{\"has_booking_intent\":true}";
    char *own[] = {mem_strdup("info_only"), mem_strdup("Info_Only")};
    char **kept = w->config.segments.booking_intent_outcomes.items;
    size_t kept_count = w->config.segments.booking_intent_outcomes.count;
    struct buf found = {0};

    c = criteria_from_text(text, strlen(text), false, &err);
    assert_non_null(c);
    w->config.segments.booking_intent_outcomes.items = own;
    w->config.segments.booking_intent_outcomes.count = 2;
    assert_true(segment_each_id(w->db, c, &w->env, add_key, &found, &err));
    assert_string_equal(buf_str(&found), "2 3 4");
    buf_clear(&found);
    w->config.segments.booking_intent_outcomes.count = 0; /* requests only */
    assert_true(segment_each_id(w->db, c, &w->env, add_key, &found, &err));
    assert_string_equal(buf_str(&found), "3");
    w->config.segments.booking_intent_outcomes.items = kept;
    w->config.segments.booking_intent_outcomes.count = kept_count;
    buf_release(&found);
    free(own[0]);
    free(own[1]);
    criteria_free(c);
}

static const struct {
    const char *criteria, *sentence;
} told[] = {
    {"{}", "Every customer."},
    {"{'last_contact':{'older_than_days':1}}",
     "Customers for whom last contact is older than 1 day (at or before "},
    {"{'not':{'channel':'sms','has_appointment':true}}",
     "Customers for whom not (there is at least one conversation with channel sms, and the number "
     "of appointments is at least 1)."},
    {"{'any':[{'appointment_count':{'<':2,'!=':1}},{'all':[{'last_satisfaction':8},"
     "{'customer':{'has_email':false}}]}]}",
     "Customers for whom the number of appointments is less than 2 and not 1, or (the last "
     "satisfaction score is 8, and the customer has no valid email)."},
    {"{'contacted_by':{'campaign':3,'state':'not_replied'}}",
     "Customers for whom a message of campaign 3 was sent and not answered."},
    {"{'conversation':{'channel':['sms','a b'],'count':{'>=':2}}}",
     "Customers for whom the number of conversations with channel sms or \"a b\" is at least 2."},
};

static void
sentences_say_what_is_asked(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        struct error err = {0};
        struct buf out = {0};
        char *text = with_double_quotes(told[i].criteria);
        struct criteria *c = criteria_from_text(text, strlen(text), false, &err);

        assert_non_null(c);
        segment_explain(c, &w->env, &out);
        if (strncmp(buf_str(&out), told[i].sentence, strlen(told[i].sentence)) != 0)
            fail_msg("%s\n  %s", text, buf_str(&out));
        buf_release(&out);
        criteria_free(c);
        free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_sentence_of_the_specification_holds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(booking_outcomes_come_from_the_configuration, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(sentences_say_what_is_asked, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("segment cases", tests, NULL, NULL);
}
