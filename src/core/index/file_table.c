/* What each section is. */
#include "core/base/cc.h"
#include "core/index/file.h"

#define PER(owner_, kind_, name_)                                                                  \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .owner = (owner_)                                        \
    }
#define CODES(owner_, name_, words_)                                                               \
    {                                                                                              \
        .name = (name_), .kind = KIND_CODE, .owner = (owner_), .other = (words_)                   \
    }
#define FIRST(name_, divides)                                                                      \
    {                                                                                              \
        .name = (name_), .kind = KIND_FIRST, .owner = OWNER_FREE, .other = (divides)               \
    }
#define FREE(kind_, name_)                                                                         \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .owner = OWNER_FREE                                      \
    }

static const struct index_spec specs[] = {
    [SECTION_ID] = PER(OWNER_CUSTOMER, KIND_ID, "ids"),
    [SECTION_FLAGS] = PER(OWNER_CUSTOMER, KIND_BYTE, "flags"),
    [SECTION_CREATED] = PER(OWNER_CUSTOMER, KIND_TIME, "created"),
    [SECTION_LAST_CONTACT] = PER(OWNER_CUSTOMER, KIND_TIME, "last contact"),
    [SECTION_LAST_APPOINTMENT] = PER(OWNER_CUSTOMER, KIND_TIME, "last appointment"),
    [SECTION_LAST_APPOINTMENT_STATUS] =
        CODES(OWNER_CUSTOMER, "last appointment's status", SECTION_WORDS_STATUS),
    [SECTION_LAST_APPOINTMENT_SERVICE] =
        CODES(OWNER_CUSTOMER, "last appointment's service", SECTION_WORDS_SERVICE),
    [SECTION_LAST_APPOINTMENT_PROVIDER] =
        CODES(OWNER_CUSTOMER, "last appointment's provider", SECTION_WORDS_PROVIDER),
    [SECTION_LAST_APPOINTMENT_CANCELLED] =
        PER(OWNER_CUSTOMER, KIND_TIME, "last appointment's cancellation"),
    [SECTION_LAST_VISIT] = PER(OWNER_CUSTOMER, KIND_TIME, "last visit"),
    [SECTION_LAST_CANCELLATION] = PER(OWNER_CUSTOMER, KIND_TIME, "last cancellation"),
    [SECTION_LAST_SATISFACTION] = CODES(OWNER_CUSTOMER, "last satisfaction", SECTION_SCORES),
    [SECTION_CONVERSATION_FIRST] = FIRST("first conversations", SECTION_CONVERSATION_AT),
    [SECTION_APPOINTMENT_FIRST] = FIRST("first appointments", SECTION_APPOINTMENT_AT),
    [SECTION_CONVERSATION_AT] = PER(OWNER_CONVERSATION, KIND_TIME, "conversation times"),
    [SECTION_CONVERSATION_CHANNEL] =
        CODES(OWNER_CONVERSATION, "conversation channels", SECTION_WORDS_CHANNEL),
    [SECTION_CONVERSATION_TYPE] =
        CODES(OWNER_CONVERSATION, "conversation types", SECTION_WORDS_TYPE),
    [SECTION_CONVERSATION_STATUS] =
        CODES(OWNER_CONVERSATION, "conversation statuses", SECTION_WORDS_CONVERSATION_STATUS),
    [SECTION_CONVERSATION_OUTCOME] =
        CODES(OWNER_CONVERSATION, "conversation outcomes", SECTION_WORDS_OUTCOME),
    [SECTION_CONVERSATION_SENTIMENT] =
        CODES(OWNER_CONVERSATION, "conversation sentiments", SECTION_WORDS_SENTIMENT),
    [SECTION_CONVERSATION_SATISFACTION] =
        CODES(OWNER_CONVERSATION, "conversation scores", SECTION_SCORES),
    [SECTION_CONVERSATION_REQUEST] = PER(OWNER_CONVERSATION, KIND_BYTE, "open requests"),
    [SECTION_APPOINTMENT_AT] = PER(OWNER_APPOINTMENT, KIND_TIME, "appointment times"),
    [SECTION_APPOINTMENT_STATUS] =
        CODES(OWNER_APPOINTMENT, "appointment statuses", SECTION_WORDS_STATUS),
    [SECTION_APPOINTMENT_SERVICE] =
        CODES(OWNER_APPOINTMENT, "appointment services", SECTION_WORDS_SERVICE),
    [SECTION_APPOINTMENT_PROVIDER] =
        CODES(OWNER_APPOINTMENT, "appointment providers", SECTION_WORDS_PROVIDER),
    [SECTION_APPOINTMENT_BOOKED_BY] =
        CODES(OWNER_APPOINTMENT, "appointment bookers", SECTION_WORDS_BOOKED_BY),
    [SECTION_HELD_FIRST] = FIRST("first metadata", SECTION_HELD_ROW),
    [SECTION_HELD_ROW] = PER(OWNER_HELD, KIND_ROW, "metadata rows"),
    [SECTION_HELD_OWNER] = PER(OWNER_HELD, KIND_POSITION, "metadata owners"),
    [SECTION_HELD_AT] = PER(OWNER_HELD, KIND_TIME, "metadata times"),
    [SECTION_PHONE_GROUP] = FIRST("shared phones", SECTION_PHONE_MEMBER),
    [SECTION_PHONE_MEMBER] = FREE(KIND_POSITION, "who shares a phone"),
    [SECTION_EMAIL_GROUP] = FIRST("shared emails", SECTION_EMAIL_MEMBER),
    [SECTION_EMAIL_MEMBER] = FREE(KIND_POSITION, "who shares an email"),
    [SECTION_WORDS_STATUS] = FREE(KIND_WORDS, "status words"),
    [SECTION_WORDS_SERVICE] = FREE(KIND_WORDS, "service words"),
    [SECTION_WORDS_PROVIDER] = FREE(KIND_WORDS, "provider words"),
    [SECTION_WORDS_BOOKED_BY] = FREE(KIND_WORDS, "booker words"),
    [SECTION_WORDS_CHANNEL] = FREE(KIND_WORDS, "channel words"),
    [SECTION_WORDS_TYPE] = FREE(KIND_WORDS, "type words"),
    [SECTION_WORDS_CONVERSATION_STATUS] = FREE(KIND_WORDS, "conversation status words"),
    [SECTION_WORDS_OUTCOME] = FREE(KIND_WORDS, "outcome words"),
    [SECTION_WORDS_SENTIMENT] = FREE(KIND_WORDS, "sentiment words"),
    [SECTION_WORDS_HELD] = FREE(KIND_WORDS, "metadata names"),
    [SECTION_SCORES] = FREE(KIND_SCORES, "scores"),
};
_Static_assert(ARRAY_LEN(specs) == SECTION_COUNT, "a row for every section");

const struct index_spec *
index_spec(enum index_section s)
{
    return &specs[s];
}
