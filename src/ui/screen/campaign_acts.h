/*
 * What can be done to a campaign, the same on every screen that shows one. Such a screen's self
 * begins with a struct campaign_host, and its table of keys holds CAMPAIGN_KEYS.
 */
#ifndef CANVASS_UI_SCREEN_CAMPAIGN_ACTS_H
#define CANVASS_UI_SCREEN_CAMPAIGN_ACTS_H

#include "core/campaign/campaign.h"
#include "ui/app.h"

struct campaign_host {
    /* The campaign in question; borrowed for the call; NULL: none is selected. */
    const struct campaign *(*current)(void *self);
    bool is_detail;  /* the screen shows this one only: a delete closes it */
    int export_slot; /* of the query thread, for files */
};

void campaign_key_open(struct app *app, void *self); /* a draft goes to the wizard */
void campaign_key_pause(struct app *app, void *self);
void campaign_key_complete(struct app *app, void *self);
void campaign_key_cancel(struct app *app, void *self);
void campaign_key_delete(struct app *app, void *self);
void campaign_key_clone(struct app *app, void *self);
void campaign_key_let_go(struct app *app, void *self); /* the rest of a canary's campaign */
/* Writes it to `exports` in the state folder; arg: csv, xlsx, json, html; "" is csv. */
void campaign_do_export(struct app *app, void *self, const char *arg);
bool campaign_can_open(struct app *app, void *self, char reason[96]);
bool campaign_can_pause(struct app *app, void *self, char reason[96]);
bool campaign_can_complete(struct app *app, void *self, char reason[96]);
bool campaign_can_cancel(struct app *app, void *self, char reason[96]);
bool campaign_can_delete(struct app *app, void *self, char reason[96]);
bool campaign_can_clone(struct app *app, void *self, char reason[96]);
bool campaign_can_let_go(struct app *app, void *self, char reason[96]);
bool campaign_has_canary(void *self);

#define CAMPAIGN_KEYS                                                                              \
    {.key = ' ',                                                                                   \
     .name = "pause",                                                                              \
     .label = "pause",                                                                             \
     .help = "Pause the campaign, or let it go on",                                                \
     .run = campaign_key_pause,                                                                    \
     .can = campaign_can_pause},                                                                   \
        {.key = 'c',                                                                               \
         .name = "clone",                                                                          \
         .label = "clone",                                                                         \
         .help = "A new draft like it, without the people it reached",                             \
         .run = campaign_key_clone,                                                                \
         .can = campaign_can_clone},                                                               \
        {.key = 'x',                                                                               \
         .name = "delete",                                                                         \
         .help = "Take a draft or an ended campaign off the lists",                                \
         .run = campaign_key_delete,                                                               \
         .can = campaign_can_delete},                                                              \
        {.name = "complete",                                                                       \
         .help = "End the campaign: who was not reached yet is left out",                          \
         .run = campaign_key_complete,                                                             \
         .can = campaign_can_complete},                                                            \
        {.name = "cancel",                                                                         \
         .help = "Give the campaign up",                                                           \
         .run = campaign_key_cancel,                                                               \
         .can = campaign_can_cancel},                                                              \
    {                                                                                              \
        .name = "export", .help = "Write it to a file: :export csv, xlsx, json or html",           \
        .run_arg = campaign_do_export, .can = campaign_can_open                                    \
    }

#endif
