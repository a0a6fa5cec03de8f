/*
 * Reconciliation (providers.md 1.6): which messages to a number, with a given text and since a
 * given instant, does Twilio know? Asked twice: filtered by day, and without that filter, since a
 * message that is still queued has no DateSent.
 */
#ifndef CANVASS_NET_TWILIO_LIST_H
#define CANVASS_NET_TWILIO_LIST_H

#include "net/twilio_sms.h"

bool twilio_list_start(struct twilio_sms *t, const struct sms_lookup *lookup,
                       struct error *err) MUST_CHECK;
void twilio_list_free_all(struct twilio_sms *t);

#endif
