/*
 * What the relay answers to which request. Runs on the server's thread: checks, then hands on to
 * the writer or the reader; it never waits and never touches the disk.
 */
#ifndef CANVASS_RELAY_ROUTES_H
#define CANVASS_RELAY_ROUTES_H

#include <stdatomic.h>

#include "relay/counters.h"

struct http_exchange;
struct reader;
struct sources;
struct writer;

/* Everything is borrowed. Zero but for these is a closed one. */
struct routes {
    const char *twilio_token; /* secret */
    const char *token;        /* secret; of the console */
    struct writer *writer;
    struct reader *reader;
    struct relay_counters *counters;
    struct sources *sources; /* whose failures are told to come later */
    const char *public_url;  /* set before it opens */
    atomic_bool is_open;
    int64_t logged_at; /* the server thread's own: refusals are logged once a minute */
};

void routes_open(struct routes *routes, const char *public_url);
void routes_close(struct routes *routes); /* every request is answered with 503 from now on */
void routes_handle(void *ctx, struct http_exchange *x); /* ctx is a struct routes */
/* Counts; for the server. ctx is a struct routes. */
void routes_answered(void *ctx, const struct http_exchange *x, int status);
void routes_name_paths(struct relay_counters *c); /* the rows of its answers */

#endif
