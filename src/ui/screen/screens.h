/* Every screen of the console. The tabs are in the order of the keys 1 to 6. */
#ifndef CANVASS_UI_SCREEN_SCREENS_H
#define CANVASS_UI_SCREEN_SCREENS_H

#include "ui/app.h"

extern const struct screen screen_dashboard, screen_campaigns, screen_monitor, screen_inbox,
    screen_templates, screen_settings;
extern const struct screen screen_campaign;     /* arg: campaign id */
extern const struct screen screen_conversation; /* arg: conversation id */
extern const struct screen screen_in_doubt;
extern const struct screen screen_messages; /* the last 200 toasts */

/* The wizard: arg is the draft's id, 0 for a new one. */
extern const struct screen screen_wizard;

extern const struct ui_screens all_screens; /* for ui_run() */

#endif
