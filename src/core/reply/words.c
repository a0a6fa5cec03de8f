#include "core/reply/words.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/embed.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/yaml.h"

#define RULES "data/opt_out.yaml"
#define NEGATION_REACH 4 /* words */

enum list {
    STOP_WHOLE,
    STOP_ALONE,
    COURTESIES,
    STOP_PHRASES,
    NEGATIONS,
    IDIOMS,
    REVIEW_PHRASES,
    START_WORDS,
    HELP_WORDS,
    AGAIN_WORDS,
    YES_WORDS,
    NO_WORDS,
    LIST_COUNT
};

static const char *const list_names[] = {
    [STOP_WHOLE] = "stop_whole", [STOP_ALONE] = "stop_alone",
    [COURTESIES] = "courtesies", [STOP_PHRASES] = "stop_phrases",
    [NEGATIONS] = "negations",   [REVIEW_PHRASES] = "review",
    [START_WORDS] = "start",     [HELP_WORDS] = "help",
    [YES_WORDS] = "yes",         [NO_WORDS] = "no",
    [IDIOMS] = "idioms",         [AGAIN_WORDS] = "start_again",
};
_Static_assert(ARRAY_LEN(list_names) == LIST_COUNT, "a name for every list");

/* Every entry is stored as " a b " so that whole words are found with strstr(). */
struct word_list {
    char **items;
    size_t count;
};

/* Filled once, never changed: any thread may read. */
static struct word_list lists[LIST_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct error load_error;

/* --- bringing texts to one form */

/* The base letter of what people type with accents or full-width keys; others stay. */
static uint32_t
fold(uint32_t cp)
{
    /* U+00E0 .. U+00FF */
    static const char latin[] = "aaaaaaaceeeeiiiidnooooo-ouuuuyty";

    if (cp >= 0xE0 && cp <= 0xFF && latin[cp - 0xE0] != '-')
        return (uint32_t)(unsigned char)latin[cp - 0xE0];
    if (cp >= 0xFF41 && cp <= 0xFF5A)
        return cp - 0xFF41 + 'a';
    return cp;
}

static bool
is_joined(uint32_t cp) /* signs that vanish inside a word */
{
    return cp == '\'' || cp == '`' || cp == 0x2018 || cp == 0x2019 || cp == 0xB4 || cp == 0xAD ||
           (cp >= 0x200B && cp <= 0x200F) || cp == 0xFEFF || (cp >= 0x300 && cp <= 0x36F);
}

static bool
ends_sentence(uint32_t cp)
{
    return cp == '.' || cp == '!' || cp == '?' || cp == ';' || cp == ':' || cp == ',' ||
           cp == '\n' || cp == '\r' || cp == 0x2026 || cp == 0xFF1F || cp == 0xFF01 ||
           cp == 0xFF0C /* and Arabic, Urdu, Hindi, Chinese and Japanese: */ || cp == 0x60C ||
           cp == 0x61B || cp == 0x61F || cp == 0x6D4 || cp == 0x964 || cp == 0x3001 || cp == 0x3002;
}

static bool
is_letter(uint32_t cp)
{
    return (cp >= 'a' && cp <= 'z') || (cp >= '0' && cp <= '9') ||
           (cp >= 0xC0 && cp < 0x2000 &&
            !ends_sentence(cp)) /* letters of other scripts, near enough */
           || (cp >= 0x3040 && cp < 0xD800);
}

/* "Who is this? STOP" -> "| who is this | stop |": words between blanks, sentences between bars. */
static void
normalise(const char *text, struct buf *out)
{
    size_t len = strlen(text);
    bool in_word = false;

    buf_add_str(out, "| ");
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        size_t n = utf8_decode(text + i, len - i, &cp);

        i += n ? n : 1;
        cp = n ? fold(utf8_lower(cp)) : ' ';
        if (n && is_joined(cp))
            continue;
        if (is_letter(cp)) {
            char bytes[4];

            buf_add(out, bytes, utf8_encode(cp, bytes));
            in_word = true;
            continue;
        }
        if (in_word)
            buf_add_char(out, ' ');
        in_word = false;
        if (ends_sentence(cp) && out->len > 2 && out->data[out->len - 2] != '|')
            buf_add_str(out, "| ");
    }
    if (in_word)
        buf_add_char(out, ' ');
    if (out->data[out->len - 2] != '|')
        buf_add_str(out, "| ");
}

/* The words without bars: " stop thanks ". */
static void
flatten(const char *normal, struct buf *out)
{
    buf_add_char(out, ' ');
    for (const char *p = normal; *p; p++)
        if (*p != '|' && !(*p == ' ' && out->data[out->len - 1] == ' '))
            buf_add_char(out, *p);
}

static char *
squash(const char *words)
{
    struct buf out = {0};

    for (const char *p = words; *p; p++)
        if (*p != ' ')
            buf_add_char(&out, *p);
    buf_add(&out, "", 0);
    return out.len ? buf_take(&out) : mem_strdup("");
}

/* --- the rules */

static bool
read_list(const json_t *doc, enum list which, struct error *err)
{
    const json_t *rows = json_object_get(doc, list_names[which]);
    struct word_list *l = &lists[which];
    size_t n = json_array_size(rows);

    if (n == 0)
        return error_set(err, ERR_INTERNAL, RULES ": %s is missing", list_names[which]);
    l->items = mem_calloc(n, sizeof *l->items);
    for (size_t i = 0; i < n; i++) {
        const char *s = json_string_value(json_array_get(rows, i));

        if (text_is_blank(s))
            return error_set(err, ERR_INTERNAL, RULES ": %s: row %zu is no text", list_names[which],
                             i + 1);
        l->items[l->count++] = mem_printf(" %s ", s);
    }
    return true;
}

static void
load_rules(void)
{
    const struct embed_file *file = embed_find(RULES);
    struct yaml_doc doc = {0};
    bool ok = file != NULL;

    if (!ok)
        (void)error_set(&load_error, ERR_INTERNAL, RULES " is not built in");
    ok = ok && yaml_parse(file->data, (size_t)(file->end - file->data), &doc, &load_error);
    for (int i = 0; ok && i < LIST_COUNT; i++)
        ok = read_list(doc.root, (enum list)i, &load_error);
    yaml_release(&doc);
}

bool
reply_words_init(struct error *err)
{
    (void)pthread_once(&once, load_rules);
    if (load_error.code != ERR_NONE)
        *err = load_error;
    return load_error.code == ERR_NONE;
}

/* words: " a b ". The same words, or the same letters: "S T O P". */
static bool
is_one_of(enum list which, const char *words)
{
    char *letters = squash(words);
    bool found = false;

    for (size_t i = 0; !found && i < lists[which].count; i++) {
        char *item = squash(lists[which].items[i]);

        found = strcmp(lists[which].items[i], words) == 0 || strcmp(item, letters) == 0;
        free(item);
    }
    free(letters);
    return found;
}

static bool
is_word_of(enum list which, const char *word, size_t len)
{
    for (size_t i = 0; i < lists[which].count; i++) {
        const char *item = lists[which].items[i] + 1;

        if (strlen(item) == len + 1 && strncmp(item, word, len) == 0)
            return true;
    }
    return false;
}

/* sentence: " a b ". Without courtesies and repeated words, is it a stop word of its own? */
static bool
stands_alone(const char *sentence)
{
    struct buf rest = {0};
    const char *last = "";
    size_t last_len = 0;
    bool found = false;

    buf_add_char(&rest, ' ');
    for (const char *p = sentence + 1; *p;) {
        size_t len = strcspn(p, " ");

        if (!is_word_of(COURTESIES, p, len) && !(len == last_len && strncmp(p, last, len) == 0)) {
            buf_add(&rest, p, len);
            buf_add_char(&rest, ' ');
            last = p;
            last_len = len;
        }
        p += len + (p[len] == ' ');
    }
    found = rest.len > 1 && is_one_of(STOP_ALONE, buf_str(&rest));
    buf_release(&rest);
    return found;
}

/* How many words before `at` the nearest negation stands; 0: none within reach. */
static int
negation_before(const char *sentence, const char *at)
{
    const char *end = at; /* the blank in front of the phrase */

    for (int distance = 1; distance <= NEGATION_REACH && end > sentence; distance++) {
        const char *start = end;

        while (start > sentence && start[-1] != ' ')
            start--;
        if (is_word_of(NEGATIONS, start, (size_t)(end - start)))
            return distance;
        if (start == sentence)
            break;
        end = start - 1;
    }
    return 0;
}

/* "stop by" is no stop: its letters are made to fit nothing. */
static void
blot_idioms(char *framed)
{
    for (size_t i = 0; i < lists[IDIOMS].count; i++) {
        const char *idiom = lists[IDIOMS].items[i];

        for (char *at = strstr(framed, idiom); at; at = strstr(at + 1, idiom))
            for (size_t k = 1; k + 1 < strlen(idiom); k++)
                if (at[k] != ' ')
                    at[k] = '_';
    }
}

/* framed: " ^ a b $ " */
static enum reply_word
find_phrases(const char *framed)
{
    enum reply_word worst = REPLY_OTHER;

    for (size_t i = 0; i < lists[STOP_PHRASES].count; i++) {
        const char *phrase = lists[STOP_PHRASES].items[i];

        for (const char *at = strstr(framed, phrase); at; at = strstr(at + 1, phrase)) {
            int distance = negation_before(framed, at);

            if (distance == 0)
                return REPLY_STOP;
            if (distance > 1)
                worst = REPLY_REVIEW;
        }
    }
    for (size_t i = 0; i < lists[REVIEW_PHRASES].count; i++)
        if (strstr(framed, lists[REVIEW_PHRASES].items[i]))
            worst = REPLY_REVIEW;
    return worst;
}

/* The sentence from `at` (just behind "| ") as " a b "; sets *next behind the next bar. */
static enum reply_word
judge_sentence(const char *at, const char **next)
{
    size_t len = strcspn(at, "|");
    struct buf sentence = {0}, framed = {0};
    enum reply_word word = REPLY_OTHER;

    *next = at[len] ? at + len + 2 : at + len;
    if (len == 0)
        return REPLY_OTHER;
    buf_add_char(&sentence, ' ');
    buf_add(&sentence, at, len);
    buf_printf(&framed, " ^%s$ ", buf_str(&sentence));
    blot_idioms(framed.data);
    word = stands_alone(buf_str(&sentence)) ? REPLY_STOP : find_phrases(buf_str(&framed));
    buf_release(&sentence);
    buf_release(&framed);
    return word;
}

static enum reply_word
judge(const char *normal, const char *words)
{
    enum reply_word worst = REPLY_OTHER;

    if (is_one_of(STOP_WHOLE, words))
        return REPLY_STOP;
    if (is_one_of(START_WORDS, words))
        return REPLY_START;
    if (is_one_of(HELP_WORDS, words))
        return REPLY_HELP;
    for (const char *at = normal + 2; *at;) {
        enum reply_word word = judge_sentence(at, &at);

        if (word == REPLY_STOP)
            return REPLY_STOP;
        if (word == REPLY_REVIEW)
            worst = REPLY_REVIEW;
    }
    return worst;
}

static void
ensure_rules(void)
{
    struct error err = {0};

    if (!reply_words_init(&err)) {
        log_line(LOG_ERROR, "reply", "data/opt_out.yaml, which is built in, is wrong: %s",
                 err.text);
        abort(); /* never go on without knowing how people say stop */
    }
}

enum reply_word
reply_word_of(const char *text)
{
    struct buf normal = {0}, words = {0};
    enum reply_word word = REPLY_OTHER;

    ensure_rules();
    normalise(text, &normal);
    flatten(buf_str(&normal), &words);
    if (words.len > 1)
        word = judge(buf_str(&normal), buf_str(&words));
    buf_release(&normal);
    buf_release(&words);
    return word;
}

static bool
whole_is(enum list which, const char *text)
{
    struct buf normal = {0}, words = {0};
    bool found = false;

    ensure_rules();
    normalise(text, &normal);
    flatten(buf_str(&normal), &words);
    found = words.len > 1 && is_one_of(which, buf_str(&words));
    buf_release(&normal);
    buf_release(&words);
    return found;
}

bool
reply_is_again(const char *text)
{
    return whole_is(AGAIN_WORDS, text);
}

const char *
reply_intent_of(enum reply_word word, const char *text)
{
    switch (word) {
    case REPLY_STOP:
        return "opt_out";
    case REPLY_START:
        return "opt_in";
    case REPLY_HELP:
        return "help";
    case REPLY_REVIEW:
        return "review";
    case REPLY_OTHER:
    case REPLY_WORD_COUNT:
        break;
    }
    if (whole_is(YES_WORDS, text))
        return "yes";
    if (whole_is(NO_WORDS, text))
        return "no";
    return strchr(text, '?') || strstr(text, "\xef\xbc\x9f") ? "ask" : "other";
}
