/* The thread that writes: group commit of what waits, acknowledgements, trimming. */
#ifndef CANVASS_RELAY_WRITER_H
#define CANVASS_RELAY_WRITER_H

#include <stdint.h>

#include "core/base/error.h"
#include "relay/counters.h"
#include "relay/relay_store.h"

struct http_exchange;
struct writer;

enum writer_job_type { WRITER_STORE, WRITER_ACK, WRITER_STATE, WRITER_STOP };

/* Something to write and the request that waits for it. Made with writer_job_new(). */
struct writer_job {
    struct writer_job *next;
    enum writer_job_type type;
    struct http_exchange *x; /* answered once this is on disk */
    enum relay_kind kind;
    int64_t received_at;
    char *provider_id, *url, *signature, *body; /* owned; WRITER_STORE */
    char *cursor;                               /* owned; WRITER_ACK */
    struct relay_state state;                   /* WRITER_STATE */
    bool unknown_cursor;                        /* set by the writer; WRITER_ACK */
};

struct writer_job *writer_job_new(enum writer_job_type type, struct http_exchange *x);

struct writer_options {
    struct relay_store *store; /* borrowed; used by the thread only until writer_stop() */
    struct relay_counters *counters;
    void (*on_commit)(void *ctx); /* something was stored; from the writer's thread */
    void *ctx;
};

struct writer *writer_start(const struct writer_options *options, struct error *err) MUST_CHECK;
/* Any thread; takes the job. The number of jobs is bounded by the number of connections. */
void writer_post(struct writer *writer, struct writer_job *job);
/* Commits and answers what was posted before, then ends the thread. */
void writer_stop(struct writer *writer);
/* After the server has stopped: refuses what was posted too late. */
void writer_free(struct writer *writer);

#endif
