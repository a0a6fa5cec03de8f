#include "core/segment/leaf_table.h"

#include <string.h>

#include "core/base/cc.h"

#define OLDER(what)                                                                                \
    {                                                                                              \
        .name = "older_than_days", .kind = VALUE_DAYS, .title = "Older than (days)",               \
        .help = what " was that many days ago, or earlier."                                        \
    }
#define WITHIN(what)                                                                               \
    {                                                                                              \
        .name = "within_days", .kind = VALUE_DAYS, .title = "Within (days)",                       \
        .help = what " was not longer ago than that many days; the future is within."              \
    }
#define NEVER(what)                                                                                \
    {                                                                                              \
        .name = "never", .kind = VALUE_BOOL, .title = "Never",                                     \
        .help = "Yes: there is no " what " at all. No: there is one."                              \
    }
#define WORDS(key, label, from, field, text)                                                       \
    {                                                                                              \
        .name = (key), .kind = VALUE_WORDS, .title = (label), .help = (text), .table = (from),     \
        .column = (field)                                                                          \
    }

static const struct leaf_key last_contact_keys[] = {OLDER("The last contact"),
                                                    WITHIN("The last contact"), NEVER("contact")};
static const struct leaf_key last_appointment_keys[] = {
    [FACT_OLDER] = OLDER("The last appointment"),
    [FACT_WITHIN] = WITHIN("The last appointment"),
    [FACT_NEVER] = NEVER("appointment"),
    [FACT_STATUS] = WORDS("status", "Status", "appointment", "status",
                          "Status of that last appointment; any of these words."),
    [FACT_SERVICE] = WORDS("service", "Service", "appointment", "service",
                           "Service of that last appointment; any of these."),
    [FACT_PROVIDER] = WORDS("provider", "Provider", "appointment", "provider",
                            "Provider of that last appointment; any of these."),
    [FACT_CANCELLED] = {.name = "cancelled_within_days",
                        .kind = VALUE_DAYS,
                        .title = "Cancelled within (days)",
                        .help = "That appointment was cancelled not longer ago than this."},
};
static const struct leaf_key last_visit_keys[] = {OLDER("The last completed appointment"),
                                                  WITHIN("The last completed appointment"),
                                                  NEVER("completed appointment")};
static const struct leaf_key next_appointment_keys[] = {
    [NEXT_IN_DAYS] = {.name = "in_next_days",
                      .kind = VALUE_DAYS,
                      .title = "In the next (days)",
                      .help = "The next scheduled appointment is at most that many days ahead."},
    [NEXT_NEVER] = {.name = "never",
                    .kind = VALUE_BOOL,
                    .title = "Never",
                    .help = "Yes: nothing is scheduled from now on. No: something is."},
};
static const struct leaf_key last_cancellation_keys[] = {
    OLDER("The last cancellation"), WITHIN("The last cancellation"), NEVER("cancellation")};
static const struct leaf_key last_activity_keys[] = {
    OLDER("The later of last contact and last appointment"),
    WITHIN("The later of last contact and last appointment"), NEVER("contact and no appointment")};

static const struct leaf_key appointment_count_keys[] = {
    {.name = "",
     .kind = VALUE_NUMBER,
     .title = "Appointments",
     .help = "How many appointments, whatever their status."}};
static const struct leaf_key conversation_count_keys[] = {{.name = "",
                                                           .kind = VALUE_NUMBER,
                                                           .title = "Conversations",
                                                           .help = "How many conversations."}};
static const struct leaf_key last_satisfaction_keys[] = {
    {.name = "",
     .kind = VALUE_NUMBER,
     .title = "Score",
     .help = "Score of the latest scored conversation; without one nothing holds."}};

static const struct leaf_key conversation_keys[] = {
    [CONVERSATION_CHANNEL] =
        WORDS("channel", "Channel", "conversation", "channel", "voice, sms, email; any of these."),
    [CONVERSATION_TYPE] = WORDS("type", "Type", "conversation", "type",
                                "inbound_service, research, outbound_sales; any of these."),
    [CONVERSATION_STATUS] = WORDS("status", "Status", "conversation", "status",
                                  "active, completed, failed; any of these."),
    [CONVERSATION_OUTCOME] =
        WORDS("outcome", "Outcome", "conversation", "outcome", "How it ended; any of these words."),
    [CONVERSATION_SENTIMENT] = WORDS("sentiment", "Sentiment", "conversation", "sentiment",
                                     "positive, neutral, negative, mixed; any of these."),
    [CONVERSATION_BOOKING_INTENT] =
        {.name = "booking_intent",
         .kind = VALUE_BOOL,
         .title = "Booking intent",
         .help = "Its outcome is one that means booking, or an open request points at it."},
    [CONVERSATION_SATISFACTION] = {.name = "satisfaction",
                                   .kind = VALUE_NUMBER,
                                   .title = "Satisfaction",
                                   .help = "Its score; without a score nothing holds."},
    [CONVERSATION_OLDER] = OLDER("Its last activity"),
    [CONVERSATION_WITHIN] = WITHIN("Its last activity"),
    [CONVERSATION_HAS_METADATA] = {.name = "has_metadata",
                                   .kind = VALUE_KEY,
                                   .title = "Has metadata",
                                   .help = "Its metadata holds this key, neither false nor null."},
    [CONVERSATION_LEAF_COUNT] = {.name = "count",
                                 .kind = VALUE_NUMBER,
                                 .title = "How many",
                                 .help = "How many such conversations; at least one if not given."},
};
static const struct leaf_key appointment_keys[] = {
    [APPOINTMENT_STATUS] =
        WORDS("status", "Status", "appointment", "status",
              "scheduled, completed, cancelled, no_show, rescheduled; any of these."),
    [APPOINTMENT_SERVICE] =
        WORDS("service", "Service", "appointment", "service", "Its service; any of these."),
    [APPOINTMENT_PROVIDER] =
        WORDS("provider", "Provider", "appointment", "provider", "Its provider; any of these."),
    [APPOINTMENT_BOOKED_BY] =
        WORDS("booked_by", "Booked by", "appointment", "booked_by", "Who booked it; any of these."),
    [APPOINTMENT_OLDER] = OLDER("Its time"),
    [APPOINTMENT_WITHIN] = WITHIN("Its time"),
    [APPOINTMENT_UPCOMING] = {.name = "upcoming",
                              .kind = VALUE_BOOL,
                              .title = "Upcoming",
                              .help = "Its time is now or later, whatever its status."},
    [APPOINTMENT_LEAF_COUNT] = {.name = "count",
                                .kind = VALUE_NUMBER,
                                .title = "How many",
                                .help = "How many such appointments; at least one if not given."},
};
static const struct leaf_key customer_keys[] = {
    [CUSTOMER_IS_NEW] = {.name = "is_new_client",
                         .kind = VALUE_BOOL,
                         .title = "New client",
                         .help = "Marked as a new client."},
    [CUSTOMER_HAS_PHONE] = {.name = "has_phone",
                            .kind = VALUE_BOOL,
                            .title = "Has a phone",
                            .help = "The phone number is valid."},
    [CUSTOMER_HAS_EMAIL] = {.name = "has_email",
                            .kind = VALUE_BOOL,
                            .title = "Has an email",
                            .help = "The email address is valid."},
    [CUSTOMER_CREATED_WITHIN] = {.name = "created_within_days",
                                 .kind = VALUE_DAYS,
                                 .title = "Created within (days)",
                                 .help = "Became a customer not longer ago than that."},
    [CUSTOMER_CREATED_OLDER] = {.name = "created_older_than_days",
                                .kind = VALUE_DAYS,
                                .title = "Created before (days)",
                                .help = "Became a customer that many days ago, or earlier."},
    [CUSTOMER_NAME] = {.name = "name_contains",
                       .kind = VALUE_TEXT,
                       .title = "Name contains",
                       .help = "The name holds this text, upper and lower case alike."},
    [CUSTOMER_NOTES] = {.name = "notes_contain",
                        .kind = VALUE_TEXT,
                        .title = "Notes contain",
                        .help = "The notes hold this text, upper and lower case alike."},
};
static const struct leaf_key page_visit_keys[] = {
    [PAGE_VISIT_KEY] = {.name = "key",
                        .kind = VALUE_KEY,
                        .title = "Metadata key",
                        .help = "The key that a visit leaves, like visited_booking_page."},
    [PAGE_VISIT_OLDER] = OLDER("The last such visit"),
    [PAGE_VISIT_WITHIN] = WITHIN("The last such visit"),
    [PAGE_VISIT_NEVER] = NEVER("such visit"),
};
static const char *const contacted_states[] = {"contacted", "replied", "not_replied", "failed",
                                               NULL};
static const struct leaf_key contacted_by_keys[] = {
    [CONTACTED_CAMPAIGN] = {.name = "campaign",
                            .kind = VALUE_CAMPAIGN,
                            .title = "Campaign",
                            .help = "The number of a campaign, or \"any\"."},
    [CONTACTED_STATE] = {.name = "state",
                         .kind = VALUE_CHOICE,
                         .title = "State",
                         .help = "What became of the message.",
                         .choices = contacted_states},
    [CONTACTED_WITHIN] = WITHIN("It"),
    [CONTACTED_OLDER] = OLDER("It"),
};

#define KEYS(table) .keys = (table), .key_count = ARRAY_LEN(table)

static const struct leaf_spec leaves[] = {
    [LEAF_LAST_CONTACT] = {.kind = LEAF_LAST_CONTACT,
                           .name = "last_contact",
                           .title = "Last contact",
                           .help = "The latest activity of any conversation, on every channel.",
                           KEYS(last_contact_keys)},
    [LEAF_LAST_APPOINTMENT] = {.kind = LEAF_LAST_APPOINTMENT,
                               .name = "last_appointment",
                               .title = "Last appointment",
                               .help = "The appointment with the latest time, past or future.",
                               KEYS(last_appointment_keys)},
    [LEAF_LAST_VISIT] = {.kind = LEAF_LAST_VISIT,
                         .name = "last_visit",
                         .title = "Last visit",
                         .help = "The latest completed appointment.",
                         KEYS(last_visit_keys)},
    [LEAF_NEXT_APPOINTMENT] = {.kind = LEAF_NEXT_APPOINTMENT,
                               .name = "next_appointment",
                               .title = "Next appointment",
                               .help = "The nearest scheduled appointment from now on.",
                               KEYS(next_appointment_keys)},
    [LEAF_LAST_CANCELLATION] = {.kind = LEAF_LAST_CANCELLATION,
                                .name = "last_cancellation",
                                .title = "Last cancellation",
                                .help = "When an appointment was last cancelled.",
                                KEYS(last_cancellation_keys)},
    [LEAF_LAST_ACTIVITY] = {.kind = LEAF_LAST_ACTIVITY,
                            .name = "last_activity",
                            .title = "Last activity",
                            .help = "The later of last contact and last appointment.",
                            KEYS(last_activity_keys)},
    [LEAF_APPOINTMENT_COUNT] = {.kind = LEAF_APPOINTMENT_COUNT,
                                .name = "appointment_count",
                                .title = "Number of appointments",
                                .help = "How many appointments, whatever their status.",
                                KEYS(appointment_count_keys),
                                .is_number = true},
    [LEAF_CONVERSATION_COUNT] = {.kind = LEAF_CONVERSATION_COUNT,
                                 .name = "conversation_count",
                                 .title = "Number of conversations",
                                 .help = "How many conversations.",
                                 KEYS(conversation_count_keys),
                                 .is_number = true},
    [LEAF_LAST_SATISFACTION] = {.kind = LEAF_LAST_SATISFACTION,
                                .name = "last_satisfaction",
                                .title = "Last satisfaction",
                                .help = "The score of the latest scored conversation.",
                                KEYS(last_satisfaction_keys),
                                .is_number = true},
    [LEAF_CONVERSATION] = {.kind = LEAF_CONVERSATION,
                           .name = "conversation",
                           .title = "Conversation",
                           .help = "Conversations for which every filter holds together.",
                           KEYS(conversation_keys),
                           .may_be_empty = true},
    [LEAF_APPOINTMENT] = {.kind = LEAF_APPOINTMENT,
                          .name = "appointment",
                          .title = "Appointment",
                          .help = "Appointments for which every filter holds together.",
                          KEYS(appointment_keys),
                          .may_be_empty = true},
    [LEAF_CUSTOMER] = {.kind = LEAF_CUSTOMER,
                       .name = "customer",
                       .title = "Customer",
                       .help = "What is known of the person.",
                       KEYS(customer_keys)},
    [LEAF_PAGE_VISIT] = {.kind = LEAF_PAGE_VISIT,
                         .name = "page_visit",
                         .title = "Page visit",
                         .help = "The latest visit that left this key in a conversation.",
                         KEYS(page_visit_keys),
                         .required = "key"},
    [LEAF_CONTACTED_BY] = {.kind = LEAF_CONTACTED_BY,
                           .name = "contacted_by",
                           .title = "Contacted by a campaign",
                           .help = "One message that canvass itself sent.",
                           KEYS(contacted_by_keys),
                           .may_be_empty = true},
};
_Static_assert(ARRAY_LEN(leaves) == LEAF_KIND_COUNT, "a row for every leaf");
_Static_assert(ARRAY_LEN(conversation_keys) <= LEAF_KEYS_MAX, "room for the values of a leaf");

static const struct leaf_key flat_keys[] = {
    [FLAT_CHANNEL] = {.name = "channel", .kind = VALUE_WORDS},
    [FLAT_HAS_BOOKING_INTENT] = {.name = "has_booking_intent", .kind = VALUE_BOOL},
    [FLAT_MIN_SATISFACTION] = {.name = "min_satisfaction_score", .kind = VALUE_LIMIT},
    [FLAT_MAX_SATISFACTION] = {.name = "max_satisfaction_score", .kind = VALUE_LIMIT},
    [FLAT_OUTCOME] = {.name = "outcome", .kind = VALUE_WORDS},
    [FLAT_HAS_APPOINTMENT] = {.name = "has_appointment", .kind = VALUE_BOOL},
    [FLAT_SINCE_CONTACT] = {.name = "days_since_last_contact", .kind = VALUE_DAYS},
    [FLAT_SINCE_APPOINTMENT] = {.name = "days_since_last_appointment", .kind = VALUE_DAYS},
    [FLAT_SINCE_ACTIVITY] = {.name = "days_since_last_activity", .kind = VALUE_DAYS},
    [FLAT_LAST_STATUS] = {.name = "last_appointment_status", .kind = VALUE_WORDS},
    [FLAT_SINCE_CANCELLATION] = {.name = "days_since_cancellation", .kind = VALUE_DAYS},
    [FLAT_METADATA_KEY] = {.name = "metadata_key", .kind = VALUE_KEY},
    [FLAT_SINCE_VISIT] = {.name = "days_since_visit", .kind = VALUE_DAYS},
};
_Static_assert(ARRAY_LEN(flat_keys) == FLAT_KEY_COUNT, "a row for every flat key");

static const char *const op_names[] = {
    [NUMBER_EQ] = "=", [NUMBER_LT] = "<",  [NUMBER_LE] = "<=",
    [NUMBER_GT] = ">", [NUMBER_GE] = ">=", [NUMBER_NE] = "!=",
};
_Static_assert(ARRAY_LEN(op_names) == NUMBER_OP_COUNT, "a name for every operator");

const struct leaf_spec *
leaf_table(void)
{
    return leaves;
}

const struct leaf_spec *
leaf_find(const char *name)
{
    for (size_t i = 0; i < LEAF_KIND_COUNT; i++)
        if (strcmp(leaves[i].name, name) == 0)
            return &leaves[i];
    return NULL;
}

const struct leaf_key *
leaf_key_find(const struct leaf_spec *leaf, const char *name)
{
    for (size_t i = 0; i < leaf->key_count && !leaf->is_number; i++)
        if (strcmp(leaf->keys[i].name, name) == 0)
            return &leaf->keys[i];
    return NULL;
}

const struct leaf_key *
flat_table(void)
{
    return flat_keys;
}

const char *
number_op_name(enum number_op op)
{
    return op_names[op];
}
