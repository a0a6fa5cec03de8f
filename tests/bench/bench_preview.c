/*
 * The preview as the console asks it, one criterion changed at a time: exact count, reach and 50
 * named people, from the column index and from SQL on the same replica. Prints one JSON document.
 *
 * usage: bench_preview HOME [QUESTIONS [NAME]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/index/index.h"
#include "core/preview/preview.h"
#include "core/segment/preview_sql.h"
#include "core/store/stores.h"

enum { PEOPLE = 50, SQL_RUNS = 5 };

/* %d: the day that moves. */
static const struct {
    const char *name, *document;
} questions[] = {
    {"inactive", "{\"has_appointment\":true,\"days_since_last_activity\":%d}"},
    {"abandoners", "{\"channel\":\"sms\",\"has_booking_intent\":true,\"has_appointment\":false,"
                   "\"days_since_last_contact\":%d}"},
    {"happy once", "{\"min_satisfaction_score\":8,\"days_since_last_appointment\":%d,"
                   "\"appointment_count\":1}"},
    {"cancelled", "{\"last_appointment_status\":\"cancelled\",\"days_since_cancellation\":%d}"},
    {"page visit", "{\"metadata_key\":\"visited_booking_page\",\"has_appointment\":false,"
                   "\"days_since_visit\":%d}"},
    {"same conversation", "{\"conversation\":{\"channel\":[\"sms\",\"voice\"],\"outcome\":"
                          "[\"info_only\",\"browsing\"],\"within_days\":%d,\"count\":{\">=\":2}}}"},
    {"any and not", "{\"all\":[{\"any\":[{\"last_visit\":{\"within_days\":%d}},{\"appointment\":"
                    "{\"upcoming\":true}}]},{\"not\":{\"last_contact\":{\"within_days\":30}}},"
                    "{\"customer\":{\"has_phone\":true}}]}"},
};

static int
by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void
stop(const struct error *err)
{
    (void)fprintf(stderr, "bench_preview: %s\n", err->text);
    exit(1);
}

typedef bool reach_fn(struct db *db, const struct criteria *c, const struct segment_env *env,
                      const char *channel, struct reach *out, struct error *err);
typedef bool sample_fn(struct db *db, const struct criteria *c, const struct segment_env *env,
                       const char *channel, size_t limit, uint64_t seed, struct segment_sample *out,
                       struct error *err);

/* Microseconds; *matched tells that both ways say the same. */
static int64_t
ask(struct db *db, const char *format, int day, const struct segment_env *env, reach_fn *reach_of,
    sample_fn *sample_of, struct reach *reach)
{
    char *document = NULL;
    struct error err = {0};
    struct segment_sample people = {0};
    struct criteria *c;
    const char *place = strstr(format, "%d");
    int64_t begun;
    int64_t took;

    document = mem_printf("%.*s%d%s", (int)(place - format), format, day, place + 2);
    begun = utime_mono_us();
    c = criteria_from_text(document, strlen(document), false, &err);
    if (!c || !db_begin_read(db, &err) || !reach_of(db, c, env, "sms", reach, &err) ||
        !sample_of(db, c, env, "sms", PEOPLE, 0, &people, &err))
        stop(&err);
    db_rollback(db);
    took = utime_mono_us() - begun;
    segment_sample_release(&people);
    criteria_free(c);
    free(document);
    return took;
}

struct answered {
    int64_t *times; /* owned; ascending */
    int64_t first;
    struct reach reach; /* of the last day */
};

static void
by_index(struct db *db, size_t q, size_t count, const struct segment_env *env, struct answered *a)
{
    a->times = mem_calloc(count, sizeof *a->times);
    a->first = ask(db, questions[q].document, 400, env, segment_reach, segment_sample, &a->reach);
    for (size_t i = 0; i < count; i++)
        a->times[i] = ask(db, questions[q].document, (int)(i % 365) + 1, env, segment_reach,
                          segment_sample, &a->reach);
    qsort(a->times, count, sizeof *a->times, by_value);
}

static void
beside_sql(struct db *db, size_t q, size_t count, const struct segment_env *env,
           const struct answered *a)
{
    int64_t sql[SQL_RUNS];
    struct reach reach = {0};

    for (size_t i = 0; i < SQL_RUNS; i++) {
        int day = (int)((count - SQL_RUNS + i) % 365) + 1;

        sql[i] =
            ask(db, questions[q].document, day, env, segment_sql_reach, segment_sql_sample, &reach);
    }
    if (memcmp(&a->reach, &reach, sizeof reach) != 0)
        stop(&(struct error){.text = "the index and SQL disagree"});
    qsort(sql, SQL_RUNS, sizeof *sql, by_value);
    printf("{\"name\":\"%s\",\"matched\":%lld,\"reachable\":%lld,\"first_ms\":%.3f,"
           "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"sql_p50_ms\":%.1f}",
           questions[q].name, (long long)reach.matched, (long long)reach.reachable,
           (double)a->first / 1e3, (double)a->times[count / 2] / 1e3,
           (double)a->times[count * 99 / 100] / 1e3, (double)a->times[count - 1] / 1e3,
           (double)sql[SQL_RUNS / 2] / 1e3);
}

static bool
is_asked(int argc, char **argv, size_t q)
{
    return argc <= 3 || strcmp(argv[3], questions[q].name) == 0;
}

int
main(int argc, char **argv)
{
    struct config config;
    struct segment_env env = {.now_s = utime_now_s(), .config = &config};
    struct error err = {0};
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 300;
    struct rusage usage;
    struct answered answered[ARRAY_LEN(questions)] = {0};
    const char *between = "";
    struct db *db;

    if (argc < 2 || count < SQL_RUNS)
        return 2;
    config_init_defaults(&config);
    db = reader_open(argv[1], &err);
    if (!db)
        stop(&err);
    if (!index_of(db))
        stop(&(struct error){.text = "there is no column index; canvass sync makes it"});
    /* The day that the last answers are for. */
    printf("{\"now\":%lld,\"day\":%d,\"questions\":[", (long long)env.now_s,
           (int)((count - 1) % 365) + 1);
    for (size_t q = 0; q < ARRAY_LEN(questions); q++)
        if (is_asked(argc, argv, q))
            by_index(db, q, count, &env, &answered[q]);
    (void)getrusage(RUSAGE_SELF, &usage); /* before SQL takes its own */
    for (size_t q = 0; q < ARRAY_LEN(questions); q++) {
        if (!is_asked(argc, argv, q))
            continue;
        (void)fputs(between, stdout);
        beside_sql(db, q, count, &env, &answered[q]);
        free(answered[q].times);
        between = ",";
    }
    printf("],\"resident_mb\":%.0f}\n", (double)usage.ru_maxrss / 1024);
    db_close(db);
    config_release(&config);
    return 0;
}
