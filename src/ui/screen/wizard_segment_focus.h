/* What the files of step 2 share: places that can have the focus. */
#ifndef CANVASS_UI_SCREEN_WIZARD_SEGMENT_FOCUS_H
#define CANVASS_UI_SCREEN_WIZARD_SEGMENT_FOCUS_H

#include "ui/screen/wizard_pick.h"
#include "ui/screen/wizard_state.h"

enum stop_kind {
    STOP_ORIGIN,
    STOP_MATCH,
    STOP_LEAF,
    STOP_CONDITION,
    STOP_VALUE,
    STOP_GROUP,
    STOP_RAW,
    STOP_ADD,
    STOP_ADD_GROUP,
    STOP_JSON,
    STOP_SAVE_AS,
    STOP_SAVE,
    STOP_BACK,
    STOP_NEXT,
};
struct stop {
    enum stop_kind kind;
    size_t row;
};
enum { STOPS_MAX = WROWS_MAX * 3 + 16 };

size_t segment_stops(const struct segment_step *s, struct stop *out);
struct stop segment_stop(const struct segment_step *s);
bool stop_is_of_row(enum stop_kind kind);
/* The value stop of a row, or the first one it has. */
void segment_focus(struct segment_step *s, enum stop_kind kind, size_t row);
void segment_changed(struct wizard *w); /* the rows: save, count anew */
/* Enter, or a letter, on a place whose value is chosen. */
void segment_pick(struct wizard *w, struct stop at);
void segment_picked(struct wizard *w, size_t item);
void segment_add(struct wizard *w);
void segment_edit_json(struct wizard *w, bool all);
void segment_draw(struct wizard *w, struct grid *g, struct area a);

#endif
