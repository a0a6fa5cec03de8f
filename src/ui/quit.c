/* Leaving: asked first when this console sends and work waits. */
#include <stdio.h>

#include "ui/app_internal.h"

static void
quit_anyway(struct app *app, void *self, int64_t arg)
{
    (void)self;
    (void)arg;
    app->quit = true;
}

void
app_quit(struct app *app)
{
    struct confirm c = {.title = "Leave canvass?", .yes = "Leave", .run = quit_anyway};
    struct open_screen *o = app_top(app);

    if (o->screen->may_leave && !o->screen->may_leave(app, o->self))
        return;
    if (!app->opt.engine || !app->engine.holds_lease ||
        app->status.waiting + app->engine.in_flight == 0) {
        app->quit = true;
        return;
    }
    (void)snprintf(
        c.text, sizeof c.text,
        "This console sends. %lld messages wait; they go on when a console or `canvass run` "
        "runs again. Nothing is lost. What is under way is finished first.",
        (long long)app->status.waiting);
    app_confirm(app, &c);
}
