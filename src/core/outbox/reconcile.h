/*
 * In doubt: what the provider's list says about an attempt whose end nobody knows (providers.md
 * 1.6). Exactly one message that no other attempt owns proves it accepted. None proves nothing
 * until the list has had time to catch up and was empty twice; then it was not sent, and is queued
 * again. Anything else is for a person: also a message that fits only vaguely (the provider may
 * alter a text, and clocks differ), and an attempt by a sender that is not configured any more,
 * whose messages the list of today may not show, and one that the person has answered, and a
 * message whose id an answer has given to another number.
 */
#ifndef CANVASS_CORE_OUTBOX_RECONCILE_H
#define CANVASS_CORE_OUTBOX_RECONCILE_H

#include "core/outbox/settle.h"

enum reconcile_end {
    RECONCILE_ACCEPTED, /* adopted */
    RECONCILE_NOT_SENT, /* queued again */
    RECONCILE_AGAIN,    /* another look is planned */
    RECONCILE_PERSON,   /* cannot be told by itself */
    RECONCILE_SETTLED   /* somebody else was faster */
};

struct reconcile_ask {
    int64_t asked_at_s; /* when the list was asked: an answer that lay around proves no more */
    const char *sender; /* by which it was asked */
};

/* In the caller's transaction. */
bool reconcile_apply(struct db *ledger, const struct config *config,
                     const struct reconcile_ask *ask, const struct sms_lookup_result *result,
                     int64_t now_ms, struct settle_sum *sum, enum reconcile_end *end,
                     struct error *err) MUST_CHECK;

#endif
