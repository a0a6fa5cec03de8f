#include "ui/screen/thread.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/store/stores.h"
#include "core/store/suppression_store.h"
#include "ui/screen/common.h"

static const char *const sentiments[] = {"", "positive", "neutral", "negative", "mixed"};
static const char *const sentiment_words[] = {"not set", "positive", "neutral", "negative",
                                              "mixed"};

enum { WRITE_TEXT, WRITE_SEND, WRITE_CANCEL };
enum { SET_OUTCOME, SET_SENTIMENT, SET_SCORE, SET_SAVE, SET_CANCEL };

void
thread_init(struct thread *t, struct app *app)
{
    *t = (struct thread){.app = app};
    t->slot = app_slot(app);
    t->write_fields[WRITE_TEXT] =
        (struct field){.kind = FIELD_AREA, .id = "text", .height = 4, .edit = {.max_bytes = 1600}};
    t->write_fields[WRITE_SEND] =
        (struct field){.kind = FIELD_BUTTON, .id = "send", .label = "Send"};
    t->write_fields[WRITE_CANCEL] =
        (struct field){.kind = FIELD_BUTTON, .id = "cancel", .label = "Cancel"};
    t->set_fields[SET_OUTCOME] = (struct field){.kind = FIELD_TEXT,
                                                .id = "outcome",
                                                .label = "Outcome",
                                                .width = 30,
                                                .edit = {.max_bytes = 100}};
    t->set_fields[SET_SENTIMENT] = (struct field){.kind = FIELD_CHOICE,
                                                  .id = "sentiment",
                                                  .label = "Sentiment",
                                                  .width = 14,
                                                  .choices = sentiment_words,
                                                  .choice_count = ARRAY_LEN(sentiment_words),
                                                  .after = "←→ or its first letter"};
    t->set_fields[SET_SCORE] = (struct field){.kind = FIELD_NUMBER,
                                              .id = "score",
                                              .label = "Score",
                                              .width = 5,
                                              .min = 1,
                                              .max = 10,
                                              .after = "1 to 10, empty: none",
                                              .edit = {.max_bytes = 2}};
    t->set_fields[SET_SAVE] = (struct field){.kind = FIELD_BUTTON, .id = "save", .label = "Save"};
    t->set_fields[SET_CANCEL] =
        (struct field){.kind = FIELD_BUTTON, .id = "cancel", .label = "Cancel"};
}

void
thread_release(struct thread *t)
{
    app_slot_release(t->app, t->slot);
    conversation_release(&t->data);
    for (size_t i = 0; i < ARRAY_LEN(t->write_fields); i++)
        edit_release(&t->write_fields[i].edit);
    for (size_t i = 0; i < ARRAY_LEN(t->set_fields); i++)
        edit_release(&t->set_fields[i].edit);
}

/* --- data */

static void *
answer(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    struct conversation *c = mem_alloc(sizeof *c);

    (void)cancelled;
    if (conversation_load(reader, *(int64_t *)arg, c, err))
        return c;
    free(c);
    return NULL;
}

static void
free_answer(void *result)
{
    conversation_release(result);
    free(result);
}

static void
on_answer(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct thread *t = owner;
    struct conversation *c = result;
    struct conversation old = t->data;

    (void)q;
    if (!c) {
        if (err->code != ERR_RETRY)
            (void)text_copy(t->error, sizeof t->error, err->text);
        return;
    }
    t->data = *c;
    *c = old; /* freed with the answer */
    t->loaded = true;
    t->error[0] = '\0';
}

static void
ask(struct thread *t, bool cancel_older)
{
    int64_t *id = mem_dup(&t->id, sizeof t->id);
    struct question q = {.slot = t->slot,
                         .answer = answer,
                         .arg = id,
                         .free_arg = free,
                         .free_result = free_answer,
                         .done = on_answer,
                         .owner = t};

    if (cancel_older)
        app_ask(t->app, &q, "Reading the conversation");
    else if (!app_ask_if_free(t->app, &q, "Reading the conversation"))
        free(id);
}

void
thread_open(struct thread *t, int64_t id)
{
    if (id == t->id)
        return;
    t->id = id;
    t->loaded = false;
    t->opened_ms = utime_mono_ms();
    t->error[0] = '\0';
    t->scroll = 0;
    t->mode = THREAD_READ;
    t->show_answers = false;
    if (id != 0)
        ask(t, true);
}

void
thread_refresh(struct thread *t)
{
    if (t->id != 0)
        ask(t, false);
}

/* --- doing */

struct act {
    int64_t id;
    int kind;
    char *text, *outcome, *sentiment, *address, *channel;
    int64_t score;
};
enum {
    ACT_ANSWER,
    ACT_SET,
    ACT_HAND_OVER,
    ACT_TAKE_BACK,
    ACT_RULE_OUT,
    ACT_KEEP,
    ACT_CLOSE,
    ACT_READ,
    ACT_SUPPRESS
};

static void
free_act(void *arg)
{
    struct act *a = arg;

    free(a->text);
    free(a->outcome);
    free(a->sentiment);
    free(a->address);
    free(a->channel);
    free(a);
}

/* An opt-out that a person took in another way: on the phone, at the desk. */
static bool
suppress(struct db *ledger, const struct act *a, int64_t now_s, struct error *err)
{
    char subject[48];

    (void)snprintf(subject, sizeof subject, "conversation %" PRId64, a->id);
    if (!db_begin(ledger, err))
        return false;
    if (suppression_add(ledger, a->address, a->channel, "operator", "set in the conversation",
                        now_s, NULL, err) &&
        audit_add(ledger, now_s, audit_actor(), "suppression.add", subject, a->channel, err))
        return db_commit(ledger, err);
    db_rollback(ledger);
    return false;
}

static bool
run_act(struct db *ledger, struct db *reader, const struct config *config, void *arg,
        struct error *err)
{
    const struct act *a = arg;
    int64_t now_s = utime_now_s();
    int64_t message_id;

    (void)reader;
    (void)config;
    switch (a->kind) {
    case ACT_ANSWER:
        return conversation_answer(ledger, a->id, a->text, now_s, &message_id, err);
    case ACT_SET:
        return conversation_set(ledger, a->id, a->outcome, a->sentiment, a->score, now_s, err);
    case ACT_HAND_OVER:
        return conversation_hand_over(ledger, a->id, now_s, err);
    case ACT_TAKE_BACK:
        return conversation_take_back(ledger, a->id, now_s, err);
    case ACT_RULE_OUT:
        return conversation_rule(ledger, a->id, true, now_s, err);
    case ACT_KEEP:
        return conversation_rule(ledger, a->id, false, now_s, err);
    case ACT_CLOSE:
        return conversation_close(ledger, a->id, now_s, err);
    case ACT_READ:
        return conversation_mark_read(ledger, a->id, now_s, err);
    case ACT_SUPPRESS:
        return suppress(ledger, a, now_s, err);
    default:
        return error_set(err, ERR_INTERNAL, "no such act");
    }
}

static struct act *
new_act(const struct thread *t, int kind)
{
    struct act *a = mem_alloc(sizeof *a);

    a->id = t->id;
    a->kind = kind;
    return a;
}

static void
act(struct thread *t, struct act *a, const char *ok_text)
{
    struct app_command cmd = {.run = run_act, .arg = a, .free_arg = free_act};

    (void)text_copy(cmd.ok_text, sizeof cmd.ok_text, ok_text);
    app_do(t->app, &cmd);
}

void
thread_seen(struct thread *t)
{
    int64_t newest = t->data.message_count ? t->data.messages[t->data.message_count - 1].id : 0;

    if (!t->loaded || t->data.unread == 0 || newest == t->read_id || !app_options(t->app)->engine)
        return;
    t->read_id = newest;
    act(t, new_act(t, ACT_READ), "");
}

bool
thread_may_act(const struct thread *t, char reason[96])
{
    if (t->id != 0 && t->loaded)
        return true;
    (void)snprintf(reason, 96, "No conversation is open.");
    return false;
}

void
thread_write(struct thread *t)
{
    t->mode = THREAD_WRITE;
    form_init(&t->form, t->write_fields, ARRAY_LEN(t->write_fields));
    form_focus(&t->form, "text");
    app_dirty(t->app);
}

void
thread_edit_values(struct thread *t)
{
    t->mode = THREAD_SET;
    form_init(&t->form, t->set_fields, ARRAY_LEN(t->set_fields));
    field_set_text(&t->set_fields[SET_OUTCOME], t->data.outcome);
    t->set_fields[SET_SENTIMENT].choice = 0;
    for (size_t i = 0; i < ARRAY_LEN(sentiments); i++)
        if (t->data.sentiment && strcmp(t->data.sentiment, sentiments[i]) == 0)
            t->set_fields[SET_SENTIMENT].choice = i;
    if (t->data.score)
        field_set_number(&t->set_fields[SET_SCORE], t->data.score);
    else
        field_set_text(&t->set_fields[SET_SCORE], "");
    field_set_error(&t->set_fields[SET_SCORE], "");
    form_focus(&t->form, "outcome");
    app_dirty(t->app);
}

static bool
agent_is(const struct thread *t, const char *what)
{
    return t->data.agent && strcmp(t->data.agent, what) == 0;
}

bool
thread_may_toggle_agent(const struct thread *t, char reason[96])
{
    if (!thread_may_act(t, reason))
        return false;
    if (agent_is(t, "scripted") || agent_is(t, "handed_over"))
        return true;
    (void)snprintf(reason, 96, "No agent answers in this conversation.");
    return false;
}

void
thread_toggle_agent(struct thread *t)
{
    if (agent_is(t, "scripted"))
        act(t, new_act(t, ACT_HAND_OVER), "You have it now: the agent is silent. h gives it back.");
    else
        act(t, new_act(t, ACT_TAKE_BACK), "The agent goes on.");
}

static void
do_opt_out(struct app *app, void *self, int64_t id)
{
    struct thread *t = self;
    struct act *a = new_act(t, t->data.needs_review ? ACT_RULE_OUT : ACT_SUPPRESS);

    (void)app;
    a->id = id;
    a->address = mem_strdup(t->data.address);
    a->channel = mem_strdup(t->data.channel);
    act(t, a, "Opted out. Nothing more goes to this address.");
}

void
thread_opt_out(struct thread *t)
{
    struct confirm q = {
        .title = "Opt out?", .yes = "Opt out", .run = do_opt_out, .self = t, .arg = t->id};

    (void)snprintf(
        q.text, sizeof q.text,
        "%.80s will get nothing more by %s, from any campaign. What waits for this address "
        "is left out.",
        t->data.name ? t->data.name : t->data.address, t->data.channel);
    app_confirm(t->app, &q);
}

bool
thread_may_keep(const struct thread *t, char reason[96])
{
    if (!thread_may_act(t, reason))
        return false;
    if (t->data.needs_review)
        return true;
    (void)snprintf(reason, 96, "Nothing here waits for a ruling.");
    return false;
}

void
thread_keep(struct thread *t)
{
    act(t, new_act(t, ACT_KEEP), "Stays: it was no opt-out.");
}

bool
thread_may_close(const struct thread *t, char reason[96])
{
    if (!thread_may_act(t, reason))
        return false;
    if (t->data.status && strcmp(t->data.status, "active") == 0)
        return true;
    (void)snprintf(reason, 96, "It is closed already.");
    return false;
}

void
thread_close(struct thread *t)
{
    act(t, new_act(t, ACT_CLOSE), "Closed. A new reply opens it again.");
}

/* --- the forms */

/* What was refused is not lost: it stands in the field again. */
static void
after_answer(struct app *app, void *self, void *arg, bool ok)
{
    struct thread *t = self;
    const struct act *a = arg;

    (void)app;
    if (ok || t->id != a->id || !text_is_blank(field_text(&t->write_fields[WRITE_TEXT])))
        return;
    field_set_text(&t->write_fields[WRITE_TEXT], a->text);
    if (t->mode == THREAD_READ)
        thread_write(t);
}

static void
send_answer(struct thread *t)
{
    struct field *text = &t->write_fields[WRITE_TEXT];
    struct app_command cmd = {
        .run = run_act, .free_arg = free_act, .then = after_answer, .self = t};
    struct act *a;

    if (text_is_blank(field_text(text))) {
        app_message(t->app, ROLE_ERROR, "There is nothing to send yet.");
        form_focus(&t->form, "text");
        return;
    }
    a = new_act(t, ACT_ANSWER);
    a->text = mem_strdup(field_text(text));
    cmd.arg = a;
    (void)text_copy(cmd.ok_text, sizeof cmd.ok_text, "Your answer is on its way.");
    field_set_text(text, "");
    t->mode = THREAD_READ;
    t->scroll = 0;
    app_do(t->app, &cmd); /* last: it may fail at once */
}

static void
save_values(struct thread *t)
{
    struct field *score = &t->set_fields[SET_SCORE];
    struct error err = {0};
    int64_t n = 0;
    struct act *a;

    if (!text_is_blank(field_text(score)) && !field_number(score, &n, &err)) {
        field_set_error(score, err.text);
        form_focus(&t->form, "score");
        return;
    }
    a = new_act(t, ACT_SET);
    a->outcome = mem_strdup(field_text(&t->set_fields[SET_OUTCOME]));
    a->sentiment = mem_strdup(sentiments[t->set_fields[SET_SENTIMENT].choice]);
    a->score = n;
    act(t, a, "Saved.");
    t->mode = THREAD_READ;
}

static void
press(struct thread *t)
{
    const char *id = form_focused(&t->form)->id;

    if (strcmp(id, "send") == 0)
        send_answer(t);
    else if (strcmp(id, "save") == 0)
        save_values(t);
    else
        t->mode = THREAD_READ; /* a half-typed answer stays for the next time */
}

bool
thread_wants_text(const struct thread *t)
{
    return t->mode != THREAD_READ;
}

bool
thread_escape(struct thread *t)
{
    if (t->mode == THREAD_READ)
        return false;
    t->mode = THREAD_READ;
    return true;
}

static bool
read_key(struct thread *t, int key)
{
    switch (key) {
    case KEYS_UP:
    case 'k':
        t->scroll++;
        return true;
    case KEYS_DOWN:
    case 'j':
        t->scroll--;
        return true;
    case KEYS_PGUP:
    case CTRL_KEY('u'):
        t->scroll += 10;
        return true;
    case KEYS_PGDN:
    case CTRL_KEY('d'):
        t->scroll -= 10;
        return true;
    case 'G':
    case KEYS_END:
        t->scroll = 0;
        return true;
    case 'g':
    case KEYS_HOME:
        t->scroll = 100000;
        return true;
    default:
        return false;
    }
}

bool
thread_input(struct thread *t, const struct input *in)
{
    enum form_result result;

    if (t->mode == THREAD_READ) {
        if (in->key == KEYS_MOUSE &&
            (in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN)) {
            t->scroll += in->mouse == MOUSE_WHEEL_UP ? 2 : -2;
            return true;
        }
        return read_key(t, in->key);
    }
    if (in->key == KEYS_ENTER && form_focused(&t->form) == &t->set_fields[SET_SENTIMENT])
        result = form_key(&t->form, KEYS_RIGHT);
    else
        result = in->key == KEYS_MOUSE ? form_click(&t->form, in->y, in->x)
                                       : form_key(&t->form, in->key);
    if (result == FORM_PRESSED)
        press(t);
    return result != FORM_IGNORED;
}
