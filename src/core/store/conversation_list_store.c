/* What screens and lists read of conversations (core/reply/reply.h). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/reply/reply.h"

#define DEFAULT_LIMIT 200

#define CONVERSATION                                                                               \
    "SELECT c.id, coalesce(c.campaign_id, 0), coalesce(c.delivery_id, 0), c.customer_id, r.name, " \
    "c.address, c.channel, c.status, c.agent, c.outcome, c.sentiment, p.name, c.needs_review, "    \
    "coalesce(c.score, 0), c.unread, c.created_at, c.last_message_at, "                            \
    "coalesce(c.completed_at, 0), c.next_question, "                                               \
    "(SELECT m.text FROM main.message m WHERE m.conversation_id = c.id "                           \
    "AND m.direction = 'inbound' ORDER BY m.at DESC, m.id DESC LIMIT 1), "                         \
    "(SELECT m.intent FROM main.message m WHERE m.conversation_id = c.id "                         \
    "AND m.direction = 'inbound' ORDER BY m.at DESC, m.id DESC LIMIT 1) "                          \
    "FROM main.conversation c LEFT JOIN main.campaign p ON p.id = c.campaign_id "                  \
    "LEFT JOIN replica.customer r ON r.key = c.customer_id "
#define FITS                                                                                       \
    "WHERE (:campaign = 0 OR c.campaign_id = :campaign) "                                          \
    "AND (:status IS NULL OR c.status = :status) AND (NOT :unread OR c.unread > 0) "               \
    "AND (NOT :review OR c.needs_review IS NOT NULL) "
static const char SQL_LIST[] =
    CONVERSATION FITS "ORDER BY c.last_message_at DESC, c.id DESC LIMIT :limit OFFSET :offset";
static const char SQL_COUNT[] = "SELECT count(*) FROM main.conversation c " FITS;
static const char SQL_ONE[] = CONVERSATION "WHERE c.id = :id";
static const char SQL_MESSAGES[] =
    "SELECT id, direction = 'inbound', author, provider_id, address, text, intent, state, error, "
    "coalesce(question, -1), at FROM main.message WHERE conversation_id = :id ORDER BY at, id";
static const char SQL_ANSWERS[] = "SELECT question, question_text, text, at FROM main.answer "
                                  "WHERE conversation_id = :id ORDER BY question";

/*
 * What came of a reply, in words: the first thing that was said after it, else what it was. The
 * next message is found by id, in the order of writing.
 */
static const char SQL_STREAM[] =
    "SELECT m.id, m.conversation_id, coalesce(c.campaign_id, 0), m.at, r.name, m.address, "
    "c.channel, m.intent, c.sentiment, m.text, CASE m.intent "
    "WHEN 'opt_out' THEN 'opted out' "
    "WHEN 'opt_in' THEN CASE WHEN c.needs_review IS NULL THEN 'opted in again' "
    "ELSE 'needs a person' END "
    "WHEN 'help' THEN 'answered by the provider' "
    "ELSE CASE WHEN m.intent = 'review' AND c.needs_review IS NOT NULL THEN 'needs a ruling' "
    "ELSE coalesce((SELECT CASE WHEN n.author = 'operator' THEN 'answered by a person' "
    "ELSE 'question ' || (n.question + 1) END || CASE n.state "
    "WHEN 'queued' THEN ', on its way' WHEN 'sending' THEN ', on its way' "
    "WHEN 'retry_wait' THEN ', on its way' WHEN 'in_doubt' THEN ', in doubt' "
    "WHEN 'failed' THEN ', failed' WHEN 'undelivered' THEN ', failed' "
    "WHEN 'skipped' THEN ', not sent' ELSE '' END "
    "FROM main.message n WHERE n.conversation_id = m.conversation_id AND n.id > m.id "
    "AND n.author IN ('agent', 'operator') ORDER BY n.id LIMIT 1), "
    "CASE WHEN c.needs_review IS NOT NULL THEN 'needs a person' "
    "WHEN m.intent = 'review' THEN 'ruled: stays' "
    "WHEN c.status = 'completed' THEN 'finished' "
    "WHEN c.agent = 'scripted' THEN 'with the agent' ELSE 'waits for a person' END) END END "
    "FROM main.message m JOIN main.conversation c ON c.id = m.conversation_id "
    "LEFT JOIN replica.customer r ON r.key = c.customer_id "
    "WHERE m.direction = 'inbound' AND (:campaign = 0 OR c.campaign_id = :campaign) "
    "ORDER BY m.at DESC, m.id DESC LIMIT :limit OFFSET :offset";
static const char SQL_TODAY[] =
    "SELECT count(*) FROM main.message m JOIN main.conversation c ON c.id = m.conversation_id "
    "WHERE m.direction = 'inbound' AND m.at >= :since "
    "AND (:campaign = 0 OR c.campaign_id = :campaign)";

/* --- release */

static void
message_release(struct message *m)
{
    free(m->author);
    free(m->provider_id);
    free(m->address);
    free(m->text);
    free(m->intent);
    free(m->state);
    free(m->error);
}

void
conversation_release(struct conversation *c)
{
    char *texts[] = {c->name,         c->address,   c->channel,    c->status,
                     c->agent,        c->outcome,   c->sentiment,  c->campaign_name,
                     c->needs_review, c->last_text, c->last_intent};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        free(texts[i]);
    key_release(&c->customer);
    for (size_t i = 0; i < c->message_count; i++)
        message_release(&c->messages[i]);
    free(c->messages);
    for (size_t i = 0; i < c->answer_count; i++) {
        free(c->answers[i].question_text);
        free(c->answers[i].text);
    }
    free(c->answers);
    *c = (struct conversation){0};
}

void
conversation_list_release(struct conversation_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        conversation_release(&l->items[i]);
    free(l->items);
    *l = (struct conversation_list){0};
}

void
reply_stream_release(struct reply_stream *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct reply_row *r = &s->rows[i];
        char *texts[] = {r->name,      r->address, r->channel, r->intent,
                         r->sentiment, r->text,    r->then};

        for (size_t k = 0; k < ARRAY_LEN(texts); k++)
            free(texts[k]);
    }
    free(s->rows);
    *s = (struct reply_stream){0};
}

/* --- reading */

static struct conversation
read_conversation(struct db_stmt *st)
{
    struct conversation c = {
        .id = db_column_i64(st, 0),
        .campaign_id = db_column_i64(st, 1),
        .delivery_id = db_column_i64(st, 2),
        .has_customer = !db_column_is_null(st, 3),
        .name = db_column_dup(st, 4),
        .address = db_column_dup(st, 5),
        .channel = db_column_dup(st, 6),
        .status = db_column_dup(st, 7),
        .agent = db_column_dup(st, 8),
        .outcome = db_column_dup(st, 9),
        .sentiment = db_column_dup(st, 10),
        .campaign_name = db_column_dup(st, 11),
        .needs_review = db_column_dup(st, 12),
        .score = db_column_i64(st, 13),
        .unread = db_column_i64(st, 14),
        .created_at = db_column_i64(st, 15),
        .last_message_at = db_column_i64(st, 16),
        .completed_at = db_column_i64(st, 17),
        .next_question = db_column_i64(st, 18),
        .last_text = db_column_dup(st, 19),
        .last_intent = db_column_dup(st, 20),
    };

    if (c.has_customer)
        c.customer = db_column_key(st, 3);
    return c;
}

static bool
load_messages(struct db *db, struct conversation *c, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_MESSAGES, err);
    size_t capacity = 0;
    bool row = false;
    bool ok = st != NULL;

    if (ok)
        db_bind_i64(st, ":id", c->id);
    while (ok && (ok = db_step(st, &row, err)) && row) {
        c->messages = mem_grow(c->messages, c->message_count, &capacity, sizeof *c->messages);
        c->messages[c->message_count++] = (struct message){
            .id = db_column_i64(st, 0),
            .inbound = db_column_i64(st, 1) != 0,
            .author = db_column_dup(st, 2),
            .provider_id = db_column_dup(st, 3),
            .address = db_column_dup(st, 4),
            .text = db_column_dup(st, 5),
            .intent = db_column_dup(st, 6),
            .state = db_column_dup(st, 7),
            .error = db_column_dup(st, 8),
            .question = db_column_i64(st, 9),
            .at_s = db_column_i64(st, 10),
        };
    }
    db_stmt_release(st);
    return ok;
}

static bool
load_answers(struct db *db, struct conversation *c, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_ANSWERS, err);
    size_t capacity = 0;
    bool row = false;
    bool ok = st != NULL;

    if (ok)
        db_bind_i64(st, ":id", c->id);
    while (ok && (ok = db_step(st, &row, err)) && row) {
        c->answers = mem_grow(c->answers, c->answer_count, &capacity, sizeof *c->answers);
        c->answers[c->answer_count++] = (struct answer_row){
            .question = db_column_i64(st, 0),
            .question_text = db_column_dup(st, 1),
            .text = db_column_dup(st, 2),
            .at_s = db_column_i64(st, 3),
        };
    }
    db_stmt_release(st);
    return ok;
}

static void
bind_filter(struct db_stmt *st, const struct conversation_filter *f)
{
    db_bind_i64(st, ":campaign", f->campaign_id);
    db_bind_text(st, ":status", f->status);
    db_bind_i64(st, ":unread", f->unread_only);
    db_bind_i64(st, ":review", f->needs_review_only);
}

static bool
count_all(struct db *db, const struct conversation_filter *f, int64_t *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_COUNT, err);
    bool ok = false;

    if (st) {
        bind_filter(st, f);
        ok = db_step_one(st, err);
    }
    if (ok)
        *out = db_column_i64(st, 0);
    db_stmt_release(st);
    return ok;
}

bool
conversation_list_load(struct db *db, const struct conversation_filter *f,
                       struct conversation_list *out, struct error *err)
{
    struct conversation_list list = {0};
    struct db_stmt *st = db_prepare(db, SQL_LIST, err);
    size_t capacity = 0;
    bool row = false;
    bool ok = st != NULL;

    if (ok) {
        bind_filter(st, f);
        db_bind_i64(st, ":limit", f->limit ? (int64_t)f->limit : DEFAULT_LIMIT);
        db_bind_i64(st, ":offset", (int64_t)f->offset);
    }
    while (ok && (ok = db_step(st, &row, err)) && row) {
        list.items = mem_grow(list.items, list.count, &capacity, sizeof *list.items);
        list.items[list.count++] = read_conversation(st);
    }
    db_stmt_release(st);
    ok = ok && count_all(db, f, &list.total, err);
    for (size_t i = 0; ok && f->with_messages && i < list.count; i++)
        ok = load_messages(db, &list.items[i], err);
    if (!ok) {
        conversation_list_release(&list);
        return error_wrap(err, "list conversations");
    }
    *out = list;
    return true;
}

bool
conversation_load(struct db *db, int64_t id, struct conversation *out, struct error *err)
{
    struct conversation c = {0};
    struct db_stmt *st = db_prepare(db, SQL_ONE, err);
    bool row = false;
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":id", id);
        ok = db_step(st, &row, err);
    }
    if (ok && row)
        c = read_conversation(st);
    else if (ok)
        ok = error_set(err, ERR_NOT_FOUND, "there is no conversation %" PRId64, id);
    db_stmt_release(st);
    ok = ok && load_messages(db, &c, err) && load_answers(db, &c, err);
    if (!ok) {
        conversation_release(&c);
        return false;
    }
    *out = c;
    return true;
}

static bool
count_today(struct db *db, int64_t campaign_id, int64_t since_s, int64_t *out, struct error *err)
{
    struct db_stmt *st = db_prepare(db, SQL_TODAY, err);
    bool ok = false;

    if (st) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_i64(st, ":since", since_s);
        ok = db_step_one(st, err);
    }
    if (ok)
        *out = db_column_i64(st, 0);
    db_stmt_release(st);
    return ok;
}

bool
reply_stream_load(struct db *db, int64_t campaign_id, size_t limit, size_t offset, int64_t since_s,
                  struct reply_stream *out, struct error *err)
{
    struct reply_stream s = {0};
    struct db_stmt *st = db_prepare(db, SQL_STREAM, err);
    size_t capacity = 0;
    bool row = false;
    bool ok = st != NULL;

    if (ok) {
        db_bind_i64(st, ":campaign", campaign_id);
        db_bind_i64(st, ":limit", limit ? (int64_t)limit : DEFAULT_LIMIT);
        db_bind_i64(st, ":offset", (int64_t)offset);
    }
    while (ok && (ok = db_step(st, &row, err)) && row) {
        s.rows = mem_grow(s.rows, s.count, &capacity, sizeof *s.rows);
        s.rows[s.count++] = (struct reply_row){
            .message_id = db_column_i64(st, 0),
            .conversation_id = db_column_i64(st, 1),
            .campaign_id = db_column_i64(st, 2),
            .at_s = db_column_i64(st, 3),
            .name = db_column_dup(st, 4),
            .address = db_column_dup(st, 5),
            .channel = db_column_dup(st, 6),
            .intent = db_column_dup(st, 7),
            .sentiment = db_column_dup(st, 8),
            .text = db_column_dup(st, 9),
            .then = db_column_dup(st, 10),
        };
    }
    db_stmt_release(st);
    ok = ok && count_today(db, campaign_id, since_s, &s.today, err);
    if (!ok) {
        reply_stream_release(&s);
        return error_wrap(err, "list replies");
    }
    *out = s;
    return true;
}
