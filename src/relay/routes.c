#include "relay/routes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/webhook/form.h"
#include "core/webhook/twilio_signature.h"
#include "relay/answers.h"
#include "relay/reader.h"
#include "relay/sources.h"
#include "relay/writer.h"
#include "serve/http_server.h"

enum access { ACCESS_ANYONE, ACCESS_TOKEN, ACCESS_LOCAL_OR_TOKEN };

struct route {
    const char *path, *method;
    enum access access;
    enum relay_kind kind; /* of a webhook */
    void (*handle)(struct routes *routes, const struct route *route, struct http_exchange *x);
};

static void
refuse(struct routes *routes, struct http_exchange *x, enum failure why, int status,
       const char *text)
{
    atomic_fetch_add(&routes->counters->refused, 1);
    atomic_fetch_add(&routes->counters->failures[why], 1);
    answer_error(x, status, text);
}

/*
 * A wrong signature or token. Whoever has had many of them is told to come later. Only the wrong is
 * ever answered so: strangers behind the same proxy must not be able to shut Twilio or the console
 * out.
 */
static void
refuse_stranger(struct routes *routes, struct http_exchange *x, enum failure why, int status,
                const char *text)
{
    atomic_fetch_add(&routes->counters->failures[why], 1);
    if (sources_may_fail(routes->sources, http_source(x), utime_mono_ms())) {
        answer_error(x, status, text);
        return;
    }
    atomic_fetch_add(&routes->counters->rate_limited, 1);
    answer_too_often(x);
}

static void
refuse_token(struct routes *routes, struct http_exchange *x, const char *text)
{
    atomic_fetch_add(&routes->counters->unauthorized, 1);
    refuse_stranger(routes, x, FAILURE_TOKEN, 401, text);
}

/* --- webhooks */

static bool
is_form(const struct http_exchange *x)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = http_header(x, "Content-Type");

    return type && strncasecmp(type, form, sizeof form - 1) == 0 &&
           (type[sizeof form - 1] == '\0' || strchr("; \t", type[sizeof form - 1]) != NULL);
}

static char *
url_of(const struct http_exchange *x, const char *public_url)
{
    const char *query = http_query(x);

    return mem_printf("%s%s%s%s", public_url, http_path(x), *query ? "?" : "", query);
}

static char *
provider_id_of(const struct form *form)
{
    static const char *const names[] = {"MessageSid", "SmsSid", "SmsMessageSid"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *id = form_get(form, names[i]);

        if (id && *id)
            return mem_strdup(id);
    }
    return mem_strdup("");
}

/* Anybody can make us log this line, so it must not be able to fill the disk. */
static void
log_forged(struct routes *routes, const struct route *route, const struct http_exchange *x,
           bool signature)
{
    const int64_t now_s = utime_now_s();
    char source[IP_TEXT_SIZE];

    if (now_s - routes->logged_at < 60)
        return;
    routes->logged_at = now_s;
    ip_format(http_source(x), source);
    log_line(LOG_WARN, "hooks", "refused: %s from %s: %s (%lld so far)", route->path, source,
             signature ? "the signature does not match public_url and the auth token"
                       : "no signature",
             atomic_load(&routes->counters->forged));
}

static void
handle_twilio(struct routes *routes, const struct route *route, struct http_exchange *x)
{
    const char *signature = http_header(x, "X-Twilio-Signature");
    const char *type = http_header(x, "Content-Type");
    struct form form = {0};
    struct error err = {0};
    struct writer_job *job;
    size_t len;
    const char *body = http_body(x, &len);
    char *url = NULL;

    if (!is_form(x)) {
        refuse(routes, x, FAILURE_CONTENT_TYPE, 415,
               "the body must be application/x-www-form-urlencoded");
        return;
    }
    /* The raw bytes go into JSON as they are, so they must be text themselves. */
    if (!utf8_is_valid(body, len) || !form_parse(body, len, &form, &err)) {
        refuse(routes, x, FAILURE_MALFORMED, 400, err.text[0] ? err.text : "the body is not UTF-8");
        return;
    }
    url = url_of(x, routes->public_url);
    if (!signature || !utf8_is_valid(url, strlen(url)) ||
        !twilio_signature_verify(routes->twilio_token, url, type, body, len, signature)) {
        atomic_fetch_add(&routes->counters->forged, 1);
        log_forged(routes, route, x, signature != NULL);
        refuse_stranger(routes, x, FAILURE_SIGNATURE, 403, "the signature does not match");
        free(url);
    } else {
        job = writer_job_new(WRITER_STORE, x);
        job->kind = route->kind;
        job->received_at = utime_now_s();
        job->provider_id = provider_id_of(&form);
        job->url = url;
        job->signature = mem_strdup(signature);
        job->body = mem_strndup(body, len);
        writer_post(routes->writer, job);
    }
    form_release(&form);
}

/* --- the console's API */

/* Digests are compared, so that the time tells nothing about the token, not even its length. */
static bool
has_token(const struct routes *routes, const struct http_exchange *x)
{
    static const char scheme[] = "Bearer ";
    const char *header = http_header(x, "Authorization");
    unsigned char shown[EVP_MAX_MD_SIZE];
    unsigned char ours[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (!header || strncasecmp(header, scheme, sizeof scheme - 1) != 0)
        return false;
    header += sizeof scheme - 1;
    return EVP_Digest(header, strlen(header), shown, &len, EVP_sha256(), NULL) == 1 &&
           EVP_Digest(routes->token, strlen(routes->token), ours, &len, EVP_sha256(), NULL) == 1 &&
           CRYPTO_memcmp(shown, ours, len) == 0;
}

/* A whole number from the query; absent is the default; more than most is most. */
static bool
query_number(const struct form *query, const char *name, int64_t least, int64_t most,
             int64_t fallback, int64_t *out)
{
    const char *text = form_get(query, name);

    *out = fallback;
    if (!text || !*text)
        return true;
    if (!num_parse_i64(text, out) || *out < least)
        return false;
    if (*out > most)
        *out = most;
    return true;
}

static void
handle_events(struct routes *routes, const struct route *route, struct http_exchange *x)
{
    const char *text = http_query(x);
    const char *after = NULL;
    struct form query = {0};
    struct error err = {0};
    struct reader_job *job;
    int64_t limit;
    int64_t wait_s;

    (void)route;
    if (!form_parse(text, strlen(text), &query, &err)) {
        refuse(routes, x, FAILURE_MALFORMED, 400, err.text);
        return;
    }
    if (!query_number(&query, "limit", 1, READER_LIMIT_MAX, READER_LIMIT_DEFAULT, &limit) ||
        !query_number(&query, "wait", 0, READER_WAIT_MAX_S, 0, &wait_s)) {
        refuse(routes, x, FAILURE_MALFORMED, 400, "limit is 1 to 500, wait is 0 to 25 seconds");
    } else {
        after = form_get(&query, "after");
        job = reader_job_new(READER_EVENTS, x);
        job->cursor = mem_strdup(after ? after : "");
        job->limit = (int)limit;
        job->deadline_ms = utime_mono_ms() + wait_s * 1000;
        reader_post(routes->reader, job);
    }
    form_release(&query);
}

static void
handle_ack(struct routes *routes, const struct route *route, struct http_exchange *x)
{
    size_t len;
    const char *body = http_body(x, &len);
    json_error_t why;
    json_t *document = json_loadb(body, len, JSON_REJECT_DUPLICATES, &why);
    const char *cursor = json_string_value(json_object_get(document, "cursor"));
    struct writer_job *job;

    (void)route;
    if (!cursor || !*cursor) {
        refuse(routes, x, FAILURE_MALFORMED, 400, "the body must be {\"cursor\": \"...\"}");
    } else {
        job = writer_job_new(WRITER_ACK, x);
        job->cursor = mem_strdup(cursor);
        writer_post(routes->writer, job);
    }
    json_decref(document);
}

/* How far a console has come; see relay_store.h. */
static void
handle_state(struct routes *routes, const struct route *route, struct http_exchange *x)
{
    size_t len;
    const char *body = http_body(x, &len);
    json_error_t why;
    json_t *document = json_loadb(body, len, JSON_REJECT_DUPLICATES, &why);
    const char *id = json_string_value(json_object_get(document, "state"));
    const json_t *fence = json_object_get(document, "fence");
    const json_t *attempt = json_object_get(document, "attempt");
    struct writer_job *job;

    (void)route;
    if (!id || !*id || strlen(id) > RELAY_STATE_ID_MAX || !json_is_integer(fence) ||
        !json_is_integer(attempt) || json_integer_value(fence) < 0 ||
        json_integer_value(attempt) < 0) {
        refuse(routes, x, FAILURE_MALFORMED, 400,
               "the body must be {\"state\": \"...\", \"fence\": N, \"attempt\": N}");
    } else {
        job = writer_job_new(WRITER_STATE, x);
        (void)text_copy(job->state.id, sizeof job->state.id, id);
        job->state.fence = json_integer_value(fence);
        job->state.attempt = json_integer_value(attempt);
        writer_post(routes->writer, job);
    }
    json_decref(document);
}

static void
handle_health(struct routes *routes, const struct route *route, struct http_exchange *x)
{
    bool ok = !atomic_load(&routes->counters->failing);

    (void)route;
    if (!http_header(x, "Authorization")) {
        answer_json(x, ok ? 200 : 503, json_pack("{s:b}", "ok", ok));
    } else if (!has_token(routes, x)) {
        refuse_token(routes, x, "the token is wrong");
    } else {
        reader_post(routes->reader, reader_job_new(READER_HEALTH, x));
    }
}

static void
handle_metrics(struct routes *routes, const struct route *route, struct http_exchange *x)
{
    (void)route;
    reader_post(routes->reader, reader_job_new(READER_METRICS, x));
}

/* A proxy on the same machine asks from the loopback too, for anybody: it says so in a header. */
static bool
is_local(const struct http_exchange *x)
{
    static const char *const marks[] = {"X-Forwarded-For",   "Forwarded",       "X-Real-IP", "Via",
                                        "X-Forwarded-Proto", "X-Forwarded-Host"};

    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (http_header(x, marks[i]))
            return false;
    return ip_is_loopback(http_peer(x));
}

static bool
may_enter(const struct routes *routes, const struct route *route, const struct http_exchange *x)
{
    switch (route->access) {
    case ACCESS_ANYONE:
        return true;
    case ACCESS_LOCAL_OR_TOKEN:
        if (is_local(x))
            return true;
        break;
    case ACCESS_TOKEN:
        break;
    }
    return has_token(routes, x);
}

/* --- the table */

static const struct route table[] = {
    {"/hooks/twilio/sms", "POST", ACCESS_ANYONE, RELAY_TWILIO_SMS, handle_twilio},
    {"/hooks/twilio/status", "POST", ACCESS_ANYONE, RELAY_TWILIO_STATUS, handle_twilio},
    {"/v1/events", "GET", ACCESS_TOKEN, 0, handle_events},
    {"/v1/ack", "POST", ACCESS_TOKEN, 0, handle_ack},
    {"/v1/state", "POST", ACCESS_TOKEN, 0, handle_state},
    {"/v1/health", "GET", ACCESS_ANYONE, 0, handle_health},
    {"/metrics", "GET", ACCESS_LOCAL_OR_TOKEN, 0, handle_metrics},
};

_Static_assert(ARRAY_LEN(table) < COUNTER_PATHS, "each path is counted, and the others as one");

static const struct route *
find_route(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (strcmp(table[i].path, path) == 0)
            return &table[i];
    return NULL;
}

void
routes_name_paths(struct relay_counters *c)
{
    for (size_t i = 0; i < COUNTER_PATHS; i++)
        c->paths[i] = i < ARRAY_LEN(table) ? table[i].path : "other";
}

void
routes_answered(void *ctx, const struct http_exchange *x, int status)
{
    struct relay_counters *c = ((struct routes *)ctx)->counters;
    const struct route *route = find_route(http_path(x));
    size_t path = route ? (size_t)(route - table) : COUNTER_PATHS - 1;

    if (status < 0 || status >= COUNTER_STATUSES)
        status = 0;
    atomic_fetch_add(&c->answers[path][status], 1);
    if (status == 413)
        atomic_fetch_add(&c->failures[FAILURE_TOO_LARGE], 1); /* the server's own answer */
}

/* Monitors ask with HEAD; the server leaves the body out. */
static bool
takes_method(const struct route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

void
routes_handle(void *ctx, struct http_exchange *x)
{
    struct routes *routes = ctx;
    const struct route *route = find_route(http_path(x));

    if (!atomic_load(&routes->is_open)) {
        answer_error(x, 503, "not ready, try again");
    } else if (!route) {
        refuse(routes, x, FAILURE_PATH, 404, "no such path");
    } else if (!takes_method(route, http_method(x))) {
        atomic_fetch_add(&routes->counters->refused, 1);
        atomic_fetch_add(&routes->counters->failures[FAILURE_METHOD], 1);
        answer_method(x, route->method);
    } else if (!may_enter(routes, route, x)) {
        refuse_token(routes, x, "a bearer token is needed");
    } else {
        route->handle(routes, route, x);
    }
}

void
routes_open(struct routes *routes, const char *public_url)
{
    routes->public_url = public_url;
    atomic_store(&routes->is_open, true);
}

void
routes_close(struct routes *routes)
{
    atomic_store(&routes->is_open, false);
}
