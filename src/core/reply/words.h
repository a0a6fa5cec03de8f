/* What a reply's words mean, by the rules of data/opt_out.yaml. */
#ifndef CANVASS_CORE_REPLY_WORDS_H
#define CANVASS_CORE_REPLY_WORDS_H

#include <stdbool.h>

#include "core/reply/reply.h"

/* Reads the rules that are built in. Done by itself at the first use; here for tests. */
bool reply_words_init(struct error *err) MUST_CHECK;
/*
 * Whether the whole message is a word by which the provider lets somebody who has opted out in
 * again. A yes in other words ("sure") answers a question, and may have overtaken the opt-out.
 */
bool reply_is_again(const char *text);
/*
 * A tag for screens: "opt_out", "opt_in", "help", "review", "yes", "no", "ask" or "other". Only
 * exact words decide; it never decides who is contacted. Borrowed for ever.
 */
const char *reply_intent_of(enum reply_word word, const char *text);

#endif
