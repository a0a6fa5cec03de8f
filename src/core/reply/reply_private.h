/* What the files of core/reply share. Nobody else includes this. */
#ifndef CANVASS_CORE_REPLY_REPLY_PRIVATE_H
#define CANVASS_CORE_REPLY_REPLY_PRIVATE_H

#include "core/reply/reply.h"
#include "core/store/conversation_store.h"
#include "core/webhook/form.h"

/* One batch under way. */
struct reply_run {
    struct db *ledger, *reader;
    const struct config *config;
    int64_t now_s;
    struct reply_report report;
    struct campaign campaign; /* the last one asked for */
    bool campaign_loaded;
};

/* The campaign, or NULL when its file can no longer be understood. Borrowed until the next call. */
const struct campaign *reply_run_campaign(struct reply_run *run, int64_t id);

/* A customer's message, inside the transaction. from is as the provider says it. */
struct inbound_sms {
    const char *provider_id, *from, *to;
    const char *body;         /* what the person wrote; may be "" */
    const char *shown;        /* body, or what stands for it: "[picture]" */
    const char *opt_out_type; /* of the provider's own filter; NULL: it says nothing */
    int64_t at_s;
    bool late; /* from the provider's list: what came since may say otherwise */
};
bool reply_apply_inbound(struct reply_run *run, const struct inbound_sms *sms,
                         struct error *err) MUST_CHECK;

/*
 * The scripted agent. A question counts as asked when a message of the campaign or the agent holds
 * it: a variant with {question_1} in it asks the first one, and the first reply answers that.
 */
/* How many questions, from the first on, the campaign's own message has asked. */
int64_t agent_count_asked(struct reply_run *run, const struct campaign *c,
                          const struct attribution *to, const char *sent_text);
/*
 * Records the reply as the answer to what was asked, and queues the next question or completes the
 * conversation. A reply that came before the last question went out belongs to the answer before.
 */
bool agent_on_reply(struct reply_run *run, int64_t conversation_id, int64_t message_id,
                    const char *text, int64_t at_s, struct error *err) MUST_CHECK;

#endif
