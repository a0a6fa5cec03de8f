#include "core/campaign/launch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/utime.h"
#include "core/campaign/reach_each.h"
#include "core/campaign/review.h"
#include "core/campaign/split.h"
#include "core/store/campaign_store.h"
#include "core/store/plan_store.h"
#include "core/store/recipient_store.h"
#include "core/store/replica_state_store.h"
#include "core/store/stores.h"

static bool
audit_launch(struct db *ledger, int64_t id, const char *action, const char *detail, int64_t now_s,
             struct error *err)
{
    char subject[40];

    (void)snprintf(subject, sizeof subject, "campaign %" PRId64, id);
    return audit_add(ledger, now_s, audit_actor(), action, subject, detail, err);
}

/* --- does the review allow it? */

bool
launch_may_go(const struct launch_review *r, struct error *err)
{
    struct buf text = {0};

    for (size_t i = 0; i < r->check_count; i++)
        if (r->checks[i].level == LAUNCH_STOP)
            buf_printf(&text, "%s%s", text.len ? "; " : "", r->checks[i].text);
    if (text.len == 0)
        return true;
    (void)error_set(err, ERR_CONFLICT, "%s", buf_str(&text));
    buf_release(&text);
    return false;
}

static bool
review_allows(const struct launch_review *r, const struct launch_request *request,
              struct error *err)
{
    if (!launch_may_go(r, err))
        return false;
    if (r->reach.reachable != request->confirm)
        return error_set(err, ERR_CONFLICT,
                         "%" PRId64 " was confirmed, but %" PRId64
                         " people would be messaged now; look at the segment and confirm that "
                         "number",
                         request->confirm, r->reach.reachable);
    if (r->everyone && !request->everyone_confirmed)
        return error_set(err, ERR_CONFLICT,
                         "the segment is every customer; say explicitly that everyone is meant");
    return true;
}

/* --- freezing */
struct freeze {
    struct plan_writer *writer;
    const struct launch_request *request;
    int64_t seen;
    bool in_vain; /* the launch will be refused: only the review's reasons are wanted */
};

static bool
freeze_one(void *ctx, const struct launch_review *so_far, const struct segment_recipient *r,
           size_t variant, struct error *err)
{
    struct freeze *f = ctx;
    const struct plan_row row = {
        .customer = r->key, .address = r->address, .variant = (int64_t)variant};

    if (f->seen++ == 0) {
        struct error why = {0};

        f->in_vain = !review_allows(so_far, f->request, &why);
    }
    return f->in_vain || plan_writer_add(f->writer, &row, err);
}

/* Reviews all recipients and freezes them on the way. */
static bool
freeze_people(struct db *ledger, struct db *reader, const struct config *config,
              const struct campaign *c, const struct launch_request *request, struct error *err)
{
    struct freeze f = {.writer = plan_writer_new(ledger, c->id), .request = request};
    const struct review_sink sink = {freeze_one, &f};
    struct launch_review review = {0};
    bool ok = launch_review_into(reader, config, c, request->now_s, &sink, &review, err) &&
              review_allows(&review, request, err) && plan_writer_end(f.writer, err);

    plan_writer_free(f.writer);
    launch_review_release(&review);
    return ok;
}

static bool
freeze_variants(struct db *ledger, const struct campaign *c, int64_t total, struct error *err)
{
    int64_t shares[SPEC_VARIANT_MAX] = {0};

    split_shares(c->variants, c->variant_count, total, shares);
    for (size_t i = 0; i < c->variant_count; i++)
        if (!variant_store_add(ledger, c->id, i, &c->variants[i], shares[i], err))
            return false;
    return true;
}

static bool
refuse_busy_family(struct db *ledger, struct db *reader, const struct config *config,
                   const struct campaign *c, int64_t now_s, struct error *err)
{
    struct launch_target t = {0};
    bool busy = false;
    bool ok = launch_target_open(&t, reader, ledger, config, c, now_s, err) &&
              (!t.left_out || plan_store_is_any(ledger, t.left_out, &busy, err));

    launch_target_release(&t);
    if (ok && busy)
        ok = error_set(err, ERR_CONFLICT,
                       "a campaign that this one was cloned from, or a clone of it, is being "
                       "launched right now: wait until its recipients are frozen");
    return ok;
}

static bool
freeze_head(struct db *ledger, struct db *reader, const struct campaign *c,
            const struct launch_request *request, struct error *err)
{
    bool later = c->planned_start > request->now_s;
    enum campaign_status to = later ? CAMPAIGN_SCHEDULED : CAMPAIGN_ACTIVE;
    struct plan_head head = {.state = "planning",
                             .now_s = request->now_s,
                             .confirmed = request->confirm,
                             .starts_at = later ? c->planned_start : 0};
    struct replica_state state;
    char detail[64];

    if (!campaign_may(c->status, CAMPAIGN_DO_LAUNCH, err) ||
        !replica_state_load(reader, &state, err))
        return false;
    head.generation = state.generation;
    (void)snprintf(detail, sizeof detail, "%" PRId64 " people confirmed", request->confirm);
    return campaign_leads(CAMPAIGN_DO_LAUNCH, c->status, to) &&
           plan_store_set(ledger, c->id, &head, err) &&
           campaign_store_set_wizard(ledger, c->id, NULL, request->now_s, err) &&
           campaign_store_move(ledger, c->id, c->status, to, NULL, request->now_s, err) &&
           audit_launch(ledger, c->id, "campaign.launch", detail, request->now_s, err);
}

/* Inside the ledger's transaction: nobody else writes, so the reader sees what stands there. */
static bool
freeze(struct db *ledger, struct db *reader, const struct config *config,
       const struct launch_request *request, struct error *err)
{
    struct campaign c = {0};
    bool ok = campaign_load(reader, config, request->id, &c, err) &&
              campaign_may(c.status, CAMPAIGN_DO_LAUNCH, err) &&
              freeze_people(ledger, reader, config, &c, request, err) &&
              refuse_busy_family(ledger, reader, config, &c, request->now_s, err) &&
              freeze_head(ledger, reader, &c, request, err) &&
              freeze_variants(ledger, &c, request->confirm, err);

    campaign_release(&c);
    return ok;
}

bool
launch_begin(struct db *ledger, struct db *reader, const struct config *config,
             const struct launch_request *request, struct error *err)
{
    bool ok = db_begin(ledger, err);

    if (ok && ledger != reader) /* one connection in tests: its transaction is the snapshot too */
        ok = db_begin_read(reader, err);
    ok = ok && freeze(ledger, reader, config, request, err) && db_commit(ledger, err);
    db_rollback(ledger); /* nothing to do after a commit */
    db_rollback(reader);
    return ok || error_wrap(err, "launch campaign %" PRId64, request->id);
}

/* --- queueing */
static bool
plan_back_to_draft(struct db *ledger, int64_t id, const char *reason, struct error *err)
{
    const int64_t now_s = utime_now_s();
    struct campaign c = {0};
    char text[200];
    bool ok;

    (void)snprintf(text, sizeof text, "back to draft, nothing was sent: %.150s", reason);
    ok = db_begin(ledger, err) && campaign_store_load(ledger, id, &c, err) &&
         campaign_may(c.status, CAMPAIGN_BY_PLAN_FAILED, err) &&
         campaign_store_move(ledger, id, c.status, CAMPAIGN_DRAFT, NULL, now_s, err) &&
         plan_store_undo(ledger, id, err) &&
         campaign_store_event(ledger, id, "error", text, now_s, err) &&
         audit_launch(ledger, id, "campaign.launch_failed", text, now_s, err) &&
         db_commit(ledger, err);
    db_rollback(ledger);
    campaign_release(&c);
    return ok;
}

/* The last step: what is queued must be exactly what was confirmed. */
static bool
plan_close(struct db *ledger, int64_t id, struct error *err)
{
    struct campaign c = {0};
    bool ok = campaign_store_load(ledger, id, &c, err);

    if (ok && c.targeted != c.plan_confirmed)
        ok = error_set(err, ERR_CONFLICT,
                       "%" PRId64 " recipients were frozen, %" PRId64 " were confirmed", c.targeted,
                       c.plan_confirmed);
    ok = ok && plan_store_done(ledger, id, err);
    campaign_release(&c);
    return ok;
}

static bool
plan_some(struct db *ledger, const struct campaign *c, size_t max, bool *done, struct error *err)
{
    int64_t moved;

    if (!plan_store_roomy(ledger, true, err) ||
        !plan_store_move(ledger, c->id, c->channel, max, utime_now_s(), &moved, err))
        return false;
    *done = (size_t)moved < max;
    return !*done || plan_close(ledger, c->id, err);
}

bool
launch_plan_step(struct db *ledger, struct db *reader, const struct config *config, int64_t id,
                 size_t max, bool *done, struct error *err)
{
    struct campaign c = {0};
    bool ok = false;

    (void)reader; /* launch_begin() has frozen what was there to read */
    (void)config;
    *done = false;
    if (!db_begin(ledger, err))
        return error_wrap(err, "plan campaign %" PRId64, id);
    if (!campaign_store_load(ledger, id, &c, err)) {
        db_rollback(ledger);
        return false;
    }
    if (strcmp(c.plan_state, "planning") == 0) {
        ok = plan_some(ledger, &c, max, done, err) && db_commit(ledger, err);
    } else {
        *done = true;
        ok = true;
    }
    db_rollback(ledger); /* nothing to do after a commit */
    campaign_release(&c);
    if (ok && *done)
        ok = plan_store_roomy(ledger, false, err);
    if (!ok && err->code == ERR_CONFLICT) { /* a rule of the database or of plan_close() */
        struct error undo = {0};

        if (!plan_back_to_draft(ledger, id, err->text, &undo))
            return error_set(err, undo.code, "plan campaign %" PRId64 ": %s", id, undo.text);
    }
    return ok || error_wrap(err, "plan campaign %" PRId64, id);
}
