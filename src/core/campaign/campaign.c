#include "core/campaign/campaign.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/campaign/clone.h"
#include "core/campaign/spec.h"
#include "core/outbox/canary.h"
#include "core/store/campaign_store.h"
#include "core/store/plan_store.h"
#include "core/store/recipient_store.h"
#include "core/store/stores.h"

bool
campaign_load(struct db *db, const struct config *config, int64_t id, struct campaign *out,
              struct error *err)
{
    struct campaign found = {0};

    if (campaign_store_load(db, id, &found, err) && spec_apply(config, &found, err)) {
        *out = found;
        return true;
    }
    campaign_release(&found);
    return error_wrap(err, "campaign %" PRId64, id);
}

bool
campaign_list_load(struct db *db, const enum campaign_status *status, struct campaign_list *out,
                   struct error *err)
{
    return campaign_store_list(db, status, out, err) || error_wrap(err, "list campaigns");
}

static bool
audit_campaign(struct db *ledger, int64_t id, const char *action, const char *detail, int64_t now_s,
               struct error *err)
{
    char subject[40];

    (void)snprintf(subject, sizeof subject, "campaign %" PRId64, id);
    return audit_add(ledger, now_s, audit_actor(), action, subject, detail, err);
}

/* The row of a file; texts are borrowed from c, spec is to be freed by the caller. */
static bool
row_of(const struct config *config, struct campaign *c, const json_t *spec,
       struct campaign_row *row, char **text, struct error *err)
{
    c->spec = json_incref(mem_unconst(spec));
    if (!spec_apply(config, c, err))
        return false;
    *text = json_dumps(spec, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (!*text)
        return error_set(err, ERR_INTERNAL, "the campaign file cannot be stored");
    *row = (struct campaign_row){.name = c->name, .type = c->type, .channel = c->channel};
    row->spec = *text;
    if (!*row->type) /* a draft that has not decided yet; the file stays without it */
        row->type = "outbound_sales";
    return true;
}

static bool
create_row(struct db *ledger, const struct config *config, const json_t *spec, int64_t cloned_from,
           int64_t now_s, int64_t *id, struct error *err)
{
    struct campaign c = {0};
    struct campaign_row row = {0};
    char *text = NULL;
    bool ok = row_of(config, &c, spec, &row, &text, err);

    row.cloned_from = cloned_from;
    ok = ok && campaign_store_insert(ledger, &row, now_s, id, err);
    free(text);
    campaign_release(&c);
    return ok;
}

bool
campaign_create(struct db *ledger, const struct config *config, const json_t *spec, bool strict,
                int64_t now_s, int64_t *id, struct error *err)
{
    if (!spec_check(ledger, config, spec, strict, err))
        return false;
    if (!db_begin(ledger, err))
        return error_wrap(err, "create campaign");
    if (create_row(ledger, config, spec, 0, now_s, id, err) &&
        audit_campaign(ledger, *id, "campaign.create", "", now_s, err))
        return db_commit(ledger, err) || error_wrap(err, "create campaign");
    db_rollback(ledger);
    return error_wrap(err, "create campaign");
}

bool
campaign_create_clone(struct db *ledger, const struct config *config, const json_t *spec,
                      int64_t original, int64_t now_s, int64_t *id, struct error *err)
{
    char detail[64];

    (void)snprintf(detail, sizeof detail, "of campaign %" PRId64, original);
    if (!db_begin(ledger, err))
        return false;
    if (create_row(ledger, config, spec, original, now_s, id, err) &&
        audit_campaign(ledger, *id, "campaign.clone", detail, now_s, err))
        return db_commit(ledger, err);
    db_rollback(ledger);
    return false;
}

/* --- changes of one campaign: begin, look whether the table allows it, do it, write the audit */
struct change {
    struct db *ledger;
    int64_t id, now_s;
    struct campaign c; /* as it stands inside the transaction */
    const char *detail;
    char detail_text[256];
};

static bool
change_begin(struct change *ch, enum campaign_action action, struct error *err)
{
    if (!db_begin(ch->ledger, err))
        return false;
    return campaign_store_load(ch->ledger, ch->id, &ch->c, err) &&
           campaign_may(ch->c.status, action, err);
}

/* ok false undoes everything. */
static bool
change_end(struct change *ch, bool ok, const char *action, struct error *err)
{
    ok = ok && audit_campaign(ch->ledger, ch->id, action, ch->detail, ch->now_s, err);
    if (ok)
        ok = db_commit(ch->ledger, err);
    else
        db_rollback(ch->ledger);
    campaign_release(&ch->c);
    return ok || error_wrap(err, "campaign %" PRId64, ch->id);
}

static bool
change_move(struct change *ch, enum campaign_action action, enum campaign_status to,
            const char *pause_reason, struct error *err)
{
    if (!campaign_leads(action, ch->c.status, to))
        return error_set(err, ERR_CONFLICT, "a %s campaign cannot become %s",
                         campaign_status_name(ch->c.status), campaign_status_name(to));
    return campaign_store_move(ch->ledger, ch->id, ch->c.status, to, pause_reason, ch->now_s, err);
}

bool
campaign_edit(struct db *ledger, const struct config *config, int64_t id, const json_t *spec,
              bool strict, int64_t now_s, struct error *err)
{
    struct change ch = {.ledger = ledger, .id = id, .now_s = now_s};
    struct campaign edited = {0};
    struct campaign_row row = {0};
    char *text = NULL;
    bool ok = change_begin(&ch, CAMPAIGN_DO_EDIT, err) &&
              spec_check(ledger, config, spec, strict, err) &&
              row_of(config, &edited, spec, &row, &text, err) &&
              campaign_store_update(ledger, id, &row, now_s, err);

    ok = change_end(&ch, ok, "campaign.edit", err);
    free(text);
    campaign_release(&edited);
    return ok;
}

bool
campaign_save_wizard(struct db *ledger, int64_t id, const json_t *wizard, int64_t now_s,
                     struct error *err)
{
    char *text = wizard ? json_dumps(wizard, JSON_COMPACT) : NULL;
    struct campaign c = {0};
    bool ok = db_begin(ledger, err) && campaign_store_load(ledger, id, &c, err) &&
              campaign_may(c.status, CAMPAIGN_DO_EDIT, err) &&
              campaign_store_set_wizard(ledger, id, text, now_s, err) && db_commit(ledger, err);

    db_rollback(ledger); /* nothing to do after a commit */
    free(text);
    campaign_release(&c);
    return ok || error_wrap(err, "save the wizard of campaign %" PRId64, id);
}

bool
campaign_pause(struct db *ledger, int64_t id, const char *reason, int64_t now_s, struct error *err)
{
    struct change ch = {.ledger = ledger, .id = id, .now_s = now_s};
    bool ok;

    if (text_is_blank(reason))
        reason = "paused by hand";
    ch.detail = reason;
    ok = change_begin(&ch, CAMPAIGN_DO_PAUSE, err) &&
         change_move(&ch, CAMPAIGN_DO_PAUSE, CAMPAIGN_PAUSED, reason, err);
    return change_end(&ch, ok, "campaign.pause", err);
}

bool
campaign_resume(struct db *ledger, int64_t id, int64_t now_s, struct error *err)
{
    struct change ch = {.ledger = ledger, .id = id, .now_s = now_s};
    bool ok = change_begin(&ch, CAMPAIGN_DO_RESUME, err) &&
              change_move(&ch, CAMPAIGN_DO_RESUME, CAMPAIGN_ACTIVE, NULL, err);

    return change_end(&ch, ok, "campaign.resume", err);
}

bool
campaign_go(struct db *ledger, const struct config *config, int64_t id, int64_t now_s,
            struct error *err)
{
    struct campaign c = {0};
    bool ok = db_begin(ledger, err) && campaign_load(ledger, config, id, &c, err);

    if (ok && c.status != CAMPAIGN_ACTIVE && c.status != CAMPAIGN_PAUSED)
        ok = error_set(err, ERR_CONFLICT, "the campaign is %s: nothing of it waits for a go",
                       campaign_status_name(c.status));
    ok = ok && canary_go(ledger, &c, now_s, err) &&
         audit_campaign(ledger, id, "campaign.go", "", now_s, err) && db_commit(ledger, err);
    db_rollback(ledger);
    campaign_release(&c);
    return ok || error_wrap(err, "campaign %" PRId64, id);
}

static bool
campaign_end(struct change *ch, enum campaign_action action, enum campaign_status to,
             const char *audit, struct error *err)
{
    int64_t skipped = 0;
    int64_t unplanned = 0;
    bool ok =
        change_begin(ch, action, err) && change_move(ch, action, to, NULL, err) &&
        campaign_store_skip_open(ch->ledger, ch->id, ch->now_s, &skipped, err) &&
        plan_store_drop(ch->ledger, ch->id, &unplanned, err) &&
        (to != CAMPAIGN_CANCELLED || campaign_store_skip_talk(ch->ledger, ch->id, ch->now_s, err));

    (void)snprintf(ch->detail_text, sizeof ch->detail_text,
                   "%" PRId64 " not sent, %" PRId64 " not queued yet", skipped, unplanned);
    ch->detail = ch->detail_text;
    return change_end(ch, ok, audit, err);
}

bool
campaign_complete(struct db *ledger, int64_t id, int64_t now_s, struct error *err)
{
    struct change ch = {.ledger = ledger, .id = id, .now_s = now_s};

    return campaign_end(&ch, CAMPAIGN_DO_COMPLETE, CAMPAIGN_COMPLETED, "campaign.complete", err);
}

bool
campaign_cancel(struct db *ledger, int64_t id, int64_t now_s, struct error *err)
{
    struct change ch = {.ledger = ledger, .id = id, .now_s = now_s};

    return campaign_end(&ch, CAMPAIGN_DO_CANCEL, CAMPAIGN_CANCELLED, "campaign.cancel", err);
}

bool
campaign_delete(struct db *ledger, int64_t id, int64_t now_s, struct error *err)
{
    struct change ch = {.ledger = ledger, .id = id, .now_s = now_s};
    int64_t *family = NULL;
    size_t family_count = 0;
    int64_t open;
    bool ok = change_begin(&ch, CAMPAIGN_DO_DELETE, err) &&
              campaign_store_family(ledger, id, &family, &family_count, err);

    open = ch.c.states[DELIVERY_SENDING] + ch.c.states[DELIVERY_IN_DOUBT];
    if (ok && open > 0)
        ok = error_set(err, ERR_CONFLICT,
                       "%" PRId64 " of its messages %s under way or in doubt: settle them first "
                       "(canvass in-doubt list)",
                       open, open == 1 ? "is" : "are");
    /* what it sent, and its place among its clones, must not be forgotten */
    if (ok && (ch.c.targeted > 0 || family_count > 0))
        ok = campaign_store_hide(ledger, id, now_s, err);
    else if (ok)
        ok = campaign_store_delete(ledger, id, err);
    free(family);
    ch.detail_text[0] = '\0';
    if (ch.c.name)
        (void)text_copy(ch.detail_text, sizeof ch.detail_text, ch.c.name);
    ch.detail = ch.detail_text;
    return change_end(&ch, ok, "campaign.delete", err);
}

bool
campaign_start_due(struct db *ledger, int64_t now_s, size_t *count, struct error *err)
{
    *count = 0;
    for (;;) {
        struct change ch = {.ledger = ledger, .now_s = now_s};
        bool ok;

        if (!campaign_store_next_due(ledger, now_s, &ch.id, err))
            return error_wrap(err, "start scheduled campaigns");
        if (ch.id == 0)
            return true;
        ok = change_begin(&ch, CAMPAIGN_BY_START, err) &&
             change_move(&ch, CAMPAIGN_BY_START, CAMPAIGN_ACTIVE, NULL, err) &&
             campaign_store_event(ledger, ch.id, "info", "started as scheduled", now_s, err);
        if (!change_end(&ch, ok, "campaign.start", err))
            return false;
        ++*count;
    }
}
