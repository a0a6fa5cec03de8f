/* Step 2: the places that can have the focus, in reading order. Pure. */
#include "ui/screen/wizard_segment_focus.h"

#include "core/base/cc.h"

static size_t
row_stops(const struct wrow *row, size_t i, struct stop *out)
{
    size_t n = 0;

    switch (row->kind) {
    case WROW_GROUP:
        out[n++] = (struct stop){STOP_GROUP, i};
        break;
    case WROW_RAW:
        out[n++] = (struct stop){STOP_RAW, i};
        break;
    case WROW_LEAF:
        if (!row->joined)
            out[n++] = (struct stop){STOP_LEAF, i};
        out[n++] = (struct stop){STOP_CONDITION, i};
        if (row->key != WROW_EXISTS)
            out[n++] = (struct stop){STOP_VALUE, i};
        break;
    }
    return n;
}

size_t
segment_stops(const struct segment_step *s, struct stop *out)
{
    static const enum stop_kind tail[] = {STOP_ADD,  STOP_ADD_GROUP, STOP_JSON, STOP_SAVE_AS,
                                          STOP_SAVE, STOP_BACK,      STOP_NEXT};
    size_t n = 0;

    out[n++] = (struct stop){STOP_ORIGIN, 0};
    out[n++] = (struct stop){STOP_MATCH, 0};
    for (size_t i = 0; i < s->rows.count; i++)
        n += row_stops(&s->rows.at[i], i, &out[n]);
    for (size_t i = 0; i < ARRAY_LEN(tail); i++)
        out[n++] = (struct stop){tail[i], 0};
    return n;
}

struct stop
segment_stop(const struct segment_step *s)
{
    struct stop stops[STOPS_MAX];
    size_t count = segment_stops(s, stops);

    return stops[s->stop < count ? s->stop : count - 1];
}

bool
stop_is_of_row(enum stop_kind kind)
{
    return kind >= STOP_LEAF && kind <= STOP_RAW;
}

void
segment_focus(struct segment_step *s, enum stop_kind kind, size_t row)
{
    struct stop stops[STOPS_MAX];
    size_t count = segment_stops(s, stops);
    size_t found = count;

    for (size_t i = 0; i < count; i++) {
        if (stop_is_of_row(kind) ? !stop_is_of_row(stops[i].kind) || stops[i].row != row
                                 : stops[i].kind != kind)
            continue;
        if (stops[i].kind == kind || found == count ||
            (stops[found].kind != kind && stops[i].kind == STOP_VALUE))
            found = i;
    }
    if (found < count)
        s->stop = found;
    else
        s->stop = s->stop < count ? s->stop : count - 1;
}
