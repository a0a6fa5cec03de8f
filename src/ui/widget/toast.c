#include "ui/widget/toast.h"

#include "core/base/text.h"

void
toast_add(struct toasts *t, enum toast_level level, const char *text, bool can_undo, int64_t now_s,
          int64_t mono_ms)
{
    struct toast *slot = &t->ring[t->count % TOAST_KEEP];

    slot->level = level;
    slot->at_s = now_s;
    (void)text_copy(slot->text, sizeof slot->text, text);
    t->count++;
    t->showing = true;
    t->can_undo = can_undo;
    t->until_ms =
        level == TOAST_ERROR ? INT64_MAX : mono_ms + (can_undo ? TOAST_UNDO_MS : TOAST_MS);
}

size_t
toast_kept(const struct toasts *t)
{
    return t->count < TOAST_KEEP ? t->count : TOAST_KEEP;
}

const struct toast *
toast_get(const struct toasts *t, size_t back)
{
    return back < toast_kept(t) ? &t->ring[(t->count - 1 - back) % TOAST_KEEP] : NULL;
}

const struct toast *
toast_newest(const struct toasts *t)
{
    return toast_get(t, 0);
}

bool
toast_key(struct toasts *t)
{
    bool gone = t->showing && t->until_ms == INT64_MAX;

    if (gone)
        t->showing = false;
    return gone;
}

bool
toast_tick(struct toasts *t, int64_t mono_ms)
{
    bool gone = t->showing && t->until_ms != INT64_MAX && mono_ms >= t->until_ms;

    if (gone) {
        t->showing = false;
        t->can_undo = false;
    }
    return gone;
}

void
toast_draw(const struct toasts *t, struct grid *g, struct area line, int64_t mono_ms)
{
    static const struct {
        enum role tag, text;
        const char *sign;
    } looks[] = {
        [TOAST_OK] = {ROLE_TAG_BOOK, ROLE_TEXT, " ✓ "},
        [TOAST_INFO] = {ROLE_TAG_OTHER, ROLE_TEXT, " · "},
        [TOAST_WARN] = {ROLE_WARN, ROLE_WARN, " ! "},
        [TOAST_ERROR] = {ROLE_ERROR, ROLE_ERROR, " ✗ "},
    };
    const struct toast *newest = toast_newest(t);
    int x;

    if (!t->showing || !newest)
        return;
    (void)mono_ms;
    x = grid_text(g, line, 0, 1, looks[newest->level].tag, looks[newest->level].sign);
    if (t->can_undo) {
        int room = line.w - x - 2 - 14;
        int need = cells_width(newest->text);
        x = grid_cell(g, line, 0, x + 1, need < room ? need : room, looks[newest->level].text,
                      newest->text);
        (void)grid_text(g, line, 0, x + 1, ROLE_KEY, "u undo (8 s)");
    } else {
        (void)grid_text(g, line, 0, x + 1, looks[newest->level].text, newest->text);
    }
}
