/* The monitor's state: monitor.c asks and handles keys, monitor_draw.c draws. */
#ifndef CANVASS_UI_SCREEN_MONITOR_DRAW_H
#define CANVASS_UI_SCREEN_MONITOR_DRAW_H

#include "core/reply/reply.h"
#include "ui/screen/campaign_acts.h"
#include "ui/widget/list.h"

#define MONITOR_RUNNING_MAX 64

enum monitor_pane { MONITOR_RUNNING, MONITOR_REPLIES };

struct monitor {
    struct campaign_host host; /* first: see campaign_acts.h */
    struct app *app;
    int slot;
    bool loaded;
    char why[240];  /* the first reason why nothing of the selected campaign goes out; "" */
    int64_t why_of; /* that campaign */
    struct report_live live;
    struct campaign_list campaigns;
    size_t running[MONITOR_RUNNING_MAX]; /* indexes: active and paused ones, then lately ended */
    size_t running_count, ended_count;   /* all rows, and those of them that have ended */
    struct reply_stream stream;
    size_t *shown; /* owned: rows of the stream that fit the filter */
    size_t shown_count;
    char filter[128];
    size_t limit; /* rows of the stream that are asked for */
    struct list list, running_list;
    enum monitor_pane focus;
    int64_t unseen; /* came while the list did not follow */
    int64_t asked_minute;
};

/* The reply in a row of the list. */
const struct reply_row *monitor_reply_at(const struct monitor *m, size_t row);
void monitor_draw(struct app *app, void *self, struct grid *g, struct area body);
/* One line of the stream; shared with the campaign's replies. show_campaign below 0: no column. */
void monitor_draw_reply(struct grid *g, struct area a, const struct reply_row *r, int64_t now_s);
void monitor_draw_reply_head(struct grid *g, struct area a);

#endif
