/* A campaign in detail: what it did, to whom, what came back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/campaign/waiting.h"
#include "ui/screen/campaign_people.h"
#include "ui/screen/campaign_tabs.h"
#include "ui/screen/campaign_view.h"
#include "ui/screen/common.h"
#include "ui/screen/screens.h"
#include "ui/widget/when.h"

static const struct campaign *
current(void *self)
{
    struct campaign_view *v = self;
    return v->loaded ? &v->data : NULL;
}

static void *
view_open(struct app *app, int64_t arg)
{
    struct campaign_view *v = mem_alloc(sizeof *v);

    v->host.current = current;
    v->host.is_detail = true;
    v->host.export_slot = app_slot(app);
    v->app = app;
    v->id = arg;
    v->slot = app_slot(app);
    v->people_slot = app_slot(app);
    v->attempts_slot = app_slot(app);
    list_init(&v->reply_list, 1);
    list_init(&v->timeline_list, 1);
    list_init(&v->people_list, 1);
    return v;
}

static void
view_close(struct app *app, void *self)
{
    struct campaign_view *v = self;

    app_slot_release(app, v->host.export_slot);
    app_slot_release(app, v->slot);
    app_slot_release(app, v->people_slot);
    app_slot_release(app, v->attempts_slot);
    campaign_release(&v->data);
    free(v->waiting);
    report_variants_release(&v->variants);
    report_entries_release(&v->timeline);
    reply_stream_release(&v->replies);
    report_recipients_release(&v->people);
    report_attempts_release(&v->attempts);
    free(v);
}

/* --- the campaign, and what the tab that is shown needs: one answer */

struct ask {
    const struct config *config;
    int64_t id, now_s;
    int64_t day_start_s;
    enum campaign_tab tab;
};

struct answer {
    enum campaign_tab tab;
    struct campaign data;
    char *waiting; /* owned */
    struct report_variants variants;
    struct report_entries timeline;
    struct reply_stream replies;
};

static void
free_answer(void *result)
{
    struct answer *a = result;

    campaign_release(&a->data);
    free(a->waiting);
    report_variants_release(&a->variants);
    report_entries_release(&a->timeline);
    reply_stream_release(&a->replies);
    free(a);
}

static bool
answer_tab(struct db *reader, const struct ask *ask, struct answer *a, struct error *err)
{
    switch (ask->tab) {
    case TAB_VARIANTS:
        return report_variants_load(reader, ask->id, &a->variants, err);
    case TAB_TIMELINE:
        return report_timeline_load(reader, ask->id, 500, &a->timeline, err);
    case TAB_REPLIES:
        return reply_stream_load(reader, ask->id, 500, 0, ask->day_start_s, &a->replies, err);
    case TAB_OVERVIEW:
    case TAB_RECIPIENTS: /* asks for itself */
    case TAB_SETTINGS:
    case CAMPAIGN_TAB_COUNT:
        break;
    }
    return true;
}

static void *
answer_view(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    const struct ask *ask = arg;
    struct answer *a = mem_alloc(sizeof *a);
    struct buf waiting = {0};

    (void)cancelled;
    a->tab = ask->tab;
    if (campaign_load(reader, ask->config, ask->id, &a->data, err) &&
        campaign_why_waiting(reader, ask->config, &a->data, ask->now_s, &waiting, err) &&
        answer_tab(reader, ask, a, err)) {
        if (waiting.len > 0)
            waiting.data[--waiting.len] = '\0'; /* the last line end */
        a->waiting = buf_take(&waiting);
        return a;
    }
    buf_release(&waiting);
    free_answer(a);
    return NULL;
}

static int64_t
reply_id(void *ctx, size_t row)
{
    return ((struct campaign_view *)ctx)->replies.rows[row].message_id;
}

static void
view_done(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct campaign_view *v = owner;
    struct answer *a = result;
    struct answer old = {0};

    (void)q;
    if (!a) {
        if (err->code != ERR_RETRY)
            (void)text_copy(v->error, sizeof v->error, err->text);
        return;
    }
    old.data = v->data;
    v->data = a->data;
    old.waiting = v->waiting;
    v->waiting = a->waiting;
    if (a->tab == TAB_VARIANTS) {
        old.variants = v->variants;
        v->variants = a->variants;
        v->variants_loaded = true;
    } else if (a->tab == TAB_TIMELINE) {
        old.timeline = v->timeline;
        v->timeline = a->timeline;
        v->timeline_loaded = true;
    } else if (a->tab == TAB_REPLIES) {
        old.replies = v->replies;
        v->replies = a->replies;
        v->replies_loaded = true;
    }
    *a = old; /* freed with the answer */
    v->loaded = true;
    v->error[0] = '\0';
    list_update(&v->reply_list, v->replies.count, reply_id, v);
    list_place(&v->timeline_list, v->timeline.count, -1);
}

static void
view_refresh(struct app *app, void *self)
{
    struct campaign_view *v = self;
    struct ask *a = mem_alloc(sizeof *a);
    struct question q = {.slot = v->slot,
                         .answer = answer_view,
                         .arg = a,
                         .free_arg = free,
                         .free_result = free_answer,
                         .done = view_done,
                         .owner = v};

    *a = (struct ask){app_config(app), v->id, app_now_s(app), when_day_start(app_now_s(app)),
                      v->tab};
    if (!app_ask_if_free(app, &q, "Reading the campaign"))
        free(a);
    if (v->tab == TAB_RECIPIENTS)
        campaign_people_ask(v, false);
    if (v->attempts_of && !app_is_asking(app, v->attempts_slot))
        campaign_attempts_ask(v);
}

/* --- keys */

static void
go_tab(struct campaign_view *v, int tab)
{
    v->tab = (enum campaign_tab)((tab + CAMPAIGN_TAB_COUNT) % CAMPAIGN_TAB_COUNT);
    v->attempts_of = 0;
    v->scroll = 0;
    view_refresh(v->app, v);
}

static bool
view_key(struct campaign_view *v, int key)
{
    if (key == KEYS_RIGHT || key == 'l' || key == KEYS_TAB) {
        go_tab(v, (int)v->tab + 1);
        return true;
    }
    if (key == KEYS_LEFT || key == 'h' || key == KEYS_BACKTAB) {
        go_tab(v, (int)v->tab - 1);
        return true;
    }
    switch (v->tab) {
    case TAB_RECIPIENTS:
        return campaign_people_key(v, key);
    case TAB_REPLIES:
        if (!list_key(&v->reply_list, key))
            return false;
        v->reply_list.sel_id = v->replies.count ? reply_id(v, v->reply_list.sel) : LIST_NO_ID;
        return true;
    case TAB_TIMELINE:
        return list_key(&v->timeline_list, key);
    case TAB_OVERVIEW:
    case TAB_VARIANTS:
    case TAB_SETTINGS:
        if (key == KEYS_DOWN || key == 'j' || key == KEYS_UP || key == 'k') {
            v->scroll += key == KEYS_DOWN || key == 'j' ? 1 : -1;
            return true;
        }
        return false;
    case CAMPAIGN_TAB_COUNT:
        break;
    }
    return false;
}

static void
view_mouse(struct campaign_view *v, const struct input *in)
{
    struct list *lists[] = {[TAB_RECIPIENTS] = &v->people_list,
                            [TAB_REPLIES] = &v->reply_list,
                            [TAB_TIMELINE] = &v->timeline_list,
                            [TAB_SETTINGS] = NULL};
    struct list *l = lists[v->tab];
    size_t row;

    if (in->y == v->places_y && in->mouse == MOUSE_CLICK) {
        for (size_t i = 0; i < CAMPAIGN_TAB_COUNT; i++)
            if (in->x >= v->places[2 * i] && in->x < v->places[2 * i + 1])
                go_tab(v, (int)i);
    } else if (in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN) {
        (void)view_key(v, in->mouse == MOUSE_WHEEL_UP ? KEYS_UP : KEYS_DOWN);
    } else if (l && list_row_at(l, in->y, in->x, &row)) {
        while (l->sel != row) /* by keys, so that windows follow */
            (void)view_key(v, l->sel < row ? KEYS_DOWN : KEYS_UP);
    }
}

static bool
can_open(struct app *app, void *self, char reason[96])
{
    struct campaign_view *v = self;

    (void)app;
    if (v->loaded && v->data.status == CAMPAIGN_DRAFT)
        return true;
    if (v->tab == TAB_RECIPIENTS && campaign_person_at(v, v->people_list.sel))
        return true;
    if (v->tab == TAB_REPLIES && v->replies.count > 0)
        return true;
    (void)snprintf(reason, 96, "There is nothing to open here.");
    return false;
}

static void
key_open(struct app *app, void *self)
{
    struct campaign_view *v = self;

    if (v->tab == TAB_RECIPIENTS && campaign_person_at(v, v->people_list.sel))
        campaign_attempts_show(v);
    else if (v->tab == TAB_REPLIES && v->replies.count > 0)
        app_push(app, &screen_conversation, v->replies.rows[v->reply_list.sel].conversation_id);
    else if (v->data.status == CAMPAIGN_DRAFT)
        app_push(app, &screen_wizard, v->id);
}

static bool
view_input(struct app *app, void *self, const struct input *in)
{
    struct campaign_view *v = self;
    char reason[96];

    if (in->key != KEYS_MOUSE)
        return view_key(v, in->key);
    view_mouse(v, in);
    if (in->mouse == MOUSE_DOUBLE && can_open(app, self, reason))
        key_open(app, self);
    return true;
}

static bool
view_escape(struct app *app, void *self)
{
    struct campaign_view *v = self;

    (void)app;
    if (v->attempts_of)
        v->attempts_of = 0;
    else if (v->tab == TAB_RECIPIENTS && (v->filter[0] || v->state_filter)) {
        v->filter[0] = '\0';
        v->state_filter = 0;
        campaign_people_ask(v, true);
    } else
        return false;
    return true;
}

/* `status:failed` chooses the state; the other words are looked for in name and address. */
static void
view_filter(struct app *app, void *self, const char *text)
{
    struct campaign_view *v = self;
    const char *status = strstr(text, "status:");
    char words[128];
    size_t n = 0;

    if (v->tab != TAB_RECIPIENTS)
        go_tab(v, TAB_RECIPIENTS);
    v->state_filter = 0;
    for (size_t i = 1; status && i < STATE_FILTERS; i++) {
        size_t len = strcspn(status + 7, " ");
        if (len > 0 && strncmp(status + 7, campaign_state_filters[i], len) == 0) {
            v->state_filter = i;
            break;
        }
    }
    while (*text && n + 1 < sizeof words) {
        if (status && text == status) {
            text += strcspn(text, " ");
            continue;
        }
        words[n++] = *text++;
    }
    words[n] = '\0';
    (void)text_copy(v->filter, sizeof v->filter, words);
    v->people_list.sel = v->people_list.top = 0;
    v->people_list.sel_id = LIST_NO_ID;
    campaign_people_ask(v, true);
    app_dirty(app);
}

static const char *
view_filter_text(void *self)
{
    return ((struct campaign_view *)self)->filter;
}

static void
key_state(struct app *app, void *self)
{
    struct campaign_view *v = self;

    (void)app;
    if (v->tab != TAB_RECIPIENTS)
        go_tab(v, TAB_RECIPIENTS);
    else
        v->state_filter = (v->state_filter + 1) % STATE_FILTERS;
    v->people_list.sel = v->people_list.top = 0;
    v->people_list.sel_id = LIST_NO_ID;
    v->attempts_of = 0;
    campaign_people_ask(v, true);
}

static void
view_crumb(void *self, char *out, size_t size)
{
    const struct campaign_view *v = self;
    (void)snprintf(out, size, "%s", v->loaded ? v->data.name : "…");
}

static void
view_draw(struct app *app, void *self, struct grid *g, struct area body)
{
    (void)app;
    campaign_tabs_draw(self, g, body);
}

static const struct binding view_keys[] = {
    {.key = KEYS_ENTER,
     .name = "open",
     .label = "open",
     .help = "A person's attempts, a reply's conversation, a draft's wizard",
     .run = key_open,
     .can = can_open},
    {.key = 'f',
     .name = "state",
     .label = "by state",
     .help = "Recipients of the next state",
     .run = key_state},
    {.key = 'y',
     .name = "let-go",
     .label = "let the rest go",
     .help = "Let the rest of a canary's campaign go, whatever the figures",
     .run = campaign_key_let_go,
     .can = campaign_can_let_go,
     .shown = campaign_has_canary},
    CAMPAIGN_KEYS,
    {0}};

const struct screen screen_campaign = {
    .name = "campaign",
    .title = "Campaign",
    .keys = view_keys,
    .open = view_open,
    .close = view_close,
    .draw = view_draw,
    .input = view_input,
    .refresh = view_refresh,
    .filter = view_filter,
    .filter_text = view_filter_text,
    .escape = view_escape,
    .crumb = view_crumb,
};
