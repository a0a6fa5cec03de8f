#include "relay/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/base/log.h"
#include "core/base/mailbox.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "relay/answers.h"
#include "relay/metrics.h"
#include "serve/http_server.h"

enum {
    WAITING_MAX = 128,              /* long polls at once; the next one is answered at once */
    ANSWER_BYTES = 2 * 1024 * 1024, /* of bodies in one answer; the rest comes with the next */
};

struct reader {
    struct reader_options options;
    struct mailbox *inbox;
    pthread_t thread;
    atomic_bool wake_posted;
    struct reader_job *waiting; /* the thread's own; the newest first */
    int waiting_count;
    bool stopping;
};

static void
job_free(struct reader_job *job)
{
    free(job->cursor);
    free(job);
}

struct reader_job *
reader_job_new(enum reader_job_type type, struct http_exchange *x)
{
    struct reader_job *job = mem_alloc(sizeof *job);

    job->type = type;
    job->x = x;
    return job;
}

static void
job_refuse(void *item)
{
    struct reader_job *job = item;

    if (job->x)
        answer_error(job->x, 503, "going down, try again");
    job_free(job);
}

/* --- events */

struct page {
    json_t *events;  /* owned */
    struct buf next; /* the cursor behind the last one; of the oldest when the job's is unknown */
    int limit, count;
    size_t bytes;
    int64_t last_seq;
    bool more;
    struct relay_state states[RELAY_STATES_MAX];
    size_t state_count;
};

static bool
add_event(void *ctx, const struct relay_event *event)
{
    struct page *page = ctx;
    size_t bytes = strlen(event->body) + strlen(event->url);
    char received_at[UTIME_RFC3339_SIZE];
    json_t *object;

    if (page->count == page->limit || (page->count && page->bytes + bytes > ANSWER_BYTES)) {
        page->more = true;
        return false;
    }
    object = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "seq", (json_int_t)event->seq,
                       "received_at", utime_format(event->received_at, received_at), "kind",
                       event->kind, "provider_id", event->provider_id, "url", event->url,
                       "signature", event->signature, "body", event->body);
    if (!object || json_array_append_new(page->events, object) != 0)
        abort(); /* every text was checked to be UTF-8 before it was stored */
    page->count++;
    page->bytes += bytes;
    page->last_seq = event->seq;
    return true;
}

static bool
read_in_snapshot(struct relay_store *store, const struct reader_job *job, bool *known,
                 struct page *page, struct error *err)
{
    struct relay_log log = {0};

    if (!relay_store_log(store, &log, err) ||
        !relay_store_resolve(store, &log, log.trimmed_seq, job->cursor, known, &page->last_seq,
                             err))
        return false;
    if (!relay_store_states(store, page->states, &page->state_count, err))
        return false;
    if (!*known)
        return relay_store_cursor(store, log.trimmed_seq, &page->next, err);
    /* One more than asked, to see whether there is more. */
    return (page->last_seq == log.last_seq ||
            relay_store_read(store, page->last_seq, job->limit + 1, add_event, page, err)) &&
           relay_store_cursor(store, page->last_seq, &page->next, err);
}

/* From one snapshot: what is trimmed meanwhile must not look as if it had never been. */
static bool
read_page(struct relay_store *store, const struct reader_job *job, bool *known, struct page *page,
          struct error *err)
{
    bool ok;

    if (!relay_store_begin_read(store, err))
        return false;
    ok = read_in_snapshot(store, job, known, page, err);
    relay_store_end_read(store);
    return ok;
}

static json_t *
states_json(const struct page *page)
{
    json_t *list = json_array();

    for (size_t i = 0; i < page->state_count; i++)
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:I, s:I}", "state", page->states[i].id,
                                              "fence", (json_int_t)page->states[i].fence, "attempt",
                                              (json_int_t)page->states[i].attempt));
    return list;
}

/* Answers and frees the job, or returns false when it should go on waiting. */
static bool
answer_events(struct reader *r, struct reader_job *job, bool may_wait)
{
    struct page page = {.events = json_array(), .limit = job->limit};
    struct error err = {0};
    bool known = false;
    bool answered = true;

    if (!read_page(r->options.store, job, &known, &page, &err)) {
        log_line(LOG_ERROR, "store", "%s", err.text);
        answer_error(job->x, 503, "the log could not be read, try again");
    } else if (!known) {
        answer_gone(job->x, buf_str(&page.next));
    } else if (!page.count && may_wait && !r->stopping && utime_mono_ms() < job->deadline_ms) {
        answered = false;
    } else {

        atomic_fetch_add(&r->options.counters->events_read, page.count);
        answer_json(job->x, 200,
                    json_pack("{s:O, s:s, s:b, s:o}", "events", page.events, "next",
                              buf_str(&page.next), "more", page.more, "states",
                              states_json(&page)));
    }
    json_decref(page.events);
    buf_release(&page.next);
    if (answered)
        job_free(job);
    return answered;
}

static void
look_again(struct reader *r)
{
    struct reader_job *job = r->waiting;

    r->waiting = NULL;
    r->waiting_count = 0;
    while (job) {
        struct reader_job *next = job->next;

        if (!answer_events(r, job, true)) {
            job->next = r->waiting;
            r->waiting = job;
            r->waiting_count++;
        }
        job = next;
    }
}

static void
take_events(struct reader *r, struct reader_job *job)
{
    if (answer_events(r, job, r->waiting_count < WAITING_MAX))
        return;
    job->next = r->waiting;
    r->waiting = job;
    r->waiting_count++;
}

/* --- health and metrics */

static int64_t
file_bytes(const char *path)
{
    char *log = mem_printf("%s-wal", path);
    struct stat st;
    int64_t bytes = -1;

    if (stat(path, &st) == 0) {
        bytes = st.st_size;
        if (stat(log, &st) == 0)
            bytes += st.st_size;
    }
    free(log);
    return bytes;
}

static bool
read_vitals(struct reader *r, struct relay_vitals *out, struct error *err)
{
    struct statvfs disk;
    int64_t received_at = 0;

    if (!relay_store_log(r->options.store, &out->log, err) ||
        !relay_store_oldest_unacked(r->options.store, &received_at, err))
        return false;
    out->is_read = true;
    out->oldest_unacked_age_s = received_at ? utime_now_s() - received_at : 0;
    if (out->oldest_unacked_age_s < 0)
        out->oldest_unacked_age_s = 0; /* the clock was set back */
    out->disk_free_bytes = statvfs(r->options.database, &disk) == 0
                               ? (int64_t)disk.f_bavail * (int64_t)disk.f_frsize
                               : -1;
    out->database_bytes = file_bytes(r->options.database);
    return true;
}

static void
answer_health(struct reader *r, struct http_exchange *x)
{
    struct relay_counters *c = r->options.counters;
    struct relay_vitals v = {0};
    struct error err = {0};
    bool ok = read_vitals(r, &v, &err);

    if (!ok)
        log_line(LOG_ERROR, "store", "%s", err.text);
    ok = ok && !atomic_load(&c->failing);
    answer_json(x, ok ? 200 : 503,
                json_pack("{s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "ok", ok,
                          "log", v.log.id, "last_seq", (json_int_t)v.log.last_seq, "acked_seq",
                          (json_int_t)v.log.acked_seq, "trimmed_seq", (json_int_t)v.log.trimmed_seq,
                          "oldest_unacked_age_s", (json_int_t)v.oldest_unacked_age_s,
                          "disk_free_bytes", (json_int_t)v.disk_free_bytes, "stored",
                          (json_int_t)atomic_load(&c->stored), "forged",
                          (json_int_t)atomic_load(&c->forged), "refused",
                          (json_int_t)atomic_load(&c->refused), "store_errors",
                          (json_int_t)atomic_load(&c->store_errors)));
}

static void
answer_metrics(struct reader *r, struct http_exchange *x)
{
    struct relay_vitals v = {.disk_free_bytes = -1, .database_bytes = -1};
    struct error err = {0};
    struct buf out = {0};

    if (!read_vitals(r, &v, &err))
        log_line(LOG_ERROR, "store", "%s", err.text);
    metrics_write(&out, r->options.counters, &v);
    http_reply(x, 200, "text/plain; version=0.0.4", out.data, out.len, NULL, 0);
    buf_release(&out);
}

/* --- the thread */

static void
take_job(struct reader *r, struct reader_job *job)
{
    switch (job->type) {
    case READER_EVENTS:
        take_events(r, job);
        return;
    case READER_HEALTH:
        answer_health(r, job->x);
        break;
    case READER_METRICS:
        answer_metrics(r, job->x);
        break;
    case READER_WAKE:
        atomic_store(&r->wake_posted, false); /* before looking, or a commit is missed */
        look_again(r);
        break;
    case READER_STOP:
        r->stopping = true;
        look_again(r);
        break;
    }
    job_free(job);
}

static int
poll_ms(const struct reader *r)
{
    int64_t now_ms = utime_mono_ms();
    int64_t least = -1;

    for (const struct reader_job *job = r->waiting; job; job = job->next) {
        int64_t left = job->deadline_ms > now_ms ? job->deadline_ms - now_ms : 0;

        if (least < 0 || left < least)
            least = left;
    }
    return (int)least;
}

static void *
run(void *arg)
{
    struct reader *r = arg;

    while (!r->stopping) {
        struct pollfd fd = {.fd = mailbox_fd(r->inbox), .events = POLLIN};
        int n = poll(&fd, 1, poll_ms(r));

        if (n < 0 && errno != EINTR)
            log_line(LOG_ERROR, "reader", "poll failed: error %d", errno);
        if (n == 0)
            look_again(r); /* a long poll's time is over */
        mailbox_clear_wake(r->inbox);
        for (struct reader_job *job; (job = mailbox_take(r->inbox)) != NULL;)
            take_job(r, job);
    }
    return NULL;
}

struct reader *
reader_start(const struct reader_options *options, struct error *err)
{
    struct reader *r = mem_alloc(sizeof *r);
    sigset_t all;
    sigset_t before;
    int rc;

    r->options = *options;
    r->inbox = mailbox_new(job_refuse, err);
    if (!r->inbox) {
        free(r);
        return NULL;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&r->thread, NULL, run, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        return r;
    error_set(err, ERR_INTERNAL, "cannot start a thread: error %d", rc);
    mailbox_free(r->inbox);
    free(r);
    return NULL;
}

void
reader_post(struct reader *reader, struct reader_job *job)
{
    mailbox_post(reader->inbox, job);
}

void
reader_wake(struct reader *reader)
{
    if (!atomic_exchange(&reader->wake_posted, true))
        mailbox_post(reader->inbox, reader_job_new(READER_WAKE, NULL));
}

void
reader_stop(struct reader *reader)
{
    mailbox_post(reader->inbox, reader_job_new(READER_STOP, NULL));
    pthread_join(reader->thread, NULL);
}

void
reader_free(struct reader *reader)
{
    if (!reader)
        return;
    mailbox_free(reader->inbox);
    free(reader);
}
