/*
 * What libpq alone takes for the rows that a first sync reads: every table by COPY in binary and in
 * the order of its keys, in one transaction, kept nowhere. Prints rows, bytes and seconds.
 *
 * usage: postgres_drain URL
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <time.h>

static const char *const statements[] = {
    "COPY (SELECT id, updated_at, name, phone, email, is_new_client, notes, created_at FROM "
    "customers ORDER BY id) TO STDOUT (FORMAT binary)",
    "COPY (SELECT id, updated_at, customer_id, appointment_datetime, status::text, service_type, "
    "provider, booked_by, cancelled_at FROM appointments ORDER BY id) TO STDOUT (FORMAT binary)",
    "COPY (SELECT id, updated_at, customer_id, last_activity_at, channel, conversation_type, "
    "status, outcome, sentiment, satisfaction_score, metadata::text FROM conversations ORDER BY "
    "id) TO STDOUT (FORMAT binary)",
    "COPY (SELECT id, updated_at, conversation_id, status FROM appointment_requests ORDER BY id) "
    "TO STDOUT (FORMAT binary)",
};

static double
now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
drain(PGconn *link, const char *sql, long *rows, long long *bytes)
{
    PGresult *result = PQexec(link, sql);
    const ExecStatusType begun = PQresultStatus(result);
    char *data = NULL;
    int len;

    PQclear(result);
    if (begun != PGRES_COPY_OUT)
        return -1;
    while ((len = PQgetCopyData(link, &data, 0)) > 0) {
        ++*rows;
        *bytes += len;
        PQfreemem(data);
    }
    --*rows; /* the trailer; the header came with the first row */
    while ((result = PQgetResult(link)) != NULL)
        PQclear(result);
    return len == -1 ? 0 : -1;
}

int
main(int argc, char **argv)
{
    PGconn *link = argc == 2 ? PQconnectdb(argv[1]) : NULL;
    long rows = 0;
    long long bytes = 0;
    double begun;

    if (!link || PQstatus(link) != CONNECTION_OK) {
        (void)fprintf(stderr, "usage: postgres_drain URL\n%s", link ? PQerrorMessage(link) : "");
        return 2;
    }
    PQclear(PQexec(link, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    begun = now_s();
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        if (drain(link, statements[i], &rows, &bytes) != 0) {
            (void)fprintf(stderr, "postgres_drain: %s", PQerrorMessage(link));
            PQfinish(link);
            return 1;
        }
    printf("%ld %lld %.3f\n", rows, bytes, now_s() - begun);
    PQfinish(link);
    return 0;
}
