#include "net/twilio_sms.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/outbox/provider_errors.h"
#include "net/twilio_answer.h"
#include "net/twilio_history.h"
#include "net/twilio_list.h"
#include "net/twilio_private.h"

#define VALIDITY_MIN_S 6 /* Twilio takes 1..36000 and advises more than 5 (providers.md 1.1) */
#define VALIDITY_MAX_S 36000

struct sending {
    struct twilio_sms *owner;
    struct sending *prev, *next;
    int64_t attempt_id;
};

/* --- reading an answer */

/* 4xx: Twilio did not take it (providers.md 0.3). What that means, its code says. */
static void
judge_refusal(const struct http_answer *answer, int code, struct sms_result *out)
{
    const struct provider_error *known = NULL;

    out->error_code = code;
    known = provider_error_find(out->error_code);
    out->klass = known ? known->klass : provider_error_class_of_status(answer->status);
    out->outcome = out->klass == SEND_CLASS_RETRY ? SEND_NOT_SENT : SEND_REJECTED;
    if (known)
        (void)snprintf(out->error, sizeof out->error, "Twilio: %s", known->text);
    else if (out->error_code)
        (void)snprintf(out->error, sizeof out->error, "Twilio error %d (HTTP %d)", out->error_code,
                       answer->status);
    else
        (void)snprintf(out->error, sizeof out->error, "Twilio answered HTTP %d", answer->status);
}

static void
judge_unknown(const struct http_answer *answer, struct sms_result *out)
{
    out->outcome = SEND_UNKNOWN;
    if (answer->status >= 300 && answer->status < 400) {
        /* A redirect is not followed; it is the base_url that is wrong, for everybody. */
        out->klass = SEND_CLASS_CONFIG;
        (void)snprintf(out->error, sizeof out->error,
                       "HTTP %d, a redirect: check sms.base_url; nobody knows whether it was taken",
                       answer->status);
    } else if (answer->failure != HTTP_OK) {
        (void)snprintf(out->error, sizeof out->error, "%s; nobody knows whether it was taken",
                       answer->error);
    } else if (answer->status >= 200 && answer->status < 300) {
        (void)snprintf(out->error, sizeof out->error,
                       "HTTP %d without a message id; nobody knows whether it was taken",
                       answer->status);
    } else {
        (void)snprintf(out->error, sizeof out->error, "HTTP %d; nobody knows whether it was taken",
                       answer->status);
    }
}

static void
judge_not_sent(const struct http_answer *answer, struct sms_result *out)
{
    out->outcome = SEND_NOT_SENT;
    if (answer->failure == HTTP_TAKEN_BACK)
        out->klass = SEND_CLASS_NONE; /* says nothing about the provider */
    else
        out->klass = answer->failure == HTTP_TLS ? SEND_CLASS_CONFIG : SEND_CLASS_RETRY;
    (void)snprintf(out->error, sizeof out->error, "not sent: %s", answer->error);
}

void
twilio_sms_judge(const struct http_answer *answer, struct sms_result *out)
{
    struct twilio_answer body = {0};
    int s = answer->status;

    *out = (struct sms_result){.http_status = s, .retry_after_ms = answer->retry_after_ms};
    if (answer->body_len && answer->failure == HTTP_OK)
        (void)twilio_answer_read(answer->body, answer->body_len, &body);
    if (s >= 200 && s < 300 && body.sid[0]) {
        out->outcome = SEND_ACCEPTED;
        out->error_code = body.error_code;
        (void)text_copy(out->provider_id, sizeof out->provider_id, body.sid);
        (void)text_copy(out->provider_status, sizeof out->provider_status, body.status);
    } else if (s >= 400 && s < 500 && s != 408) {
        /* 408 comes from something between us and Twilio that may have passed the request on */
        judge_refusal(answer, body.code, out);
    } else if (s == 0 && !answer->sent) {
        judge_not_sent(answer, out);
    } else {
        judge_unknown(answer, out);
    }
}

/* --- sending */

void
twilio_sms_form(const struct twilio_sms *t, const struct sms_request *r, struct buf *out)
{
    http_form_add(out, "To", r->to);
    buf_add_char(out, '&');
    buf_add_str(out, t->form_sender);
    http_form_add(out, "Body", r->body);
    if (t->form_callback) {
        /* The Message resource never gives this back: a callback is the proof of an attempt. */
        buf_add_char(out, '&');
        buf_add_str(out, t->form_callback);
        http_escape(out, r->attempt_uid);
    }
    if (r->validity_s > 0) {
        char seconds[16];
        int s = r->validity_s < VALIDITY_MIN_S ? VALIDITY_MIN_S : r->validity_s;

        (void)snprintf(seconds, sizeof seconds, "%d", s > VALIDITY_MAX_S ? VALIDITY_MAX_S : s);
        http_form_add(out, "ValidityPeriod", seconds);
    }
}

static void
sending_unlink(struct sending *s)
{
    struct twilio_sms *t = s->owner;

    if (s->prev)
        s->prev->next = s->next;
    else
        t->sending = s->next;
    if (s->next)
        s->next->prev = s->prev;
    t->in_flight--;
}

static bool
may_leave(void *ctx)
{
    const struct sending *s = ctx;
    const struct net_handlers *h = s->owner->handlers;

    return !h->sms_may_leave || h->sms_may_leave(h->ctx, s->attempt_id);
}

static void
on_sent(void *ctx, const struct http_answer *answer)
{
    struct sending *s = ctx;
    struct twilio_sms *t = s->owner;
    struct sms_result result;

    twilio_sms_judge(answer, &result);
    result.attempt_id = s->attempt_id;
    sending_unlink(s);
    free(s);
    if (t->handlers->sms_done)
        t->handlers->sms_done(t->handlers->ctx, &result);
}

bool
twilio_sms_send(struct twilio_sms *t, const struct sms_request *request, struct error *err)
{
    struct http_request r = {0};
    struct sending *s = NULL;
    struct buf form = {0};
    bool ok = false;

    if (twilio_sms_room(t) == 0)
        return error_set(err, ERR_RETRY, "too many messages are under way");
    twilio_sms_form(t, request, &form);
    s = mem_alloc(sizeof *s);
    *s = (struct sending){.owner = t, .attempt_id = request->attempt_id, .next = t->sending};
    twilio_request(t, t->messages_url, &r);
    r.content_type = "application/x-www-form-urlencoded";
    r.body = buf_str(&form);
    r.body_len = form.len;
    r.done = on_sent;
    r.may_leave = may_leave;
    r.ctx = s;
    ok = http_client_start(t->http, &r, err);
    buf_release(&form);
    if (!ok) {
        free(s);
        return error_wrap(err, "send");
    }
    if (t->sending)
        t->sending->prev = s;
    t->sending = s;
    t->in_flight++;
    return true;
}

bool
twilio_sms_look_up(struct twilio_sms *t, const struct sms_lookup *lookup, struct error *err)
{
    return twilio_list_start(t, lookup, err);
}

/* --- the object */

static char *
without_slash(const char *url)
{
    size_t len = strlen(url);

    while (len && url[len - 1] == '/')
        len--;
    return mem_strndup(url, len);
}

/* "https://host:port" of a URL: what a next_page_uri is put behind. */
static char *
origin_of(const char *url)
{
    const char *host = strstr(url, "://");

    return host ? mem_strndup(url, (size_t)(host + 3 - url) + strcspn(host + 3, "/?#"))
                : mem_strdup(url);
}

static char *
form_part(const char *name, const char *value)
{
    struct buf part = {0};

    http_form_add(&part, name, value);
    return buf_take(&part);
}

static bool
check_config(const struct config *c, struct error *err)
{
    if (strcmp(c->sms.provider, "twilio") != 0)
        return error_set(err, ERR_INVALID, "sms.provider: only twilio can be used");
    if (!text_starts_with(c->sms.base_url, "https://") &&
        !text_starts_with(c->sms.base_url, "http://"))
        return error_set(err, ERR_INVALID, "sms.base_url: must begin with https://");
    if (!c->sms.account_sid[0])
        return error_set(err, ERR_INVALID, "sms.account_sid is missing");
    if (!c->sms.auth_token[0])
        return error_set(err, ERR_INVALID, "sms.auth_token_file or auth_token_env is missing");
    if (!c->sms.from[0] && !c->sms.messaging_service_sid[0])
        return error_set(err, ERR_INVALID, "sms.from or sms.messaging_service_sid is missing");
    return true;
}

struct twilio_sms *
twilio_sms_new(struct http_client *http, const struct config *c,
               const struct net_handlers *handlers, struct error *err)
{
    struct twilio_sms *t = NULL;
    char *base = NULL;

    if (!check_config(c, err) || !provider_errors_init(err))
        return NULL;
    t = mem_alloc(sizeof *t);
    base = without_slash(c->sms.base_url);
    t->http = http;
    t->handlers = handlers;
    t->account_sid = mem_strdup(c->sms.account_sid);
    t->auth_token = mem_strdup(c->sms.auth_token);
    t->by_service = c->sms.messaging_service_sid[0] != '\0';
    t->sender = mem_strdup(t->by_service ? c->sms.messaging_service_sid : c->sms.from);
    t->messages_url =
        mem_printf("%s/2010-04-01/Accounts/%s/Messages.json", base, c->sms.account_sid);
    t->origin = origin_of(base);
    t->form_sender = form_part(t->by_service ? "MessagingServiceSid" : "From", t->sender);
    if (c->relay.public_url[0]) {
        char *relay = without_slash(c->relay.public_url);
        char *url = mem_printf("%s/hooks/twilio/status?att=", relay);

        t->form_callback = form_part("StatusCallback", url);
        free(url);
        free(relay);
    }
    t->timeout_s = c->sms.timeout_seconds > 0 ? c->sms.timeout_seconds : 30;
    t->max_in_flight = c->sms.max_connections > 0 ? (size_t)c->sms.max_connections : 1;
    free(base);
    return t;
}

void
twilio_sms_free(struct twilio_sms *t)
{
    if (!t)
        return;
    while (t->sending) {
        struct sending *s = t->sending;

        t->sending = s->next;
        free(s);
    }
    twilio_list_free_all(t);
    twilio_history_free(t);
    explicit_bzero(t->auth_token, strlen(t->auth_token));
    free(t->auth_token);
    free(t->account_sid);
    free(t->sender);
    free(t->messages_url);
    free(t->origin);
    free(t->form_sender);
    free(t->form_callback);
    free(t);
}

const char *
twilio_sms_sender(const struct twilio_sms *t)
{
    return t->sender;
}

size_t
twilio_sms_room(const struct twilio_sms *t)
{
    return t->max_in_flight > t->in_flight ? t->max_in_flight - t->in_flight : 0;
}

size_t
twilio_sms_in_flight(const struct twilio_sms *t)
{
    return t->in_flight;
}
