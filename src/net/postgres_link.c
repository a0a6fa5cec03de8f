#include "net/postgres_link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "net/postgres_cancel.h"

/*
 * SILENCE: a server that sends nothing for so long is given up. TICK: how soon a cancel is seen.
 */
enum { CONNECT_S = 15, SILENCE_MS = 180000, TICK_MS = 200, LOCK_MS = 10000 };

struct pglink {
    PGconn *conn;              /* owned */
    const atomic_bool *cancel; /* borrowed; may be NULL */
    atomic_bool stopped;
    char *where; /* owned */
    bool busy;   /* an answer has not been read to its end */
};

const char *
pglink_where(const struct pglink *l)
{
    return l->where;
}

/* libpq's texts have several lines and end in one; ours are one line. */
static void
one_line(const char *text, char *out, size_t size)
{
    struct buf clean = {0};
    size_t len = strlen(text);
    struct buf flat = {0};

    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
        len--;
    for (size_t i = 0; i < len; i++)
        if (text[i] != '\n')
            buf_add(&flat, text[i] == '\t' ? " " : text + i, 1);
        else if (flat.len > 0 && flat.data[flat.len - 1] != ' ')
            buf_add_char(&flat, ' ');
    text_sanitise(&clean, buf_str(&flat), flat.len);
    (void)text_copy(out, size, buf_str(&clean));
    buf_release(&flat);
    buf_release(&clean);
}

static bool
is_cancelled(const struct pglink *l)
{
    return atomic_load(&l->stopped) || (l->cancel && atomic_load(l->cancel));
}

static bool
lost(struct pglink *l, struct error *err)
{
    char why[300];

    one_line(PQerrorMessage(l->conn), why, sizeof why);
    return error_set(err, ERR_INTERNAL, "the connection to %s was lost%s%s", l->where,
                     why[0] ? ": " : "", why);
}

/* What to do about a failure, by its SQLSTATE. */
static const char *
advice(const char *state)
{
    static const struct {
        const char *state, *text;
    } rows[] = {
        {"42501", "; grant the role SELECT on it"},
        {"55P03", " (somebody holds a lock on the table; the next sync tries again)"},
        {"42P01", "; correct main_database.mapping"},
        {"42703", "; correct main_database.mapping"},
        {"57P01", " (the server is being shut down; the next sync tries again)"},
        {"57P03", " (the next sync tries again)"},
        {"40001", " (the server is a standby that had to move on; the next sync tries again)"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].state, state) == 0)
            return rows[i].text;
    return "";
}

static bool
refused(struct pglink *l, const PGresult *res, char state_out[6], struct error *err)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
    char text[300];
    char more[160];

    if (state_out)
        (void)text_copy(state_out, 6, state ? state : "");
    if (!message)
        return lost(l, err);
    one_line(message, text, sizeof text);
    one_line(hint ? hint : "", more, sizeof more);
    return error_set(err, ERR_INTERNAL, "%s%s%s%s%s", text, more[0] ? " (" : "", more,
                     more[0] ? ")" : "", state ? advice(state) : "");
}

/* Waits for the socket; false: cancelled or silent. */
static bool
wait_for(struct pglink *l, short events, int64_t until_ms, struct error *err)
{
    for (;;) {
        struct pollfd fd = {.fd = PQsocket(l->conn), .events = events};
        int n = poll(&fd, 1, TICK_MS);

        if (n < 0 && errno != EINTR)
            return error_set(err, ERR_INTERNAL, "poll failed");
        if (n > 0)
            return true;
        if (is_cancelled(l))
            return error_set(err, ERR_RETRY, "the sync was called off");
        if (utime_mono_ms() >= until_ms)
            return error_set(err, ERR_INTERNAL, "%s sent nothing for %d seconds", l->where,
                             SILENCE_MS / 1000);
    }
}

static bool
unreachable(struct pglink *l, struct error *err)
{
    char why[300];

    one_line(PQerrorMessage(l->conn), why, sizeof why);
    return error_set(err, ERR_INTERNAL,
                     "%s cannot be reached: %s; check main_database.url and that the server runs",
                     l->where, why);
}

static bool
connect_steps(struct pglink *l, struct error *err)
{
    int64_t until_ms = utime_mono_ms() + CONNECT_S * INT64_C(1000);
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;

    while (want == PGRES_POLLING_READING || want == PGRES_POLLING_WRITING) {
        if (!wait_for(l, want == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_ms, err)) {
            if (err->code != ERR_RETRY)
                error_set(err, ERR_INTERNAL, "%s does not answer within %d seconds", l->where,
                          CONNECT_S);
            return false;
        }
        want = PQconnectPoll(l->conn);
    }
    if (want == PGRES_POLLING_OK)
        return true;
    return unreachable(l, err);
}

static void
ignore_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

/* The URL as it is said to people: without parameters that could hold a secret. */
static char *
plain_url(const char *url)
{
    return mem_strndup(url, strcspn(url, "?"));
}

static bool
start(struct pglink *l, const char *url, const char *password, struct error *err)
{
    const char *const names[] = {"dbname",
                                 "application_name",
                                 "client_encoding",
                                 "keepalives_idle",
                                 "tcp_user_timeout",
                                 "password",
                                 NULL};
    const char *const values[] = {
        url, "canvass", "UTF8", "30", "60000", password && *password ? password : NULL, NULL};
    char *trouble = NULL;
    PQconninfoOption *parsed = PQconninfoParse(url, &trouble);
    char why[300];

    if (!parsed) {
        one_line(trouble ? trouble : "", why, sizeof why);
        PQfreemem(trouble);
        return error_set(err, ERR_INVALID, "main_database.url: %s", why);
    }
    PQconninfoFree(parsed);
    l->conn = PQconnectStartParams(names, values, 1);
    if (!l->conn)
        return error_set(err, ERR_INTERNAL, "libpq has no memory");
    if (PQstatus(l->conn) == CONNECTION_BAD)
        return unreachable(l, err);
    (void)PQsetNoticeReceiver(l->conn, ignore_notice, NULL);
    return connect_steps(l, err);
}

struct pglink *
pglink_open(const char *url, const char *password, const atomic_bool *cancel, struct error *err)
{
    struct pglink *l = mem_alloc(sizeof *l);
    char set[160];

    l->cancel = cancel;
    l->where = plain_url(url);
    /*
     * Not LOCAL: outside a transaction that has no effect, and a pooler in transaction mode, which
     * would lose them, gets them once more in every transaction (postgres.c).
     */
    (void)snprintf(set, sizeof set, "SET lock_timeout = %d; SET TimeZone = 'UTC'", LOCK_MS);
    if (start(l, url, password, err) && pglink_exec(l, set, err))
        return l;
    pglink_close(l);
    return NULL;
}

void
pglink_abandon(struct pglink *l)
{
    if (l->busy && PQstatus(l->conn) == CONNECTION_OK)
        pgcancel_send(PQgetCancel(l->conn));
}

void
pglink_close(struct pglink *l)
{
    if (!l)
        return;
    if (l->conn) {
        pglink_abandon(l);
        PQfinish(l->conn);
    }
    free(l->where);
    free(l);
}

void
pglink_stop(struct pglink *l, bool stop)
{
    atomic_store(&l->stopped, stop);
}

bool
pglink_is_lost(const struct pglink *l)
{
    return PQstatus(l->conn) != CONNECTION_OK;
}

static bool
send_query(struct pglink *l, const char *sql, struct error *err)
{
    if (!PQsendQuery(l->conn, sql))
        return lost(l, err);
    l->busy = true;
    return true;
}

/* The next result, NULL at the end; *ok false: the wait failed. */
static PGresult *
next_result(struct pglink *l, bool *ok, struct error *err)
{
    int64_t until_ms = utime_mono_ms() + SILENCE_MS;

    *ok = true;
    while (PQisBusy(l->conn)) {
        *ok = wait_for(l, POLLIN, until_ms, err);
        if (*ok && !PQconsumeInput(l->conn))
            *ok = lost(l, err);
        if (!*ok)
            return NULL;
    }
    return PQgetResult(l->conn);
}

/* Reads the answer to its end; keeps the last result, or the first that failed. */
static PGresult *
collect(struct pglink *l, char state[6], struct error *err)
{
    PGresult *kept = NULL;
    bool failed = false;
    bool ok = true;

    for (;;) {
        PGresult *res = next_result(l, &ok, err);
        ExecStatusType status;

        if (!res)
            break;
        status = PQresultStatus(res);
        if (failed) {
            PQclear(res);
            continue;
        }
        failed = status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK;
        if (failed)
            (void)refused(l, res, state, err);
        PQclear(kept);
        kept = res;
    }
    l->busy = !ok;
    if (ok && !failed && kept)
        return kept;
    if (ok && !failed)
        (void)lost(l, err);
    PQclear(kept);
    return NULL;
}

PGresult *
pglink_query(struct pglink *l, const char *sql, char state[6], struct error *err)
{
    if (state)
        state[0] = '\0';
    return send_query(l, sql, err) ? collect(l, state, err) : NULL;
}

bool
pglink_exec_values(struct pglink *l, const char *sql, const char *const *values, size_t count,
                   char state[6], struct error *err)
{
    PGresult *res;

    state[0] = '\0';
    if (!PQsendQueryParams(l->conn, sql, (int)count, NULL, values, NULL, NULL, 0))
        return lost(l, err);
    l->busy = true;
    res = collect(l, state, err);
    PQclear(res);
    return res != NULL;
}

bool
pglink_exec(struct pglink *l, const char *sql, struct error *err)
{
    PGresult *res = pglink_query(l, sql, NULL, err);

    PQclear(res);
    return res != NULL;
}

bool
pglink_rollback(struct pglink *l, struct error *err)
{
    return !l->busy && !pglink_is_lost(l) && pglink_exec(l, "ROLLBACK", err);
}

bool
pglink_copy_begin(struct pglink *l, const char *sql, struct error *err)
{
    PGresult *res;
    bool ok = true;

    if (!send_query(l, sql, err))
        return false;
    res = next_result(l, &ok, err);
    if (!ok)
        return false;
    if (res && PQresultStatus(res) == PGRES_COPY_OUT && PQbinaryTuples(res)) {
        PQclear(res);
        return true;
    }
    if (res)
        (void)refused(l, res, NULL, err);
    else
        (void)lost(l, err);
    PQclear(res);
    {
        struct error ignored = {0};

        PQclear(collect(l, NULL, &ignored));
    }
    return false;
}

static bool
copy_end(struct pglink *l, struct error *err)
{
    PGresult *res = collect(l, NULL, err);

    PQclear(res);
    return res != NULL;
}

static bool
called_off(char **data, struct error *err)
{
    PQfreemem(*data);
    *data = NULL;
    return error_set(err, ERR_RETRY, "the sync was called off");
}

bool
pglink_copy_next(struct pglink *l, char **data, size_t *len, struct error *err)
{
    int64_t until_ms = 0;

    *data = NULL;
    for (;;) {
        int n = PQgetCopyData(l->conn, data, 1);

        if (n > 0) {
            *len = (size_t)n;
            return !is_cancelled(l) || called_off(data, err);
        }
        if (n == -1)
            return copy_end(l, err);
        if (n < -1)
            return lost(l, err);
        if (until_ms == 0)
            until_ms = utime_mono_ms() + SILENCE_MS;
        if (!wait_for(l, POLLIN, until_ms, err))
            return false;
        if (!PQconsumeInput(l->conn))
            return lost(l, err);
        until_ms = 0;
    }
}

char *
pglink_quote(struct pglink *l, const char *text)
{
    char *quoted = PQescapeLiteral(l->conn, text, strlen(text));
    char *copy = quoted ? mem_strdup(quoted) : NULL;

    PQfreemem(quoted);
    return copy;
}
