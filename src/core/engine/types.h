/* What goes into the engine and what it says of itself; engine.h tells how to run it. */
#ifndef CANVASS_CORE_ENGINE_TYPES_H
#define CANVASS_CORE_ENGINE_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/mailbox.h"
#include "core/config/config.h"
#include "core/port/main_database.h"
#include "core/port/main_sink.h"
#include "core/port/net.h"

struct engine_options {
    const char *home;                          /* borrowed until the engine ends */
    const struct config *config;               /* borrowed until the engine ends */
    main_sink_open_fn *open_main_sink;         /* NULL: the same */
    main_database_open_fn *open_main_database; /* NULL: core's own, SQLite files only */
    struct net_port net;                       /* taken over: closed by the engine */
    bool has_net;              /* false: sending is not configured; commands still run */
    const char *no_net_reason; /* for people, when !has_net */
    struct mailbox
        *events; /* where ends of commands go (items for engine_deliver); NULL headless */
    int64_t (*now_ms)(void); /* clock; NULL: the real one */
};

enum engine_end { ENGINE_IDLE, ENGINE_STOPPED, ENGINE_WAITS, ENGINE_NO_LEASE };
struct engine_summary {
    enum engine_end end;
    int64_t accepted, rejected, not_sent, unknown, replies, opted_out, in_doubt;
    char waits_for[256]; /* why something is left, and until when; "" when nothing is */
};

struct engine_status {
    bool holds_lease;
    bool relay_ok;           /* answered within the last two minutes */
    int64_t relay_contact_s; /* 0: never */
    int64_t in_flight;
    double per_second;      /* accepted in the last seconds */
    int64_t next_due_ms;    /* 0: nothing waits */
    char other_holder[128]; /* who sends, when another engine does; "" otherwise */
    char note[200]; /* "paused: Twilio refused the login (20003)", "stopped by maria", ... */
};

#endif
