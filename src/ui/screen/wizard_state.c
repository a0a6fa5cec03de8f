#include "ui/screen/wizard_state.h"

#include <string.h>

#include "core/base/text.h"
#include "core/campaign/spec.h"

/* --- the spec */

const char *
wizard_text(const struct wizard *w, const char *key)
{
    const char *s = json_string_value(json_object_get(w->spec, key));
    return s ? s : "";
}

void
wizard_set_text(struct wizard *w, const char *key, const char *value)
{
    if (value && value[0])
        (void)json_object_set_new(w->spec, key, json_string(value));
    else
        (void)json_object_del(w->spec, key);
}

void
wizard_changed(struct wizard *w)
{
    struct error err = {0};

    json_decref(w->c.spec);
    w->c.spec = json_incref(w->spec);
    if (!spec_apply(app_config(w->app), &w->c, &err))
        app_message(w->app, ROLE_ERROR, err.text);
    w->spec_changed = true;
    w->save_failed = false;
    w->review.have_review = false;
}

void
wizard_moved(struct wizard *w)
{
    w->place_changed = true;
    w->save_failed = false;
}

bool
wizard_step_wrong(struct wizard *w, enum wizard_step step, char reason[96])
{
    reason[0] = '\0';
    return w->steps[step]->wrong && w->steps[step]->wrong(w, reason);
}

void
wizard_draw_buttons(struct wizard *w, struct form *f, struct grid *g, struct area a, int y,
                    bool focused)
{
    struct field *next = form_find(f, "next");
    struct field *first = next - 1; /* back, or leave */
    char reason[96] = "";
    int x = 0;

    next->disabled = wizard_step_wrong(w, w->step, reason);
    (void)text_copy(next->reason, sizeof next->reason, reason);
    x = cells_width(first->label) + 4;
    (void)field_draw(first, g, area_cols(a, 0, x - 2), y, 0, focused && form_focused(f) == first);
    (void)field_draw(next, g, area_cols(a, x, a.w - x), y, 0, focused && form_focused(f) == next);
}
