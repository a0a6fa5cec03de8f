#include "core/port/main_sink.h"

#include "core/base/cc.h"

static const char *const conversation_names[] = {
    "id",          "customer_id",  "channel",          "status",       "conversation_type",
    "campaign_id", "initiated_at", "last_activity_at", "completed_at", "satisfaction_score",
    "sentiment",   "outcome",      "subject",          "metadata",     "updated_at",
};
static const char *const message_names[] = {
    "id", "conversation_id", "direction", "content", "sent_at", "metadata",
};
_Static_assert(ARRAY_LEN(conversation_names) <= MAIN_WRITE_VALUES_MAX, "the widest row fits");

const char *const *
main_write_names(enum main_write kind, size_t *count)
{
    if (kind == MAIN_WRITE_CONVERSATION) {
        *count = ARRAY_LEN(conversation_names);
        return conversation_names;
    }
    *count = ARRAY_LEN(message_names);
    return message_names;
}

void
main_sink_close(struct main_sink *sink)
{
    if (sink->close)
        sink->close(sink->ctx);
    *sink = (struct main_sink){0};
}
