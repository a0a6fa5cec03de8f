/*
 * HTTP requests on one curl multi handle: HTTP/1.1, connections kept and used again, TLS verified,
 * no redirect followed, answers capped. One thread, except http_client_wake().
 *
 * Never twice: libcurl sends a request again by itself when a kept connection turns out to be dead
 * (Curl_retry_request: nothing answered on a reused connection, POST included). So it must ask
 * before each try of a POST (CURLOPT_PREREQFUNCTION), and a second one is refused once the network
 * has taken a single byte of the first (CURLINFO_REQUEST_SIZE); `sent` tells exactly that.
 */
#ifndef CANVASS_NET_HTTP_H
#define CANVASS_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct http_client;

#define HTTP_ANSWER_MAX ((size_t)1024 * 1024) /* bytes */
#define HTTP_HEADERS_MAX ((size_t)64 * 1024)

enum http_failure {
    HTTP_OK,         /* a whole answer, whatever its status */
    HTTP_BROKEN,     /* connection lost, nonsense, or cut in the middle */
    HTTP_TIMEOUT,    /* connect, stall or total time-out */
    HTTP_TOO_BIG,    /* the answer is over the cap */
    HTTP_TLS,        /* the other side's certificate cannot be trusted */
    HTTP_REFUSED,    /* no connection could be made, in TCP or TLS, or the name is unknown */
    HTTP_TAKEN_BACK, /* may_leave() said no */
    HTTP_FAILURE_COUNT
};

struct http_answer {
    enum http_failure failure;
    bool sent;              /* false: proved that no byte of the request was given away */
    int status;             /* 0: no status line came; may be there although the rest is missing */
    const char *body;       /* borrowed; NUL-terminated; what came of it */
    size_t body_len;        /* bytes */
    int64_t retry_after_ms; /* of Retry-After; 0: none */
    char error[160];        /* for people, without URL, secret or body; "" when HTTP_OK */
};

struct http_request {
    const char *url;
    const char *user, *password; /* Basic; user NULL: none */
    const char *bearer;          /* NULL or "": none */
    const char *content_type;    /* of the body */
    const char *body;            /* NULL: GET; else POST, at least one byte */
    size_t body_len;
    int64_t connect_ms, total_ms;
    int64_t stall_s; /* no byte in either direction for so long */
    /* From inside http_client_pump(). May start other requests; must not free the client. */
    void (*done)(void *ctx, const struct http_answer *answer);
    /* POST: asked right before the first byte; false ends it, not sent. NULL: always. */
    bool (*may_leave)(void *ctx);
    void *ctx;
};

/* connections: how many are kept open for use again. Call net_global_init() (net.c) before. */
struct http_client *http_client_new(size_t connections, struct error *err) MUST_CHECK;
void http_client_free(struct http_client *c); /* ends all under way without telling */
/* Copies everything but ctx. False: nothing was started and done() will not be called. */
bool http_client_start(struct http_client *c, const struct http_request *request,
                       struct error *err) MUST_CHECK;
/* Works, tells ends; waits up to timeout_ms when there was nothing to tell, or until wake(). */
void http_client_pump(struct http_client *c, int timeout_ms);
void http_client_wake(struct http_client *c); /* any thread */
/* Breaks off what was started with this ctx, without telling. Not from inside done(). */
void http_client_drop(struct http_client *c, const void *ctx);

/* Appends "name=value" (name as it is, value percent-encoded), with "&" before it when needed. */
struct buf;
void http_form_add(struct buf *form, const char *name, const char *value);
void http_escape(struct buf *out, const char *value);

#endif
