#include "core/store/conversation_store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fileio.h"
#include "core/base/mem.h"
#include "core/base/text.h"

static const char SQL_ATTRIBUTE[] =
    "SELECT id, campaign_id, step, variant, customer_id FROM main.delivery "
    "WHERE address = :address AND channel = :channel "
    "AND state IN ('accepted', 'sent', 'delivered', 'undelivered') AND accepted_at <= :at "
    "ORDER BY accepted_at DESC, id DESC LIMIT 1";
static const char SQL_ATTRIBUTE_UNDER_WAY[] =
    "SELECT id, campaign_id, step, variant, customer_id FROM main.delivery "
    "WHERE address = :address AND channel = :channel "
    "AND state IN ('accepted', 'sent', 'delivered', 'undelivered', 'sending', 'in_doubt') "
    "AND claimed_at <= :at ORDER BY claimed_at DESC, id DESC LIMIT 1";
static const char SQL_CUSTOMER[] =
    "SELECT key FROM replica.customer WHERE phone_e164 = :phone ORDER BY key LIMIT 1";
static const char SQL_REPLIED[] = "UPDATE main.delivery SET replied_at = :at, updated_at = :now "
                                  "WHERE id = :id AND replied_at IS NULL";
static const char SQL_OPTED_OUT[] =
    "UPDATE main.delivery SET opted_out_at = :at, updated_at = :now "
    "WHERE id = :id AND opted_out_at IS NULL";
/* "+": by the address, which has few rows; never by the campaign's whole queue. */
static const char SQL_SKIP_FOLLOW_UPS[] =
    "UPDATE main.delivery SET state = 'skipped', reason = 'replied', next_attempt_at_ms = 0, "
    "updated_at = :now WHERE address = (SELECT address FROM main.delivery WHERE id = :id) "
    "AND +campaign_id = (SELECT campaign_id FROM main.delivery WHERE id = :id) "
    "AND step > (SELECT step FROM main.delivery WHERE id = :id) "
    "AND +state IN ('queued', 'retry_wait')";

static const char SQL_HEAD[] =
    "SELECT id, coalesce(campaign_id, 0), coalesce(delivery_id, 0), customer_id, address, channel, "
    "status, agent, needs_review, next_question FROM main.conversation WHERE id = :id";
/* "+": by the address again, never by all conversations of the campaign. */
static const char SQL_FIND[] =
    "SELECT id FROM main.conversation WHERE address = :address AND channel = :channel "
    "AND +campaign_id IS :campaign ORDER BY id DESC LIMIT 1";
static const char SQL_INSERT[] =
    "INSERT INTO main.conversation (uuid, customer_id, address, channel, sender, campaign_id, "
    "delivery_id, agent, next_question, created_at, last_message_at) VALUES (:uuid, :customer, "
    ":address, :channel, :sender, :campaign, :delivery, :agent, :next, :at, :at)";
static const char SQL_TOUCH[] =
    "UPDATE main.conversation SET unread = unread + 1, sender = coalesce(:sender, sender), "
    "last_message_at = max(last_message_at, :at) WHERE id = :id";
static const char SQL_CHANGE[] =
    "UPDATE main.conversation SET "
    "status = coalesce(:status, status), agent = coalesce(:agent, agent), "
    "completed_at = CASE :status WHEN 'completed' THEN coalesce(completed_at, :now) "
    "WHEN 'active' THEN NULL ELSE completed_at END, "
    "outcome = CASE WHEN :outcome IS NULL THEN coalesce(outcome, :outcome_if_none) "
    "WHEN :outcome = '' THEN NULL ELSE :outcome END, "
    "sentiment = CASE WHEN :sentiment IS NULL THEN sentiment WHEN :sentiment = '' THEN NULL "
    "ELSE :sentiment END, "
    "score = CASE WHEN :score = 0 THEN score ELSE :score END, "
    "needs_review = CASE WHEN :clear_review THEN NULL ELSE coalesce(:review, needs_review) END, "
    "unread = CASE WHEN :clear_unread THEN 0 ELSE unread END, "
    "next_question = CASE WHEN :set_next THEN :next ELSE next_question END WHERE id = :id";

static const char SQL_MESSAGE[] =
    "INSERT INTO main.message (conversation_id, direction, author, provider_id, address, text, "
    "intent, question, state, at, updated_at) VALUES (:conversation, :direction, :author, "
    ":provider_id, :address, :text, :intent, :question, :state, :at, :now)";
static const char SQL_MESSAGE_TIME[] =
    "UPDATE main.conversation SET last_message_at = max(last_message_at, :at) WHERE id = :id";
static const char SQL_SENT[] =
    "SELECT text, claimed_at, coalesce(provider_id, ''), address FROM main.attempt "
    "WHERE delivery_id = :delivery AND (outcome IS NULL OR outcome IN ('accepted', 'unknown')) "
    "ORDER BY outcome = 'accepted' DESC, id DESC LIMIT 1";
static const char SQL_HAS_COPY[] =
    "SELECT EXISTS (SELECT 1 FROM main.message WHERE conversation_id = :conversation "
    "AND author = 'campaign' AND at = :at AND text = :text)";
static const char SQL_LAST_QUESTION[] =
    "SELECT id, question, coalesce(state, ''), coalesce(reason, ''), coalesce(claimed_at, 0) "
    "FROM main.message WHERE conversation_id = :conversation AND author = 'agent' "
    "AND question IS NOT NULL ORDER BY id DESC LIMIT 1";
static const char SQL_HOLD_AGENT[] =
    "UPDATE main.message SET state = 'skipped', reason = :reason, next_attempt_at_ms = 0, "
    "updated_at = :now WHERE conversation_id = :conversation AND author = 'agent' "
    "AND state IN ('queued', 'retry_wait')";
static const char SQL_REQUEUE[] =
    "UPDATE main.message SET state = 'queued', reason = NULL, next_attempt_at_ms = 0, at = :now, "
    "updated_at = :now WHERE id = :id AND state = 'skipped'";
static const char SQL_ANSWER[] =
    "INSERT INTO main.answer (conversation_id, question, question_text, message_id, text, at) "
    "VALUES (:conversation, :question, :question_text, :message, :text, :at) "
    "ON CONFLICT (conversation_id, question) DO NOTHING";
static const char SQL_ANSWER_APPEND[] =
    "UPDATE main.answer SET text = text || char(10) || :text WHERE conversation_id = :conversation "
    "AND question = (SELECT max(question) FROM main.answer WHERE conversation_id = :conversation)";

static void
bind_id_or_null(struct db_stmt *st, const char *name, int64_t id)
{
    if (id)
        db_bind_i64(st, name, id);
    else
        db_bind_null(st, name);
}

/* --- deliveries */

void
attribution_release(struct attribution *a)
{
    key_release(&a->customer);
    *a = (struct attribution){0};
}

bool
attribution_find(struct db *ledger, const char *address, const char *channel, int64_t at_s,
                 struct attribution *out, struct error *err)
{
    static const char *const questions[] = {SQL_ATTRIBUTE, SQL_ATTRIBUTE_UNDER_WAY};
    bool ok = true;

    *out = (struct attribution){0};
    for (size_t i = 0; ok && !out->delivery_id && i < ARRAY_LEN(questions); i++) {
        struct db_stmt *st = db_prepare(ledger, questions[i], err);
        bool row = false;

        ok = st != NULL;
        if (ok) {
            db_bind_text(st, ":address", address);
            db_bind_text(st, ":channel", channel);
            db_bind_i64(st, ":at", at_s);
            ok = db_step(st, &row, err);
        }
        if (ok && row)
            *out = (struct attribution){
                .delivery_id = db_column_i64(st, 0),
                .campaign_id = db_column_i64(st, 1),
                .step = db_column_i64(st, 2),
                .variant = db_column_i64(st, 3),
                .customer = db_column_key(st, 4),
            };
        db_stmt_release(st);
    }
    return ok || error_wrap(err, "find what a reply answers");
}

bool
customer_find_by_phone(struct db *reader, const char *e164, struct key *out, bool *found,
                       struct error *err)
{
    struct db_stmt *st = db_prepare(reader, SQL_CUSTOMER, err);
    bool ok = false;

    *found = false;
    if (st) {
        db_bind_text(st, ":phone", e164);
        ok = db_step(st, found, err);
    }
    if (ok && *found)
        *out = db_column_key(st, 0);
    db_stmt_release(st);
    return ok || error_wrap(err, "find the customer of a number");
}

static bool
mark_delivery(struct db *ledger, const char *sql, int64_t delivery_id, int64_t at_s, int64_t now_s,
              struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, sql, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", delivery_id);
        if (at_s)
            db_bind_i64(st, ":at", at_s);
        db_bind_i64(st, ":now", now_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "mark delivery %" PRId64, delivery_id);
}

bool
delivery_mark_replied(struct db *ledger, int64_t delivery_id, int64_t at_s, int64_t now_s,
                      struct error *err)
{
    return mark_delivery(ledger, SQL_REPLIED, delivery_id, at_s, now_s, err);
}

bool
delivery_mark_opted_out(struct db *ledger, int64_t delivery_id, int64_t at_s, int64_t now_s,
                        struct error *err)
{
    return mark_delivery(ledger, SQL_OPTED_OUT, delivery_id, at_s, now_s, err);
}

bool
delivery_skip_follow_ups(struct db *ledger, int64_t delivery_id, int64_t now_s, struct error *err)
{
    return mark_delivery(ledger, SQL_SKIP_FOLLOW_UPS, delivery_id, 0, now_s, err);
}

/* --- conversations */

void
conversation_head_release(struct conversation_head *h)
{
    key_release(&h->customer);
    free(h->address);
    free(h->channel);
    free(h->status);
    free(h->agent);
    free(h->needs_review);
    *h = (struct conversation_head){0};
}

bool
conversation_head_load(struct db *db, int64_t id, struct conversation_head *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_HEAD, err);
    bool row = false;
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        ok = db_step(st, &row, err);
    }
    if (ok && !row)
        ok = error_set(err, ERR_NOT_FOUND, "there is no conversation %" PRId64, id);
    else if (ok)
        *out = (struct conversation_head){
            .id = id,
            .campaign_id = db_column_i64(st, 1),
            .delivery_id = db_column_i64(st, 2),
            .has_customer = !db_column_is_null(st, 3),
            .address = db_column_dup(st, 4),
            .channel = db_column_dup(st, 5),
            .status = db_column_dup(st, 6),
            .agent = db_column_dup(st, 7),
            .needs_review = db_column_dup(st, 8),
            .next_question = db_column_i64(st, 9),
        };
    if (ok && out->has_customer)
        out->customer = db_column_key(st, 3);
    db_stmt_release(st);
    return ok;
}

bool
conversation_find(struct db *ledger, const char *address, const char *channel, int64_t campaign_id,
                  int64_t *id, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_FIND, err);
    bool row = false;
    bool ok = false;

    *id = 0;
    if (st) {
        db_bind_text(st, ":address", address);
        db_bind_text(st, ":channel", channel);
        bind_id_or_null(st, ":campaign", campaign_id);
        ok = db_step(st, &row, err);
    }
    if (ok && row)
        *id = db_column_i64(st, 0);
    db_stmt_release(st);
    return ok || error_wrap(err, "find a conversation");
}

bool
conversation_insert(struct db *ledger, struct conversation_head *head, const char *sender,
                    int64_t at_s, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_INSERT, err);
    char uuid[UUID_SIZE];
    bool ok = false;

    random_uuid(uuid);
    if (st) {
        db_bind_text(st, ":uuid", uuid);
        db_bind_key(st, ":customer", head->has_customer ? &head->customer : NULL);
        db_bind_text(st, ":address", head->address);
        db_bind_text(st, ":channel", head->channel);
        db_bind_text(st, ":sender", sender);
        bind_id_or_null(st, ":campaign", head->campaign_id);
        bind_id_or_null(st, ":delivery", head->delivery_id);
        db_bind_text(st, ":agent", head->agent);
        db_bind_i64(st, ":next", head->next_question);
        db_bind_i64(st, ":at", at_s);
        ok = db_step_done(st, err);
    }
    if (ok)
        head->id = db_last_id(ledger);
    db_stmt_release(st);
    return ok || error_wrap(err, "begin a conversation");
}

bool
conversation_touch(struct db *ledger, int64_t id, const char *sender, int64_t at_s,
                   struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_TOUCH, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        db_bind_text(st, ":sender", sender);
        db_bind_i64(st, ":at", at_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "conversation %" PRId64, id);
}

bool
conversation_change(struct db *ledger, int64_t id, const struct conversation_change *c,
                    struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_CHANGE, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        db_bind_text(st, ":status", c->status);
        db_bind_text(st, ":agent", c->agent);
        db_bind_text(st, ":outcome", c->outcome);
        db_bind_text(st, ":outcome_if_none", c->outcome_if_none);
        db_bind_text(st, ":sentiment", c->sentiment);
        db_bind_i64(st, ":score", c->score);
        db_bind_text(st, ":review", c->needs_review);
        db_bind_i64(st, ":clear_review", c->clear_review);
        db_bind_i64(st, ":clear_unread", c->clear_unread);
        db_bind_i64(st, ":set_next", c->set_next_question);
        db_bind_i64(st, ":next", c->next_question);
        db_bind_i64(st, ":now", c->now_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "conversation %" PRId64, id);
}

/* --- messages */

bool
message_insert(struct db *ledger, const struct message_new *m, int64_t *id, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_MESSAGE, err);
    bool ok = false;

    if (!st)
        return error_wrap(err, "keep a message");
    db_bind_i64(st, ":conversation", m->conversation_id);
    db_bind_text(st, ":direction", m->inbound ? "inbound" : "outbound");
    db_bind_text(st, ":author", m->author);
    db_bind_text(st, ":provider_id", m->provider_id);
    db_bind_text(st, ":address", m->address);
    db_bind_text(st, ":text", m->text);
    db_bind_text(st, ":intent", m->intent);
    db_bind_text(st, ":state", m->state);
    if (m->question >= 0)
        db_bind_i64(st, ":question", m->question);
    else
        db_bind_null(st, ":question");
    db_bind_i64(st, ":at", m->at_s);
    db_bind_i64(st, ":now", m->now_s);
    ok = db_step_done(st, err);
    if (ok)
        *id = db_last_id(ledger);
    db_stmt_release(st);
    st = ok ? db_prepare(ledger, SQL_MESSAGE_TIME, err) : NULL;
    ok = st != NULL;
    if (ok) {
        db_bind_i64(st, ":id", m->conversation_id);
        db_bind_i64(st, ":at", m->at_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "keep a message");
}

static bool
has_copy(struct db *ledger, int64_t conversation_id, const char *text, int64_t at_s, bool *out,
         struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_HAS_COPY, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":conversation", conversation_id);
        db_bind_text(st, ":text", text);
        db_bind_i64(st, ":at", at_s);
        ok = db_step_one(st, err);
    }
    if (ok)
        *out = db_column_i64(st, 0) != 0;
    db_stmt_release(st);
    return ok;
}

bool
message_copy_of_delivery(struct db *ledger, int64_t conversation_id, int64_t delivery_id,
                         int64_t now_s, char **text, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_SENT, err);
    char *provider_id = NULL, *address = NULL;
    int64_t at_s = 0, id = 0;
    bool row = false, copied = false;
    bool ok = st != NULL;

    *text = NULL;
    if (ok) {
        db_bind_i64(st, ":delivery", delivery_id);
        ok = db_step(st, &row, err);
    }
    if (ok && row) {
        *text = db_column_dup(st, 0);
        at_s = db_column_i64(st, 1);
        provider_id = db_column_dup(st, 2);
        address = db_column_dup(st, 3);
    }
    db_stmt_release(st);
    ok = ok && (!row || has_copy(ledger, conversation_id, *text, at_s, &copied, err));
    if (ok && row && !copied) {
        const struct message_new m = {
            .conversation_id = conversation_id,
            .author = "campaign",
            .provider_id = provider_id[0] ? provider_id : NULL,
            .address = address,
            .text = *text,
            .question = -1,
            .at_s = at_s,
            .now_s = now_s,
        };

        ok = message_insert(ledger, &m, &id, err);
    }
    free(provider_id);
    free(address);
    if (!ok) {
        free(*text);
        *text = NULL;
    }
    return ok || error_wrap(err, "delivery %" PRId64, delivery_id);
}

bool
message_last_question(struct db *ledger, int64_t conversation_id, struct agent_question *out,
                      struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_LAST_QUESTION, err);
    bool row = false;
    bool ok = false;

    *out = (struct agent_question){0};
    if (st) {
        db_bind_i64(st, ":conversation", conversation_id);
        ok = db_step(st, &row, err);
    }
    if (ok && row) {
        out->message_id = db_column_i64(st, 0);
        out->question = db_column_i64(st, 1);
        (void)text_copy(out->state, sizeof out->state, db_column_text(st, 2));
        (void)text_copy(out->reason, sizeof out->reason, db_column_text(st, 3));
        out->claimed_at_s = db_column_i64(st, 4);
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "find the last question");
}

bool
message_hold_agent(struct db *ledger, int64_t conversation_id, const char *reason, int64_t now_s,
                   struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_HOLD_AGENT, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":conversation", conversation_id);
        db_bind_text(st, ":reason", reason);
        db_bind_i64(st, ":now", now_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "hold the agent's messages");
}

bool
message_requeue(struct db *ledger, int64_t message_id, int64_t now_s, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_REQUEUE, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", message_id);
        db_bind_i64(st, ":now", now_s);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "queue a message again");
}

/* --- answers */

bool
answer_add(struct db *ledger, int64_t conversation_id, int64_t question, const char *question_text,
           int64_t message_id, const char *text, int64_t at_s, bool *fresh, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_ANSWER, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":conversation", conversation_id);
        db_bind_i64(st, ":question", question);
        db_bind_text(st, ":question_text", question_text);
        db_bind_i64(st, ":message", message_id);
        db_bind_text(st, ":text", text);
        db_bind_i64(st, ":at", at_s);
        ok = db_step_done(st, err);
    }
    if (ok)
        *fresh = db_changes(ledger) > 0;
    db_stmt_release(st);
    return ok || error_wrap(err, "keep an answer");
}

bool
answer_append(struct db *ledger, int64_t conversation_id, const char *text, struct error *err)
{
    struct db_stmt *st = db_prepare(ledger, SQL_ANSWER_APPEND, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":conversation", conversation_id);
        db_bind_text(st, ":text", text);
        ok = db_step_done(st, err);
    }
    db_stmt_release(st);
    return ok || error_wrap(err, "keep an answer");
}
