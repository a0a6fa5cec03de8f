/*
 * Replies: webhooks from the relay become messages, opt-outs, answers (semantics.md "Replies").
 */
#ifndef CANVASS_CORE_REPLY_REPLY_H
#define CANVASS_CORE_REPLY_REPLY_H

#include "core/campaign/campaign.h"
#include "core/port/net.h"

enum reply_word {
    REPLY_OTHER,
    REPLY_STOP,
    REPLY_START,
    REPLY_HELP,
    REPLY_REVIEW,
    REPLY_WORD_COUNT
};
/* What the text is under the opt-out rules (providers.md 6, vectors/opt_out.json). Nothing else is
 * guessed. */
enum reply_word reply_word_of(const char *text);

struct reply_report { /* what one batch did; for the event line and the bell */
    size_t applied, duplicates, refused, inbound, opted_out, statuses;
};
/*
 * Applies one batch and moves the cursor (setting relay_cursor), in ONE transaction: each event
 * once (by dedupe key), signature verified again, opt-out before anything else, message attributed,
 * delivery marked replied, next question queued. db is the engine's writing connection; reader sees
 * the replica. Status callbacks go to delivery_apply_status() (core/outbox/callback.h).
 */
bool reply_apply_batch(struct db *ledger, struct db *reader, const struct config *config,
                       const char *twilio_auth_token, const struct relay_batch *batch,
                       int64_t now_s, struct reply_report *out, struct error *err) MUST_CHECK;

/*
 * Messages to us that the provider's list shows and the relay never gave us, in ONE transaction:
 * oldest first, each once. They may be older than what came since, so none of them undoes an
 * opt-out: a person rules on that.
 */
bool reply_apply_listed(struct db *ledger, struct db *reader, const struct config *config,
                        const struct sms_sent *rows, size_t count, int64_t now_s,
                        struct reply_report *out, struct error *err) MUST_CHECK;

/* --- what an operator does (each its own transaction, audited) */
/* Queues an answer (the engine sends it before bulk). ERR_CONFLICT when the address opted out. */
bool conversation_answer(struct db *ledger, int64_t id, const char *text, int64_t now_s,
                         int64_t *message_id, struct error *err) MUST_CHECK;
/* NULL leaves outcome or sentiment as it is; score 0 leaves it. "" clears. */
bool conversation_set(struct db *ledger, int64_t id, const char *outcome, const char *sentiment,
                      int64_t score, int64_t now_s, struct error *err) MUST_CHECK;
bool conversation_close(struct db *ledger, int64_t id, int64_t now_s, struct error *err) MUST_CHECK;
bool conversation_hand_over(struct db *ledger, int64_t id, int64_t now_s,
                            struct error *err) MUST_CHECK; /* agent stops */
bool conversation_take_back(struct db *ledger, int64_t id, int64_t now_s,
                            struct error *err) MUST_CHECK; /* agent goes on */
bool conversation_mark_read(struct db *ledger, int64_t id, int64_t now_s,
                            struct error *err) MUST_CHECK;
/* An operator rules on a probable opt-out: suppress, or clear the flag. */
bool conversation_rule(struct db *ledger, int64_t id, bool opt_out, int64_t now_s,
                       struct error *err) MUST_CHECK;

struct message {
    int64_t id;
    bool inbound;
    char *author, *provider_id, *address, *text, *intent, *state,
        *error;       /* owned; NULL when absent */
    int64_t question; /* -1: none */
    int64_t at_s;
};
struct answer_row {
    int64_t question;
    char *question_text, *text;
    int64_t at_s;
};
struct conversation {
    int64_t id, campaign_id, delivery_id; /* 0: none */
    struct key customer;
    bool has_customer;
    char *name, *address, *channel, *status, *agent, *outcome, *sentiment, *campaign_name,
        *needs_review; /* owned */
    int64_t score, unread, created_at, last_message_at, completed_at,
        next_question;             /* score 0: none */
    char *last_text, *last_intent; /* of the newest inbound message */
    struct message *messages;
    size_t message_count;
    struct answer_row *answers;
    size_t answer_count;
};
void conversation_release(struct conversation *c);
struct conversation_list {
    struct conversation *items;
    size_t count;
    int64_t total; /* that fit the filter, beyond the page too */
};
struct conversation_filter {
    int64_t campaign_id; /* 0: any */
    const char *status;  /* NULL: any */
    bool unread_only, needs_review_only, with_messages;
    size_t limit, offset; /* limit 0: 200 */
};
/* db: a reader; newest message first. */
bool conversation_list_load(struct db *db, const struct conversation_filter *filter,
                            struct conversation_list *out, struct error *err) MUST_CHECK;
void conversation_list_release(struct conversation_list *l);
/* With messages and answers. */
bool conversation_load(struct db *db, int64_t id, struct conversation *out,
                       struct error *err) MUST_CHECK;

/* The stream of the monitor: inbound messages, newest first. */
struct reply_row {
    int64_t message_id, conversation_id, campaign_id, at_s;
    char *name, *address, *channel, *intent, *sentiment, *text,
        *then; /* then: what happened next, in words */
};
struct reply_stream {
    struct reply_row *rows;
    size_t count;
    int64_t today; /* since local midnight of the business */
};
bool reply_stream_load(struct db *db, int64_t campaign_id, size_t limit, size_t offset,
                       int64_t since_s, struct reply_stream *out, struct error *err) MUST_CHECK;
void reply_stream_release(struct reply_stream *s);

#endif
