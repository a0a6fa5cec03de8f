/*
 * All that an account's sender has sent since some time, from the provider's list, page by page:
 * what a ledger that was put back from a backup cannot know (providers.md 1.6).
 */
#ifndef CANVASS_NET_TWILIO_HISTORY_H
#define CANVASS_NET_TWILIO_HISTORY_H

#include "net/twilio_sms.h"

/*
 * One at a time; history_page of the handlers gets the pages, the last one with `end`. received:
 * what people wrote to the sender, instead: what a relay that is gone took with it.
 */
bool twilio_history_start(struct twilio_sms *t, int64_t since_s, bool received,
                          struct error *err) MUST_CHECK;
void twilio_history_free(struct twilio_sms *t);

#endif
