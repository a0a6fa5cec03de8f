/* Claim, hand over, write down. */
#include "core/engine/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/engine/wire.h"
#include "core/store/delivery_store.h"
#include "core/store/stores.h"

enum {
    BATCH_MAX = 512,      /* claims in one transaction */
    HOLD_FIRST_MS = 1000, /* the provider does not answer */
    HOLD_MAX_MS = 30000,
    FIRST_CALLS = 16,
    SLOWED_MS = 500,
    CANARY_MS = 1000,    /* how often canaries are looked at */
    STOOD_MS = 4000,     /* by then the rates have forgotten a second in which messages went late */
    LATE_HAIR_MS = 20,   /* from the decision to take a connection to the first byte */
    UNKNOWN_STREAK = 10, /* so many calls in a row without an answer are no chance */
    GROUP = 128,         /* results that share a commit when there are that many under way */
    GROUP_WAIT_MS = 16,  /* no result waits longer for others */
    HTTP_TOO_MANY = 429,
    OVER_CARRIER_RATE = 30022
};

/* --- results */

static struct loop_result *
add_result(struct loop *l)
{
    if (l->result_count == 0)
        l->first_result_ms = loop_mono_ms(l);
    l->results = mem_grow(l->results, l->result_count, &l->result_capacity, sizeof *l->results);
    l->results[l->result_count] = (struct loop_result){0};
    return &l->results[l->result_count++];
}

void
loop_sms_done(void *ctx, const struct sms_result *result)
{
    struct loop *l = ctx;
    struct loop_result *slot = add_result(l);

    slot->handed = true;
    slot->r = *result;
}

static void
hold(struct loop *l, const char *why)
{
    const bool first = l->hold_ms == 0;

    if (loop_mono_ms(l) < l->hold_until_ms)
        return; /* one of many that failed together */
    l->hold_ms = first ? HOLD_FIRST_MS : l->hold_ms * 2;
    if (l->hold_ms > HOLD_MAX_MS)
        l->hold_ms = HOLD_MAX_MS;
    l->hold_until_ms = loop_mono_ms(l) + l->hold_ms;
    if (first)
        loop_event(l, LOG_WARN, 0, "the provider cannot be reached: %s; trying on", why);
}

static void
answered(struct loop *l)
{
    l->unknown_streak = 0;
    if (l->hold_ms)
        loop_event(l, LOG_INFO, 0, "the provider answers again");
    l->hold_ms = 0;
    l->hold_until_ms = 0;
}

/* Half of what was under way; the answers of one burst count once. */
static void
slow_down(struct loop *l)
{
    const int64_t mono = loop_mono_ms(l);

    if (mono < l->slowed_until_ms)
        return;
    l->slowed_until_ms = mono + SLOWED_MS;
    l->limit = l->peak / 2 > 0 ? l->peak / 2 : 1;
    l->peak = 0;
}

/* What a result says about the provider rather than about the recipient. */
static void
feel(struct loop *l, const struct sms_result *r)
{
    if (r->outcome == SEND_UNKNOWN) {
        if (++l->unknown_streak >= UNKNOWN_STREAK)
            hold(l, r->error);
        return;
    }
    if (r->http_status == 0 && r->outcome == SEND_NOT_SENT) {
        if (r->klass == SEND_CLASS_NONE)
            return; /* taken back by ourselves */
        hold(l, r->error);
        return;
    }
    answered(l);
    if (r->http_status == HTTP_TOO_MANY || r->error_code == OVER_CARRIER_RATE) {
        slow_down(l);
        if (r->retry_after_ms > 0)
            l->throttle_until_ms = loop_mono_ms(l) + r->retry_after_ms;
    } else if (l->limit < SIZE_MAX / 2) {
        l->limit++;
    }
}

/* What was claimed, and never handed over. */
static bool
write_unsent(struct loop *l, const struct sms_result *r, int64_t now_ms, struct error *err)
{
    struct attempt a = {0};
    bool ok = attempt_load(l->ledger, r->attempt_id, &a, err) &&
              settle_not_sent(l->ledger, &a, NULL, r->error, now_ms, err);

    attempt_release(&a);
    return ok;
}

static bool
write_results(struct loop *l, size_t from, size_t to, int64_t now_ms, struct settle_sum *sum,
              struct error *err)
{
    const struct sms_result **answers = mem_calloc(to - from + 1, sizeof(struct sms_result *));
    size_t count = 0;
    bool ok = true;

    for (size_t i = from; ok && i < to; i++) {
        const struct loop_result *res = &l->results[i];

        if (res->handed)
            answers[count++] = &res->r;
        else
            ok = write_unsent(l, &res->r, now_ms, err);
    }
    ok = ok && settle_answers(l->ledger, l->opt.config, answers, count, now_ms, sum, err);
    free(answers);
    return ok;
}

/* What was not sent leaves room in the day. */
static void
lift_caps(struct loop *l)
{
    const struct claim_request request = {
        .daily = &l->daily, .campaigns = l->campaigns, .campaign_count = l->campaign_count};

    outbox_count_again(&request);
    l->capped_until_ms = 0;
}

static void
count_up(struct loop *l, const struct settle_sum *sum)
{
    const int64_t second = loop_now_ms(l) / 1000;
    const size_t slot = (size_t)(second % LOOP_RATE_SLOTS);

    l->sum.accepted += sum->accepted;
    l->sum.rejected += sum->rejected;
    l->sum.not_sent += sum->not_sent;
    l->sum.unknown += sum->unknown;
    l->sum.opted_out += sum->opted_out;
    loop_digest_add(l, sum);
    if (sum->not_sent || sum->rejected)
        lift_caps(l);
    if (l->rate_slot[slot] != second) {
        l->rate_slot[slot] = second;
        l->rate_count[slot] = 0;
    }
    l->rate_count[slot] += sum->accepted;
}

/*
 * Group commit. Many are under way: one commit, and one sync, for hundreds of them. Few: every
 * result at once.
 */
bool
loop_gathers(struct loop *l)
{
    int64_t left_ms;

    if (l->result_count == 0 || l->result_count >= GROUP ||
        l->opt.net.in_flight(l->opt.net.ctx) + l->result_count < GROUP)
        return false;
    left_ms = l->first_result_ms + GROUP_WAIT_MS - loop_mono_ms(l);
    if (left_ms <= 0)
        return false;
    loop_wait_at_most(l, left_ms);
    return true;
}

/*
 * Writes results [from, to) in one transaction. While many are under way it reaches the disk with
 * the claims that follow: if the power fails before, what was answered is in doubt, and is found
 * in the provider's list.
 */
static bool
record_range(struct loop *l, size_t from, size_t to, struct error *err)
{
    const bool many = l->holds && l->opt.net.in_flight(l->opt.net.ctx) + to - from >= GROUP;
    const int64_t now_ms = loop_now_ms(l);
    struct settle_sum sum = {0};
    bool ok = many ? db_begin_unsynced(l->ledger, err) : db_begin(l->ledger, err);

    ok = ok && write_results(l, from, to, now_ms, &sum, err) && db_commit(l->ledger, err);
    db_rollback(l->ledger);
    if (ok)
        count_up(l, &sum);
    return ok;
}

void
loop_record(struct loop *l)
{
    struct error err = {0};
    size_t done = 0;

    if (l->result_count == 0)
        return;
    l->last_activity_ms = loop_mono_ms(l);
    if (record_range(l, 0, l->result_count, &err)) {
        done = l->result_count;
    } else if (err.code != ERR_RETRY) {
        /* One by one, so that a row that cannot be written does not hold up the others. */
        for (; done < l->result_count; done++) {
            if (record_range(l, done, done + 1, &err))
                continue;
            if (err.code == ERR_NOT_FOUND || err.code == ERR_CONFLICT)
                log_line(LOG_ERROR, "engine", "a result could not be written: %s", err.text);
            else
                break; /* the disk, not the row: keep it and try again */
        }
    }
    if (done < l->result_count)
        loop_trouble(l, "write down results", &err);
    for (size_t i = 0; i < done; i++) {
        wire_unmark(l->wire, l->results[i].r.attempt_id);
        if (l->results[i].handed)
            feel(l, &l->results[i].r);
    }
    memmove(l->results, l->results + done, (l->result_count - done) * sizeof *l->results);
    l->result_count -= done;
}

/* --- campaigns that may send */

static void
forget_campaign(struct claim_campaign *c)
{
    campaign_release(&c->c);
    rate_release(&c->rate);
    *c = (struct claim_campaign){0};
}

void
loop_send_release(struct loop *l)
{
    for (size_t i = 0; i < l->campaign_count; i++)
        forget_campaign(&l->campaigns[i]);
    free(l->campaigns);
    l->campaigns = NULL;
    l->campaign_count = 0;
}

static bool
has_messages(const struct campaign *c)
{
    for (size_t i = 0; i < c->variant_count; i++)
        if (text_is_blank(c->variants[i].text))
            return false;
    return c->variant_count > 0;
}

/* Takes the one that is loaded already when it has not changed, else loads it. */
static bool
fetch_campaign(struct loop *l, const struct engine_campaign *row, struct claim_campaign *out,
               struct error *err)
{
    char key[40];

    for (size_t i = 0; i < l->campaign_count; i++) {
        if (l->campaigns[i].c.id != row->id || l->campaigns[i].seen_updated_at != row->updated_at)
            continue;
        *out = l->campaigns[i];
        l->campaigns[i] = (struct claim_campaign){0};
        return true;
    }
    if (!campaign_load(l->ledger, l->opt.config, row->id, &out->c, err))
        return false;
    if (!has_messages(&out->c))
        return error_set(err, ERR_INVALID, "its file holds no message that can be read");
    out->seen_updated_at = row->updated_at;
    out->canary.hold_until_ms = out->c.canary.recipients > 0 ? CANARY_NEVER : 0;
    l->canary_next_ms = 0;
    out->daily.limit.messages = out->c.per_day;
    (void)snprintf(key, sizeof key, "campaign %" PRId64, row->id);
    return rate_load(&out->rate, l->ledger,
                     &(struct rate_owner){key, l->opt.net.sms_sender(l->opt.net.ctx), row->id},
                     out->c.per_second, loop_now_ms(l), err);
}

/* One campaign that cannot be read must not stop the others: it is no trouble of the engine's. */
static void
say_unreadable(struct loop *l, int64_t id, const struct error *why)
{
    loop_note(l, "campaign %" PRId64 " cannot be read: %.120s", id, why->text);
    if (l->unreadable_id == id)
        return;
    l->unreadable_id = id;
    loop_event(l, LOG_ERROR, id, "it cannot be read, so nothing of it is sent: %.300s", why->text);
}

static bool
load_campaigns(struct loop *l, struct error *err)
{
    struct engine_campaign rows[ENGINE_CAMPAIGNS_MAX];
    struct claim_campaign *fresh;
    size_t count = 0;
    size_t loaded = 0;

    if (!engine_campaigns_load(l->ledger, ENGINE_CAMPAIGNS_SENDING, rows, &count, err))
        return false;
    fresh = mem_calloc(count + 1, sizeof *fresh);
    for (size_t i = 0; i < count; i++) {
        struct error why = {0};

        if (fetch_campaign(l, &rows[i], &fresh[loaded], &why)) {
            loaded++;
            continue;
        }
        forget_campaign(&fresh[loaded]);
        say_unreadable(l, rows[i].id, &why);
    }
    loop_send_release(l);
    l->campaigns = fresh;
    l->campaign_count = loaded;
    return true;
}

bool
loop_send_prepare(struct loop *l, struct error *err)
{
    const char *sender = l->opt.net.sms_sender(l->opt.net.ctx);

    loop_send_release(l);
    l->daily = (struct daily){.limit = daily_limit_of(l->opt.config),
                              .price_micros = l->opt.config->sms.price_micros};
    l->capped_until_ms = 0;
    l->limit = FIRST_CALLS; /* one more with every answer: a provider that is down is not stormed */
    return rate_load(&l->rate, l->ledger, &(struct rate_owner){sender, sender, 0},
                     l->opt.config->sms.per_second, loop_now_ms(l), err) &&
           rate_load(&l->account, l->ledger, &(struct rate_owner){"account", NULL, 0},
                     l->opt.config->sms.account_per_second, loop_now_ms(l), err);
}

/* --- claims */

static size_t
connections(const struct loop *l)
{
    const int64_t most = l->opt.config->sms.max_connections;

    return most > 0 ? (size_t)most : 1;
}

static void
hand_over(struct loop *l, const struct claim_list *claims)
{
    size_t under_way;

    for (size_t i = 0; i < claims->count; i++) {
        const struct claim *c = &claims->items[i];
        const struct sms_request request = {
            .attempt_id = c->attempt_id,
            .attempt_uid = c->uid,
            .to = c->address,
            .body = c->text,
            .validity_s = c->validity_s,
        };
        struct error err = {0};
        struct loop_result *back;

        if (loop_may_send(l)) {
            if (l->opt.net.sms_send(l->opt.net.ctx, &request, &err))
                continue;
        } else {
            (void)error_set(&err, ERR_CONFLICT, "the lease ran out before it was handed over");
        }
        back = add_result(l);
        back->handed = err.code != ERR_CONFLICT;
        back->r = (struct sms_result){
            .attempt_id = c->attempt_id, .outcome = SEND_NOT_SENT, .klass = SEND_CLASS_RETRY};
        (void)text_copy(back->r.error, sizeof back->r.error, err.text);
    }
    under_way = l->opt.net.in_flight(l->opt.net.ctx);
    if (under_way > connections(l)) {
        under_way = connections(l); /* the others wait for one */
        l->stood_ms = loop_mono_ms(l);
    }
    if (under_way > l->peak)
        l->peak = under_way;
}

/*
 * Whether more may be claimed than there are connections: they go when one is free, half a second
 * later at most, and the rates know of the claim only. So not near any rate, and not while slowed
 * down.
 */
static bool
may_stand_ready(const struct loop *l)
{
    if (l->limit < connections(l) || !rate_is_slack(&l->rate) || !rate_is_slack(&l->account))
        return false;
    for (size_t i = 0; i < l->campaign_count; i++)
        if (!rate_is_slack(&l->campaigns[i].rate))
            return false;
    return true;
}

/* The longest that any of those that may still count stood ready before it went. */
static int64_t
late_ms(const struct loop *l)
{
    const int64_t most = RATE_LATE_MS - LATE_HAIR_MS;
    const int64_t late = l->opt.net.sms_late_ms ? l->opt.net.sms_late_ms(l->opt.net.ctx) : most;

    return (late < most ? late : most) + LATE_HAIR_MS;
}

/* From here on every message goes when it is claimed: those that went later count as late. */
static void
tell_rates(struct loop *l)
{
    struct rate_late late;

    if (l->stood_ms == 0)
        return;
    late = (struct rate_late){loop_now_ms(l), late_ms(l)};
    l->stood_ms = 0;
    rate_went(&l->rate, &late);
    rate_went(&l->account, &late);
    for (size_t i = 0; i < l->campaign_count; i++)
        rate_went(&l->campaigns[i].rate, &late);
}

static size_t
room(struct loop *l)
{
    const size_t under_way = l->opt.net.in_flight(l->opt.net.ctx);
    size_t n = l->opt.net.sms_room(l->opt.net.ctx);

    if (!may_stand_ready(l)) {
        const size_t most = l->limit < connections(l) ? l->limit : connections(l);

        if (under_way >= most)
            return 0;
        if (n > most - under_way)
            n = most - under_way;
        tell_rates(l);
    } else if (l->stood_ms && l->stood_ms + STOOD_MS < loop_mono_ms(l)) {
        l->stood_ms = 0; /* long ago */
    }
    if (l->hold_ms && n > 1) /* a probe: one call, until the provider answers again */
        n = under_way ? 0 : 1;
    return n > BATCH_MAX ? BATCH_MAX : n;
}

/* Who goes first, who waits for them, and whether figures stop a campaign. */
static bool
look_after_canaries(struct loop *l, struct error *err)
{
    const int64_t now_ms = loop_now_ms(l);
    bool any = false;

    for (size_t i = 0; i < l->campaign_count; i++) {
        struct claim_campaign *c = &l->campaigns[i];

        if (c->c.canary.recipients <= 0)
            continue;
        any = true;
        /* The hold is over: whether they go is asked before anything is claimed. */
        if (loop_mono_ms(l) < l->canary_next_ms &&
            (c->canary.hold_until_ms == 0 || c->canary.hold_until_ms > now_ms))
            continue;
        if (!canary_look(l->ledger, &c->c, now_ms / 1000, &c->canary, err))
            return false;
    }
    if (any && loop_mono_ms(l) >= l->canary_next_ms)
        l->canary_next_ms = loop_mono_ms(l) + CANARY_MS;
    if (any)
        loop_wait_at_most(l, l->canary_next_ms - loop_mono_ms(l));
    return true;
}

/* The next instant at which something is due; 0: nothing waits. */
static bool
find_next_due(struct loop *l, struct error *err)
{
    bool waits = false;
    int64_t at_ms = 0;

    l->next_due_ms = 0;
    for (size_t i = 0; i <= l->campaign_count; i++) {
        const int64_t id = i < l->campaign_count ? l->campaigns[i].c.id : 0;

        if (i < l->campaign_count && l->campaigns[i].canary.hold_until_ms == CANARY_NEVER)
            continue; /* a person must say go */
        if (!due_next(l->ledger, id, id && l->campaigns[i].canary.chosen_only, &waits, &at_ms, err))
            return false;
        if (!waits)
            continue;
        if (at_ms <= 0)
            at_ms = 1;
        if (i < l->campaign_count && at_ms < l->campaigns[i].hold_until_ms)
            at_ms = l->campaigns[i].hold_until_ms;
        if (i < l->campaign_count && at_ms < l->campaigns[i].canary.hold_until_ms)
            at_ms = l->campaigns[i].canary.hold_until_ms;
        if (l->next_due_ms == 0 || at_ms < l->next_due_ms)
            l->next_due_ms = at_ms;
    }
    if (l->next_due_ms && l->next_due_ms < l->capped_until_ms)
        l->next_due_ms = l->capped_until_ms;
    return true;
}

/* Why nothing may be claimed now, as milliseconds to wait; 0: go. */
static int64_t
gate_ms(struct loop *l)
{
    const int64_t mono = loop_mono_ms(l);
    int64_t wait = 0;

    if (!l->relay_drained || loop_missed_holds(l))
        return 1000;
    if (l->trouble_until_ms > mono)
        wait = l->trouble_until_ms - mono;
    if (l->throttle_until_ms > mono + wait)
        wait = l->throttle_until_ms - mono;
    if (l->hold_until_ms > mono + wait)
        wait = l->hold_until_ms - mono;
    rate_refill(&l->rate, loop_now_ms(l));
    rate_refill(&l->account, loop_now_ms(l));
    if (rate_wait_ms(&l->rate, 1) > wait)
        wait = rate_wait_ms(&l->rate, 1);
    if (rate_wait_ms(&l->account, 1) > wait)
        wait = rate_wait_ms(&l->account, 1);
    return wait;
}

static void
claim_some(struct loop *l, size_t max)
{
    struct error err = {0};
    struct claim_result got;
    const struct claim_request request = {
        .holder = l->holder,
        .fence = l->fence,
        .now_ms = loop_now_ms(l),
        .sender = l->opt.net.sms_sender(l->opt.net.ctx),
        .rate = &l->rate,
        .account = &l->account,
        .daily = &l->daily,
        .campaigns = l->campaigns,
        .campaign_count = l->campaign_count,
        .turn = &l->turn,
        .max = max,
    };

    if (!outbox_claim(l->ledger, l->reader, l->opt.config, &request, &got, &err)) {
        loop_trouble(l, "claim", &err);
        return;
    }
    l->stopped = got.end == CLAIM_STOPPED;
    if (got.end == CLAIM_LEASE_LOST)
        l->next_lease_ms = 0; /* found out properly at the next turn */
    if (got.end == CLAIM_MORE)
        loop_wait_at_most(l, 0);
    l->capped_until_ms = got.end == CLAIM_CAPPED ? got.capped_until_ms : 0;
    if (got.end == CLAIM_CAPPED)
        (void)text_copy(l->capped_why, sizeof l->capped_why, got.capped_why);
    if (got.end == CLAIM_CAPPED)
        loop_wait_at_most(l, 0); /* what is due next is another instant now */
    if (got.end == CLAIM_RATE)
        loop_wait_at_most(l, got.wait_ms);
    if (got.claims.count || got.skipped || got.failed || got.deferred)
        l->last_activity_ms = loop_mono_ms(l);
    hand_over(l, &got.claims);
    outbox_handed(&request, loop_now_ms(l));
    claim_list_release(&got.claims);
}

void
loop_send_step(struct loop *l, bool stopping)
{
    struct error err = {0};
    int64_t wait;
    size_t max;

    if (!load_campaigns(l, &err) || (!stopping && !look_after_canaries(l, &err)) ||
        !find_next_due(l, &err)) {
        loop_trouble(l, "see what is due", &err);
        return;
    }
    if (stopping || l->next_due_ms == 0)
        return;
    wait = l->next_due_ms - loop_now_ms(l);
    if (wait > 0) {
        loop_wait_at_most(l, wait);
        return;
    }
    wait = gate_ms(l);
    max = room(l);
    if (wait > 0)
        loop_wait_at_most(l, wait);
    else if (max > 0)
        claim_some(l, max);
    /* else: an answer will make room, and wakes us */
}
