/* The relay: drained before anything is sent, then listened to. */
#include "core/engine/loop.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/reply/reply.h"
#include "core/store/stores.h"

enum {
    ACK_EVERY_MS = 2000,
    LONG_POLL_S = 20,
    RETRY_MS = 1000,
    GATHER_MS = 200,
    IDLE_POLL_MS = 250,   /* until_idle asks in short steps, to be able to end */
    CONTACT_SAVED_S = 15, /* how often the time of the last contact is written down */
    ALARM_S = 120         /* providers.md 10: no contact for two minutes is an alarm */
};

static bool
is_configured(const struct loop *l)
{
    return l->opt.config->relay.url[0] != '\0';
}

/*
 * A poll from before this lease is not waited for: it may hang for its whole wait. Nor is its
 * answer trusted: it may have come while the process stood still, before an opt-out that is there
 * by now.
 */
void
loop_relay_reset(struct loop *l)
{
    if (l->relay_polling)
        l->opt.net.relay_drop_poll(l->opt.net.ctx);
    l->relay_polling = false;
    l->relay_drained = !is_configured(l);
    l->relay_next_ms = 0;
    l->relay_empty_as_of_ms = 0;
}

static void
failed(struct loop *l, const char *why)
{
    if (!l->relay_trouble)
        loop_event(l, LOG_WARN, 0,
                   l->relay_drained ? "the relay does not answer: %s"
                                    : "waiting with all messages until the relay answers: %s",
                   why);
    l->relay_trouble = true;
    l->relay_next_ms = loop_mono_ms(l) + RETRY_MS;
}

static bool
apply(struct loop *l, const struct relay_batch *batch, struct error *err)
{
    struct reply_report report = {0};

    if (batch->cursor_lost)
        loop_event(l, LOG_ERROR, 0,
                   "the relay has thrown away events that were not fetched: the provider's list is "
                   "asked for replies and opt-outs");
    if (!reply_apply_batch(l->ledger, l->reader, l->opt.config, l->opt.config->sms.auth_token,
                           batch, loop_now_ms(l) / 1000, &report, err))
        return false;
    if (batch->cursor_lost)
        loop_missed_load(l);
    if (batch->count == 0)
        return true;
    l->last_activity_ms = loop_mono_ms(l);
    l->sum.replies += (int64_t)report.inbound;
    l->sum.opted_out += (int64_t)report.opted_out;
    if (report.refused)
        loop_event(l, LOG_ERROR, 0, "%zu webhooks refused: their signature is wrong",
                   report.refused);
    free(l->relay_ack);
    l->relay_ack = mem_strdup(batch->next);
    return true;
}

/* Has a later copy of our ledger been heard there? Before anything may be sent. */
static bool
compare(struct loop *l, const struct relay_batch *batch, struct error *err)
{
    for (size_t i = 0; i < batch->state_count; i++) {
        struct place_mark seen = {.fence = batch->states[i].fence,
                                  .attempt = batch->states[i].attempt};

        if (text_copy(seen.state_id, sizeof seen.state_id, batch->states[i].id) &&
            !place_compare(l->ledger, &seen, loop_now_ms(l) / 1000, err))
            return false;
    }
    return true;
}

void
loop_relay_done(void *ctx, const struct relay_batch *batch)
{
    struct loop *l = ctx;
    struct error err = {0};

    l->relay_polling = false;
    if (!l->holds)
        return; /* the next holder reads them from the cursor that stands in the ledger */
    if (!batch->ok && !batch->cursor_lost) {
        failed(l, batch->error);
        return;
    }
    l->relay_contact_s = loop_now_ms(l) / 1000;
    if (!compare(l, batch, &err)) {
        loop_trouble(l, "compare with what the relay knows of us", &err);
        l->relay_drained = false;
        failed(l, err.text);
        return;
    }
    if (!apply(l, batch, &err)) {
        /* There may be opt-outs in it: nothing is sent before it is applied. */
        loop_trouble(l, "apply what the relay has", &err);
        l->relay_drained = false;
        failed(l, err.text);
        return;
    }
    if (l->relay_trouble) {
        loop_event(l, LOG_INFO, 0, "the relay answers again");
        if (batch->more) /* what came meanwhile, first */
            l->relay_drained = false;
    }
    l->relay_trouble = false;
    l->relay_next_ms = 0;
    if (batch->more || batch->cursor_lost)
        return;
    l->relay_drained = true;
    if (batch->count == 0)
        l->relay_empty_as_of_ms = l->relay_poll_began_ms;
    else /* more is likely on its way: a moment later it is one batch, and one commit */
        l->relay_next_ms = loop_mono_ms(l) + GATHER_MS;
    if (l->until_idle)
        l->relay_next_ms = loop_mono_ms(l) + IDLE_POLL_MS;
}

static void
poll_now(struct loop *l)
{
    const int wait_s = l->relay_drained && !l->until_idle ? LONG_POLL_S : 0;
    struct error err = {0};
    char *cursor = NULL;

    if (!setting_get_text(l->ledger, "relay_cursor", &cursor, &err)) {
        loop_trouble(l, "read the relay's cursor", &err);
    } else if (!l->opt.net.relay_poll(l->opt.net.ctx, cursor ? cursor : "", wait_s, &err)) {
        failed(l, err.text);
    } else {
        l->relay_polling = true;
        l->relay_poll_began_ms = loop_mono_ms(l);
    }
    free(cursor);
}

static void
save_contact(struct loop *l)
{
    struct error err = {0};

    if (l->relay_contact_s - l->relay_saved_s < CONTACT_SAVED_S)
        return;
    if (setting_set_i64(l->ledger, "relay_contact_at", l->relay_contact_s, &err))
        l->relay_saved_s = l->relay_contact_s;
    else
        loop_trouble(l, "write down the relay's last answer", &err);
}

void
loop_relay_step(struct loop *l)
{
    const int64_t mono = loop_mono_ms(l);
    const int64_t silent_s = loop_now_ms(l) / 1000 - l->relay_contact_s;
    struct error err = {0};

    if (!is_configured(l))
        return;
    if (l->relay_ack && l->relay_ack_next_ms <= mono) {
        l->relay_ack_next_ms = mono + ACK_EVERY_MS;
        /* Losing an acknowledgement is harmless: it only lets the relay trim. */
        if (!l->opt.net.relay_ack(l->opt.net.ctx, l->relay_ack, &err))
            log_line(LOG_DEBUG, "engine", "no acknowledgement: %s", err.text);
        free(l->relay_ack);
        l->relay_ack = NULL;
    }
    save_contact(l);
    if (!l->relay_polling && l->relay_next_ms <= mono)
        poll_now(l);
    if (!l->relay_polling)
        loop_wait_at_most(l, l->relay_next_ms - mono);
    if (!l->relay_drained)
        loop_note(l, "waiting for the relay before anything is sent");
    else if (l->relay_trouble && silent_s > ALARM_S)
        loop_note(l, "no word from the relay for %" PRId64 " minutes: opt-outs arrive late",
                  silent_s / 60);
}
