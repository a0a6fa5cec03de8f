/*
 * canvass-sim: a stand-in for the outside world (docs/simulator.md). A strict Twilio messages API,
 * signed webhooks, customers who answer, faults on demand, and a ledger that knows what was
 * accepted. Only for tests and the demo: it listens on and posts to loopback addresses alone.
 */
#ifndef CANVASS_SIM_SIM_H
#define CANVASS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/* All texts are borrowed and must outlive the simulator. Rates are 0..1. */
struct sim_options {
    const char *listen;      /* "127.0.0.1:0" */
    const char *account_sid; /* AC + 32 hex digits */
    const char *auth_token;
    const char *const *from; /* our numbers, E.164 */
    size_t from_count;
    const char *messaging_service; /* MG..., or NULL */
    const char *inbound_url;       /* where customers' texts are posted; NULL: they do not write */
    const char
        *webhooks_via;       /* "http://127.0.0.1:8090" in place of any webhook's origin; or NULL */
    const char *ledger_path; /* JSON lines, appended; NULL: kept in memory alone */
    uint64_t seed;
    double speed; /* 60: a minute of simulated life takes a second; 0 means 1 */

    double fail_rate;       /* of numbers: no message ever reaches them */
    double lose_answer;     /* of requests: accepted, then the connection is dropped */
    double drop_before;     /* of requests: dropped, not accepted */
    double error_500;       /* of requests: half are accepted all the same */
    double html;            /* of requests: an HTML page for an answer; half are accepted */
    double rate_429;        /* of requests: refused as too many */
    double list_error;      /* of lists: answered 500 */
    int64_t max_per_second; /* accepted messages; more are refused with 429; 0: no limit */
    int64_t latency_ms;     /* before each answer */
    int64_t list_lag_ms;    /* a new message is missing from lists for so long */
    int64_t callback_late_ms;
    double callback_twice; /* of callbacks */
    double callback_none;  /* of messages */
    bool callback_shuffle; /* callbacks of a message come in any order */
    bool no_replies;       /* customers only receive */
};

struct sim;

/* Everything wrong with the options, or the address, is ERR_INVALID. */
struct sim *sim_start(const struct sim_options *options, struct error *err) MUST_CHECK;
void sim_stop(struct sim *sim); /* webhooks not yet posted are forgotten; NULL is fine */
uint16_t sim_port(const struct sim *sim);

#endif
