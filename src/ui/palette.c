/* The palette `:`: every action by name, with its key, and with its reason when it cannot be done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cc.h"
#include "core/base/text.h"
#include "ui/app_internal.h"
#include "ui/widget/draw.h"
#include "ui/widget/filter.h"

#define PALETTE_MAX 64
#define PALETTE_ROWS 10

struct hit {
    const struct binding *b;
    int score;
};

/* The first word is the action, the rest its argument. */
static void
split(const char *text, char name[64], const char **arg)
{
    size_t len = strcspn(text, " ");

    (void)snprintf(name, 64, "%.*s", (int)len, text);
    *arg = text + len;
    while (**arg == ' ')
        (*arg)++;
}

/* Those of a table that fit the name, without the keys that `own` has itself. */
static size_t
collect(struct hit *hits, size_t count, const struct binding *keys, const struct binding *own,
        const char *name)
{
    for (const struct binding *b = keys; b && b->name && count < PALETTE_MAX; b++) {
        int score = *name ? fuzzy_score(name, b->name) : 0;
        if (app_find_key(own, b->key))
            continue; /* the screen has its own */
        if (strcmp(b->name, name) == 0)
            score = 1000;
        if (score >= 0)
            hits[count++] = (struct hit){b, score};
    }
    return count;
}

static size_t
matches(struct app *app, struct hit *hits)
{
    char name[64];
    const char *arg;
    const struct binding *own = app_top(app)->screen->keys;
    size_t count;

    split(prompt_text(&app->prompt), name, &arg);
    count = collect(hits, 0, own, NULL, name);
    count = collect(hits, count, app->general_keys, own, name);
    for (size_t i = 1; i < count; i++) /* stable: the screen's own actions stay first */
        for (size_t k = i; k > 0 && hits[k].score > hits[k - 1].score; k--) {
            struct hit t = hits[k];
            hits[k] = hits[k - 1];
            hits[k - 1] = t;
        }
    return count;
}

void
palette_complete(struct app *app)
{
    struct hit hits[PALETTE_MAX];
    size_t count = matches(app, hits);

    if (count == 0)
        return;
    prompt_open(&app->prompt, ':', hits[0].b->name);
    (void)prompt_key(&app->prompt, ' ');
}

void
palette_take(struct app *app, const char *text)
{
    struct hit hits[PALETTE_MAX];
    char name[64];
    const char *arg;
    size_t count = matches(app, hits);

    split(text, name, &arg);
    if (!*name)
        return;
    if (count == 0) {
        char say[160];
        (void)snprintf(say, sizeof say, "No action \"%s\". : and Tab list them all.", name);
        app_message(app, ROLE_ERROR, say);
        return;
    }
    app_run_binding(app, app_top(app)->self, hits[0].b, arg);
}

void
palette_draw(struct app *app, struct grid *g, struct area body)
{
    struct hit hits[PALETTE_MAX];
    size_t count = matches(app, hits);
    int rows = count < PALETTE_ROWS ? (int)count : PALETTE_ROWS;
    char right[32];
    struct area a;

    if (rows == 0)
        return;
    (void)snprintf(right, sizeof right, "%zu", count);
    a = area_rows(body, body.h - rows - 2, rows + 2);
    grid_fill(g, a, ROLE_TEXT);
    a = draw_frame_tight(g, a, FRAME_FOCUS, "Actions", right);
    for (int i = 0; i < rows; i++) {
        const struct binding *b = hits[i].b;
        char key[16] = "";
        char reason[96];
        bool can = app_can(app, app_top(app)->self, b, reason);
        if (b->key)
            (void)key_label(b->key, key);
        if (i == 0) {
            (void)grid_text(g, a, i, 0, ROLE_FOCUS, "▸");
        }
        (void)grid_cell(g, a, i, 2, 18, can ? ROLE_TITLE : ROLE_DIM, b->name);
        (void)grid_cell(g, a, i, 21, 6, can ? ROLE_KEY : ROLE_DIM, key);
        (void)grid_cell(g, a, i, 28, a.w - 29, ROLE_DIM, can ? b->help : reason);
        if (i == 0)
            grid_over(g, a, i, 0, a.w, ROLE_SELECTED);
    }
}
