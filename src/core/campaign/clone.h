/*
 * The family of a campaign: all that are linked by cloning. Nobody is reached by two of a family
 * by accident: neither a customer nor an address that another of them contacted, may have contacted
 * (sending, in doubt) or is going to contact (queued, retry_wait). Failed and skipped ones are
 * free.
 */
#ifndef CANVASS_CORE_CAMPAIGN_CLONE_H
#define CANVASS_CORE_CAMPAIGN_CLONE_H

#include "core/campaign/campaign.h"
#include "core/segment/segment.h"

/* Inserts the clone's row with its audit, in one transaction (campaign.c). */
bool campaign_create_clone(struct db *ledger, const struct config *config, const json_t *spec,
                           int64_t original, int64_t now_s, int64_t *id,
                           struct error *err) MUST_CHECK;
/*
 * The relatives whose people are to be left out. One that the criteria ask for by name
 * ({"contacted_by": {"campaign": 7, ...}} outside of a not) is meant, not an accident: it is not
 * among them. *ids: caller frees.
 */
bool campaign_family_left_out(struct db *db, int64_t id, const struct criteria *criteria,
                              int64_t **ids, size_t *count, struct error *err) MUST_CHECK;

#endif
