#include "core/outbox/callback.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/outbox/settle.h"
#include "core/store/engine_store.h"
#include "core/store/stores.h"
#include "core/store/suppression_store.h"

enum { TWILIO_OPTED_OUT = 21610, OVER_CARRIER_RATE = 30022, SLOW_MS = 60 * 1000 };

static bool
find_attempt(struct db *ledger, const struct provider_status *status, struct attempt *out,
             bool *found, struct error *err)
{
    *found = false;
    if (!text_is_blank(status->attempt_uid) &&
        !attempt_find(ledger, status->attempt_uid, NULL, out, found, err))
        return false;
    if (!*found && !text_is_blank(status->provider_id))
        return attempt_find(ledger, NULL, status->provider_id, out, found, err);
    return true;
}

/* One attempt under two ids: the call was made twice on its way, or somebody plays tricks. */
static bool
tell_mismatch(struct db *ledger, const struct attempt *a, int64_t now_s, struct error *err)
{
    char text[200];

    (void)snprintf(text, sizeof text,
                   "a status for attempt %" PRId64 " names another message than the one accepted: "
                   "this person may have received it twice",
                   a->id);
    return engine_event_add(ledger, LOG_ERROR, a->campaign_id, text, now_s, err);
}

/* Half the rate for a minute after the last of them; claims read it (outbox/claim). */
static bool
slow_down(struct db *ledger, int64_t now_s, struct error *err)
{
    int64_t until_ms = 0;

    if (!setting_get_i64(ledger, "sms_slow_until_ms", 0, &until_ms, err) ||
        !setting_set_i64(ledger, "sms_slow_until_ms", now_s * 1000 + SLOW_MS, err))
        return false;
    return until_ms > now_s * 1000 ||
           engine_event_add(ledger, LOG_WARN, 0,
                            "the carriers say that this is faster than they allow (30022): half "
                            "the rate for a while; lower sms.per_second",
                            now_s, err);
}

static bool
apply(struct db *ledger, const struct provider_status *status, struct attempt *a, int64_t now_s,
      struct error *err)
{
    enum id_owner owner = ID_OF_NOBODY;
    bool stands;

    if (a->provider_id && !text_is_blank(status->provider_id) &&
        strcmp(a->provider_id, status->provider_id) != 0)
        return tell_mismatch(ledger, a, now_s, err);
    if (!a->provider_id && !text_is_blank(status->provider_id) &&
        !attempt_id_owner(ledger, status->provider_id, a, &owner, err))
        return false;
    if (owner != ID_OF_NOBODY)
        return tell_mismatch(ledger, a, now_s, err);
    if (!settle_accepted(ledger, a, status->provider_id, "callback", now_s, NULL, err))
        return false;
    /* An attempt that an operator called accepted has no provider id yet. */
    if (!a->provider_id && !text_is_blank(status->provider_id) &&
        !attempt_name(ledger, a, status->provider_id, err))
        return false;
    stands = !a->unit_provider_id || text_is_blank(status->provider_id) ||
             strcmp(a->unit_provider_id, status->provider_id) == 0;
    if (stands && !settle_status(ledger, a, status->status, status->error_code, now_s, err))
        return false;
    if (status->error_code == OVER_CARRIER_RATE && !slow_down(ledger, now_s, err))
        return false;
    return status->error_code != TWILIO_OPTED_OUT ||
           suppression_add(ledger, a->address, a->channel, "provider",
                           "the provider's status said 21610: the recipient has opted out", now_s,
                           NULL, err);
}

bool
delivery_apply_status(struct db *ledger, const struct provider_status *status, int64_t now_s,
                      bool *known, struct error *err)
{
    struct attempt a = {0};
    bool ok = find_attempt(ledger, status, &a, known, err);

    if (ok && *known)
        ok = apply(ledger, status, &a, now_s, err);
    attempt_release(&a);
    return ok || error_wrap(err, "apply a provider's status");
}
