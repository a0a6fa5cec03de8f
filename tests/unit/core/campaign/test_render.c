#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/campaign/render.h"
#include "core/campaign/sms_segments.h"
#include "core/campaign/spec.h"

static char question_1[] = "How was your {service|visit}?";
static char question_2[] = "Anything else, {first_name|friend}?";
static char *questions[] = {question_1, question_2};
static char ana[] = "Ana";
static char ana_ruiz[] = "Ana Ruiz";
static char facial[] = "facial";
static char evil[] = "\x01 {business}\xE2\x80\xAE\n x ";
static char offer[] = "20 % off";
static char empty[] = "";
static char business[] = "Harbour Clinic";
static char assistant[] = "Ava";

static const int64_t now_s = 1764000000; /* 2025-11-24T16:00:00Z */

static struct config
some_config(void)
{
    struct config config = {0};

    config.business.name = business;
    config.business.assistant = assistant;
    config.business.phone = empty;
    return config;
}

static struct campaign
some_campaign(void)
{
    struct campaign c = {0};

    c.agent.questions = questions;
    c.agent.question_count = ARRAY_LEN(questions);
    c.offer = offer;
    return c;
}

static const struct customer_vars full = {.name = ana_ruiz,
                                          .first_name = ana,
                                          .service = facial,
                                          .has_last_visit = true,
                                          .last_visit_s = 1764000000 - 10 * DAY_S + 1};
static const struct customer_vars nothing = {0};
static const struct customer_vars hostile = {.name = evil, .first_name = evil};

static void
texts_are_filled(void **state)
{
    static const struct {
        const struct customer_vars *vars;
        const char *text, *expected;
        const char *unfilled; /* NULL: it works */
        bool fallback;
    } cases[] = {
        {&full, "Hi {first_name|there}", "Hi Ana", NULL, false},
        {&nothing, "Hi {first_name|there}", "Hi there", NULL, true},
        {NULL, "Hi {first_name|there}", "Hi there", NULL, true},
        {&nothing, "Hi{first_name|}!", "Hi!", NULL, true},
        {&nothing, "Hi {first_name}", "", "first_name", false},
        {&full, "{name}, {assistant} of {business}", "Ana Ruiz, Ava of Harbour Clinic", NULL,
         false},
        {&full, "{phone}", "", "phone", false}, /* the business has none */
        {&full, "{service} {days_since_last_visit} days", "facial 9 days", NULL, false},
        {&full, "on {last_visit}", "on November 14", NULL, false},
        {&nothing, "{last_visit|long ago} {days_since_last_visit|many}", "long ago many", NULL,
         true},
        {&full, "{provider}", "", "provider", false},
        {&full, "{offer}", "20 % off", NULL, false},
        {&full, "{question_1}", "How was your facial?", NULL, false},
        {&nothing, "{question_2}", "Anything else, friend?", NULL, true},
        {&full, "{{first_name}", "{first_name}", NULL, false},
        {&full, "a } b {{ c", "a } b { c", NULL, false},
        {&hostile, "[{first_name|x}]", "[{business} x]", NULL, false}, /* not expanded again */
        {&full, "", "", NULL, false},
    };
    struct config config = some_config();
    struct campaign c = some_campaign();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = {0};
        struct error err = {0};
        struct render_use use;
        bool ok =
            render_text_use(&config, &c, cases[i].text, cases[i].vars, now_s, &out, &use, &err);

        if (ok != !cases[i].unfilled || use.fallback != cases[i].fallback)
            fail_msg("case %zu: %d, fallback %d: %s", i, ok, use.fallback, err.text);
        if (ok)
            assert_string_equal(buf_str(&out), cases[i].expected);
        if (!ok) {
            assert_int_equal(err.code, ERR_CONFLICT);
            assert_string_equal(use.unfilled, cases[i].unfilled);
        }
        assert_true(render_check(&config, &c, cases[i].text, &err));
        buf_release(&out);
    }
}

static void
wrong_texts_are_refused_with_a_near_name(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"Hi {frist_name}", "did you mean {first_name}?"},
        {"Hi {first_nam|there}", "did you mean {first_name}?"},
        {"{colour}", "unknown variable {colour}"},
        {"{}", "names no variable"},
        {"{|x}", "names no variable"},
        {"Hi {first_name", "not closed"},
        {"Hi {first_name|{business}}", "not closed"},
        {"{question_3}", "has 2 questions"},
        {"{question_0}", "unknown variable"},
        {"{question_01}", "unknown variable"},
        {"{question_}", "unknown variable"},
        {"{ first_name}", "unknown variable"},
        {"{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}", "unknown variable"},
    };
    struct config config = some_config();
    struct campaign c = some_campaign();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {0};

        if (render_check(&config, &c, cases[i].text, &err))
            fail_msg("%s passed", cases[i].text);
        assert_int_equal(err.code, ERR_INVALID);
        if (!strstr(err.text, cases[i].says))
            fail_msg("%s: %s", cases[i].text, err.text);
    }
}

static void
a_question_asks_no_question(void **state)
{
    struct config config = some_config();
    struct campaign c = some_campaign();
    struct error err = {0};

    (void)state;
    assert_true(render_check_question(&config, &c, "And {business}?", &err));
    assert_false(render_check_question(&config, &c, "And {question_1}?", &err));
}

static void
first_names_of_several_cultures(void **state)
{
    static const struct {
        const char *name, *first; /* NULL: none */
    } cases[] = {
        {"Ana Ruiz", "Ana"},
        {"  Jean-Pierre   Dubois ", "Jean-Pierre"},
        {"Ruiz, Ana María", "Ana"},
        {"Dr. Chloé Martin", "Chloé"},
        {"Prof. Dr. Weber", "Weber"},
        {"mrs O'Neill", "O'Neill"},
        {"王小明", "王小明"},
        {"山田 太郎", "山田 太郎"},
        {"김민준", "김민준"},
        {"Nguyễn Văn An", "Nguyễn"},
        {"محمد علي", "محمد"},
        {"J. Smith", NULL},
        {"X", NULL},
        {"", NULL},
        {"   ", NULL},
        {NULL, NULL},
        {"+13105550100", NULL},
        {"ana@example.com", NULL},
        {"Unknown", NULL},
        {"N/A", NULL},
        {"{business} x", NULL},
        {"Mr.", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *first = NULL;

        render_first_name(cases[i].name, &first);
        if (!text_eq(first, cases[i].first))
            fail_msg("%s: %s", cases[i].name ? cases[i].name : "NULL", first ? first : "NULL");
        free(first);
    }
}

static void
opt_out_wording(void **state)
{
    static const struct {
        const char *text;
        bool tells;
    } cases[] = {
        {"Hello. Reply STOP to opt out.", true},
        {"Hello. Text \"stop\" to end these.", true},
        {"Reply YES, or STOP to end.", true},
        {"STOP=end", true},
        {"Reply with stop any time", true},
        {"Answer UNSUBSCRIBE to leave", true},
        {"Responde STOP para salir", true},
        {"Stop by our clinic any time!", false},
        {"Do not stop now", false},
        {"DON'T STOP THE PARTY", false},
        {"REPLY STOP TO END", true},
        {"STOPPING soon", false},
        {"Hi {first_name|Reply STOP to end}", false},
        {"Reply soon. We stop at five", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (render_has_opt_out(cases[i].text) != cases[i].tells)
            fail_msg("%s", cases[i].text);
}

static void
our_templates_are_good_examples(void **state)
{
    static const char *const names[] = {"booking_abandonment_research", "feedback_request",
                                        "special_offer_outbound",       "reactivation_campaign",
                                        "appointment_reminder_upsell",  "referral_request"};
    const struct agent_template *all[16];
    struct config config = some_config();

    (void)state;
    assert_int_equal(agent_template_list(NULL, all, ARRAY_LEN(all)), ARRAY_LEN(names));
    assert_int_equal(agent_template_list("research", all, ARRAY_LEN(all)), 2);
    assert_int_equal(agent_template_list("outbound_sales", all, ARRAY_LEN(all)), 4);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct agent_template *t = agent_template_find(names[i]);
        struct campaign c = {0};
        struct error err = {0};
        struct buf out = {0};
        json_t *spec;

        assert_non_null(t);
        assert_true(t->question_count >= 3 && t->question_count <= 5);
        assert_true(t->outcome_count > 0 && agent_voice_find(t->voice));
        assert_true(render_has_opt_out(t->message));
        spec = json_pack("{s:{s:s}, s:s}", "agent", "template", t->name, "message", t->message);
        c.spec = spec;
        config.policy.cap_messages = 3;
        assert_true(spec_apply(&config, &c, &err));
        if (!render_check(&config, &c, t->message, &err) ||
            !render_check_question(&config, &c, t->system_prompt, &err) ||
            !render_text(&config, &c, t->message, &nothing, now_s, &out, &err))
            fail_msg("%s: %s", t->name, err.text);
        assert_in_range(sms_segments_count(buf_str(&out), out.len).segments, 1, 2);
        for (size_t q = 0; q < t->question_count; q++)
            assert_true(render_check_question(&config, &c, t->questions[q], &err));
        buf_release(&out);
        campaign_release(&c);
    }
    assert_null(agent_template_find("nobody"));
    assert_string_equal(agent_template_nearest("reactivation_campain")->name,
                        "reactivation_campaign");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_filled),
        cmocka_unit_test(wrong_texts_are_refused_with_a_near_name),
        cmocka_unit_test(a_question_asks_no_question),
        cmocka_unit_test(first_names_of_several_cultures),
        cmocka_unit_test(opt_out_wording),
        cmocka_unit_test(our_templates_are_good_examples),
    };

    return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
