/*
 * Inbox: conversations, the newest first, and one of them beside the list. The same screen is the
 * drawer that opens from a reply on the monitor (screen_conversation).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "ui/screen/common.h"
#include "ui/screen/screens.h"
#include "ui/screen/thread.h"
#include "ui/widget/draw.h"
#include "ui/widget/list.h"
#include "ui/widget/when.h"

#define REST_MS 120
#define WINDOW 300 /* conversations that are asked for at once */

enum view { VIEW_ALL, VIEW_UNREAD, VIEW_REVIEW, VIEW_ACTIVE, VIEW_COUNT };

static const char *const view_names[] = {
    [VIEW_ALL] = "all",
    [VIEW_UNREAD] = "unread",
    [VIEW_REVIEW] = "perhaps opting out",
    [VIEW_ACTIVE] = "active",
};
_Static_assert(ARRAY_LEN(view_names) == VIEW_COUNT, "a name for every view");

struct inbox {
    struct app *app;
    int slot;
    struct list list;
    struct conversation_list data; /* a window of all */
    size_t offset;                 /* of data.items[0] */
    bool loaded;
    char error[200];
    enum view view;
    struct thread thread;
    int64_t moved_ms; /* when the selection moved; 0: the thread follows already */
    bool in_thread;   /* the focus */
    int64_t open_id;  /* the drawer: open this one when the list is there */
    bool drawer;
};

static struct conversation *
item_at(const struct inbox *b, size_t row)
{
    return row >= b->offset && row - b->offset < b->data.count ? &b->data.items[row - b->offset]
                                                               : NULL;
}

static const struct conversation *
selected(const struct inbox *b)
{
    return item_at(b, b->list.sel);
}

/* --- data */

static void *
answer(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    const struct conversation_filter *f = arg;
    struct conversation_list *l = mem_alloc(sizeof *l);

    (void)cancelled;
    if (conversation_list_load(reader, f, l, err))
        return l;
    free(l);
    return NULL;
}

static void
free_answer(void *result)
{
    conversation_list_release(result);
    free(result);
}

static int64_t
row_of_id(const struct inbox *b, int64_t id)
{
    for (size_t i = 0; i < b->data.count; i++)
        if (b->data.items[i].id == id)
            return (int64_t)(b->offset + i);
    return -1;
}

static void
follow_selection(struct inbox *b)
{
    const struct conversation *c = selected(b);

    b->list.sel_id = c ? c->id : LIST_NO_ID;
    if (c && b->thread.mode == THREAD_READ)
        thread_open(&b->thread, c->id);
}

/* By keys: the conversation opens when the selection rests, so that scrolling costs little. */
static void
follow_when_at_rest(struct inbox *b)
{
    const struct conversation *c = selected(b);

    b->list.sel_id = c ? c->id : LIST_NO_ID;
    b->moved_ms = utime_mono_ms();
    app_tick_in(b->app, REST_MS);
}

static void
on_answer(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct inbox *b = owner;
    struct conversation_list *l = result;
    const struct conversation_filter *f = q->arg;
    struct conversation_list old = b->data;
    int64_t want = b->open_id ? b->open_id : b->list.sel_id;

    if (!l) {
        if (err->code != ERR_RETRY)
            (void)text_copy(b->error, sizeof b->error, err->text);
        return;
    }
    b->data = *l;
    *l = old; /* freed with the answer */
    b->offset = f->offset;
    b->loaded = true;
    b->error[0] = '\0';
    b->open_id = 0;
    list_place(&b->list, (size_t)b->data.total, row_of_id(b, want));
    if (!b->drawer || b->thread.id == 0)
        follow_selection(b);
}

static void
ask(struct inbox *b, size_t offset)
{
    struct conversation_filter *f = mem_alloc(sizeof *f);
    struct question q = {.slot = b->slot,
                         .answer = answer,
                         .arg = f,
                         .free_arg = free,
                         .free_result = free_answer,
                         .done = on_answer,
                         .owner = b};

    *f = (struct conversation_filter){.status = b->view == VIEW_ACTIVE ? "active" : NULL,
                                      .unread_only = b->view == VIEW_UNREAD,
                                      .needs_review_only = b->view == VIEW_REVIEW,
                                      .limit = WINDOW,
                                      .offset = offset};
    if (!app_ask_if_free(b->app, &q, "Reading conversations"))
        free(f);
}

/* The window stands around the selection. */
static void
ask_around(struct inbox *b)
{
    ask(b, b->list.sel > WINDOW / 2 ? b->list.sel - WINDOW / 2 : 0);
}

static void
inbox_refresh(struct app *app, void *self)
{
    struct inbox *b = self;

    (void)app;
    ask_around(b);
    thread_refresh(&b->thread);
}

/* --- life */

static void *
inbox_open(struct app *app, int64_t arg)
{
    struct inbox *b = mem_alloc(sizeof *b);

    b->app = app;
    b->slot = app_slot(app);
    list_init(&b->list, 3);
    thread_init(&b->thread, app);
    if (arg != 0) {
        b->drawer = b->in_thread = true;
        b->open_id = arg;
        thread_open(&b->thread, arg);
    }
    return b;
}

static void
inbox_close(struct app *app, void *self)
{
    struct inbox *b = self;

    app_slot_release(app, b->slot);
    thread_release(&b->thread);
    conversation_list_release(&b->data);
    free(b);
}

/* --- drawing */

static void
draw_row(void *ctx, struct grid *g, struct area a, size_t row, bool is_selected)
{
    const struct inbox *b = ctx;
    const struct conversation *c = item_at(b, row);
    struct tag_look tag;
    unsigned name_style;
    char when[16];

    (void)is_selected;
    if (!c) {
        (void)grid_text(g, a, 0, 2, ROLE_DIM, "reading…");
        return;
    }
    tag = intent_tag(c->last_intent);
    name_style = c->unread ? ROLE_TITLE : ROLE_TEXT;
    (void)grid_cell(g, a, 0, 2, 6, ROLE_DIM,
                    when_short(c->last_message_at, app_now_s(b->app), when));
    if (c->unread)
        (void)grid_text(g, a, 0, 8, ROLE_FOCUS, "N"); /* unread is a letter, too */
    (void)grid_cell(g, a, 0, 10, a.w - 10 - 7, name_style,
                    c->name && *c->name ? c->name : c->address);
    if (c->needs_review)
        (void)draw_tag(g, a, 0, a.w - 6, ROLE_TAG_ASK, "LOOK");
    else if (tag.word)
        (void)draw_tag(g, a, 0, a.w - 6, tag.role, tag.word);
    (void)grid_cell(g, a, 1, 10, a.w - 11, ROLE_DIM, or_dash(c->last_text));
}

static void
draw_list(struct inbox *b, struct grid *g, struct area a)
{
    char right[64];
    char number[32];
    struct area in;

    (void)snprintf(right, sizeof right, "%s %s", number_text(b->data.total, number),
                   view_names[b->view]);
    in = draw_frame_tight(g, a, b->in_thread ? FRAME_REST : FRAME_FOCUS,
                          b->drawer ? "Replies" : "Inbox", b->loaded ? right : NULL);
    if (b->error[0] || !b->loaded) {
        draw_hint(g, in, b->error[0] ? b->error : "reading…");
        return;
    }
    if (b->data.total == 0) {
        draw_hint(g, in,
                  b->view == VIEW_ALL
                      ? "No conversations yet. They begin when somebody replies to a campaign."
                      : "None of these. f shows others.");
        return;
    }
    list_draw(&b->list, g, in, !b->in_thread, draw_row, b);
}

static void
inbox_draw(struct app *app, void *self, struct grid *g, struct area body)
{
    struct inbox *b = self;
    int list_w = app_is_wide(body) ? body.w * 2 / 5 : 38;

    (void)app;
    if (app_is_narrow(body)) {
        if (b->in_thread)
            thread_draw(&b->thread, g, body, true);
        else
            draw_list(b, g, body);
    } else {
        draw_list(b, g, area_cols(body, 0, list_w));
        thread_draw(&b->thread, g, area_cols(body, list_w, body.w - list_w), b->in_thread);
    }
}

/* Once a second: what a person has in front of them is read. */
static void
inbox_tick(struct app *app, void *self)
{
    struct inbox *b = self;

    (void)app;
    if (b->moved_ms && utime_mono_ms() - b->moved_ms >= REST_MS) {
        b->moved_ms = 0;
        follow_selection(b);
    }
    if (b->in_thread)
        thread_seen(&b->thread);
}

/* --- keys */

static void
step(struct inbox *b, int by)
{
    if (b->data.total == 0)
        return;
    (void)list_key(&b->list, by < 0 ? KEYS_UP : KEYS_DOWN);
    follow_selection(b);
    if (!selected(b) || (size_t)b->list.sel + 60 > b->offset + b->data.count)
        ask_around(b);
}

static bool
list_input(struct inbox *b, const struct input *in)
{
    size_t row;

    if (in->key == KEYS_MOUSE) {
        if (!area_has(b->list.area, in->y, in->x))
            return false;
        if (in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN)
            list_wheel(&b->list, in->mouse == MOUSE_WHEEL_UP ? -1 : 1);
        else if (list_row_at(&b->list, in->y, in->x, &row))
            list_select(&b->list, row, LIST_NO_ID);
        if (in->mouse == MOUSE_CLICK)
            b->in_thread = false;
        if (in->mouse == MOUSE_DOUBLE)
            b->in_thread = true;
    } else if (!list_key(&b->list, in->key)) {
        return false;
    }
    follow_when_at_rest(b);
    if (!selected(b) || b->list.sel < b->offset + 20 ||
        b->list.sel + 60 > b->offset + b->data.count)
        if (b->data.count < (size_t)b->data.total)
            ask_around(b);
    return true;
}

static bool
inbox_input(struct app *app, void *self, const struct input *in)
{
    struct inbox *b = self;

    (void)app;
    if (thread_wants_text(&b->thread) && b->in_thread)
        return thread_input(&b->thread, in);
    if (in->key == KEYS_MOUSE && list_input(b, in))
        return true;
    if (in->key == KEYS_BACKTAB) {
        b->in_thread = !b->in_thread;
        return true;
    }
    return b->in_thread ? thread_input(&b->thread, in) : list_input(b, in);
}

static bool
inbox_wants_text(void *self)
{
    struct inbox *b = self;
    return b->in_thread && thread_wants_text(&b->thread);
}

static bool
inbox_escape(struct app *app, void *self)
{
    struct inbox *b = self;

    (void)app;
    if (thread_escape(&b->thread))
        return true;
    if (!b->in_thread || b->drawer)
        return false;
    b->in_thread = false;
    return true;
}

static void
inbox_crumb(void *self, char *out, size_t size)
{
    const struct inbox *b = self;
    const struct conversation *c = &b->thread.data;

    out[0] = '\0';
    if (b->drawer || b->in_thread)
        (void)snprintf(out, size, "%s",
                       !b->thread.loaded       ? "…"
                       : c->name && c->name[0] ? c->name
                                               : c->address);
}

static void
key_open(struct app *app, void *self)
{
    (void)app;
    follow_selection(self);
    ((struct inbox *)self)->in_thread = true;
}

static bool
can_open(struct app *app, void *self, char reason[96])
{
    (void)app;
    return thread_may_act(&((struct inbox *)self)->thread, reason);
}

static void
key_pane(struct app *app, void *self)
{
    struct inbox *b = self;

    (void)app;
    follow_selection(b);
    b->in_thread = !b->in_thread;
}

static void
key_view(struct app *app, void *self)
{
    struct inbox *b = self;

    (void)app;
    b->view = (enum view)((b->view + 1) % VIEW_COUNT);
    b->list.sel = b->list.top = 0;
    ask(b, 0);
}

static void
key_before(struct app *app, void *self)
{
    (void)app;
    step(self, -1);
}

static void
key_after(struct app *app, void *self)
{
    (void)app;
    step(self, 1);
}

static void
key_write(struct app *app, void *self)
{
    struct inbox *b = self;

    (void)app;
    b->in_thread = true;
    thread_write(&b->thread);
}

static void
key_set(struct app *app, void *self)
{
    struct inbox *b = self;

    (void)app;
    b->in_thread = true;
    thread_edit_values(&b->thread);
}

static void
key_answers(struct app *app, void *self)
{
    struct inbox *b = self;

    (void)app;
    b->thread.show_answers = !b->thread.show_answers;
}

static void
key_agent(struct app *app, void *self)
{
    (void)app;
    thread_toggle_agent(&((struct inbox *)self)->thread);
}

static bool
can_agent(struct app *app, void *self, char reason[96])
{
    (void)app;
    return thread_may_toggle_agent(&((struct inbox *)self)->thread, reason);
}

static void
key_opt_out(struct app *app, void *self)
{
    (void)app;
    thread_opt_out(&((struct inbox *)self)->thread);
}

static void
key_keep(struct app *app, void *self)
{
    (void)app;
    thread_keep(&((struct inbox *)self)->thread);
}

static bool
can_keep(struct app *app, void *self, char reason[96])
{
    (void)app;
    return thread_may_keep(&((struct inbox *)self)->thread, reason);
}

static void
key_close(struct app *app, void *self)
{
    (void)app;
    thread_close(&((struct inbox *)self)->thread);
}

static bool
can_close(struct app *app, void *self, char reason[96])
{
    (void)app;
    return thread_may_close(&((struct inbox *)self)->thread, reason);
}

static const struct binding inbox_keys[] = {
    {.key = KEYS_ENTER,
     .name = "open",
     .label = "open",
     .help = "Go into the conversation",
     .run = key_open,
     .can = can_open},
    {.key = 'e',
     .name = "answer",
     .label = "answer",
     .help = "Write an answer yourself",
     .run = key_write,
     .can = can_open},
    {.key = 's',
     .name = "set",
     .label = "set outcome",
     .help = "Outcome, sentiment and score",
     .run = key_set,
     .can = can_open},
    {.key = 'h',
     .name = "hand-over",
     .label = "take over",
     .help = "Silence the agent and answer yourself, or give it back",
     .run = key_agent,
     .can = can_agent},
    {.key = '[', .name = "before", .help = "The conversation before", .run = key_before},
    {.key = ']', .name = "after", .help = "The conversation after", .run = key_after},
    {.key = 'a',
     .name = "answers",
     .label = "answers",
     .help = "What was answered to the agent's questions",
     .run = key_answers,
     .can = can_open},
    {.key = 'f',
     .name = "view",
     .label = "view",
     .help = "All, unread, perhaps opting out, active",
     .run = key_view},
    {.key = 'o',
     .name = "opt-out",
     .help = "Nothing more to this address",
     .run = key_opt_out,
     .can = can_open},
    {.key = 'd',
     .name = "no-opt-out",
     .help = "The reply was no opt-out: clear the flag",
     .run = key_keep,
     .can = can_keep},
    {.key = 'x',
     .name = "close",
     .help = "Close the conversation; a new reply opens it again",
     .run = key_close,
     .can = can_close},
    {.key = KEYS_TAB,
     .name = "next-pane",
     .label = "pane",
     .help = "The list or the conversation",
     .run = key_pane},
    {0}};

/* The form takes these itself. */
static const struct binding inbox_text_keys[] = {
    {.key = KEYS_TAB, .name = "field", .label = "field or button", .help = "The next field"},
    {.key = KEYS_ENTER, .name = "press", .label = "press", .help = "Press the button"},
    {.key = KEYS_ESC, .name = "leave", .label = "leave", .help = "Leave; what was typed stays"},
    {0}};

const struct screen screen_inbox = {
    .name = "inbox",
    .title = "Inbox",
    .keys = inbox_keys,
    .text_keys = inbox_text_keys,
    .open = inbox_open,
    .close = inbox_close,
    .draw = inbox_draw,
    .input = inbox_input,
    .refresh = inbox_refresh,
    .tick = inbox_tick,
    .wants_text = inbox_wants_text,
    .escape = inbox_escape,
    .crumb = inbox_crumb,
};

const struct screen screen_conversation = {
    .name = "conversation",
    .title = "Conversation",
    .keys = inbox_keys,
    .text_keys = inbox_text_keys,
    .open = inbox_open,
    .close = inbox_close,
    .draw = inbox_draw,
    .input = inbox_input,
    .refresh = inbox_refresh,
    .tick = inbox_tick,
    .wants_text = inbox_wants_text,
    .escape = inbox_escape,
    .crumb = inbox_crumb,
};
