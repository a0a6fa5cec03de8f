/* Which values a trend counts, and its words. Pure. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/text.h"
#include "ui/screen/common.h"
#include "ui/screen/wizard_trend.h"
#include "ui/term/cells.h"

enum { AROUND = 4, WINDOW = 2 * AROUND + 1, BEYOND = 2, USUAL_LOW = 7, USUAL_HIGH = 90 };

static const int64_t day_steps[] = {0,  1,  2,   3,   5,   7,   10,  14,  21,   30,   45,
                                    60, 90, 120, 180, 270, 365, 545, 730, 1095, 1825, 3650};
static const int64_t count_steps[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 30, 50, 100};
static const int64_t score_steps[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

struct steps {
    const int64_t *at;
    size_t count;
};

static struct steps
steps_of(const struct wrow *row)
{
    bool score = row->leaf->kind == LEAF_LAST_SATISFACTION ||
                 (row->leaf->kind == LEAF_CONVERSATION && row->key == CONVERSATION_SATISFACTION);

    if (wrow_value_kind(row) == VALUE_DAYS)
        return (struct steps){day_steps, ARRAY_LEN(day_steps)};
    if (score)
        return (struct steps){score_steps, ARRAY_LEN(score_steps)};
    return (struct steps){count_steps, ARRAY_LEN(count_steps)};
}

/* The part of the steps to count: [*from, *to). */
static void
window_of(const struct wrow *row, struct steps s, double present, size_t *from, size_t *to)
{
    bool days = wrow_value_kind(row) == VALUE_DAYS;
    size_t near = 0;

    if (s.at == score_steps || (days && present >= USUAL_LOW && present <= USUAL_HIGH)) {
        for (*from = 0; days && s.at[*from] < USUAL_LOW;)
            (*from)++;
        for (*to = s.count; days && s.at[*to - 1] > USUAL_HIGH;)
            (*to)--;
        if (days && present < (double)s.at[*from + 1]) /* a look to both sides */
            *from -= BEYOND;
        else if (days && present > (double)s.at[*to - 2])
            *to += BEYOND;
        return;
    }
    while (near + 1 < s.count && (double)s.at[near + 1] <= present)
        near++;
    *from = near > AROUND ? near - AROUND : 0;
    *to = *from + WINDOW < s.count ? *from + WINDOW : s.count;
    *from = *to > WINDOW ? *to - WINDOW : 0;
}

static void
add(struct trend *t, const char *value)
{
    (void)text_copy(t->points[t->count].value, TREND_VALUE_SIZE, value);
    t->points[t->count++].known = false;
}

bool
trend_values(const struct wrow *row, struct trend *out)
{
    enum value_kind kind = row->kind == WROW_LEAF ? wrow_value_kind(row) : VALUE_KIND_COUNT;
    const char *now;
    char *end = NULL;
    double present;
    struct steps s;
    size_t from;
    size_t to;
    char text[TREND_VALUE_SIZE];
    bool placed = false;

    *out = (struct trend){0};
    if ((kind != VALUE_DAYS && kind != VALUE_NUMBER) || row->error[0])
        return false;
    now = edit_text(&row->value);
    present = strtod(now, &end);
    if (end == now || *end || !isfinite(present) || strlen(now) >= TREND_VALUE_SIZE)
        return false;
    (void)text_copy(out->unit, sizeof out->unit, wrow_unit(row));
    s = steps_of(row);
    window_of(row, s, present, &from, &to);
    for (size_t i = from; i < to; i++) {
        if (!placed && (double)s.at[i] >= present) {
            placed = true;
            out->present = out->count;
            add(out, now);
            if ((double)s.at[i] <= present)
                continue; /* it is one of the steps */
        }
        (void)snprintf(text, sizeof text, "%lld", (long long)s.at[i]);
        add(out, text);
    }
    if (!placed) {
        out->present = out->count;
        add(out, now);
    }
    return true;
}

static void
add_part(const struct trend *t, size_t i, bool unit, struct buf *out)
{
    char n[32];

    buf_printf(out, "%s%s%s%s%s: %s", out->len ? " … " : "", i == t->present ? "▸" : "",
               t->points[i].value, unit && t->unit[0] ? " " : "", unit ? t->unit : "",
               number_text(t->points[i].reachable, n));
}

void
trend_text(const struct trend *t, int width, char *out, size_t size)
{
    size_t first = t->count;
    size_t last = 0;
    struct buf text = {0};
    bool fits = false;

    out[0] = '\0';
    for (size_t i = 0; i < t->count; i++)
        if (t->points[i].known) {
            first = i < first ? i : first;
            last = i;
        }
    if (first >= last)
        return;
    for (int less = 0; less < 2 && !fits; less++) { /* first all three, then the ends alone */
        buf_clear(&text);
        add_part(t, first, true, &text);
        if (!less && t->present > first && t->present < last)
            add_part(t, t->present, false, &text);
        add_part(t, last, false, &text);
        fits = cells_width(buf_str(&text)) <= width;
    }
    if (fits)
        (void)text_copy(out, size, buf_str(&text));
    buf_release(&text);
}
