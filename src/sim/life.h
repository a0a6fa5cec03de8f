/*
 * The life of an accepted message: what becomes of it, when, which callbacks are posted, and
 * whether its reader answers. Drawn from the seed and the number.
 */
#ifndef CANVASS_SIM_LIFE_H
#define CANVASS_SIM_LIFE_H

#include "sim/ledger.h"
#include "sim/world.h"

/* How messages to a number fail, always; NULL: they arrive. */
struct fate {
    unsigned weight;        /* among those that fail */
    int http, code;         /* http not 0: the API itself refuses */
    enum sim_status status; /* else the final status */
    const char *message;
};
const struct fate *life_fate(const struct sim_options *options, const char *number);
/* Fills steps of a draft whose number, way and created_ms are known. fate may be NULL. */
void life_plan(const struct sim_options *options, const struct fate *fate,
               struct sim_message *draft);
/* Hands the callbacks and the customer's answer to the courier. turn: messages it had before. */
void life_begin(struct sim *sim, const struct sim_message *message, unsigned turn);

#endif
