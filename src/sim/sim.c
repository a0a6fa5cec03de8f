#include "sim/sim.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "sim/loopback.h"
#include "sim/world.h"

#define MAX_BODY_BYTES 65536
#define MAX_AMOUNT 604800000 /* a week in ms */
#define MAX_CONNECTIONS 2048
#define IDLE_TIMEOUT_S 60

static bool
is_sid(const char *sid, const char *prefix)
{
    return sid && text_starts_with(sid, prefix) && strlen(sid) == 34 &&
           strspn(sid + 2, "0123456789abcdefABCDEF") == 32;
}

static bool
rates_are_valid(const struct sim_options *o, struct error *err)
{
    const struct {
        const char *name;
        double value;
    } rates[] = {
        {"fail-rate", o->fail_rate},
        {"lose-answer", o->lose_answer},
        {"html", o->html},
        {"drop-before", o->drop_before},
        {"error-500", o->error_500},
        {"rate-429", o->rate_429},
        {"list-error", o->list_error},
        {"callback-twice", o->callback_twice},
        {"callback-none", o->callback_none},
    };
    const struct {
        const char *name;
        int64_t value;
    } amounts[] = {
        {"latency-ms", o->latency_ms},
        {"list-lag-ms", o->list_lag_ms},
        {"callback-late-ms", o->callback_late_ms},
        {"max-per-second", o->max_per_second},
    };

    for (size_t i = 0; i < ARRAY_LEN(rates); i++)
        if (!(rates[i].value >= 0 && rates[i].value <= 1))
            return error_set(err, ERR_INVALID, "%s must be between 0 and 1", rates[i].name);
    for (size_t i = 0; i < ARRAY_LEN(amounts); i++)
        if (amounts[i].value < 0 || amounts[i].value > MAX_AMOUNT)
            return error_set(err, ERR_INVALID, "%s must be between 0 and %d", amounts[i].name,
                             MAX_AMOUNT);
    if (!(o->speed > 0 && o->speed <= 1e6))
        return error_set(err, ERR_INVALID, "speed must be more than 0, at most 1000000");
    return true;
}

static bool
options_are_valid(const struct sim_options *o, struct error *err)
{
    if (!o->listen || !loopback_is_listen(o->listen))
        return error_set(err, ERR_INVALID,
                         "the simulator listens on a loopback address only, such as 127.0.0.1:0");
    if (!is_sid(o->account_sid, "AC"))
        return error_set(err, ERR_INVALID, "the account sid is AC and 32 hexadecimal digits");
    if (text_is_blank(o->auth_token))
        return error_set(err, ERR_INVALID, "the auth token is missing");
    if (o->messaging_service && !is_sid(o->messaging_service, "MG"))
        return error_set(err, ERR_INVALID, "a messaging service is MG and 32 hexadecimal digits");
    if (o->from_count == 0)
        return error_set(err, ERR_INVALID, "at least one number to send from is needed");
    for (size_t i = 0; i < o->from_count; i++)
        if (o->from[i][0] != '+' ||
            strspn(o->from[i] + 1, "0123456789") != strlen(o->from[i]) - 1 ||
            strlen(o->from[i]) < 9 || strlen(o->from[i]) > 16)
            return error_set(err, ERR_INVALID, "\"%s\" is not a number like +13105550100",
                             o->from[i]);
    if (o->webhooks_via && !loopback_is_url(o->webhooks_via))
        return error_set(err, ERR_INVALID, "webhooks-via must be a URL on this machine");
    if (o->inbound_url && !loopback_url_is_valid(o->inbound_url))
        return error_set(err, ERR_INVALID, "the inbound URL is not an absolute http(s) URL");
    if (o->inbound_url && !o->webhooks_via && !loopback_is_url(o->inbound_url))
        return error_set(err, ERR_INVALID,
                         "the inbound URL must be on this machine: the simulator posts to "
                         "loopback addresses only (see --webhooks-via)");
    return rates_are_valid(o, err);
}

static char *
authorization_header(const struct sim_options *o)
{
    char *plain = mem_printf("%s:%s", o->account_sid, o->auth_token);
    size_t len = strlen(plain);
    char *encoded = mem_alloc(4 * (len / 3 + 1) + 1);
    char *out;

    (void)EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)plain, (int)len);
    out = mem_printf("Basic %s", encoded);
    free(plain);
    free(encoded);
    return out;
}

static void
sim_handle(void *ctx, struct http_exchange *x)
{
    api_handle(ctx, x);
}

struct sim *
sim_start(const struct sim_options *options, struct error *err)
{
    struct sim *sim = mem_alloc(sizeof *sim);
    struct http_server_options server = {
        .listen = options->listen,
        .max_body_bytes = MAX_BODY_BYTES,
        .max_connections = MAX_CONNECTIONS,
        .idle_timeout_s = IDLE_TIMEOUT_S,
        .handle = sim_handle,
        .ctx = sim,
    };

    sim->options = *options;
    if (sim->options.speed == 0)
        sim->options.speed = 1;
    sim->started_ms = utime_mono_ms();
    if (!options_are_valid(&sim->options, err))
        goto fail;
    sim->authorization = authorization_header(&sim->options);
    sim->ledger = ledger_open(sim->options.ledger_path, err);
    if (!sim->ledger)
        goto fail;
    sim->courier = courier_start(&sim->options, sim->ledger, err);
    if (!sim->courier)
        goto fail;
    sim->server = http_server_start(&server, err);
    if (!sim->server)
        goto fail;
    return sim;
fail:
    sim_stop(sim);
    return NULL;
}

void
sim_stop(struct sim *sim)
{
    if (!sim)
        return;
    courier_stop(sim->courier); /* first: it holds exchanges that the server must not free */
    if (sim->server)
        http_server_stop(sim->server);
    courier_free(sim->courier);
    ledger_close(sim->ledger);
    free(sim->authorization);
    free(sim);
}

uint16_t
sim_port(const struct sim *sim)
{
    return http_server_port(sim->server);
}
