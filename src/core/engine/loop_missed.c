/*
 * A relay that was wiped, or put back from an old copy, took webhooks with it (410): what people
 * wrote since it last answered is read from the provider's list, and an opt-out among it counts
 * before anything more is sent. The wish stands in the ledger until it is fulfilled.
 */
#include "core/engine/loop.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/reply/reply.h"
#include "core/store/stores.h"

enum {
    AGAIN_MS = 15000,
    HOLD_MS = 600000 /* a list that cannot be read does not stop the sending for ever */
};

static void
forget_rows(struct loop *l)
{
    for (size_t i = 0; i < l->missed_text_count; i++)
        free(l->missed_texts[i]);
    l->missed_count = l->missed_text_count = 0;
}

void
loop_missed_release(struct loop *l)
{
    forget_rows(l);
    free(l->missed);
    free(l->missed_texts);
    l->missed = NULL;
    l->missed_texts = NULL;
    l->missed_capacity = l->missed_text_capacity = 0;
}

void
loop_missed_load(struct loop *l)
{
    struct error err = {0};
    const int64_t before = l->missed_since_s;

    if (!l->opt.net.sms_received)
        return;
    if (!setting_get_i64(l->ledger, "relay_missed_since", 0, &l->missed_since_s, &err)) {
        loop_trouble(l, "see what the relay has lost", &err);
        return;
    }
    if (l->missed_since_s && !before) {
        l->missed_from_ms = loop_mono_ms(l);
        l->missed_next_ms = 0;
    }
}

bool
loop_missed_holds(const struct loop *l)
{
    return l->missed_since_s && loop_mono_ms(l) - l->missed_from_ms < HOLD_MS;
}

static void
not_read(struct loop *l, const char *why)
{
    if (!l->missed_trouble)
        loop_event(l, LOG_ERROR, 0,
                   "what people wrote while the relay was away cannot be read: %s; trying on", why);
    l->missed_trouble = true;
    l->missed_next_ms = loop_mono_ms(l) + AGAIN_MS;
}

static const char *
keep_text(struct loop *l, const char *text)
{
    l->missed_texts = mem_grow(l->missed_texts, l->missed_text_count, &l->missed_text_capacity,
                               sizeof *l->missed_texts);
    return l->missed_texts[l->missed_text_count++] = mem_strdup(text);
}

static void
keep_row(struct loop *l, const struct sms_sent *row)
{
    struct sms_sent *slot;

    l->missed = mem_grow(l->missed, l->missed_count, &l->missed_capacity, sizeof *l->missed);
    slot = &l->missed[l->missed_count++];
    *slot = *row;
    slot->from = keep_text(l, row->from);
    slot->body = keep_text(l, row->body);
}

static void
apply(struct loop *l)
{
    struct reply_report report = {0};
    struct error err = {0};

    if (!reply_apply_listed(l->ledger, l->reader, l->opt.config, l->missed, l->missed_count,
                            loop_now_ms(l) / 1000, &report, &err)) {
        loop_trouble(l, "keep what people wrote while the relay was away", &err);
        l->missed_next_ms = loop_mono_ms(l) + AGAIN_MS;
        return;
    }
    l->missed_since_s = 0;
    l->missed_trouble = false;
    l->last_activity_ms = loop_mono_ms(l);
    l->sum.replies += (int64_t)report.inbound;
    l->sum.opted_out += (int64_t)report.opted_out;
    loop_event(l, LOG_WARN, 0,
               "the provider's list was asked for what the relay lost: %zu texts, %zu opt-outs",
               report.inbound, report.opted_out);
}

void
loop_missed_page(void *ctx, const struct sms_history_page *page)
{
    struct loop *l = ctx;

    for (size_t i = 0; i < page->count; i++)
        keep_row(l, &page->rows[i]);
    if (!page->end)
        return;
    l->missed_asked = false;
    if (!l->holds) /* the next holder finds the wish in the ledger */
        l->missed_since_s = 0;
    else if (page->error[0])
        not_read(l, page->error);
    else
        apply(l);
    forget_rows(l);
}

void
loop_missed_step(struct loop *l)
{
    struct error err = {0};

    if (!l->missed_since_s || l->missed_asked)
        return;
    if (l->missed_next_ms > loop_mono_ms(l)) {
        loop_wait_at_most(l, l->missed_next_ms - loop_mono_ms(l));
    } else if (l->opt.net.sms_received(l->opt.net.ctx, l->missed_since_s, &err)) {
        l->missed_asked = true;
    } else {
        not_read(l, err.text);
    }
    if (loop_missed_holds(l))
        loop_note(l,
                  "reading the provider's list for what the relay lost, before anything is sent");
}
