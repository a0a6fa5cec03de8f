#include "core/outbox/reconcile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/store/place_store.h"

enum { LOOK_FIRST_S = 5, LOOK_MAX_S = 120, LOOKS_LEAST = 2, UNREADABLE_AGAIN_S = 15 };

/* Looks further and further apart, one of them right when the waiting is over. */
static int64_t
next_look_s(int64_t now_s, int64_t sure_at_s, int64_t lookups)
{
    int64_t wait = (int64_t)LOOK_FIRST_S << (lookups > 10 ? 10 : lookups);

    if (wait > LOOK_MAX_S)
        wait = LOOK_MAX_S;
    if (now_s < sure_at_s && now_s + wait > sure_at_s)
        return sure_at_s;
    return now_s + wait;
}

static bool
look_again(struct db *ledger, const struct attempt *a, int64_t lookups, int64_t at_s,
           const char *why, enum reconcile_end *end, struct error *err)
{
    *end = at_s ? RECONCILE_AGAIN : RECONCILE_PERSON;
    return attempt_plan_lookup(ledger, a->id, lookups, at_s, why, err);
}

/* What the list has that no other attempt owns. */
struct free_messages {
    size_t fit, vague;
    size_t misnamed;               /* their ids stand at attempts to other numbers: one is wrong */
    const struct sms_found *first; /* that fits exactly */
};

static bool
count_free(struct db *ledger, const struct attempt *a, const struct sms_lookup_result *result,
           struct free_messages *out, struct error *err)
{
    *out = (struct free_messages){0};
    for (size_t i = 0; i < result->found_count; i++) {
        const struct sms_found *found = &result->found[i];
        enum id_owner owner;

        if (!attempt_id_owner(ledger, found->provider_id, a, &owner, err))
            return false;
        if (owner == ID_OF_SAME_NUMBER)
            continue;
        if (found->vague) {
            out->vague++;
        } else if (owner == ID_OF_OTHER_NUMBER) {
            out->misnamed++;
        } else {
            out->first = out->first ? out->first : found;
            out->fit++;
        }
    }
    return true;
}

/* Why an empty list does not prove that it was not sent; NULL: it does. */
static const char *
why_not_proved(const struct attempt *a, const struct reconcile_ask *ask,
               const struct free_messages *there)
{
    if (!text_eq(a->sender, ask->sender))
        return "it was sent by another sender than the one configured now";
    if (a->has_reply)
        return "the list does not show it, but the person has answered since";
    if (there->misnamed > 0)
        return "the provider's list has it under an id that an answer gave to another number";
    if (there->vague > 0)
        return "the provider's list has a message to this number that fits only in part (the text "
               "or the time differs)";
    return NULL;
}

/* No message that fits exactly and may be taken for it. */
static bool
decide_empty(struct db *ledger, struct attempt *a, const struct reconcile_ask *ask,
             const struct free_messages *there, int64_t sure_at_s, int64_t now_ms,
             enum reconcile_end *end, struct error *err)
{
    const int64_t now_s = now_ms / 1000;
    const int64_t lookups = a->lookups + 1;
    const char *why = why_not_proved(a, ask, there);
    bool stray = false;

    if (a->fence == 0 && !stray_exists(ledger, a->address, &stray, err))
        return false;
    if (!why && stray)
        why = "a callback told of a message to this number that was sent after the backup";
    if (ask->asked_at_s < sure_at_s || lookups < LOOKS_LEAST)
        return look_again(ledger, a, lookups, next_look_s(now_s, sure_at_s, lookups), why, end,
                          err);
    if (why)
        return look_again(ledger, a, lookups, 0, why, end, err);
    *end = RECONCILE_NOT_SENT;
    return attempt_plan_lookup(ledger, a->id, lookups, 0, NULL, err) &&
           settle_not_sent(ledger, a, "list", "not in the provider's list", now_ms, err);
}

static bool
decide(struct db *ledger, const struct config *config, struct attempt *a,
       const struct reconcile_ask *ask, const struct sms_lookup_result *result, int64_t now_ms,
       struct settle_sum *sum, enum reconcile_end *end, struct error *err)
{
    const int64_t now_s = now_ms / 1000;
    /* The last instant at which the call could still have been written, and time for the list. */
    const int64_t sure_at_s =
        a->claimed_at_s + config->sms.timeout_seconds + config->policy.reconcile_after_seconds;
    struct free_messages there;
    int64_t rivals = 0;
    char why[300];

    if (!result->answered) {
        (void)snprintf(why, sizeof why, "the provider's list could not be read: %s", result->error);
        return look_again(ledger, a, a->lookups, now_s + UNREADABLE_AGAIN_S, why, end, err);
    }
    if (!count_free(ledger, a, result, &there, err) ||
        !attempt_count_rivals(ledger, a, &rivals, err))
        return false;
    if (there.fit > 1 || (there.fit == 1 && (rivals > 0 || there.misnamed > 0))) {
        /* A rival that is still under way may yet name its own message: look again until sure. */
        (void)snprintf(why, sizeof why,
                       "the provider's list has %zu messages that fit, and %" PRId64
                       " attempts of ours that they could be",
                       there.fit + there.misnamed, rivals + 1);
        return look_again(ledger, a, a->lookups,
                          now_s < sure_at_s ? next_look_s(now_s, sure_at_s, a->lookups + 1) : 0,
                          why, end, err);
    }
    if (there.fit == 1) {
        *end = RECONCILE_ACCEPTED;
        return settle_accepted(ledger, a, there.first->provider_id, "list", now_s, sum, err) &&
               settle_status(ledger, a, there.first->status, there.first->error_code, now_s, err);
    }
    return decide_empty(ledger, a, ask, &there, sure_at_s, now_ms, end, err);
}

bool
reconcile_apply(struct db *ledger, const struct config *config, const struct reconcile_ask *ask,
                const struct sms_lookup_result *result, int64_t now_ms, struct settle_sum *sum,
                enum reconcile_end *end, struct error *err)
{
    struct attempt a = {0};
    bool ok = attempt_load(ledger, result->attempt_id, &a, err);

    *end = RECONCILE_SETTLED;
    if (ok && a.outcome && strcmp(a.outcome, "unknown") != 0)
        ok = attempt_plan_lookup(ledger, a.id, a.lookups, 0, NULL, err);
    else if (ok)
        ok = decide(ledger, config, &a, ask, result, now_ms, sum, end, err);
    attempt_release(&a);
    return ok || error_wrap(err, "settle attempt %" PRId64, result->attempt_id);
}
