/*
 * The sample in step 2's preview: a page of 50 at first, more by going down, sorted on the screen;
 * and why one of them is in or out, leaf by leaf.
 */
#ifndef CANVASS_UI_SCREEN_WIZARD_PEOPLE_H
#define CANVASS_UI_SCREEN_WIZARD_PEOPLE_H

#include "core/segment/segment.h"
#include "ui/screen/wizard_state.h"

/* order[line] is the place in the sample; dates and counts go down, who has none comes last. */
void people_order(const struct segment_sample *sample, enum people_sort sort, size_t *order);

/* After a new sample came: the person who was selected in the one before still is. */
void people_counted(struct wizard *w, const struct preview *before);
void people_draw(struct wizard *w, struct grid *g, struct area a, bool focused);
/* True when it was open. */
bool people_close_why(struct wizard *w);

#endif
