#include "net/twilio_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "net/twilio_private.h"

enum {
    PAGE_SIZE = 100,  /* texts of 1,600 characters, escaped, still fit HTTP_ANSWER_MAX */
    PAGES_MAX = 5000, /* of each question */
    CLOCK_SKEW_S = 120,
};

struct history {
    int64_t since_s;
    bool received; /* what people wrote to us, not what we sent */
    struct twilio_pages pages;
};

static void
end_with(struct twilio_sms *t, const char *error)
{
    const struct net_handlers *h = t->handlers;
    struct sms_history_page page = {.end = true};

    (void)text_copy(page.error, sizeof page.error, error);
    twilio_history_free(t);
    if (h->history_page)
        h->history_page(h->ctx, &page);
}

/* *before: it is older than what is asked. NULL: read; else why the list proves nothing. */
static const char *
read_row(const struct history *h, const json_t *row, struct sms_sent *out, bool *ours, bool *before)
{
    const char *direction = json_string_value(json_object_get(row, "direction"));
    const char *to = json_string_value(json_object_get(row, "to"));
    const char *created = json_string_value(json_object_get(row, "date_created"));
    struct sms_found found;

    *before = false;
    *ours = false;
    *out = (struct sms_sent){0};
    if (!direction || !to || !twilio_time_parse(created, &out->at_s))
        return "Twilio's list holds a row that cannot be read";
    *before = out->at_s < h->since_s - CLOCK_SKEW_S;
    *ours = !*before && strcmp(direction, h->received ? "inbound" : "outbound-api") == 0;
    if (!*ours)
        return NULL;
    out->from = json_string_value(json_object_get(row, "from"));
    out->body = json_string_value(json_object_get(row, "body"));
    if (h->received && (!out->from || !out->body)) /* redacted: nobody knows what it says */
        return "Twilio's list hides who wrote, or what";
    if (!twilio_copy_message(row, &found) || strlen(to) >= sizeof out->to)
        return "Twilio's list holds a row without a message id";
    (void)text_copy(out->provider_id, sizeof out->provider_id, found.provider_id);
    (void)text_copy(out->status, sizeof out->status, found.status);
    (void)text_copy(out->to, sizeof out->to, to);
    return NULL;
}

static void on_page(void *ctx, const struct http_answer *answer);

static bool
start_page(struct twilio_sms *t, const char *url, struct error *err)
{
    struct http_request r;

    twilio_request(t, url, &r);
    r.done = on_page;
    r.ctx = t;
    return http_client_start(t->http, &r, err);
}

/* The next page, the second question, or the end. */
static void
go_on(struct twilio_sms *t, const json_t *page, bool past)
{
    struct error err = {0};
    const char *why = NULL;
    char *url = NULL;

    if (!twilio_pages_next(t, &t->history->pages, page, past, &url, &why))
        end_with(t, why);
    else if (!url)
        end_with(t, "");
    else if (!start_page(t, url, &err))
        end_with(t, err.text);
    free(url);
}

/* sent: room for every row of the page. */
static const char *
read_rows(const struct history *h, const json_t *rows, struct sms_sent *sent, size_t *count,
          bool *past)
{
    const char *why = NULL;

    *past = true;
    *count = 0;
    for (size_t i = 0; !why && i < json_array_size(rows); i++) {
        bool ours = false;
        bool before = false;

        why = read_row(h, json_array_get(rows, i), &sent[*count], &ours, &before);
        *count += !why && ours;
        *past = *past && before;
    }
    return why;
}

static void
on_page(void *ctx, const struct http_answer *answer)
{
    struct twilio_sms *t = ctx;
    struct sms_history_page page = {0};
    struct sms_sent *sent = NULL;
    char text[200] = "";
    json_t *document = twilio_list_page(answer, text);
    const json_t *rows = json_object_get(document, "messages");
    const char *why = document ? NULL : text;
    bool past = true;

    if (document) {
        sent = mem_calloc(json_array_size(rows) + 1, sizeof *sent);
        why = read_rows(t->history, rows, sent, &page.count, &past);
        page.rows = sent;
    }
    if (page.count > 0 && t->handlers->history_page)
        t->handlers->history_page(t->handlers->ctx, &page);
    if (why)
        end_with(t, why);
    else
        go_on(t, document, past);
    free(sent);
    json_decref(document);
}

bool
twilio_history_start(struct twilio_sms *t, int64_t since_s, bool received, struct error *err)
{
    struct civil day = utime_to_civil(since_s - DAY_S);
    /* A service's numbers are not known here: then the direction of each row tells. */
    const char *number = t->by_service ? NULL : t->sender;
    struct twilio_question question = {
        .to = received ? number : NULL, .from = received ? NULL : number, .page_size = PAGE_SIZE};
    char text[32];
    char *url;
    bool ok;

    if (t->history)
        return error_set(err, ERR_CONFLICT, "the provider's list is being read already");
    (void)snprintf(text, sizeof text, "%04lld-%02d-%02d", (long long)day.year, day.month, day.day);
    t->history = mem_alloc(sizeof *t->history);
    *t->history = (struct history){
        .since_s = since_s,
        .received = received,
        .pages = {.first_url = twilio_list_url(t, &question), .by_day = true, .most = PAGES_MAX}};
    question.day = text;
    url = twilio_list_url(t, &question);
    ok = start_page(t, url, err);
    free(url);
    if (!ok)
        twilio_history_free(t);
    return ok || error_wrap(err, "read the provider's list");
}

void
twilio_history_free(struct twilio_sms *t)
{
    if (!t->history)
        return;
    free(t->history->pages.first_url);
    free(t->history);
    t->history = NULL;
}
