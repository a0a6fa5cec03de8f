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
#include "serve/address.h"
#include "serve/guard.h"

struct http_server;
struct http_exchange; /* one request and its answer; handed to the handler once */

struct http_server_options {
    const char *listen;       /* "127.0.0.1:8090"; port 0 takes a free one */
    size_t max_body_bytes;    /* more is 413; headers are limited to 16 kB */
    unsigned max_connections; /* in all; 0: 1024. Further ones wait in the kernel's queue */
    unsigned max_per_source;  /* of one address, but for the trusted; 0: as many. More are closed */
    unsigned idle_timeout_s;  /* of a connection that says nothing; 0: 15 */
    unsigned request_timeout_s; /* for all headers, then for all of the body; 0: 10 */
    /* Proxies that tell in X-Forwarded-For who asks; borrowed. */
    const struct ip_range *trusted_proxies;
    size_t trusted_count;
    struct http_server_counters *counters; /* borrowed; NULL: nobody wants to know */
    /* After the answer was sent; 0: none was, or it is libmicrohttpd's to what is no HTTP. May be
     * NULL. On the server's thread. */
    void (*on_answered)(void *ctx, const struct http_exchange *x, int status);
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
/* The other end of the connection, and who asks: another one behind a trusted proxy. */
const struct ip_address *http_peer(const struct http_exchange *x);
const struct ip_address *http_source(const struct http_exchange *x);

struct http_reply_header {
    const char *name, *value;
};
/* Any thread. headers may be NULL. Copies everything; x is gone afterwards. */
void http_reply(struct http_exchange *x, int status, const char *content_type, const void *body,
                size_t len, const struct http_reply_header *headers, size_t header_count);
/* Ends the connection without an answer (a fault for the simulator). */
void http_drop(struct http_exchange *x);

#endif
