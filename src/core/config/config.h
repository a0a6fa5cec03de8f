/*
 * The configuration: one YAML file, read at start. Every setting is one row of the table in
 * config.c: parser, validation, help and the example file read the same rows.
 */
#ifndef CANVASS_CORE_CONFIG_CONFIG_H
#define CANVASS_CORE_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/error.h"

/* Minutes since local midnight; from == to means that no quiet hours are set: every minute is open.
 */
struct quiet_window {
    int from_min; /* first minute that is open, 0..1439 */
    int to_min;   /* first minute that is quiet again, 1..1440 */
    bool set;     /* false: not configured, every minute is open */
};

struct config_list {
    char **items; /* owned */
    size_t count;
};

/* Texts are owned and never NULL ("" when absent) unless the comment says otherwise. */
struct config {
    char *path; /* of the file; relative paths inside are relative to its folder */
    struct {
        char *name, *assistant, *phone, *email, *timezone, *country, *postal_address;
    } business;
    struct {
        char *url;      /* "sqlite:main.db" with the path made absolute, or postgresql://... */
        char *password; /* secret, of PostgreSQL; "" when none is given */
        char *mapping;  /* a built-in name, or a file with its path made absolute */
        int64_t refresh_seconds;
        bool write_back;
    } main_database;
    struct {
        char *url, *public_url;
        char *token; /* secret, read from token_file or token_env; "" when no relay is configured */
    } relay;
    struct {
        char *provider, *base_url, *account_sid, *from, *messaging_service_sid;
        char *auth_token;          /* secret */
        double per_second;         /* SMS segments, of the sender */
        double account_per_second; /* of the account, whichever number sends; 0: no limit */
        int64_t timeout_seconds;
        int64_t max_connections;
        int64_t price_micros; /* of one segment, for estimates; 0: unknown */
    } sms;
    struct {
        struct quiet_window quiet_hours;
        int64_t cap_messages, cap_days; /* frequency cap; 0 messages: no cap */
        int64_t daily_messages, daily_segments, daily_cost_micros; /* 0: no limit */
        int64_t max_attempts;
        int64_t retry_base_ms;
        int64_t reconcile_after_seconds;
        int64_t stale_replica_minutes;
        char *state_windows;             /* auto, on or off: data/us_calendar.json */
        unsigned closed_days;            /* bit 0 Sunday .. bit 6 Saturday */
        struct config_list closed_dates; /* "2026-12-25" */
        char *closed_holidays;           /* none or us_federal */
    } policy;
    struct {
        struct config_list booking_intent_outcomes;
    } segments;
    struct {
        char *theme;
        bool ascii, motion, mouse;
    } ui;
};

void config_release(struct config *c);
/* All defaults, no file. */
void config_init_defaults(struct config *c);
/*
 * Reads and checks the file; overrides are "key.path=value" texts that win over it (flag --set).
 * All errors at once in `errors`, a line each, "file:line:column: what; what to do"; err holds the
 * first.
 */
bool config_load(const char *path, const char *const *overrides, size_t override_count,
                 struct config *out, struct buf *errors, struct error *err) MUST_CHECK;
/* Whether everything that sending needs is there; says what is missing. */
bool config_can_send(const struct config *c, struct error *err) MUST_CHECK;
/* A commented example file made from the table. */
void config_example(struct buf *out);
/*
 * Every setting as it is in effect, in the order of the table; a secret is only "set" or "not set".
 * For screens: the texts are borrowed for the call.
 */
void config_describe(const struct config *c,
                     void (*each)(void *ctx, const char *section, const char *key,
                                  const char *value, const char *help),
                     void *ctx);
/* "09:00" .. "24:00"; sets minutes. */
bool quiet_window_parse(const char *from, const char *to, struct quiet_window *out) MUST_CHECK;

#endif
