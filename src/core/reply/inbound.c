/* A customer's message: opt-out first, then whose it is, then what follows (semantics.md). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/reply/reply_private.h"
#include "core/reply/words.h"
#include "core/store/stores.h"
#include "core/store/suppression_store.h"

#define CHANNEL "sms" /* covers MMS and RCS */
#define EVIDENCE_MAX 120

struct arrival {
    struct reply_run *run;
    const struct inbound_sms *sms;
    char address[64]; /* in E.164, else as it came (a short code) */
    enum reply_word word;
    const char *intent;
    struct attribution to;
    int64_t conversation_id, message_id;
};

/* --- whose it is */

static bool
find_customer(struct arrival *a, struct conversation_head *head)
{
    struct error err = {0};
    bool found = false;

    if (a->to.delivery_id) {
        head->customer = key_dup(&a->to.customer);
        return true;
    }
    /* The replica may be missing or being rebuilt; a reply or an opt-out never waits for it. */
    if (!customer_find_by_phone(a->run->reader, a->address, &head->customer, &found, &err))
        log_line(LOG_WARN, "reply", "%s", err.text);
    return found;
}

static bool
open_conversation(struct arrival *a, struct error *err)
{
    struct reply_run *run = a->run;
    struct conversation_head head = {.campaign_id = a->to.campaign_id,
                                     .delivery_id = a->to.delivery_id};
    const struct campaign *c = NULL;
    char *sent = NULL;
    bool ok = false;

    head.address = mem_strdup(a->address);
    head.channel = mem_strdup(CHANNEL);
    head.has_customer = find_customer(a, &head);
    if (head.campaign_id)
        c = reply_run_campaign(run, head.campaign_id);
    head.agent =
        mem_strdup(c && c->agent.scripted && c->agent.question_count ? "scripted" : "none");
    ok = conversation_insert(run->ledger, &head, a->sms->to, a->sms->at_s, err) &&
         (!head.delivery_id ||
          message_copy_of_delivery(run->ledger, head.id, head.delivery_id, run->now_s, &sent, err));
    if (ok && strcmp(head.agent, "scripted") == 0) {
        const struct conversation_change asked = {
            .set_next_question = true,
            .next_question = agent_count_asked(run, c, &a->to, sent),
            .now_s = run->now_s,
        };

        ok = conversation_change(run->ledger, head.id, &asked, err);
    }
    a->conversation_id = head.id;
    free(sent);
    conversation_head_release(&head);
    return ok;
}

static bool
place(struct arrival *a, struct error *err)
{
    struct reply_run *run = a->run;
    char *sent = NULL;
    bool ok = attribution_find(run->ledger, a->address, CHANNEL, a->sms->at_s, &a->to, err) &&
              conversation_find(run->ledger, a->address, CHANNEL, a->to.campaign_id,
                                &a->conversation_id, err);

    if (!ok)
        return false;
    if (!a->conversation_id)
        ok = open_conversation(a, err);
    else if (a->to.delivery_id) /* a later step of the same campaign belongs to the thread too */
        ok = message_copy_of_delivery(run->ledger, a->conversation_id, a->to.delivery_id,
                                      run->now_s, &sent, err);
    free(sent);
    return ok;
}

static bool
keep_message(struct arrival *a, struct error *err)
{
    const struct message_new m = {
        .conversation_id = a->conversation_id,
        .inbound = true,
        .author = "customer",
        .provider_id = a->sms->provider_id,
        .address = a->address,
        .text = a->sms->shown,
        .intent = a->intent,
        .question = -1,
        .at_s = a->sms->at_s,
        .now_s = a->run->now_s,
    };

    return message_insert(a->run->ledger, &m, &a->message_id, err) &&
           conversation_touch(a->run->ledger, a->conversation_id, a->sms->to, a->sms->at_s, err);
}

/* --- what follows */

static bool
mark_replied(struct arrival *a, struct error *err)
{
    struct reply_run *run = a->run;

    return !a->to.delivery_id ||
           (delivery_mark_replied(run->ledger, a->to.delivery_id, a->sms->at_s, run->now_s, err) &&
            delivery_skip_follow_ups(run->ledger, a->to.delivery_id, run->now_s, err));
}

static char *
evidence(const struct arrival *a)
{
    struct buf text = {0};
    size_t len = strlen(a->sms->body);
    char *out = NULL;

    if (len > EVIDENCE_MAX) {
        len = EVIDENCE_MAX;
        while (len && ((unsigned char)a->sms->body[len] & 0xC0) == 0x80)
            len--;
    }
    text_sanitise(&text, a->sms->body, len);
    out = mem_printf("wrote \"%s\" (%s)", buf_str(&text), a->sms->provider_id);
    buf_release(&text);
    return out;
}

static bool
on_stop(struct arrival *a, struct error *err)
{
    struct reply_run *run = a->run;
    const struct conversation_change ended = {.status = "completed",
                                              .outcome_if_none = "opted_out",
                                              .clear_review = true,
                                              .now_s = run->now_s};
    char *why = evidence(a);
    bool ok =
        suppression_add(run->ledger, a->address, CHANNEL, "opt_out", why, run->now_s, NULL, err) &&
        (!a->to.delivery_id ||
         delivery_mark_opted_out(run->ledger, a->to.delivery_id, a->sms->at_s, run->now_s, err)) &&
        message_hold_agent(run->ledger, a->conversation_id, "opted_out", run->now_s, err) &&
        conversation_change(run->ledger, a->conversation_id, &ended, err);

    free(why);
    run->report.opted_out += ok;
    return ok;
}

/* Opt-in again: only what was for this channel; "all" was somebody's decision about all of them. */
static bool
on_start(struct arrival *a, struct error *err)
{
    struct reply_run *run = a->run;
    struct conversation_change look = {.now_s = run->now_s};
    struct error none = {0};
    char subject[32];
    bool still = false;
    bool was = suppression_remove(run->ledger, a->address, CHANNEL, &none);

    if (!was && none.code != ERR_NOT_FOUND) {
        *err = none;
        return false;
    }
    (void)snprintf(subject, sizeof subject, "conversation %" PRId64, a->conversation_id);
    if (was && !audit_add(run->ledger, run->now_s, "engine", "suppression.remove", subject,
                          "the person asked to be contacted again", err))
        return false;
    if (!suppression_is(run->ledger, a->address, CHANNEL, &still, err))
        return false;
    if (still)
        look.needs_review = "asks to be contacted again, but is suppressed on all channels";
    return conversation_change(run->ledger, a->conversation_id, &look, err);
}

static bool
on_review(struct arrival *a, struct error *err)
{
    const struct conversation_change look = {.needs_review = "may be an opt-out: read it and rule",
                                             .now_s = a->run->now_s};

    return conversation_change(a->run->ledger, a->conversation_id, &look, err);
}

static bool
on_late_start(struct arrival *a, struct error *err)
{
    const struct conversation_change look = {
        .needs_review = "asked to be contacted again while the relay was away: read it and rule",
        .now_s = a->run->now_s};

    return conversation_change(a->run->ledger, a->conversation_id, &look, err);
}

static bool
react(struct arrival *a, struct error *err)
{
    switch (a->word) {
    case REPLY_STOP:
        return on_stop(a, err);
    case REPLY_START:
        return mark_replied(a, err) && (a->sms->late ? on_late_start(a, err) : on_start(a, err));
    case REPLY_HELP: /* the provider has answered it */
        return mark_replied(a, err);
    case REPLY_REVIEW:
        return mark_replied(a, err) && on_review(a, err);
    case REPLY_OTHER:
    case REPLY_WORD_COUNT:
        break;
    }
    return mark_replied(a, err) && agent_on_reply(a->run, a->conversation_id, a->message_id,
                                                  a->sms->shown, a->sms->at_s, err);
}

/* The provider's own filter has the last word where it spoke: it blocks by it. */
static bool
find_word(struct arrival *a, struct error *err)
{
    const char *type = a->sms->opt_out_type;
    bool suppressed = false;

    a->word = reply_word_of(a->sms->body);
    if (type && strcmp(type, "STOP") == 0)
        a->word = REPLY_STOP;
    else if (type && strcmp(type, "START") == 0 && a->word != REPLY_STOP)
        a->word = REPLY_START;
    else if (a->word == REPLY_OTHER && reply_is_again(a->sms->body)) {
        if (!suppression_is(a->run->ledger, a->address, CHANNEL, &suppressed, err))
            return false;
        if (suppressed)
            a->word = REPLY_START;
    }
    a->intent = reply_intent_of(a->word, a->sms->body);
    return true;
}

bool
reply_apply_inbound(struct reply_run *run, const struct inbound_sms *sms, struct error *err)
{
    struct arrival a = {.run = run, .sms = sms};
    char e164[ADDRESS_PHONE_SIZE];
    bool ok = false;

    if (address_phone_normalise(sms->from, NULL, e164))
        (void)text_copy(a.address, sizeof a.address, e164);
    else if (!text_copy(a.address, sizeof a.address, sms->from))
        return error_set(err, ERR_INVALID, "the sender's address is too long");
    ok = find_word(&a, err) && place(&a, err) && keep_message(&a, err) && react(&a, err);
    attribution_release(&a.to);
    run->report.inbound += ok;
    return ok || error_wrap(err, "a reply");
}
