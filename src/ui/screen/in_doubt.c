/*
 * In doubt: messages of which nobody knows whether the provider took them. Each is shown with its
 * evidence and settled by itself; there is no "settle all".
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
#include "ui/widget/draw.h"
#include "ui/widget/list.h"
#include "ui/widget/when.h"

struct doubts {
    struct doubt *items;
    size_t count;
};

struct in_doubt {
    struct app *app;
    int slot;
    struct doubts data;
    bool loaded;
    char error[200];
    struct list list;
};

static int64_t
id_of(void *ctx, size_t row)
{
    return ((struct in_doubt *)ctx)->data.items[row].id;
}

static const struct doubt *
selected(const struct in_doubt *d)
{
    return d->list.sel < d->data.count ? &d->data.items[d->list.sel] : NULL;
}

static void *
answer(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    struct doubts *d = mem_alloc(sizeof *d);

    (void)arg;
    (void)cancelled;
    if (doubt_list_load(reader, &d->items, &d->count, err))
        return d;
    free(d);
    return NULL;
}

static void
free_answer(void *result)
{
    struct doubts *d = result;

    doubt_list_release(d->items, d->count);
    free(d);
}

static void
on_answer(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct in_doubt *d = owner;
    struct doubts *got = result;
    struct doubts old = d->data;

    (void)q;
    if (!got) {
        if (err->code != ERR_RETRY)
            (void)text_copy(d->error, sizeof d->error, err->text);
        return;
    }
    d->data = *got;
    *got = old; /* freed with the answer */
    d->loaded = true;
    d->error[0] = '\0';
    list_update(&d->list, d->data.count, id_of, d);
}

static void
in_doubt_refresh(struct app *app, void *self)
{
    struct in_doubt *d = self;
    struct question q = {.slot = d->slot,
                         .answer = answer,
                         .free_result = free_answer,
                         .done = on_answer,
                         .owner = d};

    (void)app_ask_if_free(app, &q, "Reading what is in doubt");
}

static void *
in_doubt_open(struct app *app, int64_t arg)
{
    struct in_doubt *d = mem_alloc(sizeof *d);

    (void)arg;
    d->app = app;
    d->slot = app_slot(app);
    list_init(&d->list, 1);
    return d;
}

static void
in_doubt_close(struct app *app, void *self)
{
    struct in_doubt *d = self;

    app_slot_release(app, d->slot);
    doubt_list_release(d->data.items, d->data.count);
    free(d);
}

/* --- drawing */

static void
draw_row(void *ctx, struct grid *g, struct area a, size_t row, bool is_selected)
{
    const struct in_doubt *d = ctx;
    const struct doubt *x = &d->data.items[row];
    char when[16];

    (void)is_selected;
    (void)grid_text(g, a, 0, 2, ROLE_ERROR, "?");
    (void)grid_cell(g, a, 0, 4, 8, ROLE_DIM, when_short(x->claimed_at_s, app_now_s(d->app), when));
    (void)grid_cell(g, a, 0, 13, 22, ROLE_TITLE, x->name && *x->name ? x->name : x->address);
    (void)grid_cell(g, a, 0, 36, a.w - 37, ROLE_DIM, or_dash(x->campaign_name));
}

static void
draw_detail(const struct in_doubt *d, struct grid *g, struct area a)
{
    const struct doubt *x = selected(d);
    struct area in = draw_frame(g, a, FRAME_REST, "What is known", NULL);
    struct buf words = {0};
    char when[24];
    int y = 0;

    if (!x)
        return;
    (void)grid_printf(g, in, y++, 0, ROLE_TEXT, "To %s, claimed %s", or_dash(x->address),
                      when_full(x->claimed_at_s, when));
    y += grid_wrapped(g, in, y, 4, ROLE_DIM, or_dash(x->text)) + 1;
    for (size_t i = 0; i < x->evidence_count; i++) {
        (void)grid_text(g, in, y, 0, ROLE_WARN, "·");
        when_words(x->evidence[i], app_now_s(d->app), &words);
        y += grid_wrapped(g, area_cols(in, 2, in.w - 2), y, 3, ROLE_TEXT, buf_str(&words));
        buf_clear(&words);
    }
    buf_release(&words);
    (void)grid_wrapped(
        g, in, y + 1, 3, ROLE_DIM,
        "a: it was sent, count it as contacted. n: it was not sent, send it again. Look in "
        "the provider's console first; nothing here is sent again by itself.");
}

static void
in_doubt_draw(struct app *app, void *self, struct grid *g, struct area body)
{
    struct in_doubt *d = self;
    int detail = body.h / 2 > 14 ? 14 : body.h / 2;
    char right[32];
    struct area in;

    (void)app;
    (void)snprintf(right, sizeof right, "%zu", d->data.count);
    in = draw_frame_tight(g, area_rows(body, 0, body.h - detail), FRAME_FOCUS, "In doubt",
                          d->loaded ? right : NULL);
    draw_detail(d, g, area_rows(body, body.h - detail, detail));
    if (d->error[0] || !d->loaded || d->data.count == 0) {
        draw_hint(g, in,
                  d->error[0] ? d->error
                  : !d->loaded
                      ? "reading…"
                      : "Nothing is in doubt: of every message it is known whether it went out.");
        return;
    }
    list_draw(&d->list, g, in, true, draw_row, d);
}

/* --- keys */

static bool
in_doubt_input(struct app *app, void *self, const struct input *in)
{
    struct in_doubt *d = self;
    size_t row;

    (void)app;
    if (in->key == KEYS_MOUSE) {
        if (list_row_at(&d->list, in->y, in->x, &row))
            list_select(&d->list, row, id_of(d, row));
        return true;
    }
    if (!list_key(&d->list, in->key))
        return false;
    if (selected(d))
        d->list.sel_id = selected(d)->id;
    return true;
}

struct ruling {
    int64_t id;
    enum doubt_ruling ruling;
};

static bool
run_ruling(struct db *ledger, struct db *reader, const struct config *config, void *arg,
           struct error *err)
{
    const struct ruling *r = arg;

    (void)reader;
    (void)config;
    return doubt_settle(ledger, r->id, r->ruling, utime_now_s(), err);
}

static void
settle(struct app *app, int64_t id, enum doubt_ruling ruling, const char *text)
{
    struct ruling *r = mem_alloc(sizeof *r);
    struct app_command cmd = {.run = run_ruling, .arg = r, .free_arg = free};

    *r = (struct ruling){id, ruling};
    (void)text_copy(cmd.ok_text, sizeof cmd.ok_text, text);
    app_do(app, &cmd);
}

static void
do_accepted(struct app *app, void *self, int64_t id)
{
    (void)self;
    settle(app, id, DOUBT_ACCEPTED, "Settled: it was sent.");
}

static void
do_not_sent(struct app *app, void *self, int64_t id)
{
    (void)self;
    settle(app, id, DOUBT_NOT_SENT, "Settled: it was not sent. It waits to be sent again.");
}

static void
ask_ruling(struct app *app, struct in_doubt *d, bool accepted)
{
    const struct doubt *x = selected(d);
    struct confirm q = {.run = accepted ? do_accepted : do_not_sent, .self = d, .arg = x->id};
    const char *who = x->name && *x->name ? x->name : x->address;

    (void)text_copy(q.yes, sizeof q.yes, accepted ? "It was sent" : "Send it again");
    (void)snprintf(q.title, sizeof q.title, accepted ? "Was it sent?" : "Was it not sent?");
    if (accepted)
        (void)snprintf(q.text, sizeof q.text,
                       "The message to %.80s is counted as contacted. It will not be sent again.",
                       who);
    else
        (void)snprintf(
            q.text, sizeof q.text,
            "The message to %.80s goes out again. If the provider did take it, %.80s gets it "
            "twice.",
            who, who);
    app_confirm(app, &q);
}

static void
key_accepted(struct app *app, void *self)
{
    ask_ruling(app, self, true);
}

static void
key_not_sent(struct app *app, void *self)
{
    ask_ruling(app, self, false);
}

static bool
can_settle(struct app *app, void *self, char reason[96])
{
    (void)app;
    if (selected(self))
        return true;
    (void)snprintf(reason, 96, "Nothing is in doubt.");
    return false;
}

static void
in_doubt_crumb(void *self, char *out, size_t size)
{
    (void)self;
    (void)snprintf(out, size, "In doubt");
}

static const struct binding in_doubt_keys[] = {
    {.key = 'a',
     .name = "accepted",
     .label = "it was sent",
     .help = "The provider took it: count it as contacted",
     .run = key_accepted,
     .can = can_settle},
    {.key = 'n',
     .name = "not-sent",
     .label = "it was not sent",
     .help = "The provider never had it: send it again",
     .run = key_not_sent,
     .can = can_settle},
    {0}};

const struct screen screen_in_doubt = {
    .name = "in-doubt",
    .title = "In doubt",
    .keys = in_doubt_keys,
    .open = in_doubt_open,
    .close = in_doubt_close,
    .draw = in_doubt_draw,
    .input = in_doubt_input,
    .refresh = in_doubt_refresh,
    .crumb = in_doubt_crumb,
};
