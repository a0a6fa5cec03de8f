/* Counts, reach, recipients, samples, funnel and reasons on a small replica. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/preview/preview.h"
#include "core/segment/segment.h"
#include "core/store/stores.h"

enum { NOW = 1000000000, DAY = 86400 };

struct world {
    struct db *db;
    struct config config;
    struct segment_env env;
};

static void
run(struct db *db, const char *sql)
{
    struct error err = {0};

    if (!db_exec(db, sql, &err))
        fail_msg("%s", err.text);
}

/* Five people: two share a phone, one has none, one opted out, one has had two messages. */
static int
set_up(void **state)
{
    struct world *w = mem_alloc(sizeof *w);
    struct error err = {0};

    config_init_defaults(&w->config);
    w->config.policy.cap_messages = 2;
    w->config.policy.cap_days = 7;
    w->env = (struct segment_env){NOW, &w->config};
    w->db = stores_open_memory(&err);
    if (!w->db)
        return -1;
    run(w->db,
        "INSERT INTO replica.customer (id, key, name, phone, phone_e164, email_norm, email_send, "
        " is_new_client, last_contact, appointment_count) VALUES"
        " (1, 9, 'Zoë Ångström', 'p', '+13105550109', 'a@x.com', 'A@x.com', 1, 999999000, 0),"
        " (2, 10, 'Bo', 'p', '+13105550109', 'a@x.com', 'a@x.com', 0, NULL, 1),"
        " (3, 'b', 'Cy 100%', NULL, NULL, NULL, NULL, 0, NULL, 2),"
        " (4, 'a', NULL, 'p', '+13105550111', NULL, NULL, 0, NULL, 3),"
        " (5, 'A', 'Di', 'p', '+13105550112', NULL, NULL, 0, NULL, 3);"
        "INSERT INTO suppression VALUES ('+13105550111', 'sms', 'opt_out', 'STOP', 1);"
        "INSERT INTO campaign (id, uuid, name, type, channel, spec, created_at, updated_at)"
        " VALUES (1, 'u', 'n', 'research', 'sms', '{}', 0, 0);"
        "INSERT INTO delivery (campaign_id, step, customer_id, channel, address, state, "
        " accepted_at, claimed_at, replied_at, updated_at) VALUES"
        " (1, 0, 'A', 'sms', '+13105550112', 'delivered', 999999999, 1, NULL, 0),"
        " (1, 1, 'A', 'sms', '+13105550112', 'in_doubt', NULL, 1, NULL, 0),"
        " (1, 0, 9, 'sms', '+13105550109', 'delivered', 999395200, 1, 999395300, 0),"
        " (1, 1, 9, 'sms', '+13105550109', 'failed', 999999999, 1, NULL, 0);"
        "INSERT INTO replica.conversation (key, customer_id, channel, outcome, at) VALUES"
        " ('c1', 1, 'sms', 'info_only', 999999000);"
        "INSERT INTO replica.conversation_metadata VALUES ('page', 1, 'c1', 999999000);");
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

static struct criteria *
read_criteria(const char *text)
{
    struct error err = {0};
    struct criteria *c = criteria_from_text(text, strlen(text), false, &err);

    if (!c)
        fail_msg("%s\n  %s: %s", text, err.path, err.text);
    return c;
}

static int64_t
count(struct world *w, const char *text)
{
    struct error err = {0};
    struct criteria *c = read_criteria(text);
    int64_t n = -1;

    if (!segment_count(w->db, c, &w->env, &n, &err))
        fail_msg("%s", err.text);
    criteria_free(c);
    return n;
}

static void
wide_and_deep_documents_compile(void **state)
{
    struct buf text = {0};

    /* 2,000 leaves side by side */
    buf_add_str(&text, "{\"any\":[");
    for (int i = 0; i < 2000; i++)
        buf_printf(&text, "%s{\"appointment_count\":%d}", i ? "," : "", i + 2);
    buf_add_str(&text, "]}");
    assert_int_equal(count(*state, buf_str(&text)), 3);
    buf_clear(&text);
    /* 32 deep, and at every level something beside it */
    for (int i = 1; i < 32; i++)
        buf_printf(&text,
                   "{\"%s\":[{\"conversation\":{\"channel\":\"sms\",\"outcome\":[\"a\",\"b\"],"
                   "\"count\":{\"<\":9,\">=\":0,\"!=\":7}}},",
                   i % 2 ? "all" : "any");
    buf_add_str(&text, "{\"contacted_by\":{}}");
    for (int i = 31; i >= 1; i--)
        buf_add_str(&text, "]}");
    assert_int_equal(count(*state, buf_str(&text)), 5);
    buf_clear(&text);
    for (int i = 1; i < 32; i++)
        buf_add_str(&text, "{\"not\":");
    buf_add_str(&text, "{\"contacted_by\":{\"state\":\"replied\"}}");
    for (int i = 31; i >= 1; i--)
        buf_add_str(&text, "}");
    assert_int_equal(count(*state, buf_str(&text)), 4);
    buf_release(&text);
}

static void
reach_puts_everyone_in_exactly_one_place(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    struct criteria *c = read_criteria("{}");
    struct reach r;

    assert_true(segment_reach(w->db, c, &w->env, "sms", &r, &err));
    assert_int_equal(r.matched, 5);
    assert_int_equal(r.no_address, 1);
    assert_int_equal(r.opted_out, 1);
    assert_int_equal(r.capped, 1); /* one delivered and one in doubt; a failed one counts nothing */
    assert_int_equal(r.duplicate_address, 1);
    assert_int_equal(r.reachable, 1);
    /* the opt-out was of sms; the cap counts every message to the number */
    assert_true(segment_reach(w->db, c, &w->env, "voice", &r, &err));
    assert_int_equal(r.opted_out, 0);
    assert_int_equal(r.reachable, 2);
    assert_true(segment_reach(w->db, c, &w->env, "email", &r, &err));
    assert_int_equal(r.no_address, 3);
    assert_int_equal(r.duplicate_address, 1);
    assert_int_equal(r.reachable, 1);
    w->config.policy.cap_messages = 0; /* no cap */
    assert_true(segment_reach(w->db, c, &w->env, "sms", &r, &err));
    assert_int_equal(r.capped, 0);
    assert_int_equal(r.reachable, 2);
    run(w->db, "INSERT INTO suppression VALUES ('+13105550109', 'all', 'operator', '', 1)");
    assert_true(segment_reach(w->db, c, &w->env, "sms", &r, &err));
    assert_int_equal(r.opted_out, 3);
    assert_false(segment_reach(w->db, c, &w->env, "multi", &r, &err));
    assert_int_equal(err.code, ERR_INVALID);
    criteria_free(c);
}

static void
the_cap_ends_to_the_second(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    struct criteria *c = read_criteria("{}");
    struct reach r;

    w->config.policy.cap_messages = 1;
    /* customer 9 was messaged at 999395200: exactly seven days before now */
    assert_true(segment_reach(w->db, c, &w->env, "sms", &r, &err));
    assert_int_equal(r.capped, 3);
    w->env.now_s = NOW + 1;
    assert_true(segment_reach(w->db, c, &w->env, "sms", &r, &err));
    assert_int_equal(r.capped, 1);
    criteria_free(c);
}

struct list {
    struct buf text;
    size_t max;
};

static bool
add_id(void *ctx, const struct key *key)
{
    struct list *l = ctx;
    char *text = key_format(key);

    buf_printf(&l->text, "%s%s ", text, key->is_text ? "t" : "n");
    free(text);
    return --l->max > 0;
}

static bool
add_recipient(void *ctx, const struct segment_recipient *r)
{
    struct list *l = ctx;

    (void)add_id(ctx, r->key);
    buf_printf(&l->text, "%s ", r->address);
    return true;
}

static void
ids_ascend_as_numbers_then_bytewise(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    struct criteria *c = read_criteria("{}");
    struct list l = {.max = 100};

    assert_true(segment_each_id(w->db, c, &w->env, add_id, &l, &err));
    assert_string_equal(buf_str(&l.text), "9n 10n At at bt ");
    buf_clear(&l.text);
    l.max = 2;
    assert_true(segment_each_id(w->db, c, &w->env, add_id, &l, &err));
    assert_string_equal(buf_str(&l.text), "9n 10n ");
    buf_clear(&l.text);
    assert_true(segment_each_recipient(w->db, c, &w->env, "sms", add_recipient, &l, &err));
    assert_string_equal(buf_str(&l.text), "9n +13105550109 ");
    buf_clear(&l.text);
    assert_true(segment_each_recipient(w->db, c, &w->env, "email", add_recipient, &l, &err));
    assert_string_equal(buf_str(&l.text), "9n A@x.com "); /* as the customer writes it */
    buf_release(&l.text);
    criteria_free(c);
}

static void
sample_says_who_can_be_reached(void **state)
{
    static const char *const expected[] = {"reachable", "duplicate_address", "capped", "opted_out",
                                           "no_address"};
    struct world *w = *state;
    struct error err = {0};
    struct criteria *c = read_criteria("{}");
    struct criteria *second = read_criteria("{\"appointment_count\":{\">\":0}}");
    struct segment_sample s;

    assert_true(segment_sample(w->db, c, &w->env, "sms", 10, 0, &s, &err));
    assert_int_equal(s.count, 5);
    for (size_t i = 0; i < s.count; i++)
        assert_string_equal(s.people[i].reach, expected[i]);
    assert_string_equal(s.people[0].name, "Zoë Ångström");
    assert_true(s.people[0].has_last_contact && !s.people[0].has_last_visit);
    segment_sample_release(&s);
    assert_true(segment_sample(w->db, second, &w->env, "sms", 1, 0, &s, &err));
    assert_int_equal(s.count, 1); /* 9 is not in this segment: 10 is the first with the number */
    assert_int_equal(s.people[0].key.number, 10);
    assert_string_equal(s.people[0].reach, "reachable");
    segment_sample_release(&s);
    for (uint64_t seed = 1; seed < 20; seed++) {
        assert_true(segment_sample(w->db, c, &w->env, NULL, 3, seed, &s, &err));
        assert_int_equal(s.count, 3);
        assert_string_equal(s.people[0].reach, "");
        segment_sample_release(&s);
    }
    criteria_free(second);
    criteria_free(c);
}

static void
funnel_counts_step_by_step(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    struct criteria *c = read_criteria("{\"all\":[{\"appointment_count\":{\">\":0}},{},"
                                       "{\"customer\":{\"has_phone\":true}},{\"any\":[]}]}");
    struct segment_funnel f;

    assert_true(segment_funnel(w->db, c, &w->env, &f, &err));
    assert_int_equal(f.count, 5);
    assert_int_equal(f.counts[0], 5);
    assert_int_equal(f.counts[1], 4);
    assert_int_equal(f.counts[2], 4);
    assert_int_equal(f.counts[3], 3);
    assert_int_equal(f.counts[4], 0);
    segment_funnel_release(&f);
    criteria_free(c);
}

static void
why_names_the_fact_behind_every_leaf(void **state)
{
    static const struct {
        const char *pointer, *fact;
        bool holds;
    } rows[] = {
        {"/all/0/last_contact", "last contact 2001-09-09T01:30:00Z", true},
        {"/all/1/not/conversation", "0 of 1 conversations match", false},
        {"/all/2/page_visit", "last visit with that key 2001-09-09T01:30:00Z", true},
        {"/all/3/contacted_by", "messages: ", true},
        {"/all/4/customer", "customer, name Zoë Ångström", true},
        {"/all/5/next_appointment", "no next appointment", true},
        {"/all/6/channel", "1 of 1 conversations match", true},
        {"/all/6/days_since_last_appointment", "no last appointment", false},
    };
    struct world *w = *state;
    struct error err = {0};
    struct criteria *c = read_criteria(
        "{\"all\":[{\"last_contact\":{\"within_days\":7}},{\"not\":{\"conversation\":{"
        "\"channel\":\"voice\"}}},{\"page_visit\":{\"key\":\"page\",\"never\":false}},"
        "{\"contacted_by\":{\"state\":\"replied\"}},{\"customer\":{\"name_contains\":\"ÅNG\"}},"
        "{\"next_appointment\":{\"never\":true}},"
        "{\"channel\":\"sms\",\"days_since_last_appointment\":3}]}");
    struct key nine = {.number = 9};
    struct key nobody = {.number = 77};
    struct segment_why why;

    assert_true(segment_why(w->db, c, &w->env, &nine, &why, &err));
    assert_false(why.in_segment);
    assert_int_equal(why.count, ARRAY_LEN(rows));
    for (size_t i = 0; i < why.count; i++) {
        assert_string_equal(why.reasons[i].pointer, rows[i].pointer);
        assert_int_equal(why.reasons[i].holds, rows[i].holds);
        if (strncmp(why.reasons[i].fact, rows[i].fact, strlen(rows[i].fact)) != 0)
            fail_msg("%s", why.reasons[i].fact);
        assert_true(why.reasons[i].sentence[0] != '\0');
    }
    assert_string_equal(why.reasons[0].sentence,
                        "last contact is within 7 days (at or after 2001-09-02T01:46:40Z)");
    segment_why_release(&why);
    assert_false(segment_why(w->db, c, &w->env, &nobody, &why, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    criteria_free(c);
}

static void
words_that_no_row_holds_are_told(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    struct criteria *c =
        read_criteria("{\"channel\":[\"sms\",\"smss\"],\"last_appointment_status\":\"x\"}");
    struct buf out = {0};

    assert_true(criteria_unknown_words(w->db, c, &out, &err));
    assert_string_equal(
        buf_str(&out), "/channel: no conversation has the channel \"smss\"; did you mean \"sms\"?\n"
                       "/last_appointment_status: no appointment has the status \"x\"\n");
    buf_release(&out);
    criteria_free(c);
}

static void
saved_segments_are_kept_replaced_and_resolved(void **state)
{
    static const char names[][40] = {"template", "saved"};
    struct world *w = *state;
    struct error err = {0};
    struct criteria *c = read_criteria("{\"channel\":\"sms\"}");
    struct criteria *again;
    struct saved_segment *list = NULL;
    json_t *segment = json_pack("{s:s}", "saved", "by sms");
    size_t n = 0;

    assert_false(segment_save(w->db, "", c, NOW, &err));
    assert_false(segment_save(w->db, "a\nb", c, NOW, &err));
    assert_true(segment_save(w->db, "by sms", c, NOW, &err));
    assert_true(segment_save(w->db, "by sms", c, NOW + 1, &err));
    assert_true(segment_saved_list(w->db, &list, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].updated_at, NOW + 1);
    segment_saved_list_release(list, n);
    again = segment_resolve(w->db, segment, &err);
    assert_non_null(again);
    criteria_free(again);
    json_decref(segment);
    assert_true(segment_delete(w->db, "by sms", &err));
    assert_false(segment_delete(w->db, "by sms", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        segment = json_pack("{s:s}", names[i], "no such");
        assert_null(segment_resolve(w->db, segment, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
        json_decref(segment);
    }
    segment = json_pack("{s:{s:s, s:i}}", "criteria", "channel", "sms", "outcome", 3);
    assert_null(segment_resolve(w->db, segment, &err));
    assert_string_equal(err.path, "/criteria/outcome");
    json_decref(segment);
    criteria_free(c);
}

static void
every_template_compiles_and_can_be_told(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    size_t n = 0;
    const struct segment_template *list = segment_template_list(&n);

    for (size_t i = 0; i < n; i++) {
        struct criteria *c = criteria_from_json(list[i].criteria, &err);
        struct buf out = {0};
        int64_t matched = -1;

        assert_non_null(c);
        if (!segment_count(w->db, c, &w->env, &matched, &err))
            fail_msg("%s: %s", list[i].name, err.text);
        segment_explain(c, &w->env, &out);
        assert_non_null(strstr(buf_str(&out), "Customers for whom "));
        buf_release(&out);
        criteria_free(c);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wide_and_deep_documents_compile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reach_puts_everyone_in_exactly_one_place, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_cap_ends_to_the_second, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ids_ascend_as_numbers_then_bytewise, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sample_says_who_can_be_reached, set_up, tear_down),
        cmocka_unit_test_setup_teardown(funnel_counts_step_by_step, set_up, tear_down),
        cmocka_unit_test_setup_teardown(why_names_the_fact_behind_every_leaf, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_that_no_row_holds_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(saved_segments_are_kept_replaced_and_resolved, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(every_template_compiles_and_can_be_told, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("preview", tests, NULL, NULL);
}
