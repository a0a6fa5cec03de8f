/* What an operator does with a conversation. Each is one transaction and stands in the audit. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/reply/reply.h"
#include "core/store/conversation_store.h"
#include "core/store/stores.h"
#include "core/store/suppression_store.h"

#define TEXT_MAX 1600 /* characters; providers.md 1.1 */
#define OUTCOME_MAX 100

struct act {
    struct db *ledger;
    struct conversation_head head;
    int64_t now_s;
};

static bool
act_begin(struct act *a, struct db *ledger, int64_t id, int64_t now_s, struct error *err)
{
    *a = (struct act){.ledger = ledger, .now_s = now_s};
    if (!db_begin(ledger, err))
        return false;
    if (conversation_head_load(ledger, id, &a->head, err))
        return true;
    db_rollback(ledger);
    return false;
}

/* Writes the audit and commits, or takes everything back. */
static bool
act_end(struct act *a, bool ok, const char *action, const char *detail, struct error *err)
{
    char subject[48];

    (void)snprintf(subject, sizeof subject, "conversation %" PRId64, a->head.id);
    ok = ok && audit_add(a->ledger, a->now_s, audit_actor(), action, subject, detail, err);
    if (ok)
        ok = db_commit(a->ledger, err);
    else
        db_rollback(a->ledger);
    conversation_head_release(&a->head);
    return ok || error_wrap(err, "%s", subject);
}

static bool
check_text(const char *text, struct error *err)
{
    size_t len = text ? strlen(text) : 0, characters = 0;

    if (text_is_blank(text))
        return error_set(err, ERR_INVALID, "the message is empty");
    if (!utf8_is_valid(text, len))
        return error_set(err, ERR_INVALID, "the message is not UTF-8");
    for (size_t i = 0; i < len; i++)
        characters += ((unsigned char)text[i] & 0xC0) != 0x80;
    if (characters > TEXT_MAX)
        return error_set(err, ERR_INVALID, "the message has %zu characters; %d is the most",
                         characters, TEXT_MAX);
    return true;
}

static bool
check_reachable(struct act *a, struct error *err)
{
    bool suppressed = false;

    if (!suppression_is(a->ledger, a->head.address, a->head.channel, &suppressed, err))
        return false;
    return !suppressed ||
           error_set(err, ERR_CONFLICT, "this person has opted out; nothing may be sent");
}

bool
conversation_answer(struct db *ledger, int64_t id, const char *text, int64_t now_s,
                    int64_t *message_id, struct error *err)
{
    struct act a;
    bool ok = false;

    if (!check_text(text, err) || !act_begin(&a, ledger, id, now_s, err))
        return false;
    ok = check_reachable(&a, err);
    if (ok) {
        const struct message_new m = {
            .conversation_id = id,
            .author = "operator",
            .address = a.head.address,
            .text = text,
            .state = "queued",
            .question = -1,
            .at_s = now_s,
            .now_s = now_s,
        };
        /* A person talks now: the script would only disturb. It can be given back. */
        const struct conversation_change change = {
            .status = "active",
            .agent = strcmp(a.head.agent, "scripted") == 0 ? "handed_over" : NULL,
            .clear_unread = true,
            .now_s = now_s,
        };

        ok = message_hold_agent(ledger, id, "handed_over", now_s, err) &&
             message_insert(ledger, &m, message_id, err) &&
             conversation_change(ledger, id, &change, err);
    }
    return act_end(&a, ok, "conversation.answer", "", err);
}

static bool
check_values(const char *outcome, const char *sentiment, int64_t score, struct error *err)
{
    static const char *const sentiments[] = {"", "positive", "neutral", "negative", "mixed"};
    bool known = !sentiment;

    for (size_t i = 0; sentiment && !known && i < ARRAY_LEN(sentiments); i++)
        known = strcmp(sentiment, sentiments[i]) == 0;
    if (!known)
        return error_set(err, ERR_INVALID,
                         "sentiment must be positive, neutral, negative or mixed");
    if (score < 0 || score > 10)
        return error_set(err, ERR_INVALID, "score must be 1 to 10");
    if (outcome && (strlen(outcome) > OUTCOME_MAX || !utf8_is_valid(outcome, strlen(outcome))))
        return error_set(err, ERR_INVALID, "outcome must be a word of at most %d bytes in UTF-8",
                         OUTCOME_MAX);
    return true;
}

bool
conversation_set(struct db *ledger, int64_t id, const char *outcome, const char *sentiment,
                 int64_t score, int64_t now_s, struct error *err)
{
    const struct conversation_change change = {
        .outcome = outcome, .sentiment = sentiment, .score = score, .now_s = now_s};
    char detail[200];
    struct act a;

    if (!check_values(outcome, sentiment, score, err) || !act_begin(&a, ledger, id, now_s, err))
        return false;
    (void)snprintf(detail, sizeof detail, "outcome %s, sentiment %s, score %" PRId64,
                   outcome ? outcome : "as it is", sentiment ? sentiment : "as it is", score);
    return act_end(&a, conversation_change(ledger, id, &change, err), "conversation.set", detail,
                   err);
}

bool
conversation_close(struct db *ledger, int64_t id, int64_t now_s, struct error *err)
{
    const struct conversation_change change = {
        .status = "completed", .clear_unread = true, .now_s = now_s};
    struct act a;
    bool ok = false;

    if (!act_begin(&a, ledger, id, now_s, err))
        return false;
    ok = message_hold_agent(ledger, id, "closed", now_s, err) &&
         conversation_change(ledger, id, &change, err);
    return act_end(&a, ok, "conversation.close", "", err);
}

bool
conversation_hand_over(struct db *ledger, int64_t id, int64_t now_s, struct error *err)
{
    const struct conversation_change change = {.agent = "handed_over", .now_s = now_s};
    struct act a;
    bool ok = false;

    if (!act_begin(&a, ledger, id, now_s, err))
        return false;
    ok = strcmp(a.head.agent, "scripted") == 0 ||
         error_set(err, ERR_CONFLICT,
                   strcmp(a.head.agent, "none") == 0 ? "no agent talks here: it is yours already"
                                                     : "it is handed over already");
    ok = ok && message_hold_agent(ledger, id, "handed_over", now_s, err) &&
         conversation_change(ledger, id, &change, err);
    return act_end(&a, ok, "conversation.hand_over", "", err);
}

/* The question that was held when the agent had to stop goes out now; else it goes on with the next
 * reply. */
static bool
resume_agent(struct act *a, struct error *err)
{
    const struct conversation_change change = {
        .agent = "scripted", .status = "active", .now_s = a->now_s};
    struct agent_question last;

    return check_reachable(a, err) && message_last_question(a->ledger, a->head.id, &last, err) &&
           (!last.message_id || strcmp(last.state, "skipped") != 0 ||
            (strcmp(last.reason, "handed_over") != 0 && strcmp(last.reason, "closed") != 0) ||
            message_requeue(a->ledger, last.message_id, a->now_s, err)) &&
           conversation_change(a->ledger, a->head.id, &change, err);
}

bool
conversation_take_back(struct db *ledger, int64_t id, int64_t now_s, struct error *err)
{
    struct act a;
    bool ok = false;

    if (!act_begin(&a, ledger, id, now_s, err))
        return false;
    ok = strcmp(a.head.agent, "handed_over") == 0 ||
         error_set(err, ERR_CONFLICT,
                   strcmp(a.head.agent, "none") == 0 ? "this campaign has no agent that answers"
                                                     : "the agent has it already");
    ok = ok && resume_agent(&a, err);
    return act_end(&a, ok, "conversation.take_back", "", err);
}

bool
conversation_mark_read(struct db *ledger, int64_t id, int64_t now_s, struct error *err)
{
    const struct conversation_change change = {.clear_unread = true, .now_s = now_s};

    return conversation_change(ledger, id, &change, err);
}

bool
conversation_rule(struct db *ledger, int64_t id, bool opt_out, int64_t now_s, struct error *err)
{
    const struct conversation_change kept = {.clear_review = true, .now_s = now_s};
    const struct conversation_change out = {.status = "completed",
                                            .outcome_if_none = "opted_out",
                                            .clear_review = true,
                                            .now_s = now_s};
    struct act a;
    bool ok = false;

    if (!act_begin(&a, ledger, id, now_s, err))
        return false;
    ok = a.head.needs_review ||
         error_set(err, ERR_CONFLICT, "nothing is waiting for a ruling in this conversation");
    if (ok && opt_out)
        ok = suppression_add(ledger, a.head.address, a.head.channel, "opt_out",
                             "an operator read the reply as an opt-out", now_s, NULL, err) &&
             (!a.head.delivery_id ||
              delivery_mark_opted_out(ledger, a.head.delivery_id, now_s, now_s, err)) &&
             message_hold_agent(ledger, id, "opted_out", now_s, err);
    ok = ok && conversation_change(ledger, id, opt_out ? &out : &kept, err);
    return act_end(&a, ok, "conversation.rule", opt_out ? "opt-out" : "keep", err);
}
