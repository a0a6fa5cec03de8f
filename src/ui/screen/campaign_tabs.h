/* Draws a campaign's detail. */
#ifndef CANVASS_UI_SCREEN_CAMPAIGN_TABS_H
#define CANVASS_UI_SCREEN_CAMPAIGN_TABS_H

#include "ui/screen/campaign_view.h"
#include "ui/term/grid.h"

/* What became of the recipients: a bar a state, and their sum against `targeted`. */
void campaign_states_draw(const struct campaign *c, struct grid *g, struct area a);
void campaign_tabs_draw(struct campaign_view *v, struct grid *g, struct area body);

#endif
