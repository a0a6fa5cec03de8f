#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/campaign/sms_segments.h"
#include "core/webhook/form.h"
#include "sim/dice.h"
#include "sim/life.h"
#include "sim/loopback.h"
#include "sim/world.h"

#define MAX_MEDIA 10
#define MAX_VALIDITY_S 36000

/* Fields that are taken. The provider has more; our client uses none of them, so they are mistakes.
 */
static const struct {
    const char *name;
    bool repeated;
} fields[] = {
    {"To", false},           {"From", false},           {"MessagingServiceSid", false},
    {"Body", false},         {"MediaUrl", true},        {"StatusCallback", false},
    {"SmartEncoded", false}, {"ValidityPeriod", false}, {"ProvideFeedback", false},
    {"Attempt", false},      {"ShortenUrls", false},    {"RiskCheck", false},
};

static bool
refuse(struct api_problem *problem, int http, int code, const char *message)
{
    *problem = (struct api_problem){http, code, message, NULL};
    return false;
}

static bool
is_e164(const char *number)
{
    size_t digits = strspn(number, "+") == 1 ? strspn(number + 1, "0123456789") : 0;

    return digits >= 8 && digits <= 15 && number[1] != '0' && number[1 + digits] == '\0';
}

static bool
fields_are_known(const struct form *form, struct api_problem *problem)
{
    for (size_t i = 0; i < form->count; i++) {
        size_t row = 0;
        unsigned seen = 0;

        while (row < ARRAY_LEN(fields) && strcmp(fields[row].name, form->fields[i].name) != 0)
            row++;
        if (row == ARRAY_LEN(fields))
            return refuse(problem, 400, 20001, "Unknown parameter in the request");
        for (size_t k = 0; k <= i; k++)
            seen += strcmp(form->fields[k].name, form->fields[i].name) == 0;
        if (seen > (fields[row].repeated ? MAX_MEDIA : 1u))
            return refuse(problem, 400, 20001, "A parameter is repeated");
    }
    return true;
}

static bool
sender_is_ours(const struct sim_options *options, const struct form *form,
               struct api_problem *problem)
{
    const char *from = form_get(form, "From");
    const char *service = form_get(form, "MessagingServiceSid");

    if (!from && !service)
        return refuse(problem, 400, 21603, "A 'From' phone number is required");
    if (service && !text_eq(service, options->messaging_service))
        return refuse(problem, 400, 21701, "The Messaging Service does not exist");
    if (!from)
        return options->from_count > 0 ||
               refuse(problem, 400, 21703, "The Messaging Service contains no phone numbers");
    if (!is_e164(from))
        return refuse(problem, 400, 21212, "Invalid 'From' phone number");
    for (size_t i = 0; i < options->from_count; i++)
        if (strcmp(options->from[i], from) == 0)
            return true;
    return refuse(problem, 400, 21606,
                  "The 'From' phone number provided is not a valid message-capable phone number "
                  "for this account");
}

static bool
options_are_valid(const struct form *form, struct api_problem *problem)
{
    const char *callback = form_get(form, "StatusCallback");
    const char *validity = form_get(form, "ValidityPeriod");
    static const char *const flags[] = {"SmartEncoded", "ProvideFeedback", "ShortenUrls"};
    int64_t seconds;

    if (callback && !loopback_url_is_valid(callback))
        return refuse(problem, 400, 21609, "The 'StatusCallback' URL is not a valid URL");
    if (validity && (!num_parse_i64(validity, &seconds) || seconds < 1 || seconds > MAX_VALIDITY_S))
        return refuse(problem, 400, 20422, "ValidityPeriod must be between 1 and 36000");
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        const char *value = form_get(form, flags[i]);

        if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
            return refuse(problem, 400, 20422, "A true-or-false parameter is neither");
    }
    return true;
}

static bool
form_is_valid(const struct sim_options *options, const struct form *form,
              struct api_problem *problem)
{
    const char *to = form_get(form, "To");
    const char *body = form_get(form, "Body");

    if (!fields_are_known(form, problem))
        return false;
    if (text_is_blank(to))
        return refuse(problem, 400, 21604, "A 'To' phone number is required");
    if (!is_e164(to))
        return refuse(problem, 400, 21211, "The 'To' number is not a valid phone number");
    if (!sender_is_ours(options, form, problem))
        return false;
    if (text_eq(to, form_get(form, "From")))
        return refuse(problem, 400, 21266, "'To' and 'From' number cannot be the same");
    if (text_is_blank(body) && !form_get(form, "MediaUrl"))
        return refuse(problem, 400, 21602, "Message body is required");
    if (body && sms_segments_count(body, strlen(body)).characters > SMS_MAX_CHARACTERS)
        return refuse(problem, 400, 21617,
                      "The concatenated message body exceeds the 1600 character limit");
    return options_are_valid(form, problem);
}

static bool
form_read(struct http_exchange *x, struct form *form, struct api_problem *problem)
{
    const char *type = http_header(x, "Content-Type");
    size_t len;
    const char *body = http_body(x, &len);
    struct error err;

    if (!type || strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0)
        return refuse(problem, 415, 20422,
                      "Content-Type must be application/x-www-form-urlencoded");
    if (!form_parse(body, len, form, &err))
        return refuse(problem, 400, 20422, "The form is malformed or not UTF-8");
    return true;
}

/* The value of "att" in a callback's query, still escaped as its maker wrote it; NULL when none. */
static char *
attempt_of(const char *callback)
{
    const char *at = callback ? strchr(callback, '?') : NULL;

    for (; at; at = strchr(at + 1, '&'))
        if (strncmp(at + 1, "att=", 4) == 0)
            return mem_strndup(at + 5, strcspn(at + 5, "&#"));
    return NULL;
}

/* The same sender for the same recipient, as a Messaging Service does. */
static const char *
sender_for(const struct sim_options *options, const struct form *form)
{
    const char *from = form_get(form, "From");

    return from ? from
                : options->from[dice_pick(options->from_count, options->seed, "sticky sender",
                                          form_get(form, "To"), 0)];
}

static const struct sim_message *
accept_message(struct sim *sim, const struct form *form, const struct fate *fate, unsigned turn)
{
    const char *body = form_get(form, "Body");
    char *callback = mem_strdup(form_get(form, "StatusCallback"));
    struct sim_message draft = {
        .via_service = form_get(form, "MessagingServiceSid") != NULL,
        .callback = callback,
        .att = attempt_of(callback),
        .created_ms = utime_now_ms(),
    };
    const struct sim_message *message;

    draft.to = mem_strdup(form_get(form, "To"));
    draft.from = mem_strdup(sender_for(&sim->options, form));
    draft.body = mem_strdup(body ? body : "");
    draft.segments = sms_segments_count(draft.body, strlen(draft.body)).segments;
    for (size_t i = 0; i < form->count; i++)
        draft.media += strcmp(form->fields[i].name, "MediaUrl") == 0;
    life_plan(&sim->options, fate, &draft);
    message = ledger_accept(sim->ledger, &draft);
    life_begin(sim, message, turn);
    free(draft.to);
    free(draft.from);
    free(draft.body);
    free(draft.att);
    free(callback);
    return message;
}

static bool
over_rate(struct sim *sim)
{
    int64_t second = utime_mono_ms() / 1000;

    if (second != sim->window_s) {
        sim->window_s = second;
        sim->in_window = 0;
    }
    return sim->options.max_per_second > 0 && ++sim->in_window > sim->options.max_per_second;
}

/* How the answer to an accepted (or just not accepted) request is spoiled. */
enum spoil { SPOIL_NOTHING, SPOIL_LOST, SPOIL_500, SPOIL_HTML, SPOIL_HTML_201 };

struct turn_of_events {
    bool dropped_before, too_many, accepted;
    enum spoil spoil;
};

static struct turn_of_events
draw_faults(const struct sim_options *o, const char *to, uint64_t nth)
{
    struct turn_of_events out = {.accepted = true};
    double half = dice_unit(o->seed, "half", to, nth);

    out.dropped_before = dice_hit(o->drop_before, o->seed, "drop before", to, nth);
    out.too_many = dice_hit(o->rate_429, o->seed, "429", to, nth);
    if (dice_hit(o->error_500, o->seed, "500", to, nth)) {
        out.spoil = SPOIL_500;
        out.accepted = half < 0.5;
    } else if (dice_hit(o->html, o->seed, "html", to, nth)) {
        out.spoil = half < 0.25 ? SPOIL_HTML_201 : SPOIL_HTML;
        out.accepted = half < 0.5;
    } else if (dice_hit(o->lose_answer, o->seed, "lost answer", to, nth)) {
        out.spoil = SPOIL_LOST;
    }
    return out;
}

static void
answer(struct sim *sim, struct http_exchange *x, const struct sim_message *message,
       enum spoil spoil)
{
    static const char *const why[] = {[SPOIL_LOST] = "lost",
                                      [SPOIL_500] = "500",
                                      [SPOIL_HTML] = "html",
                                      [SPOIL_HTML_201] = "html"};

    if (message && spoil != SPOIL_NOTHING)
        ledger_note_hidden(sim->ledger, message, why[spoil]);
    switch (spoil) {
    case SPOIL_NOTHING:
        api_reply_json(sim, x, 201, api_message_json(sim, message, 0)); /* as it began */
        return;
    case SPOIL_LOST:
        ledger_count(sim->ledger, COUNT_LOST_ANSWERS);
        api_drop(sim, x);
        return;
    case SPOIL_500:
        ledger_count(sim->ledger, COUNT_ERROR_500);
        api_reply_problem(sim, x,
                          (struct api_problem){500, 20500, "An internal error occurred", NULL});
        return;
    case SPOIL_HTML:
    case SPOIL_HTML_201:
        ledger_count(sim->ledger, COUNT_HTML);
        api_reply_html(sim, x, spoil == SPOIL_HTML ? 502 : 201);
        return;
    }
}

/* What is left once the request is well-formed: faults, limits, opt-outs, bad numbers. */
static void
decide(struct sim *sim, struct http_exchange *x, const struct form *form)
{
    const char *to = form_get(form, "To");
    const struct sim_attempt attempt = ledger_note_request(
        sim->ledger, to, form_get(form, "From"), form_get(form, "MessagingServiceSid") != NULL);
    const struct turn_of_events events = draw_faults(&sim->options, to, attempt.request);
    const struct fate *fate = life_fate(&sim->options, to);
    const struct sim_message *message = NULL;

    if (events.dropped_before) {
        ledger_count(sim->ledger, COUNT_DROPPED_BEFORE);
        api_drop(sim, x);
        return;
    }
    if (events.too_many || over_rate(sim)) {
        bool hint = dice_hit(0.5, sim->options.seed, "Retry-After", to, attempt.request);

        ledger_count(sim->ledger, COUNT_RATE_LIMITED);
        api_reply_problem(sim, x,
                          (struct api_problem){429, 20429, "Too Many Requests", hint ? "1" : NULL});
        return;
    }
    if (attempt.opted_out) {
        ledger_count(sim->ledger, COUNT_REFUSED);
        ledger_note_refused_opt_out(sim->ledger, to, form_get(form, "Body"));
        api_reply_problem(
            sim, x,
            (struct api_problem){400, 21610, "Attempt to send to unsubscribed recipient", NULL});
        return;
    }
    if (fate && fate->http) {
        ledger_count(sim->ledger, COUNT_REFUSED);
        api_reply_problem(sim, x,
                          (struct api_problem){fate->http, fate->code, fate->message, NULL});
        return;
    }
    if (events.accepted)
        message = accept_message(sim, form, fate, attempt.accepted);
    answer(sim, x, message, events.spoil);
}

void
api_create_message(struct sim *sim, struct http_exchange *x)
{
    struct form form = {0};
    struct api_problem problem;

    ledger_count(sim->ledger, COUNT_REQUESTS);
    if (form_read(x, &form, &problem) && form_is_valid(&sim->options, &form, &problem)) {
        decide(sim, x, &form);
    } else {
        ledger_count(sim->ledger, COUNT_REFUSED);
        api_reply_problem(sim, x, problem);
    }
    form_release(&form);
}
