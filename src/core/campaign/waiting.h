/* Why nothing goes out, in words: for `campaign show` and for screens. */
#ifndef CANVASS_CORE_CAMPAIGN_WAITING_H
#define CANVASS_CORE_CAMPAIGN_WAITING_H

#include "core/campaign/campaign.h"

/*
 * One line per reason that can be known, ended by a line end each; nothing when messages should be
 * going out (or have all gone). db: ledger or reader.
 */
bool campaign_why_waiting(struct db *db, const struct config *config, const struct campaign *c,
                          int64_t now_s, struct buf *out, struct error *err) MUST_CHECK;

#endif
