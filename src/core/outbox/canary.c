#include "core/outbox/canary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/utime.h"
#include "core/store/engine_store.h"

enum {
    WINDOW_MIN = 100, /* recipients that the limits are asked of, at least */
    TRIED_MIN = 20    /* of fewer nothing can be said */
};

/* --- limits */

static bool
passes(const char *what, int64_t count, int64_t tried, double limit, char *out, size_t size)
{
    const double share = tried > 0 ? (double)count / (double)tried : 0.0;

    if (limit < 0 || share <= limit)
        return false;
    (void)snprintf(out, size, "%.1f %% %s (%" PRId64 " of %" PRId64 ", limit %g %%)", share * 100,
                   what, count, tried, limit * 100);
    return true;
}

bool
canary_judge(const struct campaign_canary *limits, const struct canary_figures *f, char *out,
             size_t size)
{
    out[0] = '\0';
    return passes("failed", f->failed, f->tried, limits->max_failed, out, size) ||
           passes("opted out", f->opted_out, f->tried, limits->max_opt_out, out, size) ||
           passes("were filtered as spam (30007)", f->filtered, f->tried, limits->max_30007, out,
                  size);
}

/* --- steps; each inside a transaction */

static bool
tell(struct db *ledger, const struct campaign *c, const char *text, int64_t now_s,
     struct error *err)
{
    return engine_event_add(ledger, LOG_INFO, c->id, text, now_s, err);
}

static bool
choose(struct db *ledger, const struct campaign *c, int64_t now_s, struct canary_row *row,
       struct error *err)
{
    int64_t seed = 0;
    int64_t chosen = 0;
    char text[120];

    for (const char *p = c->uuid; *p; p++)
        seed = (seed * 31 + (unsigned char)*p) % 4294967291;
    *row = (struct canary_row){.state = CANARY_SENDING, .since_s = now_s};
    if (!canary_last_attempt(ledger, &row->watch_after, err) ||
        !canary_choose(ledger, c->id, c->canary.recipients, seed, &chosen, err) ||
        !canary_save(ledger, c->id, row, err))
        return false;
    (void)snprintf(text, sizeof text, "canary: %" PRId64 " chosen at random go first", chosen);
    return tell(ledger, c, text, now_s, err);
}

static bool
begin_hold(struct db *ledger, const struct campaign *c, int64_t now_s, struct canary_row *row,
           struct error *err)
{
    row->state = CANARY_HOLDING;
    row->since_s = now_s;
    return canary_save(ledger, c->id, row, err) &&
           tell(ledger, c, "canary: the first ones are out; the others wait for their figures",
                now_s, err);
}

static bool
let_go(struct db *ledger, const struct campaign *c, const char *why, int64_t now_s,
       struct canary_row *row, struct error *err)
{
    row->state = CANARY_GONE;
    row->since_s = now_s;
    return canary_save(ledger, c->id, row, err) && tell(ledger, c, why, now_s, err);
}

/* Nothing that a person has ruled on is held against it again. */
static bool
stop(struct db *ledger, const struct campaign *c, const char *judged, bool by_chosen,
     const struct canary_figures *last, struct canary_row *row, int64_t now_s, struct error *err)
{
    char reason[320];

    (void)snprintf(reason, sizeof reason, "stopped by itself: %s%s", judged,
                   by_chosen ? "; canvass campaign go sends the rest all the same" : "");
    if (last->last_attempt > row->watch_after)
        row->watch_after = last->last_attempt;
    return canary_save(ledger, c->id, row, err) &&
           engine_pause_campaigns(ledger, c->id, reason, now_s, err);
}

static bool
hold_is_over(const struct campaign *c, const struct canary_row *row, int64_t now_s)
{
    return now_s >= row->since_s + c->canary.hold_s;
}

static void
say(const struct campaign *c, const struct canary_row *row, struct canary_word *out)
{
    out->chosen_only = row->state == CANARY_SENDING;
    out->hold_until_ms = 0;
    if (row->state == CANARY_HOLDING)
        out->hold_until_ms =
            c->canary.go_auto ? (row->since_s + c->canary.hold_s) * 1000 : CANARY_NEVER;
}

/* *paused: nothing more to be said of it. */
static bool
step(struct db *ledger, const struct campaign *c, int64_t now_s, struct canary_row *row,
     bool *paused, struct error *err)
{
    const int64_t window = c->canary.recipients > WINDOW_MIN ? c->canary.recipients : WINDOW_MIN;
    struct canary_figures last;
    struct canary_figures chosen;
    char judged[160];
    int64_t left = 0;

    *paused = false;
    if (row->state == CANARY_NONE && !choose(ledger, c, now_s, row, err))
        return false;
    if (!canary_figures_of_last(ledger, c->id, row->watch_after, window, &last, err))
        return false;
    if (last.tried >= TRIED_MIN && canary_judge(&c->canary, &last, judged, sizeof judged)) {
        *paused = true;
        return stop(ledger, c, judged, false, &last, row, now_s, err);
    }
    if (row->state == CANARY_SENDING) {
        if (!canary_left(ledger, c->id, &left, err))
            return false;
        return left > 0 || begin_hold(ledger, c, now_s, row, err);
    }
    if (row->state != CANARY_HOLDING || !c->canary.go_auto || !hold_is_over(c, row, now_s))
        return true;
    if (!canary_figures_of_chosen(ledger, c->id, &chosen, err))
        return false;
    if (canary_judge(&c->canary, &chosen, judged, sizeof judged)) {
        *paused = true;
        return stop(ledger, c, judged, true, &last, row, now_s, err);
    }
    return let_go(ledger, c, "canary: within its limits; the others go", now_s, row, err);
}

bool
canary_look(struct db *ledger, const struct campaign *c, int64_t now_s, struct canary_word *out,
            struct error *err)
{
    struct canary_row row;
    bool paused = false;
    bool ok;

    *out = (struct canary_word){0};
    if (c->canary.recipients <= 0)
        return true;
    *out = (struct canary_word){.hold_until_ms = CANARY_NEVER};
    ok = db_begin(ledger, err) && canary_load(ledger, c->id, &row, err) &&
         step(ledger, c, now_s, &row, &paused, err) && db_commit(ledger, err);
    db_rollback(ledger);
    if (ok && !paused)
        say(c, &row, out);
    return ok || error_wrap(err, "look after a canary");
}

bool
canary_go(struct db *ledger, const struct campaign *c, int64_t now_s, struct error *err)
{
    struct canary_row row;
    struct canary_figures last;

    if (c->canary.recipients <= 0)
        return error_set(err, ERR_CONFLICT, "the campaign has no canary: it goes by itself");
    if (!canary_load(ledger, c->id, &row, err) ||
        !canary_figures_of_last(ledger, c->id, row.watch_after, 1, &last, err))
        return false;
    if (row.state == CANARY_GONE)
        return error_set(err, ERR_CONFLICT, "its canary is over: nothing waits for a go");
    if (row.state == CANARY_NONE)
        return error_set(err, ERR_CONFLICT, "its canary has not begun");
    if (last.last_attempt > row.watch_after)
        row.watch_after = last.last_attempt;
    return let_go(ledger, c, "canary: an operator says go", now_s, &row, err);
}
