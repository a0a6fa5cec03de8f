/*
 * Customers with personalities. Whether, what and how fast a number answers is a function of the
 * seed, the number, how often it has been written to and what the message says; nothing is kept
 * here.
 */
#ifndef CANVASS_SIM_CUSTOMER_H
#define CANVASS_SIM_CUSTOMER_H

#include <stdbool.h>
#include <stdint.h>

#define CUSTOMER_MAX_TEXTS 2
#define CUSTOMER_NUMBER_SIZE 16

struct reaction {
    struct {
        const char *text; /* static */
        int64_t after_ms; /* since the message arrived, at speed 1 */
    } texts[CUSTOMER_MAX_TEXTS];
    unsigned count; /* 0: says nothing */
};

/* "silent", "booking", ...: for tests and the log. */
const char *customer_personality(uint64_t seed, const char *number);
/* turn: how many of our messages this number had before this one. */
struct reaction customer_react(uint64_t seed, const char *number, unsigned turn,
                               const char *message);
/*
 * Some people write unprompted: after the nth accepted message (from 1) this may be somebody we
 * never wrote to. True in about one of 150 cases; fills a number of the 555-01xx range and what
 * they write.
 */
bool customer_stranger(uint64_t seed, uint64_t nth, char number[CUSTOMER_NUMBER_SIZE],
                       struct reaction *out);

enum keyword { KEYWORD_NONE, KEYWORD_STOP, KEYWORD_START, KEYWORD_HELP };
/* Twilio's default filter: the whole text, trimmed, is one word (providers.md 6). */
enum keyword customer_keyword(const char *text);
/* True for the plain-worded opt-outs that simulated customers use, and for stop words. */
bool customer_means_stop(const char *text);

#endif
