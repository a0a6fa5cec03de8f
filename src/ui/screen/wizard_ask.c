/* What the wizard asks the query thread: previews, why, words, the review. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/preview/preview.h"
#include "core/segment/leaf_table.h"
#include "ui/screen/wizard_state.h"
#include "ui/screen/wizard_trend.h"

/* --- the preview */

struct preview_arg {
    json_t *criteria;
    const struct config *config; /* policy of the campaign inside */
    struct config mine;          /* shallow copy with the campaign's frequency cap */
    int64_t now_s;
    uint64_t seed;
    size_t people;
    bool want_vars;
};

static void
preview_arg_free(void *arg)
{
    json_decref(((struct preview_arg *)arg)->criteria);
    free(arg);
}

void
preview_free(void *preview)
{
    struct preview *p = preview;

    if (!p)
        return;
    for (size_t i = 0; p->vars && i < p->sample.count; i++)
        customer_vars_release(&p->vars[i]);
    free(p->vars);
    segment_funnel_release(&p->funnel);
    segment_sample_release(&p->sample);
    free(p->sentence);
    free(p->unknown);
    free(p);
}

static bool
load_vars(struct db *db, struct preview *p, struct error *err)
{
    p->vars = mem_calloc(p->sample.count + 1, sizeof *p->vars);
    for (size_t i = 0; i < p->sample.count; i++)
        if (!customer_vars_load(db, &p->sample.people[i].key, &p->vars[i], err))
            return false;
    return true;
}

static bool
count_all(struct db *db, const struct preview_arg *a, const struct criteria *c, struct preview *p,
          struct error *err)
{
    struct segment_env env = {.now_s = a->now_s, .config = &a->mine};
    struct buf text = {0};
    bool ok;

    p->as_of_s = a->now_s;
    p->everyone = criteria_is_everyone(c);
    ok = segment_reach(db, c, &env, "sms", &p->reach, err) &&
         segment_funnel(db, c, &env, &p->funnel, err) &&
         segment_sample(db, c, &env, "sms", a->people, a->seed, &p->sample, err) &&
         (!a->want_vars || load_vars(db, p, err)) && criteria_unknown_words(db, c, &text, err);
    if (ok) {
        p->unknown = buf_take(&text);
        segment_explain(c, &env, &text);
        p->sentence = buf_take(&text);
    }
    buf_release(&text);
    return ok;
}

static void *
answer_preview(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    const struct preview_arg *a = arg;
    struct preview *p = mem_alloc(sizeof *p);
    int64_t began = utime_mono_us();
    struct criteria *c = criteria_from_json(a->criteria, err);
    bool ok = false;

    (void)cancelled;
    if (c && db_begin_read(reader, err)) {
        ok = count_all(reader, a, c, p, err);
        db_rollback(reader);
    }
    criteria_free(c);
    p->took_us = utime_mono_us() - began;
    if (ok)
        return p;
    preview_free(p);
    return NULL;
}

/* Results that are handed over stand in a box, since what done() got is freed after it. */
struct preview_box {
    struct preview *preview;
};
struct why_box {
    struct why_answer *answer;
};

static void
got_preview(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct wizard *w = owner;
    struct preview_box *keep = result;
    struct preview *before = w->preview;

    (void)q;
    if (!keep) {
        if (err->code == ERR_RETRY)
            return; /* asked anew, or cancelled */
        (void)text_copy(w->preview_error, sizeof w->preview_error, err->text);
        w->preview_old = true;
        return;
    }
    w->preview = keep->preview;
    keep->preview = NULL;
    w->preview_error[0] = '\0';
    w->preview_old = false;
    w->preview_serial++;
    w->steps[WIZARD_SEGMENT]->counted(w, before);
    preview_free(before);
    wizard_trend_follow(w);
}

static void *
answer_boxed(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    struct preview *p = answer_preview(reader, arg, cancelled, err);

    return p ? mem_dup(&(struct preview_box){p}, sizeof(struct preview_box)) : NULL;
}

static void
box_free(void *box)
{
    preview_free(((struct preview_box *)box)->preview);
    free(box);
}

void
wizard_ask_preview(struct wizard *w)
{
    struct preview_arg *a = mem_alloc(sizeof *a);
    struct question q = {.slot = w->slot_preview,
                         .answer = answer_boxed,
                         .arg = a,
                         .free_arg = preview_arg_free,
                         .free_result = box_free,
                         .done = got_preview,
                         .owner = w};

    a->criteria = wrows_json(&w->segment.rows);
    a->mine = *app_config(w->app);
    a->mine.policy.cap_messages = w->c.cap_messages;
    a->mine.policy.cap_days = w->c.cap_days;
    a->now_s = app_now_s(w->app);
    a->seed = w->segment.seed;
    a->people = SAMPLE_PEOPLE + (w->step == WIZARD_SEGMENT ? w->segment.more : 0);
    a->want_vars = w->step >= WIZARD_AGENT;
    w->preview_old = true;
    wizard_trend_cancel(w);
    app_ask(w->app, &q, "Counting");
}

/* --- why a person is in or out */

struct why_arg {
    json_t *criteria;
    struct key customer;
    char *name;
    const struct config *config;
    int64_t now_s;
};

static void
why_arg_free(void *arg)
{
    struct why_arg *a = arg;

    json_decref(a->criteria);
    key_release(&a->customer);
    free(a->name);
    free(a);
}

void
why_answer_free(void *answer)
{
    struct why_answer *a = answer;

    if (!a)
        return;
    free(a->name);
    segment_why_release(&a->why);
    free(a);
}

static void
why_box_free(void *box)
{
    why_answer_free(((struct why_box *)box)->answer);
    free(box);
}

static void *
answer_why(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    const struct why_arg *a = arg;
    struct segment_env env = {.now_s = a->now_s, .config = a->config};
    struct criteria *c = criteria_from_json(a->criteria, err);
    struct why_answer *out = mem_alloc(sizeof *out);
    bool ok;

    (void)cancelled;
    out->name = mem_strdup(a->name);
    ok = c && segment_why(reader, c, &env, &a->customer, &out->why, err);
    criteria_free(c);
    if (ok)
        return mem_dup(&(struct why_box){out}, sizeof(struct why_box));
    why_answer_free(out);
    return NULL;
}

static void
got_why(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct wizard *w = owner;
    struct why_box *box = result;

    (void)q;
    if (!box) {
        if (err->code != ERR_RETRY)
            app_toast_error(w->app, err);
        return;
    }
    why_answer_free(w->why);
    w->why = box->answer;
    box->answer = NULL;
}

void
wizard_ask_why(struct wizard *w, const struct key *customer, const char *name)
{
    struct why_arg *a = mem_alloc(sizeof *a);
    struct question q = {.slot = w->slot_why,
                         .answer = answer_why,
                         .arg = a,
                         .free_arg = why_arg_free,
                         .free_result = why_box_free,
                         .done = got_why,
                         .owner = w};

    a->criteria = wrows_json(&w->segment.rows);
    a->customer = key_dup(customer);
    a->name = mem_strdup(name ? name : "this person");
    a->config = app_config(w->app);
    a->now_s = app_now_s(w->app);
    app_ask(w->app, &q, "Asking why");
}
