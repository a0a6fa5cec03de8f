/* The forms of Twilio's message webhooks (providers.md 2.1, 2.2). */
#ifndef CANVASS_SIM_WEBHOOK_H
#define CANVASS_SIM_WEBHOOK_H

#include "core/webhook/form.h"
#include "sim/ledger.h"
#include "sim/sim.h"

/* out is replaced; release with form_release(). */
void webhook_status_form(const struct sim_options *options, const struct sim_message *message,
                         const struct sim_step *step, struct form *out);
void webhook_inbound_form(const struct sim_options *options, const struct sim_message *message,
                          struct form *out);

/*
 * Twilio's connection overrides: "#rc=5&rp=all" behind a URL (providers.md 2.4). The fragment is
 * neither sent nor signed.
 */
struct webhook_retry {
    unsigned times;    /* rc: 0..5, default 1 */
    bool on_no_answer; /* ct, rt, all; the default */
    bool on_4xx, on_5xx;
    size_t url_len; /* of the URL without its fragment */
};
struct webhook_retry webhook_retry_parse(const char *url);
/* True when an answer (0: none) is to be followed by another try. */
bool webhook_retry_wanted(const struct webhook_retry *retry, unsigned tries, int http_status);

/* "http://127.0.0.1:8090" + path and query of url; or url itself when via is NULL. Caller frees. */
char *webhook_wire_url(const char *url, size_t url_len, const char *via);

#endif
