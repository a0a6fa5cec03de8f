/*
 * What is typed after `/`: plain words are AND-ed and found anywhere, without regard to case;
 * `status:failed` asks one field; `!word` (or `!status:failed`) must not be there.
 * And the fuzzy match of the palette.
 */
#ifndef CANVASS_UI_WIDGET_FILTER_H
#define CANVASS_UI_WIDGET_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct filter_field {
    const char *name; /* "status"; NULL ends the list */
    const char *value;
};

/* text "" matches all. A field that does not exist matches nothing. */
bool filter_match(const char *text, const struct filter_field *fields);
/* Where the first plain word of the filter stands in s: byte offset and length; false when nowhere.
 */
bool filter_find(const char *text, const char *s, size_t *at, size_t *len);
/* The letters of word in order within s: the score is higher for starts of words and runs; -1: no.
 */
int fuzzy_score(const char *word, const char *s);

#endif
