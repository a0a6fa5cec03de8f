/*
 * The business's own database, as the sync sees it: four canonical tables (docs/main-database.md),
 * read only. SQLite fills it in from core/store, PostgreSQL from net.
 * One thread at a time. Texts in rows are borrowed until the handler returns; they are valid UTF-8.
 */
#ifndef CANVASS_CORE_PORT_MAIN_DATABASE_H
#define CANVASS_CORE_PORT_MAIN_DATABASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/store/db.h"

enum main_table {
    MAIN_CUSTOMERS,
    MAIN_APPOINTMENTS,
    MAIN_CONVERSATIONS,
    MAIN_REQUESTS, /* appointment_requests */
    MAIN_TABLE_COUNT
};

/* UTC seconds, the fraction cut off; !set: NULL, or nothing that is a time. */
struct main_time {
    bool set;
    int64_t s;
};

/* Words and texts are NULL when absent. Keys: UUIDs in lower case, digits that are a number a
 * number. */
struct main_customer {
    const char *name, *phone, *email, *notes;
    const char *time_zone; /* "America/New_York", as it stands there */
    bool is_new_client;
    struct main_time created_at;
};

struct main_appointment {
    struct main_time at, cancelled_at;
    const char *status, *service, *provider, *booked_by;
};

struct main_conversation {
    struct main_time at; /* last_activity_at */
    const char *channel, *type, *status, *outcome, *sentiment;
    const char *metadata; /* JSON text as it stands */
    bool has_satisfaction;
    double satisfaction;
};

struct main_request {
    bool has_conversation;
    struct key conversation;
    const char *status;
};

struct main_row {
    struct key key;      /* borrowed text */
    bool has_customer;   /* appointments and conversations */
    struct key customer; /* borrowed text */
    struct main_time updated_at;
    union {
        struct main_customer customer_of;
        struct main_appointment appointment;
        struct main_conversation conversation;
        struct main_request request;
    };
};

/* Returning false ends the scan with the handler's error. */
typedef bool main_row_fn(void *arg, const struct main_row *row, struct error *err);
typedef bool main_key_fn(void *arg, const struct key *key, struct error *err);

/* Of a table's keys; equal digests mean equal keys (key_hash.h). */
struct main_digest {
    int64_t count, sum; /* sum of key_hash() */
};

struct main_database {
    void *ctx;
    char *name; /* owned; the URL without secrets: for people and for replica.state */
    /*
     * Changes when anything may have changed, appended to out; nothing appended: cannot tell. Ask
     * before begin(): then the same text twice means that the rows are the same.
     */
    bool (*fingerprint)(void *ctx, struct buf *out, struct error *err);
    bool (*begin)(void *ctx, struct error *err); /* all scans until end() see one state */
    void (*end)(void *ctx);
    /*
     * Where begin()'s state stands, appended to out as a text that resume() and scan_changed() of a
     * later sync understand. NULL when the source cannot tell; then so are those two.
     */
    bool (*position)(void *ctx, struct buf *out, struct error *err);
    /* *same false: another server, a restored one, or other tables: the position means nothing. */
    bool (*resume)(void *ctx, const char *position, bool *same, struct error *err);
    /*
     * Every row that a transaction wrote which begin() of that position did not see, whatever its
     * updated_at; may give more. *able false: not for this table, and nothing was read.
     */
    bool (*scan_changed)(void *ctx, enum main_table table, const char *position,
                         main_row_fn *on_row, void *arg, bool *able, struct error *err);
    /*
     * Says that scan_changed() will be asked of all tables in their order, to its end, and count()
     * of all tables before anything else: the source may read ahead. NULL: it does not.
     */
    bool (*read_ahead)(void *ctx, const char *position, struct error *err);
    /* Every row; in ascending order of the key as the main database sees it. */
    bool (*scan_all)(void *ctx, enum main_table table, main_row_fn *on_row, void *arg,
                     struct error *err);
    /* Rows with updated_at >= since_s or without updated_at, in any order. May give more. */
    bool (*scan_since)(void *ctx, enum main_table table, int64_t since_s, main_row_fn *on_row,
                       void *arg, struct error *err);
    /* The rows with these keys, where there are any, in any order. */
    bool (*scan_some)(void *ctx, enum main_table table, const struct key *keys, size_t count,
                      main_row_fn *on_row, void *arg, struct error *err);
    /* Keys >= from and < until (NULL: no bound), in any order. */
    bool (*scan_keys)(void *ctx, enum main_table table, const struct key *from,
                      const struct key *until, main_key_fn *on_key, void *arg, struct error *err);
    /*
     * How many keys stand below bounds[0], from bounds[i - 1] to below bounds[i], and from the last
     * bound on: count + 1 numbers. The bounds ascend and are all numbers or all texts. *able false:
     * the source orders such keys in another way.
     */
    bool (*range_counts)(void *ctx, enum main_table table, const struct key *bounds, size_t count,
                         int64_t *out, bool *able, struct error *err);
    /* NULL: the source cannot make the sums. */
    bool (*digest)(void *ctx, enum main_table table, struct main_digest *out, struct error *err);
    bool (*count)(void *ctx, enum main_table table, int64_t *out, struct error *err);
    void (*close)(void *ctx);
};

struct config;
/*
 * Opens what main_database.url names.
 *
 * cancel  set by another thread: what is under way ends soon with ERR_RETRY; NULL: never
 * out     replaced; main_database_close()
 */
typedef bool main_database_open_fn(const struct config *config, const atomic_bool *cancel,
                                   struct main_database *out, struct error *err);

/* "customers", "appointments", "conversations", "appointment_requests" */
const char *main_table_name(enum main_table table);
/* Closes and empties; zero is fine. */
void main_database_close(struct main_database *source);

#endif
