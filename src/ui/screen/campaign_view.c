#include "ui/screen/campaign_view.h"

const char *const campaign_state_filters[STATE_FILTERS] = {
    NULL,          "queued", "sending",  "retry_wait", "accepted", "sent",      "delivered",
    "undelivered", "failed", "in_doubt", "skipped",    "replied",  "opted_out",
};

const struct report_recipient *
campaign_person_at(const struct campaign_view *v, size_t row)
{
    size_t first = (size_t)v->people.offset;
    return row >= first && row - first < v->people.count ? &v->people.rows[row - first] : NULL;
}
