#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/webhook/form.h"
#include "sim/dice.h"
#include "sim/world.h"

#define DEFAULT_PAGE_SIZE 50
#define MAX_PAGE_SIZE 1000

struct list_query {
    const char *to, *from;              /* of the form; NULL: any */
    int64_t sent_from_s, sent_before_s; /* [from, before) */
    bool by_date;
    int64_t page_size, page;
    const char *token; /* sid of the last message of the page before */
};

/* A GMT day, or an instant; day gives [start, end) of what was named. */
static bool
parse_day(const char *text, int64_t *start_s, int64_t *end_s)
{
    if (strlen(text) == 10) {
        char *midnight = mem_printf("%sT00:00:00Z", text);
        bool ok = utime_parse_rfc3339(midnight, strlen(midnight), start_s);

        free(midnight);
        *end_s = *start_s + DAY_S;
        return ok;
    }
    *end_s = 1;
    if (!utime_parse_rfc3339(text, strlen(text), start_s))
        return false;
    *end_s += *start_s;
    return true;
}

static bool
read_field(struct list_query *query, const char *name, const char *value)
{
    int64_t start = 0, end = 0;
    bool dated = text_starts_with(name, "DateSent");

    if (dated && !parse_day(value, &start, &end))
        return false;
    if (dated)
        query->by_date = true;
    if (strcmp(name, "To") == 0)
        query->to = value;
    else if (strcmp(name, "From") == 0)
        query->from = value;
    else if (strcmp(name, "DateSent") == 0)
        query->sent_from_s = start, query->sent_before_s = end;
    else if (strcmp(name, "DateSent>") == 0)
        query->sent_from_s = start;
    else if (strcmp(name, "DateSent<") == 0)
        query->sent_before_s = end;
    else if (strcmp(name, "PageToken") == 0)
        query->token = value;
    else if (strcmp(name, "PageSize") == 0)
        return num_parse_i64(value, &query->page_size) && query->page_size >= 1;
    else if (strcmp(name, "Page") == 0)
        return num_parse_i64(value, &query->page) && query->page >= 0;
    else
        return false;
    return true;
}

static bool
is_listed(const struct sim *sim, const struct list_query *query, const struct sim_message *message,
          int64_t now_ms)
{
    int64_t sent_s;

    if (!message->inbound && now_ms - message->created_ms < sim->options.list_lag_ms)
        return false;
    if (!query->by_date)
        return true;
    sent_s = sim_message_sent_ms(message, now_ms) / 1000; /* 0 is never in a date filter */
    return sent_s > 0 && sent_s >= query->sent_from_s && sent_s < query->sent_before_s;
}

/* First message of the page: behind the token, or after page * page_size listed ones. */
static const struct sim_message *
page_start(struct sim *sim, const struct list_query *query, int64_t now_ms)
{
    const struct sim_message *message;
    int64_t skip = query->page * query->page_size;

    if (query->token && text_starts_with(query->token, "PA")) {
        message = ledger_find(sim->ledger, query->token + 2);
        return message ? ledger_next(sim->ledger, message, query->to, query->from) : NULL;
    }
    message = ledger_first(sim->ledger, query->to, query->from);
    while (message && skip > 0) {
        skip -= is_listed(sim, query, message, now_ms);
        message = ledger_next(sim->ledger, message, query->to, query->from);
    }
    return message;
}

/* The path of another page: the same filters, then page, size and token. */
static char *
page_uri(const struct sim *sim, const struct form *form, const struct list_query *query,
         int64_t page, const char *token_sid)
{
    struct form out = {0};
    struct buf text = {0};
    char *number;

    for (size_t i = 0; i < form->count; i++)
        if (!text_starts_with(form->fields[i].name, "Page"))
            form_add(&out, form->fields[i].name, form->fields[i].value);
    number = mem_printf("%lld", (long long)query->page_size);
    form_add(&out, "PageSize", number);
    free(number);
    number = mem_printf("%lld", (long long)page);
    form_add(&out, "Page", number);
    free(number);
    if (token_sid) {
        char *token = mem_printf("PA%s", token_sid);

        form_add(&out, "PageToken", token);
        free(token);
    }
    buf_printf(&text, "/2010-04-01/Accounts/%s/Messages.json?", sim->options.account_sid);
    form_encode(&out, &text);
    form_release(&out);
    return buf_take(&text);
}

static void
set_uri(json_t *out, const char *name, char *uri)
{
    (void)json_object_set_new(out, name, uri ? json_string(uri) : json_null());
    free(uri);
}

static void
reply_page(struct sim *sim, struct http_exchange *x, const struct form *form,
           const struct list_query *query)
{
    int64_t now = utime_now_ms();
    const struct sim_message *message = page_start(sim, query, now);
    const char *last = NULL;
    json_t *list = json_array();
    json_t *out = json_object();
    int64_t start = query->page * query->page_size;

    for (; message; message = ledger_next(sim->ledger, message, query->to, query->from)) {
        if (!is_listed(sim, query, message, now))
            continue;
        if ((int64_t)json_array_size(list) == query->page_size)
            break; /* there is a next page */
        (void)json_array_append_new(list, api_message_json(sim, message, now));
        last = message->sid;
    }
    (void)json_object_set_new(out, "page", json_integer(query->page));
    (void)json_object_set_new(out, "page_size", json_integer(query->page_size));
    (void)json_object_set_new(out, "start", json_integer(start));
    (void)json_object_set_new(
        out, "end", json_integer(start + (int64_t)json_array_size(list) - (last ? 1 : 0)));
    set_uri(out, "uri", page_uri(sim, form, query, query->page, NULL));
    set_uri(out, "first_page_uri", page_uri(sim, form, query, 0, NULL));
    set_uri(out, "next_page_uri",
            message ? page_uri(sim, form, query, query->page + 1, last) : NULL);
    set_uri(out, "previous_page_uri",
            query->page > 0 ? page_uri(sim, form, query, query->page - 1, NULL) : NULL);
    (void)json_object_set_new(out, "messages", list);
    api_reply_json(sim, x, 200, out);
}

void
api_list_messages(struct sim *sim, struct http_exchange *x)
{
    const char *text = http_query(x);
    struct form form = {0};
    struct list_query query = {.page_size = DEFAULT_PAGE_SIZE, .sent_before_s = INT64_MAX};
    struct error err;
    bool ok = form_parse(text, strlen(text), &form, &err);

    for (size_t i = 0; i < form.count && ok; i++)
        ok = read_field(&query, form.fields[i].name, form.fields[i].value);
    if (!ok)
        api_reply_problem(
            sim, x, (struct api_problem){400, 20001, "Unknown or invalid query parameter", NULL});
    else if (query.page_size > MAX_PAGE_SIZE)
        api_reply_problem(sim, x, (struct api_problem){400, 20007, "Page size too large", NULL});
    else if (dice_hit(sim->options.list_error, sim->options.seed, "list", "", sim->lists++))
        api_reply_problem(sim, x,
                          (struct api_problem){500, 20500, "An internal error occurred", NULL});
    else
        reply_page(sim, x, &form, &query);
    form_release(&form);
}

void
api_fetch_message(struct sim *sim, struct http_exchange *x, const char *sid)
{
    const struct sim_message *message = ledger_find(sim->ledger, sid);

    if (message)
        api_reply_json(sim, x, 200, api_message_json(sim, message, utime_now_ms()));
    else
        api_reply_problem(
            sim, x, (struct api_problem){404, 20404, "The requested resource was not found", NULL});
}
