#include <string.h>

#include "core/base/utime.h"
#include "sim/customer.h"
#include "sim/world.h"

static void
refuse(struct sim *sim, struct http_exchange *x, int status, const char *why)
{
    api_reply_json(sim, x, status, json_pack("{s:s}", "error", why));
}

static void
show_health(struct sim *sim, struct http_exchange *x)
{
    api_reply_json(sim, x, 200,
                   json_pack("{s:s,s:s,s:I,s:I,s:b}", "status", "ok", "version", CANVASS_VERSION,
                             "uptime_ms", (json_int_t)(utime_mono_ms() - sim->started_ms),
                             "waiting", (json_int_t)courier_waiting(sim->courier), "paused",
                             courier_is_paused(sim->courier)));
}

static void
show_ledger(struct sim *sim, struct http_exchange *x)
{
    json_t *out = ledger_summary(sim->ledger, strcmp(http_query(x), "brief=1") == 0);

    if (out)
        (void)json_object_set_new(out, "waiting",
                                  json_integer((json_int_t)courier_waiting(sim->courier)));
    api_reply_json(sim, x, 200, out);
}

static void
pause_callbacks(struct sim *sim, struct http_exchange *x)
{
    courier_pause(sim->courier);
    show_health(sim, x);
}

static void
resume_callbacks(struct sim *sim, struct http_exchange *x)
{
    courier_resume(sim->courier);
    show_health(sim, x);
}

/* {"from","to","body"[,"opt_out":true]}: a customer writes now. */
static void
write_now(struct sim *sim, struct http_exchange *x)
{
    size_t len;
    const char *body = http_body(x, &len);
    json_t *in = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
    const char *from, *to, *text;
    int opt_out = -1;

    if (!sim->options.inbound_url) {
        refuse(sim, x, 409, "there is no --inbound-url to post to");
    } else if (!in || json_unpack(in, "{s:s,s:s,s:s,s?b!}", "from", &from, "to", &to, "body", &text,
                                  "opt_out", &opt_out) != 0) {
        refuse(sim, x, 400, "wanted: {\"from\",\"to\",\"body\"} and perhaps \"opt_out\"");
    } else {
        const struct sim_message *message = ledger_inbound(
            sim->ledger, from, to, text, opt_out < 0 ? customer_means_stop(text) : opt_out > 0);

        courier_post_inbound(sim->courier, message);
        api_reply_json(sim, x, 202, json_pack("{s:s}", "sid", message->sid));
    }
    json_decref(in);
}

void
control_handle(struct sim *sim, struct http_exchange *x, const char *what)
{
    static const struct {
        const char *method, *what;
        void (*handle)(struct sim *sim, struct http_exchange *x);
    } routes[] = {
        {"GET", "health", show_health},
        {"GET", "ledger", show_ledger},
        {"POST", "inbound", write_now},
        {"POST", "pause-callbacks", pause_callbacks},
        {"POST", "resume-callbacks", resume_callbacks},
    };

    for (size_t i = 0; i < ARRAY_LEN(routes); i++)
        if (strcmp(routes[i].what, what) == 0) {
            if (strcmp(routes[i].method, http_method(x)) == 0)
                routes[i].handle(sim, x);
            else
                refuse(sim, x, 405, "method not allowed");
            return;
        }
    refuse(sim, x, 404, "no such page; docs/simulator.md names them");
}
