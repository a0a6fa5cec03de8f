/*
 * A campaign: its file (spec), its life, its recipients. Functions that change something take the
 * writing connection, do one transaction of their own, write the audit and check the transition
 * table.
 */
#ifndef CANVASS_CORE_CAMPAIGN_CAMPAIGN_H
#define CANVASS_CORE_CAMPAIGN_CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/config/config.h"
#include "core/store/db.h"

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
    int64_t plan_confirmed;
    int64_t cloned_from; /* 0: not a clone */
    int64_t targeted, contacted, responded, opted_out;
    int64_t states[DELIVERY_STATE_COUNT];
    /* from the spec, when it is complete enough: see spec.h */
    struct campaign_variant *variants;
    size_t variant_count;
    struct campaign_agent agent;
    char *offer;                     /* of {offer}; "" when absent */
    struct quiet_window quiet_hours; /* of the campaign, else of the policy; set=false: any hour */
    double per_second;               /* SMS segments; 0: the sender's own limit only */
    int64_t cap_messages, cap_days;  /* frequency cap of the campaign, else of the policy */
};
void campaign_release(struct campaign *c);
bool campaign_load(struct db *db, const struct config *config, int64_t id, struct campaign *out,
                   struct error *err) MUST_CHECK;
struct campaign_list {
    struct campaign *items; /* without spec, wizard, variants and agent */
    size_t count;
};
/* status NULL: all; active first, then paused, scheduled, draft, completed, cancelled; newest
 * first. */
bool campaign_list_load(struct db *db, const enum campaign_status *status,
                        struct campaign_list *out, struct error *err) MUST_CHECK;
void campaign_list_release(struct campaign_list *l);

/* --- life. Each: ERR_NOT_FOUND, ERR_CONFLICT with the rule that forbids it, ERR_INVALID for the
 * spec. */
/* strict: everything that a launch will ask of the file itself; else a draft may be incomplete. */
bool campaign_create(struct db *ledger, const struct config *config, const json_t *spec,
                     bool strict, int64_t now_s, int64_t *id, struct error *err) MUST_CHECK;
bool campaign_edit(struct db *ledger, const struct config *config, int64_t id, const json_t *spec,
                   bool strict, int64_t now_s, struct error *err) MUST_CHECK; /* drafts only */
bool campaign_save_wizard(struct db *ledger, int64_t id, const json_t *wizard, int64_t now_s,
                          struct error *err) MUST_CHECK;
bool campaign_pause(struct db *ledger, int64_t id, const char *reason, int64_t now_s,
                    struct error *err) MUST_CHECK;
bool campaign_resume(struct db *ledger, int64_t id, int64_t now_s, struct error *err) MUST_CHECK;
/* The scheduled ones whose instant has come become active; *count how many. Engine. */
bool campaign_start_due(struct db *ledger, int64_t now_s, size_t *count,
                        struct error *err) MUST_CHECK;
/* Ends it: what is queued becomes skipped(campaign_completed). */
bool campaign_complete(struct db *ledger, int64_t id, int64_t now_s, struct error *err) MUST_CHECK;
bool campaign_cancel(struct db *ledger, int64_t id, int64_t now_s, struct error *err) MUST_CHECK;
/*
 * A campaign that reached nobody goes altogether. Of another the deliveries stay, unseen: the
 * frequency cap, late replies and clones need them. ERR_CONFLICT while a call is under way or in
 * doubt.
 */
bool campaign_delete(struct db *ledger, int64_t id, int64_t now_s, struct error *err) MUST_CHECK;
/* A new draft. Its segment leaves out whom the original (and its originals) contacted. */
bool campaign_clone(struct db *ledger, const struct config *config, int64_t id, int64_t now_s,
                    int64_t *new_id, struct error *err) MUST_CHECK;
/* What may be done now; reason is filled when not. For screens: dim with the reason. */
enum campaign_action {
    CAMPAIGN_DO_EDIT,
    CAMPAIGN_DO_LAUNCH,
    CAMPAIGN_DO_PAUSE,
    CAMPAIGN_DO_RESUME,
    CAMPAIGN_DO_COMPLETE,
    CAMPAIGN_DO_CANCEL,
    CAMPAIGN_DO_DELETE,
    CAMPAIGN_DO_CLONE,
    CAMPAIGN_ACTION_COUNT,
    /* not for people: the instant of a schedule has come; the recipients could not be frozen */
    CAMPAIGN_BY_START = CAMPAIGN_ACTION_COUNT,
    CAMPAIGN_BY_PLAN_FAILED
};
/* Whether the table has this step. */
bool campaign_leads(enum campaign_action action, enum campaign_status from,
                    enum campaign_status to);
/* reason is filled when not: ERR_CONFLICT, what to do instead. */
bool campaign_may(enum campaign_status status, enum campaign_action action, struct error *reason);

#endif
