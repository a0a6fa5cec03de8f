/* Rows of recipients: what is to be frozen, what was frozen, and what a message says of a person.
 */
#ifndef CANVASS_CORE_STORE_RECIPIENT_STORE_H
#define CANVASS_CORE_STORE_RECIPIENT_STORE_H

#include "core/base/error.h"
#include "core/campaign/record.h"
#include "core/store/db.h"

/* Inside the transaction that freezes them (plan_store.h). */
bool variant_store_add(struct db *db, int64_t campaign_id, size_t idx,
                       const struct campaign_variant *variant, int64_t planned,
                       struct error *err) MUST_CHECK;

/* --- whom others have reached */
/* Whether one of the campaigns (a JSON list of ids) reached, may have reached or is going to reach
 * the customer or the address. */
bool recipient_store_is_reached(struct db *db, const char *campaign_ids, const struct key *customer,
                                const char *channel, const char *address, bool *reached,
                                struct error *err) MUST_CHECK;
/*
 * Campaigns of the channel that may have sent something since then: begun, and not over before it.
 * *ids: caller frees.
 */
bool recipient_store_recent_campaigns(struct db *db, const char *channel, int64_t since_s,
                                      int64_t **ids, size_t *count, struct error *err) MUST_CHECK;
/* Whether that campaign sent the customer something at or after since_s. */
bool recipient_store_is_recent(struct db *db, int64_t campaign_id, const struct key *customer,
                               int64_t since_s, bool *recent, struct error *err) MUST_CHECK;

/* --- for screens and the command line */
struct recipient {
    int64_t id;
    struct key customer;
    int64_t step;
    enum delivery_state state;
    int64_t attempts, error_code, updated_at;            /* error_code 0: none */
    int64_t next_attempt_at_ms, accepted_at, replied_at; /* 0: none */
    /* borrowed during the call; NULL when absent */
    const char *channel, *address, *variant, *reason, *provider_id, *error;
    const char *name; /* of the customer; NULL, or when the replica is not attached */
};
struct recipient_filter {
    int64_t campaign_id;
    const enum delivery_state *state; /* NULL: all */
    size_t limit, offset;             /* limit 0: all */
    bool with_names;                  /* db is a reader (stores.h) */
};
/* In order of id. Stops when each() returns false. */
bool recipient_each(struct db *db, const struct recipient_filter *filter,
                    bool (*each)(void *ctx, const struct recipient *r), void *ctx,
                    struct error *err) MUST_CHECK;

/* A campaign's figures beyond its row. */
struct campaign_word_count {
    char *word; /* owned */
    int64_t count;
};
struct campaign_variant_stats {
    char *name, *text; /* owned */
    double weight;
    int64_t planned, contacted, responded, opted_out;
};
struct campaign_stats {
    struct campaign_variant_stats *variants;
    size_t variant_count;
    struct campaign_word_count *outcomes, *sentiments; /* of its conversations, most first */
    size_t outcome_count, sentiment_count;
    int64_t conversations;
};
bool campaign_stats_load(struct db *db, int64_t campaign_id, struct campaign_stats *out,
                         struct error *err) MUST_CHECK;
/* The same of a campaign that begins, without a look at its recipients: variants and their shares.
 */
bool campaign_planned_load(struct db *db, int64_t campaign_id, struct campaign_stats *out,
                           struct error *err) MUST_CHECK;
void campaign_stats_release(struct campaign_stats *s);

#endif
