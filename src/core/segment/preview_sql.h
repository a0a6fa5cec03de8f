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

/* Row ids (replica.customer.id) for which one leaf holds, in any order, some more than once. */
bool segment_sql_each_row(struct db *db, const struct leaf *leaf, const struct segment_env *env,
                          void (*each)(void *ctx, int64_t id), void *ctx,
                          struct error *err) MUST_CHECK;

/* Whether a leaf holds for each of these customers. */
bool segment_sql_judge(struct db *db, const struct leaf *leaf, const struct segment_env *env,
                       const int64_t *ids, size_t count,
                       void (*each)(void *ctx, int64_t id, bool holds), void *ctx,
                       struct error *err) MUST_CHECK;

/* 0 sms, 1 voice, 2 email; false: no such channel, which err says. */
enum { CHANNEL_SMS, CHANNEL_VOICE, CHANNEL_EMAIL, CHANNEL_COUNT };
bool segment_channel_find(const char *channel, size_t *out, struct error *err) MUST_CHECK;

/*
 * What bars customers (row ids), address or not: bit 0, 1, 2: opted out of sms, voice, email; bit
 * 3, 4: the phone, the email is at the frequency cap.
 */
enum { BARRED_PHONE_CAPPED = 3, BARRED_EMAIL_CAPPED = 4, BARRED_COUNT = 5 };
bool segment_sql_barred(struct db *db, const struct segment_env *env, const int64_t *ids,
                        size_t count, void (*each)(void *ctx, int64_t id, unsigned barred),
                        void *ctx, struct error *err) MUST_CHECK;

/* In the order in which reach counts them, but the last two. */
enum reach_kind { REACH_NO_ADDRESS, REACH_OPTED_OUT, REACH_CAPPED, REACH_LEFT, REACH_DUPLICATE };
const char *segment_reach_word(enum reach_kind kind);

/*
 * The people with these row ids, in this order; reach[i] is enum reach_kind (NULL: none is asked).
 */
bool segment_sql_people(struct db *db, const int64_t *ids, const uint8_t *reach, size_t count,
                        struct segment_sample *out, struct error *err) MUST_CHECK;
/* Keys and addresses of these, in this order. Stops early when each() returns false. */
bool segment_sql_addresses(struct db *db, const char *channel, const int64_t *ids, size_t count,
                           bool (*each)(void *ctx, const struct segment_recipient *r), void *ctx,
                           struct error *err) MUST_CHECK;
/* The place in the order of a sample: less is earlier, ties by key (seed > 0). */
struct sample_order {
    int64_t a, b, d;
};
struct sample_order sample_order_of(uint64_t seed);
int64_t sample_order_place(const struct sample_order *o, int64_t id);

#endif
