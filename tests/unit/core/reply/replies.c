#include "core/reply/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/webhook/form.h"
#include "core/webhook/twilio_signature.h"

#define PUBLIC "https://hooks.example.com"

static char *
keep(struct replies *r, char *text)
{
    assert_true(r->text_count < ARRAY_LEN(r->texts));
    r->texts[r->text_count++] = text;
    return text;
}

static struct relay_event *
add(struct replies *r, const char *kind, char *url, struct buf *body, int64_t at_s)
{
    struct relay_event *e = &r->events[r->count];
    char signature[TWILIO_SIGNATURE_SIZE];
    struct form form = {0};
    struct error err = {0};

    assert_true(r->count < ARRAY_LEN(r->events));
    r->count++;
    e->seq = ++r->seq;
    e->received_at_s = at_s;
    e->kind = kind;
    e->url = keep(r, url);
    e->body_len = body->len;
    e->body = keep(r, buf_take(body));
    if (!form_parse(e->body, e->body_len, &form, &err))
        fail_msg("%s", err.text);
    twilio_signature_make(REPLIES_TOKEN, url, &form, signature);
    form_release(&form);
    e->signature = keep(r, mem_strdup(signature));
    return e;
}

static void
put(struct buf *body, const char *name, const char *value)
{
    buf_printf(body, "%s%s=", body->len ? "&" : "", name);
    form_escape(value, body);
}

struct relay_event *
replies_sms(struct replies *r, const char *sid, const char *from, const char *body,
            const char *more, int64_t at_s)
{
    struct buf form = {0};

    put(&form, "MessageSid", sid);
    put(&form, "From", from);
    put(&form, "To", "+13105550100");
    put(&form, "Body", body);
    if (more)
        buf_add_str(&form, more);
    return add(r, "twilio_sms", mem_strdup(PUBLIC "/hooks/twilio/sms"), &form, at_s);
}

struct relay_event *
replies_status(struct replies *r, const char *attempt, const char *sid, const char *status,
               int64_t at_s)
{
    struct buf form = {0};

    put(&form, "MessageSid", sid);
    put(&form, "MessageStatus", status);
    return add(r, "twilio_status", mem_printf(PUBLIC "/hooks/twilio/status?att=%s", attempt), &form,
               at_s);
}

void
replies_clear(struct replies *r)
{
    for (size_t i = 0; i < r->text_count; i++)
        free(r->texts[i]);
    r->text_count = r->count = 0;
}

bool
replies_try(struct replies *r, struct reply_report *out, struct error *err)
{
    char cursor[32];
    const struct relay_batch batch = {
        .ok = true, .events = r->events, .count = r->count, .next = cursor};

    (void)snprintf(cursor, sizeof cursor, "log:%lld", (long long)r->seq);
    return reply_apply_batch(r->world->ledger, r->world->reader, &r->world->config, REPLIES_TOKEN,
                             &batch, WORLD_NOW, out, err);
}

struct reply_report
replies_apply(struct replies *r)
{
    struct reply_report report;
    struct error err = {0};

    if (!replies_try(r, &report, &err))
        fail_msg("%s", err.text);
    replies_clear(r);
    return report;
}

void
replies_contact(struct world *w, int64_t campaign, int64_t customer, int64_t at_s)
{
    char sql[900];

    (void)snprintf(
        sql, sizeof sql,
        "UPDATE delivery SET state = 'accepted', attempts = 1, claimed_at = %lld, accepted_at = "
        "%lld, provider_id = printf('SMout%%d-%%d', campaign_id, customer_id), provider_rank = 1 "
        "WHERE campaign_id = %lld AND customer_id = %lld;"
        "INSERT INTO attempt (uid, delivery_id, number, address, sender, text, segments, fence, "
        "claimed_at, outcome, finished_at, provider_id, settled_by) "
        "SELECT 'att-' || id, id, 1, address, '+13105550100', 'Hi, first question? Reply STOP', 1, "
        "1, claimed_at, 'accepted', accepted_at, provider_id, 'answer' FROM delivery "
        "WHERE campaign_id = %lld AND customer_id = %lld;",
        (long long)at_s, (long long)at_s, (long long)campaign, (long long)customer,
        (long long)campaign, (long long)customer);
    sql_run(w->ledger, sql);
}

void
replies_question_sent(struct world *w, int64_t at_s)
{
    char sql[300];

    (void)snprintf(sql, sizeof sql,
                   "UPDATE message SET state = 'accepted', attempts = 1, claimed_at = %lld "
                   "WHERE id = (SELECT max(id) FROM message WHERE author = 'agent') "
                   "AND state = 'queued'",
                   (long long)at_s);
    sql_run(w->ledger, sql);
    assert_int_equal(sql_number(w->ledger, "SELECT changes()"), 1);
}
