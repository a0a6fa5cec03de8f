#include "net/relay_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"

#define EVENTS_MAX 500
#define WAIT_MAX_S 25 /* the relay holds no longer */
#define CURSOR_MAX 200
#define STATES_MAX 64
#define ANSWER_S 20 /* beyond the wait itself */

struct relay_client {
    struct http_client *http;            /* borrowed */
    const struct net_handlers *handlers; /* borrowed */
    char *url, *token;
    struct poll {
        struct relay_client *client; /* the poll has a ctx of its own: it can be dropped alone */
    } poll;
    bool polling;
    char *cursor; /* of the poll under way */
    int limit;    /* goes down while answers are over the cap, and up again */
};

static void
tell(struct relay_client *r, struct relay_batch *batch, const char *error)
{
    r->polling = false;
    if (error)
        (void)text_copy(batch->error, sizeof batch->error, error);
    if (r->handlers->relay_done)
        r->handlers->relay_done(r->handlers->ctx, batch);
}

static bool
read_time(const json_t *v, int64_t *out)
{
    const char *text = json_string_value(v);

    if (json_is_integer(v))
        *out = json_integer_value(v);
    else if (!text || !utime_parse_rfc3339(text, strlen(text), out))
        return false;
    return *out > 0;
}

/* Texts are borrowed from the document. An event with a missing field spoils the batch: nothing of
 * it may be applied, or the cursor would pass over the event. */
static bool
read_event(const json_t *row, struct relay_event *out)
{
    const json_t *body = json_object_get(row, "body");

    out->seq = json_integer_value(json_object_get(row, "seq"));
    out->kind = json_string_value(json_object_get(row, "kind"));
    out->url = json_string_value(json_object_get(row, "url"));
    out->signature = json_string_value(json_object_get(row, "signature"));
    out->body = json_string_value(body);
    out->body_len = json_string_length(body);
    return out->seq > 0 && out->kind && out->url && out->signature && out->body &&
           read_time(json_object_get(row, "received_at"), &out->received_at_s);
}

/* What cannot be read is left out: it only makes a copy of the ledger be seen for what it is. */
static size_t
read_states(const json_t *rows, struct relay_state out[STATES_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(rows) && count < STATES_MAX; i++) {
        const json_t *row = json_array_get(rows, i);

        out[count].id = json_string_value(json_object_get(row, "state"));
        out[count].fence = json_integer_value(json_object_get(row, "fence"));
        out[count].attempt = json_integer_value(json_object_get(row, "attempt"));
        count += out[count].id ? 1 : 0;
    }
    return count;
}

static void
on_events(struct relay_client *r, const struct http_answer *answer)
{
    struct relay_batch batch = {0};
    struct relay_event *events = NULL;
    struct relay_state states[STATES_MAX];
    json_t *doc = json_loadb(answer->body, answer->body_len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *rows = json_object_get(doc, "events");
    const json_t *more = json_object_get(doc, "more");
    size_t n = json_array_size(rows);
    bool ok = false;

    batch.next = json_string_value(json_object_get(doc, "next"));
    ok = json_is_array(rows) && json_is_boolean(more) && batch.next &&
         strlen(batch.next) <= CURSOR_MAX && n <= EVENTS_MAX;
    events = mem_calloc(ok && n ? n : 1, sizeof *events);
    for (size_t i = 0; ok && i < n; i++)
        ok = read_event(json_array_get(rows, i), &events[i]) &&
             (i == 0 || events[i].seq > events[i - 1].seq);
    if (ok) {
        batch.ok = true;
        batch.events = events;
        batch.count = n;
        batch.more = json_is_true(more);
        batch.states = states;
        batch.state_count = read_states(json_object_get(doc, "states"), states);
        tell(r, &batch, NULL);
    } else {
        batch.next = NULL;
        tell(r, &batch, "the relay's answer cannot be read; nothing of it was applied");
    }
    free(events);
    json_decref(doc);
}

static void
on_gone(struct relay_client *r, const struct http_answer *answer)
{
    json_t *doc = json_loadb(answer->body, answer->body_len, 0, NULL);
    struct relay_batch batch = {.cursor_lost = true};

    batch.next = json_string_value(json_object_get(doc, "oldest"));
    if (batch.next && strlen(batch.next) > CURSOR_MAX)
        batch.next = NULL;
    if (!batch.next)
        batch.next = ""; /* from the start of what it still has */
    tell(r, &batch, "the relay no longer has the events behind our cursor");
    json_decref(doc);
}

static bool start_poll(struct relay_client *r, int wait_s, struct error *err);

static void
on_poll(void *ctx, const struct http_answer *answer)
{
    const struct poll *poll = ctx;
    struct relay_client *r = poll->client;
    struct relay_batch batch = {0};
    char text[200];

    if (answer->failure == HTTP_TOO_BIG && r->limit > 1) {
        struct error err = {0};

        r->limit = r->limit > 8 ? r->limit / 8 : 1;
        if (!start_poll(r, 0, &err))
            tell(r, &batch, err.text);
        return;
    }
    if (answer->failure != HTTP_OK) {
        (void)snprintf(text, sizeof text, "the relay: %s", answer->error);
        tell(r, &batch, text);
    } else if (answer->status == 200) {
        r->limit = r->limit < EVENTS_MAX / 2 ? r->limit * 2 : EVENTS_MAX;
        on_events(r, answer);
    } else if (answer->status == 410) {
        on_gone(r, answer);
    } else if (answer->status == 401 || answer->status == 403) {
        tell(r, &batch, "the relay refused our token; check relay.token_file here and there");
    } else {
        (void)snprintf(text, sizeof text, "the relay answered HTTP %d", answer->status);
        tell(r, &batch, text);
    }
}

static void
on_ack(void *ctx, const struct http_answer *answer)
{
    (void)ctx; /* it only lets the relay trim: the next one does it too */
    (void)answer;
}

static struct http_request
request_to(const struct relay_client *r, const char *url, int wait_s)
{
    return (struct http_request){.url = url,
                                 .bearer = r->token,
                                 .connect_ms = 10000,
                                 .stall_s = wait_s + ANSWER_S / 2,
                                 .total_ms = (int64_t)(wait_s + ANSWER_S) * 1000};
}

static bool
start_poll(struct relay_client *r, int wait_s, struct error *err)
{
    struct buf url = {0};
    struct http_request q = {0};
    bool ok = false;

    buf_printf(&url, "%s/v1/events?limit=%d&wait=%d&after=", r->url, r->limit, wait_s);
    http_escape(&url, r->cursor);
    q = request_to(r, buf_str(&url), wait_s);
    q.done = on_poll;
    q.ctx = &r->poll;
    ok = http_client_start(r->http, &q, err);
    buf_release(&url);
    return ok;
}

static bool
is_configured(const struct relay_client *r, struct error *err)
{
    if (!r->url[0])
        return error_set(err, ERR_INVALID, "no relay is configured: set relay.url");
    return true;
}

struct relay_client *
relay_client_new(struct http_client *http, const struct config *config,
                 const struct net_handlers *handlers)
{
    struct relay_client *r = mem_alloc(sizeof *r);
    size_t len = strlen(config->relay.url);

    while (len && config->relay.url[len - 1] == '/')
        len--;
    r->http = http;
    r->poll.client = r;
    r->handlers = handlers;
    r->url = mem_strndup(config->relay.url, len);
    r->token = mem_strdup(config->relay.token);
    r->limit = EVENTS_MAX;
    return r;
}

void
relay_client_free(struct relay_client *r)
{
    if (!r)
        return;
    explicit_bzero(r->token, strlen(r->token));
    free(r->token);
    free(r->url);
    free(r->cursor);
    free(r);
}

bool
relay_client_poll(struct relay_client *r, const char *cursor, int wait_s, struct error *err)
{
    if (!is_configured(r, err))
        return false;
    if (r->polling)
        return error_set(err, ERR_CONFLICT, "the relay is being asked already");
    free(r->cursor);
    r->cursor = mem_strdup(cursor ? cursor : "");
    if (!start_poll(r, wait_s < 0 ? 0 : wait_s > WAIT_MAX_S ? WAIT_MAX_S : wait_s, err))
        return error_wrap(err, "poll the relay");
    r->polling = true;
    return true;
}

void
relay_client_drop_poll(struct relay_client *r)
{
    http_client_drop(r->http, &r->poll);
    r->polling = false;
}

/* body NULL: it could not be made. Takes doc. */
static bool
post(struct relay_client *r, const char *path, json_t *doc, struct error *err)
{
    char *body = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    struct http_request q = {0};
    char *url = NULL;
    bool ok = false;

    json_decref(doc);
    if (!body)
        return error_set(err, ERR_INTERNAL, "what the relay is told is not UTF-8");
    url = mem_printf("%s%s", r->url, path);
    q = request_to(r, url, 0);
    q.content_type = "application/json";
    q.body = body;
    q.body_len = strlen(body);
    q.done = on_ack;
    q.ctx = r;
    ok = http_client_start(r->http, &q, err);
    free(url);
    free(body);
    return ok;
}

bool
relay_client_ack(struct relay_client *r, const char *cursor, struct error *err)
{
    return is_configured(r, err) &&
           (post(r, "/v1/ack", json_pack("{s:s}", "cursor", cursor), err) ||
            error_wrap(err, "acknowledge to the relay"));
}

bool
relay_client_tell(struct relay_client *r, const struct relay_state *state, struct error *err)
{
    return is_configured(r, err) &&
           (post(r, "/v1/state",
                 json_pack("{s:s, s:I, s:I}", "state", state->id, "fence", (json_int_t)state->fence,
                           "attempt", (json_int_t)state->attempt),
                 err) ||
            error_wrap(err, "tell the relay how far we are"));
}
