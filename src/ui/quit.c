/* Leaving: asked first when this console sends and work waits. */
#include <stdio.h>

#include "core/base/buf.h"
#include "core/base/text.h"
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
    struct buf waiting = {0};

    if (o->screen->may_leave && !o->screen->may_leave(app, o->self))
        return;
    if (!app->opt.engine || !app->engine.holds_lease ||
        app->status.waiting + app->engine.in_flight == 0) {
        app->quit = true;
        return;
    }
    num_format_grouped(&waiting, app->status.waiting);
    (void)snprintf(
        c.text, sizeof c.text,
        "This console sends. %s messages wait; they go on when a console or `canvass run` "
        "runs again. Nothing is lost. What is under way is finished first.",
        buf_str(&waiting));
    buf_release(&waiting);
    app_confirm(app, &c);
}
