/* What the parts of the simulator share. The server's thread runs the API; the courier has its own.
 */
#ifndef CANVASS_SIM_WORLD_H
#define CANVASS_SIM_WORLD_H

#include <jansson.h>
#include <stdint.h>

#include "serve/http_server.h"
#include "sim/courier.h"
#include "sim/ledger.h"
#include "sim/sim.h"

#define API_ACCOUNTS "/2010-04-01/Accounts/"

struct sim {
    struct sim_options options; /* texts borrowed from the caller */
    struct ledger *ledger;
    struct courier *courier;
    struct http_server *server;
    char *authorization; /* owned; what the Authorization header has to be */
    int64_t started_ms;
    /* server's thread */
    int64_t window_s; /* second (monotonic) that the rate limit is counted in */
    int64_t in_window;
    uint64_t accepted, lists;
};

/* Routes one request. Server's thread. */
void api_handle(struct sim *sim, struct http_exchange *x);
/* Messages.json, Messages/{Sid}.json; account and credentials are right already. */
void api_create_message(struct sim *sim, struct http_exchange *x);
void api_list_messages(struct sim *sim, struct http_exchange *x);
void api_fetch_message(struct sim *sim, struct http_exchange *x, const char *sid);
/* /sim/...; what is the rest of the path. */
void control_handle(struct sim *sim, struct http_exchange *x, const char *what);

/* --- api_reply.c: answers, all with the latency asked for; document is taken */
void api_reply_json(struct sim *sim, struct http_exchange *x, int status, json_t *document);
struct api_problem {
    int http, code;
    const char *message;
    const char *retry_after; /* or NULL */
};
void api_reply_problem(struct sim *sim, struct http_exchange *x, struct api_problem problem);
void api_reply_html(struct sim *sim, struct http_exchange *x, int status);
void api_drop(struct sim *sim, struct http_exchange *x);

/* The Message resource as it stands at that time; 0: as it began. */
json_t *api_message_json(const struct sim *sim, const struct sim_message *message, int64_t now_ms);

#endif
