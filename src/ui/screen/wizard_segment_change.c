/* Step 2: what every change of the criteria brings about. */
#include "ui/screen/wizard_people.h"
#include "ui/screen/wizard_segment_focus.h"

void
segment_changed(struct wizard *w)
{
    struct segment_step *s = &w->segment;
    json_t *criteria = wrows_json(&s->rows);

    (void)json_object_set_new(w->spec, "segment", json_pack("{s:o}", "criteria", criteria));
    s->saved_error[0] = '\0';
    s->more = 0;
    (void)people_close_why(w);
    wizard_changed(w);
    wizard_ask_preview(w);
}
