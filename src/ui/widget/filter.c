#include "ui/widget/filter.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/text.h"

static char *
lowered(const char *s, size_t len)
{
    struct buf out = {0};

    text_lower(&out, s, len);
    return out.data ? buf_take(&out) : mem_strdup("");
}

static bool
holds(const char *value, const char *needle)
{
    char *low = lowered(value ? value : "", value ? strlen(value) : 0);
    bool found = strstr(low, needle) != NULL;

    free(low);
    return found;
}

static bool
word_matches(const char *word, const struct filter_field *fields)
{
    const char *colon = strchr(word, ':');

    for (const struct filter_field *f = fields; f->name; f++) {
        if (!colon && holds(f->value, word))
            return true;
        if (colon && strlen(f->name) == (size_t)(colon - word) &&
            strncmp(f->name, word, (size_t)(colon - word)) == 0)
            return holds(f->value, colon + 1);
    }
    return false;
}

/* The next word of *s, lower-cased, or NULL; caller frees. */
static char *
next_word(const char **s)
{
    size_t len;
    char *word;

    while (**s == ' ')
        (*s)++;
    len = strcspn(*s, " ");
    if (len == 0)
        return NULL;
    word = lowered(*s, len);
    *s += len;
    return word;
}

bool
filter_match(const char *text, const struct filter_field *fields)
{
    bool ok = true;
    char *word;

    while (ok && (word = next_word(&text)) != NULL) {
        bool inverse = word[0] == '!';
        const char *plain = word + (inverse ? 1 : 0);
        if (*plain)
            ok = word_matches(plain, fields) != inverse;
        free(word);
    }
    return ok;
}

bool
filter_find(const char *text, const char *s, size_t *at, size_t *len)
{
    char *low = lowered(s, strlen(s));
    char *word;
    bool found = false;

    /* lower-casing may change lengths of rare letters: then nothing is underlined */
    while (!found && strlen(low) == strlen(s) && (word = next_word(&text)) != NULL) {
        const char *hit = word[0] != '!' && !strchr(word, ':') ? strstr(low, word) : NULL;
        if (hit) {
            *at = (size_t)(hit - low);
            *len = strlen(word);
            found = true;
        }
        free(word);
    }
    free(low);
    return found;
}

int
fuzzy_score(const char *word, const char *s)
{
    char *w = lowered(word, strlen(word));
    char *t = lowered(s, strlen(s));
    const char *p = t;
    int score = 0;
    int run = 0;

    for (const char *c = w; *c; c++) {
        const char *hit = strchr(p, *c);
        if (!hit) {
            score = -1;
            break;
        }
        run = hit == p && c != w ? run + 1 : 0;
        score += 1 + 3 * run;
        if (hit == t || hit[-1] == ' ' || hit[-1] == '-')
            score += 8;
        p = hit + 1;
    }
    free(w);
    free(t);
    return score;
}
