/* What ledger.c keeps and ledger_report.c reads, under the ledger's lock. */
#ifndef CANVASS_SIM_LEDGER_PRIVATE_H
#define CANVASS_SIM_LEDGER_PRIVATE_H

#include <pthread.h>

#include "sim/ledger.h"
#include "sim/table.h"

/* A number: a customer's or one of ours. */
struct sim_address {
    char *number;
    struct sim_message *newest_to, *newest_from;
    uint64_t requests;
    unsigned accepted;
    char **stopped; /* senders that were told STOP */
    size_t stopped_count, stopped_capacity;
    int64_t stop_told_ms; /* when a webhook with an opt-out was answered 2xx; 0: never */
};

/* Messages with the same To and Body. */
struct sim_twin {
    const struct sim_message *first;
    const struct sim_message **others;
    size_t count, capacity; /* of others */
};

struct after_stop {
    char *to, *body;
    const struct sim_message *message; /* NULL: refused with 21610 */
    int64_t after_ms;
};

struct hidden {
    const struct sim_message *message;
    const char *why;
};

struct ledger {
    pthread_mutex_t lock;
    int fd;
    uint64_t run, sids; /* sids are new in each run: the console dedupes by them */
    struct table by_sid, by_number, twins;
    struct sim_message *newest;
    struct sim_address **addresses; /* in order of appearance */
    size_t address_count, address_capacity;
    struct sim_twin **twice; /* twins with more than one */
    size_t twice_count, twice_capacity;
    struct after_stop *after;
    size_t after_count, after_capacity;
    struct hidden *hidden;
    size_t hidden_count, hidden_capacity;
    uint64_t counts[COUNT_COUNT];
    uint64_t accepted, inbound, posted, answered, inbound_answered;
};

json_t *ledger_json_text(const char *text); /* NULL gives null */

#endif
