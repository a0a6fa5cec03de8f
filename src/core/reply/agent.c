#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/campaign/render.h"
#include "core/reply/reply_private.h"
#include "core/store/suppression_store.h"

/* "{question_2}" or "{question_2|...}" */
static bool
holds_question(const char *template_text, int64_t number)
{
    char token[32];
    size_t len = 0;

    (void)snprintf(token, sizeof token, "{question_%" PRId64, number);
    len = strlen(token);
    for (const char *at = strstr(template_text, token); at; at = strstr(at + 1, token))
        if (at[len] == '}' || at[len] == '|')
            return true;
    return false;
}

/* The question as this person gets to read it. */
static bool
render_question(struct reply_run *run, const struct campaign *c, int64_t question,
                const struct key *customer, struct buf *out, struct error *err)
{
    struct customer_vars vars = {0};
    struct error gone = {0};
    bool ok = false;

    /* A customer that is no longer in the replica has no values; fallbacks still fill the text. */
    if (customer && !customer_vars_load(run->reader, customer, &vars, &gone))
        vars = (struct customer_vars){0};
    ok = render_text(run->config, c, c->agent.questions[question], &vars, run->now_s, out, err);
    customer_vars_release(&vars);
    return ok;
}

int64_t
agent_count_asked(struct reply_run *run, const struct campaign *c, const struct attribution *to,
                  const char *sent_text)
{
    const char *template_text =
        to->step == 0 && to->variant >= 0 && (size_t)to->variant < c->variant_count
            ? c->variants[to->variant].text
            : "";
    int64_t asked = 0;

    for (; (size_t)asked < c->agent.question_count; asked++) {
        struct buf text = {0};
        struct error err = {0};
        bool there = holds_question(template_text, asked + 1);

        if (!there && sent_text && render_question(run, c, asked, &to->customer, &text, &err))
            there = text.len > 0 && strstr(sent_text, buf_str(&text)) != NULL;
        buf_release(&text);
        if (!there)
            break;
    }
    return asked;
}

static bool
flag(struct reply_run *run, int64_t conversation_id, const char *why, struct error *err)
{
    const struct conversation_change change = {.needs_review = why, .now_s = run->now_s};

    return conversation_change(run->ledger, conversation_id, &change, err);
}

static bool
ask(struct reply_run *run, const struct campaign *c, const struct conversation_head *head,
    int64_t question, struct error *err)
{
    struct message_new m = {
        .conversation_id = head->id,
        .author = "agent",
        .address = head->address,
        .state = "queued",
        .question = question,
        .at_s = run->now_s,
        .now_s = run->now_s,
    };
    const struct conversation_change change = {
        .set_next_question = true, .next_question = question + 1, .now_s = run->now_s};
    struct buf text = {0};
    struct error unfilled = {0};
    int64_t id = 0;
    bool ok = false;

    if (!render_question(run, c, question, head->has_customer ? &head->customer : NULL, &text,
                         &unfilled)) {
        buf_release(&text);
        log_line(LOG_WARN, "reply", "conversation %" PRId64 ": question %" PRId64 ": %s", head->id,
                 question + 1, unfilled.text);
        return flag(run, head->id, "the agent's next question could not be filled in", err);
    }
    m.text = buf_str(&text);
    ok = message_insert(run->ledger, &m, &id, err) &&
         conversation_change(run->ledger, head->id, &change, err);
    buf_release(&text);
    return ok;
}

/* Every question that was asked and has no answer yet gets this one. */
static bool
record(struct reply_run *run, const struct campaign *c, const struct conversation_head *head,
       int64_t message_id, const char *text, int64_t at_s, struct error *err)
{
    bool any = false;

    for (int64_t q = 0; q < head->next_question && (size_t)q < c->agent.question_count; q++) {
        struct buf question = {0};
        struct error plain = {0};
        bool fresh = false;
        bool ok = false;

        if (!render_question(run, c, q, head->has_customer ? &head->customer : NULL, &question,
                             &plain)) {
            buf_clear(&question);
            buf_add_str(&question, c->agent.questions[q]);
        }
        ok = answer_add(run->ledger, head->id, q, buf_str(&question), message_id, text, at_s,
                        &fresh, err);
        buf_release(&question);
        if (!ok)
            return false;
        any = any || fresh;
    }
    return any || answer_append(run->ledger, head->id, text, err);
}

static bool
is_one_of(const char *state, const char *const *states, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(state, states[i]) == 0)
            return true;
    return false;
}

static bool
may_talk(struct reply_run *run, const struct conversation_head *head, const struct campaign *c,
         bool *out, struct error *err)
{
    bool suppressed = false;

    *out = false;
    if (!c || !c->agent.scripted || c->agent.question_count == 0 ||
        strcmp(head->agent, "scripted") != 0 || strcmp(head->status, "active") != 0 ||
        head->needs_review)
        return true;
    /* Paused: the question waits in the queue, and the engine holds it until the campaign goes on.
     */
    if (c->status != CAMPAIGN_ACTIVE && c->status != CAMPAIGN_PAUSED &&
        c->status != CAMPAIGN_COMPLETED)
        return true;
    if (!suppression_is(run->ledger, head->address, head->channel, &suppressed, err))
        return false;
    *out = !suppressed;
    return true;
}

/* What the reply means while a question of the agent's own is the last thing said. */
static bool
go_on(struct reply_run *run, const struct campaign *c, const struct conversation_head *head,
      int64_t message_id, const char *text, int64_t at_s, struct error *err)
{
    static const char *const waiting[] = {"queued", "sending", "retry_wait"};
    static const char *const lost[] = {"failed", "skipped"};
    const struct conversation_change done = {.status = "completed", .now_s = run->now_s};
    struct agent_question last;

    if (!message_last_question(run->ledger, head->id, &last, err))
        return false;
    if (last.message_id && is_one_of(last.state, lost, ARRAY_LEN(lost)))
        return answer_append(run->ledger, head->id, text, err) &&
               flag(run, head->id, "the agent's last question did not go out", err);
    if (last.message_id &&
        (is_one_of(last.state, waiting, ARRAY_LEN(waiting)) || at_s < last.claimed_at_s))
        return answer_append(run->ledger, head->id, text, err);
    if (!record(run, c, head, message_id, text, at_s, err))
        return false;
    if ((size_t)head->next_question < c->agent.question_count)
        return ask(run, c, head, head->next_question, err);
    return conversation_change(run->ledger, head->id, &done, err);
}

bool
agent_on_reply(struct reply_run *run, int64_t conversation_id, int64_t message_id, const char *text,
               int64_t at_s, struct error *err)
{
    struct conversation_head head = {0};
    const struct campaign *c = NULL;
    bool talks = false;
    bool ok = conversation_head_load(run->ledger, conversation_id, &head, err);

    if (ok && head.campaign_id)
        c = reply_run_campaign(run, head.campaign_id);
    ok = ok && may_talk(run, &head, c, &talks, err);
    if (ok && talks)
        ok = head.next_question == 0 ? ask(run, c, &head, 0, err)
                                     : go_on(run, c, &head, message_id, text, at_s, err);
    conversation_head_release(&head);
    return ok || error_wrap(err, "the agent's turn");
}
