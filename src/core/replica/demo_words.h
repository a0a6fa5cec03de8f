/* The word lists of data/demo, parsed. */
#ifndef CANVASS_CORE_REPLICA_DEMO_WORDS_H
#define CANVASS_CORE_REPLICA_DEMO_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

#define DEMO_MAX_CULTURES 32
#define DEMO_MAX_WORDS 128

struct demo_word {
    const char *text;  /* points into the lists' own copy */
    const char *ascii; /* for mail addresses; the text itself when none was given */
};

struct demo_words {
    struct demo_word word[DEMO_MAX_WORDS];
    size_t count;
};

struct demo_culture {
    int share; /* of a thousand */
    bool family_first;
    struct demo_words given, family;
};

enum demo_list {
    DEMO_SERVICES,
    DEMO_PROVIDERS,
    DEMO_BOOKED_BY,
    DEMO_OUTCOMES,
    DEMO_REASONS,
    DEMO_NOTES,
    DEMO_SUBJECTS,
    DEMO_SUMMARIES,
    DEMO_QUESTIONS,
    DEMO_ANSWERS,
    DEMO_LIST_COUNT
};

struct demo_lists {
    char *names_text, *words_text; /* owned */
    struct demo_culture culture[DEMO_MAX_CULTURES];
    size_t culture_count;
    int share_total;
    struct demo_words list[DEMO_LIST_COUNT];
};

/* Reads the embedded files; a line that cannot be understood is ERR_INTERNAL with its text. */
struct demo_lists *demo_lists_load(struct error *err) MUST_CHECK;
void demo_lists_free(struct demo_lists *lists);

#endif
