/* The trend: asked of the query thread after each preview, and drawn. */
#include "ui/screen/wizard_trend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/utime.h"
#include "core/preview/preview.h"
#include "ui/screen/wizard_segment_focus.h"

/* By SQL each value costs a statement: few of them, and none any more once this time has gone. */
enum { SQL_POINTS = 4, SQL_BUDGET_US = 300000, INDEX_BUDGET_US = 1000000 };

void
trend_free(struct trend *t)
{
    if (!t)
        return;
    free(t->shape);
    free(t);
}

struct trend_arg {
    struct trend *trend;
    json_t *criteria[TREND_MAX]; /* owned; NULL: its count is known */
    struct config config;        /* shallow copy with the campaign's frequency cap */
    int64_t now_s;
};

struct trend_box {
    struct trend *trend;
};

static void
arg_free(void *arg)
{
    struct trend_arg *a = arg;

    for (size_t i = 0; i < TREND_MAX; i++)
        json_decref(a->criteria[i]);
    trend_free(a->trend);
    free(a);
}

static void
box_free(void *box)
{
    trend_free(((struct trend_box *)box)->trend);
    free(box);
}

static bool
count_point(struct db *db, struct trend_arg *a, size_t i, struct error *err)
{
    struct segment_env env = {.now_s = a->now_s, .config = &a->config};
    struct reach reach = {0};
    struct criteria *c;
    bool ok;

    if (!a->criteria[i])
        return true;
    c = criteria_from_json(a->criteria[i], err);
    ok = c && segment_reach(db, c, &env, "sms", &reach, err);
    criteria_free(c);
    a->trend->points[i].reachable = reach.reachable;
    a->trend->points[i].known = ok;
    return ok;
}

/* The ends, then what lies between them, so that a trend that is cut short is still one. */
static size_t
nth_point(size_t count, size_t n)
{
    const size_t few[SQL_POINTS] = {0, count - 1, count / 2, count / 4};

    return few[n];
}

static void *
answer_trend(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    struct trend_arg *a = arg;
    int64_t began = utime_mono_us();
    bool ok = db_begin_read(reader, err);
    bool indexed = ok && segment_is_indexed(reader);
    size_t points = indexed || a->trend->count < SQL_POINTS ? a->trend->count : SQL_POINTS;
    struct trend_box *box = NULL;

    for (size_t n = 0; ok && n < points; n++) {
        if (atomic_load(cancelled) ||
            utime_mono_us() - began > (indexed ? INDEX_BUDGET_US : SQL_BUDGET_US))
            break;
        ok = count_point(reader, a, points == a->trend->count ? n : nth_point(a->trend->count, n),
                         err);
    }
    if (ok) {
        box = mem_dup(&(struct trend_box){a->trend}, sizeof *box);
        a->trend = NULL;
    }
    db_rollback(reader);
    return box;
}

static void
got_trend(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct wizard *w = owner;
    struct trend_box *box = result;

    (void)q;
    (void)err; /* the preview says what is wrong; a trend is only left out */
    if (!box)
        return;
    trend_free(w->trend);
    w->trend = box->trend;
    box->trend = NULL;
}

/* The row whose number is in focus; false: none is. */
static bool
row_in_focus(const struct wizard *w, size_t *row)
{
    struct stop at = segment_stop(&w->segment);

    *row = at.row;
    return stop_is_of_row(at.kind) && at.row < w->segment.rows.count;
}

static char *
shape_of(struct wrows *rows, size_t row)
{
    json_t *criteria = wrows_json_with(rows, row, "1");
    char *text = json_dumps(criteria, JSON_COMPACT);

    json_decref(criteria);
    return text ? text : mem_strdup("");
}

static struct trend_arg *
arg_new(struct wizard *w, struct trend *t)
{
    struct trend_arg *a = mem_alloc(sizeof *a);

    a->config = *app_config(w->app);
    a->config.policy.cap_messages = w->c.cap_messages;
    a->config.policy.cap_days = w->c.cap_days;
    a->now_s = w->preview->as_of_s; /* what was counted for the headline stands beside it */
    for (size_t i = 0; i < t->count; i++)
        if (i == t->present) {
            t->points[i].reachable = w->preview->reach.reachable;
            t->points[i].known = true;
        } else {
            a->criteria[i] = wrows_json_with(&w->segment.rows, t->row, t->points[i].value);
        }
    a->trend = t;
    return a;
}

void
wizard_trend_follow(struct wizard *w)
{
    struct question q = {.slot = w->slot_trend,
                         .answer = answer_trend,
                         .free_arg = arg_free,
                         .free_result = box_free,
                         .done = got_trend,
                         .owner = w};
    struct trend *t;
    size_t row;

    if (w->step != WIZARD_SEGMENT || !w->preview || w->preview_old)
        return;
    if (!row_in_focus(w, &row)) {
        wizard_trend_close(w);
        return;
    }
    if (w->trend_row == row && w->trend_preview == w->preview_serial)
        return; /* asked already */
    wizard_trend_cancel(w);
    w->trend_row = row;
    w->trend_preview = w->preview_serial;
    t = mem_alloc(sizeof *t);
    if (!trend_values(&w->segment.rows.at[row], t)) {
        trend_free(t);
        wizard_trend_close(w);
        return;
    }
    t->row = row;
    t->shape = shape_of(&w->segment.rows, row);
    if (w->trend && (w->trend->row != row || strcmp(w->trend->shape, t->shape) != 0))
        wizard_trend_close(w);
    w->trend_row = row;
    w->trend_preview = w->preview_serial;
    q.arg = arg_new(w, t);
    app_ask(w->app, &q, NULL);
}

void
wizard_trend_cancel(struct wizard *w)
{
    app_cancel(w->app, w->slot_trend);
    w->trend_preview = 0;
}

void
wizard_trend_close(struct wizard *w)
{
    wizard_trend_cancel(w);
    trend_free(w->trend);
    w->trend = NULL;
}

/* One bar a value, each `wide` cells; the present one stands out. */
static int
draw_bars(const struct trend *t, struct grid *g, struct area a, int y, int x, int wide)
{
    int64_t values[TREND_MAX] = {0};
    size_t count = 0;
    size_t present = TREND_MAX;

    for (size_t i = 0; i < t->count; i++) {
        if (!t->points[i].known)
            continue;
        if (i == t->present)
            present = count;
        values[count++] = t->points[i].reachable;
    }
    draw_spark(g, a, y, x, (int)count * wide, ROLE_PLOT, values, count);
    if (present < count)
        grid_add_style(g, a, y, x + (int)present * wide, wide, STYLE_BOLD | STYLE_UNDERLINE);
    return x + (int)count * wide;
}

int
wizard_draw_trend(struct wizard *w, struct grid *g, struct area a, int y, int max)
{
    const struct trend *t = w->trend;
    char text[200];
    char head[24];
    size_t row;
    int known = 0;
    int x;

    if (!t || max < 1 || !row_in_focus(w, &row) || row != t->row)
        return 0;
    for (size_t i = 0; i < t->count; i++)
        known += t->points[i].known;
    if (max > 1) {
        trend_text(t, a.w, text, sizeof text);
        if (!text[0])
            return 0;
        (void)snprintf(head, sizeof head, "Row %zu  ", row + 1);
        x = grid_text(g, a, y, 0, ROLE_DIM, head);
        (void)draw_bars(t, g, a, y, x, known * 3 <= a.w - x ? 3 : known * 2 <= a.w - x ? 2 : 1);
        (void)grid_cell(g, a, y + 1, 0, a.w, ROLE_DIM, text);
        return 2;
    }
    trend_text(t, a.w - known - 1, text, sizeof text);
    if (!text[0])
        return 0;
    x = draw_bars(t, g, a, y, 0, 1);
    (void)grid_cell(g, a, y, x + 1, a.w - x - 1, ROLE_DIM, text);
    return 1;
}
