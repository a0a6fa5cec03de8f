/* A campaign as it is kept, and a list of them: names, states, memory. No rule stands here. */
#ifndef CANVASS_CORE_CAMPAIGN_RECORD_H
#define CANVASS_CORE_CAMPAIGN_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/cc.h"
#include "core/config/config.h"

enum campaign_status {
    CAMPAIGN_DRAFT,
    CAMPAIGN_SCHEDULED,
    CAMPAIGN_ACTIVE,
    CAMPAIGN_PAUSED,
    CAMPAIGN_COMPLETED,
    CAMPAIGN_CANCELLED,
    CAMPAIGN_STATUS_COUNT
};
const char *campaign_status_name(enum campaign_status s);
bool campaign_status_parse(const char *name, enum campaign_status *out) MUST_CHECK;

enum delivery_state {
    DELIVERY_QUEUED,
    DELIVERY_SENDING,
    DELIVERY_RETRY_WAIT,
    DELIVERY_ACCEPTED,
    DELIVERY_SENT,
    DELIVERY_DELIVERED,
    DELIVERY_UNDELIVERED,
    DELIVERY_FAILED,
    DELIVERY_IN_DOUBT,
    DELIVERY_SKIPPED,
    DELIVERY_STATE_COUNT
};
const char *delivery_state_name(enum delivery_state s);
bool delivery_state_parse(const char *name, enum delivery_state *out) MUST_CHECK;

/* The message variants and the agent of a checked spec, ready for rendering; texts owned. */
struct campaign_variant {
    char *name, *text;
    double weight;
};

struct campaign_agent {
    char *template_name; /* "" when made by hand */
    char *title, *system_prompt;
    char **questions;
    size_t question_count;
    char **outcomes; /* the expected ones */
    size_t outcome_count;
    bool scripted;       /* mode: scripted; else no agent answers */
    char *voice, *model; /* kept for the template; "" when absent */
    double temperature;
    int64_t max_tokens;
};

/* Shares from 0 to 1; negative: no such limit. */
struct campaign_canary {
    int64_t recipients; /* 0: no canary */
    int64_t hold_s;
    double max_failed, max_opt_out, max_30007;
    bool go_auto; /* else an operator must say go */
};

struct campaign {
    int64_t id;
    char uuid[40];
    char *name, *type, *channel;
    enum campaign_status status;
    json_t *spec;                    /* as the file says it; owned reference */
    json_t *wizard;                  /* where the wizard stood; NULL when it never did */
    char *plan_state, *pause_reason; /* pause_reason NULL when not paused */
    int64_t starts_at, launched_at, completed_at, created_at, updated_at; /* 0: not yet */
    int64_t planned_start; /* of the file's schedule; 0: as soon as it is launched */
    int64_t local_start_s; /* at each recipient's own clock, as if it were UTC; 0: no such start */
    int64_t plan_confirmed;
    int64_t cloned_from; /* 0: not a clone */
    int64_t targeted, contacted, responded, opted_out;
    int64_t next_attempt_ms; /* active: when the next one may go out; 0: nothing waits */
    int64_t states[DELIVERY_STATE_COUNT];
    /* from the spec, when it is complete enough: see spec.h */
    struct campaign_variant *variants;
    size_t variant_count;
    struct campaign_agent agent;
    char *offer;                     /* of {offer}; "" when absent */
    struct quiet_window quiet_hours; /* of the campaign, else of the policy; set=false: any hour */
    double per_second;               /* SMS segments; 0: the sender's own limit only */
    struct campaign_canary canary;
    int64_t per_day;                /* messages; 0: no limit of its own */
    int64_t cap_messages, cap_days; /* frequency cap of the campaign, else of the policy */
};
void campaign_release(struct campaign *c);
/* Parts of it, which are empty afterwards. */
void campaign_agent_release(struct campaign_agent *a);
void campaign_variants_free(struct campaign *c);
void campaign_texts_free(char ***items, size_t *count);

struct campaign_list {
    struct campaign *items; /* without spec, wizard, variants and agent */
    size_t count;
};
void campaign_list_release(struct campaign_list *l);

#endif
