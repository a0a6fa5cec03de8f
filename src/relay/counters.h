/* What the relay counts since its start. Any thread. */
#ifndef CANVASS_RELAY_COUNTERS_H
#define CANVASS_RELAY_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct relay_counters {
    atomic_llong stored;       /* webhooks committed and answered with 2xx */
    atomic_llong commits;      /* transactions they were committed in */
    atomic_llong forged;       /* the signature did not match */
    atomic_llong refused;      /* otherwise wrong: malformed, wrong type, method or path */
    atomic_llong store_errors; /* commits that failed; their webhooks were answered with 503 */
    atomic_llong unauthorized; /* API requests without the right token */
    atomic_llong events_read;  /* events handed to the console */
    atomic_bool failing;       /* the last commit failed */
};

#endif
