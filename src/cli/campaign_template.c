/* canvass campaign template list, show: the agents that come with canvass. */
#include "cli/campaign.h"

#include "core/base/text.h"
#include "core/campaign/spec.h"

enum { TEMPLATES_MAX = 64 };

static json_t *
texts_json(const char *const *texts, size_t count)
{
    json_t *out = json_array();

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(out, json_string(texts[i]));
    return out;
}

static json_t *
template_json(const struct agent_template *t)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:f, s:I}", "name", t->name, "title",
        t->title, "type", t->type, "system_prompt", t->system_prompt, "message", t->message,
        "questions", texts_json(t->questions, t->question_count), "outcomes",
        texts_json(t->outcomes, t->outcome_count), "voice", t->voice, "model", t->model,
        "temperature", t->temperature, "max_tokens", (json_int_t)t->max_tokens);
}

int
campaign_run_template_list(struct campaign_job *j, struct error *err)
{
    const struct agent_template *all[TEMPLATES_MAX];
    size_t count = agent_template_list(j->type, all, ARRAY_LEN(all));
    json_t *rows = json_array();

    if (count == 0) {
        json_decref(rows);
        (void)error_set(err, ERR_INVALID,
                        "\"%.40s\" is no type of campaign; there are research and outbound_sales",
                        j->type ? j->type : "");
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(rows, template_json(all[i]));
        if (!j->cli->json)
            cli_printf("%-30s %-15s %s\n", all[i]->name, all[i]->type, all[i]->title);
    }
    if (j->cli->json)
        return cli_print_json(json_pack("{s:o}", "templates", rows));
    json_decref(rows);
    return EXIT_DONE;
}

static void
print_template(const struct agent_template *t)
{
    cli_printf("%s\n%s, for %s campaigns\n\nvoice %s, model %s, temperature %g, %lld tokens at "
               "most\n\n%s\nfirst message\n  %s\n\nquestions\n",
               t->name, t->title, t->type, t->voice, t->model, t->temperature,
               (long long)t->max_tokens, t->system_prompt, t->message);
    for (size_t i = 0; i < t->question_count; i++)
        cli_printf("  %zu. %s\n", i + 1, t->questions[i]);
    cli_printf("\noutcomes\n ");
    for (size_t i = 0; i < t->outcome_count; i++)
        cli_printf(" %s", t->outcomes[i]);
    cli_printf("\n");
}

int
campaign_run_template_show(struct campaign_job *j, struct error *err)
{
    const struct agent_template *t = agent_template_find(j->name);
    const struct agent_template *near;

    if (t && j->cli->json)
        return cli_print_json(template_json(t));
    if (t) {
        print_template(t);
        return EXIT_DONE;
    }
    near = agent_template_nearest(j->name);
    (void)error_set(err, ERR_NOT_FOUND, "there is no agent template \"%.60s\"%s%s%s", j->name,
                    near ? "; did you mean " : "", near ? near->name : "", near ? "?" : "");
    return -1;
}
