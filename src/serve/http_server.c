#include "serve/http_server.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "serve/listener.h"

enum {
    DEFAULT_CONNECTIONS = 1024,
    DEFAULT_IDLE_S = 15,
    DEFAULT_REQUEST_S = 10,
    SEND_MS = 120 * 1000, /* for a client to take its answer */
    HEADER_BYTES = 16 * 1024,
    POOL_BYTES = HEADER_BYTES + 4 * 1024, /* a connection: its headers and those of the answer */
    DRAIN_BYTES = 1024 * 1024, /* read and thrown away, so that the client gets to read its 413 */
    STOP_WAIT_S = 3,
};

struct http_server {
    struct MHD_Daemon *daemon;
    int listen_fd;
    uint16_t port;
    size_t max_body_bytes;
    void (*handle)(void *ctx, struct http_exchange *x);
    void (*on_answered)(void *ctx, const struct http_exchange *x, int status);
    void *ctx;
    const struct ip_range *trusted; /* borrowed */
    size_t trusted_count;
    int64_t idle_ms, request_ms;
    struct guard *guard;
    struct http_server_counters counters; /* when nobody gave us others */
    atomic_bool stopping; /* set before the sleepers are woken: nobody goes to sleep after that */
    pthread_mutex_t lock; /* guards what follows, and comes before an exchange's own lock */
    pthread_cond_t changed;
    struct http_exchange *open; /* requests that are not answered to the end yet */
};

/*
 * Shared by the connection and by whoever owes the answer: each holds one of two references, so
 * that an answer that comes after the client (or the server) has gone finds its exchange still
 * there.
 */
struct http_exchange {
    struct http_server *server; /* used on the server's thread only */
    struct http_exchange *prev, *next;
    struct buf target;  /* path NUL query NUL */
    struct buf headers; /* name NUL value NUL ... */
    struct buf body;
    char method[16];
    struct ip_address peer, source;
    const char *query; /* into target */
    bool seen;         /* the headers were read */
    bool handed_over;  /* handle() was called */
    bool is_too_large; /* the body: thrown away and answered with 413 */
    size_t drained;

    pthread_mutex_t lock; /* guards what follows */
    int references;
    struct MHD_Connection *connection; /* NULL once it has ended */
    struct MHD_Response *response;
    int status;
    bool answered; /* without a response: the connection is to be ended */
    bool suspended;
};

/* --- exchanges */

static void
exchange_release(struct http_exchange *x)
{
    pthread_mutex_lock(&x->lock);
    bool last = --x->references == 0;
    pthread_mutex_unlock(&x->lock);

    if (!last)
        return;
    if (x->response)
        MHD_destroy_response(x->response);
    pthread_mutex_destroy(&x->lock);
    buf_release(&x->target);
    buf_release(&x->headers);
    buf_release(&x->body);
    free(x);
}

static void
allow(struct http_server *server, struct MHD_Connection *connection, int64_t ms)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    if (info && info->socket_context)
        guard_until(server->guard, info->socket_context, ms ? utime_mono_ms() + ms : 0);
}

/* The first word of a new request: the target as it stands on the wire. */
static void *
on_target(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct http_server *server = cls;
    struct http_exchange *x = mem_alloc(sizeof *x);
    size_t path_len = strcspn(uri, "?");

    x->server = server;
    x->connection = connection;
    x->references = 1;
    pthread_mutex_init(&x->lock, NULL);
    buf_add(&x->target, uri, path_len);
    buf_add_char(&x->target, '\0');
    buf_add_str(&x->target, uri[path_len] ? uri + path_len + 1 : "");
    x->query = x->target.data + path_len + 1;

    pthread_mutex_lock(&server->lock);
    x->next = server->open;
    if (x->next)
        x->next->prev = x;
    server->open = x;
    pthread_mutex_unlock(&server->lock);
    return x;
}

static void
on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
             enum MHD_RequestTerminationCode why)
{
    struct http_server *server = cls;
    struct http_exchange *x = *con_cls;

    *con_cls = NULL;
    allow(server, connection, server->idle_ms + server->request_ms); /* for the next request */
    if (!x)
        return;
    if (server->on_answered) {
        pthread_mutex_lock(&x->lock);
        int status = why == MHD_REQUEST_TERMINATED_COMPLETED_OK ? x->status : 0;
        pthread_mutex_unlock(&x->lock);

        server->on_answered(server->ctx, x, status);
    }
    pthread_mutex_lock(&server->lock);
    if (x->prev)
        x->prev->next = x->next;
    else
        server->open = x->next;
    if (x->next)
        x->next->prev = x->prev;
    pthread_cond_signal(&server->changed);
    pthread_mutex_unlock(&server->lock);

    pthread_mutex_lock(&x->lock);
    x->connection = NULL;
    x->suspended = false;
    pthread_mutex_unlock(&x->lock);
    exchange_release(x);
}

static enum MHD_Result
add_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct buf *headers = cls;

    (void)kind;
    buf_add(headers, name, strlen(name) + 1);
    buf_add(headers, value ? value : "", value ? strlen(value) + 1 : 1);
    return MHD_YES;
}

/* X-Forwarded-For may stand on several lines: the list goes on from one to the next. */
static char *
forwarded_for(const struct http_exchange *x)
{
    const char *end = buf_str(&x->headers) + x->headers.len;
    struct buf list = {0};

    for (const char *p = buf_str(&x->headers); p < end;) {
        const char *value = p + strlen(p) + 1;

        if (text_eq_nocase(p, "X-Forwarded-For")) {
            if (list.len)
                buf_add_char(&list, ',');
            buf_add_str(&list, value);
        }
        p = value + strlen(value) + 1;
    }
    return list.len ? buf_take(&list) : NULL;
}

static void
read_source(struct http_exchange *x, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct http_server *server = x->server;

    if (!info || !ip_from_sockaddr(info->client_addr, &x->peer))
        x->peer = (struct ip_address){0};
    x->source = x->peer;
    if (ip_in_ranges(&x->peer, server->trusted, server->trusted_count)) {
        char *list = forwarded_for(x);

        x->source = ip_behind_proxies(&x->peer, list, server->trusted, server->trusted_count);
        free(list);
    }
}

/* --- answers */

static struct MHD_Response *
make_response(const char *content_type, const void *body, size_t len,
              const struct http_reply_header *headers, size_t header_count)
{
    char *copy = mem_alloc(len + 1);
    struct MHD_Response *response;
    bool ok;

    if (len)
        memcpy(copy, body, len);
    response = MHD_create_response_from_buffer(len, copy, MHD_RESPMEM_MUST_FREE);
    ok = response != NULL;
    if (!ok)
        free(copy);

    if (ok && content_type)
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) ==
             MHD_YES;
    for (size_t i = 0; ok && i < header_count; i++)
        ok = MHD_add_response_header(response, headers[i].name, headers[i].value) == MHD_YES;
    if (ok)
        return response;
    if (response)
        MHD_destroy_response(response);
    return NULL;
}

/* The first answer counts. response NULL ends the connection: better than half an answer. */
static void
answer(struct http_exchange *x, int status, struct MHD_Response *response)
{
    pthread_mutex_lock(&x->lock);
    if (!x->answered) {
        x->answered = true;
        x->status = status;
        x->response = response;
        response = NULL;
        if (x->suspended && x->connection) {
            x->suspended = false;
            MHD_resume_connection(x->connection);
        }
    }
    pthread_mutex_unlock(&x->lock);
    if (response)
        MHD_destroy_response(response);
}

/* Answered by the server itself. JSON, since a text/plain answer to a webhook is sent on by Twilio.
 */
static void
refuse(struct http_exchange *x, int status)
{
    static const struct http_reply_header close_it = {MHD_HTTP_HEADER_CONNECTION, "close"};
    char *text = mem_printf("{\"error\":\"%s\"}\n",
                            status == MHD_HTTP_SERVICE_UNAVAILABLE ? "going down, try again"
                            : status == MHD_HTTP_BAD_REQUEST ? "the length of the body is not clear"
                                                             : "the request is too large");

    answer(x, status, make_response("application/json", text, strlen(text), &close_it, 1));
    free(text);
}

/* Sends the answer when there is one, else lets the connection sleep until there is. */
static enum MHD_Result
send_or_sleep(struct http_exchange *x, struct MHD_Connection *connection)
{
    enum MHD_Result result = MHD_YES;

    pthread_mutex_lock(&x->lock);
    if (!x->answered && atomic_load(&x->server->stopping)) {
        pthread_mutex_unlock(&x->lock);
        refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE);
        pthread_mutex_lock(&x->lock);
    }
    if (!x->answered) {
        x->suspended = true;
        MHD_suspend_connection(connection);
    } else if (x->response) {
        allow(x->server, connection, SEND_MS);
        result = MHD_queue_response(connection, (unsigned)x->status, x->response);
    } else {
        result = MHD_NO; /* dropped */
    }
    pthread_mutex_unlock(&x->lock);
    return result;
}

/* --- requests */

/*
 * Two programs that disagree on where a request ends can be made to take one client's words for
 * another's: only one length, or chunks, and nothing else.
 */
static bool
is_length_clear(const struct http_exchange *x)
{
    const char *end = buf_str(&x->headers) + x->headers.len;
    int lengths = 0;
    int codings = 0;

    for (const char *p = buf_str(&x->headers); p < end;) {
        const char *value = p + strlen(p) + 1;

        lengths += text_eq_nocase(p, MHD_HTTP_HEADER_CONTENT_LENGTH);
        if (text_eq_nocase(p, MHD_HTTP_HEADER_TRANSFER_ENCODING))
            codings += text_eq_nocase(value, "chunked") ? 1 : 2;
        p = value + strlen(value) + 1;
    }
    return lengths + codings <= 1;
}

/* Reads the headers; answers at once what will not be read to its end. */
static enum MHD_Result
begin_request(struct http_exchange *x, struct MHD_Connection *connection, const char *method)
{
    const char *length;
    int64_t announced = 0;

    x->seen = true;
    (void)text_copy(x->method, sizeof x->method, method);
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &x->headers);
    read_source(x, connection);
    allow(x->server, connection, x->server->request_ms);
    if (x->headers.len > HEADER_BYTES) {
        refuse(x, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE);
        return send_or_sleep(x, connection);
    }
    if (!is_length_clear(x)) {
        refuse(x, MHD_HTTP_BAD_REQUEST);
        return send_or_sleep(x, connection);
    }
    length = http_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (!length)
        return MHD_YES;
    /* A number too large for 64 bits is refused by MHD before we see it. */
    x->is_too_large = num_parse_i64(length, &announced) &&
                      (uint64_t)announced > (uint64_t)x->server->max_body_bytes;
    if (x->is_too_large && (announced > DRAIN_BYTES || http_header(x, MHD_HTTP_HEADER_EXPECT))) {
        refuse(x, MHD_HTTP_CONTENT_TOO_LARGE);
        return send_or_sleep(x, connection);
    }
    return MHD_YES;
}

static enum MHD_Result
take_body(struct http_exchange *x, const char *data, size_t len)
{
    if (!x->is_too_large && len <= x->server->max_body_bytes - x->body.len) {
        buf_add(&x->body, data, len);
        return MHD_YES;
    }
    x->is_too_large = true;
    x->drained += len;
    return x->drained > DRAIN_BYTES ? MHD_NO : MHD_YES;
}

static void
hand_over(struct http_exchange *x)
{
    struct http_server *server = x->server;

    x->handed_over = true;
    if (x->is_too_large) {
        refuse(x, MHD_HTTP_CONTENT_TOO_LARGE);
    } else if (atomic_load(&server->stopping)) {
        refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE);
    } else {
        pthread_mutex_lock(&x->lock);
        x->references++; /* the handler's, given back by its answer */
        pthread_mutex_unlock(&x->lock);
        server->handle(server->ctx, x);
    }
}

/* MHD calls this once for the headers, once for each piece of the body, once at the end, and again
 * after a sleep. */
static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
           const char *version, const char *upload_data, size_t *upload_data_size, void **con_cls)
{
    struct http_exchange *x = *con_cls;

    (void)cls;
    (void)url;
    (void)version;
    if (!x)
        return MHD_NO;
    if (!x->seen)
        return begin_request(x, connection, method);
    if (*upload_data_size) {
        size_t len = *upload_data_size;

        *upload_data_size = 0;
        return take_body(x, upload_data, len);
    }
    if (!x->handed_over) {
        allow(x->server, connection, 0); /* the rest is up to the handler */
        hand_over(x);
    }
    return send_or_sleep(x, connection);
}

/* Escapes stay as they came: signatures are made over the text on the wire. */
static size_t
keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

/* --- connections */

static enum MHD_Result
on_accept(void *cls, const struct sockaddr *address, socklen_t len)
{
    struct http_server *server = cls;

    (void)len;
    return guard_accepts(server->guard, address) ? MHD_YES : MHD_NO;
}

static void
on_connection(void *cls, struct MHD_Connection *connection, void **context,
              enum MHD_ConnectionNotificationCode what)
{
    struct http_server *server = cls;
    const union MHD_ConnectionInfo *fd;
    const union MHD_ConnectionInfo *address;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context)
            guard_close(server->guard, *context);
        *context = NULL;
        return;
    }
    fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    address = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!fd)
        return;
    *context = guard_open(server->guard, fd->connect_fd, address ? address->client_addr : NULL);
    guard_until(server->guard, *context, utime_mono_ms() + server->request_ms);
}

/* --- start and stop */

static struct MHD_Daemon *
start_daemon(struct http_server *server, const struct http_server_options *options)
{
    unsigned connections =
        options->max_connections ? options->max_connections : DEFAULT_CONNECTIONS;
    sigset_t all;
    sigset_t before;

    /* Signals belong to the main thread; a new thread inherits the mask. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, on_accept, server, on_request,
        server, MHD_OPTION_LISTEN_SOCKET, server->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(server->idle_ms / 1000),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_URI_LOG_CALLBACK,
        on_target, server, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, server, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

static void
take_options(struct http_server *server, const struct http_server_options *o)
{
    server->max_body_bytes = o->max_body_bytes;
    server->handle = o->handle;
    server->on_answered = o->on_answered;
    server->ctx = o->ctx;
    server->trusted = o->trusted_proxies;
    server->trusted_count = o->trusted_count;
    server->idle_ms = (int64_t)(o->idle_timeout_s ? o->idle_timeout_s : DEFAULT_IDLE_S) * 1000;
    server->request_ms =
        (int64_t)(o->request_timeout_s ? o->request_timeout_s : DEFAULT_REQUEST_S) * 1000;
}

struct http_server *
http_server_start(const struct http_server_options *options, struct error *err)
{
    struct http_server *server = mem_alloc(sizeof *server);
    pthread_condattr_t clock;

    take_options(server, options);
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &clock);
    pthread_condattr_destroy(&clock);

    server->listen_fd = listener_open(options->listen, err);
    if (server->listen_fd < 0)
        goto bad;
    server->port = listener_port(server->listen_fd);
    server->guard =
        guard_start(&(struct guard_options){.per_source = options->max_per_source,
                                            .exempt = options->trusted_proxies,
                                            .exempt_count = options->trusted_count,
                                            .counters = options->counters ? options->counters
                                                                          : &server->counters},
                    err);
    if (!server->guard)
        goto bad_guard;
    server->daemon = start_daemon(server, options);
    if (server->daemon)
        return server;
    error_set(err, ERR_INTERNAL, "cannot start the HTTP server on %.100s", options->listen);
    guard_stop(server->guard);
bad_guard:
    (void)close(server->listen_fd);
bad:
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server);
    return NULL;
}

/* Gives what is open time to leave; a client that stays silent is cut off after that. */
static void
finish_open(struct http_server *server)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STOP_WAIT_S;
    atomic_store(&server->stopping, true);
    pthread_mutex_lock(&server->lock);
    for (struct http_exchange *x = server->open; x; x = x->next) {
        pthread_mutex_lock(&x->lock);
        bool asleep = x->suspended;
        pthread_mutex_unlock(&x->lock);
        if (asleep)
            refuse(x, MHD_HTTP_SERVICE_UNAVAILABLE);
    }
    while (server->open)
        if (pthread_cond_timedwait(&server->changed, &server->lock, &until) != 0)
            break;
    pthread_mutex_unlock(&server->lock);
}

void
http_server_stop(struct http_server *server)
{
    MHD_socket listener;

    if (!server)
        return;
    listener = MHD_quiesce_daemon(server->daemon);
    finish_open(server);
    MHD_stop_daemon(server->daemon);
    guard_stop(server->guard);
    if (listener != MHD_INVALID_SOCKET)
        (void)close(listener);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

uint16_t
http_server_port(const struct http_server *server)
{
    return server->port;
}

/* --- for handlers */

const char *
http_method(const struct http_exchange *x)
{
    return x->method;
}

const char *
http_path(const struct http_exchange *x)
{
    return x->target.data;
}

const char *
http_query(const struct http_exchange *x)
{
    return x->query;
}

const char *
http_header(const struct http_exchange *x, const char *name)
{
    const char *end = buf_str(&x->headers) + x->headers.len;

    for (const char *p = buf_str(&x->headers); p < end;) {
        const char *value = p + strlen(p) + 1;

        if (text_eq_nocase(p, name))
            return value;
        p = value + strlen(value) + 1;
    }
    return NULL;
}

const char *
http_body(const struct http_exchange *x, size_t *len)
{
    *len = x->body.len;
    return buf_str(&x->body);
}

const struct ip_address *
http_peer(const struct http_exchange *x)
{
    return &x->peer;
}

const struct ip_address *
http_source(const struct http_exchange *x)
{
    return &x->source;
}

void
http_reply(struct http_exchange *x, int status, const char *content_type, const void *body,
           size_t len, const struct http_reply_header *headers, size_t header_count)
{
    answer(x, status, make_response(content_type, body, len, headers, header_count));
    exchange_release(x);
}

void
http_drop(struct http_exchange *x)
{
    answer(x, 0, NULL);
    exchange_release(x);
}
