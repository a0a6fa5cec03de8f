/* Tables of keys: finding a row, whether it may, running it. */
#include <stdio.h>

#include "ui/app_internal.h"

bool
app_can(struct app *app, void *self, const struct binding *b, char reason[96])
{
    reason[0] = '\0';
    return !b->can || b->can(app, self, reason);
}

void
app_run_binding(struct app *app, void *self, const struct binding *b, const char *arg)
{
    char reason[96];
    char text[160];

    if (!app_can(app, self, b, reason)) {
        (void)snprintf(text, sizeof text, "Not now: %s", reason);
        app_message(app, ROLE_WARN, text);
        return;
    }
    if (arg && b->run_arg)
        b->run_arg(app, self, arg);
    else if (b->run)
        b->run(app, self);
    else if (b->run_arg)
        b->run_arg(app, self, "");
    app_dirty(app);
}

const struct binding *
app_find_key(const struct binding *keys, int key)
{
    for (const struct binding *b = keys; b && b->name && key; b++)
        if (b->key == key)
            return b;
    return NULL;
}
