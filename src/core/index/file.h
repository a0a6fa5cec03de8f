/*
 * The file of the column index: replica.idx beside replica.db.
 *
 *   header     magic, byte order, format, how many rows, the replica's generation, a stamp, a hash
 *   table      one entry for each section, in the order of enum index_section
 *   sections   arrays, each at a multiple of 64 bytes, each with a hash of its own
 *
 * A file is good or it is not used: the header and the table are checked when it is opened, each
 * section when it is first asked for (its hash, and that offsets and positions lie inside), so that
 * damaged bytes give "no index" and never a wrong count. It is mapped read-only, belongs to one
 * machine's byte order, and is never changed once it has its name: a new one replaces it.
 */
#ifndef CANVASS_CORE_INDEX_FILE_H
#define CANVASS_CORE_INDEX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/error.h"

enum { INDEX_FORMAT = 1 };

/* Customers stand in the order of their keys; "position" is the place in that order. */
enum index_section {
    /* one element for each customer */
    SECTION_ID, /* replica.customer.id */
    SECTION_FLAGS,
    SECTION_CREATED,
    SECTION_LAST_CONTACT,
    SECTION_LAST_APPOINTMENT,
    SECTION_LAST_APPOINTMENT_STATUS,
    SECTION_LAST_APPOINTMENT_SERVICE,
    SECTION_LAST_APPOINTMENT_PROVIDER,
    SECTION_LAST_APPOINTMENT_CANCELLED,
    SECTION_LAST_VISIT,
    SECTION_LAST_CANCELLATION,
    SECTION_LAST_SATISFACTION,
    SECTION_CONVERSATION_FIRST, /* rows of a position: first[p] .. first[p + 1] - 1 */
    SECTION_APPOINTMENT_FIRST,
    /* one for each conversation, by customer */
    SECTION_CONVERSATION_AT,
    SECTION_CONVERSATION_CHANNEL,
    SECTION_CONVERSATION_TYPE,
    SECTION_CONVERSATION_STATUS,
    SECTION_CONVERSATION_OUTCOME,
    SECTION_CONVERSATION_SENTIMENT,
    SECTION_CONVERSATION_SATISFACTION,
    SECTION_CONVERSATION_REQUEST, /* 1: an open request points at it */
    /* one for each appointment, by customer */
    SECTION_APPOINTMENT_AT,
    SECTION_APPOINTMENT_STATUS,
    SECTION_APPOINTMENT_SERVICE,
    SECTION_APPOINTMENT_PROVIDER,
    SECTION_APPOINTMENT_BOOKED_BY,
    /* metadata that a conversation holds, by name, then by conversation */
    SECTION_HELD_FIRST, /* of a name: first[name] .. first[name + 1] - 1 */
    SECTION_HELD_ROW,   /* the conversation */
    SECTION_HELD_OWNER, /* its customer's position */
    SECTION_HELD_AT,
    /* customers who share an address: groups of two or more, ascending */
    SECTION_PHONE_GROUP, /* of a group: group[g] .. group[g + 1] - 1 */
    SECTION_PHONE_MEMBER,
    SECTION_EMAIL_GROUP,
    SECTION_EMAIL_MEMBER,
    /* words, each with a NUL; the first has the code 1, 0 stands for no word */
    SECTION_WORDS_STATUS, /* of appointments, last ones included */
    SECTION_WORDS_SERVICE,
    SECTION_WORDS_PROVIDER,
    SECTION_WORDS_BOOKED_BY,
    SECTION_WORDS_CHANNEL,
    SECTION_WORDS_TYPE,
    SECTION_WORDS_CONVERSATION_STATUS,
    SECTION_WORDS_OUTCOME,
    SECTION_WORDS_SENTIMENT,
    SECTION_WORDS_HELD, /* names of metadata: number, not code, so the first is 0 */
    SECTION_SCORES,     /* different scores; codes as for words */
    SECTION_COUNT
};

enum { INDEX_IS_NEW = 1, INDEX_HAS_PHONE = 2, INDEX_HAS_EMAIL = 4 };

enum index_kind {
    KIND_TIME,     /* int32 or int64 seconds; the lowest number: no time */
    KIND_ID,       /* int32 or int64 */
    KIND_CODE,     /* uint8 or uint16; width 0: too many different words, not kept */
    KIND_BYTE,     /* uint8 */
    KIND_FIRST,    /* uint32, one more than what it divides, ascending from 0 to the end */
    KIND_POSITION, /* uint32, below the number of customers */
    KIND_ROW,      /* uint32, below the number of conversations */
    KIND_WORDS,    /* text */
    KIND_SCORES,   /* double */
};

/* Whose elements they are: gives their number. */
enum index_owner {
    OWNER_CUSTOMER,
    OWNER_CONVERSATION,
    OWNER_APPOINTMENT,
    OWNER_HELD,
    OWNER_FREE, /* any number */
};

struct index_spec {
    const char *name;
    enum index_kind kind;
    enum index_owner owner;
    enum index_section other; /* KIND_CODE: its words or scores; KIND_FIRST: what it divides */
};
const struct index_spec *index_spec(enum index_section s);

struct index_counts {
    uint64_t customers, conversations, appointments, held;
};
struct index_meta {
    int64_t generation; /* of the replica that it was made from */
    uint64_t stamp;     /* the same number stands in the replica (index_store.h) */
    struct index_counts counts;
    bool keys_are_ids; /* every key is a number, and so equal to the row's id */
    bool no_held;      /* too many different names of metadata: not kept */
};

/* --- reading */

struct index_file; /* one thread */

/* ERR_NOT_FOUND: no such file; ERR_INVALID: not an index of this format, or damaged. */
struct index_file *index_file_open(const char *path, struct error *err) MUST_CHECK;
/* The same on bytes in memory, copied. For tests. */
struct index_file *index_file_from(const void *bytes, size_t len, struct error *err) MUST_CHECK;
void index_file_close(struct index_file *f); /* NULL is fine */
const struct index_meta *index_file_meta(const struct index_file *f);
/* Whether the file on disk is still whole (somebody may have cut it under the mapping). */
bool index_file_is_whole(struct index_file *f);
/* Whether the file of this name is still this one. */
bool index_file_is_at(const struct index_file *f, const char *path);
/* A section was damaged: nothing that was read from this file may be used. */
bool index_file_is_damaged(const struct index_file *f);
/* Checks every section; false when one is damaged. */
bool index_file_check(struct index_file *f);

struct index_column {
    const void *data; /* borrowed from the mapping */
    size_t count;     /* elements */
    unsigned width;   /* bytes each; 0: not kept */
};
/* Checked the first time. false: damaged (and the file is from now on). */
bool index_file_column(struct index_file *f, enum index_section s,
                       struct index_column *out) MUST_CHECK;
/* Words of a KIND_WORDS section; borrowed. NULL and 0 when damaged. */
const char *const *index_file_words(struct index_file *f, enum index_section s, size_t *count);

/* --- writing */

struct index_out; /* a file being written, or bytes */

/* ERR_RETRY: another process is writing it. */
struct index_out *index_out_file(const char *path, struct error *err) MUST_CHECK;
struct index_out *index_out_memory(struct buf *bytes); /* for tests */
/* Sections in their order, each once. */
bool index_out_section(struct index_out *o, enum index_section s, unsigned width, const void *data,
                       size_t count, struct error *err) MUST_CHECK;
/* Header and table, fsync, and the name. Frees o, also when it fails. */
bool index_out_end(struct index_out *o, const struct index_meta *meta,
                   struct error *err) MUST_CHECK;
void index_out_abandon(struct index_out *o); /* NULL is fine */

/* The hash of a section: 64 bits, fast, no secret. */
uint64_t index_hash(const void *bytes, size_t len);

#endif
