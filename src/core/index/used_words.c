/* Which words the rows hold: what a dictionary lists and one row at least has. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/index/view.h"

static const struct {
    const char *table, *column;
    enum index_section section;
} columns[] = {
    {"conversation", "channel", SECTION_CONVERSATION_CHANNEL},
    {"conversation", "type", SECTION_CONVERSATION_TYPE},
    {"conversation", "status", SECTION_CONVERSATION_STATUS},
    {"conversation", "outcome", SECTION_CONVERSATION_OUTCOME},
    {"conversation", "sentiment", SECTION_CONVERSATION_SENTIMENT},
    {"appointment", "status", SECTION_APPOINTMENT_STATUS},
    {"appointment", "service", SECTION_APPOINTMENT_SERVICE},
    {"appointment", "provider", SECTION_APPOINTMENT_PROVIDER},
    {"appointment", "booked_by", SECTION_APPOINTMENT_BOOKED_BY},
};

static bool
find_section(const char *table, const char *column, enum index_section *out)
{
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        if (strcmp(columns[i].table, table) == 0 && strcmp(columns[i].column, column) == 0) {
            *out = columns[i].section;
            return true;
        }
    return false;
}

/* used[code] of all rows; an index brought up to date may list words that nobody has any more. */
static void
note_codes(const struct index_column *c, uint8_t *used)
{
    const uint8_t *narrow = c->data;
    const uint16_t *wide = c->data;

    if (c->width == 1)
        for (size_t i = 0; i < c->count; i++)
            used[narrow[i]] = 1;
    else
        for (size_t i = 0; i < c->count; i++)
            used[wide[i]] = 1;
}

bool
index_used_words(struct index_view *v, const char *table, const char *column,
                 const char *const **out, size_t *count)
{
    enum index_section section = SECTION_COUNT;
    struct used_words *u;
    struct index_column codes;
    const char *const *words;
    size_t known = 0;
    uint8_t *used;

    if (!find_section(table, column, &section))
        return false;
    u = &v->used[section];
    if (!u->made) {
        if (!index_file_column(v->file, section, &codes) || codes.width == 0)
            return false;
        words = index_file_words(v->file, index_spec(section)->other, &known);
        if (!words)
            return false;
        used = mem_alloc(WORDS_MAX + 1u);
        note_codes(&codes, used);
        u->words = mem_calloc(known, sizeof *u->words);
        for (size_t i = 0; i < known; i++)
            if (used[i + 1])
                u->words[u->count++] = words[i];
        free(used);
        u->made = true;
    }
    *out = u->words;
    *count = u->count;
    return true;
}

void
used_words_release(struct used_words *u)
{
    free(u->words);
    *u = (struct used_words){0};
}
