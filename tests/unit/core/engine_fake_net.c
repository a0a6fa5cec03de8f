#include "core/engine_fake_net.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/text.h"

enum { PENDING_MAX = 512 };

struct pending {
    bool is_lookup;
    int64_t at_ms;
    struct sms_result result;
    struct sms_lookup lookup; /* texts owned */
    char *to, *body;
};

struct fake_net {
    struct fake_world *w;
    struct net_handlers h;
    struct pending pending[PENDING_MAX];
    size_t count;
    size_t sends;
    bool polling, hangs, receiving;
};

static struct fake_world *world; /* of the clock */

struct fake_world *
fake_world_new(void)
{
    struct fake_world *w =
        mmap(NULL, sizeof *w, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert(w != MAP_FAILED);
    memset(w, 0, sizeof *w);
    w->clock_ms = INT64_C(1795456800000);
    w->steps_to_crash = -1;
    w->random = 88172645463325252u;
    w->latency_ms = 50;
    w->room = 20;
    world = w;
    return w;
}

void
fake_world_free(struct fake_world *w)
{
    (void)munmap(w, sizeof *w);
}

static int pause_looks;
static void (*pause_meanwhile)(void);

void
fake_pause_at(int looks, void (*meanwhile)(void))
{
    pause_looks = looks;
    pause_meanwhile = meanwhile;
}

bool
fake_pause_cancel(void)
{
    const bool waiting = pause_looks > 0;

    pause_looks = 0;
    return waiting;
}

int64_t
fake_now_ms(void)
{
    if (pause_looks > 0 && --pause_looks == 0)
        pause_meanwhile();
    return world->clock_ms;
}

uint64_t
fake_random(struct fake_world *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random;
}

int
fake_count_to(const struct fake_world *w, const char *to)
{
    int n = 0;

    for (size_t i = 0; i < w->sent_count; i++)
        n += strcmp(w->sent[i].to, to) == 0 ? 1 : 0;
    return n;
}

/* A place where a machine may lose its power. */
static void
step(struct fake_world *w)
{
    if (w->steps_to_crash > 0 && --w->steps_to_crash == 0)
        _exit(9);
}

static enum fake_fate
fate(struct fake_world *w)
{
    const size_t call = (size_t)w->calls++;
    int total = 0;

    for (int i = 0; i < FATE_COUNT; i++)
        total += w->percent[i];
    if (total > 0) {
        int at = (int)(fake_random(w) % (uint64_t)total);

        for (int i = 0; i < FATE_COUNT; i++) {
            if (at < w->percent[i])
                return (enum fake_fate)i;
            at -= w->percent[i];
        }
    }
    return call < w->plan_count ? w->plan[call] : w->then;
}

static void
set_handlers(void *ctx, const struct net_handlers *handlers)
{
    struct fake_net *n = ctx;

    n->h = *handlers;
}

static const char *
sms_sender(void *ctx)
{
    const struct fake_net *n = ctx;

    return n->w->sender ? n->w->sender : "+13105550100";
}

static size_t
sms_room(void *ctx)
{
    struct fake_net *n = ctx;

    return n->sends >= n->w->room ? 0 : n->w->room - n->sends;
}

static struct fake_sent *
take(struct fake_world *w, const struct sms_request *r)
{
    /* Processes that race share this memory. */
    const size_t at = __atomic_fetch_add(&w->sent_count, 1, __ATOMIC_SEQ_CST);
    struct fake_sent *s = &w->sent[at];

    assert(at < FAKE_SENT_MAX);
    (void)text_copy(s->to, sizeof s->to, r->to);
    (void)text_copy(s->uid, sizeof s->uid, r->attempt_uid);
    (void)text_copy(s->body, sizeof s->body, r->body);
    (void)snprintf(s->sid, sizeof s->sid, "SM%032zu", at + 1);
    s->at_ms = w->clock_ms;
    s->validity_s = r->validity_s;
    return s;
}

static void
answer(struct sms_result *r, enum send_outcome outcome, enum send_class klass, int http, int code)
{
    r->outcome = outcome;
    r->klass = klass;
    r->http_status = http;
    r->error_code = code;
    (void)snprintf(r->error, sizeof r->error, "fake %d", code);
}

static bool
sms_send(void *ctx, const struct sms_request *request, struct error *err)
{
    struct fake_net *n = ctx;
    struct fake_world *w = n->w;
    struct pending *p = &n->pending[n->count];
    enum fake_fate f;

    (void)err;
    assert(n->count < PENDING_MAX);
    step(w);
    *p = (struct pending){.at_ms = w->clock_ms + w->latency_ms};
    p->result.attempt_id = request->attempt_id;
    if (n->h.sms_may_leave && !n->h.sms_may_leave(n->h.ctx, request->attempt_id)) {
        answer(&p->result, SEND_NOT_SENT, SEND_CLASS_NONE, 0, 0);
        n->count++;
        n->sends++;
        return true;
    }
    step(w);
    f = fate(w);
    switch (f) {
    case FATE_ACCEPT: {
        const struct fake_sent *s = take(w, request);

        p->result.outcome = SEND_ACCEPTED;
        p->result.http_status = 201;
        (void)text_copy(p->result.provider_id, sizeof p->result.provider_id, s->sid);
        (void)text_copy(p->result.provider_status, sizeof p->result.provider_status, "queued");
        break;
    }
    case FATE_ACCEPT_BUT_SILENT:
        (void)take(w, request);
        answer(&p->result, SEND_UNKNOWN, SEND_CLASS_NONE, 0, 0);
        break;
    case FATE_LOST:
        answer(&p->result, SEND_UNKNOWN, SEND_CLASS_NONE, 0, 0);
        break;
    case FATE_TOO_MANY:
    case FATE_RETRY_AFTER:
        answer(&p->result, SEND_NOT_SENT, SEND_CLASS_RETRY, 429, 20429);
        p->result.retry_after_ms = f == FATE_RETRY_AFTER ? 10000 : 0;
        break;
    case FATE_UNREACHABLE:
        answer(&p->result, SEND_NOT_SENT, SEND_CLASS_RETRY, 0, 0);
        break;
    case FATE_BAD_NUMBER:
        answer(&p->result, SEND_REJECTED, SEND_CLASS_PERMANENT, 400, 21211);
        break;
    case FATE_OPTED_OUT:
        answer(&p->result, SEND_REJECTED, SEND_CLASS_OPTED_OUT, 400, 21610);
        break;
    case FATE_BAD_LOGIN:
        answer(&p->result, SEND_REJECTED, SEND_CLASS_CONFIG, 401, 20003);
        break;
    case FATE_BAD_TEMPLATE:
        answer(&p->result, SEND_REJECTED, SEND_CLASS_CONFIG, 400, 21617);
        break;
    case FATE_LATER:
        answer(&p->result, SEND_REJECTED, SEND_CLASS_LATER, 400, 30450);
        break;
    case FATE_AMBIGUOUS:
        answer(&p->result, SEND_REJECTED, SEND_CLASS_AMBIGUOUS, 400, 30007);
        break;
    case FATE_CARRIER_DAY:
        answer(&p->result, SEND_REJECTED, SEND_CLASS_LATER, 400, 30023);
        break;
    case FATE_ACCOUNT_DAY:
        answer(&p->result, SEND_REJECTED, SEND_CLASS_CONFIG, 429, 63038);
        break;
    case FATE_COUNT:
        break;
    }
    n->count++;
    n->sends++;
    step(w);
    return true;
}

static bool
sms_lookup(void *ctx, const struct sms_lookup *lookup, struct error *err)
{
    struct fake_net *n = ctx;
    struct pending *p = &n->pending[n->count];

    (void)err;
    assert(n->count < PENDING_MAX);
    *p = (struct pending){.is_lookup = true, .at_ms = n->w->clock_ms + n->w->latency_ms};
    p->lookup = *lookup;
    p->to = mem_strdup(lookup->to);
    p->body = mem_strdup(lookup->body);
    n->count++;
    return true;
}

static bool
relay_poll(void *ctx, const char *cursor, int wait_s, struct error *err)
{
    struct fake_net *n = ctx;

    (void)cursor;
    (void)err;
    assert(!n->polling);
    n->w->relay_polls++;
    n->polling = true;
    n->hangs = wait_s > 0 && n->w->relay_silent;
    return true;
}

static bool
sms_received(void *ctx, int64_t since_s, struct error *err)
{
    struct fake_net *n = ctx;

    (void)err;
    n->w->received_since_s = since_s;
    n->receiving = true;
    return true;
}

static void
tell_received(struct fake_net *n)
{
    const struct sms_history_page rows = {.rows = n->w->received, .count = n->w->received_count};
    struct sms_history_page end = {.end = true};

    n->receiving = false;
    if (n->w->received_unreadable)
        (void)text_copy(end.error, sizeof end.error, "HTTP 500");
    else
        n->h.history_page(n->h.ctx, &rows);
    n->h.history_page(n->h.ctx, &end);
}

static void
relay_drop_poll(void *ctx)
{
    struct fake_net *n = ctx;

    n->polling = false;
}

static bool
relay_ack(void *ctx, const char *cursor, struct error *err)
{
    (void)ctx;
    (void)cursor;
    (void)err;
    return true;
}

static size_t
in_flight(void *ctx)
{
    const struct fake_net *n = ctx;

    return n->sends;
}

static void
tell_lookup(struct fake_net *n, struct pending *p)
{
    struct sms_found found[16];
    struct sms_lookup_result r = {
        .attempt_id = p->lookup.attempt_id, .answered = !n->w->list_unreadable, .found = found};

    n->w->lookups++;
    for (size_t i = 0; i < n->w->sent_count && r.answered && !n->w->list_blind; i++) {
        const struct fake_sent *s = &n->w->sent[i];

        if (strcmp(s->to, p->to) != 0 || strcmp(s->body, p->body) != 0 ||
            s->at_ms / 1000 < p->lookup.claimed_at_s - 60 || r.found_count == 16)
            continue;
        found[r.found_count] = (struct sms_found){.status = "queued"};
        (void)text_copy(found[r.found_count].provider_id, sizeof found[0].provider_id, s->sid);
        r.found_count++;
    }
    free(p->to);
    free(p->body);
    n->h.lookup_done(n->h.ctx, &r);
}

static void
pump(void *ctx, int timeout_ms)
{
    struct fake_net *n = ctx;
    struct fake_world *w = n->w;
    int64_t at = w->clock_ms + timeout_ms;

    step(w);
    if (n->receiving)
        tell_received(n);
    if (n->polling && !n->hangs) {
        const struct relay_batch batch = {.ok = !w->relay_down && !w->relay_lost,
                                          .cursor_lost = w->relay_lost,
                                          .next = "c",
                                          .error = "connection refused"};

        n->polling = w->relay_lost = false;
        n->h.relay_done(n->h.ctx, &batch);
        at = w->clock_ms;
    }
    for (size_t i = 0; i < n->count; i++)
        if (n->pending[i].at_ms < at)
            at = n->pending[i].at_ms;
    w->clock_ms = at > w->clock_ms ? at : w->clock_ms + 1;
    if (w->stop_at_ms && w->clock_ms >= w->stop_at_ms)
        w->stop = 1;
    for (size_t i = 0; i < n->count;) {
        struct pending p = n->pending[i];

        if (p.at_ms > w->clock_ms) {
            i++;
            continue;
        }
        n->pending[i] = n->pending[--n->count];
        if (p.is_lookup) {
            tell_lookup(n, &p);
        } else {
            n->sends--;
            step(w);
            n->h.sms_done(n->h.ctx, &p.result);
        }
    }
    step(w);
}

static void
wake(void *ctx)
{
    (void)ctx;
}

static void
close_net(void *ctx)
{
    struct fake_net *n = ctx;

    for (size_t i = 0; i < n->count; i++) {
        free(n->pending[i].to);
        free(n->pending[i].body);
    }
    free(n);
}

void
fake_net_open(struct fake_world *w, struct net_port *out)
{
    struct fake_net *n = mem_alloc(sizeof *n);

    world = w;
    n->w = w;
    *out = (struct net_port){
        .ctx = n,
        .set_handlers = set_handlers,
        .sms_sender = sms_sender,
        .sms_room = sms_room,
        .sms_send = sms_send,
        .sms_lookup = sms_lookup,
        .relay_poll = relay_poll,
        .sms_received = sms_received,
        .relay_drop_poll = relay_drop_poll,
        .relay_ack = relay_ack,
        .in_flight = in_flight,
        .pump = pump,
        .wake = wake,
        .close = close_net,
    };
}
