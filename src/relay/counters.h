/* What the relay counts since its start. Any thread. */
#ifndef CANVASS_RELAY_COUNTERS_H
#define CANVASS_RELAY_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "serve/guard.h"

enum { COUNTER_PATHS = 8, COUNTER_STATUSES = 600, COMMIT_BUCKETS = 11 };

/* Why a request was not taken. */
enum failure {
    FAILURE_SIGNATURE,
    FAILURE_TOKEN,
    FAILURE_MALFORMED,
    FAILURE_CONTENT_TYPE,
    FAILURE_PATH,
    FAILURE_METHOD,
    FAILURE_TOO_LARGE,
    FAILURE_STORE,
    FAILURE_COUNT
};

struct relay_counters {
    atomic_llong stored;                         /* webhooks committed and answered with 2xx */
    atomic_llong stored_bytes;                   /* of their bodies */
    atomic_llong commits;                        /* transactions they were committed in */
    atomic_llong commit_us;                      /* that these took, synced, in all */
    atomic_llong commit_buckets[COMMIT_BUCKETS]; /* how many took so long: see metrics.c */
    atomic_llong forged;                         /* the signature did not match */
    atomic_llong refused;      /* otherwise wrong: malformed, wrong type, method or path */
    atomic_llong store_errors; /* commits that failed; their webhooks were answered with 503 */
    atomic_llong unauthorized; /* API requests without the right token */
    atomic_llong rate_limited; /* of these and the forged: answered with 429 */
    atomic_llong failures[FAILURE_COUNT]; /* requests */
    atomic_llong events_read;             /* events handed to the console */
    atomic_bool failing;                  /* the last commit failed */
    /* Answers by path and status; 0: the connection ended without one. */
    const char *paths[COUNTER_PATHS]; /* set by routes_name_paths() before the first request */
    atomic_llong answers[COUNTER_PATHS][COUNTER_STATUSES];
    struct http_server_counters server;
};

#endif
