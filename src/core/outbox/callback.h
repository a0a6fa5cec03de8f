/* A provider's word about a message after the call (providers.md 1.4, 2.1). */
#ifndef CANVASS_CORE_OUTBOX_CALLBACK_H
#define CANVASS_CORE_OUTBOX_CALLBACK_H

#include "core/store/db.h"

struct provider_status {
    const char *attempt_uid; /* of ?att=; NULL when the URL had none */
    const char *provider_id; /* MessageSid */
    const char *status;      /* "delivered" */
    int error_code;          /* 0: none */
};
/*
 * Inside the caller's transaction. Ranks, not order of arrival: never back, delivered replaces
 * undelivered. Finds the attempt by uid, else by provider id; settles one in doubt (evidence:
 * callback). 21610 suppresses. *known is false when no attempt of ours fits: the event is kept as
 * ignored.
 */
bool delivery_apply_status(struct db *ledger, const struct provider_status *status, int64_t now_s,
                           bool *known, struct error *err) MUST_CHECK;

#endif
