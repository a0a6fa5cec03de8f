/*
 * The line at the bottom where something is typed: `:` commands and `/` filters, with a history
 * and, for commands, completion by Tab (the palette does that). Esc drops, Enter takes.
 */
#ifndef CANVASS_UI_WIDGET_PROMPT_H
#define CANVASS_UI_WIDGET_PROMPT_H

#include <stdbool.h>

#include "ui/term/grid.h"
#include "ui/widget/edit.h"

#define PROMPT_HISTORY 50

enum prompt_result { PROMPT_IGNORED, PROMPT_MOVED, PROMPT_CHANGED, PROMPT_TAKEN, PROMPT_DROPPED };

struct prompt {
    bool open;
    char sign; /* ':' or '/' */
    struct edit edit;
    char *history[PROMPT_HISTORY]; /* owned; newest last */
    size_t history_count;
    size_t history_at;
};

void prompt_release(struct prompt *p);
void prompt_open(struct prompt *p, char sign, const char *text);
const char *prompt_text(const struct prompt *p);
enum prompt_result prompt_key(struct prompt *p, int key);
void prompt_draw(struct prompt *p, struct grid *g, struct area line, const char *hint);

#endif
