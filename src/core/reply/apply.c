/* One batch of webhooks, once: with its cursor, in one transaction. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/outbox/callback.h"
#include "core/reply/reply_private.h"
#include "core/store/inbound_store.h"
#include "core/store/place_store.h"
#include "core/store/stores.h"
#include "core/webhook/twilio_signature.h"

#define CURSOR "relay_cursor"
#define PROVIDER_ID_MAX 64
#define MEDIA_MAX 10
#define MISSED_MARGIN_S 3600

/* --- the books */

/* A refused event must not take the key of the real one, which may still come. */
static bool
refuse(struct reply_run *run, const struct relay_event *e, const char *why, struct error *err)
{
    struct inbound_event event = {
        .kind = e->kind, .body = e->body, .relay_seq = e->seq, .received_at_s = e->received_at_s};
    char *key = mem_printf("refused:%s:%" PRId64 ":%" PRId64, e->kind, e->seq, e->received_at_s);
    char *result = mem_printf("refused: %s", why);
    bool fresh = false;
    bool ok = false;

    event.dedupe_key = key;
    ok = inbound_event_add(run->ledger, &event, result, &fresh, err);
    if (ok && fresh) {
        run->report.refused++;
        log_line(LOG_WARN, "reply", "event %" PRId64 " of the relay: %s", e->seq, result);
    } else if (ok) {
        run->report.duplicates++;
    }
    free(key);
    free(result);
    return ok;
}

static bool
is_plain_id(const char *s)
{
    return s && s[0] && strlen(s) <= PROVIDER_ID_MAX &&
           strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-.") ==
               strlen(s);
}

/* --- a message */

/* A message without words: what came instead, so that the thread says so. */
static char *
describe_media(const struct form *form)
{
    const char *count = form_get(form, "NumMedia");
    struct buf out = {0};
    int64_t n = 0;

    if (!count || !num_parse_i64(count, &n) || n <= 0)
        return mem_strdup("");
    buf_printf(&out, "[%" PRId64 " attachment%s", n, n == 1 ? "" : "s");
    for (int i = 0; i < MEDIA_MAX && i < n; i++) {
        char name[32];
        const char *type = NULL;

        (void)snprintf(name, sizeof name, "MediaContentType%d", i);
        type = form_get(form, name);
        if (type && strlen(type) <= 80)
            buf_printf(&out, "%s%s", i ? ", " : ": ", type);
    }
    buf_add_char(&out, ']');
    return buf_take(&out);
}

static bool
apply_sms(struct reply_run *run, const struct relay_event *e, const struct form *form,
          struct error *err)
{
    struct inbound_sms sms = {
        .provider_id = form_get(form, "MessageSid"),
        .from = form_get(form, "From"),
        .to = form_get(form, "To"),
        .body = form_get(form, "Body"),
        .opt_out_type = form_get(form, "OptOutType"),
        .at_s = e->received_at_s,
    };
    struct inbound_event event = {
        .kind = e->kind, .body = e->body, .relay_seq = e->seq, .received_at_s = e->received_at_s};
    char *key = NULL, *media = NULL;
    bool fresh = false;
    bool ok = false;

    if (!is_plain_id(sms.provider_id) || text_is_blank(sms.from))
        return refuse(run, e, "no message id or no sender", err);
    if (!sms.body)
        sms.body = "";
    media = text_is_blank(sms.body) ? describe_media(form) : NULL;
    sms.shown = media && media[0] ? media : sms.body;
    key = mem_printf("twilio_sms:%s", sms.provider_id);
    event.dedupe_key = key;
    ok = inbound_event_add(run->ledger, &event, "applied", &fresh, err);
    if (ok && fresh)
        ok = reply_apply_inbound(run, &sms, err);
    run->report.applied += ok && fresh;
    run->report.duplicates += ok && !fresh;
    free(key);
    free(media);
    return ok;
}

/* --- a status */

/* The attempt that the callback URL names, "" when it names none; caller frees. */
static char *
attempt_of_url(const char *url)
{
    const char *query = strchr(url, '?');
    struct form form = {0};
    struct error err = {0};
    char *out = NULL;

    if (query && form_parse(query + 1, strcspn(query + 1, "#"), &form, &err))
        out = mem_strdup(form_get(&form, "att"));
    form_release(&form);
    return out ? out : mem_strdup("");
}

/* It names an attempt: so it was sent by this state, after the backup that is in use now. */
static bool
keep_stray(struct reply_run *run, const struct relay_event *e, const struct form *form,
           const struct provider_status *status, struct error *err)
{
    const struct stray stray = {
        .provider_id = status->provider_id,
        .uid = status->attempt_uid,
        .address = form_get(form, "To"),
        .status = status->status,
        .received_at_s = e->received_at_s,
    };

    if (!is_plain_id(stray.uid) || text_is_blank(stray.address))
        return true;
    return stray_add(run->ledger, &stray, err);
}

static bool
apply_status(struct reply_run *run, const struct relay_event *e, const struct form *form,
             struct error *err)
{
    const char *code = form_get(form, "ErrorCode");
    char *attempt = attempt_of_url(e->url);
    struct provider_status status = {
        .attempt_uid = attempt[0] ? attempt : NULL,
        .provider_id = form_get(form, "MessageSid"),
        .status = form_get(form, "MessageStatus"),
    };
    struct inbound_event event = {
        .kind = e->kind, .body = e->body, .relay_seq = e->seq, .received_at_s = e->received_at_s};
    char *key = NULL;
    int64_t number = 0;
    bool fresh = false, known = false;
    bool ok = false;

    if (!is_plain_id(status.provider_id) || !is_plain_id(status.status)) {
        free(attempt);
        return refuse(run, e, "no message id or no status", err);
    }
    if (code && num_parse_i64(code, &number) && number > 0 && number <= 999999)
        status.error_code = (int)number;
    key = mem_printf("twilio_status:%s:%s", status.provider_id, status.status);
    event.dedupe_key = key;
    ok = inbound_event_add(run->ledger, &event, "applied", &fresh, err);
    if (ok && fresh)
        ok = delivery_apply_status(run->ledger, &status, run->now_s, &known, err);
    if (ok && fresh && !known)
        ok = inbound_event_set_result(run->ledger, key, "ignored: no attempt of ours", err) &&
             keep_stray(run, e, form, &status, err);
    run->report.statuses += ok && fresh;
    run->report.applied += ok && fresh && known;
    run->report.duplicates += ok && !fresh;
    free(key);
    free(attempt);
    return ok;
}

/* --- the batch */

static const struct {
    const char *kind;
    bool (*apply)(struct reply_run *run, const struct relay_event *e, const struct form *form,
                  struct error *err);
} kinds[] = {
    {"twilio_sms", apply_sms},
    {"twilio_status", apply_status},
};

static bool
apply_event(struct reply_run *run, const char *token, const struct relay_event *e,
            struct error *err)
{
    struct form form = {0};
    struct error bad = {0};
    bool ok = false;

    if (!twilio_signature_verify(token, e->url, NULL, e->body, e->body_len, e->signature))
        return refuse(run, e, "the signature does not fit", err);
    if (!form_parse(e->body, e->body_len, &form, &bad))
        return refuse(run, e, bad.text, err);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].kind, e->kind) == 0) {
            ok = kinds[i].apply(run, e, &form, err);
            form_release(&form);
            return ok;
        }
    }
    form_release(&form);
    return refuse(run, e, "a kind of event that this version does not know", err);
}

/*
 * An event that a rule of the ledger refuses would otherwise come back for ever and hold up every
 * opt-out behind it: it is undone alone, and kept as refused. Trouble with the disk is not of that
 * kind: then nothing of the batch happened.
 */
static bool
apply_guarded(struct reply_run *run, const char *token, const struct relay_event *e,
              struct error *err)
{
    const struct reply_report before = run->report;
    char why[300];

    if (!db_exec(run->ledger, "SAVEPOINT reply_event", err))
        return false;
    if (apply_event(run, token, e, err))
        return db_exec(run->ledger, "RELEASE reply_event", err);
    if (err->code != ERR_INVALID && err->code != ERR_CONFLICT && err->code != ERR_NOT_FOUND)
        return false;
    (void)snprintf(why, sizeof why, "could not be applied: %s", err->text);
    run->report = before;
    return db_exec(run->ledger, "ROLLBACK TO reply_event", err) &&
           db_exec(run->ledger, "RELEASE reply_event", err) && refuse(run, e, why, err);
}

/* From when on the provider's list must be asked for what people wrote (core/engine/loop_missed).
 */
static bool
note_loss(struct reply_run *run, struct error *err)
{
    int64_t contact_s = 0;
    int64_t since_s = 0;

    if (!setting_get_i64(run->ledger, "relay_contact_at", 0, &contact_s, err) ||
        !setting_get_i64(run->ledger, "relay_missed_since", 0, &since_s, err))
        return false;
    if (contact_s <= 0)
        contact_s = run->now_s - DAY_S;
    contact_s -= MISSED_MARGIN_S;
    return (since_s && since_s <= contact_s) ||
           setting_set_i64(run->ledger, "relay_missed_since", contact_s, err);
}

static bool
apply_all(struct reply_run *run, const char *token, const struct relay_batch *batch,
          struct error *err)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!apply_guarded(run, token, &batch->events[i], err))
            return error_wrap(err, "event %" PRId64 " of the relay", batch->events[i].seq);
    if (batch->cursor_lost && !note_loss(run, err))
        return false;
    return setting_set_text(run->ledger, CURSOR, batch->next, err);
}

/* Nothing came and the cursor stands: no reason to write. */
static bool
is_idle(struct db *ledger, const struct relay_batch *batch, bool *out, struct error *err)
{
    char *cursor = NULL;
    bool ok = true;

    *out = false;
    if (batch->count == 0 && !batch->cursor_lost) {
        ok = setting_get_text(ledger, CURSOR, &cursor, err);
        *out = ok && text_eq(cursor, batch->next);
        free(cursor);
    }
    return ok;
}

bool
reply_apply_batch(struct db *ledger, struct db *reader, const struct config *config,
                  const char *twilio_auth_token, const struct relay_batch *batch, int64_t now_s,
                  struct reply_report *out, struct error *err)
{
    struct reply_run run = {.ledger = ledger, .reader = reader, .config = config, .now_s = now_s};
    bool idle = false;
    bool ok = false;

    *out = (struct reply_report){0};
    if ((!batch->ok && !batch->cursor_lost) || !batch->next)
        return error_set(err, ERR_INVALID, "the relay gave no batch: %s", batch->error);
    if (!is_idle(ledger, batch, &idle, err) || idle)
        return idle;
    if (db_begin(ledger, err)) {
        ok = apply_all(&run, twilio_auth_token, batch, err);
        if (ok)
            ok = db_commit(ledger, err);
        else
            db_rollback(ledger);
    }
    campaign_release(&run.campaign);
    if (!ok)
        return error_wrap(err, "apply replies");
    *out = run.report;
    return true;
}

/* What the relay has given us already stays as it is: its key is there. */
static bool
apply_listed(struct reply_run *run, const struct sms_sent *row, struct error *err)
{
    const struct inbound_sms sms = {.provider_id = row->provider_id,
                                    .from = row->from,
                                    .to = row->to,
                                    .body = row->body,
                                    .shown = row->body,
                                    .at_s = row->at_s,
                                    .late = true};
    struct inbound_event event = {.kind = "twilio_sms", .body = "", .received_at_s = row->at_s};
    char *key = mem_printf("twilio_sms:%s", row->provider_id);
    bool fresh = false;
    bool ok;

    event.dedupe_key = key;
    ok = inbound_event_add(run->ledger, &event, "applied: from the provider's list", &fresh, err);
    if (ok && fresh)
        ok = reply_apply_inbound(run, &sms, err);
    run->report.applied += ok && fresh;
    run->report.duplicates += ok && !fresh;
    free(key);
    return ok;
}

/* What a rule of the ledger refuses must not keep the others out. */
static bool
apply_listed_guarded(struct reply_run *run, const struct sms_sent *row, struct error *err)
{
    const struct reply_report before = run->report;

    if (!db_exec(run->ledger, "SAVEPOINT reply_event", err))
        return false;
    if (apply_listed(run, row, err))
        return db_exec(run->ledger, "RELEASE reply_event", err);
    if (err->code != ERR_INVALID && err->code != ERR_CONFLICT && err->code != ERR_NOT_FOUND)
        return false;
    log_line(LOG_WARN, "reply", "message %s of the provider's list: %s", row->provider_id,
             err->text);
    run->report = before;
    run->report.refused++;
    return db_exec(run->ledger, "ROLLBACK TO reply_event", err) &&
           db_exec(run->ledger, "RELEASE reply_event", err);
}

bool
reply_apply_listed(struct db *ledger, struct db *reader, const struct config *config,
                   const struct sms_sent *rows, size_t count, int64_t now_s,
                   struct reply_report *out, struct error *err)
{
    struct reply_run run = {.ledger = ledger, .reader = reader, .config = config, .now_s = now_s};
    bool ok = db_begin(ledger, err);

    *out = (struct reply_report){0};
    for (size_t i = count; ok && i > 0; i--) /* the list is newest first */
        ok = apply_listed_guarded(&run, &rows[i - 1], err);
    ok = ok && setting_delete(ledger, "relay_missed_since", err) && db_commit(ledger, err);
    db_rollback(ledger);
    campaign_release(&run.campaign);
    if (!ok)
        return error_wrap(err, "apply what the provider's list shows");
    *out = run.report;
    return true;
}
