/* The thread that reads: /v1/events with its long polls, /v1/health in full, /metrics. */
#ifndef CANVASS_RELAY_READER_H
#define CANVASS_RELAY_READER_H

#include <stdint.h>

#include "core/base/error.h"
#include "relay/counters.h"
#include "relay/relay_store.h"

struct http_exchange;
struct reader;

enum { READER_LIMIT_DEFAULT = 100, READER_LIMIT_MAX = 500, READER_WAIT_MAX_S = 25 };

enum reader_job_type { READER_EVENTS, READER_HEALTH, READER_METRICS, READER_WAKE, READER_STOP };

struct reader_job {
    struct reader_job *next;
    enum reader_job_type type;
    struct http_exchange *x;
    char *cursor; /* owned; READER_EVENTS */
    int limit;
    int64_t deadline_ms; /* utime_mono_ms(); an empty answer then */
};

struct reader_job *reader_job_new(enum reader_job_type type, struct http_exchange *x);

struct reader_options {
    struct relay_store *store; /* borrowed; used by the thread only until reader_stop() */
    struct relay_counters *counters;
    const char *database; /* path: the disk whose free space health tells */
};

struct reader *reader_start(const struct reader_options *options, struct error *err) MUST_CHECK;
void reader_post(struct reader *reader, struct reader_job *job); /* any thread; takes the job */
void reader_wake(struct reader *reader); /* any thread: something was committed */
/* Answers what waits with what there is, then ends the thread. */
void reader_stop(struct reader *reader);
void reader_free(struct reader *reader); /* after the server has stopped */

#endif
