#include "core/campaign/record.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

static const char *const status_names[] = {
    [CAMPAIGN_DRAFT] = "draft",         [CAMPAIGN_SCHEDULED] = "scheduled",
    [CAMPAIGN_ACTIVE] = "active",       [CAMPAIGN_PAUSED] = "paused",
    [CAMPAIGN_COMPLETED] = "completed", [CAMPAIGN_CANCELLED] = "cancelled",
};
_Static_assert(ARRAY_LEN(status_names) == CAMPAIGN_STATUS_COUNT, "a name for every status");

static const char *const state_names[] = {
    [DELIVERY_QUEUED] = "queued",
    [DELIVERY_SENDING] = "sending",
    [DELIVERY_RETRY_WAIT] = "retry_wait",
    [DELIVERY_ACCEPTED] = "accepted",
    [DELIVERY_SENT] = "sent",
    [DELIVERY_DELIVERED] = "delivered",
    [DELIVERY_UNDELIVERED] = "undelivered",
    [DELIVERY_FAILED] = "failed",
    [DELIVERY_IN_DOUBT] = "in_doubt",
    [DELIVERY_SKIPPED] = "skipped",
};
_Static_assert(ARRAY_LEN(state_names) == DELIVERY_STATE_COUNT, "a name for every state");

static bool
parse_name(const char *name, const char *const *names, size_t count, size_t *out)
{
    for (size_t i = 0; name && i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

const char *
campaign_status_name(enum campaign_status s)
{
    return status_names[s];
}

bool
campaign_status_parse(const char *name, enum campaign_status *out)
{
    size_t i;
    bool ok = parse_name(name, status_names, ARRAY_LEN(status_names), &i);

    if (ok)
        *out = (enum campaign_status)i;
    return ok;
}

const char *
delivery_state_name(enum delivery_state s)
{
    return state_names[s];
}

bool
delivery_state_parse(const char *name, enum delivery_state *out)
{
    size_t i;
    bool ok = parse_name(name, state_names, ARRAY_LEN(state_names), &i);

    if (ok)
        *out = (enum delivery_state)i;
    return ok;
}

void
campaign_texts_free(char ***items, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        free((*items)[i]);
    free(*items);
    *items = NULL;
    *count = 0;
}
void
campaign_agent_release(struct campaign_agent *a)
{
    free(a->template_name);
    free(a->title);
    free(a->system_prompt);
    free(a->voice);
    free(a->model);
    campaign_texts_free(&a->questions, &a->question_count);
    campaign_texts_free(&a->outcomes, &a->outcome_count);
    *a = (struct campaign_agent){0};
}

void
campaign_variants_free(struct campaign *c)
{
    for (size_t i = 0; i < c->variant_count; i++) {
        free(c->variants[i].name);
        free(c->variants[i].text);
    }
    free(c->variants);
    c->variants = NULL;
    c->variant_count = 0;
}

void
campaign_release(struct campaign *c)
{
    campaign_variants_free(c);
    campaign_agent_release(&c->agent);
    free(c->name);
    free(c->type);
    free(c->channel);
    free(c->plan_state);
    free(c->pause_reason);
    free(c->offer);
    json_decref(c->spec);
    json_decref(c->wizard);
    *c = (struct campaign){0};
}

void
campaign_list_release(struct campaign_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        campaign_release(&l->items[i]);
    free(l->items);
    *l = (struct campaign_list){0};
}
