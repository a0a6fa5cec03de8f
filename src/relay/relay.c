#include "relay/relay.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "relay/counters.h"
#include "relay/reader.h"
#include "relay/relay_store.h"
#include "relay/routes.h"
#include "relay/sources.h"
#include "relay/writer.h"
#include "serve/http_server.h"

enum { BODY_BYTES_MAX = 64 * 1024 }; /* Twilio's own limit */

struct relay {
    struct relay_store *write_store; /* the writer thread's */
    struct relay_store *read_store;  /* the reader thread's */
    struct writer *writer;
    struct reader *reader;
    struct http_server *server;
    struct sources *sources;
    struct relay_counters counters;
    struct routes routes;
    char *public_url; /* owned */
};

static void
on_commit(void *ctx)
{
    struct relay *relay = ctx;

    reader_wake(relay->reader);
}

static bool
start_threads(struct relay *relay, const struct relay_config *config, struct error *err)
{
    relay->write_store = relay_store_open(config->database, err);
    if (!relay->write_store)
        return false;
    relay->read_store = relay_store_open_reader(config->database, err);
    if (!relay->read_store)
        return false;
    relay->reader = reader_start(&(struct reader_options){.store = relay->read_store,
                                                          .counters = &relay->counters,
                                                          .database = config->database},
                                 err);
    if (!relay->reader)
        return false;
    relay->writer = writer_start(&(struct writer_options){.store = relay->write_store,
                                                          .counters = &relay->counters,
                                                          .on_commit = on_commit,
                                                          .ctx = relay},
                                 err);
    return relay->writer != NULL;
}

struct relay *
relay_start(const struct relay_config *config, struct error *err)
{
    struct relay *relay = mem_alloc(sizeof *relay);

    if (!start_threads(relay, config, err))
        goto bad;
    routes_name_paths(&relay->counters);
    relay->sources = sources_new((int)config->failures_per_minute);
    relay->routes = (struct routes){.twilio_token = config->twilio_token,
                                    .token = config->token,
                                    .writer = relay->writer,
                                    .reader = relay->reader,
                                    .counters = &relay->counters,
                                    .sources = relay->sources};
    relay->server = http_server_start(
        &(struct http_server_options){.listen = config->listen,
                                      .max_body_bytes = BODY_BYTES_MAX,
                                      .max_connections = (unsigned)config->connections,
                                      .max_per_source = (unsigned)config->connections_per_source,
                                      .idle_timeout_s = (unsigned)config->idle_seconds,
                                      .request_timeout_s = (unsigned)config->request_seconds,
                                      .trusted_proxies = config->trusted,
                                      .trusted_count = config->trusted_count,
                                      .counters = &relay->counters.server,
                                      .handle = routes_handle,
                                      .on_answered = routes_answered,
                                      .ctx = &relay->routes},
        err);
    if (!relay->server)
        goto bad;
    if (config->public_url) {
        relay->public_url = mem_strdup(config->public_url);
    } else {
        size_t host = strrchr(config->listen, ':') - config->listen;

        relay->public_url = mem_printf("http://%.*s:%u", (int)host, config->listen,
                                       http_server_port(relay->server));
    }
    routes_open(&relay->routes, relay->public_url);
    return relay;
bad:
    relay_stop(relay);
    return NULL;
}

void
relay_stop(struct relay *relay)
{
    if (!relay)
        return;
    routes_close(&relay->routes); /* what comes now gets 503 and is retried */
    if (relay->writer)
        writer_stop(relay->writer);
    if (relay->reader)
        reader_stop(relay->reader);
    http_server_stop(relay->server);
    writer_free(relay->writer);
    reader_free(relay->reader);
    relay_store_close(relay->read_store);
    relay_store_close(relay->write_store); /* the last one to close checkpoints the log */
    sources_free(relay->sources);
    free(relay->public_url);
    free(relay);
}

uint16_t
relay_port(const struct relay *relay)
{
    return http_server_port(relay->server);
}

const char *
relay_public_url(const struct relay *relay)
{
    return relay->public_url;
}
