#include "net/sender.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "net/http.h"
#include "net/twilio_sms.h"

enum { IDLE_MS = 60000 }; /* it is woken for everything */

struct order {
    int64_t attempt_id;
    int validity_s;
    char *uid, *to, *body; /* owned */
};
struct orders {
    struct order *items;
    size_t count, capacity;
};
struct ends {
    struct sms_result *items;
    size_t count, capacity;
};

struct sender {
    struct sender_options opt;
    size_t connections; /* how many may be under way */
    /* the sender's thread only, once it runs */
    struct http_client *http;
    struct twilio_sms *sms;
    struct net_handlers inner;
    struct ends fresh;
    struct orders taken;
    /* the engine's thread only */
    pthread_t thread;
    bool started;
    size_t in_flight;
    struct ends told;
    /* both, under the lock */
    pthread_mutex_t lock;
    struct orders orders;
    struct ends ends;
    bool stop;
};

static void
order_release(struct order *o)
{
    free(o->uid);
    free(o->to);
    free(o->body);
}

static void
orders_clear(struct orders *list)
{
    for (size_t i = 0; i < list->count; i++)
        order_release(&list->items[i]);
    list->count = 0;
}

static void
add_end(struct ends *list, const struct sms_result *r)
{
    list->items = mem_grow(list->items, list->count, &list->capacity, sizeof *list->items);
    list->items[list->count++] = *r;
}

/* --- the sender's thread */

static void
on_done(void *ctx, const struct sms_result *result)
{
    struct sender *s = ctx;

    add_end(&s->fresh, result);
}

static bool
on_leave(void *ctx, int64_t attempt_id)
{
    const struct sender *s = ctx;
    const struct net_handlers *h = s->opt.handlers;

    return !h->sms_may_leave || h->sms_may_leave(h->ctx, attempt_id);
}

/* What was ordered meanwhile; false: it is time to go. */
static bool
take_orders(struct sender *s)
{
    const struct orders empty = s->taken;
    bool stop;

    (void)pthread_mutex_lock(&s->lock);
    s->taken = s->orders;
    s->orders = empty;
    stop = s->stop;
    (void)pthread_mutex_unlock(&s->lock);
    return !stop;
}

static void
start_orders(struct sender *s)
{
    for (size_t i = 0; i < s->taken.count; i++) {
        const struct order *o = &s->taken.items[i];
        const struct sms_request request = {
            .attempt_id = o->attempt_id,
            .attempt_uid = o->uid,
            .to = o->to,
            .body = o->body,
            .validity_s = o->validity_s,
        };
        struct sms_result not_sent = {
            .attempt_id = o->attempt_id, .outcome = SEND_NOT_SENT, .klass = SEND_CLASS_RETRY};
        struct error err = {0};

        if (twilio_sms_send(s->sms, &request, &err))
            continue;
        (void)text_copy(not_sent.error, sizeof not_sent.error, err.text);
        add_end(&s->fresh, &not_sent);
    }
    orders_clear(&s->taken);
}

static void
give_ends(struct sender *s)
{
    bool first;

    if (s->fresh.count == 0)
        return;
    (void)pthread_mutex_lock(&s->lock);
    first = s->ends.count == 0;
    for (size_t i = 0; i < s->fresh.count; i++)
        add_end(&s->ends, &s->fresh.items[i]);
    (void)pthread_mutex_unlock(&s->lock);
    s->fresh.count = 0;
    if (first)
        s->opt.wake(s->opt.wake_ctx);
}

static void *
sender_main(void *arg)
{
    struct sender *s = arg;

    while (take_orders(s)) {
        start_orders(s);
        give_ends(s);
        http_client_pump(s->http, IDLE_MS);
        give_ends(s);
    }
    return NULL;
}

/* --- the engine's thread */

struct sender *
sender_new(const struct sender_options *options, struct error *err)
{
    struct sender *s = mem_alloc(sizeof *s);

    s->opt = *options;
    s->connections =
        options->config->sms.max_connections > 0 ? (size_t)options->config->sms.max_connections : 1;
    s->inner = (struct net_handlers){.ctx = s, .sms_done = on_done, .sms_may_leave = on_leave};
    (void)pthread_mutex_init(&s->lock, NULL);
    s->http = http_client_new(s->connections, err);
    s->sms = s->http ? twilio_sms_new(s->http, options->config, &s->inner, err) : NULL;
    if (s->sms)
        return s;
    sender_free(s);
    return NULL;
}

void
sender_free(struct sender *s)
{
    if (!s)
        return;
    if (s->started) {
        (void)pthread_mutex_lock(&s->lock);
        s->stop = true;
        (void)pthread_mutex_unlock(&s->lock);
        http_client_wake(s->http);
        (void)pthread_join(s->thread, NULL);
    }
    http_client_free(s->http); /* first: nothing calls back any more */
    twilio_sms_free(s->sms);
    orders_clear(&s->orders);
    orders_clear(&s->taken);
    free(s->orders.items);
    free(s->taken.items);
    free(s->fresh.items);
    free(s->ends.items);
    free(s->told.items);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

const char *
sender_name(const struct sender *s)
{
    return twilio_sms_sender(s->sms);
}

size_t
sender_room(const struct sender *s)
{
    return s->connections > s->in_flight ? s->connections - s->in_flight : 0;
}

size_t
sender_in_flight(const struct sender *s)
{
    return s->in_flight;
}

static bool
start_thread(struct sender *s, struct error *err)
{
    sigset_t all;
    sigset_t before;
    int rc;

    if (s->started)
        return true;
    /* Signals are the main thread's. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&s->thread, NULL, sender_main, s);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    s->started = rc == 0;
    return s->started || error_set(err, ERR_RETRY, "cannot start the sender (error %d)", rc);
}

bool
sender_send(struct sender *s, const struct sms_request *request, struct error *err)
{
    const struct order order = {
        .attempt_id = request->attempt_id,
        .validity_s = request->validity_s,
        .uid = mem_strdup(request->attempt_uid),
        .to = mem_strdup(request->to),
        .body = mem_strdup(request->body),
    };
    struct orders *list = &s->orders;
    bool first;

    if (sender_room(s) == 0 || !start_thread(s, err)) {
        struct order unused = order;

        order_release(&unused);
        return s->started ? error_set(err, ERR_RETRY, "too many messages are under way") : false;
    }
    s->in_flight++;
    (void)pthread_mutex_lock(&s->lock);
    first = list->count == 0;
    list->items = mem_grow(list->items, list->count, &list->capacity, sizeof *list->items);
    list->items[list->count++] = order;
    (void)pthread_mutex_unlock(&s->lock);
    if (first)
        http_client_wake(s->http);
    return true;
}

bool
sender_tell(struct sender *s)
{
    const struct ends empty = s->told;
    const struct net_handlers *h = s->opt.handlers;

    (void)pthread_mutex_lock(&s->lock);
    s->told = s->ends;
    s->ends = empty;
    (void)pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < s->told.count; i++) {
        s->in_flight--;
        if (h->sms_done)
            h->sms_done(h->ctx, &s->told.items[i]);
    }
    if (s->told.count == 0)
        return false;
    s->told.count = 0;
    return true;
}
