/*
 * Counts, ids, recipients, samples and the funnel by SQL alone: one statement each over the
 * condition. What segment.h promises, word for word; preview.c answers from the column index where
 * it can, and asks here where it cannot. Tests and the bench ask here too.
 */
#ifndef CANVASS_CORE_SEGMENT_PREVIEW_SQL_H
#define CANVASS_CORE_SEGMENT_PREVIEW_SQL_H

#include "core/segment/compile.h"
#include "core/segment/segment.h"

bool segment_sql_count(struct db *db, const struct criteria *c, const struct segment_env *env,
                       int64_t *matched, struct error *err) MUST_CHECK;
bool segment_sql_reach(struct db *db, const struct criteria *c, const struct segment_env *env,
                       const char *channel, struct reach *out, struct error *err) MUST_CHECK;
bool segment_sql_each_id(struct db *db, const struct criteria *c, const struct segment_env *env,
                         bool (*each)(void *ctx, const struct key *key), void *ctx,
                         struct error *err) MUST_CHECK;
bool segment_sql_each_recipient(struct db *db, const struct criteria *c,
                                const struct segment_env *env, const char *channel,
                                bool (*each)(void *ctx, const struct segment_recipient *r),
                                void *ctx, struct error *err) MUST_CHECK;
bool segment_sql_sample(struct db *db, const struct criteria *c, const struct segment_env *env,
                        const char *channel, size_t limit, uint64_t seed,
                        struct segment_sample *out, struct error *err) MUST_CHECK;
bool segment_sql_funnel(struct db *db, const struct criteria *c, const struct segment_env *env,
                        struct segment_funnel *out, struct error *err) MUST_CHECK;

/* Row ids (replica.customer.id) for which one leaf holds, in any order. */
bool segment_sql_each_row(struct db *db, const struct leaf *leaf, const struct segment_env *env,
                          void (*each)(void *ctx, int64_t id), void *ctx,
                          struct error *err) MUST_CHECK;

#endif
