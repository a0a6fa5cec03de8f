/* From a campaign file to the fields of struct campaign. What does not fit is left empty here:
 * spec_check() is the one that complains. */
#include "core/campaign/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"

/* Where a day begins first: Kiritimati, 14 hours before UTC. */
enum { EARLIEST_ZONE_S = 14 * 3600 };

bool
spec_local_time(const char *text, int64_t *local_s)
{
    char full[40];

    if (strlen(text) != 16 && strlen(text) != 19)
        return false;
    (void)snprintf(full, sizeof full, "%s%sZ", text, strlen(text) == 16 ? ":00" : "");
    return utime_parse_rfc3339(full, strlen(full), local_s);
}

static void
set_text(char **field, const char *value)
{
    free(*field);
    *field = mem_strdup(value ? value : "");
}

static void
list_from_json(const json_t *list, size_t most, char ***items, size_t *count)
{
    size_t size = json_array_size(list) < most ? json_array_size(list) : most;

    campaign_texts_free(items, count);
    *items = mem_calloc(size + 1, sizeof **items);
    for (size_t i = 0; i < size; i++) {
        const char *s = json_string_value(json_array_get(list, i));

        (*items)[(*count)++] = mem_strdup(s ? s : "");
    }
}

static void
list_from_template(const char *const *from, size_t from_count, char ***items, size_t *count)
{
    campaign_texts_free(items, count);
    *items = mem_calloc(from_count + 1, sizeof **items);
    for (size_t i = 0; i < from_count; i++)
        (*items)[(*count)++] = mem_strdup(from[i]);
}

static void
agent_from_template(struct campaign_agent *a, const struct agent_template *t)
{
    set_text(&a->template_name, t->name);
    set_text(&a->title, t->title);
    set_text(&a->system_prompt, t->system_prompt);
    set_text(&a->voice, t->voice);
    set_text(&a->model, t->model);
    a->temperature = t->temperature;
    a->max_tokens = t->max_tokens;
    list_from_template(t->questions, t->question_count, &a->questions, &a->question_count);
    list_from_template(t->outcomes, t->outcome_count, &a->outcomes, &a->outcome_count);
}

static void
override_text(char **field, const json_t *agent, const char *key)
{
    const char *s = json_string_value(json_object_get(agent, key));

    if (s || !*field)
        set_text(field, s);
}

static void
apply_agent(struct campaign *c, const json_t *agent)
{
    struct campaign_agent *a = &c->agent;
    const char *mode = json_string_value(json_object_get(agent, "mode"));
    const struct agent_template *t =
        agent_template_find(json_string_value(json_object_get(agent, "template")));
    const json_t *v;

    campaign_agent_release(a);
    if (t)
        agent_from_template(a, t);
    else
        set_text(&a->template_name, "");
    override_text(&a->title, agent, "title");
    override_text(&a->system_prompt, agent, "system_prompt");
    override_text(&a->voice, agent, "voice");
    override_text(&a->model, agent, "model");
    if (json_is_array(v = json_object_get(agent, "questions")))
        list_from_json(v, SPEC_QUESTION_MAX, &a->questions, &a->question_count);
    if (json_is_array(v = json_object_get(agent, "outcomes")))
        list_from_json(v, 30, &a->outcomes, &a->outcome_count);
    if (json_is_number(v = json_object_get(agent, "temperature")))
        a->temperature = json_number_value(v);
    if (json_is_integer(v = json_object_get(agent, "max_tokens")))
        a->max_tokens = json_integer_value(v);
    a->scripted = json_is_object(agent) && (!mode || strcmp(mode, "scripted") == 0);
}

static void
apply_variant(struct campaign *c, const json_t *v)
{
    struct campaign_variant *out = &c->variants[c->variant_count];
    const char *name = json_string_value(json_object_get(v, "name"));
    const char *text =
        json_is_string(v) ? json_string_value(v) : json_string_value(json_object_get(v, "text"));
    const json_t *weight = json_object_get(v, "weight");

    out->name = name && *name ? mem_strdup(name) : mem_printf("%c", 'A' + (int)c->variant_count);
    out->text = mem_strdup(text ? text : "");
    out->weight = json_is_number(weight) ? json_number_value(weight) : 1;
    c->variant_count++;
}

static void
apply_message(struct campaign *c, const json_t *message)
{
    size_t count = json_is_array(message) ? json_array_size(message) : message != NULL;

    campaign_variants_free(c);
    if (count > SPEC_VARIANT_MAX)
        count = SPEC_VARIANT_MAX;
    c->variants = mem_calloc(count + 1, sizeof *c->variants);
    for (size_t i = 0; i < count; i++)
        apply_variant(c, json_is_array(message) ? json_array_get(message, i) : message);
}

static void
apply_schedule(const struct config *config, struct campaign *c, const json_t *schedule)
{
    const char *start = json_string_value(json_object_get(schedule, "start"));
    const char *zone = json_string_value(json_object_get(schedule, "zone"));
    const json_t *quiet = json_object_get(schedule, "quiet_hours");
    const char *from = json_string_value(json_object_get(quiet, "from"));
    const char *to = json_string_value(json_object_get(quiet, "to"));

    if (!from || !to || !quiet_window_parse(from, to, &c->quiet_hours))
        c->quiet_hours = config->policy.quiet_hours;
    c->planned_start = 0;
    c->local_start_s = 0;
    if (start && zone && strcmp(zone, "recipient") == 0) {
        if (spec_local_time(start, &c->local_start_s))
            c->planned_start = c->local_start_s - EARLIEST_ZONE_S;
        return;
    }
    if (start && !utime_parse_rfc3339(start, strlen(start), &c->planned_start))
        c->planned_start = 0; /* now */
}

static void
apply_limits(const struct config *config, struct campaign *c, const json_t *limits)
{
    const json_t *cap = json_object_get(limits, "frequency_cap");
    const json_t *messages = json_object_get(cap, "messages");
    const json_t *days = json_object_get(cap, "days");

    c->per_second = json_number_value(json_object_get(limits, "per_second"));
    c->per_day = json_integer_value(json_object_get(limits, "per_day"));
    c->cap_messages = config->policy.cap_messages;
    c->cap_days = config->policy.cap_days;
    if (json_is_integer(messages) && json_is_integer(days)) {
        c->cap_messages = json_integer_value(messages);
        c->cap_days = json_integer_value(days);
    }
}

bool
spec_share(const char *text, double *share)
{
    char number[16];
    const size_t len = strlen(text);

    if (len < 2 || len >= sizeof number || text[len - 1] != '%')
        return false;
    (void)snprintf(number, sizeof number, "%.*s", (int)(len - 1), text);
    if (!num_parse_double(number, share) || !(*share >= 0 && *share <= 100))
        return false;
    *share /= 100;
    return true;
}

static double
share_of(const json_t *canary, const char *key)
{
    const char *text = json_string_value(json_object_get(canary, key));
    double share = 0;

    return text && spec_share(text, &share) ? share : -1.0;
}

static void
apply_canary(struct campaign *c, const json_t *canary)
{
    const char *go = json_string_value(json_object_get(canary, "go"));
    const json_t *hold = json_object_get(canary, "hold_minutes");

    c->canary = (struct campaign_canary){
        .recipients = json_integer_value(json_object_get(canary, "recipients")),
        .hold_s = json_is_integer(hold) ? json_integer_value(hold) * 60 : INT64_C(30) * 60,
        .max_failed = share_of(canary, "max_failed"),
        .max_opt_out = share_of(canary, "max_opt_out"),
        .max_30007 = share_of(canary, "max_30007"),
        .go_auto = !go || strcmp(go, "auto") == 0,
    };
}

/* Name, type and channel of the file; those of the row stay where the file says nothing. */
static void
apply_head(struct campaign *c)
{
    const char *name = json_string_value(json_object_get(c->spec, "name"));
    const char *type = json_string_value(json_object_get(c->spec, "type"));
    const char *channel = json_string_value(json_object_get(c->spec, "channel"));
    const struct agent_template *t = agent_template_find(c->agent.template_name);

    if (name || !c->name)
        set_text(&c->name, name);
    if (type || !c->type)
        set_text(&c->type, type ? type : t ? t->type : "");
    if (channel || !c->channel)
        set_text(&c->channel, channel ? channel : "sms");
}

bool
spec_apply(const struct config *config, struct campaign *c, struct error *err)
{
    const json_t *agent = json_object_get(c->spec, "agent");
    const char *offer = json_string_value(json_object_get(agent, "offer"));

    if (!json_is_object(c->spec))
        return error_set_at(err, ERR_INVALID, "/", "a campaign file is a mapping");
    apply_agent(c, agent);
    apply_head(c);
    apply_message(c, json_object_get(c->spec, "message"));
    apply_schedule(config, c, json_object_get(c->spec, "schedule"));
    apply_limits(config, c, json_object_get(c->spec, "limits"));
    apply_canary(c, json_object_get(c->spec, "canary"));
    set_text(&c->offer, offer ? offer : json_string_value(json_object_get(c->spec, "offer")));
    return true;
}
