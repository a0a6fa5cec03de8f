/* Rules about words: what to call a person, and whether a text tells how to opt out. */
#include "core/campaign/render.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cc.h"
#include "core/base/mem.h"
#include "core/base/text.h"

static bool
is_one_of(const char *word, size_t len, const char *const *list, size_t count)
{
    char copy[32];

    if (len == 0 || len >= sizeof copy)
        return false;
    memcpy(copy, word, len);
    copy[len] = '\0';
    for (size_t i = 0; i < count; i++) /* the first letter, small: few words come further */
        if ((copy[0] | 0x20) == list[i][0] && text_eq_nocase(copy, list[i]))
            return true;
    return false;
}

/* --- first names */
static const char *const titles[] = {"mr",   "mrs", "ms",  "miss", "mx", "dr",  "prof", "herr",
                                     "frau", "sr",  "sra", "don",  "m",  "mme", "mlle", "ing"};
static const char *const no_names[] = {"unknown", "n/a",      "na",    "none",      "null", "test",
                                       "client",  "customer", "guest", "anonymous", "no"};

static bool
is_cjk(uint32_t cp)
{
    return (cp >= 0x3040 && cp <= 0x30FF) || (cp >= 0x3400 && cp <= 0x9FFF) ||
           (cp >= 0xAC00 && cp <= 0xD7AF) || (cp >= 0xF900 && cp <= 0xFAFF) ||
           (cp >= 0x20000 && cp <= 0x3FFFF);
}

static const char *
skip_blanks(const char *s)
{
    while (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r')
        s++;
    return s;
}

static size_t
characters(const char *s, size_t len)
{
    size_t count = 0;

    for (size_t at = 0; at < len; at++)
        count += ((unsigned char)s[at] & 0xC0) != 0x80;
    return count;
}

/* A word that one can say hello with. */
static bool
is_callable(const char *word, size_t len)
{
    if (len == 0 || word[len - 1] == '.' || is_one_of(word, len, no_names, ARRAY_LEN(no_names)))
        return false;
    return strcspn(word, "0123456789@#*_/\\(){}[]<>\"") >= len && characters(word, len) >= 2;
}

void
render_first_name(const char *name, char **out)
{
    const char *word = name ? skip_blanks(name) : "";
    const char *comma;
    uint32_t cp = 0;
    size_t len;

    *out = NULL;
    if (utf8_decode(word, strlen(word), &cp) && is_cjk(cp)) {
        *out =
            text_trim_dup(word, strlen(word)); /* the family name stands first: never cut it off */
        return;
    }
    comma = strchr(word, ',');
    if (comma && *skip_blanks(comma + 1))
        word = skip_blanks(comma + 1);
    for (;;) {
        size_t bare;

        len = strcspn(word, " \t\r\n,");
        bare = len && word[len - 1] == '.' ? len - 1 : len;
        if (len == 0 || !is_one_of(word, bare, titles, ARRAY_LEN(titles)))
            break;
        word = skip_blanks(word + len);
    }
    if (is_callable(word, len))
        *out = mem_strndup(word, len);
}

/* --- opting out */
static const char *const stop_words[] = {"stop", "stopall", "unsubscribe", "optout",
                                         "quit", "end",     "cancel",      "revoke"};
static const char *const clear_words[] = {"STOP", "STOPALL", "UNSUBSCRIBE", "OPTOUT"};
static const char *const verbs[] = {"reply",   "text",  "txt",  "send",    "answer",
                                    "respond", "write", "type", "message", "responde"};

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool
has_lower(const char *s)
{
    for (; *s; s++)
        if (*s >= 'a' && *s <= 'z')
            return true;
    return false;
}

static bool
is_clear(const char *word, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(clear_words); i++)
        if (strlen(clear_words[i]) == len && strncmp(word, clear_words[i], len) == 0)
            return true;
    return false;
}

/* The text without its variables: what a fallback or a value says is not there for everybody. */
static char *
without_variables(const char *text)
{
    struct buf out = {0};

    while (*text) {
        size_t plain = strcspn(text, "{");

        buf_add(&out, text, plain);
        text += plain;
        if (text[0] == '{' && text[1] == '{')
            text += 2;
        else if (*text)
            text += strcspn(text, "}");
        if (*text == '}')
            text++;
        buf_add_char(&out, '.');
    }
    return out.data ? buf_take(&out) : mem_strdup("");
}

bool
render_has_opt_out(const char *text)
{
    char *fixed = without_variables(text);
    bool mixed_case = has_lower(fixed);
    bool after_verb = false;
    bool found = false;

    /* "Reply STOP", "text \"stop\" to end"; STOP in capitals stands out by itself, "stop by" does
     * not. */
    for (const char *at = fixed; *at && !found;) {
        size_t len = 0;

        while (is_letter(at[len]))
            len++;
        if (len == 0) {
            if (*at == '.' || *at == '!' || *at == '?')
                after_verb = false;
            at++;
            continue;
        }
        if (is_one_of(at, len, verbs, ARRAY_LEN(verbs)))
            after_verb = true;
        else if ((after_verb && is_one_of(at, len, stop_words, ARRAY_LEN(stop_words))) ||
                 (mixed_case && is_clear(at, len)))
            found = true;
        else if (!is_one_of(at, len, (const char *const[]){"with", "us", "the", "word", "back"}, 5))
            after_verb = false;
        at += len;
    }
    free(fixed);
    return found;
}
