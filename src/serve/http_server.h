/*
 * A small HTTP server for canvass-relay and canvass-sim, on libmicrohttpd in poll mode (0.9.75
 * stalls with epoll and suspend/resume at 128 connections and more). Bodies are gathered up to a
 * limit; a handler gets whole requests only, and may answer later from another thread.
 */
#ifndef CANVASS_SERVE_HTTP_SERVER_H
#define CANVASS_SERVE_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct http_server;
struct http_exchange; /* one request and its answer; handed to the handler once */

struct http_server_options {
    const char *listen;       /* "127.0.0.1:8090"; port 0 takes a free one */
    size_t max_body_bytes;    /* more is 413; headers are limited to 16 kB */
    unsigned max_connections; /* in all; 0: 1024 */
    unsigned idle_timeout_s;  /* of a connection that says nothing; 0: 15 */
    /* Must end in exactly one http_reply() for the exchange, now or later. */
    void (*handle)(void *ctx, struct http_exchange *x);
    void *ctx;
};

/* The handler runs on the server's own thread. */
struct http_server *http_server_start(const struct http_server_options *options,
                                      struct error *err) MUST_CHECK;
/* Stops accepting, lets handlers that run finish, answers what is open with 503, joins, frees. */
void http_server_stop(struct http_server *server);
uint16_t http_server_port(const struct http_server *server);

/* Borrowed until http_reply(). Names of headers in any case. NULL when absent. */
const char *http_method(const struct http_exchange *x);
const char *
http_path(const struct http_exchange *x); /* decoded by nobody: as on the wire, no query */
const char *http_query(const struct http_exchange *x); /* raw, without "?"; "" when absent */
const char *http_header(const struct http_exchange *x, const char *name);
const char *http_body(const struct http_exchange *x, size_t *len); /* NUL-terminated behind len */
const char *http_peer(const struct http_exchange *x);              /* "127.0.0.1" */

struct http_reply_header {
    const char *name, *value;
};
/* Any thread. headers may be NULL. Copies everything; x is gone afterwards. */
void http_reply(struct http_exchange *x, int status, const char *content_type, const void *body,
                size_t len, const struct http_reply_header *headers, size_t header_count);
/* Ends the connection without an answer (a fault for the simulator). */
void http_drop(struct http_exchange *x);

#endif
