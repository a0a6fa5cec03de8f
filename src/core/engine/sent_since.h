/*
 * What a sender has sent since some time, as the provider's list tells it: the messages that no
 * attempt of the ledger owns are kept as strays (core/store/place_store.h). For a ledger that was
 * put back; while no engine runs on this net.
 */
#ifndef CANVASS_CORE_ENGINE_SENT_SINCE_H
#define CANVASS_CORE_ENGINE_SENT_SINCE_H

#include "core/port/net.h"
#include "core/store/db.h"

/* Waits for the whole list. ERR_RETRY: it was not read to its end; what came of it is kept. */
bool sent_since_read(struct net_port *net, struct db *ledger, int64_t since_s,
                     struct error *err) MUST_CHECK;

#endif
