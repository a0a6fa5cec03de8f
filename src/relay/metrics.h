/* The counters in Prometheus' text format. */
#ifndef CANVASS_RELAY_METRICS_H
#define CANVASS_RELAY_METRICS_H

#include "core/base/buf.h"
#include "relay/counters.h"
#include "relay/relay_store.h"

/* What is looked up at the moment. */
struct relay_vitals {
    struct relay_log log;
    int64_t oldest_unacked_age_s;
    int64_t disk_free_bytes; /* -1: not known */
    int64_t database_bytes;  /* with its log; -1: not known */
    bool is_read;            /* false: the database could not be read */
};

void metrics_count_commit(struct relay_counters *counters, int64_t took_us);
void metrics_write(struct buf *out, const struct relay_counters *counters,
                   const struct relay_vitals *vitals);

#endif
