/*
 * SMS through Twilio's Messages API (providers.md 1): create, and the list that tells whether an
 * attempt whose answer was lost has been accepted.
 */
#ifndef CANVASS_NET_TWILIO_SMS_H
#define CANVASS_NET_TWILIO_SMS_H

#include "core/base/buf.h"
#include "core/config/config.h"
#include "core/port/net.h"
#include "net/http.h"

struct twilio_sms; /* account, sender, limits; and what is under way */

/* Copies what it needs. handlers is borrowed and read at the end of each call. ERR_INVALID when the
 * configuration is not enough to send. */
struct twilio_sms *twilio_sms_new(struct http_client *http, const struct config *config,
                                  const struct net_handlers *handlers,
                                  struct error *err) MUST_CHECK;
/* After http_client_free(): nothing under way may call back any more. */
void twilio_sms_free(struct twilio_sms *t);
const char *twilio_sms_sender(const struct twilio_sms *t);
size_t twilio_sms_room(const struct twilio_sms *t);
size_t twilio_sms_in_flight(const struct twilio_sms *t);
bool twilio_sms_send(struct twilio_sms *t, const struct sms_request *request,
                     struct error *err) MUST_CHECK;
bool twilio_sms_look_up(struct twilio_sms *t, const struct sms_lookup *lookup,
                        struct error *err) MUST_CHECK;

/* --- the parts that are only text; here for the tests */

/* The form of a create. */
void twilio_sms_form(const struct twilio_sms *t, const struct sms_request *request,
                     struct buf *out);
/* What the answer to a create means. Fills everything but attempt_id. */
void twilio_sms_judge(const struct http_answer *answer, struct sms_result *out);
/* "Mon, 23 Nov 2026 09:00:00 +0000" */
bool twilio_time_parse(const char *text, int64_t *utc_s) MUST_CHECK;

#endif
