#include "core/outbox/settle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fileio.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/outbox/daily.h"
#include "core/store/attempt_batch_store.h"
#include "core/store/engine_store.h"
#include "core/store/stores.h"
#include "core/store/suppression_store.h"

enum {
    FIRST_LOOK_S = 5, /* the provider's list lags a little */
    BACKOFF_MAX_MS = 15 * 60 * 1000,
    LATER_BASE_MS = 2 * 3600 * 1000, /* class L: hours */
    LATER_TRIES = 3,                 /* the first and two more (providers.md 1.3, 30003) */
    HOLD_MESSAGE_MS = 5 * 60 * 1000, /* a message while the credentials are refused */
    RANK_FINAL = 5,
    ACCOUNT_DAY = 63038
};

static const struct status_row {
    const char *name;
    int rank;
    enum delivery_state state;
} statuses[] = {
    {"accepted", 1, DELIVERY_ACCEPTED},
    {"scheduled", 1, DELIVERY_ACCEPTED},
    {"queued", 2, DELIVERY_ACCEPTED},
    {"sending", 3, DELIVERY_ACCEPTED},
    {"sent", 4, DELIVERY_SENT},
    {"delivered", RANK_FINAL, DELIVERY_DELIVERED},
    {"undelivered", RANK_FINAL, DELIVERY_UNDELIVERED},
    {"failed", RANK_FINAL, DELIVERY_FAILED},
    {"canceled", RANK_FINAL, DELIVERY_FAILED},
    {"read", 6, DELIVERY_DELIVERED},
};

static bool
is(const char *a, const char *b)
{
    return a && strcmp(a, b) == 0;
}

static bool
is_latest(const struct attempt *a)
{
    return a->number == a->unit_attempts;
}

static bool
is_contacted(enum delivery_state s)
{
    return s == DELIVERY_ACCEPTED || s == DELIVERY_SENT || s == DELIVERY_DELIVERED ||
           s == DELIVERY_UNDELIVERED;
}

/* Full jitter: anywhere between nothing and base x 2^n. */
static int64_t
jitter_ms(int64_t base_ms, int64_t n)
{
    uint32_t random;
    int64_t top = base_ms << (n < 0 ? 0 : n > 16 ? 16 : n);

    random_bytes(&random, sizeof random);
    if (top > BACKOFF_MAX_MS)
        top = BACKOFF_MAX_MS;
    return top > 0 ? (int64_t)(random % (uint64_t)(top + 1)) : 0;
}

static bool
change(struct db *ledger, struct attempt *a, const struct unit_change *to, int64_t now_s,
       struct error *err)
{
    a->state = to->state;
    a->rank = to->rank;
    return unit_change(ledger, a->unit, to, now_s, err);
}

/*
 * Back to waiting, unless the person has opted out, the campaign has ended, or an operator has
 * taken the conversation from the agent meanwhile.
 */
static bool
requeue(struct db *ledger, struct attempt *a, struct unit_change to, int64_t now_s,
        struct error *err)
{
    const char *reason = NULL;
    bool blocked = false;
    bool over = false;

    if (!suppression_is(ledger, a->address, a->channel, &blocked, err))
        return false;
    if (a->unit.kind == UNIT_MESSAGE) {
        if (!engine_talk_is_over(ledger, a->unit.id, &reason, err))
            return false;
    } else {
        if (!engine_campaign_is_over(ledger, a->campaign_id, &over, err))
            return false;
        reason = over ? "campaign_completed" : NULL;
    }
    if (blocked)
        reason = "opted_out";
    if (reason)
        to = (struct unit_change){.state = DELIVERY_SKIPPED, .reason = reason};
    return change(ledger, a, &to, now_s, err);
}

/*
 * Before a unit is said not to be sent: has another attempt of it been accepted? Then it stands for
 * the unit. *done tells so.
 */
static bool
another_stands(struct db *ledger, struct attempt *a, int64_t now_s, bool *done, struct error *err)
{
    char provider_id[64] = "";
    const struct unit_change to = {
        .state = DELIVERY_ACCEPTED,
        .provider_id = provider_id,
        .rank = 1,
        .accepted_at_s = now_s,
    };

    if (!attempt_find_accepted(ledger, a->unit, done, provider_id, err))
        return false;
    return !*done || change(ledger, a, &to, now_s, err);
}

static bool
tell_double(struct db *ledger, const struct attempt *a, int64_t now_s, struct settle_sum *sum,
            struct error *err)
{
    char text[200];

    if (sum)
        sum->doubles++;
    (void)snprintf(text, sizeof text,
                   "attempt %" PRId64 " was accepted after all, and so was another one: this "
                   "person may have received the message twice",
                   a->id);
    return engine_event_add(ledger, LOG_ERROR, a->campaign_id, text, now_s, err);
}

bool
settle_accepted(struct db *ledger, struct attempt *a, const char *provider_id, const char *by,
                int64_t now_s, struct settle_sum *sum, struct error *err)
{
    const bool answered = is(by, "answer");
    struct attempt_end end = {.outcome = "accepted", .provider_id = provider_id, .by = by};
    struct unit_change to = {
        .state = DELIVERY_ACCEPTED,
        .provider_id = provider_id,
        .rank = 1,
        /* Evidence comes later than the fact: the message left when it was claimed. */
        .accepted_at_s = answered ? now_s : a->claimed_at_s,
    };
    enum id_owner owner = ID_OF_NOBODY;
    bool owned;

    if (is(a->outcome, "accepted"))
        return true;
    if (!text_is_blank(provider_id) && !attempt_id_owner(ledger, provider_id, a, &owner, err))
        return false;
    owned = owner != ID_OF_NOBODY;
    if (owned && !answered)
        return error_set(err, ERR_CONFLICT, "message %s belongs to another attempt", provider_id);
    if (owned) { /* accepted all the same: only the id is no good */
        log_line(LOG_ERROR, "outbox", "attempt %" PRId64 ": the provider gave an id twice", a->id);
        end.provider_id = to.provider_id = provider_id = NULL;
    }
    if (!attempt_finish(ledger, a->id, &end, now_s, err))
        return false;
    free(a->outcome);
    a->outcome = mem_strdup("accepted");
    if (sum)
        sum->accepted++;
    if (is_contacted(a->state) || (a->state == DELIVERY_SENDING && !is_latest(a)))
        return tell_double(ledger, a, now_s, sum, err);
    free(a->unit_provider_id);
    a->unit_provider_id = mem_strdup(text_is_blank(provider_id) ? NULL : provider_id);
    return change(ledger, a, &to, now_s, err);
}

bool
settle_not_sent(struct db *ledger, struct attempt *a, const char *by, const char *why,
                int64_t now_ms, struct error *err)
{
    const int64_t now_s = now_ms / 1000;
    const struct attempt_end end = {.outcome = "not_sent", .by = by, .error = why};
    const struct unit_change to = {.state = DELIVERY_QUEUED, .next_attempt_at_ms = now_ms};
    bool done = false;

    if (a->outcome && !is(a->outcome, "unknown"))
        return true;
    if (!attempt_finish(ledger, a->id, &end, now_s, err))
        return false;
    if (!is_latest(a) || (a->state != DELIVERY_SENDING && a->state != DELIVERY_IN_DOUBT))
        return true;
    return another_stands(ledger, a, now_s, &done, err) &&
           (done || requeue(ledger, a, to, now_s, err));
}

/* --- the answer of a call */

static bool
fail_unit(struct db *ledger, struct attempt *a, const struct sms_result *r, const char *error,
          int64_t now_s, struct error *err)
{
    const struct unit_change to = {
        .state = DELIVERY_FAILED, .error_code = r->error_code, .error = error, .rank = a->rank};

    return change(ledger, a, &to, now_s, err);
}

/* The carriers' limit of the day, for one of them at least: it begins anew at midnight Pacific. */
static bool
is_carrier_day(const struct sms_result *r)
{
    return r->error_code == 30023 || r->error_code == 30027;
}

static int64_t
carrier_day_wait_ms(int64_t now_ms)
{
    struct error ignored = {0};
    int64_t begin_s;
    int64_t end_s;

    if (!daily_bounds("America/Los_Angeles", now_ms / 1000, &begin_s, &end_s, &ignored))
        return DAY_S * 1000;
    return end_s * 1000 - now_ms + jitter_ms(60000, 0);
}

static bool
try_again(struct db *ledger, const struct config *config, struct attempt *a,
          const struct sms_result *r, int64_t now_ms, struct settle_sum *sum, struct error *err)
{
    const bool later = r->klass == SEND_CLASS_LATER;
    const int64_t most = later && !is_carrier_day(r) ? LATER_TRIES : config->policy.max_attempts;
    struct unit_change to = {
        .state = DELIVERY_RETRY_WAIT, .error_code = r->error_code, .error = r->error};
    char text[320];
    int64_t refusals = 0;
    int64_t wait_ms;

    if (!attempt_count_refusals(ledger, a->unit, &refusals, err))
        return false;
    if (refusals >= most) {
        (void)snprintf(text, sizeof text, "given up after %" PRId64 " tries: %s", refusals,
                       r->error);
        return fail_unit(ledger, a, r, text, now_ms / 1000, err);
    }
    /* A call that was never answered is not the recipient's fault: it uses up no try, and the
     * engine holds its claims meanwhile. */
    wait_ms = later ? refusals * LATER_BASE_MS + jitter_ms(config->policy.retry_base_ms, 8)
                    : jitter_ms(config->policy.retry_base_ms, refusals > 0 ? refusals - 1 : 0);
    if (is_carrier_day(r))
        wait_ms = carrier_day_wait_ms(now_ms);
    if (wait_ms < r->retry_after_ms)
        wait_ms = r->retry_after_ms;
    to.next_attempt_at_ms = now_ms + wait_ms;
    sum->retries++;
    (void)text_copy(sum->retry_error, sizeof sum->retry_error, r->error);
    return requeue(ledger, a, to, now_ms / 1000, err);
}

/* The account has sent what it may send in 24 hours: everybody waits, nobody has to resume. */
static bool
hold_for_a_day(struct db *ledger, struct attempt *a, const struct sms_result *r, int64_t now_ms,
               struct error *err)
{
    const struct unit_change to = {.state = DELIVERY_QUEUED,
                                   .next_attempt_at_ms = now_ms,
                                   .error_code = r->error_code,
                                   .error = r->error};
    int64_t until_ms = 0;

    if (!setting_get_i64(ledger, "sms_capped_until_ms", 0, &until_ms, err) ||
        !requeue(ledger, a, to, now_ms / 1000, err))
        return false;
    return until_ms > now_ms ||
           (setting_set_i64(ledger, "sms_capped_until_ms", now_ms + DAY_S * 1000, err) &&
            engine_event_add(ledger, LOG_WARN, 0,
                             "the provider says that the account's limit of the day is reached: "
                             "everything waits for 24 hours",
                             now_ms / 1000, err));
}

static bool
is_about_credentials(const struct sms_result *r)
{
    return r->http_status == 401 || r->http_status == 403 || r->error_code == 20003 ||
           r->error_code == 20404 || r->error_code == 30002;
}

/* Known not sent, and our own set-up is to blame: nobody is lost, the campaign waits for a person.
 */
static bool
hold_for_config(struct db *ledger, struct attempt *a, const struct sms_result *r, int64_t now_ms,
                struct error *err)
{
    const bool all = is_about_credentials(r);
    const int64_t now_s = now_ms / 1000;
    struct unit_change to = {.state = DELIVERY_QUEUED, .next_attempt_at_ms = now_ms};
    char reason[320];

    if (r->error_code)
        (void)snprintf(reason, sizeof reason, "%s (%d)", r->error, r->error_code);
    else
        (void)snprintf(reason, sizeof reason, "%s", r->error);
    if (a->unit.kind == UNIT_MESSAGE) {
        if (!all)
            return fail_unit(ledger, a, r, r->error, now_s, err);
        to.state = DELIVERY_RETRY_WAIT;
        to.next_attempt_at_ms = now_ms + HOLD_MESSAGE_MS;
    }
    to.error_code = r->error_code;
    to.error = r->error;
    return requeue(ledger, a, to, now_s, err) &&
           engine_pause_campaigns(ledger, all ? 0 : a->campaign_id, reason, now_s, err);
}

static bool
settle_refused(struct db *ledger, const struct config *config, struct attempt *a,
               const struct sms_result *r, int64_t now_ms, struct settle_sum *sum,
               struct error *err)
{
    const int64_t now_s = now_ms / 1000;
    const struct attempt_end end = {
        .outcome = r->outcome == SEND_NOT_SENT ? "not_sent" : "rejected",
        .error = r->error,
        .by = "answer",
        .http_status = r->http_status,
        .error_code = r->error_code,
    };
    bool done = false;
    int64_t skipped = 0;

    if (r->outcome == SEND_NOT_SENT)
        sum->not_sent++;
    else
        sum->rejected++;
    if (!attempt_finish(ledger, a->id, &end, now_s, err))
        return false;
    if (!is_latest(a) || (a->state != DELIVERY_SENDING && a->state != DELIVERY_IN_DOUBT))
        return true;
    if (!another_stands(ledger, a, now_s, &done, err))
        return false;
    if (done)
        return true;
    switch (r->klass) {
    case SEND_CLASS_NONE:
        if (r->outcome == SEND_REJECTED)
            return fail_unit(ledger, a, r, r->error, now_s, err);
        return try_again(ledger, config, a, r, now_ms, sum, err);
    case SEND_CLASS_RETRY:
    case SEND_CLASS_LATER:
        return try_again(ledger, config, a, r, now_ms, sum, err);
    case SEND_CLASS_CONFIG:
        if (r->error_code == ACCOUNT_DAY)
            return hold_for_a_day(ledger, a, r, now_ms, err);
        return hold_for_config(ledger, a, r, now_ms, err);
    case SEND_CLASS_OPTED_OUT:
        sum->opted_out++;
        return fail_unit(ledger, a, r, r->error, now_s, err) &&
               suppression_add(ledger, a->address, a->channel, "provider",
                               "the provider refused: the recipient has opted out", now_s, &skipped,
                               err);
    case SEND_CLASS_PERMANENT:
    case SEND_CLASS_AMBIGUOUS:
    case SEND_CLASS_COUNT:
        break;
    }
    return fail_unit(ledger, a, r, r->error, now_s, err);
}

static bool
settle_unknown(struct db *ledger, struct attempt *a, const struct sms_result *r, int64_t now_s,
               struct settle_sum *sum, struct error *err)
{
    const struct attempt_end end = {
        .outcome = "unknown",
        .error = r->error,
        .http_status = r->http_status,
        .error_code = r->error_code,
        .next_lookup_at_s = now_s + FIRST_LOOK_S,
    };
    const struct unit_change to = {.state = DELIVERY_IN_DOUBT,
                                   .rank = a->rank,
                                   .error_code = r->error_code,
                                   .error = r->error};
    bool done = false;

    sum->unknown++;
    (void)text_copy(sum->unknown_error, sizeof sum->unknown_error, r->error);
    if (!attempt_finish(ledger, a->id, &end, now_s, err))
        return false;
    if (!is_latest(a) || a->state != DELIVERY_SENDING)
        return true;
    return another_stands(ledger, a, now_s, &done, err) &&
           (done || change(ledger, a, &to, now_s, err));
}

static bool
settle_loaded(struct db *ledger, const struct config *config, struct attempt *a,
              const struct sms_result *r, int64_t now_ms, struct settle_sum *sum, struct error *err)
{
    const int64_t now_s = now_ms / 1000;

    /* A callback was faster than the answer: it has said more than the answer can. */
    if (is(a->outcome, "accepted"))
        return true;
    switch (r->outcome) {
    case SEND_ACCEPTED:
        return settle_accepted(ledger, a, r->provider_id, "answer", now_s, sum, err) &&
               settle_status(ledger, a, r->provider_status, r->error_code, now_s, err);
    case SEND_REJECTED:
    case SEND_NOT_SENT:
        if (a->outcome && !is(a->outcome, "unknown"))
            return true;
        return settle_refused(ledger, config, a, r, now_ms, sum, err);
    case SEND_UNKNOWN:
    case SEND_OUTCOME_COUNT:
        break;
    }
    return a->outcome ? true : settle_unknown(ledger, a, r, now_s, sum, err);
}

static const struct status_row *
status_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (is(name, statuses[i].name))
            return &statuses[i];
    return NULL;
}

/* The answer that nearly every call has. */
static bool
is_usual(const struct sms_result *r, struct attempt_accept *accept)
{
    const struct status_row *row = status_find(r->provider_status);

    *accept = (struct attempt_accept){r->attempt_id, r->provider_id, row ? row->rank : 1, false};
    return r->outcome == SEND_ACCEPTED && !text_is_blank(r->provider_id) &&
           (!row || row->state == DELIVERY_ACCEPTED);
}

/* done[i]: the answer is written down. The others are left as they were. */
static bool
settle_usual(struct db *ledger, const struct sms_result *const *results, size_t count,
             int64_t now_s, bool *done, struct settle_sum *sum, struct error *err)
{
    struct attempt_accept *accepts = mem_calloc(count + 1, sizeof *accepts);
    size_t *of = mem_calloc(count + 1, sizeof *of);
    size_t n = 0;
    bool ok = true;

    for (size_t i = 0; i < count; i++)
        if (is_usual(results[i], &accepts[n]))
            of[n++] = i;
    if (n)
        ok = attempts_accept(ledger, accepts, n, now_s, err);
    for (size_t k = 0; ok && k < n; k++) {
        done[of[k]] = accepts[k].done;
        sum->accepted += accepts[k].done ? 1 : 0;
    }
    free(of);
    free(accepts);
    return ok;
}

static bool
settle_one(struct db *ledger, const struct config *config, const struct sms_result *result,
           int64_t now_ms, struct settle_sum *sum, struct error *err)
{
    struct attempt a = {0};
    bool ok = attempt_load(ledger, result->attempt_id, &a, err) &&
              settle_loaded(ledger, config, &a, result, now_ms, sum, err);

    attempt_release(&a);
    return ok || error_wrap(err, "record the answer to attempt %" PRId64, result->attempt_id);
}

bool
settle_answers(struct db *ledger, const struct config *config,
               const struct sms_result *const *results, size_t count, int64_t now_ms,
               struct settle_sum *sum, struct error *err)
{
    bool *done = mem_calloc(count + 1, sizeof *done);
    bool ok = settle_usual(ledger, results, count, now_ms / 1000, done, sum, err) ||
              error_wrap(err, "record answers");

    for (size_t i = 0; ok && i < count; i++)
        ok = done[i] || settle_one(ledger, config, results[i], now_ms, sum, err);
    free(done);
    return ok;
}

bool
settle_answer(struct db *ledger, const struct config *config, const struct sms_result *result,
              int64_t now_ms, struct settle_sum *sum, struct error *err)
{
    return settle_answers(ledger, config, &result, 1, now_ms, sum, err);
}

/* --- the provider's words */

bool
settle_status(struct db *ledger, struct attempt *a, const char *status, int64_t error_code,
              int64_t now_s, struct error *err)
{
    const struct status_row *row = status_find(status);
    struct unit_change to = {.accepted_at_s = a->claimed_at_s};
    char text[80];

    if (!row || !(is_contacted(a->state) || a->state == DELIVERY_FAILED))
        return true; /* an unknown word is kept by the caller and moves nothing */
    if (row->rank <= a->rank &&
        !(row->rank == RANK_FINAL && a->rank == RANK_FINAL && a->state == DELIVERY_UNDELIVERED &&
          row->state == DELIVERY_DELIVERED))
        return true;
    to.state = row->state;
    to.rank = row->rank;
    if (row->state == DELIVERY_FAILED || row->state == DELIVERY_UNDELIVERED) {
        (void)snprintf(text, sizeof text, "the provider says: %s", status);
        to.error_code = error_code;
        to.error = text;
    }
    return change(ledger, a, &to, now_s, err);
}
