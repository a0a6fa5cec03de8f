/* What is in doubt, and what an operator rules. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/engine/engine.h"
#include "core/outbox/settle.h"
#include "core/store/doubt_store.h"
#include "core/store/stores.h"

static void
add_evidence(struct doubt *d, char *text)
{
    if (d->evidence_count < ARRAY_LEN(d->evidence))
        d->evidence[d->evidence_count++] = text;
    else
        free(text);
}

static void
describe(struct doubt *d, const struct doubt_row *r)
{
    char at[UTIME_RFC3339_SIZE];

    if (r->error && text_starts_with(r->error, "restored"))
        add_evidence(d, mem_strdup(r->error));
    else if (r->error)
        add_evidence(d, mem_printf("the call: %s", r->error));
    else
        add_evidence(d, mem_strdup("the engine ended before the call did"));
    add_evidence(d, mem_strdup("no callback has come"));
    if (r->lookups)
        add_evidence(d, mem_printf("the provider's list was asked %" PRId64 " times: not there",
                                   r->lookups));
    if (r->next_lookup_at_s)
        add_evidence(
            d, mem_printf("the list is asked again at %s", utime_format(r->next_lookup_at_s, at)));
    else
        add_evidence(d, mem_printf("a person must decide%s%s", r->list_error ? ": " : "",
                                   r->list_error ? r->list_error : ""));
}

bool
doubt_list_load(struct db *db, struct doubt **out, size_t *count, struct error *err)
{
    struct doubt_row *rows = NULL;
    struct doubt *list;
    size_t n = 0;

    if (!doubt_rows_load(db, &rows, &n, err))
        return false;
    list = mem_calloc(n + 1, sizeof *list);
    for (size_t i = 0; i < n; i++) {
        struct doubt_row *r = &rows[i];

        list[i] = (struct doubt){
            .id = r->unit.kind == UNIT_DELIVERY ? r->unit.id : -r->unit.id,
            .campaign_id = r->campaign_id,
            .customer = r->customer,
            .has_customer = r->has_customer,
            .address = r->address,
            .text = r->text,
            .campaign_name = r->campaign_name,
            .name = r->name,
            .claimed_at_s = r->claimed_at_s,
        };
        describe(&list[i], r);
        r->customer = (struct key){0}; /* handed on */
        r->address = r->text = r->campaign_name = r->name = NULL;
    }
    doubt_rows_release(rows, n);
    *out = list;
    *count = n;
    return true;
}

void
doubt_list_release(struct doubt *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        key_release(&list[i].customer);
        free(list[i].address);
        free(list[i].text);
        free(list[i].campaign_name);
        free(list[i].name);
        for (size_t j = 0; j < list[i].evidence_count; j++)
            free(list[i].evidence[j]);
    }
    free(list);
}

static bool
settle(struct db *ledger, struct attempt *a, enum doubt_ruling ruling, int64_t now_s,
       struct error *err)
{
    /* An attempt that found its end while the unit stayed in doubt cannot be: they move together.
     */
    if (ruling == DOUBT_ACCEPTED)
        return settle_accepted(ledger, a, NULL, "operator", now_s, NULL, err);
    return settle_not_sent(ledger, a, "operator", "an operator says so", now_s * 1000, err);
}

bool
doubt_settle(struct db *ledger, int64_t id, enum doubt_ruling ruling, int64_t now_s,
             struct error *err)
{
    const struct unit unit = {id < 0 ? UNIT_MESSAGE : UNIT_DELIVERY, id < 0 ? -id : id};
    struct attempt a = {0};
    char subject[48];
    bool found = false;
    bool ok = false;

    (void)snprintf(subject, sizeof subject, "%s %" PRId64,
                   unit.kind == UNIT_MESSAGE ? "message" : "delivery", unit.id);
    if (!db_begin(ledger, err))
        return error_wrap(err, "settle %s", subject);
    if (!attempt_find_latest(ledger, unit, &a, &found, err))
        goto out;
    if (!found) {
        error_set(err, ERR_NOT_FOUND, "there is no such delivery, or it was never tried");
        goto out;
    }
    if (a.state != DELIVERY_IN_DOUBT) {
        error_set(err, ERR_CONFLICT, "it is not in doubt but %s", delivery_state_name(a.state));
        goto out;
    }
    ok = settle(ledger, &a, ruling, now_s, err) &&
         audit_add(ledger, now_s, audit_actor(), "in_doubt.settle", subject,
                   ruling == DOUBT_ACCEPTED ? "as accepted" : "as not sent", err) &&
         db_commit(ledger, err);
out:
    db_rollback(ledger);
    attempt_release(&a);
    return ok || error_wrap(err, "settle %s", subject);
}
