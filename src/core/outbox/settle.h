/*
 * What follows from what is known about an attempt: the answer of the call, the provider's list, a
 * callback, an operator's word, or that it was never handed over. One rule for all of them, in the
 * caller's transaction:
 *
 * - Proof that a message was accepted always counts, whoever brings it and however late.
 * - Everything else counts only while nobody knows better, and only for the latest attempt.
 *
 * No fence is asked for here: what a call of ours did is a fact, also when the lease has gone to
 * another engine meanwhile. The fence guards claims (core/outbox/claim).
 */
#ifndef CANVASS_CORE_OUTBOX_SETTLE_H
#define CANVASS_CORE_OUTBOX_SETTLE_H

#include "core/config/config.h"
#include "core/port/net.h"
#include "core/store/attempt_store.h"

/* Sums over many results; only added to. */
struct settle_sum {
    int64_t accepted, rejected, not_sent, unknown, opted_out;
    int64_t retries; /* of not_sent: units that wait for another try */
    int64_t doubles; /* an attempt was accepted although another one was already */
    char unknown_error[256], retry_error[256]; /* of the last of each */
};

bool settle_answer(struct db *ledger, const struct config *config, const struct sms_result *result,
                   int64_t now_ms, struct settle_sum *sum, struct error *err) MUST_CHECK;
/* Of many calls; the plain ones together (core/store/attempt_batch_store). */
bool settle_answers(struct db *ledger, const struct config *config,
                    const struct sms_result *const *results, size_t count, int64_t now_ms,
                    struct settle_sum *sum, struct error *err) MUST_CHECK;
/*
 * by: answer, callback, list or operator. provider_id NULL or "" when nobody knows it. An id that
 * another attempt owns is ERR_CONFLICT; in an answer it is left out, for the call was accepted.
 */
bool settle_accepted(struct db *ledger, struct attempt *a, const char *provider_id, const char *by,
                     int64_t now_s, struct settle_sum *sum, struct error *err) MUST_CHECK;
/*
 * Surely not sent: queued again at once, or skipped when the address has opted out or the campaign
 * has ended meanwhile. by: list or operator; NULL: it was claimed, but never handed over.
 */
bool settle_not_sent(struct db *ledger, struct attempt *a, const char *by, const char *why,
                     int64_t now_ms, struct error *err) MUST_CHECK;
/* The provider's word for a state, by rank and not by arrival (providers.md 1.4). a is updated. */
bool settle_status(struct db *ledger, struct attempt *a, const char *status, int64_t error_code,
                   int64_t now_s, struct error *err) MUST_CHECK;

#endif
