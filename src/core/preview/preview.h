/*
 * What a segment holds now: counts, reach, samples, recipients (semantics.md "Criteria", "Reach").
 * From the column index where it fits, else by SQL; the answers are the same. Every function reads
 * one connection from stores.h (ledger as main, replica attached) and one instant. Run several
 * inside db_begin_read()/db_rollback() to have one snapshot.
 */
#ifndef CANVASS_CORE_PREVIEW_PREVIEW_H
#define CANVASS_CORE_PREVIEW_PREVIEW_H

#include "core/segment/segment.h"

/* True when the column index answers for the connection now: counts take milliseconds. In a
 * transaction. */
bool segment_is_indexed(struct db *db);

bool segment_count(struct db *db, const struct criteria *c, const struct segment_env *env,
                   int64_t *matched, struct error *err) MUST_CHECK;
/* channel: "sms", "email" or "voice". matched = sum of the other five. */
bool segment_reach(struct db *db, const struct criteria *c, const struct segment_env *env,
                   const char *channel, struct reach *out, struct error *err) MUST_CHECK;
/* Keys of all who match, ascending. Stops early when each() returns false. */
bool segment_each_id(struct db *db, const struct criteria *c, const struct segment_env *env,
                     bool (*each)(void *ctx, const struct key *key), void *ctx,
                     struct error *err) MUST_CHECK;
/* Exactly the `reachable` of segment_reach, ascending by key. */
bool segment_each_recipient(struct db *db, const struct criteria *c, const struct segment_env *env,
                            const char *channel,
                            bool (*each)(void *ctx, const struct segment_recipient *r), void *ctx,
                            struct error *err) MUST_CHECK;
/* seed 0: the first by key; else another choice for each seed. channel NULL: reach is "". */
bool segment_sample(struct db *db, const struct criteria *c, const struct segment_env *env,
                    const char *channel, size_t limit, uint64_t seed, struct segment_sample *out,
                    struct error *err) MUST_CHECK;
/* The funnel: see struct segment_funnel. */
bool segment_funnel(struct db *db, const struct criteria *c, const struct segment_env *env,
                    struct segment_funnel *out, struct error *err) MUST_CHECK;
/* How two segments overlap. */
bool segment_compare(struct db *db, const struct criteria *a, const struct criteria *b,
                     const struct segment_env *env, struct segment_overlap *out,
                     struct error *err) MUST_CHECK;
/* Words (channel, outcome, status, ...) that no row of the replica holds: a warning, one line each.
 */
bool criteria_unknown_words(struct db *db, const struct criteria *c, struct buf *out,
                            struct error *err) MUST_CHECK;
/* Words that the replica holds for a VALUE_WORDS key, in order: suggestions. Caller frees all. */
struct leaf_key;
bool segment_words(struct db *db, const struct leaf_key *key, char ***out, size_t *count,
                   struct error *err) MUST_CHECK;

#endif
