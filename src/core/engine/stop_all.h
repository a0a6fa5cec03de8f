#ifndef CANVASS_CORE_ENGINE_STOP_ALL_H
#define CANVASS_CORE_ENGINE_STOP_ALL_H

#include "core/base/error.h"
#include "core/store/db.h"

/*
 * The panic switch: a row in the ledger, so that it holds for every engine on this state folder.
 * Asked before every single message. under_way: how many were claimed at that moment: each of them
 * has left already, or goes back to the queue; may be NULL.
 */
bool engine_stop_all(struct db *ledger, const char *by, int64_t now_s, int64_t *under_way,
                     struct error *err) MUST_CHECK;
bool engine_start_all(struct db *ledger, const char *by, int64_t now_s,
                      struct error *err) MUST_CHECK;
bool engine_is_stopped(struct db *db, bool *stopped, char **by, int64_t *since_s,
                       struct error *err) MUST_CHECK;

#endif
