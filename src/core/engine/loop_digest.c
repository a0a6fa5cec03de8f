/* What happens to many at once, said once every few seconds instead of once each. */
#include "core/engine/loop.h"

#include <inttypes.h>

#include "core/base/text.h"

enum { SAY_EVERY_MS = 5000 };

void
loop_digest_add(struct loop *l, const struct settle_sum *sum)
{
    struct loop_digest *d = &l->digest;

    d->unknown += sum->unknown;
    d->retries += sum->retries;
    if (sum->unknown)
        (void)text_copy(d->unknown_error, sizeof d->unknown_error, sum->unknown_error);
    if (sum->retries)
        (void)text_copy(d->retry_error, sizeof d->retry_error, sum->retry_error);
}

static bool
is_empty(const struct loop_digest *d)
{
    return !d->unknown && !d->retries && !d->found && !d->not_found && !d->person;
}

void
loop_digest_say(struct loop *l, bool now)
{
    const int64_t mono = loop_mono_ms(l);
    const struct loop_digest d = l->digest;

    if (is_empty(&d))
        return;
    if (!now && mono < l->digest.next_ms) {
        loop_wait_at_most(l, l->digest.next_ms - mono);
        return;
    }
    l->digest = (struct loop_digest){.next_ms = mono + SAY_EVERY_MS};
    if (d.unknown)
        loop_event(l, LOG_WARN, 0, "%" PRId64 " in doubt: %.200s; the provider's list is asked",
                   d.unknown, d.unknown_error);
    if (d.retries)
        loop_event(l, LOG_INFO, 0, "%" PRId64 " not sent, tried again soon: %.200s", d.retries,
                   d.retry_error);
    if (d.found)
        loop_event(l, LOG_INFO, 0, "%" PRId64 " in doubt are in the provider's list: accepted",
                   d.found);
    if (d.not_found)
        loop_event(l, LOG_INFO, 0,
                   "%" PRId64 " in doubt are not in the provider's list: queued again",
                   d.not_found);
    if (d.person)
        loop_event(l, LOG_WARN, 0, "%" PRId64 " in doubt need a person: see in-doubt list",
                   d.person);
}
