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
#include "core/campaign/record.h"
#include "core/config/config.h"
#include "core/store/db.h"

bool campaign_load(struct db *db, const struct config *config, int64_t id, struct campaign *out,
                   struct error *err) MUST_CHECK;
/* status NULL: all; active first, then paused, scheduled, draft, completed, cancelled; newest
 * first. */
bool campaign_list_load(struct db *db, const enum campaign_status *status,
                        struct campaign_list *out, struct error *err) MUST_CHECK;

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
/* Lets the rest of a canary's campaign go, whatever the figures; the status stays. */
bool campaign_go(struct db *ledger, const struct config *config, int64_t id, int64_t now_s,
                 struct error *err) MUST_CHECK;
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
