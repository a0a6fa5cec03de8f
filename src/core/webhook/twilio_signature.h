/* X-Twilio-Signature (providers.md 2.3): verified by the relay and again by the console, made by
 * the simulator. */
#ifndef CANVASS_CORE_WEBHOOK_TWILIO_SIGNATURE_H
#define CANVASS_CORE_WEBHOOK_TWILIO_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>

struct form;

#define TWILIO_SIGNATURE_SIZE 32 /* base64 of 20 bytes, terminated */

/* form NULL: GET, or a JSON body (the URL alone is signed). */
void twilio_signature_make(const char *auth_token, const char *url, const struct form *form,
                           char out[TWILIO_SIGNATURE_SIZE]);
/*
 * Tries the URL as it is, without its port and with the default one; for a JSON body the URL
 * carries bodySHA256 and the body must match it. Compared in constant time. content_type may be
 * NULL.
 */
bool twilio_signature_verify(const char *auth_token, const char *url, const char *content_type,
                             const char *body, size_t body_len, const char *signature);

#endif
