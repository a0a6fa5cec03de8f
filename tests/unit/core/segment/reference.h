/*
 * The reference evaluator: criteria and reach as the specification words them, over raw rows in
 * plain arrays, by the slowest and most obvious loops. Shares no code with core/segment and
 * core/replica; what those compute by SQL and facts is compared with this.
 */
#ifndef CANVASS_TESTS_SEGMENT_REFERENCE_H
#define CANVASS_TESTS_SEGMENT_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

enum { REF_ROWS = 160, REF_HELD = 3 };

struct ref_key {
    bool is_text;
    int64_t number;
    char text[48];
};

struct ref_time {
    bool set;
    int64_t s;
};

struct ref_customer {
    struct ref_key key;
    const char *name, *notes; /* NULL when absent */
    bool is_new;
    struct ref_time created;
    const char *phone;                   /* normalised, NULL when not valid */
    const char *email_send, *email_same; /* written form, form for comparison */
};
struct ref_appointment {
    struct ref_key key;
    struct ref_key customer; /* may be of nobody */
    struct ref_time at, cancelled;
    const char *status, *service, *provider, *booked_by;
};
struct ref_conversation {
    struct ref_key key;
    struct ref_key customer;
    struct ref_time at;
    const char *channel, *type, *status, *outcome, *sentiment;
    bool scored;
    double score;
    bool open_request; /* a request that is new or in progress points at it */
    size_t held_count; /* keys that its metadata holds */
    struct {
        const char *key;
        struct ref_time value; /* set when the value is a timestamp */
    } held[REF_HELD];
};
struct ref_delivery {
    struct ref_key customer;
    int64_t campaign;
    const char *channel, *address, *state;
    struct ref_time accepted, replied;
};
struct ref_suppression {
    const char *address, *channel;
};

struct ref_world {
    int64_t now;
    int64_t cap_messages, cap_days;
    const char *const *booking_outcomes;     /* NULL-terminated */
    struct ref_customer customers[REF_ROWS]; /* ascending by key */
    size_t customer_count;
    struct ref_appointment appointments[REF_ROWS];
    size_t appointment_count;
    struct ref_conversation conversations[REF_ROWS];
    size_t conversation_count;
    struct ref_delivery deliveries[REF_ROWS];
    size_t delivery_count;
    struct ref_suppression suppressions[REF_ROWS];
    size_t suppression_count;
};

int ref_key_compare(const struct ref_key *a, const struct ref_key *b);
/* Whether one customer satisfies a (valid) document. */
bool ref_matches(const struct ref_world *w, const struct ref_customer *c, const json_t *node);
/* "reachable", "no_address", ... of every matched customer; "" of the others. */
void ref_reach(const struct ref_world *w, const json_t *document, const char *channel,
               const char *out[REF_ROWS]);
const char *ref_address(const struct ref_customer *c, const char *channel); /* to send to */

#endif
