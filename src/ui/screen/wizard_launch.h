/* What the files of step 4 share. */
#ifndef CANVASS_UI_SCREEN_WIZARD_LAUNCH_H
#define CANVASS_UI_SCREEN_WIZARD_LAUNCH_H

#include "ui/screen/wizard_state.h"

/* Places in review_step.fields. The panes have a field of their own, never drawn: it has the focus
 * while the pane has. */
enum review_field {
    REVIEW_START,
    REVIEW_HOURS,
    REVIEW_RATE,
    REVIEW_CHECKS,
    REVIEW_PERSON,
    REVIEW_COUNT,
    REVIEW_EVERYONE,
    REVIEW_LAUNCH,
    REVIEW_LEAVE,
    REVIEW_BACK,
    REVIEW_FIELDS
};

/* Why it cannot be launched now; false: it can. */
bool review_blocked(struct wizard *w, char reason[96]);
int64_t review_start(const struct wizard *w); /* 0: now */
void review_draw(struct wizard *w, struct grid *g, struct area a);

#endif
