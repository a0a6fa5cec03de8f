/*
 * The demo's main database: a made-up clinic with seeded customers, appointments and conversations.
 * The same seed, count and now give the same rows. Phone numbers are of exchange 555 (made-up
 * numbers only), mail addresses of example.com, example.org and example.net.
 */
#ifndef CANVASS_CORE_REPLICA_DEMO_H
#define CANVASS_CORE_REPLICA_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

#define DEMO_CUSTOMERS_DEFAULT 25000
#define DEMO_CUSTOMERS_MAX 20000000
#define DEMO_COUNTRY "US" /* of the business whose customers these are */

struct demo_opt_out {
    char *address;       /* owned; normalised */
    const char *channel; /* "sms" or "email"; static */
    const char *words;   /* what the person wrote; static */
};

struct demo_result {
    int64_t customers, appointments, conversations, messages, requests;
    struct demo_opt_out *opt_outs; /* owned: people who opted out before */
    size_t opt_out_count, opt_out_capacity;
    int64_t elapsed_ms;
};

void demo_result_release(struct demo_result *r);

struct demo_options {
    int64_t customers; /* 1..DEMO_CUSTOMERS_MAX */
    uint64_t seed;
    int64_t now_s; /* the day that it is in the demo: "three weeks ago" counts from here */
    /* done of total customers; called every few thousand. May be NULL. */
    void (*progress)(void *arg, int64_t done, int64_t total);
    /*
     * Called when the file is whole and not yet in its place: what must not be lost (the opt-outs)
     * is kept here. False: the file is thrown away. May be NULL.
     */
    bool (*before_publish)(void *arg, const struct demo_result *result, struct error *err);
    void *arg;
};

/*
 * Writes path as a whole: a temporary file is renamed when it is good. An existing path is
 * ERR_CONFLICT. out is released with demo_result_release().
 */
bool demo_main_database_write(const char *path, const struct demo_options *options,
                              struct demo_result *out, struct error *err) MUST_CHECK;

#endif
