#include "net/twilio_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "net/twilio_private.h"

#define PAGE_SIZE 100 /* texts of 1,600 characters, escaped, still fit HTTP_ANSWER_MAX */
/* More than this to one number within days is no campaign; then the list proves nothing. */
#define PAGES_MAX 20
#define CLOCK_SKEW_S 60
/* Our own clock may have been wrong by more: the same text so much earlier is not nothing. */
#define STALE_MAX_S DAY_S

struct listing {
    struct twilio_sms *owner;
    struct listing *next;
    int64_t attempt_id, since_s;
    char *to, *body;
    struct twilio_pages pages;
    struct sms_found *found;
    size_t found_count, found_capacity;
};

bool
twilio_time_parse(const char *text, int64_t *utc_s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char day[3] = "", month[4] = "", year[5] = "", clock[9] = "", zone[6] = "", iso[40];
    const char *found = NULL;
    int end = 0;

    if (!text || strlen(text) > 40 ||
        sscanf(text, "%*3[A-Za-z], %2[0-9] %3[A-Za-z] %4[0-9] %8[0-9:] %5[-+0-9]%n", day, month,
               year, clock, zone, &end) != 5 ||
        text[end] != '\0' || strlen(zone) != 5)
        return false;
    found = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (!found || (found - months) % 3 != 0)
        return false;
    (void)snprintf(iso, sizeof iso, "%s-%02d-%s%sT%s%.3s:%s", year, (int)((found - months) / 3) + 1,
                   strlen(day) == 1 ? "0" : "", day, clock, zone, zone + 3);
    return utime_parse_rfc3339(iso, strlen(iso), utc_s);
}

static void
listing_free(struct listing *l)
{
    free(l->to);
    free(l->body);
    free(l->pages.first_url);
    free(l->found);
    free(l);
}

static void
listing_unlink(struct listing *l)
{
    struct listing **at = &l->owner->listings;

    while (*at && *at != l)
        at = &(*at)->next;
    if (*at)
        *at = l->next;
}

/* error NULL: the list was read to its end. */
static void
listing_end(struct listing *l, const char *error)
{
    const struct net_handlers *h = l->owner->handlers;
    struct sms_lookup_result result = {.attempt_id = l->attempt_id, .answered = !error};

    if (error)
        (void)text_copy(result.error, sizeof result.error, error);
    else {
        result.found = l->found;
        result.found_count = l->found_count;
    }
    listing_unlink(l);
    if (h->lookup_done)
        h->lookup_done(h->ctx, &result);
    listing_free(l);
}

/* The same text; blanks at the ends do not count, since the provider may cut them. */
static bool
same_text(const char *a, const char *b)
{
    char *x = text_trim_dup(a, strlen(a)), *y = text_trim_dup(b, strlen(b));
    bool same = strcmp(x, y) == 0;

    free(x);
    free(y);
    return same;
}

static void
remember(struct listing *l, const struct sms_found *found)
{
    for (size_t i = 0; i < l->found_count; i++)
        if (strcmp(l->found[i].provider_id, found->provider_id) == 0)
            return; /* both questions show it */
    l->found = mem_grow(l->found, l->found_count, &l->found_capacity, sizeof *l->found);
    l->found[l->found_count++] = *found;
}

/*
 * NULL: the row was read; *before: it is older than what is asked. Else why nothing is proved. A
 * message of that time with another text is kept as vague: the provider may have altered ours
 * (trial accounts put a line before it, a service may swap characters); so is one with the same
 * text from before, since clocks differ.
 */
static const char *
read_row(struct listing *l, const json_t *row, bool *before)
{
    const char *direction = json_string_value(json_object_get(row, "direction"));
    const char *to = json_string_value(json_object_get(row, "to"));
    const char *body = json_string_value(json_object_get(row, "body"));
    const char *created = json_string_value(json_object_get(row, "date_created"));
    struct sms_found found;
    bool stale, same;
    int64_t at = 0;

    stale = twilio_time_parse(created, &at) && at < l->since_s;
    *before = stale && at < l->since_s - STALE_MAX_S;
    if (!json_is_object(row) || !direction || !to)
        return "Twilio's list holds a row that cannot be read";
    if (*before || strcmp(direction, "outbound-api") != 0 || strcmp(to, l->to) != 0)
        return NULL;
    if (!body) /* redacted: it may be ours */
        return "Twilio's list hides the texts of messages";
    same = same_text(body, l->body);
    if (stale && !same)
        return NULL;
    if (!twilio_copy_message(row, &found))
        return "Twilio's list holds a row without a message id";
    found.vague = stale || !same;
    remember(l, &found);
    return NULL;
}

static bool start_page(struct listing *l, const char *url, struct error *err);

/* *url: of the page behind, NULL when there is none; caller frees. false: it cannot be read. */
static bool
next_url(const struct twilio_sms *t, const json_t *page, char **url)
{
    const json_t *next = json_object_get(page, "next_page_uri");
    const char *path = json_string_value(next);

    *url = NULL;
    if (!next || json_is_null(next))
        return true;
    if (!path || path[0] != '/' || path[1] == '/')
        return false;
    *url = mem_printf("%s%s", t->origin, path);
    return true;
}

bool
twilio_pages_next(const struct twilio_sms *t, struct twilio_pages *p, const json_t *page, bool past,
                  char **url, const char **why)
{
    if (!next_url(t, page, url)) {
        *why = "Twilio's list names a next page that cannot be read";
        return false;
    }
    if (*url && past && !p->by_day) { /* behind old rows there are only older ones */
        free(*url);
        *url = NULL;
    }
    if (*url && ++p->count >= p->most) {
        free(*url);
        *url = NULL;
        *why = "Twilio's list is too long to be read to its end";
        return false;
    }
    if (!*url && p->by_day) {
        p->by_day = false;
        p->count = 0;
        *url = mem_strdup(p->first_url);
    }
    return true;
}

/* The next page, the second question, or the end. */
static void
go_on(struct listing *l, const json_t *page, bool past_the_window)
{
    struct error err = {0};
    const char *why = NULL;
    char *url = NULL;

    if (!twilio_pages_next(l->owner, &l->pages, page, past_the_window, &url, &why))
        listing_end(l, why);
    else if (!url)
        listing_end(l, NULL);
    else if (!start_page(l, url, &err))
        listing_end(l, err.text);
    free(url);
}

json_t *
twilio_list_page(const struct http_answer *answer, char why[200])
{
    json_t *page;

    if (answer->failure != HTTP_OK || answer->status != 200) {
        if (answer->failure != HTTP_OK)
            (void)snprintf(why, 200, "Twilio's list: %s", answer->error);
        else
            (void)snprintf(why, 200, "Twilio's list: HTTP %d", answer->status);
        return NULL;
    }
    page = json_loadb(answer->body, answer->body_len, 0, NULL);
    if (json_is_array(json_object_get(page, "messages")))
        return page;
    (void)text_copy(why, 200, "Twilio's list cannot be read");
    json_decref(page);
    return NULL;
}

static void
on_page(void *ctx, const struct http_answer *answer)
{
    struct listing *l = ctx;
    char text[200] = "";
    json_t *page = twilio_list_page(answer, text);
    const json_t *rows = json_object_get(page, "messages");
    const char *why = page ? NULL : text;
    bool past = true;

    for (size_t i = 0; !why && i < json_array_size(rows); i++) {
        bool before = false;

        why = read_row(l, json_array_get(rows, i), &before);
        past = past && before;
    }
    if (why)
        listing_end(l, why);
    else
        go_on(l, page, past); /* newest first: behind a page of old rows there are only older */
    json_decref(page);
}

static bool
start_page(struct listing *l, const char *url, struct error *err)
{
    struct http_request r;

    twilio_request(l->owner, url, &r);
    r.done = on_page;
    r.ctx = l;
    return http_client_start(l->owner->http, &r, err);
}

char *
twilio_list_url(const struct twilio_sms *t, const struct twilio_question *q)
{
    struct buf query = {0};
    char *url = NULL;

    buf_printf(&query, "PageSize=%d", q->page_size);
    if (q->to)
        http_form_add(&query, "To", q->to);
    if (q->from)
        http_form_add(&query, "From", q->from);
    if (q->day)
        http_form_add(&query, "DateSent%3E", q->day);
    url = mem_printf("%s?%s", t->messages_url, buf_str(&query));
    buf_release(&query);
    return url;
}

bool
twilio_list_start(struct twilio_sms *t, const struct sms_lookup *lookup, struct error *err)
{
    struct listing *l = mem_alloc(sizeof *l);
    struct civil day = utime_to_civil(lookup->claimed_at_s - DAY_S);
    struct twilio_question question = {
        .to = lookup->to,
        .from = t->by_service ? NULL : t->sender, /* a service chooses the number itself */
        .page_size = PAGE_SIZE,
    };
    char text[64];
    char *url = NULL;
    bool ok = false;

    l->owner = t;
    l->attempt_id = lookup->attempt_id;
    l->since_s = lookup->claimed_at_s - CLOCK_SKEW_S;
    l->to = mem_strdup(lookup->to);
    l->body = mem_strdup(lookup->body);
    l->pages = (struct twilio_pages){
        .first_url = twilio_list_url(t, &question), .by_day = true, .most = PAGES_MAX};
    (void)snprintf(text, sizeof text, "%04lld-%02d-%02d", (long long)day.year, day.month, day.day);
    question.day = text;
    url = twilio_list_url(t, &question);
    ok = start_page(l, url, err);
    free(url);
    if (!ok) {
        listing_free(l);
        return error_wrap(err, "look up");
    }
    l->next = t->listings;
    t->listings = l;
    return true;
}

void
twilio_list_free_all(struct twilio_sms *t)
{
    while (t->listings) {
        struct listing *l = t->listings;

        t->listings = l->next;
        listing_free(l);
    }
}
