/* Campaign files: what is taken, what is refused, and with which words and places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/cc.h"
#include "core/campaign/spec.h"
#include "core/campaign/world.h"
#include "core/config/yaml.h"

static int
open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    world_open(w);
    *state = w;
    return 0;
}

static int
close_world(void **state)
{
    world_close(*state);
    free(*state);
    return 0;
}

static json_t *
yaml(const char *text)
{
    struct yaml_doc doc = {0};
    struct error err = {0};
    json_t *root;

    if (!yaml_parse(text, strlen(text), &doc, &err))
        fail_msg("%s: %s", err.path, err.text);
    root = json_incref(doc.root);
    yaml_release(&doc);
    return root;
}

#define HEAD "name: Autumn\ntype: outbound_sales\nsegment: {criteria: {appointment_count: 1}}\n"

static void
wrong_files_are_refused_at_their_place(void **state)
{
    static const struct {
        const char *text, *path, *says;
    } cases[] = {
        {"[]", "/", "is a mapping"},
        {"{}", "/", "name is missing"},
        {HEAD, "/", "message is missing"},
        {"name: x\ntype: research\nmessage: Hi\n", "/", "segment is missing"},
        {"name: x\nsegment: {criteria: {}}\nmessage: Hi\n", "/", "type is missing"},
        {HEAD "message: Hi\nmesage: Ho\n", "/mesage", "did you mean message?"},
        {HEAD "message: Hi\nxyzzy: 1\n", "/xyzzy", "there are name, type"},
        {"name: ''\n", "/name", "is empty"},
        {"name: 5\n", "/name", "put it in quotes"},
        {"name: \"a\\nb\"\n", "/name", "one line"},
        {"name: \"a\\x07b\"\n", "/name", "control character"},
        {"name: x\ntype: outbound\n", "/type", "outbound_sales"},
        {"channel: email\n", "/channel", "canvass sends SMS in this version"},
        {"channel: voice\n", "/channel", "canvass sends SMS in this version"},
        {"channel: multi\norder: [sms]\n", "/channel", "canvass sends SMS in this version"},
        {"channel: fax\n", "/channel", "is unknown"},
        {"segment: x\n", "/segment", "must be a mapping"},
        {"segment: {}\n", "/segment", "give one of"},
        {"segment: {template: inactive_customers, criteria: {}}\n", "/segment", "give one of"},
        {"segment: {template: inactive}\n", "/segment/template", "segment template"},
        {"segment: {template: inactve_customers}\n", "/segment/template", "inactive_customers?"},
        {"segment: {saved: nobody}\n", "/segment/saved", "no saved segment"},
        {"segment: {criteria: {last_contact: {older_than_day: 7}}}\n",
         "/segment/criteria/last_contact/older_than_day", "older_than_days"},
        {"segment: {criteria: {all: [{}, {appointment_count: -1}]}}\n",
         "/segment/criteria/all/1/appointment_count", ""},
        {HEAD "agent: {template: reactivation_campain}\n", "/agent/template",
         "did you mean reactivation_campaign?"},
        {HEAD "agent: {template: feedback_request}\n", "/agent/template",
         "is an agent for research"},
        {HEAD "agent: {mode: draft}\n", "/agent/mode", "needs a language model"},
        {HEAD "agent: {mode: auto}\n", "/agent/mode", "needs a language model"},
        {HEAD "agent: {mode: robot}\n", "/agent/mode", "is unknown"},
        {HEAD "agent: {mode: scripted}\n", "/agent", "system_prompt"},
        {HEAD "agent: {system_prompt: Be kind.}\n", "/agent", "at least one question"},
        {HEAD "agent: {template: reactivation_campaign, questions: []}\n", "/agent",
         "at least one question"},
        {HEAD "agent: {questions: ['Hi {question_1}?']}\n", "/agent/questions/0", "cannot ask"},
        {HEAD "agent: {questions: [a,b,c,d,e,f,g,h,i,j,k]}\n", "/agent/questions", "at most 10"},
        {HEAD "agent: {temperature: 1.01}\n", "/agent/temperature", "from 0"},
        {HEAD "agent: {temperature: -0.1}\n", "/agent/temperature", "from 0"},
        {HEAD "agent: {temperature: hot}\n", "/agent/temperature", "must be a number"},
        {HEAD "agent: {voice: alloi}\n", "/agent/voice", "did you mean alloy?"},
        {HEAD "agent: {max_tokens: 0}\n", "/agent/max_tokens", "must be 1"},
        {HEAD "agent: {prompt: x}\n", "/agent/prompt", "unknown key"},
        {HEAD "message: []\n", "/message", "at least one variant"},
        {HEAD "message: {txt: Hi}\n", "/message/txt", "did you mean text?"},
        {HEAD "message: {name: A}\n", "/message", "text is missing"},
        {HEAD "message: [{text: Hi, weight: 0}]\n", "/message/0/weight", "more than 0"},
        {HEAD "message: [Hi, {text: Ho, weight: 1e9}]\n", "/message/1/weight", ""},
        {HEAD "message: [{name: A, text: x}, {name: A, text: y}]\n", "/message", "named \"A\""},
        {HEAD "message: [Hi, '{frist_name}']\n", "/message/1", "did you mean {first_name}?"},
        {HEAD "message: '{question_1}'\n", "/message", "the agent has 0 questions"},
        {HEAD "message: ' '\n", "/message", "is empty"},
        {HEAD "schedule: {start: tomorrow}\n", "/schedule/start", "with its zone"},
        {HEAD "schedule: {start: 2026-12-01T09:00:00}\n", "/schedule/start", "with its zone"},
        {HEAD "schedule: {start: '2026-12-01T10:00', zone: mine}\n", "/schedule/zone", "recipient"},
        {HEAD "schedule: {zone: recipient}\n", "/schedule/zone", "needs start"},
        {HEAD "schedule: {start: '2026-12-01T10:00:00Z', zone: recipient}\n", "/schedule/start",
         "without a zone"},
        {HEAD "schedule: {start: now, zone: recipient}\n", "/schedule/start", "without a zone"},
        {HEAD "schedule: {quiet_hours: {from: '09:00'}}\n", "/schedule/quiet_hours", "from and to"},
        {HEAD "schedule: {quiet_hours: {from: '25:00', to: '26:00'}}\n", "/schedule/quiet_hours",
         "times of a day"},
        {HEAD "limits: {per_second: 0}\n", "/limits/per_second", "more than 0"},
        {HEAD "limits: {per_seconds: 1}\n", "/limits/per_seconds", "did you mean per_second?"},
        {HEAD "limits: {per_day: 0}\n", "/limits/per_day", "must be 1"},
        {HEAD "limits: {frequency_cap: {messages: 2}}\n", "/limits/frequency_cap",
         "days is missing"},
        {HEAD "limits: {frequency_cap: {messages: 1.5, days: 1}}\n",
         "/limits/frequency_cap/messages", "a fraction"},
        {HEAD "canary: {hold_minutes: 5}\n", "/canary", "recipients is missing"},
        {HEAD "canary: {recipients: 0}\n", "/canary/recipients", "must be 1"},
        {HEAD "canary: {recipients: 5, max_failed: 5}\n", "/canary/max_failed", "such as 5%"},
        {HEAD "canary: {recipients: 5, max_failed: 101%}\n", "/canary/max_failed", "such as 5%"},
        {HEAD "canary: {recipients: 5, go: now}\n", "/canary/go", "must be auto"},
        {HEAD "canary: {recipients: 5, max_fail: 5%}\n", "/canary/max_fail",
         "did you mean max_failed?"},
        {HEAD "follow_ups: [{after_days: 3}]\n", "/follow_ups", "no follow-ups"},
        {HEAD "follow_ups: 3\n", "/follow_ups", "must be a list"},
        {HEAD "'a/b~c': 1\n", "/a~1b~0c", "unknown key"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *spec = yaml(cases[i].text);
        struct error err = {0};

        if (spec_check(w->ledger, &w->config, spec, true, &err))
            fail_msg("passed: %s", cases[i].text);
        assert_int_equal(err.code, ERR_INVALID);
        if (strcmp(err.path, cases[i].path) != 0 || !strstr(err.text, cases[i].says))
            fail_msg("%s: at %s \"%s\"", cases[i].text, err.path, err.text);
        json_decref(spec);
    }
}

static void
the_shortest_file_has_sensible_defaults(void **state)
{
    struct world *w = *state;
    struct campaign c = {.spec = yaml(HEAD "message: Hi. Reply STOP to end.\n")};
    struct error err = {0};

    w->config.policy.cap_messages = 3;
    w->config.policy.cap_days = 7;
    assert_true(spec_check(w->ledger, &w->config, c.spec, true, &err));
    assert_true(spec_apply(&w->config, &c, &err));
    assert_string_equal(c.channel, "sms");
    assert_int_equal(c.variant_count, 1);
    assert_string_equal(c.variants[0].name, "A");
    assert_false(c.agent.scripted);
    assert_int_equal(c.planned_start, 0);
    assert_int_equal(c.cap_messages, 3);
    assert_string_equal(c.offer, "");
    campaign_release(&c);
}

static void
everything_is_read_and_templates_are_overridden(void **state)
{
    struct world *w = *state;
    struct campaign c = {
        .spec = yaml("name: Autumn\n"
                     "segment: {template: inactive_customers}\n"
                     "agent:\n"
                     "  template: reactivation_campaign\n"
                     "  questions: ['Shall we?']\n"
                     "  voice: echo\n"
                     "  temperature: 0\n"
                     "  offer: 20 % off\n"
                     "message:\n"
                     "- {name: short, text: 'Hi {offer}', weight: 3}\n"
                     "- 'Ho {question_1}'\n"
                     "schedule: {start: '2026-12-01T09:00:00+01:00', quiet_hours: {from: "
                     "'09:30', to: '20:00'}}\n"
                     "limits: {per_second: 0.5, frequency_cap: {messages: 2, days: 7}}\n"
                     "follow_ups: []\n")};
    const struct agent_template *t = agent_template_find("reactivation_campaign");
    struct error err = {0};

    if (!spec_check(w->ledger, &w->config, c.spec, true, &err))
        fail_msg("%s: %s", err.path, err.text);
    assert_true(spec_apply(&w->config, &c, &err));
    assert_string_equal(c.type, "outbound_sales"); /* of the template */
    assert_string_equal(c.agent.system_prompt, t->system_prompt);
    assert_int_equal(c.agent.question_count, 1);
    assert_string_equal(c.agent.voice, "echo");
    assert_true(c.agent.temperature <= 0);
    assert_true(c.agent.scripted);
    assert_string_equal(c.offer, "20 % off");
    assert_string_equal(c.variants[0].name, "short");
    assert_string_equal(c.variants[1].name, "B");
    assert_true(c.variants[0].weight > 2.9 && c.variants[1].weight < 1.1);
    assert_int_equal(c.planned_start, 1796112000);
    assert_true(c.quiet_hours.set);
    assert_int_equal(c.quiet_hours.from_min, 570);
    assert_int_equal(c.cap_messages, 2);
    campaign_release(&c);
}

static void
a_draft_may_be_incomplete_but_not_wrong(void **state)
{
    static const struct {
        const char *text;
        bool taken;
    } cases[] = {
        {"{}", true},
        {"name: ''\nmessage: ''\n", true},
        {"segment: {}\nagent: {mode: scripted}\nmessage: []\n", true},
        {"message: [{name: A, text: ''}]\n", true},
        {"nme: x\n", false},
        {"type: foo\n", false},
        {"message: '{x_y_z}'\n", false},
        {"follow_ups: [1]\n", false},
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *spec = yaml(cases[i].text);
        struct campaign c = {0};
        struct error err = {0};
        int64_t id = 0;

        if (campaign_create(w->ledger, &w->config, spec, false, WORLD_NOW, &id, &err) !=
            cases[i].taken)
            fail_msg("%s: %s %s", cases[i].text, err.path, err.text);
        if (cases[i].taken) {
            assert_true(campaign_load(w->ledger, &w->config, id, &c, &err));
            assert_true(json_equal(c.spec, spec));
            campaign_release(&c);
            assert_false(world_begin(w, id, 0, &err)); /* and is never launched */
            assert_int_equal(err.code, ERR_CONFLICT);
        }
        json_decref(spec);
    }
}

static void
the_wizard_is_kept_with_drafts_only(void **state)
{
    struct world *w = *state;
    json_t *wizard = json_pack("{s:i}", "step", 2);
    struct campaign c = {0};
    struct error err = {0};
    int64_t id;

    world_add_customers(w, 2);
    id = world_create(w, NULL);
    assert_true(campaign_save_wizard(w->ledger, id, wizard, WORLD_NOW, &err));
    assert_true(campaign_load(w->ledger, &w->config, id, &c, &err));
    assert_true(json_equal(c.wizard, wizard));
    campaign_release(&c);
    world_launch(w, id);
    assert_false(campaign_save_wizard(w->ledger, id, wizard, WORLD_NOW, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(campaign_save_wizard(w->ledger, 99, wizard, WORLD_NOW, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    json_decref(wizard);
}

/* Bytes at random never crash the reader of files, and what it takes can be launched or reviewed.
 */
static void
random_changes_of_a_good_file(void **state)
{
    static const char good[] = HEAD "agent: {template: reactivation_campaign, questions: ['A?']}\n"
                                    "message: [{name: A, text: 'Hi {first_name|x}', weight: 2}]\n"
                                    "schedule: {start: now}\nlimits: {per_second: 1}\n";
    struct world *w = *state;
    uint64_t seed = 12345;

    for (int round = 0; round < 3000; round++) {
        char text[sizeof good];
        struct yaml_doc doc = {0};
        struct error err = {0};

        memcpy(text, good, sizeof good);
        for (int change = 0; change < 3; change++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            text[(seed >> 33) % (sizeof good - 1)] = (char)(32 + (seed >> 20) % 96);
        }
        if (yaml_parse(text, strlen(text), &doc, &err) && doc.root &&
            spec_check(w->ledger, &w->config, doc.root, true, &err)) {
            struct campaign c = {.spec = json_incref(doc.root)};

            assert_true(spec_apply(&w->config, &c, &err));
            assert_true(c.variant_count > 0 && c.name[0]);
            campaign_release(&c);
        } else if (doc.root) {
            assert_int_equal(err.code, ERR_INVALID);
            assert_true(err.path[0] && err.text[0]);
        }
        yaml_release(&doc);
    }
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(wrong_files_are_refused_at_their_place),
        IN_WORLD(the_shortest_file_has_sensible_defaults),
        IN_WORLD(everything_is_read_and_templates_are_overridden),
        IN_WORLD(a_draft_may_be_incomplete_but_not_wrong),
        IN_WORLD(the_wizard_is_kept_with_drafts_only),
        IN_WORLD(random_changes_of_a_good_file),
    };

    return cmocka_run_group_tests_name("campaign files", tests, NULL, NULL);
}
