#include "relay/writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mailbox.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "relay/answers.h"
#include "relay/metrics.h"
#include "serve/http_server.h"

enum {
    BATCH_MAX = 512, /* jobs in one transaction; more only makes the first one wait longer */
    TRIM_EVERY_MS = 3600 * 1000,
    TRIM_PAUSE_MS = 50, /* between batches of one trimming: webhooks go first */
    PROBE_EVERY_MS = 5000,
};

struct writer {
    struct writer_options options;
    struct mailbox *inbox;
    pthread_t thread;
    int64_t next_trim_ms;
    int64_t next_probe_ms;
    bool stopping; /* the thread's own */
};

static void
job_free(struct writer_job *job)
{
    free(job->provider_id);
    free(job->url);
    free(job->signature);
    free(job->body);
    free(job->cursor);
    free(job);
}

struct writer_job *
writer_job_new(enum writer_job_type type, struct http_exchange *x)
{
    struct writer_job *job = mem_alloc(sizeof *job);

    job->type = type;
    job->x = x;
    return job;
}

/* For jobs that nobody took. */
static void
job_refuse(void *item)
{
    struct writer_job *job = item;

    if (job->x)
        answer_error(job->x, 503, "going down, try again");
    job_free(job);
}

static bool
write_job(struct relay_store *store, struct writer_job *job, int64_t now_s, struct error *err)
{
    struct relay_event event = {
        .received_at = job->received_at,
        .kind = relay_kind_name(job->kind),
        .provider_id = job->provider_id,
        .url = job->url,
        .signature = job->signature,
        .body = job->body,
    };
    bool known = true;

    switch (job->type) {
    case WRITER_STORE:
        return relay_store_add(store, &event, err);
    case WRITER_ACK:
        if (!relay_store_ack(store, job->cursor, now_s, &known, err))
            return false;
        job->unknown_cursor = !known; /* the console's mistake: nothing to do with the others */
        return true;
    case WRITER_STATE:
        return relay_store_tell(store, &job->state, now_s, err);
    case WRITER_STOP:
        break;
    }
    return true;
}

static bool
commit_batch(struct writer *w, struct writer_job *first, struct error *err)
{
    struct relay_store *store = w->options.store;
    const int64_t now_s = utime_now_s();

    if (!relay_store_begin(store, err))
        return false;
    for (struct writer_job *job = first; job; job = job->next)
        if (!write_job(store, job, now_s, err)) {
            relay_store_rollback(store);
            return false;
        }
    return relay_store_commit(store, err);
}

static void
refuse_ack(struct writer *w, const struct writer_job *job)
{
    struct relay_store *store = w->options.store;
    struct relay_log log = {0};
    struct buf oldest = {0};
    struct error err = {0};

    if (relay_store_log(store, &log, &err) &&
        relay_store_cursor(store, log.trimmed_seq, &oldest, &err))
        answer_gone(job->x, buf_str(&oldest));
    else
        answer_error(job->x, 503, "the log could not be read, try again");
    buf_release(&oldest);
}

static void
answer_job(struct writer *w, const struct writer_job *job, bool committed)
{
    if (!committed)
        answer_error(job->x, 503, "could not be stored, try again");
    else if (job->type == WRITER_STORE)
        answer_twiml(job->x);
    else if (job->type == WRITER_STATE)
        answer_json(job->x, 200, json_pack("{s:b}", "ok", true));
    else if (job->unknown_cursor)
        refuse_ack(w, job);
    else
        answer_acked(job->x, job->cursor);
}

static void
note_result(struct writer *w, bool committed, int64_t stored, const struct error *err)
{
    struct relay_counters *c = w->options.counters;
    bool was_failing = atomic_exchange(&c->failing, !committed);

    if (committed) {
        atomic_fetch_add(&c->stored, stored);
        if (was_failing)
            log_line(LOG_INFO, "store", "writes work again");
        return;
    }
    atomic_fetch_add(&c->store_errors, 1);
    w->next_probe_ms = utime_mono_ms() + PROBE_EVERY_MS;
    if (!was_failing)
        log_line(LOG_ERROR, "store", "webhooks are answered with 503 until writes work: %s",
                 err->text);
}

static void
run_batch(struct writer *w, struct writer_job *first)
{
    struct error err = {0};
    struct relay_counters *c = w->options.counters;
    const int64_t began_us = utime_mono_us();
    int64_t stored = 0;
    int64_t bytes = 0;
    int64_t jobs = 0;
    bool committed = commit_batch(w, first, &err);

    for (const struct writer_job *job = first; job; job = job->next) {
        stored += job->type == WRITER_STORE;
        bytes += job->type == WRITER_STORE ? (int64_t)strlen(job->body) : 0;
        jobs++;
    }
    if (committed) {
        metrics_count_commit(c, utime_mono_us() - began_us);
        atomic_fetch_add(&c->stored_bytes, bytes);
    } else {
        atomic_fetch_add(&c->failures[FAILURE_STORE], jobs);
    }
    note_result(w, committed, stored, &err);
    if (committed && stored)
        w->options.on_commit(w->options.ctx);
    while (first) {
        struct writer_job *job = first;

        first = job->next;
        answer_job(w, job, committed);
        job_free(job);
    }
}

/* What waits, in order, up to one transaction's worth. */
static struct writer_job *
take_batch(struct writer *w)
{
    struct writer_job *first = NULL;
    struct writer_job **last = &first;

    for (int n = 0; n < BATCH_MAX; n++) {
        struct writer_job *job = mailbox_take(w->inbox);

        if (!job)
            break;
        if (job->type == WRITER_STOP) {
            w->stopping = true;
            job_free(job);
            break;
        }
        *last = job;
        last = &job->next;
    }
    return first;
}

static void
run_chores(struct writer *w)
{
    const int64_t now_ms = utime_mono_ms();
    struct error err = {0};
    bool more = false;

    if (atomic_load(&w->options.counters->failing)) {
        if (now_ms >= w->next_probe_ms)
            note_result(w, relay_store_probe(w->options.store, &err), 0, &err);
        return;
    }
    if (now_ms < w->next_trim_ms)
        return;
    if (!relay_store_trim(w->options.store, utime_now_s(), &more, &err))
        log_line(LOG_WARN, "store", "%s", err.text);
    w->next_trim_ms = now_ms + (more ? TRIM_PAUSE_MS : TRIM_EVERY_MS);
}

static int
poll_ms(const struct writer *w)
{
    int64_t due = atomic_load(&w->options.counters->failing) ? w->next_probe_ms : w->next_trim_ms;
    int64_t left = due - utime_mono_ms();

    return left < 0 ? 0 : left > TRIM_EVERY_MS ? TRIM_EVERY_MS : (int)left;
}

static void *
run(void *arg)
{
    struct writer *w = arg;

    while (!w->stopping) {
        struct pollfd fd = {.fd = mailbox_fd(w->inbox), .events = POLLIN};
        struct writer_job *batch;

        if (poll(&fd, 1, poll_ms(w)) < 0 && errno != EINTR)
            log_line(LOG_ERROR, "store", "poll failed: error %d", errno);
        mailbox_clear_wake(w->inbox);
        while ((batch = take_batch(w)) != NULL)
            run_batch(w, batch);
        if (!w->stopping)
            run_chores(w);
    }
    return NULL;
}

struct writer *
writer_start(const struct writer_options *options, struct error *err)
{
    struct writer *w = mem_alloc(sizeof *w);
    sigset_t all;
    sigset_t before;
    int rc;

    w->options = *options;
    w->next_trim_ms = utime_mono_ms();
    w->inbox = mailbox_new(job_refuse, err);
    if (!w->inbox) {
        free(w);
        return NULL;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        return w;
    error_set(err, ERR_INTERNAL, "cannot start a thread: error %d", rc);
    mailbox_free(w->inbox);
    free(w);
    return NULL;
}

void
writer_post(struct writer *writer, struct writer_job *job)
{
    mailbox_post(writer->inbox, job);
}

void
writer_stop(struct writer *writer)
{
    mailbox_post(writer->inbox, writer_job_new(WRITER_STOP, NULL));
    pthread_join(writer->thread, NULL);
}

void
writer_free(struct writer *writer)
{
    if (!writer)
        return;
    mailbox_free(writer->inbox);
    free(writer);
}
