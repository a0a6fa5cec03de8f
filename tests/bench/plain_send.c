/*
 * The plain ways to post messages to a provider, to hold canvass against: no claim, no ledger, no
 * evidence. Prints messages a second.
 *
 *   plain_send multi N CONNECTIONS URL USER:PASSWORD FROM       one curl multi handle, nothing kept
 *   plain_send sequential N 1 URL USER:PASSWORD FROM            one call after the other
 *   plain_send commit N 1 URL USER:PASSWORD FROM DATABASE       the same, a synced commit before
 *                                                               and after each
 */
#include <curl/curl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONNECTIONS_MAX = 1024 };

struct call {
    CURL *easy;
    char body[400];
    size_t answer_len;
};

struct job {
    const char *url, *login, *from;
    long sent, total, good;
    struct curl_slist *headers;
};

static double
now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t
on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct call *c = ctx;

    (void)data;
    c->answer_len += size * count;
    return size * count;
}

static void
set_up(struct call *c, struct job *j)
{
    (void)snprintf(c->body, sizeof c->body,
                   "To=%%2B1646555%04ld&From=%%2B%s&Body=Hi+Maria%%2C+Harbour+Clinic.+Reply+STOP+to"
                   "+opt+out.",
                   j->sent % 10000, j->from + 1);
    c->answer_len = 0;
    j->sent++;
    (void)curl_easy_setopt(c->easy, CURLOPT_URL, j->url);
    (void)curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
    (void)curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    (void)curl_easy_setopt(c->easy, CURLOPT_USERPWD, j->login);
    (void)curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, j->headers);
    (void)curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->body);
    (void)curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
}

static void
count(struct call *c, struct job *j, CURLcode rc)
{
    long status = 0;

    (void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    j->good += rc == CURLE_OK && status == 201 && c->answer_len > 0;
}

static void
run_multi(struct job *j, long connections)
{
    static struct call calls[CONNECTIONS_MAX];
    CURLM *multi = curl_multi_init();
    int running = 0;
    int left;
    CURLMsg *m;

    for (long i = 0; i < connections && j->sent < j->total; i++) {
        calls[i].easy = curl_easy_init();
        set_up(&calls[i], j);
        (void)curl_multi_add_handle(multi, calls[i].easy);
    }
    do {
        (void)curl_multi_perform(multi, &running);
        while ((m = curl_multi_info_read(multi, &left))) {
            struct call *c = NULL;

            if (m->msg != CURLMSG_DONE)
                continue;
            (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
            count(c, j, m->data.result);
            (void)curl_multi_remove_handle(multi, c->easy);
            if (j->sent < j->total) {
                set_up(c, j);
                (void)curl_multi_add_handle(multi, c->easy);
                running++;
            }
        }
        if (running)
            (void)curl_multi_poll(multi, NULL, 0, 1000, NULL);
    } while (running);
    for (long i = 0; i < connections; i++)
        curl_easy_cleanup(calls[i].easy);
    (void)curl_multi_cleanup(multi);
}

static bool
note(sqlite3 *db, const char *state, long id)
{
    char text[120];

    (void)snprintf(text, sizeof text, "INSERT OR REPLACE INTO sent VALUES (%ld, '%s')", id, state);
    return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK;
}

static bool
run_sequential(struct job *j, const char *database)
{
    struct call c = {.easy = curl_easy_init()};
    sqlite3 *db = NULL;
    bool ok = true;

    if (database)
        ok = sqlite3_open(database, &db) == SQLITE_OK &&
             sqlite3_exec(db,
                          "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE sent ("
                          "id INTEGER PRIMARY KEY, state TEXT)",
                          NULL, NULL, NULL) == SQLITE_OK;
    while (ok && j->sent < j->total) {
        const long id = j->sent + 1;

        ok = !db || note(db, "sending", id);
        set_up(&c, j);
        count(&c, j, curl_easy_perform(c.easy));
        ok = ok && (!db || note(db, "accepted", id));
    }
    curl_easy_cleanup(c.easy);
    (void)sqlite3_close(db);
    return ok;
}

int
main(int argc, char **argv)
{
    struct job j = {0};
    long connections;
    double start;
    bool ok = true;

    if (argc < 7) {
        (void)fprintf(stderr, "usage: plain_send multi|sequential|commit N CONNECTIONS URL "
                              "USER:PASSWORD FROM [DATABASE]\n");
        return 2;
    }
    j.total = strtol(argv[2], NULL, 10);
    connections = strtol(argv[3], NULL, 10);
    if (connections < 1 || connections > CONNECTIONS_MAX)
        connections = CONNECTIONS_MAX;
    j.url = argv[4];
    j.login = argv[5];
    j.from = argv[6];
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    j.headers = curl_slist_append(NULL, "Expect:");
    start = now_s();
    if (strcmp(argv[1], "multi") == 0)
        run_multi(&j, connections);
    else
        ok = run_sequential(&j, argc > 7 ? argv[7] : NULL);
    printf("%.0f\n", (double)j.good / (now_s() - start));
    curl_slist_free_all(j.headers);
    curl_global_cleanup();
    if (!ok || j.good != j.total) {
        (void)fprintf(stderr, "%ld of %ld were accepted\n", j.good, j.total);
        return 1;
    }
    return 0;
}
