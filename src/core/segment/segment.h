/*
 * Segments: criteria, what they mean, and why (semantics.md "Criteria"). core/preview counts them.
 * Every function reads one connection from stores.h (ledger as main, replica attached) and one
 * instant. Run several inside db_begin_read()/db_rollback() to have one snapshot.
 */
#ifndef CANVASS_CORE_SEGMENT_SEGMENT_H
#define CANVASS_CORE_SEGMENT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/config/config.h"
#include "core/store/db.h"

struct criteria; /* a checked tree; immutable */

struct segment_env {
    int64_t now_s;               /* one instant per evaluation */
    const struct config *config; /* booking outcomes, frequency cap; borrowed */
};

/* err.path is the JSON Pointer of the bad node. The flat form is turned into the tree. */
struct criteria *criteria_from_json(const json_t *document, struct error *err) MUST_CHECK;
/* Text of at most 65,536 bytes; what cannot be read at all gives line and column. */
struct criteria *criteria_from_text(const char *text, size_t len, bool yaml,
                                    struct error *err) MUST_CHECK;
void criteria_free(struct criteria *c);
/* The document as it was written (a new reference). */
json_t *criteria_to_json(const struct criteria *c);
/* True when the tree can be seen to match every customer ({}, {"all": []}, ...). */
bool criteria_is_everyone(const struct criteria *c);

/* {"template": NAME} | {"saved": NAME} | {"criteria": {...}}: the segment of a campaign file. */
struct criteria *segment_resolve(struct db *db, const json_t *segment,
                                 struct error *err) MUST_CHECK;

struct segment_template {
    const char *name, *title, *description; /* borrowed for ever */
    const json_t *criteria;
};
const struct segment_template *segment_template_find(const char *name);
const struct segment_template *segment_template_list(size_t *count);

struct reach {
    int64_t matched, reachable, no_address, opted_out, capped, duplicate_address;
};

struct segment_recipient { /* all borrowed, during the call */
    const struct key *key;
    const char *address;
    /* what a message may say of the person; NULL when absent */
    const char *name, *service, *provider;
    bool has_last_visit;
    int64_t last_visit_s;
};

struct segment_person { /* a row of a sample; texts owned, NULL when absent */
    struct key key;
    char *name, *phone, *email;
    bool has_last_visit, has_last_contact, has_last_appointment;
    int64_t last_visit, last_contact, last_appointment;
    char *last_appointment_status;
    int64_t appointment_count;
    const char
        *reach; /* "reachable", "no_address", "opted_out", "capped", "duplicate_address", or "" */
};
struct segment_sample {
    struct segment_person *people;
    size_t count;
};
void segment_sample_release(struct segment_sample *s);

/* The funnel: everybody, then the count after the first 1, 2, ... children of the top `all`. */
struct segment_funnel {
    int64_t *counts; /* counts[0] everybody; owned */
    size_t count;
};
void segment_funnel_release(struct segment_funnel *f);

/* How two segments overlap; what is in one alone is its count less `both`. */
struct segment_overlap {
    int64_t a, b, both;
};
/* Criteria made of two: who is in both, in at least one, in the first and not in the second. */
enum segment_combination { COMBINE_ALL, COMBINE_ANY, COMBINE_WITHOUT };
/* A new reference; the parts are shared. It may be nested too deep: criteria_from_json() tells. */
json_t *segment_combine(enum segment_combination how, json_t *a, json_t *b);

/* The criteria as an English sentence with the cut-off instants. */
void segment_explain(const struct criteria *c, const struct segment_env *env, struct buf *out);

struct segment_reason { /* one leaf */
    char *pointer;      /* where it stands */
    char *sentence;     /* "last contact is older than 7 days (before 2026-11-16T09:00:00Z)" */
    bool holds;
    char *fact; /* what it looked at: "last contact 2026-11-20T10:00:00Z", "never contacted" */
};
struct segment_why {
    bool in_segment;
    struct segment_reason *reasons;
    size_t count;
};
/* ERR_NOT_FOUND when there is no such customer. */
bool segment_why(struct db *db, const struct criteria *c, const struct segment_env *env,
                 const struct key *customer, struct segment_why *out, struct error *err) MUST_CHECK;
void segment_why_release(struct segment_why *w);

/* Saved segments. `ledger` is a writing connection. */
bool segment_save(struct db *ledger, const char *name, const struct criteria *c, int64_t now_s,
                  struct error *err) MUST_CHECK;
/* Drafts of campaigns that name it follow. ERR_CONFLICT: there is another of that name. */
bool segment_rename(struct db *ledger, const char *name, const char *to,
                    struct error *err) MUST_CHECK;
bool segment_delete(struct db *ledger, const char *name, struct error *err) MUST_CHECK;
struct saved_segment {
    char *name;
    json_t *criteria;
    int64_t updated_at;
};
bool segment_saved_list(struct db *db, struct saved_segment **out, size_t *count,
                        struct error *err) MUST_CHECK;
void segment_saved_list_release(struct saved_segment *list, size_t count);

#endif
