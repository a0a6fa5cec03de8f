/* What wizard_rows.c and wizard_rows_edit.c share. */
#ifndef CANVASS_UI_SCREEN_WIZARD_ROWS_INTERNAL_H
#define CANVASS_UI_SCREEN_WIZARD_ROWS_INTERNAL_H

#include "ui/screen/wizard_rows.h"

struct wrow *wrows_insert(struct wrows *r, size_t at, enum wrow_kind kind, int depth);
void wrows_truncate(struct wrows *r, size_t count);
void wrows_drop(struct wrows *r, size_t from, size_t to);
/* The value as JSON; NULL when the text is no such value. */
json_t *wrow_value_json(const struct wrow *row, const char *text);
json_t *wrows_leaf_json(const struct wrows *r, size_t i);
json_t *wrows_node_json(const struct wrows *r, size_t i);

#endif
