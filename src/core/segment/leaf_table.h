/*
 * The leaves of the criteria language as rows: name, keys, kinds of value, help (semantics.md
 * "Criteria"). The reader, its suggestions, the sentence and the console's editor read these rows,
 * so that they cannot drift apart. To add a leaf: a row here, its columns in compile.c, its words
 * in explain.c and why.c, and a case in each test.
 */
#ifndef CANVASS_CORE_SEGMENT_LEAF_TABLE_H
#define CANVASS_CORE_SEGMENT_LEAF_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum leaf_kind {
    LEAF_LAST_CONTACT,
    LEAF_LAST_APPOINTMENT,
    LEAF_LAST_VISIT,
    LEAF_NEXT_APPOINTMENT,
    LEAF_LAST_CANCELLATION,
    LEAF_LAST_ACTIVITY,
    LEAF_APPOINTMENT_COUNT,
    LEAF_CONVERSATION_COUNT,
    LEAF_LAST_SATISFACTION,
    LEAF_CONVERSATION,
    LEAF_APPOINTMENT,
    LEAF_CUSTOMER,
    LEAF_PAGE_VISIT,
    LEAF_CONTACTED_BY,
    LEAF_KIND_COUNT
};

enum value_kind {
    VALUE_DAYS,     /* whole number >= 0 */
    VALUE_WORDS,    /* a string or a list of strings: any of */
    VALUE_BOOL,     /* true or false */
    VALUE_NUMBER,   /* a number >= 0 (equals), or {"<": n, "<=": n, ">": n, ">=": n, "!=": n} */
    VALUE_TEXT,     /* a string that is not empty */
    VALUE_KEY,      /* a metadata key: any string */
    VALUE_CHOICE,   /* one of `choices` */
    VALUE_CAMPAIGN, /* "any" or the number of a campaign */
    VALUE_LIMIT,    /* a plain number >= 0 (flat form only) */
    VALUE_KIND_COUNT
};

struct leaf_key {
    const char *name; /* "" when the leaf's value is the number itself */
    enum value_kind kind;
    const char *title;          /* a label: "Older than (days)" */
    const char *help;           /* one sentence */
    const char *const *choices; /* VALUE_CHOICE: NULL-terminated, the first is the default */
    /* VALUE_WORDS: where the replica keeps such words ("conversation", "channel"): suggestions. */
    const char *table, *column;
};

enum { LEAF_KEYS_MAX = 12 };

struct leaf_spec {
    enum leaf_kind kind;
    bool is_number;    /* the value is a number, not an object: one key named "" */
    bool may_be_empty; /* {} says something: "at least one" */
    const char *name;  /* "last_contact" */
    const char *title; /* "Last contact" */
    const char *help;
    const struct leaf_key *keys;
    size_t key_count;
    const char *required; /* a key that must be given, and that alone says nothing; NULL: none */
};

/* Positions of the keys in leaf_spec.keys. */
enum {
    FACT_OLDER,
    FACT_WITHIN,
    FACT_NEVER,
    FACT_STATUS,
    FACT_SERVICE,
    FACT_PROVIDER,
    FACT_CANCELLED
};
enum { NEXT_IN_DAYS, NEXT_NEVER };
enum {
    CONVERSATION_CHANNEL,
    CONVERSATION_TYPE,
    CONVERSATION_STATUS,
    CONVERSATION_OUTCOME,
    CONVERSATION_SENTIMENT,
    CONVERSATION_BOOKING_INTENT,
    CONVERSATION_SATISFACTION,
    CONVERSATION_OLDER,
    CONVERSATION_WITHIN,
    CONVERSATION_HAS_METADATA,
    CONVERSATION_LEAF_COUNT
};
enum {
    APPOINTMENT_STATUS,
    APPOINTMENT_SERVICE,
    APPOINTMENT_PROVIDER,
    APPOINTMENT_BOOKED_BY,
    APPOINTMENT_OLDER,
    APPOINTMENT_WITHIN,
    APPOINTMENT_UPCOMING,
    APPOINTMENT_LEAF_COUNT
};
enum {
    CUSTOMER_IS_NEW,
    CUSTOMER_HAS_PHONE,
    CUSTOMER_HAS_EMAIL,
    CUSTOMER_CREATED_WITHIN,
    CUSTOMER_CREATED_OLDER,
    CUSTOMER_NAME,
    CUSTOMER_NOTES
};
enum { PAGE_VISIT_KEY, PAGE_VISIT_OLDER, PAGE_VISIT_WITHIN, PAGE_VISIT_NEVER };
enum { CONTACTED_CAMPAIGN, CONTACTED_STATE, CONTACTED_WITHIN, CONTACTED_OLDER };
enum contacted_state {
    CONTACTED_CONTACTED,
    CONTACTED_REPLIED,
    CONTACTED_NOT_REPLIED,
    CONTACTED_FAILED
};

/* LEAF_KIND_COUNT rows, in the order of enum leaf_kind. */
const struct leaf_spec *leaf_table(void);
const struct leaf_spec *leaf_find(const char *name); /* NULL when there is none */
const struct leaf_key *leaf_key_find(const struct leaf_spec *leaf, const char *name);

/* Keys of the flat form, which may stand beside leaves (semantics.md "The flat form"). */
enum flat_key {
    FLAT_CHANNEL,
    FLAT_HAS_BOOKING_INTENT,
    FLAT_MIN_SATISFACTION,
    FLAT_MAX_SATISFACTION,
    FLAT_OUTCOME,
    FLAT_HAS_APPOINTMENT,
    FLAT_SINCE_CONTACT,
    FLAT_SINCE_APPOINTMENT,
    FLAT_SINCE_ACTIVITY,
    FLAT_LAST_STATUS,
    FLAT_SINCE_CANCELLATION,
    FLAT_METADATA_KEY,
    FLAT_SINCE_VISIT,
    FLAT_KEY_COUNT
};
const struct leaf_key *flat_table(void); /* FLAT_KEY_COUNT rows */

/* The operators of a comparison object, in the order of enum number_op from NUMBER_LT on. */
enum number_op {
    NUMBER_EQ,
    NUMBER_LT,
    NUMBER_LE,
    NUMBER_GT,
    NUMBER_GE,
    NUMBER_NE,
    NUMBER_OP_COUNT
};
const char *number_op_name(enum number_op op); /* "=", "<", ... */

#endif
