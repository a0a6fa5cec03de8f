#include "net/open.h"

#include <pthread.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "core/base/mem.h"
#include "net/http.h"
#include "net/relay_client.h"
#include "net/sender.h"
#include "net/twilio_history.h"
#include "net/twilio_sms.h"

/* The long poll, an acknowledgement, a few look-ups. */
#define SPARE_CONNECTIONS 8

struct net {
    struct net_handlers handlers;
    struct http_client *http; /* of the engine's thread: relay, look-ups */
    struct twilio_sms *sms;   /* look-ups */
    struct sender *sender;
    struct relay_client *relay;
};

static pthread_mutex_t global_lock = PTHREAD_MUTEX_INITIALIZER;
static bool global_ready;

bool
net_global_init(struct error *err)
{
    bool ok = false;

    (void)pthread_mutex_lock(&global_lock);
    if (!global_ready)
        global_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    ok = global_ready;
    (void)pthread_mutex_unlock(&global_lock);
    return ok || error_set(err, ERR_INTERNAL, "the network library could not be started");
}

void
net_global_release(void)
{
    (void)pthread_mutex_lock(&global_lock);
    if (global_ready)
        curl_global_cleanup();
    global_ready = false;
    (void)pthread_mutex_unlock(&global_lock);
}

static void
port_set_handlers(void *ctx, const struct net_handlers *handlers)
{
    struct net *n = ctx;

    n->handlers = *handlers;
}

static const char *
port_sms_sender(void *ctx)
{
    const struct net *n = ctx;

    return sender_name(n->sender);
}

static size_t
port_sms_room(void *ctx)
{
    const struct net *n = ctx;

    return sender_room(n->sender);
}

static int64_t
port_sms_late_ms(void *ctx)
{
    const struct net *n = ctx;

    return sender_late_ms(n->sender);
}

static bool
port_sms_send(void *ctx, const struct sms_request *request, struct error *err)
{
    struct net *n = ctx;

    return sender_send(n->sender, request, err);
}

static bool
port_sms_lookup(void *ctx, const struct sms_lookup *lookup, struct error *err)
{
    struct net *n = ctx;

    return twilio_sms_look_up(n->sms, lookup, err);
}

static bool
port_sms_history(void *ctx, int64_t since_s, struct error *err)
{
    struct net *n = ctx;

    return twilio_history_start(n->sms, since_s, false, err);
}

static bool
port_sms_received(void *ctx, int64_t since_s, struct error *err)
{
    struct net *n = ctx;

    return twilio_history_start(n->sms, since_s, true, err);
}

static bool
port_relay_poll(void *ctx, const char *cursor, int wait_s, struct error *err)
{
    struct net *n = ctx;

    return relay_client_poll(n->relay, cursor, wait_s, err);
}

static void
port_relay_drop_poll(void *ctx)
{
    struct net *n = ctx;

    relay_client_drop_poll(n->relay);
}

static bool
port_relay_ack(void *ctx, const char *cursor, struct error *err)
{
    struct net *n = ctx;

    return relay_client_ack(n->relay, cursor, err);
}

static bool
port_relay_tell(void *ctx, const struct relay_state *state, struct error *err)
{
    struct net *n = ctx;

    return relay_client_tell(n->relay, state, err);
}

static size_t
port_in_flight(void *ctx)
{
    const struct net *n = ctx;

    return sender_in_flight(n->sender);
}

static void
port_pump(void *ctx, int timeout_ms)
{
    struct net *n = ctx;

    http_client_pump(n->http, sender_tell(n->sender) ? 0 : timeout_ms);
    (void)sender_tell(n->sender);
}

static void
port_wake(void *ctx)
{
    const struct net *n = ctx;

    http_client_wake(n->http);
}

static void
port_close(void *ctx)
{
    struct net *n = ctx;

    sender_free(n->sender); /* first: nothing calls back any more */
    http_client_free(n->http);
    twilio_sms_free(n->sms);
    relay_client_free(n->relay);
    free(n);
}

bool
net_open(const struct config *config, struct net_port *out, struct error *err)
{
    struct net *n = NULL;
    *out = (struct net_port){0};
    if (!net_global_init(err))
        return false;
    n = mem_alloc(sizeof *n);
    n->http = http_client_new(SPARE_CONNECTIONS, err);
    if (n->http)
        n->sms = twilio_sms_new(n->http, config, &n->handlers, err);
    if (n->sms)
        n->sender = sender_new(
            &(struct sender_options){
                .config = config, .handlers = &n->handlers, .wake = port_wake, .wake_ctx = n},
            err);
    if (!n->sender) {
        port_close(n);
        return false;
    }
    n->relay = relay_client_new(n->http, config, &n->handlers);
    *out = (struct net_port){.ctx = n,
                             .set_handlers = port_set_handlers,
                             .sms_sender = port_sms_sender,
                             .sms_room = port_sms_room,
                             .sms_late_ms = port_sms_late_ms,
                             .sms_send = port_sms_send,
                             .sms_lookup = port_sms_lookup,
                             .sms_history = port_sms_history,
                             .sms_received = port_sms_received,
                             .relay_poll = port_relay_poll,
                             .relay_drop_poll = port_relay_drop_poll,
                             .relay_ack = port_relay_ack,
                             .relay_tell = port_relay_tell,
                             .in_flight = port_in_flight,
                             .pump = port_pump,
                             .wake = port_wake,
                             .close = port_close};
    return true;
}
