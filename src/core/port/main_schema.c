#include "core/port/main_schema.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cc.h"

#define KEY                                                                                        \
    {                                                                                              \
        .name = "id", .kind = MAIN_KIND_KEY, .required = true                                      \
    }
#define UPDATED                                                                                    \
    {                                                                                              \
        .name = "updated_at", .kind = MAIN_KIND_TIME                                               \
    }
#define VERSION                                                                                    \
    {                                                                                              \
        .name = "version", .kind = MAIN_KIND_VERSION                                               \
    }

/* clang-format off */
static const struct main_column customers[] = {
    KEY, UPDATED,
    {.name = "name", .kind = MAIN_KIND_TEXT},
    {.name = "phone", .kind = MAIN_KIND_TEXT},
    {.name = "email", .kind = MAIN_KIND_TEXT},
    {.name = "is_new_client", .kind = MAIN_KIND_BOOL},
    {.name = "notes", .kind = MAIN_KIND_TEXT},
    {.name = "created_at", .kind = MAIN_KIND_TIME},
    {.name = "time_zone", .kind = MAIN_KIND_WORD},
    VERSION,
};
static const struct main_column appointments[] = {
    KEY, UPDATED,
    {.name = "customer_id", .kind = MAIN_KIND_REF, .required = true, .ref = MAIN_CUSTOMERS},
    {.name = "appointment_datetime", .kind = MAIN_KIND_TIME, .required = true},
    {.name = "status", .kind = MAIN_KIND_WORD, .words = "scheduled|completed|cancelled|no_show|rescheduled"},
    {.name = "service_type", .kind = MAIN_KIND_WORD},
    {.name = "provider", .kind = MAIN_KIND_WORD},
    {.name = "booked_by", .kind = MAIN_KIND_WORD},
    {.name = "cancelled_at", .kind = MAIN_KIND_TIME},
    VERSION,
};
static const struct main_column conversations[] = {
    KEY, UPDATED,
    {.name = "customer_id", .kind = MAIN_KIND_REF, .required = true, .ref = MAIN_CUSTOMERS},
    {.name = "last_activity_at", .kind = MAIN_KIND_TIME, .required = true},
    {.name = "channel", .kind = MAIN_KIND_WORD, .words = "voice|sms|email"},
    {.name = "conversation_type", .kind = MAIN_KIND_WORD, .words = "inbound_service|research|outbound_sales"},
    {.name = "status", .kind = MAIN_KIND_WORD, .words = "active|completed|failed"},
    {.name = "outcome", .kind = MAIN_KIND_WORD},
    {.name = "sentiment", .kind = MAIN_KIND_WORD, .words = "positive|neutral|negative|mixed"},
    {.name = "satisfaction_score", .kind = MAIN_KIND_NUMBER},
    {.name = "metadata", .kind = MAIN_KIND_JSON},
    VERSION,
};
static const struct main_column requests[] = {
    KEY, UPDATED,
    {.name = "conversation_id", .kind = MAIN_KIND_REF, .required = true, .ref = MAIN_CONVERSATIONS},
    {.name = "status", .kind = MAIN_KIND_WORD, .required = true, .words = "new|in_progress|booked|dismissed"},
    VERSION,
};
static const struct { const struct main_column *columns; size_t count; } tables[] = {
    [MAIN_CUSTOMERS] = {customers, ARRAY_LEN(customers)},
    [MAIN_APPOINTMENTS] = {appointments, ARRAY_LEN(appointments)},
    [MAIN_CONVERSATIONS] = {conversations, ARRAY_LEN(conversations)},
    [MAIN_REQUESTS] = {requests, ARRAY_LEN(requests)},
};
/* clang-format on */
_Static_assert(ARRAY_LEN(tables) == MAIN_TABLE_COUNT, "columns of every table");
_Static_assert(ARRAY_LEN(conversations) <= MAIN_COLUMNS_MAX, "the widest table fits");

static const char *const names[] = {
    [MAIN_CUSTOMERS] = "customers",
    [MAIN_APPOINTMENTS] = "appointments",
    [MAIN_CONVERSATIONS] = "conversations",
    [MAIN_REQUESTS] = "appointment_requests",
};
_Static_assert(ARRAY_LEN(names) == MAIN_TABLE_COUNT, "a name for every table");

const char *
main_table_name(enum main_table table)
{
    return names[table];
}

const struct main_column *
main_columns(enum main_table table, size_t *count)
{
    *count = tables[table].count;
    return tables[table].columns;
}

const struct main_column *
main_column_find(enum main_table table, const char *name)
{
    for (size_t i = 0; i < tables[table].count; i++)
        if (strcmp(tables[table].columns[i].name, name) == 0)
            return &tables[table].columns[i];
    return NULL;
}

void
main_database_close(struct main_database *source)
{
    if (source->close)
        source->close(source->ctx);
    free(source->name);
    *source = (struct main_database){0};
}
