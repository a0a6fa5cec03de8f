#include "net/postgres_cancel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/mem.h"

/* A server that hangs keeps threads waiting, each until it answers or is gone: never more. */
enum { WAIT_S = 3, WAITING_MAX = 8 };

static atomic_int waiting;

struct request { /* whoever is done last frees it */
    PGcancel *cancel;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool sent, left; /* under the lock: the thread's, the asker's */
};

static void
request_free(struct request *r)
{
    PQfreeCancel(r->cancel);
    (void)pthread_mutex_destroy(&r->lock);
    (void)pthread_cond_destroy(&r->moved);
    free(r);
}

static void *
run(void *arg)
{
    struct request *r = arg;
    char ignored[128];
    bool left;

    (void)PQcancel(r->cancel, ignored, sizeof ignored);
    (void)pthread_mutex_lock(&r->lock);
    r->sent = true;
    left = r->left;
    (void)pthread_cond_signal(&r->moved);
    (void)pthread_mutex_unlock(&r->lock);
    if (left)
        request_free(r);
    (void)atomic_fetch_sub(&waiting, 1);
    return NULL;
}

static struct request *
request_new(PGcancel *cancel)
{
    struct request *r = mem_alloc(sizeof *r);
    pthread_condattr_t clock;

    *r = (struct request){.cancel = cancel};
    (void)pthread_mutex_init(&r->lock, NULL);
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&r->moved, &clock);
    (void)pthread_condattr_destroy(&clock);
    return r;
}

/* true: the thread is done, the request is ours to free. */
static bool
wait_a_little(struct request *r)
{
    struct timespec until;
    bool sent;
    int rc = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WAIT_S;
    (void)pthread_mutex_lock(&r->lock);
    while (!r->sent && rc == 0)
        rc = pthread_cond_timedwait(&r->moved, &r->lock, &until);
    sent = r->sent;
    r->left = !sent;
    (void)pthread_mutex_unlock(&r->lock);
    return sent;
}

void
pgcancel_send(PGcancel *cancel)
{
    struct request *r;
    pthread_t thread;

    if (!cancel)
        return;
    r = request_new(cancel);
    if (atomic_fetch_add(&waiting, 1) >= WAITING_MAX ||
        pthread_create(&thread, NULL, run, r) != 0) {
        (void)atomic_fetch_sub(&waiting, 1);
        request_free(r);
        return;
    }
    (void)pthread_detach(thread);
    if (wait_a_little(r))
        request_free(r);
}
