#include "net/postgres_ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"

/* Bytes of a chunk, and of the memory of all that wait: a server that is faster waits for us. */
enum { CHUNK_SIZE = 64 << 10, WAITING_MAX = 8 << 20 };

/* Messages, each behind its length and with one byte to spare. */
struct chunk {
    struct chunk *next;
    enum main_table table;
    bool last; /* of its table */
    struct buf bytes;
};

struct pgahead {
    struct pglink *l;    /* borrowed */
    const char *mapping; /* borrowed */
    struct pgahead_question questions[MAIN_TABLE_COUNT];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    /* under the lock */
    struct chunk *first, *end; /* owned; the oldest first */
    size_t waiting;            /* bytes */
    bool counted[MAIN_TABLE_COUNT];
    int64_t counts[MAIN_TABLE_COUNT];
    bool failed, stopped, draining;
    struct error err;
    /* the taker's */
    struct chunk *taken; /* owned */
    size_t at;
};

static void
chunk_free(struct chunk *c)
{
    if (!c)
        return;
    buf_release(&c->bytes);
    free(c);
}

/* --- the thread */

/* Takes the chunk over; false: nobody wants any more. */
static bool
put(struct pgahead *a, struct chunk *c)
{
    bool wanted;
    bool go_on;

    (void)pthread_mutex_lock(&a->lock);
    while (a->waiting > WAITING_MAX && !a->stopped && !a->draining)
        (void)pthread_cond_wait(&a->moved, &a->lock);
    wanted = !a->stopped && !a->draining;
    go_on = !a->stopped;
    if (wanted) {
        *(a->end ? &a->end->next : &a->first) = c;
        a->end = c;
        a->waiting += c->bytes.cap;
        (void)pthread_cond_signal(&a->moved);
    }
    (void)pthread_mutex_unlock(&a->lock);
    if (!wanted)
        chunk_free(c);
    return go_on;
}

static struct chunk *
chunk_new(enum main_table table)
{
    struct chunk *c = mem_alloc(sizeof *c);

    *c = (struct chunk){.table = table};
    return c;
}

static void
add_message(struct chunk *c, const char *data, size_t len)
{
    buf_add(&c->bytes, (const char *)&len, sizeof len);
    buf_add(&c->bytes, data, len);
    buf_add_char(&c->bytes, '\0');
}

/* *wanted false: called off. */
static bool
read_rows(struct pgahead *a, enum main_table table, bool *wanted, struct error *err)
{
    struct chunk *c = chunk_new(table);
    bool ok = pglink_copy_begin(a->l, a->questions[table].rows, err);

    while (ok && *wanted) {
        char *data = NULL;
        size_t len = 0;

        ok = pglink_copy_next(a->l, &data, &len, err);
        if (!ok || !data)
            break;
        add_message(c, data, len);
        PQfreemem(data);
        if (c->bytes.len < CHUNK_SIZE)
            continue;
        *wanted = put(a, c);
        c = chunk_new(table);
    }
    c->last = true;
    if (ok && *wanted)
        *wanted = put(a, c);
    else
        chunk_free(c);
    return ok;
}

static bool
read_count(struct pgahead *a, enum main_table table, struct error *err)
{
    PGresult *res = pglink_query(a->l, a->questions[table].count, NULL, err);
    int64_t count = 0;
    bool ok = res && num_parse_i64(PQgetvalue(res, 0, 0), &count);

    if (res && !ok)
        error_set(err, ERR_INTERNAL, "the number of rows cannot be read");
    PQclear(res);
    (void)pthread_mutex_lock(&a->lock);
    a->counts[table] = count;
    a->counted[table] = ok;
    (void)pthread_cond_signal(&a->moved);
    (void)pthread_mutex_unlock(&a->lock);
    return ok;
}

static void *
run(void *arg)
{
    struct pgahead *a = arg;
    struct error err = {0};
    bool wanted = true;
    bool ok = true;

    for (int t = 0; ok && wanted && t < MAIN_TABLE_COUNT; t++)
        if (a->questions[t].rows)
            ok = (read_rows(a, (enum main_table)t, &wanted, &err) &&
                  (!wanted || read_count(a, (enum main_table)t, &err))) ||
                 error_wrap(&err, "main database, %s (%s)", main_table_name((enum main_table)t),
                            a->mapping);
    if (!ok) {
        (void)pthread_mutex_lock(&a->lock);
        a->failed = true;
        a->err = err;
        (void)pthread_cond_signal(&a->moved);
        (void)pthread_mutex_unlock(&a->lock);
    }
    return NULL;
}

/* --- the taker */

static void
release(struct pgahead *a)
{
    for (int t = 0; t < MAIN_TABLE_COUNT; t++) {
        free(a->questions[t].rows);
        free(a->questions[t].count);
    }
    (void)pthread_mutex_destroy(&a->lock);
    (void)pthread_cond_destroy(&a->moved);
    free(a);
}

struct pgahead *
pgahead_start(struct pglink *l, const char *mapping, struct pgahead_question *questions)
{
    struct pgahead *a = mem_alloc(sizeof *a);

    *a = (struct pgahead){.l = l, .mapping = mapping};
    memcpy(a->questions, questions, sizeof a->questions);
    (void)pthread_mutex_init(&a->lock, NULL);
    (void)pthread_cond_init(&a->moved, NULL);
    if (pthread_create(&a->thread, NULL, run, a) == 0)
        return a;
    release(a);
    return NULL;
}

/* The next chunk, of whatever table. */
static bool
take(struct pgahead *a, struct error *err)
{
    bool ok;

    chunk_free(a->taken);
    a->at = 0;
    (void)pthread_mutex_lock(&a->lock);
    while (!a->first && !a->failed)
        (void)pthread_cond_wait(&a->moved, &a->lock);
    a->taken = a->first;
    ok = a->taken != NULL;
    if (ok) {
        a->first = a->taken->next;
        a->end = a->first ? a->end : NULL;
        a->waiting -= a->taken->bytes.cap;
        (void)pthread_cond_signal(&a->moved);
    } else {
        *err = a->err;
    }
    (void)pthread_mutex_unlock(&a->lock);
    return ok;
}

bool
pgahead_next(struct pgahead *a, enum main_table table, char **data, size_t *len, struct error *err)
{
    *data = NULL;
    *len = 0;
    while (!a->taken || a->at == a->taken->bytes.len) {
        if (a->taken && a->taken->last && a->taken->table == table)
            return true;
        if (!take(a, err))
            return false;
    }
    memcpy(len, a->taken->bytes.data + a->at, sizeof *len);
    *data = a->taken->bytes.data + a->at + sizeof *len;
    a->at += sizeof *len + *len + 1;
    return true;
}

bool
pgahead_count(struct pgahead *a, enum main_table table, int64_t *out, struct error *err)
{
    bool ok;

    (void)pthread_mutex_lock(&a->lock);
    while (!a->counted[table] && !a->failed)
        (void)pthread_cond_wait(&a->moved, &a->lock);
    ok = a->counted[table];
    *out = a->counts[table];
    if (!ok)
        *err = a->err;
    (void)pthread_mutex_unlock(&a->lock);
    return ok;
}

/* The thread goes on as *how says, to its end. */
static void
join(struct pgahead *a, bool *how)
{
    (void)pthread_mutex_lock(&a->lock);
    *how = true;
    (void)pthread_cond_signal(&a->moved);
    (void)pthread_mutex_unlock(&a->lock);
    (void)pthread_join(a->thread, NULL);
    while (a->first) {
        struct chunk *c = a->first;

        a->first = c->next;
        chunk_free(c);
    }
    chunk_free(a->taken);
}

bool
pgahead_drain(struct pgahead *a, struct error *err)
{
    bool ok;

    if (!a)
        return true;
    join(a, &a->draining);
    ok = !a->failed;
    if (!ok)
        *err = a->err;
    release(a);
    return ok;
}

void
pgahead_stop(struct pgahead *a)
{
    if (!a)
        return;
    pglink_stop(a->l, true);
    join(a, &a->stopped);
    pglink_stop(a->l, false);
    release(a);
}
