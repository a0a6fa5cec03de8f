#include "sim/courier.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/fileio.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/webhook/form.h"
#include "core/webhook/twilio_signature.h"
#include "sim/customer.h"
#include "sim/loopback.h"
#include "sim/webhook.h"

#define MAX_UNDER_WAY 64 /* webhooks at once; more wait, as at the provider */
#define RETRY_BASE_MS 200

enum errand_kind { ERRAND_STATUS, ERRAND_WRITE, ERRAND_INBOUND, ERRAND_ANSWER };

struct errand {
    enum errand_kind kind;
    int64_t due_ms;
    uint64_t order; /* first come, first served among those due at the same time */
    const struct sim_message *message;
    const struct sim_step *step;
    char *from, *to, *body; /* of a text not written yet */
    struct courier_answer answer;
    /* of a webhook under way */
    unsigned tries;
    char token[UUID_SIZE]; /* the same on each retry */
    CURL *easy;
    struct curl_slist *headers;
    char *post;
};

/* Heaps with the earliest errand on top: answers apart, since they do not wait for a pause. */
struct heap {
    struct errand **items;
    size_t count, capacity;
};

struct courier {
    const struct sim_options *options;
    struct ledger *ledger;
    CURLM *multi;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    struct heap webhooks, answers;
    uint64_t orders;
    size_t under_way;
    bool paused, stopping;
    /* the courier's own thread */
    struct errand *posting[MAX_UNDER_WAY];
    CURL *idle[MAX_UNDER_WAY];
    size_t idle_count;
};

/* --- the heap */

static bool
earlier(const struct errand *a, const struct errand *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void
heap_push(struct heap *heap, struct errand *errand)
{
    size_t i = heap->count;

    heap->items = mem_grow(heap->items, heap->count, &heap->capacity, sizeof(struct errand *));
    heap->count++;
    for (size_t up; i > 0 && earlier(errand, heap->items[up = (i - 1) / 2]); i = up)
        heap->items[i] = heap->items[up];
    heap->items[i] = errand;
}

static struct errand *
heap_pop(struct heap *heap)
{
    struct errand *top = heap->items[0];
    struct errand *last = heap->items[--heap->count];
    size_t i = 0;

    for (size_t down; (down = 2 * i + 1) < heap->count; i = down) {
        if (down + 1 < heap->count && earlier(heap->items[down + 1], heap->items[down]))
            down++;
        if (!earlier(heap->items[down], last))
            break;
        heap->items[i] = heap->items[down];
    }
    if (heap->count)
        heap->items[i] = last;
    return top;
}

/* --- errands */

static void
errand_free(struct errand *errand)
{
    free(errand->from);
    free(errand->to);
    free(errand->body);
    free(errand->answer.body);
    free(errand->post);
    curl_slist_free_all(errand->headers);
    free(errand);
}

static void
give_answer(struct courier_answer *answer)
{
    struct http_reply_header header = {"Retry-After", answer->retry_after};

    if (answer->status == 0)
        http_drop(answer->exchange);
    else
        http_reply(answer->exchange, answer->status, answer->content_type,
                   answer->body ? answer->body : "", answer->len, &header,
                   answer->retry_after ? 1 : 0);
}

/* Takes the errand; wakes the thread when it is the next one. False when the courier has stopped.
 */
static bool
enqueue(struct courier *courier, struct heap *heap, struct errand *errand)
{
    bool taken, wake = false;

    (void)pthread_mutex_lock(&courier->lock);
    taken = !courier->stopping;
    if (taken) {
        errand->order = courier->orders++;
        heap_push(heap, errand);
        wake = heap->items[0] == errand;
    }
    (void)pthread_mutex_unlock(&courier->lock);
    if (wake)
        (void)curl_multi_wakeup(courier->multi);
    return taken;
}

static void
enqueue_webhook(struct courier *courier, struct errand *errand)
{
    if (!enqueue(courier, &courier->webhooks, errand))
        errand_free(errand);
}

void
courier_post_status(struct courier *courier, int64_t due_ms, const struct sim_message *message,
                    const struct sim_step *step)
{
    struct errand *errand = mem_alloc(sizeof *errand);

    errand->kind = ERRAND_STATUS;
    errand->due_ms = due_ms;
    errand->message = message;
    errand->step = step;
    enqueue_webhook(courier, errand);
}

void
courier_write_later(struct courier *courier, int64_t due_ms, const char *from, const char *to,
                    const char *body)
{
    struct errand *errand = mem_alloc(sizeof *errand);

    errand->kind = ERRAND_WRITE;
    errand->due_ms = due_ms;
    errand->from = mem_strdup(from);
    errand->to = mem_strdup(to);
    errand->body = mem_strdup(body);
    enqueue_webhook(courier, errand);
}

void
courier_post_inbound(struct courier *courier, const struct sim_message *message)
{
    struct errand *errand = mem_alloc(sizeof *errand);

    errand->kind = ERRAND_INBOUND;
    errand->due_ms = utime_mono_ms();
    errand->message = message;
    enqueue_webhook(courier, errand);
}

void
courier_answer(struct courier *courier, int64_t due_ms, struct courier_answer answer)
{
    struct errand *errand;

    if (due_ms <= utime_mono_ms()) {
        give_answer(&answer);
        free(answer.body);
        return;
    }
    errand = mem_alloc(sizeof *errand);
    errand->kind = ERRAND_ANSWER;
    errand->due_ms = due_ms;
    errand->answer = answer;
    if (!enqueue(courier, &courier->answers, errand)) {
        give_answer(&errand->answer);
        errand_free(errand);
    }
}

/* --- posting */

static size_t
drop_body(char *data, size_t size, size_t count, void *ctx)
{
    (void)data;
    (void)ctx;
    return size * count;
}

static CURL *
easy_get(struct courier *courier)
{
    CURL *easy;

    if (courier->idle_count)
        return courier->idle[--courier->idle_count];
    easy = curl_easy_init();
    if (!easy)
        abort(); /* out of memory, as mem_alloc() */
    return easy;
}

static void
easy_put(struct courier *courier, CURL *easy)
{
    curl_easy_reset(easy);
    courier->idle[courier->idle_count++] = easy;
}

static struct curl_slist *
add_header(struct curl_slist *list, const char *name, const char *value)
{
    char *line = mem_printf("%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(list, line);

    free(line);
    if (!longer)
        abort();
    return longer;
}

static bool
easy_set_up(CURL *easy, const struct errand *errand, const char *url)
{
    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, errand->post) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, errand->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, errand) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK && /* the environment's would do */
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "TwilioProxy/1.1") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 5000L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 15000L) == CURLE_OK;
}

static const char *
errand_url(const struct courier *courier, const struct errand *errand)
{
    return errand->step ? errand->message->callback : courier->options->inbound_url;
}

/* Starts the transfer; false when the webhook must not or cannot be posted (the errand is freed).
 */
static bool
post_begin(struct courier *courier, struct errand *errand)
{
    const char *url = errand_url(courier, errand);
    struct webhook_retry retry = webhook_retry_parse(url);
    char *signed_url = mem_strndup(url, retry.url_len);
    char *wire = webhook_wire_url(url, retry.url_len, courier->options->webhooks_via);
    char signature[TWILIO_SIGNATURE_SIZE];
    struct form form;
    struct buf post = {0};
    bool ok = false;

    if (!loopback_is_url(wire)) {
        ledger_count(courier->ledger, COUNT_NOT_LOOPBACK);
        goto out;
    }
    if (errand->step)
        webhook_status_form(courier->options, errand->message, errand->step, &form);
    else
        webhook_inbound_form(courier->options, errand->message, &form);
    twilio_signature_make(courier->options->auth_token, signed_url, &form, signature);
    form_encode(&form, &post);
    form_release(&form);
    errand->post = buf_take(&post);
    if (errand->tries++ == 0)
        random_uuid(errand->token);
    errand->headers = add_header(errand->headers, "Content-Type",
                                 "application/x-www-form-urlencoded; charset=utf-8");
    errand->headers = add_header(errand->headers, "X-Twilio-Signature", signature);
    errand->headers = add_header(errand->headers, "I-Twilio-Idempotency-Token", errand->token);
    errand->headers = add_header(errand->headers, "Expect", "");
    errand->easy = easy_get(courier);
    ok = easy_set_up(errand->easy, errand, wire) &&
         curl_multi_add_handle(courier->multi, errand->easy) == CURLM_OK;
    if (!ok) {
        log_line(LOG_ERROR, "courier", "a webhook could not be set up");
        easy_put(courier, errand->easy);
    }
out:
    free(signed_url);
    free(wire);
    if (!ok)
        errand_free(errand);
    return ok;
}

static void
post_end(struct courier *courier, struct errand *errand, CURLcode result)
{
    const struct webhook_retry retry = webhook_retry_parse(errand_url(courier, errand));
    long status = 0;

    if (result != CURLE_OK ||
        curl_easy_getinfo(errand->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
        status = 0;
    (void)curl_multi_remove_handle(courier->multi, errand->easy);
    easy_put(courier, errand->easy);
    errand->easy = NULL;
    curl_slist_free_all(errand->headers);
    errand->headers = NULL;
    free(errand->post);
    errand->post = NULL;
    ledger_note_webhook(courier->ledger, errand->message, errand->step, (int)status);
    if (webhook_retry_wanted(&retry, errand->tries, (int)status)) {
        errand->due_ms = utime_mono_ms() + ((int64_t)RETRY_BASE_MS << (errand->tries - 1));
        enqueue_webhook(courier, errand);
        return;
    }
    if (status < 200 || status > 299)
        log_line(LOG_WARN, "courier", "webhook of %s given up after %u tries: %s",
                 errand->message->sid, errand->tries,
                 status ? "refused" : curl_easy_strerror(result));
    errand_free(errand);
}

/* --- the thread */

/* Next errand that is due, or NULL and the time until there may be one. */
static struct errand *
take_due(struct courier *courier, int *wait_ms)
{
    struct heap *heaps[] = {&courier->answers, &courier->webhooks};
    int64_t now = utime_mono_ms();
    int64_t wait = 60000;
    struct errand *found = NULL;

    (void)pthread_mutex_lock(&courier->lock);
    for (size_t i = 0; i < ARRAY_LEN(heaps) && !found; i++) {
        bool webhooks = heaps[i] == &courier->webhooks;

        if (heaps[i]->count == 0 ||
            (webhooks && (courier->paused || courier->under_way >= MAX_UNDER_WAY)))
            continue;
        if (heaps[i]->items[0]->due_ms > now) {
            wait =
                heaps[i]->items[0]->due_ms - now < wait ? heaps[i]->items[0]->due_ms - now : wait;
            continue;
        }
        found = heap_pop(heaps[i]);
        courier->under_way += webhooks;
    }
    (void)pthread_mutex_unlock(&courier->lock);
    *wait_ms = (int)wait;
    return found;
}

static void
landed(struct courier *courier)
{
    (void)pthread_mutex_lock(&courier->lock);
    courier->under_way--;
    (void)pthread_mutex_unlock(&courier->lock);
}

static void
set_off(struct courier *courier, struct errand *errand)
{
    if (errand->kind == ERRAND_ANSWER) {
        give_answer(&errand->answer);
        errand_free(errand);
        return;
    }
    if (errand->kind == ERRAND_WRITE) /* the customer takes the phone: now the text exists */
        errand->message = ledger_inbound(courier->ledger, errand->from, errand->to, errand->body,
                                         customer_means_stop(errand->body));
    if (!post_begin(courier, errand)) {
        landed(courier);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(courier->posting); i++)
        if (!courier->posting[i]) {
            courier->posting[i] = errand;
            break;
        }
}

static void
finish_posts(struct courier *courier)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(courier->multi, &left)) != NULL) {
        CURLcode result = msg->data.result;
        struct errand *errand = NULL;

        if (msg->msg != CURLMSG_DONE)
            continue;
        for (size_t i = 0; i < ARRAY_LEN(courier->posting); i++)
            if (courier->posting[i] && courier->posting[i]->easy == msg->easy_handle) {
                errand = courier->posting[i];
                courier->posting[i] = NULL;
                break;
            }
        if (errand) {
            post_end(courier, errand, result); /* before landed(): a retry is never uncounted */
            landed(courier);
        }
    }
}

static bool
is_stopping(struct courier *courier)
{
    bool stopping;

    (void)pthread_mutex_lock(&courier->lock);
    stopping = courier->stopping;
    (void)pthread_mutex_unlock(&courier->lock);
    return stopping;
}

static void *
run(void *ctx)
{
    struct courier *courier = ctx;

    while (!is_stopping(courier)) {
        struct errand *errand;
        int wait_ms, running;
        bool added;

        if (curl_multi_perform(courier->multi, &running) != CURLM_OK)
            log_line(LOG_ERROR, "courier", "posting failed");
        finish_posts(courier);
        errand = take_due(courier, &wait_ms);
        added = errand != NULL;
        for (; errand; errand = take_due(courier, &wait_ms))
            set_off(courier, errand);
        /* what has been added wants to be driven at once */
        (void)curl_multi_poll(courier->multi, NULL, 0, added ? 0 : wait_ms, NULL);
    }
    return NULL;
}

/* --- control */

static void
set_paused(struct courier *courier, bool paused)
{
    (void)pthread_mutex_lock(&courier->lock);
    courier->paused = paused;
    (void)pthread_mutex_unlock(&courier->lock);
    (void)curl_multi_wakeup(courier->multi);
}

void
courier_pause(struct courier *courier)
{
    set_paused(courier, true);
}

void
courier_resume(struct courier *courier)
{
    set_paused(courier, false);
}

bool
courier_is_paused(struct courier *courier)
{
    bool paused;

    (void)pthread_mutex_lock(&courier->lock);
    paused = courier->paused;
    (void)pthread_mutex_unlock(&courier->lock);
    return paused;
}

size_t
courier_waiting(struct courier *courier)
{
    size_t waiting;

    (void)pthread_mutex_lock(&courier->lock);
    waiting = courier->webhooks.count + courier->under_way;
    (void)pthread_mutex_unlock(&courier->lock);
    return waiting;
}

struct courier *
courier_start(const struct sim_options *options, struct ledger *ledger, struct error *err)
{
    struct courier *courier = mem_alloc(sizeof *courier);
    sigset_t all, before;
    int failed;

    courier->options = options;
    courier->ledger = ledger;
    courier->multi = curl_multi_init();
    if (!courier->multi) {
        error_set(err, ERR_INTERNAL, "libcurl does not start");
        free(courier);
        return NULL;
    }
    (void)curl_multi_setopt(courier->multi, CURLMOPT_MAXCONNECTS, (long)MAX_UNDER_WAY);
    (void)pthread_mutex_init(&courier->lock, NULL);
    (void)sigfillset(&all); /* signals are the main thread's */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&courier->thread, NULL, run, courier);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        error_set(err, ERR_INTERNAL, "cannot start a thread: error %d", failed);
        (void)curl_multi_cleanup(courier->multi);
        (void)pthread_mutex_destroy(&courier->lock);
        free(courier);
        return NULL;
    }
    return courier;
}

void
courier_stop(struct courier *courier)
{
    if (!courier)
        return;
    (void)pthread_mutex_lock(&courier->lock);
    courier->stopping = true;
    (void)pthread_mutex_unlock(&courier->lock);
    (void)curl_multi_wakeup(courier->multi);
    (void)pthread_join(courier->thread, NULL);
    while (courier->answers.count) {
        struct errand *errand = heap_pop(&courier->answers);

        give_answer(&errand->answer);
        errand_free(errand);
    }
    while (courier->webhooks.count)
        errand_free(heap_pop(&courier->webhooks));
    for (size_t i = 0; i < ARRAY_LEN(courier->posting); i++)
        if (courier->posting[i]) {
            (void)curl_multi_remove_handle(courier->multi, courier->posting[i]->easy);
            curl_easy_cleanup(courier->posting[i]->easy);
            errand_free(courier->posting[i]);
        }
    while (courier->idle_count)
        curl_easy_cleanup(courier->idle[--courier->idle_count]);
}

void
courier_free(struct courier *courier)
{
    if (!courier)
        return;
    (void)curl_multi_cleanup(courier->multi);
    (void)pthread_mutex_destroy(&courier->lock);
    free(courier->webhooks.items);
    free(courier->answers.items);
    free(courier);
}
