#include "net/sender.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/outbox/rate.h"
#include "net/http.h"
#include "net/twilio_sms.h"

enum {
    IDLE_MS = 60000,  /* it is woken for everything */
    AHEAD_MS = 100,   /* of work waits for a free connection at most */
    AHEAD_MAX = 1024, /* messages */
    PACE_MS = 25,     /* measured over so long at least */
    /* for a free connection: what decides over a message must be fresh */
    WAITS_MAX_MS = RATE_LATE_MS - 20,
    LATE_MS = 2000, /* how long what they waited is remembered, at least */
};

struct order {
    int64_t attempt_id;
    int64_t ordered_ms; /* monotonic */
    int validity_s;
    char *uid; /* owned; to and body stand in the same block */
    const char *to, *body;
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
    struct orders waiting; /* [next_waiting, count) wait for a free connection */
    size_t next_waiting;
    /* the engine's thread only */
    pthread_t thread;
    bool started;
    size_t in_flight;
    size_t ahead;     /* how many may wait for a free connection */
    size_t ended;     /* since paced_ms */
    int64_t paced_ms; /* monotonic */
    struct ends told;
    /* both, under the lock */
    pthread_mutex_t lock;
    struct orders orders;
    struct ends ends;
    int64_t late_ms[2]; /* the longest wait since late_since_ms, and in the LATE_MS before */
    int64_t late_since_ms;
    bool stop;
};

static void
orders_clear(struct orders *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].uid);
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
end_unsent(struct sender *s, const struct order *o, enum send_class klass, const char *why)
{
    struct sms_result not_sent = {
        .attempt_id = o->attempt_id, .outcome = SEND_NOT_SENT, .klass = klass};

    (void)text_copy(not_sent.error, sizeof not_sent.error, why);
    add_end(&s->fresh, &not_sent);
}

static void
start_order(struct sender *s, const struct order *o)
{
    const struct sms_request request = {
        .attempt_id = o->attempt_id,
        .attempt_uid = o->uid,
        .to = o->to,
        .body = o->body,
        .validity_s = o->validity_s,
    };
    struct error err = {0};

    if (!twilio_sms_send(s->sms, &request, &err))
        end_unsent(s, o, SEND_CLASS_RETRY, err.text);
}

/* Behind those that wait already, in the places of those that have gone. */
static void
queue_taken(struct sender *s)
{
    struct orders *w = &s->waiting;

    if (s->next_waiting == w->count) {
        w->count = s->next_waiting = 0;
    } else if (s->next_waiting >= AHEAD_MAX) {
        w->count -= s->next_waiting;
        memmove(w->items, w->items + s->next_waiting, w->count * sizeof *w->items);
        s->next_waiting = 0;
    }
    for (size_t i = 0; i < s->taken.count; i++) {
        w->items = mem_grow(w->items, w->count, &w->capacity, sizeof *w->items);
        w->items[w->count++] = s->taken.items[i];
    }
    s->taken.count = 0;
}

/* Under the lock. */
static void
note_late(struct sender *s, int64_t late_ms)
{
    const int64_t now_ms = utime_mono_ms();
    const int64_t passed_ms = now_ms - s->late_since_ms;

    if (passed_ms >= LATE_MS) {
        s->late_ms[1] = passed_ms < (int64_t)2 * LATE_MS ? s->late_ms[0] : 0;
        s->late_ms[0] = 0;
        s->late_since_ms = now_ms;
    }
    if (late_ms > s->late_ms[0])
        s->late_ms[0] = late_ms;
}

/*
 * One for each free connection. Who has waited too long is given back, and is asked about anew:
 * meanwhile the person may have opted out, or the hours of quiet have begun.
 */
static void
start_waiting(struct sender *s)
{
    const int64_t now_ms = utime_mono_ms();
    int64_t late_ms = 0;

    for (; s->next_waiting < s->waiting.count; s->next_waiting++) {
        struct order *o = &s->waiting.items[s->next_waiting];
        const int64_t waited_ms = now_ms - o->ordered_ms;

        if (waited_ms > WAITS_MAX_MS) {
            end_unsent(s, o, SEND_CLASS_NONE, "no connection was free in time");
        } else if (twilio_sms_room(s->sms) > 0) {
            start_order(s, o);
            late_ms = waited_ms > late_ms ? waited_ms : late_ms;
        } else {
            break;
        }
        free(o->uid);
        o->uid = NULL;
    }
    if (late_ms == 0)
        return;
    (void)pthread_mutex_lock(&s->lock);
    note_late(s, late_ms);
    (void)pthread_mutex_unlock(&s->lock);
}

/* Until the first of those that wait has waited too long. */
static int
patience_ms(const struct sender *s)
{
    int64_t left_ms;

    if (s->next_waiting == s->waiting.count)
        return IDLE_MS;
    left_ms = s->waiting.items[s->next_waiting].ordered_ms + WAITS_MAX_MS + 1 - utime_mono_ms();
    return left_ms > 0 ? (int)left_ms : 0;
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
        queue_taken(s);
        start_waiting(s);
        give_ends(s);
        http_client_pump(s->http, patience_ms(s));
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
    orders_clear(&s->waiting);
    free(s->orders.items);
    free(s->taken.items);
    free(s->waiting.items);
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
    const size_t most = s->connections + s->ahead;

    return most > s->in_flight ? most - s->in_flight : 0;
}

size_t
sender_in_flight(const struct sender *s)
{
    return s->in_flight;
}

int64_t
sender_late_ms(struct sender *s)
{
    int64_t late_ms;

    (void)pthread_mutex_lock(&s->lock);
    note_late(s, 0);
    late_ms = s->late_ms[0] > s->late_ms[1] ? s->late_ms[0] : s->late_ms[1];
    (void)pthread_mutex_unlock(&s->lock);
    return late_ms;
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

static struct order
order_of(const struct sms_request *r)
{
    const size_t uid_size = strlen(r->attempt_uid) + 1;
    const size_t to_size = strlen(r->to) + 1;
    const size_t body_size = strlen(r->body) + 1;
    struct order o = {.attempt_id = r->attempt_id,
                      .ordered_ms = utime_mono_ms(),
                      .validity_s = r->validity_s,
                      .uid = mem_alloc(uid_size + to_size + body_size)};

    memcpy(o.uid, r->attempt_uid, uid_size);
    memcpy(o.uid + uid_size, r->to, to_size);
    memcpy(o.uid + uid_size + to_size, r->body, body_size);
    o.to = o.uid + uid_size;
    o.body = o.to + to_size;
    return o;
}

bool
sender_send(struct sender *s, const struct sms_request *request, struct error *err)
{
    struct orders *list = &s->orders;
    struct order order;
    bool first;

    if (sender_room(s) == 0)
        return error_set(err, ERR_RETRY, "too many messages are under way");
    if (!start_thread(s, err))
        return false;
    order = order_of(request);
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

/* What may wait for a connection is what AHEAD_MS will need at the pace of the last ends: nothing
 * where nothing ends. */
static void
keep_pace(struct sender *s)
{
    const int64_t mono_ms = utime_mono_ms();
    const int64_t passed_ms = mono_ms - s->paced_ms;
    size_t ahead;

    s->ended += s->told.count;
    if (passed_ms < PACE_MS)
        return;
    ahead = s->ended * AHEAD_MS / (size_t)passed_ms;
    if (ahead < s->ahead / 2)
        ahead = s->ahead / 2; /* ends come in bursts */
    s->ahead = ahead < AHEAD_MAX ? ahead : AHEAD_MAX;
    s->ended = 0;
    s->paced_ms = mono_ms;
}

bool
sender_tell(struct sender *s)
{
    const struct ends empty = s->told;
    const struct net_handlers *h = s->opt.handlers;
    bool any;

    (void)pthread_mutex_lock(&s->lock);
    s->told = s->ends;
    s->ends = empty;
    (void)pthread_mutex_unlock(&s->lock);
    keep_pace(s);
    for (size_t i = 0; i < s->told.count; i++) {
        s->in_flight--;
        if (h->sms_done)
            h->sms_done(h->ctx, &s->told.items[i]);
    }
    any = s->told.count > 0;
    s->told.count = 0;
    return any;
}
