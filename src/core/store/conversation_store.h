/*
 * Rows of conversations, messages and answers, for core/reply. Writing functions work inside the
 * caller's transaction. What screens read is in core/reply/reply.h (conversation_list.c).
 */
#ifndef CANVASS_CORE_STORE_CONVERSATION_STORE_H
#define CANVASS_CORE_STORE_CONVERSATION_STORE_H

#include "core/store/db.h"

/* Which delivery a reply answers. */
struct attribution {
    int64_t delivery_id, campaign_id; /* 0: none fits */
    int64_t step, variant;
    struct key customer;
};
void attribution_release(struct attribution *a);
/*
 * The latest delivery to the address on that channel that was contacted before at_s (semantics.md
 * "Replies"). Where none is known to have been, the latest one that was on its way by then: its
 * answer may have been lost, or the two machines' clocks differ.
 */
bool attribution_find(struct db *ledger, const char *address, const char *channel, int64_t at_s,
                      struct attribution *out, struct error *err) MUST_CHECK;
/* The lowest key of the replica's customers with this phone number. */
bool customer_find_by_phone(struct db *reader, const char *e164, struct key *out, bool *found,
                            struct error *err) MUST_CHECK;
/* First times only: a later one changes nothing. */
bool delivery_mark_replied(struct db *ledger, int64_t delivery_id, int64_t at_s, int64_t now_s,
                           struct error *err) MUST_CHECK;
bool delivery_mark_opted_out(struct db *ledger, int64_t delivery_id, int64_t at_s, int64_t now_s,
                             struct error *err) MUST_CHECK;
/* Later steps of the campaign to this person, still waiting: skipped(replied). */
bool delivery_skip_follow_ups(struct db *ledger, int64_t delivery_id, int64_t now_s,
                              struct error *err) MUST_CHECK;

struct conversation_head {                /* texts owned, NULL when absent */
    int64_t id, campaign_id, delivery_id; /* 0: none */
    struct key customer;
    bool has_customer;
    char *address, *channel, *status, *agent, *needs_review;
    int64_t next_question; /* how many questions have been asked */
};
void conversation_head_release(struct conversation_head *h);
bool conversation_head_load(struct db *db, int64_t id, struct conversation_head *out,
                            struct error *err) MUST_CHECK;
/* The one with this address, channel and campaign (0: without one); *id is 0 when there is none. */
bool conversation_find(struct db *ledger, const char *address, const char *channel,
                       int64_t campaign_id, int64_t *id, struct error *err) MUST_CHECK;
/* head->id is set. sender: the number of ours that was written to; may be NULL. */
bool conversation_insert(struct db *ledger, struct conversation_head *head, const char *sender,
                         int64_t at_s, struct error *err) MUST_CHECK;
/* One more unread message at that time. */
bool conversation_touch(struct db *ledger, int64_t id, const char *sender, int64_t at_s,
                        struct error *err) MUST_CHECK;

/* NULL and 0 leave as it is; outcome and sentiment "" clear. */
struct conversation_change {
    const char *status, *agent, *outcome, *sentiment, *needs_review;
    const char *outcome_if_none;
    int64_t score, now_s;
    bool clear_review, clear_unread;
    bool set_next_question;
    int64_t next_question;
};
/* status completed sets completed_at, active clears it. */
bool conversation_change(struct db *ledger, int64_t id, const struct conversation_change *change,
                         struct error *err) MUST_CHECK;

struct message_new {
    int64_t conversation_id;
    bool inbound;
    const char *author, *provider_id, *address, *text, *intent, *state; /* NULL: none */
    int64_t question;                                                   /* -1: none */
    int64_t at_s, now_s;
};
bool message_insert(struct db *ledger, const struct message_new *m, int64_t *id,
                    struct error *err) MUST_CHECK;
/* What was sent for a delivery, as the thread's own row; once. *text: caller frees, NULL when
 * nothing was sent. */
bool message_copy_of_delivery(struct db *ledger, int64_t conversation_id, int64_t delivery_id,
                              int64_t now_s, char **text, struct error *err) MUST_CHECK;
/* The newest question that the agent wrote as a message of its own. */
struct agent_question {
    int64_t message_id, question; /* message_id 0: none yet */
    char state[16];
    char reason[32];
    int64_t claimed_at_s;
};
bool message_last_question(struct db *ledger, int64_t conversation_id, struct agent_question *out,
                           struct error *err) MUST_CHECK;
/* Agent messages that still wait become skipped with that reason; and back. */
bool message_hold_agent(struct db *ledger, int64_t conversation_id, const char *reason,
                        int64_t now_s, struct error *err) MUST_CHECK;
bool message_requeue(struct db *ledger, int64_t message_id, int64_t now_s,
                     struct error *err) MUST_CHECK;

/* *fresh is false when the question has an answer already; nothing changed then. */
bool answer_add(struct db *ledger, int64_t conversation_id, int64_t question,
                const char *question_text, int64_t message_id, const char *text, int64_t at_s,
                bool *fresh, struct error *err) MUST_CHECK;
/* Appends to the answer of the highest question that has one, on a line of its own. */
bool answer_append(struct db *ledger, int64_t conversation_id, const char *text,
                   struct error *err) MUST_CHECK;

#endif
