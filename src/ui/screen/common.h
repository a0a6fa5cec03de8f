/* How screens word and colour what core tells them. Pure: no data is asked here. */
#ifndef CANVASS_UI_SCREEN_COMMON_H
#define CANVASS_UI_SCREEN_COMMON_H

#include <stdint.h>

#include "core/campaign/campaign.h"
#include "core/reply/reply.h"
#include "ui/app.h"
#include "ui/term/grid.h"

/* "● active", "◌ paused": sign, word and colour of a campaign. */
struct status_look {
    const char *sign, *word;
    enum role role;
};
struct status_look campaign_look(const struct campaign *c);
/* "queued", "will try again", "in doubt": a delivery's state in words, and its colour. */
struct status_look delivery_look(const char *state);
/* "opted out", "no address": why a delivery was skipped. */
const char *skip_reason_words(const char *reason);
/* Messages that may still go out. */
int64_t campaign_left(const struct campaign *c);
/* Those whose fate is known: the progress bar. */
int64_t campaign_done(const struct campaign *c);
/* One line under a campaign's name: what it does now. out has size bytes. */
/* Active, but nothing may go out now: "open hours from 09:00". False: no such wait. */
bool campaign_waits(const struct campaign *c, int64_t now_s, char *out, size_t size);
void campaign_line(const struct campaign *c, int64_t now_s, char *out, size_t size);

/* The tag of an inbound message's intent: " STOP "; word NULL: none. */
struct tag_look {
    const char *word;
    enum role role;
};
struct tag_look intent_tag(const char *intent);
/* ▲ · ▼ ± and a colour; "" when no sentiment is set. */
struct status_look sentiment_look(const char *sentiment);

/* "68 %", "16.7 %"; "—" when there is no whole. */
const char *percent_text(int64_t part, int64_t whole, int decimals, char out[16]);
/* "1,284" */
const char *number_text(int64_t n, char out[32]);
/* A dim text in the middle of a pane: reading…, or what to do next. */
void draw_hint(struct grid *g, struct area a, const char *text);
/* "+1 555 010 4410"-like phone numbers are shown as they are; NULL becomes "—". */
const char *or_dash(const char *s);

#endif
