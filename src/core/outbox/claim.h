/*
 * Takes what is due off the queues: one transaction that asks everything anew (the lease's fence,
 * the panic switch, the campaign's status, the suppression list, the frequency cap, quiet hours,
 * the rate), writes the attempts down and commits, synced. Only then may anything be sent.
 */
#ifndef CANVASS_CORE_OUTBOX_CLAIM_H
#define CANVASS_CORE_OUTBOX_CLAIM_H

#include "core/campaign/campaign.h"
#include "core/outbox/canary.h"
#include "core/outbox/daily.h"
#include "core/outbox/rate.h"
#include "core/store/attempt_store.h"

struct claim {
    int64_t attempt_id;
    char uid[UUID_SIZE];
    char *address, *text; /* owned */
    int validity_s;       /* until the recipient's quiet hours begin; 0: no limit */
};
struct claim_list {
    struct claim *items;
    size_t count, capacity;
};
void claim_list_release(struct claim_list *list); /* safe on an empty list */

/* A campaign that may send, as it was loaded; owned by the engine. */
struct claim_campaign {
    struct campaign c;
    struct rate rate;
    struct daily daily;
    struct canary_word canary; /* as it was looked at last */
    int64_t hold_until_ms;     /* its own limit of the day is reached; 0: it is not */
    int64_t seen_updated_at;
};

enum claim_end {
    CLAIM_DONE,      /* nothing more is due */
    CLAIM_MORE,      /* max was reached */
    CLAIM_RATE,      /* the rate allows no more: wait_ms */
    CLAIM_CAPPED,    /* a limit of the day is reached: nothing more goes until capped_until_ms */
    CLAIM_STOPPED,   /* the panic switch is on */
    CLAIM_LEASE_LOST /* another engine holds the lease; nothing was claimed */
};
struct claim_request {
    const char *holder;
    int64_t fence, now_ms;
    const char *sender;   /* From or Messaging Service */
    struct rate *rate;    /* of the sender */
    struct rate *account; /* of all senders together */
    struct daily *daily;
    struct claim_campaign *campaigns;
    size_t campaign_count;
    size_t *turn; /* whose turn it is among the campaigns */
    size_t max;   /* claims; 0 claims nothing */
};
struct claim_result {
    enum claim_end end;
    int64_t wait_ms; /* of CLAIM_RATE */
    int64_t capped_until_ms;
    char capped_why[120]; /* "500 of 500 messages today" */
    struct claim_list claims;
    int64_t skipped, failed, deferred; /* rows that moved without being sent */
};

/*
 * ledger, reader  the engine's connections; neither in a transaction
 * out             replaced; release out->claims. Filled only when the transaction has committed.
 * Errors          nothing was claimed; ERR_RETRY: the store is busy
 */
bool outbox_claim(struct db *ledger, struct db *reader, const struct config *config,
                  const struct claim_request *request, struct claim_result *out,
                  struct error *err) MUST_CHECK;
/* Attempts came to nothing: the day has more room than was counted. */
void outbox_count_again(const struct claim_request *request);
/* The claims of that request have been handed over just now: the rate counts from here. */
void outbox_handed(const struct claim_request *request, int64_t now_ms);

#endif
