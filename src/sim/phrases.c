#include "sim/phrases.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/cc.h"
#include "core/base/text.h"

/* clang-format off */
static const struct phrase phrases[] = {
    {MOOD_YES, TOPIC_ANY, "Sure, sounds good"},
    {MOOD_YES, TOPIC_ANY, "Yes please"},
    {MOOD_YES, TOPIC_ANY, "yes"},
    {MOOD_YES, TOPIC_ANY, "Ok 👍"},
    {MOOD_YES, TOPIC_ANY, "Hi! Yes, happy to"},
    {MOOD_YES, TOPIC_ANY, "yeah why not"},
    {MOOD_YES, TOPIC_ANY, "hey! yes, tell me more"},
    {MOOD_YES, TOPIC_ANY, "Perfect, thanks for reaching out"},
    {MOOD_YES, TOPIC_OFFER, "Ooh yes, I'd like that one"},
    {MOOD_YES, TOPIC_OFFER, "That's a nice price. Count me in!"},
    {MOOD_YES, TOPIC_MISSED, "Hi! Been meaning to come back, things got busy"},
    {MOOD_YES, TOPIC_MISSED, "I know, it's been ages 😅"},
    {MOOD_YES, TOPIC_MISSED, "Missed you guys too. Is Maria still there?"},
    {MOOD_YES, TOPIC_MISSED, "yes!! I was just thinking about that yesterday"},
    {MOOD_YES, TOPIC_APPOINTMENT, "Confirmed, see you then"},
    {MOOD_YES, TOPIC_APPOINTMENT, "Yes I'll be there"},
    {MOOD_YES, TOPIC_FEEDBACK, "It was lovely, thank you. Everyone was so kind"},
    {MOOD_YES, TOPIC_FEEDBACK, "Great as always! My skin feels amazing"},
    {MOOD_YES, TOPIC_FEEDBACK, "Honestly better than I expected"},
    {MOOD_YES, TOPIC_ABANDONED, "Oh hey, I just got distracted. Kids"},
    {MOOD_YES, TOPIC_ABANDONED, "The times mostly. I work until 6"},
    {MOOD_YES, TOPIC_ABANDONED, "Price, if I'm honest"},
    {MOOD_YES, TOPIC_ABANDONED, "Hi! Nothing bad, I just wanted to ask my husband first"},
    {MOOD_YES, TOPIC_ABANDONED, "I couldn't tell if my insurance covers it"},
    {MOOD_YES, TOPIC_ABANDONED, "Forgot to be honest, thanks for the nudge"},
    {MOOD_YES, TOPIC_ABANDONED, "it asked me to make an account and I gave up lol"},
    {MOOD_YES, TOPIC_ABANDONED, "I wanted to see Dr. Okafor and she had nothing before March"},
    {MOOD_YES, TOPIC_ABANDONED, "Bit nervous about it, haven't done that before"},
    {MOOD_YES, TOPIC_ABANDONED, "I wanted a Saturday and there was nothing left"},
    {MOOD_YES, TOPIC_ABANDONED, "Tbh the price, it was a bit more than I'd planned"},
    {MOOD_YES, TOPIC_RATING, "10! Thank you all"},
    {MOOD_YES, TOPIC_RATING, "9, would come again"},
    {MOOD_YES, TOPIC_RATING, "An 8. Parking was a pain but you were great"},
    {MOOD_YES, TOPIC_RATING, "Definitely a ten"},
    {MOOD_YES, TOPIC_REFERRAL, "My sister would love it, can I give you her number?"},
    {MOOD_YES, TOPIC_REFERRAL, "Sure, I've told two friends already"},

    {MOOD_BOOKING, TOPIC_ANY, "Can I come in this week? Thursday after 4 would be best"},
    {MOOD_BOOKING, TOPIC_ANY, "I'd like to book please"},
    {MOOD_BOOKING, TOPIC_ANY, "Do you have anything on Friday morning?"},
    {MOOD_BOOKING, TOPIC_ANY, "yes book me in!! any day next week is fine"},
    {MOOD_BOOKING, TOPIC_ANY, "Could you fit me in on saturday around 11"},
    {MOOD_BOOKING, TOPIC_OFFER, "I'll take it. What times are open tomorrow?"},
    {MOOD_BOOKING, TOPIC_OFFER, "Great deal, can I book two, one for my mum?"},
    {MOOD_BOOKING, TOPIC_APPOINTMENT, "Can we make it half an hour later? And yes add the massage"},
    {MOOD_BOOKING, TOPIC_MISSED, "Perfect timing, I need a facial before the wedding on the 12th"},
    {MOOD_BOOKING, TOPIC_ABANDONED, "Times! Is there anything after 5pm? Then I'd book right away"},
    {MOOD_BOOKING, TOPIC_ABANDONED, "Just ran out of lunch break. Wednesday would be perfect"},
    {MOOD_BOOKING, TOPIC_RATING, "9. And can I come again in two weeks?"},
    {MOOD_BOOKING, TOPIC_ABANDONED, "I still want it, can you just book me for Tuesday?"},

    {MOOD_QUESTION, TOPIC_ANY, "How much is it?"},
    {MOOD_QUESTION, TOPIC_ANY, "Who is this?"},
    {MOOD_QUESTION, TOPIC_ANY, "Is Maria still working there?"},
    {MOOD_QUESTION, TOPIC_ANY, "Are you open on Sundays?"},
    {MOOD_QUESTION, TOPIC_ANY, "Do you take insurance?"},
    {MOOD_QUESTION, TOPIC_ANY, "where did you move to? the old place on 5th is closed"},
    {MOOD_QUESTION, TOPIC_OFFER, "Until when is that valid?"},
    {MOOD_QUESTION, TOPIC_OFFER, "Does it work together with my gift card?"},
    {MOOD_QUESTION, TOPIC_OFFER, "What's the catch? 🙂"},
    {MOOD_QUESTION, TOPIC_APPOINTMENT, "What time was it again?"},
    {MOOD_QUESTION, TOPIC_ABANDONED, "How long does it take? Couldn't find that anywhere"},
    {MOOD_QUESTION, TOPIC_ABANDONED, "The price. Can I pay in two parts?"},
    {MOOD_QUESTION, TOPIC_ABANDONED, "Is it painful? That's what stopped me"},
    {MOOD_QUESTION, TOPIC_REFERRAL, "Do I get something for it too?"},

    {MOOD_NO, TOPIC_ANY, "No thanks"},
    {MOOD_NO, TOPIC_ANY, "Not right now, maybe next month"},
    {MOOD_NO, TOPIC_ANY, "I moved to Denver, sorry!"},
    {MOOD_NO, TOPIC_ANY, "nah I'm good, thank you though"},
    {MOOD_NO, TOPIC_OFFER, "Money's tight at the moment but thanks"},
    {MOOD_NO, TOPIC_APPOINTMENT, "No extras please, just the usual"},
    {MOOD_NO, TOPIC_MISSED, "I found a place closer to work"},
    {MOOD_NO, TOPIC_ABANDONED, "Changed my mind, nothing personal"},
    {MOOD_NO, TOPIC_ABANDONED, "Went somewhere else in the end, sorry"},
    {MOOD_NO, TOPIC_ABANDONED, "Too expensive for me"},
    {MOOD_NO, TOPIC_ABANDONED, "Wasn't me, my daughter used my phone"},
    {MOOD_NO, TOPIC_RATING, "5. It took forever"},
    {MOOD_NO, TOPIC_RATING, "maybe a 6"},
    {MOOD_NO, TOPIC_FEEDBACK, "It was ok. I waited 25 minutes though"},
    {MOOD_NO, TOPIC_REFERRAL, "Can't think of anybody, sorry"},

    {MOOD_ANGRY, TOPIC_ANY, "I've told you THREE times I'm not interested"},
    {MOOD_ANGRY, TOPIC_ANY, "Seriously? A text during a funeral"},
    {MOOD_ANGRY, TOPIC_FEEDBACK, "Terrible. She burned my forehead and nobody called me back"},
    {MOOD_ANGRY, TOPIC_ANY, "you still owe me a refund from august"},

    {MOOD_STOP, TOPIC_ANY, "STOP"},
    {MOOD_STOP, TOPIC_ANY, "Stop"},
    {MOOD_STOP, TOPIC_ANY, "stop"},
    {MOOD_STOP, TOPIC_ANY, "UNSUBSCRIBE"},
    {MOOD_STOP, TOPIC_ANY, "Quit"},

    {MOOD_REMOVE, TOPIC_ANY, "please take me off your list"},
    {MOOD_REMOVE, TOPIC_ANY, "don't text me again"},
    {MOOD_REMOVE, TOPIC_ANY, "Remove me"},
    {MOOD_REMOVE, TOPIC_ANY, "Stop texting me"},
    {MOOD_REMOVE, TOPIC_ANY, "STOP!!!!"},
    {MOOD_REMOVE, TOPIC_ANY, "unsubscribe me"},

    {MOOD_NONSENSE, TOPIC_ANY, "asdfghjkl"},
    {MOOD_NONSENSE, TOPIC_ANY, "Milk, eggs, the good bread"},
    {MOOD_NONSENSE, TOPIC_ANY, "🐶🐶🐶"},
    {MOOD_NONSENSE, TOPIC_ANY, "k"},
    {MOOD_NONSENSE, TOPIC_ANY, "sorry wrong chat lol"},
    {MOOD_NONSENSE, TOPIC_ANY, "Can u pick up Leo at 3"},

    {MOOD_AWAY, TOPIC_ANY, "I'm driving right now - I'll get back to you later."},
    {MOOD_AWAY, TOPIC_ANY, "Can't talk now. What's up?"},
    {MOOD_AWAY, TOPIC_ANY, "Thank you for your message! Our office is open Mon-Fri 9-5."},

    {MOOD_ANSWER, TOPIC_ANY, "Yes"},
    {MOOD_ANSWER, TOPIC_ANY, "Not really"},
    {MOOD_ANSWER, TOPIC_ANY, "Hmm, probably yes"},
    {MOOD_ANSWER, TOPIC_ANY, "I'd have to think about it"},
    {MOOD_ANSWER, TOPIC_ANY, "sure"},
    {MOOD_ANSWER, TOPIC_ANY, "No, not this time"},
    {MOOD_ANSWER, TOPIC_ANY, "Nothing special, it's all fine"},
    {MOOD_ANSWER, TOPIC_RATING, "9"},
    {MOOD_ANSWER, TOPIC_RATING, "8 out of 10"},
    {MOOD_ANSWER, TOPIC_RATING, "10!!"},
    {MOOD_ANSWER, TOPIC_RATING, "7 I guess"},
    {MOOD_ANSWER, TOPIC_RATING, "I'd say 4, the waiting was too long"},
    {MOOD_ANSWER, TOPIC_APPOINTMENT, "Thursday after 5"},
    {MOOD_ANSWER, TOPIC_APPOINTMENT, "Saturday morning if you can"},
    {MOOD_ANSWER, TOPIC_APPOINTMENT, "any weekday around noon"},
    {MOOD_ANSWER, TOPIC_APPOINTMENT, "next week is better, Tues or Wed"},
    {MOOD_ANSWER, TOPIC_SERVICE, "The facial, like last time"},
    {MOOD_ANSWER, TOPIC_SERVICE, "Just a haircut"},
    {MOOD_ANSWER, TOPIC_SERVICE, "I'd like to try the laser hair removal"},
    {MOOD_ANSWER, TOPIC_SERVICE, "deep tissue massage, 60 min"},
    {MOOD_ANSWER, TOPIC_SERVICE, "A whitening before my brother's wedding"},
    {MOOD_ANSWER, TOPIC_SERVICE, "Just a check-up and cleaning"},
    {MOOD_ANSWER, TOPIC_SERVICE, "My shoulder, physio I think"},
    {MOOD_ANSWER, TOPIC_UNCLEAR, "The price list, I had to look for it a long time"},
    {MOOD_ANSWER, TOPIC_UNCLEAR, "No, all clear"},
    {MOOD_ANSWER, TOPIC_UNCLEAR, "yes, which doctor does what"},
    {MOOD_ANSWER, TOPIC_UNCLEAR, "whether I need a referral first"},
    {MOOD_ANSWER, TOPIC_WISH, "Evening hours"},
    {MOOD_ANSWER, TOPIC_WISH, "Show the price before I have to log in"},
    {MOOD_ANSWER, TOPIC_WISH, "If somebody had called me back"},
    {MOOD_ANSWER, TOPIC_WISH, "shorter wait, otherwise nothing"},
    {MOOD_ANSWER, TOPIC_WISH, "A Saturday slot, honestly"},
    {MOOD_ANSWER, TOPIC_ASK, "How long does it take?"},
    {MOOD_ANSWER, TOPIC_ASK, "No, I think I have it all"},
    {MOOD_ANSWER, TOPIC_ASK, "Can I bring my daughter?"},
    {MOOD_ANSWER, TOPIC_ASK, "is there parking"},
    {MOOD_ANSWER, TOPIC_OFFER, "That works for me"},
    {MOOD_ANSWER, TOPIC_OFFER, "A bit much. Would 80 be possible?"},
    {MOOD_ANSWER, TOPIC_FEEDBACK, "The front desk was great, parking not so much"},
    {MOOD_ANSWER, TOPIC_FEEDBACK, "Loved it"},
    {MOOD_ANSWER, TOPIC_WISH, "more evening hours would help"},
    {MOOD_ANSWER, TOPIC_FEEDBACK, "everyone remembered my name, that was nice"},
    {MOOD_ANSWER, TOPIC_FEEDBACK, "no waiting at all this time"},
    {MOOD_ANSWER, TOPIC_ABANDONED, "The website froze when I paid"},
    {MOOD_ANSWER, TOPIC_ABANDONED, "No times after work"},
    {MOOD_ANSWER, TOPIC_ABANDONED, "I wasn't sure which one I need"},
    {MOOD_ANSWER, TOPIC_MISSED, "I was travelling a lot this year"},
    {MOOD_ANSWER, TOPIC_MISSED, "Had a baby in March :)"},
    {MOOD_ANSWER, TOPIC_REFERRAL, "I would, yes"},
    {MOOD_ANSWER, TOPIC_REFERRAL, "Already have!"},
    {MOOD_ANSWER, TOPIC_REFERRAL, "Jenny, she works with me. I'll ask her first"},
    {MOOD_ANSWER, TOPIC_REFERRAL, "two or three people maybe"},

    {MOOD_BYE, TOPIC_ANY, "Thanks, bye!"},
    {MOOD_BYE, TOPIC_ANY, "Great, thank you"},
    {MOOD_BYE, TOPIC_ANY, "ok cool"},
    {MOOD_BYE, TOPIC_ANY, "That's all from me 🙂"},
    {MOOD_BYE, TOPIC_ANY, "👍"},

    {MOOD_STRANGER, TOPIC_ANY, "Hi, do you do gift cards?"},
    {MOOD_STRANGER, TOPIC_ANY, "Hello, a friend gave me this number. Are you taking new clients?"},
    {MOOD_STRANGER, TOPIC_ANY, "is this the animal hospital?"},
    {MOOD_STRANGER, TOPIC_ANY, "How late are you open today"},
    {MOOD_STRANGER, TOPIC_ANY, "Hi it's Dana, new number! Can I move my appointment to Monday?"},
};

/* A person keeps to one language: a row each, answers in the order of the conversation. */
static const char *const foreign[][PHRASES_PER_LANGUAGE] = {
    {"Sí, claro, me interesa. ¿Tienen algo el viernes por la tarde?", "Gracias, mejor por la mañana", "Muy bien, gracias"},
    {"No hablo mucho inglés, ¿me pueden llamar mañana?", "¿Cuánto cuesta?", "Ok, lo voy a pensar"},
    {"¡Hola! Se me olvidó, perdón", "Una limpieza y una revisión", "No, todo claro"},
    {"Oui avec plaisir, plutôt samedi matin si possible", "Un soin du visage, comme la dernière fois", "Merci beaucoup"},
    {"Danke, aber im Moment nicht. Vielleicht im Frühjahr", "Nein, alles verständlich", "Schönen Tag noch!"},
    {"Oi! Quero sim, qual o valor?", "Quinta depois das 5 seria ótimo", "Obrigada!"},
    {"可以，星期六下午有空吗？", "价格有点贵", "谢谢"},
    {"네, 예약하고 싶어요", "목요일 오후가 좋아요", "감사합니다"},
    {"Dạ có, tuần sau được không?", "Giá bao nhiêu vậy?", "Cảm ơn nhiều"},
    {"Opo, interesado po ako. Magkano?", "Sa Sabado po sana", "Salamat po"},
    {"Да, можно в четверг?", "Сколько это стоит?", "Спасибо"},
};

/* Rows are tried in this order: what is asked for most narrowly comes first. */
static const struct {
    enum topic topic;
    const char *word;
} topic_words[] = {
    {TOPIC_RATING, "1 to 10"}, {TOPIC_RATING, "1-10"}, {TOPIC_RATING, "out of 10"},
    {TOPIC_RATING, "scale"}, {TOPIC_RATING, "how likely"}, {TOPIC_RATING, "rate "},
    {TOPIC_ASK, "like to know"}, {TOPIC_UNCLEAR, "unclear"}, {TOPIC_UNCLEAR, "hard to find"},
    {TOPIC_WISH, "do better"}, {TOPIC_WISH, "done better"}, {TOPIC_WISH, "improve"},
    {TOPIC_WISH, "differently"}, {TOPIC_WISH, "made it easy"}, {TOPIC_WISH, "would have helped"},
    {TOPIC_REFERRAL, "friend"}, {TOPIC_REFERRAL, "refer"}, {TOPIC_REFERRAL, "anyone you"},
    {TOPIC_REFERRAL, "anyone else"}, {TOPIC_REFERRAL, "somebody you"},
    {TOPIC_ABANDONED, "didn't book"}, {TOPIC_ABANDONED, "did not book"},
    {TOPIC_ABANDONED, "kept you from"}, {TOPIC_ABANDONED, "stopped you"},
    {TOPIC_ABANDONED, "held you back"}, {TOPIC_ABANDONED, "got in the way"},
    {TOPIC_ABANDONED, "finish booking"}, {TOPIC_ABANDONED, "looked at booking"},
    {TOPIC_FEEDBACK, "how was"}, {TOPIC_FEEDBACK, "how did"}, {TOPIC_FEEDBACK, "did we do"},
    {TOPIC_FEEDBACK, "tell them about us"}, {TOPIC_FEEDBACK, "feedback"},
    {TOPIC_SERVICE, "hoping to have done"}, {TOPIC_SERVICE, "which treatment"}, {TOPIC_SERVICE, "which service"},
    {TOPIC_SERVICE, "what service"}, {TOPIC_SERVICE, "what treatment"},
    {TOPIC_SERVICE, "what would you like"}, {TOPIC_SERVICE, "interested in"},
    {TOPIC_MISSED, "kept you away"}, {TOPIC_MISSED, "been a while"}, {TOPIC_MISSED, "miss you"}, {TOPIC_MISSED, "missed you"},
    {TOPIC_MISSED, "haven't seen you"}, {TOPIC_MISSED, "last visit"}, {TOPIC_MISSED, "come back"},
    {TOPIC_APPOINTMENT, "what day"}, {TOPIC_APPOINTMENT, "which day"},
    {TOPIC_APPOINTMENT, "what time"}, {TOPIC_APPOINTMENT, "suit you"}, {TOPIC_APPOINTMENT, "when would"},
    {TOPIC_APPOINTMENT, "appointment"}, {TOPIC_APPOINTMENT, "reminder"},
    {TOPIC_APPOINTMENT, "tomorrow"},
    {TOPIC_OFFER, "offer"}, {TOPIC_OFFER, "% off"}, {TOPIC_OFFER, "discount"},
    {TOPIC_OFFER, "price"}, {TOPIC_OFFER, "$"}, {TOPIC_OFFER, "special"}, {TOPIC_OFFER, "budget"},
};
/* clang-format on */

const struct phrase *
phrases_list(size_t *count)
{
    *count = ARRAY_LEN(phrases);
    return phrases;
}

/* The sentence that the last "?" ends, or the whole text: customers answer what they are asked. */
static const char *
last_question(const char *text)
{
    const char *mark = strrchr(text, '?');
    const char *start = mark;

    if (!mark)
        return text;
    while (start > text && !strchr(".!?\n", start[-1]))
        start--;
    return start;
}

static enum topic
topic_of(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(topic_words); i++)
        if (strstr(text, topic_words[i].word))
            return topic_words[i].topic;
    return TOPIC_ANY;
}

enum topic
phrases_topic(const char *message)
{
    struct buf lower = {0};
    enum topic topic;

    text_lower(&lower, message, strlen(message));
    topic = topic_of(last_question(buf_str(&lower)));
    if (topic == TOPIC_ANY)
        topic = topic_of(buf_str(&lower));
    buf_release(&lower);
    return topic;
}

/* A mere "yes" does not answer what asks for a reason, a number or a name. */
static bool
general_fits(enum mood mood, enum topic topic)
{
    switch (topic) {
    case TOPIC_ANY:
    case TOPIC_OFFER:
    case TOPIC_APPOINTMENT:
    case TOPIC_REFERRAL:
    case TOPIC_MISSED:
        return mood != MOOD_ANSWER;
    case TOPIC_ABANDONED:
    case TOPIC_FEEDBACK:
    case TOPIC_RATING:
    case TOPIC_SERVICE:
    case TOPIC_UNCLEAR:
    case TOPIC_WISH:
    case TOPIC_ASK:
    case TOPIC_COUNT:
        return mood != MOOD_ANSWER && mood != MOOD_YES;
    }
    return false;
}

static bool
is_candidate(const struct phrase *phrase, enum mood mood, enum topic topic)
{
    return phrase->mood == mood &&
           (phrase->topic == topic || (phrase->topic == TOPIC_ANY && general_fits(mood, topic)));
}

const char *
phrases_choose(enum mood mood, enum topic topic, uint64_t draw)
{
    size_t fitting = 0;
    size_t nth;

    for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
        fitting += is_candidate(&phrases[i], mood, topic);
    if (fitting == 0 && topic != TOPIC_ANY)
        return phrases_choose(mood, TOPIC_ANY, draw);
    nth = fitting ? (size_t)(draw % fitting) : 0;
    for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
        if (is_candidate(&phrases[i], mood, topic) && nth-- == 0)
            return phrases[i].text;
    return "ok"; /* a mood without phrases: the unit test of the table finds it */
}

const char *
phrases_choose_foreign(uint64_t who, unsigned turn)
{
    return foreign[who % ARRAY_LEN(foreign)][turn % PHRASES_PER_LANGUAGE];
}

size_t
phrases_language_count(void)
{
    return ARRAY_LEN(foreign);
}
