#include "core/outbox/claim.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/campaign/render.h"
#include "core/campaign/sms_segments.h"
#include "core/outbox/claim_batch.h"
#include "core/outbox/quiet_hours.h"
#include "core/store/delivery_store.h"
#include "core/store/engine_store.h"
#include "core/store/lease_store.h"
#include "core/store/place_store.h"
#include "core/store/stores.h"
#include "core/store/suppression_store.h"

enum {
    ROWS_MAX = 256,         /* looked at in one go */
    TOUCHED_MAX = 2000,     /* in one transaction: others want to write too */
    REVIEW_AGAIN_MS = 15000 /* how soon a held recipient is looked at again */
};

/* One transaction at work. */
struct work {
    struct db *ledger, *reader;
    const struct config *config;
    const struct claim_request *req;
    struct claim_result *out;
    struct claim_batch batch; /* of the campaign whose queue it is at */
    int64_t touched;
    int64_t restored_from_s, confirmed_s; /* 0: never restored */
    bool full;                            /* max reached, or enough done for one transaction */
    bool rate_is_out;                     /* the sender's rate, or its day: nobody may send */
    bool day_is_out;
};

void
claim_list_release(struct claim_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].address);
        free(list->items[i].text);
    }
    free(list->items);
    *list = (struct claim_list){0};
}

/* --- rows that are not sent */

static bool
skip(struct work *w, const struct due_unit *due, const char *reason, struct error *err)
{
    const struct unit_change to = {.state = DELIVERY_SKIPPED, .reason = reason};

    w->out->skipped++;
    return unit_change(w->ledger, due->unit, &to, w->req->now_ms / 1000, err);
}

static bool
refuse(struct work *w, const struct due_unit *due, const char *why, struct error *err)
{
    const struct unit_change to = {.state = DELIVERY_FAILED, .error = why};

    w->out->failed++;
    return unit_change(w->ledger, due->unit, &to, w->req->now_ms / 1000, err);
}

static bool
defer(struct work *w, const struct due_unit *due, int64_t until_ms, struct error *err)
{
    w->out->deferred++;
    return unit_defer(w->ledger, due->unit, until_ms, w->req->now_ms / 1000, err);
}

/* --- one row */

/* What is claimed and waits to be written down. */
static bool
write_batch(struct work *w, int64_t campaign_id, struct error *err)
{
    const struct claim_list *list = &w->out->claims;
    const struct attempt_claims common = {
        .campaign_id = campaign_id,
        .fence = w->req->fence,
        .now_s = w->req->now_ms / 1000,
        .sender = w->req->sender,
    };

    return w->batch.count == 0 ||
           claim_batch_write(&w->batch, w->ledger, common, list->items + list->count, err);
}

static bool
is_capped(struct work *w, const struct campaign *c, const struct due_unit *due, bool *capped,
          struct error *err)
{
    int64_t count = 0;

    *capped = false;
    if (c->cap_messages <= 0)
        return true;
    /* Another step of the campaign may be on its way to the same address. */
    if (claim_batch_may_hold(&w->batch, due->address) && !write_batch(w, c->id, err))
        return false;
    if (!delivery_count_recent(w->ledger, due->address, w->req->now_ms / 1000 - c->cap_days * DAY_S,
                               due->unit.id, &count, err))
        return false;
    *capped = count >= c->cap_messages;
    return true;
}

/* A start by each recipient's own clock: *early when it has not come, and the row waits for it. */
static bool
start_has_come(struct work *w, const struct campaign *c, const struct due_unit *due,
               const char *time_zone, bool *early, struct error *err)
{
    int64_t at_s;

    *early = false;
    if (!c->local_start_s)
        return true;
    if (!quiet_hours_local(w->config, due->address, time_zone, c->local_start_s, &at_s, err))
        return false;
    *early = at_s > w->req->now_ms / 1000;
    return !*early || defer(w, due, at_s * 1000, err);
}

/* Whether the row may go now; when not, it has been moved or deferred. */
static bool
may_go(struct work *w, const struct campaign *c, const struct due_unit *due, const char *time_zone,
       int *validity_s, bool *go, struct error *err)
{
    struct quiet_answer quiet = {.open = true};
    struct error why = {0};
    bool blocked = false;

    *go = false;
    *validity_s = 0;
    if (due->opted_out)
        return skip(w, due, "opted_out", err);
    if (!c) {
        *go = true; /* an answer to a person who has just written */
        return true;
    }
    if (due->in_review)
        return defer(w, due, w->req->now_ms + REVIEW_AGAIN_MS, err);
    if (!is_capped(w, c, due, &blocked, err))
        return false;
    if (blocked)
        return skip(w, due, "capped", err);
    if (!start_has_come(w, c, due, time_zone, &blocked, err))
        return false;
    if (blocked)
        return true;
    if (!quiet_hours_ask(w->config, &c->quiet_hours, due->address, time_zone, w->req->now_ms / 1000,
                         &quiet, &why)) {
        if (why.code == ERR_CONFLICT) /* this person can never be reached in that window */
            return refuse(w, due, why.text, err);
        *err = why;
        return false;
    }
    if (!quiet.open)
        return defer(w, due, quiet.next_open_s * 1000, err);
    *validity_s = quiet.validity_s;
    *go = true;
    return true;
}

/* The text as it will be sent; *there false: the row has been moved. */
static bool
text_of(struct work *w, const struct campaign *c, const struct due_unit *due,
        const struct customer_vars *vars, struct buf *text, bool *there, struct error *err)
{
    struct error why = {0};
    bool ok;

    *there = true;
    if (!c) {
        buf_add_str(text, due->text);
        return true;
    }
    *there = false;
    if (due->variant < 0 || (size_t)due->variant >= c->variant_count)
        return refuse(w, due, "the campaign has no such variant", err);
    if (!vars->there) /* no longer in the main database */
        return skip(w, due, "no_address", err);
    ok = render_text(w->config, c, c->variants[due->variant].text, vars, w->req->now_ms / 1000,
                     text, &why);
    if (ok)
        *there = true;
    else if (why.code == ERR_CONFLICT)
        return refuse(w, due, why.text, err);
    else
        *err = why;
    return ok;
}

/* A message of a conversation: they are few. */
static bool
write_message(struct work *w, const struct due_unit *due, const struct attempt_claim *claim,
              int64_t *id, struct error *err)
{
    struct attempt_new attempt = {
        .unit = due->unit,
        .number = claim->number,
        .address = claim->address,
        .sender = w->req->sender,
        .text = claim->text,
        .segments = claim->segments,
        .fence = w->req->fence,
        .now_s = w->req->now_ms / 1000,
    };

    memcpy(attempt.uid, claim->uid, sizeof attempt.uid);
    return unit_claim(w->ledger, due->unit, attempt.now_s, err) &&
           attempt_insert(w->ledger, &attempt, id, err);
}

static bool
write_down(struct work *w, const struct due_unit *due, const struct buf *text, int segments,
           int validity_s, struct error *err)
{
    struct claim_list *list = &w->out->claims;
    struct claim *claim;
    struct attempt_claim row = {
        .delivery_id = due->unit.id,
        .number = due->attempts + 1,
        .segments = segments,
        .was_waiting = due->was_waiting,
    };

    list->items = mem_grow(list->items, list->count, &list->capacity, sizeof *list->items);
    claim = &list->items[list->count++];
    *claim = (struct claim){
        .validity_s = validity_s,
        .address = mem_strdup(due->address),
        .text = mem_strdup(buf_str(text)),
    };
    timed_uuid(w->req->now_ms, claim->uid);
    memcpy(row.uid, claim->uid, sizeof row.uid);
    row.address = claim->address;
    row.text = claim->text;
    if (due->unit.kind == UNIT_MESSAGE)
        return write_message(w, due, &row, &claim->attempt_id, err);
    claim_batch_add(&w->batch, &row);
    return true;
}

/* Whether the day has room for the message: the sender's, and the campaign's. */
static bool
day_has_room(struct work *w, struct claim_campaign *from, int segments, bool *room,
             bool *campaign_is_out, struct error *err)
{
    *room = false;
    if (!daily_allows(w->req->daily, segments)) {
        w->day_is_out = w->rate_is_out = true;
        w->out->capped_until_ms = w->req->daily->end_s * 1000;
        daily_describe(w->req->daily, w->out->capped_why, sizeof w->out->capped_why);
        /* Written down for who asks why nothing goes out: two of five segments may be left. */
        return setting_set_i64(w->ledger, "sms_day_needs", segments, err) &&
               setting_set_i64(w->ledger, "sms_day_needs_until", w->req->daily->end_s, err);
    }
    if (from && !daily_allows(&from->daily, segments)) {
        *campaign_is_out = true;
        from->hold_until_ms = from->daily.end_s * 1000;
        return true;
    }
    *room = true;
    return true;
}

/*
 * What was waiting when this ledger was put back from a backup may have gone out from the one that
 * was lost: it is in doubt until the provider's list is complete, and has been asked.
 */
static bool
ask_first(struct work *w, const struct due_unit *due, const struct buf *text, int segments,
          struct error *err)
{
    const int64_t now_s = w->req->now_ms / 1000;
    const int64_t sure_at_s =
        w->confirmed_s + w->config->sms.timeout_seconds + w->config->policy.reconcile_after_seconds;
    static const char why[] = "restored from a backup: it may have gone out since";
    const struct unit_change to = {.state = DELIVERY_IN_DOUBT, .error = why};
    const struct attempt_end end = {
        .outcome = "unknown",
        .error = why,
        .next_lookup_at_s = sure_at_s > now_s ? sure_at_s : now_s,
    };
    struct attempt_new attempt = {
        .unit = due->unit,
        .number = due->attempts + 1,
        .address = due->address,
        .sender = w->req->sender,
        .text = buf_str(text),
        .segments = segments,
        .fence = 0, /* never handed over by anybody here */
        .now_s = w->restored_from_s,
    };
    int64_t id = 0;

    timed_uuid(w->req->now_ms, attempt.uid);
    w->out->deferred++;
    return unit_claim(w->ledger, due->unit, now_s, err) &&
           attempt_insert(w->ledger, &attempt, &id, err) &&
           attempt_finish(w->ledger, id, &end, now_s, err) &&
           unit_change(w->ledger, due->unit, &to, now_s, err);
}

/* Tokens for the message, from all buckets that it needs; or how long to wait. */
static bool
take_tokens(struct work *w, struct claim_campaign *from, int segments, bool *campaign_is_out)
{
    struct rate *sender = w->req->rate;
    struct rate *account = w->req->account;
    int64_t wait_ms = rate_wait_ms(sender, segments);

    if (wait_ms == 0)
        wait_ms = rate_wait_ms(account, segments);
    if (wait_ms == 0 && from)
        wait_ms = rate_wait_ms(&from->rate, segments);
    if (wait_ms == 0) {
        rate_take(sender, segments);
        rate_take(account, segments);
        daily_take(w->req->daily, segments);
        if (from) {
            rate_take(&from->rate, segments);
            daily_take(&from->daily, segments);
        }
        return true;
    }
    if (!rate_is_ready(sender, segments) || !rate_is_ready(account, segments))
        w->rate_is_out = true;
    else
        *campaign_is_out = true;
    if (w->out->wait_ms == 0 || wait_ms < w->out->wait_ms)
        w->out->wait_ms = wait_ms;
    return false;
}

/* Writes the message down when the day and the rates have room for it. */
static bool
claim_if_room(struct work *w, struct claim_campaign *from, const struct due_unit *due,
              const struct buf *text, int segments, int validity_s, bool *campaign_is_out,
              struct error *err)
{
    bool room = false;

    if (!day_has_room(w, from, segments, &room, campaign_is_out, err))
        return false;
    return !room || !take_tokens(w, from, segments, campaign_is_out) ||
           write_down(w, due, text, segments, validity_s, err);
}

static bool
claim_one(struct work *w, struct claim_campaign *from, const struct due_unit *due,
          const struct customer_vars *vars, bool *campaign_is_out, struct error *err)
{
    const struct campaign *c = from ? &from->c : NULL;
    struct sms_segments size;
    struct buf text = {0};
    int validity_s = 0;
    bool unchecked = false;
    bool go = false;
    bool ok;

    w->touched++;
    if (!may_go(w, c, due, vars->time_zone, &validity_s, &go, err))
        return false;
    if (!go)
        return true;
    ok = text_of(w, c, due, vars, &text, &go, err);
    if (!ok || !go)
        goto out;
    size = sms_segments_count(buf_str(&text), text.len);
    if (size.segments == 0 || size.characters > SMS_MAX_CHARACTERS)
        ok = refuse(w, due,
                    size.segments ? "the text is longer than 1600 characters" : "the text is empty",
                    err);
    else if (w->confirmed_s &&
             !place_unit_is_unchecked(w->ledger, due->unit, w->confirmed_s, &unchecked, err))
        ok = false;
    else if (unchecked)
        ok = ask_first(w, due, &text, size.segments, err);
    else
        ok = claim_if_room(w, from, due, &text, size.segments, validity_s, campaign_is_out, err);
out:
    buf_release(&text);
    w->full = w->out->claims.count >= w->req->max || w->touched >= TOUCHED_MAX;
    return ok;
}

/* --- queues */

/* What is the same question for each of them: asked for all at once. */
static bool
ask_ahead(struct work *w, const struct claim_campaign *from, struct due_unit *due, size_t count,
          struct customer_vars *vars, struct error *err)
{
    const struct key **customers;
    bool ok = due_units_ask(w->ledger, due, count, err);

    if (!ok || !from)
        return ok;
    customers = mem_calloc(count + 1, sizeof(struct key *));
    for (size_t i = 0; i < count; i++)
        customers[i] = &due[i].customer;
    ok = customer_vars_load_all(w->reader, customers, count, vars, err);
    free(customers);
    return ok;
}

/* Up to max due rows of one queue (from NULL: messages); *more: it had that many. */
static bool
claim_queue(struct work *w, struct claim_campaign *from, size_t max, bool *more, struct error *err)
{
    struct due_unit *due = mem_calloc(ROWS_MAX, sizeof *due);
    struct customer_vars *vars = mem_calloc(ROWS_MAX, sizeof *vars);
    size_t count = 0;
    bool campaign_is_out = false;
    bool ok;

    if (max > ROWS_MAX)
        max = ROWS_MAX;
    ok = from ? delivery_due_load(w->ledger, from->c.id, from->canary.chosen_only, w->req->now_ms,
                                  max, due, &count, err)
              : message_due_load(w->ledger, w->req->now_ms, max, due, &count, err);
    ok = ok && ask_ahead(w, from, due, count, vars, err);
    for (size_t i = 0; ok && i < count && !w->full && !w->rate_is_out && !campaign_is_out; i++)
        ok = claim_one(w, from, &due[i], &vars[i], &campaign_is_out, err);
    ok = ok && (!from || write_batch(w, from->c.id, err));
    *more = ok && count == max && !campaign_is_out;
    for (size_t i = 0; i < count; i++)
        customer_vars_release(&vars[i]);
    free(vars);
    due_units_release(due, count);
    free(due);
    return ok;
}

/* Round and round: an equal share each, until nothing is due or nothing more may be claimed. */
static bool
claim_campaigns(struct work *w, struct error *err)
{
    const size_t n = w->req->campaign_count;
    bool *finished = mem_calloc(n + 1, sizeof *finished);
    size_t open = 0;
    bool ok = true;

    for (size_t i = 0; ok && i < n; i++) {
        bool sends = false;

        ok = engine_campaign_sends(w->ledger, w->req->campaigns[i].c.id, &sends, err);
        /* paused meanwhile by another process, or its day is over */
        finished[i] = !sends || w->req->campaigns[i].hold_until_ms > w->req->now_ms ||
                      w->req->campaigns[i].canary.hold_until_ms > w->req->now_ms;
        open += finished[i] ? 0 : 1;
    }
    while (ok && open > 0 && !w->full && !w->rate_is_out) {
        const size_t at = *w->req->turn % n;
        const size_t before = w->out->claims.count;
        const int64_t most = rate_room(w->req->account, (int64_t)(w->req->max - before));
        const size_t room = (size_t)rate_room(w->req->rate, most);
        bool more = false;

        if (!finished[at])
            ok = claim_queue(w, &w->req->campaigns[at], (room + open - 1) / open, &more, err);
        /* Who found the bucket empty has not had a turn. */
        if (!w->rate_is_out || w->out->claims.count > before)
            *w->req->turn = (at + 1) % n;
        if (finished[at])
            continue;
        if (!more) {
            finished[at] = true;
            open--;
        }
    }
    free(finished);
    return ok;
}

static bool
save_rates(struct work *w, struct error *err)
{
    bool ok = rate_save(w->req->rate, w->ledger, err) && rate_save(w->req->account, w->ledger, err);

    for (size_t i = 0; ok && i < w->req->campaign_count; i++)
        ok = rate_save(&w->req->campaigns[i].rate, w->ledger, err);
    return ok;
}

static void
each_rate(const struct claim_request *req, void (*do_it)(struct rate *r, int64_t now_ms))
{
    do_it(req->rate, req->now_ms);
    do_it(req->account, req->now_ms);
    for (size_t i = 0; i < req->campaign_count; i++)
        do_it(&req->campaigns[i].rate, req->now_ms);
}

static void
begin_rate(struct rate *r, int64_t now_ms)
{
    rate_refill(r, now_ms);
    rate_begin(r);
}

static void
undo_rate(struct rate *r, int64_t now_ms)
{
    (void)now_ms;
    rate_undo(r);
}

/* Asked anew: what was claimed did not happen, or what was counted did not. */
void
outbox_count_again(const struct claim_request *req)
{
    req->daily->counted_ms = 0;
    for (size_t i = 0; i < req->campaign_count; i++) {
        req->campaigns[i].daily.counted_ms = 0;
        req->campaigns[i].hold_until_ms = 0;
    }
}

/* What is counted by the day; and what the provider has said of the day, or of the rate. */
static bool
count_day(struct work *w, struct error *err)
{
    const char *zone = w->config->business.timezone;
    const double rate = w->config->sms.per_second;
    const int64_t now_ms = w->req->now_ms;
    int64_t slow_ms = 0;
    int64_t capped_ms = 0;

    if (!setting_get_i64(w->ledger, "sms_slow_until_ms", 0, &slow_ms, err) ||
        !setting_get_i64(w->ledger, "sms_capped_until_ms", 0, &capped_ms, err) ||
        !daily_refresh(w->req->daily, w->ledger, zone, (struct attempts_since){NULL, 0, 0}, now_ms,
                       err))
        return false;
    w->req->rate->per_second = slow_ms > now_ms ? rate / 2 : rate;
    for (size_t i = 0; i < w->req->campaign_count; i++) {
        struct claim_campaign *c = &w->req->campaigns[i];
        const struct attempts_since owner = {w->req->sender, c->c.id, 0};

        if (!daily_refresh(&c->daily, w->ledger, zone, owner, now_ms, err))
            return false;
    }
    if (capped_ms > now_ms) {
        w->day_is_out = w->rate_is_out = true;
        w->out->capped_until_ms = capped_ms;
        (void)text_copy(w->out->capped_why, sizeof w->out->capped_why,
                        "the provider's limit of the day");
    }
    return true;
}

static bool
in_transaction(struct work *w, struct error *err)
{
    int64_t stopped_at = 0;
    char *unconfirmed = NULL;
    bool holds = false;
    bool more = false;

    if (!lease_check(w->ledger, w->req->holder, w->req->fence, &holds, err) ||
        !setting_get_i64(w->ledger, "stopped_at", 0, &stopped_at, err) ||
        !setting_get_text(w->ledger, "unconfirmed", &unconfirmed, err) ||
        !setting_get_i64(w->ledger, "restored_from", 0, &w->restored_from_s, err) ||
        !setting_get_i64(w->ledger, "confirmed_at", 0, &w->confirmed_s, err))
        return false;
    stopped_at = unconfirmed ? w->req->now_ms : stopped_at; /* core/engine/place */
    free(unconfirmed);
    if (!holds || stopped_at) {
        w->out->end = holds ? CLAIM_STOPPED : CLAIM_LEASE_LOST;
        return true;
    }
    if (!count_day(w, err))
        return false;
    if (!w->day_is_out &&
        (!claim_queue(w, NULL, w->req->max, &more, err) || !claim_campaigns(w, err)))
        return false;
    if (w->day_is_out)
        w->out->end = CLAIM_CAPPED;
    else if (w->full)
        w->out->end = CLAIM_MORE;
    else if (w->out->wait_ms)
        w->out->end = CLAIM_RATE;
    return w->out->claims.count == 0 || save_rates(w, err);
}

bool
outbox_claim(struct db *ledger, struct db *reader, const struct config *config,
             const struct claim_request *request, struct claim_result *out, struct error *err)
{
    struct work w = {
        .ledger = ledger, .reader = reader, .config = config, .req = request, .out = out};
    bool ok = false;

    *out = (struct claim_result){0};
    if (request->max == 0)
        return true;
    if (!db_begin_read(reader, err))
        return error_wrap(err, "claim");
    each_rate(request, begin_rate);
    if (!db_begin(ledger, err) || !in_transaction(&w, err))
        goto out;
    /* Committed and on the disk before the caller sees a single claim. */
    ok = w.touched ? db_commit(ledger, err) : true;
out:
    db_rollback(ledger);
    db_rollback(reader);
    claim_batch_release(&w.batch);
    if (!ok) {
        each_rate(request, undo_rate);
        outbox_count_again(request);
        claim_list_release(&out->claims);
        *out = (struct claim_result){0};
        return error_wrap(err, "claim");
    }
    return true;
}

void
outbox_handed(const struct claim_request *request, int64_t now_ms)
{
    rate_handed(request->rate, now_ms);
    rate_handed(request->account, now_ms);
    for (size_t i = 0; i < request->campaign_count; i++)
        rate_handed(&request->campaigns[i].rate, now_ms);
}
