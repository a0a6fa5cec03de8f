/* When a campaign will be done. */
#ifndef CANVASS_CORE_CAMPAIGN_FINISH_H
#define CANVASS_CORE_CAMPAIGN_FINISH_H

#include "core/campaign/campaign.h"

/*
 * `segments` SMS segments from now (or the scheduled start) at the configured rate, in the hours
 * that are open where the business is. 0: cannot be said.
 */
int64_t finish_estimate(const struct config *config, const struct campaign *c, int64_t now_s,
                        int64_t segments);
/*
 * The slowest of the sender's, the account's and the campaign's limit (c NULL: of the first two),
 * in segments a second; 0: none is set.
 */
double finish_rate(const struct config *config, const struct campaign *c);

#endif
