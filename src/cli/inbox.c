/* canvass inbox: conversations, and what an operator does with them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/reply/reply.h"
#include "core/store/stores.h"

struct inbox_args {
    const char *message, *outcome, *sentiment, *score, *campaign, *status, *limit;
    bool messages, unread, review, opt_out, keep;
};

struct inbox_job {
    const struct cli *cli;
    struct inbox_args args;
    struct db *db;
    int64_t id, score, campaign_id, limit, message_id;
};

struct inbox_verb {
    const char *name;
    bool needs_id, writes;
    bool (*run)(struct inbox_job *j, struct error *err);
};

/* --- printing */

static json_t *
text_or_null(const char *s)
{
    return s ? json_string(s) : json_null();
}

static json_t *
id_or_null(int64_t id)
{
    return id ? json_integer(id) : json_null();
}

static json_t *
message_json(const struct message *m)
{
    json_t *o = json_object();

    (void)json_object_set_new(o, "id", json_integer(m->id));
    (void)json_object_set_new(o, "direction", json_string(m->inbound ? "inbound" : "outbound"));
    (void)json_object_set_new(o, "author", text_or_null(m->author));
    (void)json_object_set_new(o, "provider_id", text_or_null(m->provider_id));
    (void)json_object_set_new(o, "address", text_or_null(m->address));
    (void)json_object_set_new(o, "text", text_or_null(m->text));
    (void)json_object_set_new(o, "intent", text_or_null(m->intent));
    (void)json_object_set_new(o, "question",
                              m->question >= 0 ? json_integer(m->question + 1) : json_null());
    (void)json_object_set_new(o, "state", text_or_null(m->state));
    (void)json_object_set_new(o, "error", text_or_null(m->error));
    (void)json_object_set_new(o, "at", cli_json_time(m->at_s));
    return o;
}

static json_t *
conversation_json(const struct conversation *c, bool with_messages)
{
    json_t *o = json_object();

    (void)json_object_set_new(o, "id", json_integer(c->id));
    (void)json_object_set_new(o, "customer_id",
                              cli_json_key(c->has_customer ? &c->customer : NULL));
    (void)json_object_set_new(o, "name", text_or_null(c->name));
    (void)json_object_set_new(o, "address", text_or_null(c->address));
    (void)json_object_set_new(o, "channel", text_or_null(c->channel));
    (void)json_object_set_new(o, "campaign_id", id_or_null(c->campaign_id));
    (void)json_object_set_new(o, "status", text_or_null(c->status));
    (void)json_object_set_new(o, "agent", text_or_null(c->agent));
    (void)json_object_set_new(o, "outcome", text_or_null(c->outcome));
    (void)json_object_set_new(o, "sentiment", text_or_null(c->sentiment));
    (void)json_object_set_new(o, "score", id_or_null(c->score));
    (void)json_object_set_new(o, "needs_review", text_or_null(c->needs_review));
    (void)json_object_set_new(o, "unread", json_integer(c->unread));
    (void)json_object_set_new(o, "last_message_at", cli_json_time(c->last_message_at));
    if (with_messages) {
        json_t *list = json_array();

        for (size_t i = 0; i < c->message_count; i++)
            (void)json_array_append_new(list, message_json(&c->messages[i]));
        (void)json_object_set_new(o, "messages", list);
    }
    return o;
}

static json_t *
answers_json(const struct conversation *c)
{
    json_t *list = json_array();

    for (size_t i = 0; i < c->answer_count; i++) {
        json_t *o = json_object();

        (void)json_object_set_new(o, "question", json_integer(c->answers[i].question + 1));
        (void)json_object_set_new(o, "question_text", json_string(c->answers[i].question_text));
        (void)json_object_set_new(o, "text", json_string(c->answers[i].text));
        (void)json_object_set_new(o, "at", cli_json_time(c->answers[i].at_s));
        (void)json_array_append_new(list, o);
    }
    return list;
}

/* Text from outside, on one line and without anything that a terminal would obey. */
static void
print_text(const char *before, const char *text)
{
    struct buf out = {0};

    text_sanitise(&out, text, strlen(text));
    cli_printf("%s%s\n", before, buf_str(&out));
    buf_release(&out);
}

static void
print_head(const struct conversation *c)
{
    char at[UTIME_RFC3339_SIZE];
    struct buf name = {0};

    if (c->name)
        text_sanitise(&name, c->name, strlen(c->name));
    cli_printf("%" PRId64 "  %s  %s%s%s  %s", c->id, utime_format(c->last_message_at, at),
               c->address, name.len ? "  " : "", buf_str(&name), c->status);
    if (c->campaign_id)
        cli_printf("  campaign %" PRId64, c->campaign_id);
    if (c->unread)
        cli_printf("  %" PRId64 " unread", c->unread);
    if (c->outcome)
        print_text("  outcome ", c->outcome);
    else
        cli_printf("\n");
    if (c->needs_review)
        print_text("    ! ", c->needs_review);
    buf_release(&name);
}

static void
print_messages(const struct conversation *c)
{
    char at[UTIME_RFC3339_SIZE];

    for (size_t i = 0; i < c->message_count; i++) {
        const struct message *m = &c->messages[i];

        cli_printf("    %s  %-8s %s%s", utime_format(m->at_s, at), m->author,
                   m->state ? m->state : "", m->state ? ": " : "");
        print_text("", m->text);
    }
}

/* --- verbs */

static bool
list_verb(struct inbox_job *j, struct error *err)
{
    const struct conversation_filter filter = {
        .campaign_id = j->campaign_id,
        .status = j->args.status,
        .unread_only = j->args.unread,
        .needs_review_only = j->args.review,
        .with_messages = j->args.messages,
        .limit = (size_t)j->limit,
    };
    struct conversation_list l = {0};
    json_t *items = json_array();

    if (!conversation_list_load(j->db, &filter, &l, err)) {
        json_decref(items);
        return false;
    }
    for (size_t i = 0; i < l.count; i++) {
        if (j->cli->json) {
            (void)json_array_append_new(items, conversation_json(&l.items[i], j->args.messages));
            continue;
        }
        print_head(&l.items[i]);
        print_messages(&l.items[i]);
        if (!j->args.messages && l.items[i].last_text)
            print_text("    ", l.items[i].last_text);
    }
    if (j->cli->json)
        (void)cli_print_json(
            json_pack("{s:o, s:I}", "conversations", items, "total", (json_int_t)l.total));
    else
        json_decref(items);
    if (!j->cli->json && l.count == 0)
        cli_printf("no conversations\n");
    conversation_list_release(&l);
    return true;
}

static bool
show(struct inbox_job *j, struct error *err)
{
    struct conversation c = {0};

    if (!conversation_load(j->db, j->id, &c, err))
        return false;
    if (j->cli->json) {
        json_t *o = conversation_json(&c, true);

        (void)json_object_set_new(o, "answers", answers_json(&c));
        (void)cli_print_json(o);
    } else {
        print_head(&c);
        print_messages(&c);
        for (size_t i = 0; i < c.answer_count; i++) {
            print_text("  Q ", c.answers[i].question_text);
            print_text("  A ", c.answers[i].text);
        }
    }
    conversation_release(&c);
    return true;
}

static bool
reply(struct inbox_job *j, struct error *err)
{
    if (!j->args.message)
        return error_set(err, ERR_INVALID, "inbox reply: --message is missing");
    return conversation_answer(j->db, j->id, j->args.message, j->cli->now_s, &j->message_id, err);
}

static bool
set_verb(struct inbox_job *j, struct error *err)
{
    if (!j->args.outcome && !j->args.sentiment && !j->args.score)
        return error_set(err, ERR_INVALID,
                         "inbox set: give --outcome, --sentiment or --score; \"\" clears a word");
    return conversation_set(j->db, j->id, j->args.outcome, j->args.sentiment, j->score,
                            j->cli->now_s, err);
}

static bool
shut(struct inbox_job *j, struct error *err)
{
    return conversation_close(j->db, j->id, j->cli->now_s, err);
}

static bool
hand_over(struct inbox_job *j, struct error *err)
{
    return conversation_hand_over(j->db, j->id, j->cli->now_s, err);
}

static bool
take_back(struct inbox_job *j, struct error *err)
{
    return conversation_take_back(j->db, j->id, j->cli->now_s, err);
}

static bool
mark_read(struct inbox_job *j, struct error *err)
{
    struct conversation c = {0};
    bool ok = conversation_load(j->db, j->id, &c, err) &&
              conversation_mark_read(j->db, j->id, j->cli->now_s, err);

    conversation_release(&c);
    return ok;
}

static bool
rule(struct inbox_job *j, struct error *err)
{
    if (j->args.opt_out == j->args.keep)
        return error_set(err, ERR_INVALID, "inbox rule: say --opt-out or --keep");
    return conversation_rule(j->db, j->id, j->args.opt_out, j->cli->now_s, err);
}

static const struct inbox_verb verbs[] = {
    {"list", false, false, list_verb},    {"show", true, false, show},
    {"reply", true, true, reply},         {"set", true, true, set_verb},
    {"close", true, true, shut},          {"hand-over", true, true, hand_over},
    {"take-back", true, true, take_back}, {"rule", true, true, rule},
    {"read", true, true, mark_read},
};

/* --- arguments */

static const struct inbox_verb *
find_verb(const char *name)
{
    for (size_t i = 0; name && i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static bool
read_number(const char *text, const char *name, int64_t min, int64_t max, int64_t *out,
            struct error *err)
{
    if (!text || (num_parse_i64(text, out) && *out >= min && *out <= max))
        return true;
    return error_set(err, ERR_INVALID,
                     "%s: a whole number from %" PRId64 " to %" PRId64 " is needed", name, min,
                     max);
}

static bool
read_values(struct inbox_job *j, struct error *err)
{
    static const char *const statuses[] = {"active", "completed", "failed"};
    bool known = !j->args.status;

    for (size_t i = 0; !known && i < ARRAY_LEN(statuses); i++)
        known = strcmp(j->args.status, statuses[i]) == 0;
    if (!known)
        return error_set(err, ERR_INVALID, "--status: active, completed or failed");
    j->limit = INT32_MAX;
    return read_number(j->args.score, "--score", 1, 10, &j->score, err) &&
           read_number(j->args.campaign, "--campaign", 1, INT64_MAX, &j->campaign_id, err) &&
           read_number(j->args.limit, "--limit", 1, INT32_MAX, &j->limit, err);
}

/* After a change: what the conversation is now. */
static int
print_result(struct inbox_job *j, const struct inbox_verb *verb)
{
    if (j->cli->json && j->message_id)
        return cli_print_json(json_pack("{s:I, s:I}", "id", (json_int_t)j->id, "message_id",
                                        (json_int_t)j->message_id));
    if (j->cli->json)
        return cli_print_json(json_pack("{s:I, s:s}", "id", (json_int_t)j->id, "done", verb->name));
    if (j->message_id)
        cli_printf("conversation %" PRId64 ": the answer is queued; the engine sends it\n", j->id);
    else
        cli_printf("conversation %" PRId64 ": done\n", j->id);
    return EXIT_DONE;
}

static int
inbox_run(const struct cli *cli, int argc, char **argv)
{
    struct inbox_job j = {.cli = cli};
    const struct cli_option options[] = {
        {"--message", &j.args.message, NULL},
        {"--outcome", &j.args.outcome, NULL},
        {"--sentiment", &j.args.sentiment, NULL},
        {"--score", &j.args.score, NULL},
        {"--campaign", &j.args.campaign, NULL},
        {"--status", &j.args.status, NULL},
        {"--limit", &j.args.limit, NULL},
        {"--messages", NULL, &j.args.messages},
        {"--unread", NULL, &j.args.unread},
        {"--review", NULL, &j.args.review},
        {"--opt-out", NULL, &j.args.opt_out},
        {"--keep", NULL, &j.args.keep},
        {0},
    };
    const char *words[2] = {NULL, NULL};
    const struct inbox_verb *verb = NULL;
    struct error err = {0};
    size_t count = 0;
    bool ok = false;

    if (!cli_parse(cli, &cli_inbox, argc, argv, options, words, ARRAY_LEN(words), &count))
        return EXIT_USAGE;
    verb = find_verb(words[0]);
    if (!verb)
        return cli_usage(cli, &cli_inbox,
                         words[0] ? "unknown: inbox %s" : "what to do is missing%s",
                         words[0] ? words[0] : "");
    if (verb->needs_id != (words[1] != NULL) ||
        (words[1] && (!num_parse_i64(words[1], &j.id) || j.id <= 0)))
        return cli_usage(cli, &cli_inbox,
                         verb->needs_id ? "inbox %s: the number of a conversation is needed"
                                        : "inbox %s takes no number",
                         verb->name);
    ok = read_values(&j, &err);
    if (ok) {
        j.db = verb->writes ? ledger_open(cli->home, &err) : reader_open(cli->home, &err);
        ok = j.db != NULL;
    }
    ok = ok && verb->run(&j, &err);
    db_close(j.db);
    if (!ok)
        return cli_fail(cli, &err);
    return verb->writes ? print_result(&j, verb) : EXIT_DONE;
}

const struct cli_command cli_inbox = {
    .name = "inbox",
    .synopsis =
        "list [--messages] [--campaign ID] [--status S] [--unread] [--review] [--limit N]\n"
        "show ID\n"
        "reply ID --message TEXT\n"
        "set ID [--outcome O] [--sentiment positive|neutral|negative|mixed] [--score 1..10]\n"
        "close ID | hand-over ID | take-back ID | read ID\n"
        "rule ID --opt-out|--keep",
    .summary = "Read and answer what customers wrote",
    .run = inbox_run,
};
