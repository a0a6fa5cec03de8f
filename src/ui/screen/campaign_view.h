/* What a campaign's detail holds: campaign.c fills it and has the keys, campaign_tabs.c draws it.
 */
#ifndef CANVASS_UI_SCREEN_CAMPAIGN_VIEW_H
#define CANVASS_UI_SCREEN_CAMPAIGN_VIEW_H

#include "core/reply/reply.h"
#include "core/report/report.h"
#include "ui/screen/campaign_acts.h"
#include "ui/widget/list.h"

enum campaign_tab {
    TAB_OVERVIEW,
    TAB_RECIPIENTS,
    TAB_REPLIES,
    TAB_VARIANTS,
    TAB_TIMELINE,
    TAB_SETTINGS,
    CAMPAIGN_TAB_COUNT
};

#define RECIPIENTS_WINDOW 400
#define STATE_FILTERS 13

struct campaign_view {
    struct campaign_host host; /* first: see campaign_acts.h */
    struct app *app;
    int64_t id;
    char *waiting; /* owned; why nothing goes out, a line each; "" when it does */
    enum campaign_tab tab;
    int places[2 * CAMPAIGN_TAB_COUNT]; /* of the tabs, for the mouse */
    int places_y;

    int slot; /* the campaign itself, variants, timeline, replies */
    struct campaign data;
    bool loaded;
    char error[200];
    bool variants_loaded, timeline_loaded, replies_loaded;
    struct report_variants variants;
    struct report_entries timeline;
    struct reply_stream replies;
    struct list reply_list, timeline_list;
    int scroll; /* of settings */

    int people_slot;
    struct report_recipients people; /* a window */
    bool people_loaded;
    struct list people_list;
    size_t state_filter; /* index into campaign_state_filters */
    char filter[128];

    int attempts_slot;
    int64_t attempts_of; /* delivery; 0: the pane is closed */
    struct report_attempts attempts;
    bool attempts_loaded;
};

/* NULL: any state. */
extern const char *const campaign_state_filters[STATE_FILTERS];

const struct report_recipient *campaign_person_at(const struct campaign_view *v, size_t row);
#endif
