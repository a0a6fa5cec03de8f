/* The review inside of a launch: whom it looks at is frozen in the same walk. */
#ifndef CANVASS_CORE_CAMPAIGN_REVIEW_H
#define CANVASS_CORE_CAMPAIGN_REVIEW_H

#include "core/campaign/launch.h"

struct review_sink {
    /*
     * Every recipient in order, with the variant that the split gives him. so_far: the reach, and
     * every check that needs no look at people. False: stop, and the review fails; err says why.
     */
    bool (*each)(void *ctx, const struct launch_review *so_far, const struct segment_recipient *r,
                 size_t variant, struct error *err);
    void *ctx;
};
/* launch_review() of the campaign as db has it now, which c is; sink may be NULL. */
bool launch_review_into(struct db *db, const struct config *config, const struct campaign *c,
                        int64_t now_s, const struct review_sink *sink, struct launch_review *out,
                        struct error *err) MUST_CHECK;

#endif
