/* The recipients of a launch, one by one: those of the segment less those whom its family reached.
 */
#ifndef CANVASS_CORE_CAMPAIGN_REACH_EACH_H
#define CANVASS_CORE_CAMPAIGN_REACH_EACH_H

#include "core/campaign/campaign.h"
#include "core/segment/segment.h"

struct launch_target {
    const struct campaign *c;
    struct criteria *criteria; /* owned */
    struct config config;      /* a shallow copy with the campaign's own frequency cap */
    struct segment_env env;    /* points at that copy: do not copy the struct */
    char *left_out;            /* owned; JSON list of relatives, NULL when there are none */
};
/*
 * Resolves the segment as db knows it and the family as ledger knows it (the same connection when
 * there is only one). c and config are borrowed. ERR_* of segment_resolve().
 */
bool launch_target_open(struct launch_target *t, struct db *db, struct db *ledger,
                        const struct config *config, const struct campaign *c, int64_t now_s,
                        struct error *err) MUST_CHECK;
void launch_target_release(struct launch_target *t);
/*
 * Reads the segment through db and the family's deliveries through ledger. *excluded counts whom
 * the family leaves out. Stops when each() returns false.
 */
bool launch_target_each(const struct launch_target *t, struct db *db, struct db *ledger,
                        bool (*each)(void *ctx, const struct segment_recipient *r), void *ctx,
                        int64_t *excluded, struct error *err) MUST_CHECK;

#endif
