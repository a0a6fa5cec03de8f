/*
 * A provider and a clock for tests of the engine: fills in core/port/net.h. What the provider has
 * accepted lives in shared memory, so that it outlives a process that is killed.
 */
#ifndef CANVASS_TESTS_ENGINE_FAKE_NET_H
#define CANVASS_TESTS_ENGINE_FAKE_NET_H

#include "core/port/net.h"

enum fake_fate {
    FATE_ACCEPT,
    FATE_ACCEPT_BUT_SILENT, /* taken, but the answer is lost */
    FATE_LOST,              /* not taken, and no answer */
    FATE_TOO_MANY,          /* 429 */
    FATE_UNREACHABLE,       /* never connected */
    FATE_BAD_NUMBER,        /* P */
    FATE_OPTED_OUT,         /* O */
    FATE_BAD_LOGIN,         /* C, credentials */
    FATE_BAD_TEMPLATE,      /* C, this campaign only */
    FATE_LATER,             /* L */
    FATE_AMBIGUOUS,         /* A */
    FATE_RETRY_AFTER,       /* 429 with Retry-After: 10 s */
    FATE_CARRIER_DAY,       /* L: a carrier takes no more today */
    FATE_ACCOUNT_DAY,       /* C: the account has sent what it may in 24 hours */
    FATE_COUNT
};

struct fake_sent {
    char to[24], sid[40], uid[40], body[320];
    int64_t at_ms;
    int validity_s;
};
enum { FAKE_SENT_MAX = 4000 };

/* In shared memory. */
struct fake_world {
    int64_t clock_ms;
    const char *sender; /* NULL: +13105550100 */
    int64_t calls;      /* requests that reached the provider, taken or not */
    size_t sent_count;
    struct fake_sent sent[FAKE_SENT_MAX];
    int64_t steps_to_crash; /* counts down at every step; the process ends at 0; negative: never */
    uint64_t random;
    enum fake_fate plan[64]; /* fates of the first calls, then `then` */
    size_t plan_count;
    enum fake_fate then;
    int percent[FATE_COUNT]; /* when any is set: fates at random instead */
    int64_t latency_ms;
    size_t room;
    bool list_unreadable;
    bool list_blind; /* answers, but shows nothing yet */
    int64_t lookups;
    int64_t stop_at_ms; /* raises `stop` then; 0: never */
    volatile int stop;
    /* relay */
    bool relay_down;
    bool relay_silent; /* long polls do not end */
    bool relay_lost;   /* the next answer: your events are gone */
    bool received_unreadable;
    const struct sms_sent *received; /* what the provider's list shows of texts to us */
    size_t received_count;
    int64_t received_since_s; /* when it was last asked */
    int64_t relay_polls;
};

struct fake_world *fake_world_new(void); /* shared; clock at 2026-11-23T18:00:00Z */
void fake_world_free(struct fake_world *w);
/* The clock of engine_options: of the world that fake_net_open() was given last. */
int64_t fake_now_ms(void);
/* At the n-th look at the clock from now `meanwhile` runs first: a process that was stopped there.
 */
void fake_pause_at(int looks, void (*meanwhile)(void));
bool fake_pause_cancel(void); /* true when it had not come to it */
void fake_net_open(struct fake_world *w, struct net_port *out);
/* How many messages the provider has taken for that number. */
int fake_count_to(const struct fake_world *w, const char *to);
uint64_t fake_random(struct fake_world *w);

#endif
