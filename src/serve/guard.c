#include "serve/guard.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/base/utime.h"

enum { LEAST_SLEEP_MS = 100 }; /* deadlines are kept that exactly; it bounds what looking costs */

struct guarded {
    struct guarded *prev, *next;
    struct ip_address source;
    int fd;
    int64_t deadline_ms; /* 0: none */
};

struct guard {
    struct guard_options options;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct guarded *open;
    int64_t wake_ms; /* when the thread looks again; INT64_MAX: when it is told to */
    bool stopping;
};

/* Cuts off what is late; when the next one will be. */
static int64_t
look(struct guard *g)
{
    const int64_t now_ms = utime_mono_ms();
    int64_t next = INT64_MAX;

    for (struct guarded *c = g->open; c; c = c->next) {
        if (!c->deadline_ms)
            continue;
        if (c->deadline_ms <= now_ms) {
            /* The server sees the end of it and closes: the descriptor stays its own. */
            (void)shutdown(c->fd, SHUT_RDWR);
            c->deadline_ms = 0;
            atomic_fetch_add(&g->options.counters->slow, 1);
        } else if (c->deadline_ms < next) {
            next = c->deadline_ms;
        }
    }
    if (next != INT64_MAX && next < now_ms + LEAST_SLEEP_MS)
        next = now_ms + LEAST_SLEEP_MS;
    return next;
}

static void
wait_until(struct guard *g, int64_t wake_ms)
{
    int64_t left_ms = wake_ms - utime_mono_ms(); /* its clock is not the condition's */
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += left_ms / 1000;
    until.tv_nsec += left_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    if (left_ms > 0)
        (void)pthread_cond_timedwait(&g->changed, &g->lock, &until);
}

static void *
run(void *arg)
{
    struct guard *g = arg;

    pthread_mutex_lock(&g->lock);
    while (!g->stopping) {
        g->wake_ms = look(g);
        if (g->wake_ms == INT64_MAX) {
            pthread_cond_wait(&g->changed, &g->lock);
        } else {
            wait_until(g, g->wake_ms);
        }
    }
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

struct guard *
guard_start(const struct guard_options *options, struct error *err)
{
    struct guard *g = mem_alloc(sizeof *g);
    pthread_condattr_t clock;
    sigset_t all;
    sigset_t before;
    int rc;

    g->options = *options;
    pthread_mutex_init(&g->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&g->changed, &clock);
    pthread_condattr_destroy(&clock);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&g->thread, NULL, run, g);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        return g;
    error_set(err, ERR_INTERNAL, "cannot start a thread: error %d", rc);
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
    free(g);
    return NULL;
}

void
guard_stop(struct guard *guard)
{
    if (!guard)
        return;
    pthread_mutex_lock(&guard->lock);
    guard->stopping = true;
    pthread_cond_signal(&guard->changed);
    pthread_mutex_unlock(&guard->lock);
    pthread_join(guard->thread, NULL);
    pthread_cond_destroy(&guard->changed);
    pthread_mutex_destroy(&guard->lock);
    free(guard);
}

bool
guard_accepts(struct guard *guard, const struct sockaddr *from)
{
    const struct guard_options *o = &guard->options;
    struct ip_address source;
    unsigned count = 0;

    if (!o->per_source || !ip_from_sockaddr(from, &source) ||
        ip_in_ranges(&source, o->exempt, o->exempt_count))
        return true;
    pthread_mutex_lock(&guard->lock);
    for (const struct guarded *c = guard->open; c; c = c->next)
        count += ip_equal(&c->source, &source);
    pthread_mutex_unlock(&guard->lock);
    if (count < o->per_source)
        return true;
    atomic_fetch_add(&o->counters->refused, 1);
    return false;
}

struct guarded *
guard_open(struct guard *guard, int fd, const struct sockaddr *from)
{
    struct guarded *c = mem_alloc(sizeof *c);

    c->fd = fd;
    if (!ip_from_sockaddr(from, &c->source))
        c->source = (struct ip_address){0};
    pthread_mutex_lock(&guard->lock);
    c->next = guard->open;
    if (c->next)
        c->next->prev = c;
    guard->open = c;
    pthread_mutex_unlock(&guard->lock);
    atomic_fetch_add(&guard->options.counters->connections, 1);
    return c;
}

void
guard_close(struct guard *guard, struct guarded *connection)
{
    pthread_mutex_lock(&guard->lock);
    if (connection->prev)
        connection->prev->next = connection->next;
    else
        guard->open = connection->next;
    if (connection->next)
        connection->next->prev = connection->prev;
    pthread_mutex_unlock(&guard->lock);
    atomic_fetch_sub(&guard->options.counters->connections, 1);
    free(connection);
}

void
guard_until(struct guard *guard, struct guarded *connection, int64_t deadline_ms)
{
    pthread_mutex_lock(&guard->lock);
    connection->deadline_ms = deadline_ms;
    if (deadline_ms && deadline_ms < guard->wake_ms) {
        guard->wake_ms = deadline_ms; /* told once, not by each connection */
        pthread_cond_signal(&guard->changed);
    }
    pthread_mutex_unlock(&guard->lock);
}
