#include "relay/metrics.h"

#include <inttypes.h>

#include "core/base/mem.h"

static const int32_t bucket_us[] = {500,   1000,  2500,   5000,   10000,
                                    25000, 50000, 100000, 250000, 1000000};
_Static_assert(ARRAY_LEN(bucket_us) + 1 == COMMIT_BUCKETS, "the last bucket is what took longer");

static const char *const failure_names[] = {
    [FAILURE_SIGNATURE] = "signature", [FAILURE_TOKEN] = "token",
    [FAILURE_MALFORMED] = "malformed", [FAILURE_CONTENT_TYPE] = "content_type",
    [FAILURE_PATH] = "path",           [FAILURE_METHOD] = "method",
    [FAILURE_TOO_LARGE] = "too_large", [FAILURE_STORE] = "store",
};
_Static_assert(ARRAY_LEN(failure_names) == FAILURE_COUNT, "a name for every reason");

void
metrics_count_commit(struct relay_counters *counters, int64_t took_us)
{
    size_t i = 0;

    while (i < ARRAY_LEN(bucket_us) && took_us > bucket_us[i])
        i++;
    atomic_fetch_add(&counters->commit_buckets[i], 1);
    atomic_fetch_add(&counters->commit_us, took_us);
    atomic_fetch_add(&counters->commits, 1);
}

static void
head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP canvass_relay_%s %s\n# TYPE canvass_relay_%s %s\n", name, help, name,
               type);
}

/* Each series from its first count on. */
static void
write_answers(struct buf *out, const struct relay_counters *c)
{
    head(out, "requests_total", "counter",
         "Requests by path and status of the answer; 0: the connection ended without one of ours.");
    for (int path = 0; path < COUNTER_PATHS; path++)
        for (int status = 0; status < COUNTER_STATUSES; status++) {
            long long count = atomic_load(&c->answers[path][status]);

            if (count)
                buf_printf(out, "canvass_relay_requests_total{path=\"%s\",status=\"%d\"} %lld\n",
                           c->paths[path], status, count);
        }
}

static void
write_failures(struct buf *out, const struct relay_counters *c)
{
    head(out, "failures_total", "counter", "Requests that were not taken, by reason.");
    for (int i = 0; i < FAILURE_COUNT; i++)
        buf_printf(out, "canvass_relay_failures_total{reason=\"%s\"} %lld\n", failure_names[i],
                   atomic_load(&c->failures[i]));
}

static void
write_commits(struct buf *out, const struct relay_counters *c)
{
    long long total = 0;

    head(out, "commit_seconds", "histogram", "Time that a transaction of webhooks took, synced.");
    for (size_t i = 0; i < ARRAY_LEN(bucket_us); i++) {
        total += atomic_load(&c->commit_buckets[i]);
        buf_printf(out, "canvass_relay_commit_seconds_bucket{le=\"%g\"} %lld\n",
                   (double)bucket_us[i] / 1e6, total);
    }
    total += atomic_load(&c->commit_buckets[ARRAY_LEN(bucket_us)]);
    buf_printf(out,
               "canvass_relay_commit_seconds_bucket{le=\"+Inf\"} %lld\n"
               "canvass_relay_commit_seconds_sum %.6f\n"
               "canvass_relay_commit_seconds_count %lld\n",
               total, (double)atomic_load(&c->commit_us) / 1e6, total);
}

void
metrics_write(struct buf *out, const struct relay_counters *c, const struct relay_vitals *v)
{
    const struct {
        const char *name, *type, *help;
        int64_t value;
    } rows[] = {
        {"up", "gauge", "1 when the last write and the last read worked.",
         v->is_read && !atomic_load(&c->failing)},
        {"stored_total", "counter", "Webhooks stored and answered with 2xx.",
         atomic_load(&c->stored)},
        {"stored_bytes_total", "counter", "Bytes of their bodies.", atomic_load(&c->stored_bytes)},
        {"commits_total", "counter", "Transactions they were stored in.", atomic_load(&c->commits)},
        {"forged_total", "counter", "Webhooks whose signature did not match.",
         atomic_load(&c->forged)},
        {"refused_total", "counter", "Requests that were otherwise wrong.",
         atomic_load(&c->refused)},
        {"unauthorized_total", "counter", "Requests without the right token.",
         atomic_load(&c->unauthorized)},
        {"rate_limited_total", "counter", "Of these and the forged: answered with 429.",
         atomic_load(&c->rate_limited)},
        {"store_errors_total", "counter", "Transactions that failed; answered with 503.",
         atomic_load(&c->store_errors)},
        {"events_read_total", "counter", "Events handed to the console.",
         atomic_load(&c->events_read)},
        {"connections", "gauge", "Connections open now.", atomic_load(&c->server.connections)},
        {"connections_refused_total", "counter", "Connections of sources that had too many.",
         atomic_load(&c->server.refused)},
        {"slow_total", "counter", "Connections ended since a request took too long to arrive.",
         atomic_load(&c->server.slow)},
        {"events", "gauge", "Events kept.", v->log.last_seq - v->log.trimmed_seq},
        {"unacked_events", "gauge", "Events that no console has acknowledged.",
         v->log.last_seq -
             (v->log.acked_seq > v->log.trimmed_seq ? v->log.acked_seq : v->log.trimmed_seq)},
        {"last_seq", "gauge", "Number of the newest event.", v->log.last_seq},
        {"acked_seq", "gauge", "Number of the newest acknowledged event.", v->log.acked_seq},
        {"oldest_unacked_age_seconds", "gauge", "Age of the oldest event not acknowledged.",
         v->oldest_unacked_age_s},
        {"database_bytes", "gauge", "Size of the database with its log; -1: unknown.",
         v->database_bytes},
        {"disk_free_bytes", "gauge", "Free space where the database is; -1: unknown.",
         v->disk_free_bytes},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        head(out, rows[i].name, rows[i].type, rows[i].help);
        buf_printf(out, "canvass_relay_%s %" PRId64 "\n", rows[i].name, rows[i].value);
    }
    write_answers(out, c);
    write_failures(out, c);
    write_commits(out, c);
}
