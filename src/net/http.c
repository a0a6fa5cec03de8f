#include "net/http.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/evp.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "net/http_loop.h"

/*
 * A kept connection is closed by the provider's side some time. The older it is, the likelier that
 * a request meets the close on its way, which leaves its outcome unknown; so old ones are dropped.
 */
#define CONNECTION_IDLE_MAX_S 20L
#define CURLS_OWN_TYPE "application/x-www-form-urlencoded"
#define RETRY_AFTER_MAX_S ((int64_t)24 * 3600)

#if LIBCURL_VERSION_NUM < 0x075000
#error "libcurl 7.80 or newer is needed: CURLOPT_PREREQFUNCTION"
#endif

/* What an easy handle was set up for: the next request of the same shape brings only its body. */
struct shape {
    char *url, *user, *password, *bearer, *content_type; /* owned */
    int64_t connect_ms, total_ms, stall_s;
    bool is_post;
};

struct transfer {
    CURL *easy;
    struct http_client *client;
    struct transfer *prev, *next;
    struct shape shape;
    struct curl_slist *headers; /* of the shape */
    CURLU *url;                 /* of the shape, read once: libcurl would for every request */
    char *request_body;         /* owned; NULL for GET */
    bool let_out;               /* may have begun to leave */
    struct buf answer;
    size_t header_bytes;
    bool too_big;
    bool taken_back;
    bool (*may_leave)(void *ctx);
    void (*done)(void *ctx, const struct http_answer *answer);
    void *ctx;
};

struct http_client {
    CURLM *multi;
    struct http_loop *loop;
    struct transfer *running; /* doubly linked */
    struct transfer *idle;    /* easy handles kept for use again, linked by next */
};

/* --- bytes in and out */

/* Bytes of the request that the network has taken. */
static bool
has_left(const struct transfer *t)
{
    long bytes = 0;

    return curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &bytes) != CURLE_OK || bytes > 0;
}

/*
 * The connection is there and the request would leave now. It is asked again when libcurl wants to
 * send it a second time.
 */
static int
on_request(void *ctx, char *remote, char *local, int remote_port, int local_port)
{
    struct transfer *t = ctx;

    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    if (t->let_out && has_left(t))
        return CURL_PREREQFUNC_ABORT;
    if (t->may_leave && !t->may_leave(t->ctx)) {
        t->taken_back = true;
        return CURL_PREREQFUNC_ABORT;
    }
    t->let_out = true;
    return CURL_PREREQFUNC_OK;
}

static size_t
on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    size_t n = size * count;

    if (n > HTTP_ANSWER_MAX - t->answer.len) {
        t->too_big = true;
        return 0;
    }
    buf_add(&t->answer, data, n);
    return n;
}

static size_t
on_header(char *data, size_t size, size_t count, void *ctx)
{
    struct transfer *t = ctx;
    size_t n = size * count;

    (void)data;
    if (n > HTTP_HEADERS_MAX - t->header_bytes) {
        t->too_big = true;
        return 0;
    }
    t->header_bytes += n;
    return n;
}

/* --- the shape of a request */

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
has_shape(const struct shape *s, const struct http_request *r)
{
    return same_text(s->url, r->url) && same_text(s->user, r->user) &&
           same_text(s->password, r->password) && same_text(s->bearer, r->bearer) &&
           same_text(s->content_type, r->content_type) && s->connect_ms == r->connect_ms &&
           s->total_ms == r->total_ms && s->stall_s == r->stall_s && s->is_post == !!r->body;
}

static void
free_secret(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static void
shape_release(struct shape *s)
{
    free(s->url);
    free(s->user);
    free_secret(s->password);
    free_secret(s->bearer);
    free(s->content_type);
    *s = (struct shape){0};
}

static void
shape_take(struct shape *s, const struct http_request *r)
{
    *s = (struct shape){
        .url = mem_strdup(r->url),
        .user = mem_strdup(r->user),
        .password = mem_strdup(r->password),
        .bearer = mem_strdup(r->bearer),
        .content_type = mem_strdup(r->content_type),
        .connect_ms = r->connect_ms,
        .total_ms = r->total_ms,
        .stall_s = r->stall_s,
        .is_post = r->body != NULL,
    };
}

/* --- one transfer */

static void
transfer_free(struct transfer *t)
{
    if (!t)
        return;
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    curl_url_cleanup(t->url);
    shape_release(&t->shape);
    free(t->request_body);
    buf_release(&t->answer);
    free(t);
}

static struct transfer *
transfer_take(struct http_client *c)
{
    struct transfer *t = c->idle;

    if (t) {
        c->idle = t->next;
        t->next = NULL;
        return t;
    }
    t = mem_alloc(sizeof *t);
    t->client = c;
    t->easy = curl_easy_init();
    if (!t->easy) {
        free(t);
        return NULL;
    }
    return t;
}

/* Forgets the request and keeps the handle with its shape. */
static void
transfer_give_back(struct transfer *t)
{
    struct http_client *c = t->client;

    free(t->request_body);
    buf_clear(&t->answer);
    *t = (struct transfer){.easy = t->easy,
                           .client = c,
                           .shape = t->shape,
                           .headers = t->headers,
                           .url = t->url,
                           .answer = t->answer,
                           .next = c->idle};
    c->idle = t;
}

static void
forget_shape(struct transfer *t)
{
    curl_easy_reset(t->easy);
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    curl_url_cleanup(t->url);
    t->url = NULL;
    shape_release(&t->shape);
}

static void
transfer_link(struct transfer *t)
{
    struct http_client *c = t->client;

    t->prev = NULL;
    t->next = c->running;
    if (c->running)
        c->running->prev = t;
    c->running = t;
}

static void
transfer_unlink(struct transfer *t)
{
    if (t->prev)
        t->prev->next = t->next;
    else
        t->client->running = t->next;
    if (t->next)
        t->next->prev = t->prev;
    t->prev = t->next = NULL;
}

static bool
add_header(struct transfer *t, const char *line)
{
    struct curl_slist *more = curl_slist_append(t->headers, line);

    if (more)
        t->headers = more;
    return more != NULL;
}

static bool
is_loopback(const char *url)
{
    return text_starts_with(url, "http://127.") || text_starts_with(url, "http://localhost") ||
           text_starts_with(url, "http://[::1]");
}

/* What every request has, whoever asks. */
static bool
set_common(CURL *e, struct transfer *t, const struct http_request *r)
{
    CURLcode rc = http_loop_prepare(t->client->loop, e);

#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (rc == CURLE_OK)                                                                        \
            rc = curl_easy_setopt(e, option, value);                                               \
    } while (0)
    SET(CURLOPT_CURLU, t->url);
    SET(CURLOPT_PRIVATE, t);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_MAXAGE_CONN, CONNECTION_IDLE_MAX_S);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)r->total_ms);
    SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
    SET(CURLOPT_LOW_SPEED_TIME, (long)r->stall_s);
    SET(CURLOPT_USERAGENT, "canvass/" CANVASS_VERSION);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    if (is_loopback(r->url)) /* a proxy of the environment is for the outside */
        SET(CURLOPT_PROXY, "");
    if (r->body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_BUFFERSIZE, 4096L); /* of an answer: libcurl takes it anew each time */
        SET(CURLOPT_PREREQFUNCTION, on_request);
        SET(CURLOPT_PREREQDATA, t);
    }
    SET(CURLOPT_HTTPHEADER, t->headers);
#undef SET
    return rc == CURLE_OK;
}

static bool
set_body(struct transfer *t, const struct http_request *r)
{
    if (!r->body)
        return true;
    t->request_body = mem_dup(r->body, r->body_len);
    return curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len) ==
               CURLE_OK &&
           curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->request_body) == CURLE_OK;
}

/* RFC 7617. Made here, once for a handle: libcurl would make it for every request. */
static bool
add_basic(struct transfer *t, const char *user, const char *password)
{
    char *plain = mem_printf("%s:%s", user, password ? password : "");
    const size_t len = strlen(plain);
    char *encoded = mem_alloc((len + 2) / 3 * 4 + 1);
    char *line;
    bool ok;

    (void)EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)plain, (int)len);
    line = mem_printf("Authorization: Basic %s", encoded);
    ok = add_header(t, line);
    free_secret(line);
    free_secret(encoded);
    free_secret(plain);
    return ok;
}

static bool
set_headers(struct transfer *t, const struct http_request *r)
{
    char *line = NULL;
    bool ok = true;

    /* libcurl looks through the list many times: the type that it gives a POST by itself is left
     * to it, and so is `Expect`, which it asks for a megabyte and more only. */
    if (r->content_type && strcmp(r->content_type, CURLS_OWN_TYPE) != 0) {
        line = mem_printf("Content-Type: %s", r->content_type);
        ok = add_header(t, line);
        free(line);
    }
    if (ok && r->bearer && r->bearer[0]) {
        line = mem_printf("Authorization: Bearer %s", r->bearer);
        ok = add_header(t, line);
        free_secret(line);
    }
    return ok && (!r->user || add_basic(t, r->user, r->password));
}

static bool
set_url(struct transfer *t, const struct http_request *r)
{
    t->url = curl_url();
    return t->url && curl_url_set(t->url, CURLUPART_URL, r->url, 0) == CURLUE_OK;
}

/* Sets the handle up, unless it is already. */
static bool
set_shape(struct transfer *t, const struct http_request *r)
{
    if (has_shape(&t->shape, r))
        return true;
    forget_shape(t);
    if (!set_url(t, r) || !set_headers(t, r) || !set_common(t->easy, t, r)) {
        forget_shape(t);
        return false;
    }
    shape_take(&t->shape, r);
    return true;
}

/* --- ends */

static enum http_failure
failure_of(const struct transfer *t, CURLcode rc)
{
    if (t->taken_back)
        return HTTP_TAKEN_BACK;
    if (t->too_big)
        return HTTP_TOO_BIG;
    switch (rc) {
    case CURLE_OK:
        return HTTP_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_TIMEOUT;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_SSL_CONNECT_ERROR: /* the handshake broke off: may go well the next time */
        return HTTP_REFUSED;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
        return HTTP_TLS;
    default:
        return HTTP_BROKEN;
    }
}

/* curl's error buffer may hold host names and URLs; its list of messages holds none. */
static void
describe(struct http_answer *a, CURLcode rc)
{
    static const char *const words[] = {
        [HTTP_OK] = "",
        [HTTP_BROKEN] = "the connection broke",
        [HTTP_TIMEOUT] = "no answer in time",
        [HTTP_TOO_BIG] = "the answer is too big",
        [HTTP_TLS] = "the certificate could not be trusted",
        [HTTP_REFUSED] = "no connection",
        [HTTP_TAKEN_BACK] = "taken back before it left",
    };
    _Static_assert(ARRAY_LEN(words) == HTTP_FAILURE_COUNT, "words for every failure");

    if (a->failure == HTTP_OK || a->failure == HTTP_TOO_BIG || a->failure == HTTP_TAKEN_BACK)
        (void)text_copy(a->error, sizeof a->error, words[a->failure]);
    else
        (void)snprintf(a->error, sizeof a->error, "%s (%s)", words[a->failure],
                       curl_easy_strerror(rc));
}

static void
finish(struct transfer *t, CURLcode rc)
{
    struct http_answer a = {0};
    long status = 0;
    curl_off_t retry_after = 0;

    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after);
    a.failure = failure_of(t, rc);
    a.status = (int)status;
    a.sent = has_left(t);
    a.body = buf_str(&t->answer);
    a.body_len = t->answer.len;
    if (retry_after > 0)
        a.retry_after_ms =
            (retry_after < RETRY_AFTER_MAX_S ? (int64_t)retry_after : RETRY_AFTER_MAX_S) * 1000;
    describe(&a, rc);
    t->done(t->ctx, &a);
}

/* Tells every end there is; true when there was one. A handler may start other requests. */
static bool
harvest(struct http_client *c)
{
    bool told = false;
    int left = 0;

    for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left)) != NULL;) {
        struct transfer *t = NULL;
        CURLcode rc = m->data.result;
        CURL *easy = m->easy_handle;

        if (m->msg != CURLMSG_DONE || /* the message is gone once the handle is removed */
            curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t) != CURLE_OK || !t)
            continue;
        (void)curl_multi_remove_handle(c->multi, easy);
        transfer_unlink(t);
        finish(t, rc);
        transfer_give_back(t);
        told = true;
    }
    return told;
}

struct http_client *
http_client_new(size_t connections, struct error *err)
{
    struct http_client *c = mem_alloc(sizeof *c);

    c->multi = curl_multi_init();
    if (!c->multi ||
        curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)connections) != CURLM_OK ||
        curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) != CURLM_OK) {
        (void)error_set(err, ERR_INTERNAL, "the network library could not be started");
        http_client_free(c);
        return NULL;
    }
    c->loop = http_loop_new(c->multi, err);
    if (!c->loop) {
        http_client_free(c);
        return NULL;
    }
    return c;
}

void
http_client_free(struct http_client *c)
{
    if (!c)
        return;
    for (struct transfer *t = c->running, *next = NULL; t; t = next) {
        next = t->next;
        (void)curl_multi_remove_handle(c->multi, t->easy);
        transfer_free(t);
    }
    for (struct transfer *t = c->idle, *next = NULL; t; t = next) {
        next = t->next;
        transfer_free(t);
    }
    if (c->multi)
        (void)curl_multi_cleanup(c->multi);
    http_loop_free(c->loop); /* last: it hears of the connections that are closed */
    free(c);
}

bool
http_client_start(struct http_client *c, const struct http_request *r, struct error *err)
{
    struct transfer *t = transfer_take(c);

    if (!t)
        return error_set(err, ERR_RETRY, "no request could be started");
    t->done = r->done;
    t->may_leave = r->may_leave;
    t->ctx = r->ctx;
    if (!set_shape(t, r) || !set_body(t, r)) {
        transfer_give_back(t);
        return error_set(err, ERR_INTERNAL, "the request could not be set up");
    }
    if (curl_multi_add_handle(c->multi, t->easy) != CURLM_OK) {
        transfer_give_back(t);
        return error_set(err, ERR_RETRY, "no request could be started");
    }
    transfer_link(t);
    return true;
}

void
http_client_drop(struct http_client *c, const void *ctx)
{
    for (struct transfer *t = c->running, *next = NULL; t; t = next) {
        next = t->next;
        if (t->ctx != ctx)
            continue;
        (void)curl_multi_remove_handle(c->multi, t->easy); /* and its end, when it had one */
        transfer_unlink(t);
        transfer_give_back(t);
    }
}

void
http_client_pump(struct http_client *c, int timeout_ms)
{
    http_loop_start_due(c->loop);
    if (harvest(c))
        return;
    http_loop_run(c->loop, timeout_ms);
    (void)harvest(c);
}

void
http_client_wake(struct http_client *c)
{
    http_loop_wake(c->loop);
}
