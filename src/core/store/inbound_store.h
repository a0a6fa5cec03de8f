/* Webhooks as they came, each once. Inside the caller's transaction. */
#ifndef CANVASS_CORE_STORE_INBOUND_STORE_H
#define CANVASS_CORE_STORE_INBOUND_STORE_H

#include "core/store/db.h"

struct inbound_event {
    const char *kind, *dedupe_key, *body; /* borrowed */
    int64_t relay_seq, received_at_s;
};

/* *fresh is false, and nothing changed, when the key was there already. */
bool inbound_event_add(struct db *ledger, const struct inbound_event *event, const char *result,
                       bool *fresh, struct error *err) MUST_CHECK;
/* "applied", "ignored: why", "refused: why" */
bool inbound_event_set_result(struct db *ledger, const char *dedupe_key, const char *result,
                              struct error *err) MUST_CHECK;

#endif
