/* The wizard's pickers (words of the replica, campaigns, saved segments) and the review. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/preview/preview.h"
#include "core/segment/leaf_table.h"
#include "ui/screen/wizard_pick.h"
#include "ui/screen/wizard_state.h"

struct choices_arg {
    enum wizard_pick what;
    const struct leaf_key *key; /* PICK_WORDS, PICK_CAMPAIGN */
    const struct config *config;
};

static void
choices_free(void *choices)
{
    struct wizard_choices *c = choices;

    for (size_t i = 0; i < c->count; i++) {
        free(c->labels[i]);
        free(c->notes[i]);
        json_decref(c->criteria[i]);
    }
    free(c->labels);
    free(c->notes);
    free(c->criteria);
    free(c);
}

static void
choices_size(struct wizard_choices *c, size_t count)
{
    c->labels = mem_calloc(count + 1, sizeof *c->labels);
    c->notes = mem_calloc(count + 1, sizeof *c->notes);
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    c->criteria = mem_calloc(count + 1, sizeof *c->criteria);
}

static bool
load_words(struct db *db, const struct leaf_key *key, struct wizard_choices *c, struct error *err)
{
    char **words;
    size_t count;

    if (!segment_words(db, key, &words, &count, err))
        return false;
    choices_size(c, count);
    for (size_t i = 0; i < count; i++)
        c->labels[c->count++] = words[i];
    free(words);
    return true;
}

static bool
load_campaigns(struct db *db, struct wizard_choices *c, struct error *err)
{
    struct campaign_list list = {0};

    if (!campaign_list_load(db, NULL, &list, err))
        return false;
    choices_size(c, list.count + 1);
    c->labels[0] = mem_strdup("any");
    c->notes[0] = mem_strdup("whichever campaign it was");
    c->count = 1;
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i].status == CAMPAIGN_DRAFT)
            continue;
        c->labels[c->count] = mem_printf("%" PRId64, list.items[i].id);
        c->notes[c->count++] = mem_strdup(list.items[i].name);
    }
    campaign_list_release(&list);
    return true;
}

static bool
load_saved(struct db *db, struct wizard_choices *c, struct error *err)
{
    struct saved_segment *list;
    size_t count;

    if (!segment_saved_list(db, &list, &count, err))
        return false;
    choices_size(c, count);
    for (size_t i = 0; i < count; i++) {
        c->labels[i] = mem_strdup(list[i].name);
        c->criteria[i] = json_incref(list[i].criteria);
        c->count++;
    }
    segment_saved_list_release(list, count);
    return true;
}

static void *
answer_choices(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    const struct choices_arg *a = arg;
    struct wizard_choices *c = mem_alloc(sizeof *c);
    bool ok = false;

    (void)cancelled;
    c->what = a->what;
    if (a->what == PICK_WORDS)
        ok = load_words(reader, a->key, c, err);
    else if (a->what == PICK_CAMPAIGN)
        ok = load_campaigns(reader, c, err);
    else
        ok = load_saved(reader, c, err);
    if (ok)
        return c;
    choices_free(c);
    return NULL;
}

static void
got_choices(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct wizard *w = owner;

    (void)q;
    if (!result) {
        if (err->code != ERR_RETRY)
            app_toast_error(w->app, err);
        return;
    }
    w->steps[WIZARD_SEGMENT]->choices(w, result);
}

void
wizard_ask_choices(struct wizard *w, enum wizard_pick what, const struct leaf_key *key)
{
    struct choices_arg *a = mem_alloc(sizeof *a);
    struct question q = {.slot = w->slot_load,
                         .answer = answer_choices,
                         .arg = a,
                         .free_arg = free,
                         .free_result = choices_free,
                         .done = got_choices,
                         .owner = w};

    a->what = what;
    a->key = key;
    a->config = app_config(w->app);
    app_ask(w->app, &q, "Reading what there is");
}

/* --- the review */

struct review_arg {
    int64_t id, now_s;
    const struct config *config;
};

static void
review_free(void *review)
{
    launch_review_release(review);
    free(review);
}

static void *
answer_review(struct db *reader, void *arg, const atomic_bool *cancelled, struct error *err)
{
    const struct review_arg *a = arg;
    struct launch_review *out = mem_alloc(sizeof *out);
    bool ok = false;

    (void)cancelled;
    if (db_begin_read(reader, err)) {
        ok = launch_review(reader, a->config, a->id, a->now_s, out, err);
        db_rollback(reader);
    }
    if (ok)
        return out;
    review_free(out);
    return NULL;
}

static void
got_review(void *owner, const struct question *q, void *result, const struct error *err)
{
    struct wizard *w = owner;
    struct launch_review *r = result;

    (void)q;
    w->review.asking = false;
    if (!r) {
        if (err->code == ERR_RETRY)
            return;
        w->review.have_review = false;
        (void)text_copy(w->review.failed, sizeof w->review.failed, err->text);
        return;
    }
    launch_review_release(&w->review.review);
    w->review.review = *r;
    *r = (struct launch_review){0};
    w->review.have_review = true;
    w->steps[WIZARD_REVIEW]->arrived(w);
}

void
wizard_ask_review(struct wizard *w)
{
    struct review_arg *a;
    struct question q = {.slot = w->slot_review,
                         .answer = answer_review,
                         .free_arg = free,
                         .free_result = review_free,
                         .done = got_review,
                         .owner = w};

    if (!w->id)
        return;
    a = mem_alloc(sizeof *a);
    a->id = w->id;
    a->now_s = app_now_s(w->app);
    a->config = app_config(w->app);
    q.arg = a;
    w->review.asking = true;
    app_ask(w->app, &q, "Checking everything");
}
