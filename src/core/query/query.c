#include "core/query/query.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/utime.h"

struct answer {
    struct question question;
    void *result; /* owned until delivered */
    struct error err;
};

struct query {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t asked;
    struct db *reader;
    struct mailbox *answers; /* borrowed */
    bool stopping;
    /* under the lock: at most one waiting question a slot, since a newer one replaces it */
    struct question waiting[QUERY_SLOTS];
    bool is_waiting[QUERY_SLOTS];
    uint64_t newest[QUERY_SLOTS]; /* sequence number of the last question of a slot */
    int64_t busy_since_ms[QUERY_SLOTS];
    uint64_t seq;
    int running_slot; /* -1: none */
    atomic_bool cancelled;
};

static void
question_release(struct question *q)
{
    if (q->free_arg)
        q->free_arg(q->arg);
    q->arg = NULL;
}

void
query_free_answer(void *item)
{
    struct answer *a = item;

    question_release(&a->question);
    if (a->result && a->question.free_result)
        a->question.free_result(a->result);
    free(a);
}

/* The oldest question first, so that no slot starves. Called with the lock held. */
static int
next_slot(const struct query *q)
{
    int best = -1;

    for (int i = 0; i < QUERY_SLOTS; i++)
        if (q->is_waiting[i] && (best < 0 || q->waiting[i].seq < q->waiting[best].seq))
            best = i;
    return best;
}

static void
answer_one(struct query *q, struct question *question)
{
    struct answer *a = mem_alloc(sizeof *a);

    a->question = *question;
    a->result = question->answer(q->reader, question->arg, &q->cancelled, &a->err);
    mailbox_post(q->answers, a);
}

static void *
query_main(void *arg)
{
    struct query *q = arg;

    (void)pthread_mutex_lock(&q->lock);
    while (!q->stopping) {
        int slot = next_slot(q);
        struct question question;

        if (slot < 0) {
            (void)pthread_cond_wait(&q->asked, &q->lock);
            continue;
        }
        question = q->waiting[slot];
        q->is_waiting[slot] = false;
        q->running_slot = slot;
        atomic_store(&q->cancelled, false);
        (void)pthread_mutex_unlock(&q->lock);
        answer_one(q, &question);
        (void)pthread_mutex_lock(&q->lock);
        q->running_slot = -1;
    }
    (void)pthread_mutex_unlock(&q->lock);
    return NULL;
}

static bool
start_thread(struct query *q, struct error *err)
{
    sigset_t all;
    sigset_t before;
    int rc;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    rc = pthread_create(&q->thread, NULL, query_main, q);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 || error_set(err, ERR_INTERNAL, "cannot start the query thread: error %d", rc);
}

struct query *
query_start(const char *home, struct mailbox *answers, struct error *err)
{
    struct query *q = mem_alloc(sizeof *q);

    q->answers = answers;
    q->running_slot = -1;
    (void)pthread_mutex_init(&q->lock, NULL);
    (void)pthread_cond_init(&q->asked, NULL);
    q->reader = reader_open(home, err);
    if (q->reader)
        db_set_cancel(q->reader, &q->cancelled);
    if (q->reader && start_thread(q, err))
        return q;
    db_close(q->reader);
    free(q);
    return NULL;
}

void
query_stop(struct query *q)
{
    if (!q)
        return;
    (void)pthread_mutex_lock(&q->lock);
    q->stopping = true;
    atomic_store(&q->cancelled, true);
    (void)pthread_cond_signal(&q->asked);
    (void)pthread_mutex_unlock(&q->lock);
    (void)pthread_join(q->thread, NULL);
    for (int i = 0; i < QUERY_SLOTS; i++)
        if (q->is_waiting[i])
            question_release(&q->waiting[i]);
    db_close(q->reader);
    (void)pthread_cond_destroy(&q->asked);
    (void)pthread_mutex_destroy(&q->lock);
    free(q);
}

static void
drop_slot(struct query *q, int slot)
{
    if (q->is_waiting[slot])
        question_release(&q->waiting[slot]);
    q->is_waiting[slot] = false;
    if (q->running_slot == slot)
        atomic_store(&q->cancelled, true);
}

uint64_t
query_ask(struct query *q, const struct question *question)
{
    int slot = question->slot;
    uint64_t seq;

    (void)pthread_mutex_lock(&q->lock);
    drop_slot(q, slot);
    seq = ++q->seq;
    q->waiting[slot] = *question;
    q->waiting[slot].seq = seq;
    q->is_waiting[slot] = true;
    q->newest[slot] = seq;
    q->busy_since_ms[slot] = utime_mono_ms();
    (void)pthread_cond_signal(&q->asked);
    (void)pthread_mutex_unlock(&q->lock);
    return seq;
}

void
query_cancel(struct query *q, int slot)
{
    (void)pthread_mutex_lock(&q->lock);
    drop_slot(q, slot);
    q->newest[slot] = ++q->seq;
    q->busy_since_ms[slot] = 0;
    (void)pthread_mutex_unlock(&q->lock);
}

void
query_deliver(struct query *q, void *item)
{
    struct answer *a = item;
    bool newest;

    (void)pthread_mutex_lock(&q->lock);
    newest = q->newest[a->question.slot] == a->question.seq;
    if (newest)
        q->busy_since_ms[a->question.slot] = 0;
    (void)pthread_mutex_unlock(&q->lock);
    if (newest)
        a->question.done(a->question.owner, &a->question, a->result, &a->err);
    query_free_answer(a);
}

bool
query_is_busy(struct query *q, int slot, int64_t *since_mono_ms)
{
    (void)pthread_mutex_lock(&q->lock);
    *since_mono_ms = q->busy_since_ms[slot];
    (void)pthread_mutex_unlock(&q->lock);
    return *since_mono_ms != 0;
}
