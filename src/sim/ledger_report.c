#include "core/base/cc.h"
#include "sim/ledger_private.h"

static const char *const count_names[] = {
    [COUNT_REQUESTS] = "requests",
    [COUNT_REFUSED] = "refused",
    [COUNT_RATE_LIMITED] = "rate_limited",
    [COUNT_DROPPED_BEFORE] = "dropped_before",
    [COUNT_LOST_ANSWERS] = "lost_answers",
    [COUNT_ERROR_500] = "error_500",
    [COUNT_HTML] = "html",
    [COUNT_CALLBACK_WITHHELD] = "callbacks_withheld",
    [COUNT_NOT_LOOPBACK] = "not_loopback",
};
_Static_assert(ARRAY_LEN(count_names) == COUNT_COUNT, "a name for every count");

static json_t *
duplicates_json(const struct ledger *ledger)
{
    json_t *list = json_array();

    for (size_t i = 0; i < ledger->twice_count; i++) {
        const struct sim_twin *twin = ledger->twice[i];
        json_t *sids = json_array();
        json_t *atts = json_array();

        (void)json_array_append_new(sids, json_string(twin->first->sid));
        (void)json_array_append_new(atts, ledger_json_text(twin->first->att));
        for (size_t k = 0; k < twin->count; k++) {
            (void)json_array_append_new(sids, json_string(twin->others[k]->sid));
            (void)json_array_append_new(atts, ledger_json_text(twin->others[k]->att));
        }
        (void)json_array_append_new(list, json_pack("{s:s,s:s,s:I,s:o,s:o}", "to", twin->first->to,
                                                    "body", twin->first->body, "count",
                                                    (json_int_t)twin->count + 1, "sids", sids,
                                                    "atts", atts));
    }
    return list;
}

static json_t *
after_stop_json(const struct ledger *ledger)
{
    json_t *list = json_array();

    for (size_t i = 0; i < ledger->after_count; i++) {
        const struct after_stop *after = &ledger->after[i];

        (void)json_array_append_new(
            list,
            json_pack("{s:s,s:s,s:o,s:b,s:I}", "to", after->to, "body", after->body, "sid",
                      ledger_json_text(after->message ? after->message->sid : NULL), "refused",
                      after->message == NULL, "after_ms", (json_int_t)after->after_ms));
    }
    return list;
}

static json_t *
hidden_json(const struct ledger *ledger)
{
    json_t *list = json_array();

    for (size_t i = 0; i < ledger->hidden_count; i++) {
        const struct sim_message *message = ledger->hidden[i].message;

        (void)json_array_append_new(
            list, json_pack("{s:s,s:s,s:o,s:s}", "to", message->to, "sid", message->sid, "att",
                            ledger_json_text(message->att), "why", ledger->hidden[i].why));
    }
    return list;
}

static void
numbers_json(const struct ledger *ledger, json_t *out)
{
    json_t *per_to = json_object();
    json_t *opted_out = json_array();

    for (size_t i = 0; i < ledger->address_count; i++) {
        const struct sim_address *address = ledger->addresses[i];

        if (address->accepted)
            (void)json_object_set_new(per_to, address->number,
                                      json_integer((json_int_t)address->accepted));
        if (address->stopped_count || address->stop_told_ms)
            (void)json_array_append_new(opted_out, json_string(address->number));
    }
    (void)json_object_set_new(out, "per_to", per_to);
    (void)json_object_set_new(out, "opted_out", opted_out);
}

json_t *
ledger_summary(struct ledger *ledger, bool brief)
{
    json_t *out;

    (void)pthread_mutex_lock(&ledger->lock);
    out = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "accepted", (json_int_t)ledger->accepted,
                    "inbound", (json_int_t)ledger->inbound, "inbound_answered",
                    (json_int_t)ledger->inbound_answered, "webhooks_posted",
                    (json_int_t)ledger->posted, "webhooks_answered", (json_int_t)ledger->answered,
                    "duplicate_count", (json_int_t)ledger->twice_count, "after_opt_out_count",
                    (json_int_t)ledger->after_count);
    for (size_t i = 0; out && i < COUNT_COUNT; i++)
        (void)json_object_set_new(out, count_names[i], json_integer((json_int_t)ledger->counts[i]));
    if (out && !brief) {
        (void)json_object_set_new(out, "duplicates", duplicates_json(ledger));
        (void)json_object_set_new(out, "after_opt_out", after_stop_json(ledger));
        (void)json_object_set_new(out, "hidden", hidden_json(ledger));
        numbers_json(ledger, out);
    }
    (void)pthread_mutex_unlock(&ledger->lock);
    return out;
}
