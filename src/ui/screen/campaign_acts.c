#include "ui/screen/campaign_acts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/store/stores.h"
#include "ui/screen/common.h"
#include "ui/screen/screens.h"

struct act {
    int64_t id;
    enum campaign_action action;
    int64_t new_id; /* of a clone */
};

static const struct campaign *
current(void *self)
{
    struct campaign_host *host = self;
    return host->current(self);
}

static bool
run_act(struct db *ledger, struct db *reader, const struct config *config, void *arg,
        struct error *err)
{
    struct act *a = arg;
    int64_t now_s = utime_now_s();
    char reason[160];

    (void)reader;
    switch (a->action) {
    case CAMPAIGN_DO_PAUSE:
        (void)snprintf(reason, sizeof reason, "by %s", audit_actor());
        return campaign_pause(ledger, a->id, reason, now_s, err);
    case CAMPAIGN_DO_RESUME:
        return campaign_resume(ledger, a->id, now_s, err);
    case CAMPAIGN_DO_COMPLETE:
        return campaign_complete(ledger, a->id, now_s, err);
    case CAMPAIGN_DO_CANCEL:
        return campaign_cancel(ledger, a->id, now_s, err);
    case CAMPAIGN_DO_DELETE:
        return campaign_delete(ledger, a->id, now_s, err);
    case CAMPAIGN_DO_CLONE:
        return campaign_clone(ledger, config, a->id, now_s, &a->new_id, err);
    case CAMPAIGN_DO_EDIT:
    case CAMPAIGN_DO_LAUNCH:
    case CAMPAIGN_ACTION_COUNT: /* also the engine's first own one */
    case CAMPAIGN_BY_PLAN_FAILED:
        break;
    }
    return error_set(err, ERR_INTERNAL, "an action that screens do not have");
}

static struct app_command
command_of(int64_t id, enum campaign_action action)
{
    struct act *a = mem_alloc(sizeof *a);

    a->id = id;
    a->action = action;
    return (struct app_command){.run = run_act, .arg = a, .free_arg = free};
}

static bool
may(void *self, enum campaign_action action, char reason[96])
{
    const struct campaign *c = current(self);
    struct error err = {0};

    if (!c) {
        (void)snprintf(reason, 96, "No campaign is selected.");
        return false;
    }
    if (campaign_may(c->status, action, &err))
        return true;
    (void)text_copy(reason, 96, err.text);
    return false;
}

bool
campaign_can_open(struct app *app, void *self, char reason[96])
{
    (void)app;
    if (current(self))
        return true;
    (void)snprintf(reason, 96, "No campaign is selected.");
    return false;
}

void
campaign_key_open(struct app *app, void *self)
{
    const struct campaign *c = current(self);

    if (!c)
        return;
    if (c->status == CAMPAIGN_DRAFT)
        app_push(app, &screen_wizard, c->id);
    else
        app_push(app, &screen_campaign, c->id);
}

bool
campaign_can_pause(struct app *app, void *self, char reason[96])
{
    const struct campaign *c = current(self);

    (void)app;
    return may(self, c && c->status == CAMPAIGN_PAUSED ? CAMPAIGN_DO_RESUME : CAMPAIGN_DO_PAUSE,
               reason);
}

void
campaign_key_pause(struct app *app, void *self)
{
    const struct campaign *c = current(self);
    bool resume = c->status == CAMPAIGN_PAUSED;
    struct app_command cmd = command_of(c->id, resume ? CAMPAIGN_DO_RESUME : CAMPAIGN_DO_PAUSE);
    struct app_command undo = command_of(c->id, resume ? CAMPAIGN_DO_PAUSE : CAMPAIGN_DO_RESUME);
    char left[32];

    (void)snprintf(cmd.ok_text, sizeof cmd.ok_text, "%.100s %s: %s still to send.", c->name,
                   resume ? "resumed" : "paused", number_text(campaign_left(c), left));
    (void)snprintf(undo.ok_text, sizeof undo.ok_text, "%.100s %s again.", c->name,
                   resume ? "paused" : "resumed");
    app_do_undoable(app, &cmd, &undo);
}

bool
campaign_can_complete(struct app *app, void *self, char reason[96])
{
    (void)app;
    return may(self, CAMPAIGN_DO_COMPLETE, reason);
}

bool
campaign_can_cancel(struct app *app, void *self, char reason[96])
{
    (void)app;
    return may(self, CAMPAIGN_DO_CANCEL, reason);
}

bool
campaign_can_delete(struct app *app, void *self, char reason[96])
{
    (void)app;
    return may(self, CAMPAIGN_DO_DELETE, reason);
}

bool
campaign_can_clone(struct app *app, void *self, char reason[96])
{
    (void)app;
    return may(self, CAMPAIGN_DO_CLONE, reason);
}

/* --- with a question first; the campaign may have changed meanwhile: core checks again */

static void
do_complete(struct app *app, void *self, int64_t id)
{
    struct app_command cmd = command_of(id, CAMPAIGN_DO_COMPLETE);

    (void)self;
    (void)snprintf(cmd.ok_text, sizeof cmd.ok_text, "Campaign ended.");
    app_do(app, &cmd);
}

static void
do_cancel(struct app *app, void *self, int64_t id)
{
    struct app_command cmd = command_of(id, CAMPAIGN_DO_CANCEL);

    (void)self;
    (void)snprintf(cmd.ok_text, sizeof cmd.ok_text, "Campaign cancelled.");
    app_do(app, &cmd);
}

static void
after_delete(struct app *app, void *self, void *arg, bool ok)
{
    struct campaign_host *host = self;

    (void)arg;
    if (ok && host->is_detail && app_top_self(app) == self)
        app_pop(app);
}

static void
do_delete(struct app *app, void *self, int64_t id)
{
    struct app_command cmd = command_of(id, CAMPAIGN_DO_DELETE);

    (void)snprintf(cmd.ok_text, sizeof cmd.ok_text, "Campaign deleted.");
    cmd.then = after_delete;
    cmd.self = self;
    app_do(app, &cmd);
}

static bool
run_go(struct db *ledger, struct db *reader, const struct config *config, void *arg,
       struct error *err)
{
    (void)reader;
    return campaign_go(ledger, config, *(int64_t *)arg, utime_now_s(), err);
}

static void
do_let_go(struct app *app, void *self, int64_t id)
{
    struct app_command cmd = {.run = run_go, .arg = mem_dup(&id, sizeof id), .free_arg = free};

    (void)self;
    (void)snprintf(cmd.ok_text, sizeof cmd.ok_text, "The others go out now.");
    app_do(app, &cmd);
}

bool
campaign_has_canary(void *self)
{
    const struct campaign *c = current(self);
    return c && c->canary.recipients > 0;
}

bool
campaign_can_let_go(struct app *app, void *self, char reason[96])
{
    const struct campaign *c = current(self);

    (void)app;
    if (!campaign_has_canary(self))
        (void)snprintf(reason, 96, "It has no canary: everybody's turn comes by itself.");
    else if (c->status != CAMPAIGN_ACTIVE && c->status != CAMPAIGN_PAUSED)
        (void)snprintf(reason, 96, "It does not run.");
    else
        return true;
    return false;
}

void
campaign_key_let_go(struct app *app, void *self)
{
    const struct campaign *c = current(self);
    struct confirm q = {.yes = "Let them go", .run = do_let_go, .self = self, .arg = c->id};
    char left[32];
    char first[32];

    (void)snprintf(q.title, sizeof q.title, "Let the rest of \"%.50s\" go?", c->name);
    (void)snprintf(q.text, sizeof q.text,
                   "%s people are not contacted yet. They will be, whatever the figures of the "
                   "first %s say. This cannot be undone; a pause can stop it.",
                   number_text(campaign_left(c), left), number_text(c->canary.recipients, first));
    app_confirm(app, &q);
}

void
campaign_key_complete(struct app *app, void *self)
{
    const struct campaign *c = current(self);
    struct confirm q = {.yes = "End it", .run = do_complete, .self = self, .arg = c->id};
    char left[32];

    (void)snprintf(q.title, sizeof q.title, "End \"%.60s\"?", c->name);
    (void)snprintf(
        q.text, sizeof q.text,
        "%s people who have not been contacted will be left out. Replies are still taken "
        "in. It cannot be started again; a clone can.",
        number_text(campaign_left(c), left));
    app_confirm(app, &q);
}

void
campaign_key_cancel(struct app *app, void *self)
{
    const struct campaign *c = current(self);
    struct confirm q = {.yes = "Give it up", .run = do_cancel, .self = self, .arg = c->id};
    char left[32];

    (void)snprintf(q.title, sizeof q.title, "Give up \"%.60s\"?", c->name);
    (void)snprintf(
        q.text, sizeof q.text,
        "%s people who have not been contacted will be left out. Replies are still taken in. It "
        "cannot be started again; a clone can.",
        number_text(campaign_left(c), left));
    app_confirm(app, &q);
}

void
campaign_key_delete(struct app *app, void *self)
{
    const struct campaign *c = current(self);
    struct confirm q = {.yes = "Delete", .run = do_delete, .self = self, .arg = c->id};
    char people[32];

    (void)snprintf(q.title, sizeof q.title, "Delete \"%.60s\"?", c->name);
    if (c->targeted == 0)
        (void)text_copy(q.text, sizeof q.text,
                        "Nobody was written to. What was typed is lost; this cannot be undone.");
    else
        (void)snprintf(
            q.text, sizeof q.text,
            "It goes off the lists, with its %s recipients. Who was contacted is still known to "
            "the frequency cap. This cannot be undone.",
            number_text(c->targeted, people));
    (void)text_copy(q.must_type, sizeof q.must_type, c->name);
    app_confirm(app, &q);
}

static void
after_clone(struct app *app, void *self, void *arg, bool ok)
{
    const struct act *a = arg;

    (void)self;
    if (ok)
        app_push(app, &screen_wizard, a->new_id);
}

void
campaign_key_clone(struct app *app, void *self)
{
    const struct campaign *c = current(self);
    struct app_command cmd = command_of(c->id, CAMPAIGN_DO_CLONE);

    (void)snprintf(cmd.ok_text, sizeof cmd.ok_text,
                   "A new draft like %.80s. People it reached are left out.", c->name);
    cmd.then = after_clone;
    cmd.self = self;
    app_do(app, &cmd);
}
