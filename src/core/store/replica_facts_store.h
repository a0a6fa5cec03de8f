/* The facts of customers (semantics.md), derived by SQL from the replica's rows. */
#ifndef CANVASS_CORE_STORE_REPLICA_FACTS_STORE_H
#define CANVASS_CORE_STORE_REPLICA_FACTS_STORE_H

#include "core/store/db.h"

/*
 * Recomputes has_open_request of conversations, then the facts of customers: of all, or of those
 * that a replica_writer touched on this connection. Inside the sync's transaction.
 */
bool replica_facts_all(struct db *db, struct error *err) MUST_CHECK;
bool replica_facts_touched(struct db *db, struct error *err) MUST_CHECK;

#endif
