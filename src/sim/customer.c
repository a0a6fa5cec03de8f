#include "sim/customer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cc.h"
#include "core/base/text.h"
#include "sim/dice.h"
#include "sim/phrases.h"

struct personality {
    const char *name;
    unsigned per_mille;  /* of all numbers */
    enum mood first;     /* of the answer to our first message */
    unsigned answers;    /* to how many of our messages at most; each later one less likely */
    double min_s, max_s; /* of the first answer; most are near the lower end */
    const char *again;   /* a second text right behind the first, or NULL */
};

/* clang-format off */
static const struct personality personalities[] = {
    {"polite",   60, MOOD_YES,      6, 20,  900, NULL},
    {"booking",  50, MOOD_BOOKING,  6, 15,  600, NULL},
    {"chatty",   20, MOOD_YES,      8,  8,  120, "Oh and say hi to everyone from me!"},
    {"curious",  40, MOOD_QUESTION, 5, 20, 1200, NULL},
    {"late",     35, MOOD_YES,      4, 3600, 6 * 3600, NULL},
    {"declines", 40, MOOD_NO,       1, 30, 1800, NULL},
    {"angry",    10, MOOD_ANGRY,    2,  5,  120, NULL},
    {"stops",    12, MOOD_STOP,     1,  5,  600, NULL},
    {"removes",   8, MOOD_REMOVE,   1, 10,  900, NULL},
    {"nonsense", 10, MOOD_NONSENSE, 2, 10, 3600, NULL},
    {"foreign",  20, MOOD_COUNT,    3, 30, 1800, NULL},
    {"away",      5, MOOD_AWAY,     1,  2,    4, NULL}, /* a machine answers at once */
    {"silent",  690, MOOD_COUNT,    0,  0,    0, NULL},
};
/* clang-format on */

#define NEXT_ANSWER_RATE 0.82 /* of those who have answered before */
#define STRANGER_RATE (1.0 / 150)

static const struct personality *
personality_of(uint64_t seed, const char *number)
{
    unsigned total = 0;
    size_t draw;

    for (size_t i = 0; i < ARRAY_LEN(personalities); i++)
        total += personalities[i].per_mille;
    draw = dice_pick(total, seed, "personality", number, 0);
    for (size_t i = 0; i < ARRAY_LEN(personalities); i++) {
        if (draw < personalities[i].per_mille)
            return &personalities[i];
        draw -= personalities[i].per_mille;
    }
    return &personalities[ARRAY_LEN(personalities) - 1];
}

const char *
customer_personality(uint64_t seed, const char *number)
{
    return personality_of(seed, number)->name;
}

static int64_t
delay_ms(const struct personality *who, uint64_t seed, const char *number, unsigned turn)
{
    double u = dice_unit(seed, "delay", number, turn);
    double s = who->min_s * pow(who->max_s / who->min_s, u); /* as many per factor: few are late */

    if (turn > 0) /* in a conversation, phone in hand */
        s = fmin(s, 15 + 90 * u);
    return (int64_t)(s * 1000);
}

struct reaction
customer_react(uint64_t seed, const char *number, unsigned turn, const char *message)
{
    const struct personality *who = personality_of(seed, number);
    struct reaction out = {0};
    enum mood mood = who->first;

    if (turn >= who->answers)
        return out;
    for (unsigned i = 1; i <= turn; i++) /* who fell silent stays silent */
        if (!dice_hit(NEXT_ANSWER_RATE, seed, "goes on", number, i))
            return out;
    if (turn > 0 && mood != MOOD_NONSENSE && mood != MOOD_ANGRY && mood != MOOD_COUNT)
        mood = strchr(message, '?') ? MOOD_ANSWER : MOOD_BYE;
    out.texts[0].text =
        mood == MOOD_COUNT
            ? phrases_choose_foreign(dice_hash(seed, "language", number, 0), turn)
            : phrases_choose(mood, phrases_topic(message), dice_hash(seed, "phrase", number, turn));
    out.texts[0].after_ms = delay_ms(who, seed, number, turn);
    out.count = 1;
    if (who->again && turn == 0) {
        out.texts[1].text = who->again;
        out.texts[1].after_ms = out.texts[0].after_ms + 6000;
        out.count = 2;
    }
    return out;
}

bool
customer_stranger(uint64_t seed, uint64_t nth, char number[CUSTOMER_NUMBER_SIZE],
                  struct reaction *out)
{
    static const unsigned areas[] = {213, 310, 323, 415, 503, 602, 646, 702, 718, 818};
    uint64_t draw = dice_hash(seed, "stranger's number", "", nth);

    *out = (struct reaction){0};
    if (!dice_hit(STRANGER_RATE, seed, "stranger", "", nth))
        return false;
    if (snprintf(number, CUSTOMER_NUMBER_SIZE, "+1%u555%04u", areas[draw % ARRAY_LEN(areas)],
                 100 + (unsigned)((draw >> 8) % 100)) >= CUSTOMER_NUMBER_SIZE)
        return false;
    out->texts[0].text = phrases_choose(MOOD_STRANGER, TOPIC_ANY, draw >> 16);
    out->texts[0].after_ms = 5000 + (int64_t)((draw >> 24) % 60000);
    out->count = 1;
    return true;
}

/* --- what a text means to the network */

static const struct {
    const char *word;
    enum keyword keyword;
} keywords[] = {
    {"STOP", KEYWORD_STOP},   {"STOPALL", KEYWORD_STOP}, {"UNSUBSCRIBE", KEYWORD_STOP},
    {"CANCEL", KEYWORD_STOP}, {"END", KEYWORD_STOP},     {"QUIT", KEYWORD_STOP},
    {"REVOKE", KEYWORD_STOP}, {"OPTOUT", KEYWORD_STOP},  {"START", KEYWORD_START},
    {"YES", KEYWORD_START},   {"UNSTOP", KEYWORD_START}, {"HELP", KEYWORD_HELP},
    {"INFO", KEYWORD_HELP},
};

enum keyword
customer_keyword(const char *text)
{
    char *trimmed = text_trim_dup(text, strlen(text));
    enum keyword found = KEYWORD_NONE;

    for (size_t i = 0; i < ARRAY_LEN(keywords) && found == KEYWORD_NONE; i++)
        if (text_eq_nocase(trimmed, keywords[i].word))
            found = keywords[i].keyword;
    free(trimmed);
    return found;
}

bool
customer_means_stop(const char *text)
{
    size_t count;
    const struct phrase *list = phrases_list(&count);
    char *trimmed = text_trim_dup(text, strlen(text));
    bool found = customer_keyword(trimmed) == KEYWORD_STOP;

    for (size_t i = 0; i < count && !found; i++)
        found = list[i].mood == MOOD_REMOVE && text_eq_nocase(trimmed, list[i].text);
    free(trimmed);
    return found;
}
