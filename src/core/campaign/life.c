/* The life of a campaign: which action leads from which status to which. */
#include "core/campaign/campaign.h"

#include <string.h>

#include "core/base/cc.h"

static const struct action_word {
    const char *done;    /* "cannot be ..." */
    const char *instead; /* what to do, when it is forbidden */
} action_words[] = {
    [CAMPAIGN_DO_EDIT] = {"edited", "clone it and edit the clone"},
    [CAMPAIGN_DO_LAUNCH] = {"launched again", "clone it: the clone leaves out who was contacted"},
    [CAMPAIGN_DO_PAUSE] = {"paused", "only an active campaign can"},
    [CAMPAIGN_DO_RESUME] = {"resumed", "only a paused campaign can"},
    [CAMPAIGN_DO_COMPLETE] = {"completed", "only an active or paused campaign can"},
    [CAMPAIGN_DO_CANCEL] = {"cancelled", "only a scheduled, active or paused campaign can"},
    [CAMPAIGN_DO_DELETE] = {"deleted", "complete or cancel it first"},
    [CAMPAIGN_DO_CLONE] = {"cloned", ""},
};
_Static_assert(ARRAY_LEN(action_words) == CAMPAIGN_ACTION_COUNT, "words for every action");

/* The one table. What is not here does not happen; life_target() and campaign_may() read it. */
static const struct transition {
    enum campaign_action action;
    enum campaign_status from, to; /* to == from: the status stays (or the row goes) */
} transitions[] = {
    {CAMPAIGN_DO_EDIT, CAMPAIGN_DRAFT, CAMPAIGN_DRAFT},
    {CAMPAIGN_DO_LAUNCH, CAMPAIGN_DRAFT, CAMPAIGN_ACTIVE},
    {CAMPAIGN_DO_LAUNCH, CAMPAIGN_DRAFT, CAMPAIGN_SCHEDULED},
    {CAMPAIGN_DO_PAUSE, CAMPAIGN_ACTIVE, CAMPAIGN_PAUSED},
    {CAMPAIGN_DO_RESUME, CAMPAIGN_PAUSED, CAMPAIGN_ACTIVE},
    {CAMPAIGN_DO_COMPLETE, CAMPAIGN_ACTIVE, CAMPAIGN_COMPLETED},
    {CAMPAIGN_DO_COMPLETE, CAMPAIGN_PAUSED, CAMPAIGN_COMPLETED},
    {CAMPAIGN_DO_CANCEL, CAMPAIGN_SCHEDULED, CAMPAIGN_CANCELLED},
    {CAMPAIGN_DO_CANCEL, CAMPAIGN_ACTIVE, CAMPAIGN_CANCELLED},
    {CAMPAIGN_DO_CANCEL, CAMPAIGN_PAUSED, CAMPAIGN_CANCELLED},
    {CAMPAIGN_DO_DELETE, CAMPAIGN_DRAFT, CAMPAIGN_DRAFT},
    {CAMPAIGN_DO_DELETE, CAMPAIGN_COMPLETED, CAMPAIGN_COMPLETED},
    {CAMPAIGN_DO_DELETE, CAMPAIGN_CANCELLED, CAMPAIGN_CANCELLED},
    {CAMPAIGN_DO_CLONE, CAMPAIGN_DRAFT, CAMPAIGN_DRAFT},
    {CAMPAIGN_DO_CLONE, CAMPAIGN_SCHEDULED, CAMPAIGN_SCHEDULED},
    {CAMPAIGN_DO_CLONE, CAMPAIGN_ACTIVE, CAMPAIGN_ACTIVE},
    {CAMPAIGN_DO_CLONE, CAMPAIGN_PAUSED, CAMPAIGN_PAUSED},
    {CAMPAIGN_DO_CLONE, CAMPAIGN_COMPLETED, CAMPAIGN_COMPLETED},
    {CAMPAIGN_DO_CLONE, CAMPAIGN_CANCELLED, CAMPAIGN_CANCELLED},
    /* what the program does by itself */
    {CAMPAIGN_BY_START, CAMPAIGN_SCHEDULED, CAMPAIGN_ACTIVE},
    {CAMPAIGN_BY_PLAN_FAILED, CAMPAIGN_SCHEDULED, CAMPAIGN_DRAFT},
    {CAMPAIGN_BY_PLAN_FAILED, CAMPAIGN_ACTIVE, CAMPAIGN_DRAFT},
    {CAMPAIGN_BY_PLAN_FAILED, CAMPAIGN_PAUSED, CAMPAIGN_DRAFT},
};

bool
campaign_leads(enum campaign_action action, enum campaign_status from, enum campaign_status to)
{
    for (size_t i = 0; i < ARRAY_LEN(transitions); i++)
        if (transitions[i].action == action && transitions[i].from == from &&
            transitions[i].to == to)
            return true;
    return false;
}

bool
campaign_may(enum campaign_status status, enum campaign_action action, struct error *reason)
{
    for (size_t i = 0; i < ARRAY_LEN(transitions); i++)
        if (transitions[i].action == action && transitions[i].from == status)
            return true;
    if (action >= CAMPAIGN_ACTION_COUNT)
        return error_set(reason, ERR_CONFLICT, "the campaign is %s", campaign_status_name(status));
    if (action == CAMPAIGN_DO_DELETE && status == CAMPAIGN_SCHEDULED)
        return error_set(reason, ERR_CONFLICT,
                         "the campaign is scheduled and cannot be deleted: cancel it first");
    return error_set(reason, ERR_CONFLICT, "the campaign is %s and cannot be %s: %s",
                     campaign_status_name(status), action_words[action].done,
                     action_words[action].instead);
}
