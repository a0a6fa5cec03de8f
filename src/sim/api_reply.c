/* What the API answers with: texts, problems, the Message resource. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/utime.h"
#include "sim/world.h"

static void
reply_text(struct sim *sim, struct http_exchange *x, int status, const char *type, char *body,
           const char *retry_after)
{
    struct courier_answer answer = {
        .exchange = x,
        .status = status,
        .content_type = type,
        .body = body,
        .len = body ? strlen(body) : 0,
        .retry_after = retry_after,
    };

    courier_answer(sim->courier, utime_mono_ms() + sim->options.latency_ms, answer);
}

void
api_reply_json(struct sim *sim, struct http_exchange *x, int status, json_t *document)
{
    char *body = document ? json_dumps(document, JSON_COMPACT) : NULL;

    json_decref(document);
    if (!body) /* nothing that the API takes in is without a JSON form */
        abort();
    reply_text(sim, x, status, "application/json; charset=utf-8", body, NULL);
}

void
api_reply_problem(struct sim *sim, struct http_exchange *x, struct api_problem problem)
{
    char info[64];
    json_t *document;
    char *body;

    if (snprintf(info, sizeof info, "https://www.twilio.com/docs/errors/%d", problem.code) < 0)
        info[0] = '\0';
    document = json_pack("{s:i,s:s,s:s,s:i}", "code", problem.code, "message", problem.message,
                         "more_info", info, "status", problem.http);
    body = document ? json_dumps(document, JSON_COMPACT) : NULL;
    json_decref(document);
    if (!body)
        abort();
    reply_text(sim, x, problem.http, "application/json; charset=utf-8", body, problem.retry_after);
}

void
api_reply_html(struct sim *sim, struct http_exchange *x, int status)
{
    reply_text(sim, x, status, "text/html",
               mem_strdup("<html><head><title>Service unavailable</title></head><body>"
                          "<h1>We will be back soon</h1></body></html>\n"),
               NULL);
}

void
api_drop(struct sim *sim, struct http_exchange *x)
{
    reply_text(sim, x, 0, NULL, NULL, NULL);
}

/* --- the Message resource */

/* RFC 2822, always +0000. */
static json_t *
date_json(int64_t ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil c = utime_to_civil(ms / 1000);
    char text[64];

    if (ms == 0)
        return json_null();
    if (snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[c.weekday], c.day,
                 months[c.month - 1], (int)c.year, c.hour, c.minute, c.second) < 0)
        return json_null();
    return json_string(text);
}

static json_t *
number_text(int n)
{
    char text[16];

    return snprintf(text, sizeof text, "%d", n) < 0 ? json_null() : json_string(text);
}

json_t *
api_message_json(const struct sim *sim, const struct sim_message *message, int64_t now_ms)
{
    const struct sim_step *step = sim_message_step(message, now_ms);
    const char *account = sim->options.account_sid;
    char *uri = mem_printf(API_ACCOUNTS "%s/Messages/%s.json", account, message->sid);
    char *media = mem_printf(API_ACCOUNTS "%s/Messages/%s/Media.json", account, message->sid);
    bool undecided = message->via_service && step->status == SIM_ACCEPTED;
    json_t *out = json_pack(
        "{s:s,s:s,s:o,s:s,s:s,s:s,s:o,s:o,s:o?,s:n,s:s,s:o?,s:n}", "sid", message->sid,
        "account_sid", account, "from",
        undecided || !message->from ? json_null() : json_string(message->from), "to", message->to,
        "body", message->body, "status", sim_status_name(step->status), "num_segments",
        number_text(undecided ? 0 : message->segments), "num_media", number_text(message->media),
        "error_code", step->error_code ? json_integer(step->error_code) : json_null(),
        "error_message", "direction", message->inbound ? "inbound" : "outbound-api",
        "messaging_service_sid",
        message->via_service ? json_string(sim->options.messaging_service) : json_null(), "price");

    if (out) {
        (void)json_object_set_new(out, "price_unit", json_string("USD"));
        (void)json_object_set_new(out, "api_version", json_string("2010-04-01"));
        (void)json_object_set_new(out, "date_created", date_json(message->created_ms));
        (void)json_object_set_new(out, "date_updated", date_json(step->at_ms));
        (void)json_object_set_new(out, "date_sent",
                                  date_json(sim_message_sent_ms(message, now_ms)));
        (void)json_object_set_new(out, "uri", json_string(uri));
        (void)json_object_set_new(out, "subresource_uris", json_pack("{s:s}", "media", media));
    }
    free(uri);
    free(media);
    return out;
}
