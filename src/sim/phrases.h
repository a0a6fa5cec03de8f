/*
 * What simulated customers write. One table: mood says what kind of answer it is, topic for which
 * kind of message it makes sense (docs/simulator.md, "Customers").
 */
#ifndef CANVASS_SIM_PHRASES_H
#define CANVASS_SIM_PHRASES_H

#include <stddef.h>
#include <stdint.h>

enum mood {
    MOOD_YES,      /* polite agreement */
    MOOD_BOOKING,  /* wants an appointment */
    MOOD_QUESTION, /* asks something back */
    MOOD_NO,       /* polite refusal: not an opt-out */
    MOOD_ANGRY,    /* annoyed, but does not ask to be taken off */
    MOOD_STOP,     /* a provider keyword */
    MOOD_REMOVE,   /* an opt-out in plain words, which no provider catches */
    MOOD_NONSENSE,
    MOOD_AWAY,     /* an automatic answer */
    MOOD_ANSWER,   /* answers a follow-up question */
    MOOD_BYE,      /* ends a conversation */
    MOOD_STRANGER, /* writes to us unprompted, from a number we never wrote to */
    MOOD_COUNT
};

enum topic {
    TOPIC_ANY,
    TOPIC_OFFER,       /* a price, a discount */
    TOPIC_ABANDONED,   /* why did you not book? */
    TOPIC_FEEDBACK,    /* how was it? */
    TOPIC_RATING,      /* a number from 1 to 10 */
    TOPIC_APPOINTMENT, /* a reminder, a day or an hour */
    TOPIC_SERVICE,     /* which treatment? */
    TOPIC_UNCLEAR,     /* was anything unclear? */
    TOPIC_WISH,        /* what should we do better? */
    TOPIC_ASK,         /* is there anything you would like to know? */
    TOPIC_REFERRAL,    /* a friend */
    TOPIC_MISSED,      /* we have not seen you for a while */
    TOPIC_COUNT
};

struct phrase {
    enum mood mood;
    enum topic topic;
    const char *text;
};

const struct phrase *phrases_list(size_t *count);
/* What a message is about, by its words. The last question rules. */
enum topic phrases_topic(const char *message);
/* A phrase of that mood, of the topic where there is one, else for any; draw chooses. Never NULL.
 */
const char *phrases_choose(enum mood mood, enum topic topic, uint64_t draw);

/* Answers of people who write in another language; who chooses the language. Static, never NULL. */
#define PHRASES_PER_LANGUAGE 3
const char *phrases_choose_foreign(uint64_t who, unsigned turn);
size_t phrases_language_count(void);

#endif
