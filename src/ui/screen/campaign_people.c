/* The recipients of a campaign's detail: a window of them around what can be seen, and the attempts
 * of one. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "ui/screen/campaign_people.h"
const char *const campaign_state_filters[STATE_FILTERS] = {
    NULL,          "queued", "sending",  "retry_wait", "accepted", "sent",      "delivered",
    "undelivered", "failed", "in_doubt", "skipped",    "replied",  "opted_out",
};

const struct report_recipient *
campaign_person_at(const struct campaign_view *v, size_t row)
{
    size_t first = (size_t)v->people.offset;
    return row >= first && row - first < v->people.count ? &v->people.rows[row - first] : NULL;
}

struct people_ask {
    struct report_recipients_filter filter;
    char *text; /* owned */
};

static void
free_people_ask(void *arg)
{
    struct people_ask *a = arg;

    free(a->text);
    free(a);
}

static void *
answer_people(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    const struct people_ask *a = arg;
    struct report_recipients *r = mem_alloc(sizeof *r);

    (void)cancelled;
    if (report_recipients_load(reader, &a->filter, r, err))
        return r;
    free(r);
    return NULL;
}

static void
free_people(void *result)
{
    report_recipients_release(result);
    free(result);
}

static void
people_done(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct campaign_view *v = owner;
    struct report_recipients *r = result;
    struct report_recipients old = v->people;
    int64_t row = -1;

    (void)q;
    if (!r) {
        if (err->code != ERR_RETRY)
            app_toast_error(v->app, err);
        return;
    }
    v->people = *r;
    *r = old; /* freed with the answer */
    v->people_loaded = true;
    for (size_t i = 0; i < v->people.count; i++)
        if (v->people.rows[i].id == v->people_list.sel_id)
            row = v->people.offset + (int64_t)i;
    list_place(&v->people_list, (size_t)v->people.total, row);
}

void
campaign_people_ask(struct campaign_view *v, bool cancel_older)
{
    struct people_ask *a = mem_alloc(sizeof *a);
    struct question q = {.slot = v->people_slot,
                         .answer = answer_people,
                         .arg = a,
                         .free_arg = free_people_ask,
                         .free_result = free_people,
                         .done = people_done,
                         .owner = v};
    size_t sel = v->people_list.sel;

    a->text = mem_strdup(v->filter);
    a->filter = (struct report_recipients_filter){
        .campaign_id = v->id,
        .state = campaign_state_filters[v->state_filter],
        .text = a->text,
        .offset = sel > RECIPIENTS_WINDOW / 2 ? (int64_t)(sel - RECIPIENTS_WINDOW / 2) : 0,
        .limit = RECIPIENTS_WINDOW};
    if (cancel_older)
        app_ask(v->app, &q, "Reading recipients");
    else if (!app_ask_if_free(v->app, &q, "Reading recipients"))
        free_people_ask(a);
}

static void *
answer_attempts(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    struct report_attempts *r = mem_alloc(sizeof *r);

    (void)cancelled;
    if (report_attempts_load(reader, *(int64_t *)arg, r, err))
        return r;
    free(r);
    return NULL;
}

static void
free_attempts(void *result)
{
    report_attempts_release(result);
    free(result);
}

static void
attempts_done(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct campaign_view *v = owner;
    struct report_attempts *r = result;
    struct report_attempts old = v->attempts;

    (void)q;
    if (!r) {
        if (err->code != ERR_RETRY)
            app_toast_error(v->app, err);
        return;
    }
    v->attempts = *r;
    *r = old; /* freed with the answer */
    v->attempts_loaded = true;
}

void
campaign_attempts_ask(struct campaign_view *v)
{
    struct question q = {.slot = v->attempts_slot,
                         .answer = answer_attempts,
                         .arg = mem_dup(&v->attempts_of, sizeof v->attempts_of),
                         .free_arg = free,
                         .free_result = free_attempts,
                         .done = attempts_done,
                         .owner = v};

    app_ask(v->app, &q, "Reading attempts");
}

void
campaign_attempts_show(struct campaign_view *v)
{
    const struct report_recipient *r = campaign_person_at(v, v->people_list.sel);

    if (!r)
        return;
    v->attempts_of = r->id;
    v->attempts_loaded = false;
    campaign_attempts_ask(v);
}

bool
campaign_people_key(struct campaign_view *v, int key)
{
    const struct report_recipient *r;
    size_t first = (size_t)v->people.offset;
    size_t sel;

    if (!list_key(&v->people_list, key))
        return false;
    sel = v->people_list.sel;
    r = campaign_person_at(v, sel);
    v->people_list.sel_id = r ? r->id : LIST_NO_ID;
    if (v->attempts_of)
        campaign_attempts_show(v);
    if (!r || (first > 0 && sel < first + 60) ||
        (sel + 60 > first + v->people.count && first + v->people.count < v->people_list.count))
        campaign_people_ask(v, !r);
    return true;
}
