/* What a reply's words mean, by the rules of data/opt_out.yaml. */
#ifndef CANVASS_CORE_REPLY_WORDS_H
#define CANVASS_CORE_REPLY_WORDS_H

#include <stdbool.h>

#include "core/reply/reply.h"

/* Reads the rules that are built in. Done by itself at the first use; here for tests. */
bool reply_words_init(struct error *err) MUST_CHECK;
/* Whether the whole message says yes: opt-in again for somebody who has opted out. */
bool reply_is_yes(const char *text);
/*
 * A tag for screens: "opt_out", "opt_in", "help", "review", "yes", "no", "ask" or "other". Only
 * exact words decide; it never decides who is contacted. Borrowed for ever.
 */
const char *reply_intent_of(enum reply_word word, const char *text);

#endif
