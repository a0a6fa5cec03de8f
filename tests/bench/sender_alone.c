/*
 * canvass's own way to the provider with nothing behind it: no claim, no ledger, no evidence, no
 * question before a message leaves. What of the engine's speed its calls alone allow.
 *
 *   sender_alone N CONNECTIONS BASE_URL ACCOUNT_SID AUTH_TOKEN FROM RELAY_URL
 *
 * Silent; the provider measures.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/config/config.h"
#include "net/open.h"

struct tally {
    int64_t ended, accepted;
};

static void
on_done(void *ctx, const struct sms_result *result)
{
    struct tally *t = ctx;

    t->ended++;
    t->accepted += result->outcome == SEND_ACCEPTED;
}

static void
set(char **field, const char *value)
{
    free(*field);
    *field = mem_strdup(value);
}

static bool
send_next(const struct net_port *net, int64_t id, struct error *err)
{
    char uid[UUID_SIZE];
    char to[16];
    const struct sms_request request = {
        .attempt_id = id,
        .attempt_uid = uid,
        .to = to,
        .body = "Hi Maria, Harbour Clinic. Reply STOP to opt out.",
    };

    random_uuid(uid);
    (void)snprintf(to, sizeof to, "+1646555%04d", (int)(id % 10000));
    return net->sms_send(net->ctx, &request, err);
}

int
main(int argc, char **argv)
{
    struct config config = {0};
    struct net_port net = {0};
    struct error err = {0};
    struct tally tally = {0};
    const struct net_handlers handlers = {.ctx = &tally, .sms_done = on_done};
    int64_t total;

    if (argc != 8) {
        (void)fprintf(stderr, "usage: sender_alone N CONNECTIONS BASE_URL ACCOUNT_SID AUTH_TOKEN "
                              "FROM RELAY_URL\n");
        return 2;
    }
    config_init_defaults(&config);
    total = strtoll(argv[1], NULL, 10);
    config.sms.max_connections = strtoll(argv[2], NULL, 10);
    set(&config.sms.base_url, argv[3]);
    set(&config.sms.account_sid, argv[4]);
    set(&config.sms.auth_token, argv[5]);
    set(&config.sms.from, argv[6]);
    set(&config.relay.public_url, argv[7]);
    if (!net_open(&config, &net, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    net.set_handlers(net.ctx, &handlers);
    for (int64_t ordered = 0; tally.ended < total;) {
        while (ordered < total && net.sms_room(net.ctx) > 0)
            if (!send_next(&net, ++ordered, &err)) {
                (void)fprintf(stderr, "%s\n", err.text);
                return 1;
            }
        net.pump(net.ctx, 1000);
    }
    net.close(net.ctx);
    config_release(&config);
    if (tally.accepted == total)
        return 0;
    (void)fprintf(stderr, "%" PRId64 " of %" PRId64 " were accepted\n", tally.accepted, total);
    return 1;
}
