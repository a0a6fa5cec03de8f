/*
 * Figures and lists for screens and the command line, read from a reader connection (stores.h):
 * what is in the ledger now, nothing guessed. Everything here only reads.
 */
#ifndef CANVASS_CORE_REPORT_REPORT_H
#define CANVASS_CORE_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/campaign/campaign.h"
#include "core/config/config.h"
#include "core/store/db.h"

/* What every screen's header and tabs show; cheap enough to ask twice a second. */
struct report_status {
    int64_t version;          /* changes whenever another connection has committed */
    int64_t replica_synced_s; /* 0: never */
    int64_t replica_customers;
    char replica_error[200]; /* of the last sync that failed; "" after a good one */
    int64_t unread;          /* conversations with something unread */
    int64_t in_doubt;        /* deliveries and messages */
    int64_t needs_review;    /* conversations that a person must look at */
    int64_t waiting; /* deliveries of active campaigns that are queued or wait for a retry */
    int64_t relay_contact_s; /* when any engine here last heard the relay; 0: never */
    bool stopped;            /* stop-all */
    char stopped_by[96];
    int64_t stopped_at_s;
    char unconfirmed[160]; /* why nothing is sent (core/engine/place); "" when it may be */
};
bool report_status_load(struct db *db, struct report_status *out, struct error *err) MUST_CHECK;

#define REPORT_HOURS 24
/* The dashboard. "Today" is since day_start_s. */
struct report_overview {
    int64_t contacted_today, contacted_before; /* before: the same part of the day before */
    int64_t contacted, responded, opted_out;   /* over all campaigns */
    int64_t responded_today, opted_out_today;
    int64_t booking; /* conversations whose outcome is a booking intent */
    int64_t conversations;
    int64_t contacted_by_hour[REPORT_HOURS], replies_by_hour[REPORT_HOURS];
    int64_t opted_out_by_hour[REPORT_HOURS], booking_by_hour[REPORT_HOURS];
    int64_t positive, neutral, negative; /* sentiments set on conversations */
};
bool report_overview_load(struct db *db, const struct config *config, int64_t now_s,
                          int64_t day_start_s, struct report_overview *out,
                          struct error *err) MUST_CHECK;

#define REPORT_MINUTES 30
/* The monitor. */
struct report_event {
    int64_t id, at_s, campaign_id;
    char level[8];
    char text[240];
};
struct report_live {
    int64_t
        sent_by_minute[REPORT_MINUTES]; /* accepted in each of the last minutes; the last is now */
    int64_t next_retry_ms;              /* 0: nothing waits for a retry */
    struct report_event events[5];      /* newest first */
    size_t event_count;
};
bool report_live_load(struct db *db, int64_t now_s, struct report_live *out,
                      struct error *err) MUST_CHECK;

/* One recipient of a campaign, for lists. Texts owned; NULL when absent. */
struct report_recipient {
    int64_t id;
    struct key customer;
    char *name, *address, *state, *reason, *error, *provider_id, *variant;
    int64_t step, attempts, error_code, updated_at_s, next_attempt_ms;
    bool replied, opted_out;
};
struct report_recipients {
    struct report_recipient *rows;
    size_t count;
    int64_t total;  /* that fit the filter */
    int64_t offset; /* of rows[0] */
};
struct report_recipients_filter {
    int64_t campaign_id;
    const char *state; /* NULL: any; "replied" and "opted_out" too */
    const char *text;  /* in name or address; NULL or "": any */
    int64_t offset;
    size_t limit;
};
bool report_recipients_load(struct db *db, const struct report_recipients_filter *filter,
                            struct report_recipients *out, struct error *err) MUST_CHECK;
void report_recipients_release(struct report_recipients *r);

/* Every call that was made for one delivery. */
struct report_attempt {
    int64_t number, claimed_at_s, finished_at_s, http_status, error_code, segments;
    char *outcome, *provider_id, *error, *settled_by, *text; /* owned; NULL when absent */
};
struct report_attempts {
    struct report_attempt *rows;
    size_t count;
};
bool report_attempts_load(struct db *db, int64_t delivery_id, struct report_attempts *out,
                          struct error *err) MUST_CHECK;
void report_attempts_release(struct report_attempts *a);

/* Per variant: who got it and who answered. */
struct report_variant {
    char *name, *text; /* owned */
    int64_t planned, targeted, contacted, responded, opted_out;
};
struct report_variants {
    struct report_variant *rows;
    size_t count;
};
bool report_variants_load(struct db *db, int64_t campaign_id, struct report_variants *out,
                          struct error *err) MUST_CHECK;
void report_variants_release(struct report_variants *v);
/*
 * Difference of two response rates: z test with pooled variance. *confidence 0..1 (two-sided);
 * false when there is too little data to say (fewer than 5 answers or 5 silences on a side).
 */
bool report_difference(int64_t contacted_a, int64_t responded_a, int64_t contacted_b,
                       int64_t responded_b, double *points, double *confidence);

/* What happened to a campaign: audit lines and engine events, newest first. */
struct report_entry {
    int64_t at_s;
    char *actor, *action, *detail; /* owned */
};
struct report_entries {
    struct report_entry *rows;
    size_t count;
};
bool report_timeline_load(struct db *db, int64_t campaign_id, size_t limit,
                          struct report_entries *out, struct error *err) MUST_CHECK;
void report_entries_release(struct report_entries *e);

/* Replies per campaign that are not read, and what its next step waits for. For the campaign list.
 */
struct report_outlook {
    int64_t campaign_id;
    int64_t next_due_ms; /* earliest queued or waiting delivery; 0: none */
    int64_t ended_at_s;
};

#endif
