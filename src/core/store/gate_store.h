/* What is asked again when a claimed message is about to leave (core/engine/loop_gate.c). */
#ifndef CANVASS_CORE_STORE_GATE_STORE_H
#define CANVASS_CORE_STORE_GATE_STORE_H

#include "core/store/db.h"

/* What may stand against messages that are claimed already. */
struct gate_state {
    bool stopped;
    int64_t suppressions; /* grows with every change of the suppression list */
    int64_t sending;      /* another number when other campaigns may send */
};

bool gate_state_load(struct db *db, struct gate_state *out, struct error *err) MUST_CHECK;
/* Whether the person has not opted out, and the campaign still sends. */
bool gate_attempt_may_leave(struct db *db, int64_t attempt_id, bool *may,
                            struct error *err) MUST_CHECK;

#endif
