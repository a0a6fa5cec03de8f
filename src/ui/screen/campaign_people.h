/* The tab of a campaign's recipients: questions and keys. */
#ifndef CANVASS_UI_SCREEN_CAMPAIGN_PEOPLE_H
#define CANVASS_UI_SCREEN_CAMPAIGN_PEOPLE_H

#include "ui/screen/campaign_view.h"

/* Asks for the window around the selection; when one is under way: cancel_older, or not at all. */
void campaign_people_ask(struct campaign_view *v, bool cancel_older);
void campaign_attempts_ask(struct campaign_view *v);  /* of v->attempts_of */
void campaign_attempts_show(struct campaign_view *v); /* of the selected one */
bool campaign_people_key(struct campaign_view *v, int key);

#endif
