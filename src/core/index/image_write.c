#include <string.h>

#include "core/base/buf.h"
#include "core/index/image.h"

static bool
write_words(const struct words *w, enum index_section s, struct index_out *o, struct error *err)
{
    struct buf text = {0};
    bool ok;

    for (size_t i = 0; i < w->table.count; i++)
        buf_add(&text, w->table.texts[i], strlen(w->table.texts[i]) + 1);
    ok = index_out_section(o, s, 1, buf_str(&text), text.len, err);
    buf_release(&text);
    return ok;
}

/* Codes as narrow as their words allow; none when there are too many words. */
static void
settle_codes(struct index_image *image, enum index_section s)
{
    enum index_section other = index_spec(s)->other;
    bool too_many = other == SECTION_SCORES ? image->scores.too_many : image->words[other].too_many;
    size_t known =
        other == SECTION_SCORES ? image->scores.values.count : image->words[other].table.count;
    struct column *c = &image->columns[s];

    if (too_many)
        column_release(c);
    else if (c->count > 0 && c->width == 2 && known <= UINT8_MAX)
        column_narrow(c);
    else if (c->count == 0)
        c->width = 1;
}

/* An empty column may never have been given a width. */
static unsigned
width_of(const struct column *c, enum index_kind kind)
{
    if (c->count > 0 || kind == KIND_CODE)
        return c->width;
    return kind == KIND_BYTE ? 1 : kind == KIND_SCORES ? 8 : 4;
}

static bool
write_section(struct index_image *image, enum index_section s, struct index_out *o,
              struct error *err)
{
    const struct index_spec *spec = index_spec(s);
    const struct column *c = s == SECTION_SCORES ? &image->scores.values : &image->columns[s];

    if (spec->kind == KIND_WORDS)
        return write_words(&image->words[s], s, o, err);
    if (spec->kind == KIND_CODE)
        settle_codes(image, s);
    return index_out_section(o, s, width_of(c, spec->kind), c->data ? c->data : "", c->count, err);
}

bool
index_image_write(struct index_image *image, struct index_out *o, struct error *err)
{
    for (int s = 0; s < SECTION_COUNT; s++)
        if (!write_section(image, (enum index_section)s, o, err)) {
            index_out_abandon(o);
            return false;
        }
    return index_out_end(o, &image->meta, err);
}

void
index_image_release(struct index_image *image)
{
    for (int s = 0; s < SECTION_COUNT; s++) {
        column_release(&image->columns[s]);
        words_release(&image->words[s]);
    }
    column_release(&image->scores.values);
    *image = (struct index_image){0};
}
