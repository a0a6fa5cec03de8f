/* Asking the provider's list about attempts in doubt. */
#include "core/engine/loop.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/outbox/reconcile.h"

void
loop_lookup_done(void *ctx, const struct sms_lookup_result *res)
{
    struct loop *l = ctx;
    struct loop_lookup *slot;

    if (l->lookups_open > 0)
        l->lookups_open--;
    l->lookups = mem_grow(l->lookups, l->lookup_count, &l->lookup_capacity, sizeof *l->lookups);
    slot = &l->lookups[l->lookup_count++];
    *slot = (struct loop_lookup){
        .attempt_id = res->attempt_id,
        .answered = res->answered,
        .found_count = res->found_count,
    };
    if (res->found_count)
        slot->found = mem_dup(res->found, res->found_count * sizeof *res->found);
    (void)text_copy(slot->error, sizeof slot->error, res->error);
}

static bool
write_one(struct loop *l, const struct loop_lookup *look, enum reconcile_end *end,
          struct error *err)
{
    struct sms_lookup_result result = {
        .attempt_id = look->attempt_id,
        .answered = look->answered,
        .found = look->found,
        .found_count = look->found_count,
    };
    const int64_t now_ms = loop_now_ms(l);
    const struct reconcile_ask ask = {l->lookups_asked_s, l->opt.net.sms_sender(l->opt.net.ctx)};
    struct settle_sum sum = {0};
    bool ok;

    (void)text_copy(result.error, sizeof result.error, look->error);
    if (!db_begin(l->ledger, err))
        return false;
    ok = reconcile_apply(l->ledger, l->opt.config, &ask, &result, now_ms, &sum, end, err) &&
         db_commit(l->ledger, err);
    db_rollback(l->ledger);
    if (ok)
        l->sum.accepted += sum.accepted;
    return ok;
}

/* Writes down what the list said; an answer that cannot be written is asked for again later. */
static void
write_answers(struct loop *l)
{
    int64_t accepted = 0;
    int64_t not_sent = 0;
    int64_t person = 0;

    for (size_t i = 0; i < l->lookup_count; i++) {
        enum reconcile_end end = RECONCILE_SETTLED;
        struct error err = {0};

        if (!write_one(l, &l->lookups[i], &end, &err))
            loop_trouble(l, "write down what the provider's list says", &err);
        accepted += end == RECONCILE_ACCEPTED ? 1 : 0;
        not_sent += end == RECONCILE_NOT_SENT ? 1 : 0;
        person += end == RECONCILE_PERSON ? 1 : 0;
        free(l->lookups[i].found);
    }
    l->lookup_count = 0;
    if (accepted || not_sent)
        l->last_activity_ms = loop_mono_ms(l);
    l->digest.found += accepted;
    l->digest.not_found += not_sent;
    l->digest.person += person;
}

void
loop_lookup_step(struct loop *l)
{
    const int64_t now_s = loop_now_ms(l) / 1000;
    struct lookup_due due[LOOP_LOOKUPS_MAX];
    int64_t next_s = 0;
    size_t count = 0;
    struct error err = {0};

    if (l->lookup_count)
        write_answers(l);
    /* One round at a time: an attempt whose answer is under way is not asked for twice. */
    if (l->lookups_open > 0)
        return;
    if (!attempt_next_lookup(l->ledger, &next_s, &err) ||
        (next_s && next_s <= now_s &&
         !attempt_lookups_due(l->ledger, now_s, LOOP_LOOKUPS_MAX, due, &count, &err))) {
        loop_trouble(l, "see what is in doubt", &err);
        return;
    }
    if (next_s > now_s)
        loop_wait_at_most(l, (next_s - now_s) * 1000);
    l->lookups_asked_s = now_s;
    for (size_t i = 0; i < count; i++) {
        const struct sms_lookup lookup = {
            .attempt_id = due[i].attempt_id,
            .to = due[i].address,
            .body = due[i].text,
            .claimed_at_s = due[i].claimed_at_s,
        };

        if (l->opt.net.sms_lookup(l->opt.net.ctx, &lookup, &err))
            l->lookups_open++;
        else
            loop_trouble(l, "ask the provider's list", &err);
    }
    lookup_due_release(due, count);
}
