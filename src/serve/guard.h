/*
 * Keeps clients from holding on to connections: so many for each source, and so much time for each
 * part of a request. libmicrohttpd alone only ends a connection that is silent; one that says a
 * byte every ten seconds it would keep for ever.
 */
#ifndef CANVASS_SERVE_GUARD_H
#define CANVASS_SERVE_GUARD_H

#include <stdatomic.h>

#include "serve/address.h"

struct guard;
struct guarded; /* one connection */

/* Any thread may read. */
struct http_server_counters {
    atomic_llong connections; /* open now */
    atomic_llong refused;     /* connections of sources that had too many */
    atomic_llong slow;        /* connections ended since a request took too long to arrive */
};

struct guard_options {
    unsigned per_source;           /* connections; 0: any number */
    const struct ip_range *exempt; /* borrowed: the sources that may have any number */
    size_t exempt_count;
    struct http_server_counters *counters; /* borrowed */
};

struct guard *guard_start(const struct guard_options *options, struct error *err) MUST_CHECK;
void guard_stop(struct guard *guard); /* after every connection was closed; NULL is fine */

/* Whether that source may have one more. */
bool guard_accepts(struct guard *guard, const struct sockaddr *from);
struct guarded *guard_open(struct guard *guard, int fd, const struct sockaddr *from);
void guard_close(struct guard *guard, struct guarded *connection); /* before its fd is closed */
/* The connection is cut off at this time of utime_mono_ms(); 0: never. */
void guard_until(struct guard *guard, struct guarded *connection, int64_t deadline_ms);

#endif
