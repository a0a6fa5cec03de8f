/*
 * What a provider's error code means for what happens next: the table data/twilio_errors.yaml, with
 * a default for each HTTP status. Words are ours, for people; the provider's own message is never
 * shown, since it may hold a phone number.
 */
#ifndef CANVASS_CORE_OUTBOX_PROVIDER_ERRORS_H
#define CANVASS_CORE_OUTBOX_PROVIDER_ERRORS_H

#include "core/port/net.h"

struct provider_error {
    int code; /* Twilio's */
    enum send_class klass;
    char *text; /* "not a mobile number" */
};

/* Reads the table that is built in; once, before it is asked. An error is our own mistake. */
bool provider_errors_init(struct error *err) MUST_CHECK;
void provider_errors_release(void); /* at the very end; nobody may ask any more */
/* NULL: the table does not know the code. Any thread after provider_errors_init(). */
const struct provider_error *provider_error_find(int code);
/* The class of a 4xx answer whose code is not in the table (or that has none). */
enum send_class provider_error_class_of_status(int http_status);

#endif
