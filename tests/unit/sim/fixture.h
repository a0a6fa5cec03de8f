/* A simulator on a free port, a client for it, and a receiver of its webhooks. */
#ifndef CANVASS_TESTS_SIM_FIXTURE_H
#define CANVASS_TESTS_SIM_FIXTURE_H

#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/webhook/form.h"
#include "core/webhook/twilio_signature.h"
#include "serve/http_server.h"
#include "sim/sim.h"

#define ACCOUNT "AC774dbebe8829da443da97d939050290a"
#define SERVICE "MG61ce0faddacbbf09d73329c5b62b3590"
#define TOKEN "dc4f6e227708403561a57f40042d6c13"
#define OURS "+13105550100"
#define OURS_TOO "+13105550101"
#define MESSAGES "/2010-04-01/Accounts/" ACCOUNT "/Messages.json"
#define PATIENCE_MS 20000
#define MAX_HOOKS 512

struct hook {
    char *path, *body, *signature, *token, *type;
    struct form form;
    bool verified;
};

/* Webhooks as they arrive; answers each with status. */
struct receiver {
    struct http_server *server;
    pthread_mutex_t lock;
    pthread_cond_t grown;
    struct hook hooks[MAX_HOOKS];
    size_t count;
    int status;       /* of answers; 0: drop the connection */
    int refuse_first; /* so many webhooks get refuse_status */
    int refuse_status;
    char *base; /* what the signature is for: "http://127.0.0.1:PORT" */
};

static void
receiver_handle(void *ctx, struct http_exchange *x)
{
    struct receiver *r = ctx;
    size_t len;
    const char *body = http_body(x, &len);
    const char *query = http_query(x);
    int status;
    struct hook hook = {0};
    struct error err;
    char *url;

    hook.path = mem_printf("%s%s%s", http_path(x), *query ? "?" : "", query);
    hook.body = mem_strndup(body, len);
    hook.signature = mem_strdup(http_header(x, "X-Twilio-Signature"));
    hook.token = mem_strdup(http_header(x, "I-Twilio-Idempotency-Token"));
    hook.type = mem_strdup(http_header(x, "Content-Type"));
    if (!form_parse(body, len, &hook.form, &err))
        hook.form = (struct form){0};
    url = mem_printf("%s%s", r->base, hook.path);
    hook.verified =
        hook.signature && twilio_signature_verify(TOKEN, url, hook.type, body, len, hook.signature);
    free(url);
    (void)pthread_mutex_lock(&r->lock);
    status = r->refuse_first > 0 ? r->refuse_status : r->status;
    r->refuse_first -= r->refuse_first > 0;
    if (r->count < MAX_HOOKS)
        r->hooks[r->count++] = hook;
    (void)pthread_cond_broadcast(&r->grown);
    (void)pthread_mutex_unlock(&r->lock);
    if (status == 0)
        http_drop(x);
    else
        http_reply(x, status, "text/xml", "<Response/>", 11, NULL, 0);
}

static UNUSED void
receiver_start(struct receiver *r)
{
    struct http_server_options options = {
        .listen = "127.0.0.1:0", .max_body_bytes = 65536, .handle = receiver_handle, .ctx = r};
    struct error err;

    *r = (struct receiver){.status = 200};
    (void)pthread_mutex_init(&r->lock, NULL);
    (void)pthread_cond_init(&r->grown, NULL);
    r->base = mem_strdup("");
    r->server = http_server_start(&options, &err);
    assert_non_null(r->server);
    free(r->base);
    r->base = mem_printf("http://127.0.0.1:%u", (unsigned)http_server_port(r->server));
}

static UNUSED void
receiver_stop(struct receiver *r)
{
    http_server_stop(r->server);
    for (size_t i = 0; i < r->count; i++) {
        free(r->hooks[i].path);
        free(r->hooks[i].body);
        free(r->hooks[i].signature);
        free(r->hooks[i].token);
        free(r->hooks[i].type);
        form_release(&r->hooks[i].form);
    }
    free(r->base);
    (void)pthread_cond_destroy(&r->grown);
    (void)pthread_mutex_destroy(&r->lock);
}

/* Waits until there are count webhooks; fails the test when they do not come. */
static UNUSED void
receiver_wait(struct receiver *r, size_t count)
{
    struct timespec until;
    int failed = 0;

    assert_int_equal(clock_gettime(CLOCK_REALTIME, &until), 0);
    until.tv_sec += PATIENCE_MS / 1000;
    (void)pthread_mutex_lock(&r->lock);
    while (r->count < count && failed == 0)
        failed = pthread_cond_timedwait(&r->grown, &r->lock, &until);
    (void)pthread_mutex_unlock(&r->lock);
    assert_int_equal(failed, 0);
}

static UNUSED const char *
hook_get(struct receiver *r, size_t i, const char *name)
{
    return form_get(&r->hooks[i].form, name);
}

/* --- a simulator and requests to it */

static const char *const our_numbers[] = {OURS, OURS_TOO};

static UNUSED struct sim_options
plain_options(void)
{
    return (struct sim_options){
        .listen = "127.0.0.1:0",
        .account_sid = ACCOUNT,
        .auth_token = TOKEN,
        .from = our_numbers,
        .from_count = ARRAY_LEN(our_numbers),
        .messaging_service = SERVICE,
        .seed = 1,
        .speed = 1000,
    };
}

static UNUSED struct sim *
start(const struct sim_options *options)
{
    struct error err = {0};
    struct sim *sim = sim_start(options, &err);

    if (!sim)
        print_error("%s\n", err.text);
    assert_non_null(sim);
    return sim;
}

struct response {
    int status; /* 0: no answer */
    struct buf body;
    json_t *json; /* NULL when the body is none */
    char retry_after[16];
};

static size_t
take_body(char *data, size_t size, size_t count, void *ctx)
{
    buf_add(ctx, data, size * count);
    return size * count;
}

static size_t
take_header(char *data, size_t size, size_t count, void *ctx)
{
    struct response *r = ctx;
    char *line = mem_strndup(data, size * count);

    if (strncasecmp(line, "Retry-After: ", 13) == 0) {
        line[strcspn(line, "\r\n")] = '\0';
        (void)text_copy(r->retry_after, sizeof r->retry_after, line + 13);
    }
    free(line);
    return size * count;
}

static UNUSED void
response_release(struct response *r)
{
    buf_release(&r->body);
    json_decref(r->json);
    *r = (struct response){0};
}

/* post NULL: GET. type and user may be NULL: a form, the right credentials; user "": none. */
static UNUSED struct response
request_as(const struct sim *sim, const char *path, const char *post, const char *type,
           const char *user)
{
    CURL *easy = curl_easy_init();
    char *url = mem_printf("http://127.0.0.1:%u%s", (unsigned)sim_port(sim), path);
    char *content_type = mem_printf("Content-Type: %s", type ? type : "");
    struct curl_slist *headers = type ? curl_slist_append(NULL, content_type) : NULL;
    struct response r = {0};
    long status = 0;

    assert_non_null(easy);
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)PATIENCE_MS);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, &r.body);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, &r);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    if (!user || *user)
        (void)curl_easy_setopt(easy, CURLOPT_USERPWD, user ? user : ACCOUNT ":" TOKEN);
    if (post)
        (void)curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, post);
    if (curl_easy_perform(easy) == CURLE_OK)
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    free(content_type);
    free(url);
    r.status = (int)status;
    r.json = json_loads(buf_str(&r.body), 0, NULL);
    return r;
}

static UNUSED struct response
request(const struct sim *sim, const char *path, const char *post)
{
    return request_as(sim, path, post, NULL, NULL);
}

/* Sends a text from OURS; extra is more of the form, such as "&StatusCallback=...", or "". */
static UNUSED struct response
send_text(const struct sim *sim, const char *to, const char *body, const char *extra)
{
    struct form form = {0};
    struct buf post = {0};
    struct response r;

    form_add(&form, "To", to);
    form_add(&form, "From", OURS);
    form_add(&form, "Body", body);
    form_encode(&form, &post);
    buf_add_str(&post, extra);
    r = request(sim, MESSAGES, buf_str(&post));
    form_release(&form);
    buf_release(&post);
    return r;
}

static UNUSED const char *
text_of(const struct response *r, const char *name)
{
    const char *text = json_string_value(json_object_get(r->json, name));

    return text ? text : "(none)";
}

static UNUSED int
number_of(const struct response *r, const char *name)
{
    json_t *value = json_object_get(r->json, name);

    return json_is_integer(value) ? (int)json_integer_value(value) : -1;
}

static UNUSED struct response
ledger_of(const struct sim *sim)
{
    return request(sim, "/sim/ledger", NULL);
}

/* Polls /sim/ledger until the number is reached, then gives it. */
static UNUSED struct response
ledger_when(const struct sim *sim, const char *name, int at_least)
{
    int64_t until = utime_mono_ms() + PATIENCE_MS;

    for (;;) {
        struct response r = ledger_of(sim);

        assert_int_equal(r.status, 200);
        if (number_of(&r, name) >= at_least)
            return r;
        response_release(&r);
        assert_true(utime_mono_ms() < until);
        (void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

/* Polls until no webhook is to come or under way. */
static UNUSED void
wait_until_idle(const struct sim *sim)
{
    int64_t until = utime_mono_ms() + PATIENCE_MS;
    int waiting;

    do {
        struct response r = request(sim, "/sim/health", NULL);

        assert_int_equal(r.status, 200);
        waiting = number_of(&r, "waiting");
        response_release(&r);
        assert_true(utime_mono_ms() < until);
        (void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    } while (waiting != 0);
}

#endif
