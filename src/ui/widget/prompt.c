#include "ui/widget/prompt.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "ui/term/keys.h"

void
prompt_release(struct prompt *p)
{
    edit_release(&p->edit);
    for (size_t i = 0; i < p->history_count; i++)
        free(p->history[i]);
    *p = (struct prompt){0};
}

void
prompt_open(struct prompt *p, char sign, const char *text)
{
    p->open = true;
    p->sign = sign;
    p->edit.max_bytes = 256;
    edit_set(&p->edit, text);
    p->history_at = p->history_count;
}

const char *
prompt_text(const struct prompt *p)
{
    return edit_text(&p->edit);
}

static void
remember(struct prompt *p)
{
    const char *text = prompt_text(p);

    if (!*text || (p->history_count && strcmp(p->history[p->history_count - 1], text) == 0))
        return;
    if (p->history_count == PROMPT_HISTORY) {
        free(p->history[0]);
        memmove(p->history, p->history + 1, (PROMPT_HISTORY - 1) * sizeof *p->history);
        p->history_count--;
    }
    p->history[p->history_count++] = mem_strdup(text);
}

static enum prompt_result
walk_history(struct prompt *p, int by)
{
    if ((by < 0 && p->history_at == 0) || (by > 0 && p->history_at >= p->history_count))
        return PROMPT_MOVED;
    p->history_at = by < 0 ? p->history_at - 1 : p->history_at + 1;
    edit_set(&p->edit, p->history_at < p->history_count ? p->history[p->history_at] : "");
    return PROMPT_CHANGED;
}

enum prompt_result
prompt_key(struct prompt *p, int key)
{
    bool changed;

    if (key == KEYS_ESC || key == CTRL_KEY('c') || (key == KEYS_BACKSPACE && !*prompt_text(p))) {
        p->open = false;
        return PROMPT_DROPPED;
    }
    if (key == KEYS_ENTER) {
        p->open = false;
        remember(p);
        return PROMPT_TAKEN;
    }
    if (key == KEYS_UP || key == KEYS_DOWN)
        return walk_history(p, key == KEYS_UP ? -1 : 1);
    if (!edit_key(&p->edit, key, &changed))
        return PROMPT_IGNORED;
    return changed ? PROMPT_CHANGED : PROMPT_MOVED;
}

void
prompt_draw(struct prompt *p, struct grid *g, struct area line, const char *hint)
{
    char sign[2] = {p->sign, '\0'};
    int x = grid_text(g, line, 0, 1, ROLE_KEY, sign);
    int hint_w = hint ? cells_width(hint) : 0;
    int room = line.w - x - 1;

    if (hint_w > 0 && room > hint_w + 22) {
        (void)grid_text(g, line, 0, line.w - hint_w - 1, ROLE_DIM, hint);
        room -= hint_w + 2;
    }
    edit_draw(&p->edit, g, area_cols(line, x, room), ROLE_TEXT, true);
}
