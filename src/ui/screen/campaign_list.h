/* The list of campaigns: a pane of the dashboard and the whole of the campaigns tab. */
#ifndef CANVASS_UI_SCREEN_CAMPAIGN_LIST_H
#define CANVASS_UI_SCREEN_CAMPAIGN_LIST_H

#include "core/campaign/campaign.h"
#include "ui/app.h"
#include "ui/widget/list.h"

enum campaign_sort { SORT_STATUS, SORT_NAME, SORT_CREATED, SORT_REPLIES, CAMPAIGN_SORT_COUNT };

struct campaign_list_pane {
    struct app *app;
    int slot;
    struct list list;
    struct campaign_list data; /* the last good answer */
    bool loaded;
    char error[200];
    size_t *shown; /* rows that fit the filter, in order; indexes into data */
    size_t shown_count;
    char filter[256];
    enum campaign_sort sort;
    bool tall; /* two lines a row */
};

void campaign_list_pane_init(struct campaign_list_pane *p, struct app *app, bool tall);
void campaign_list_pane_release(struct campaign_list_pane *p);
void campaign_list_pane_refresh(struct campaign_list_pane *p);
void campaign_list_pane_filter(struct campaign_list_pane *p, const char *text);
void campaign_list_pane_sort_next(struct campaign_list_pane *p);
const struct campaign *campaign_list_pane_selected(const struct campaign_list_pane *p);
bool campaign_list_pane_input(struct campaign_list_pane *p, const struct input *in);
void campaign_list_pane_draw(struct campaign_list_pane *p, struct grid *g, struct area a,
                             bool focused);

#endif
