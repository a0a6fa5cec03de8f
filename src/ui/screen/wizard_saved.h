/*
 * Saved segments from step 2: the present criteria are saved under a name, which asks before it
 * overwrites; a saved one is started from, compared and combined with the present criteria,
 * renamed, deleted.
 */
#ifndef CANVASS_UI_SCREEN_WIZARD_SAVED_H
#define CANVASS_UI_SCREEN_WIZARD_SAVED_H

#include <stdbool.h>
#include <stddef.h>

struct wizard;

/* Save, or the new name when one is being renamed: what stands in the field. */
void saved_take_name(struct wizard *w);
void saved_open(struct wizard *w); /* the list (F10) */
/* The items of the list before the saved segments. */
enum { SAVED_FIRST = 1 };
void saved_picked(struct wizard *w, size_t item);     /* of the list */
void saved_act_picked(struct wizard *w, size_t item); /* of what can be done with one */
void saved_stop_renaming(struct wizard *w);

#endif
