#include "core/replica/demo_words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"
#include "core/base/mem.h"
#include "core/base/text.h"

static const char *const list_names[] = {
    [DEMO_SERVICES] = "services", [DEMO_PROVIDERS] = "providers", [DEMO_BOOKED_BY] = "booked_by",
    [DEMO_OUTCOMES] = "outcomes", [DEMO_REASONS] = "reasons",     [DEMO_NOTES] = "notes",
    [DEMO_SUBJECTS] = "subjects", [DEMO_SUMMARIES] = "summaries", [DEMO_QUESTIONS] = "questions",
    [DEMO_ANSWERS] = "answers",
};
_Static_assert(ARRAY_LEN(list_names) == DEMO_LIST_COUNT, "a name for every list");

/* Cuts the next field at `sep` off *rest and trims blanks; NULL when nothing is left. */
static char *
cut(char **rest, char sep)
{
    char *from = *rest;
    char *end;
    char *next;

    if (!from)
        return NULL;
    next = strchr(from, sep);
    end = next ? next : from + strlen(from);
    *rest = next ? next + 1 : NULL;
    while (*from == ' ')
        from++;
    while (end > from && end[-1] == ' ')
        end--;
    *end = '\0';
    return from;
}

static bool
add_word(struct demo_words *words, char *text)
{
    char *ascii = text;

    if (!text[0] || words->count >= DEMO_MAX_WORDS)
        return false;
    (void)cut(&ascii, '/');
    words->word[words->count++] = (struct demo_word){text, ascii ? ascii : text};
    return true;
}

static bool
add_names(struct demo_words *words, char *field)
{
    for (char *word; (word = cut(&field, ' ')) != NULL;)
        if (word[0] && !add_word(words, word))
            return false;
    return words->count > 0;
}

static bool
add_culture(struct demo_lists *lists, char *line)
{
    struct demo_culture *c = &lists->culture[lists->culture_count];
    char *share;
    char *order;
    char *given;
    char *family;
    int64_t n = 0;

    (void)cut(&line, '|');
    share = cut(&line, '|');
    order = cut(&line, '|');
    given = cut(&line, '|');
    family = cut(&line, '|');
    if (lists->culture_count >= DEMO_MAX_CULTURES || !family || !num_parse_i64(share, &n) ||
        n < 1 || n > 1000)
        return false;
    c->share = (int)n;
    c->family_first = strcmp(order, "family") == 0;
    lists->culture_count++;
    lists->share_total += c->share;
    return add_names(&c->given, given) && add_names(&c->family, family);
}

static bool
add_list(struct demo_lists *lists, char *line)
{
    char *name = cut(&line, '|');

    for (size_t i = 0; i < DEMO_LIST_COUNT; i++) {
        if (strcmp(list_names[i], name) != 0)
            continue;
        for (char *word; (word = cut(&line, '|')) != NULL;)
            if (!add_word(&lists->list[i], word))
                return false;
        return true;
    }
    return false;
}

static bool
read_lines(const char *file_name, char **text, struct demo_lists *lists,
           bool (*add_line)(struct demo_lists *, char *), struct error *err)
{
    const struct embed_file *file = embed_find(file_name);
    char *rest;

    if (!file)
        return error_set(err, ERR_INTERNAL, "%s is not in this program", file_name);
    *text = mem_strdup(file->data);
    rest = *text;
    for (char *line; (line = cut(&rest, '\n')) != NULL;) {
        if (!line[0] || line[0] == '#')
            continue;
        if (!add_line(lists, line))
            return error_set(err, ERR_INTERNAL, "%s: cannot read \"%.40s\"", file_name, line);
    }
    return true;
}

struct demo_lists *
demo_lists_load(struct error *err)
{
    struct demo_lists *lists = mem_alloc(sizeof *lists);
    bool ok = read_lines("data/demo/names.txt", &lists->names_text, lists, add_culture, err) &&
              read_lines("data/demo/words.txt", &lists->words_text, lists, add_list, err);

    for (size_t i = 0; ok && i < DEMO_LIST_COUNT; i++)
        if (lists->list[i].count == 0)
            ok = error_set(err, ERR_INTERNAL, "data/demo/words.txt has no %s", list_names[i]);
    if (ok)
        return lists;
    demo_lists_free(lists);
    return NULL;
}

void
demo_lists_free(struct demo_lists *lists)
{
    if (!lists)
        return;
    free(lists->names_text);
    free(lists->words_text);
    free(lists);
}
