/* From step to step: what a step leaves behind is saved, what the next one needs is asked. */
#include <stdio.h>
#include <string.h>

#include "ui/screen/wizard_state.h"

void
wizard_go(struct wizard *w, enum wizard_step step)
{
    char reason[96];
    char text[140];

    for (enum wizard_step s = WIZARD_INFO; s < step; s++)
        if (wizard_step_wrong(w, s, reason)) {
            (void)snprintf(text, sizeof text, "Step %d is not finished: %s.", (int)s + 1, reason);
            app_message(w->app, ROLE_WARN, text);
            if (s < w->step)
                return;
            step = s;
            break;
        }
    w->step = step;
    w->seen[step] = true;
    w->segment.in_preview = false;
    w->agent.in_preview = false;
    wizard_moved(w);
    wizard_save(w);
    if (step != WIZARD_INFO && json_object_get(w->spec, "segment"))
        wizard_ask_preview(w);
    if (step == WIZARD_REVIEW)
        w->steps[WIZARD_REVIEW]->fill(w);
    if (step == WIZARD_REVIEW && !w->saving && !w->spec_changed)
        wizard_ask_review(w);
}

bool
wizard_pressed(struct wizard *w, const struct field *fd)
{
    if (strcmp(fd->id, "leave") == 0) {
        app_pop(w->app); /* asks may_leave first */
        return true;
    }
    if (strcmp(fd->id, "back") == 0)
        wizard_go(w, w->step - 1);
    else if (strcmp(fd->id, "next") == 0)
        wizard_go(w, w->step + 1);
    else
        return false;
    return true;
}
