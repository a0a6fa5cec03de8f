#include "core/engine/sent_since.h"

#include "core/store/place_store.h"

enum { PUMP_MS = 1000 };

struct reading {
    struct db *ledger;
    bool ended, failed;
    struct error *err;
};

static bool
keep_all(struct db *ledger, const struct sms_history_page *page, struct error *err)
{
    if (!db_begin(ledger, err))
        return false;
    for (size_t i = 0; i < page->count; i++) {
        const struct sms_sent *sent = &page->rows[i];
        const struct stray stray = {.provider_id = sent->provider_id,
                                    .uid = "", /* the list does not know it */
                                    .address = sent->to,
                                    .status = sent->status,
                                    .received_at_s = sent->at_s};

        if (!stray_add(ledger, &stray, err)) {
            db_rollback(ledger);
            return false;
        }
    }
    return db_commit(ledger, err);
}

static void
on_page(void *ctx, const struct sms_history_page *page)
{
    struct reading *r = ctx;

    if (!r->failed && page->count > 0)
        r->failed = !keep_all(r->ledger, page, r->err);
    if (!page->end)
        return;
    r->ended = true;
    if (page->error[0] && !r->failed) {
        r->failed = true;
        (void)error_set(r->err, ERR_RETRY, "%s", page->error);
    }
}

bool
sent_since_read(struct net_port *net, struct db *ledger, int64_t since_s, struct error *err)
{
    struct reading r = {.ledger = ledger, .err = err};
    const struct net_handlers handlers = {.ctx = &r, .history_page = on_page};
    const struct net_handlers none = {0};

    net->set_handlers(net->ctx, &handlers);
    if (!net->sms_history(net->ctx, since_s, err))
        return false;
    while (!r.ended)
        net->pump(net->ctx, PUMP_MS);
    net->set_handlers(net->ctx, &none);
    return !r.failed;
}
