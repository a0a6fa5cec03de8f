/*
 * A/B variants: exact shares, and which recipient gets which. The choice depends on the campaign's
 * uuid and the order of the recipients alone, so the review and the launch agree.
 */
#ifndef CANVASS_CORE_CAMPAIGN_SPLIT_H
#define CANVASS_CORE_CAMPAIGN_SPLIT_H

#include <stdint.h>

#include "core/campaign/campaign.h"
#include "core/campaign/spec.h"

/*
 * shares[i] of total by the weights, to one person: every share is its quota cut off, and what is
 * left goes to the largest remainders (the first of equal ones).
 */
void split_shares(const struct campaign_variant *variants, size_t count, int64_t total,
                  int64_t *shares);

struct split {
    int64_t left[SPEC_VARIANT_MAX]; /* of each variant */
    size_t count;
    int64_t total_left;
    uint64_t state;
};
void split_begin(struct split *s, const struct campaign *c, int64_t total);
/*
 * The variant of the next recipient. Every order that gives the exact shares is equally likely, so
 * each variant's recipients are a random sample. More calls than the total give variant 0.
 */
size_t split_next(struct split *s);

#endif
