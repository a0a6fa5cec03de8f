/* Batches of signed webhooks for the tests of replies. */
#ifndef CANVASS_TESTS_UNIT_CORE_REPLY_REPLIES_H
#define CANVASS_TESTS_UNIT_CORE_REPLY_REPLIES_H

#include "core/campaign/world.h"
#include "core/reply/reply.h"

#define REPLIES_TOKEN "042e4474106730a81eb9714e14f1aad2"

struct replies {
    struct world *world;
    struct relay_event events[32];
    size_t count;
    char *texts[96]; /* owned; what events borrow */
    size_t text_count;
    int64_t seq;
};

/* A customer's message. more: further form fields, "&NumMedia=1", or NULL. */
struct relay_event *replies_sms(struct replies *r, const char *sid, const char *from,
                                const char *body, const char *more, int64_t at_s);
struct relay_event *replies_status(struct replies *r, const char *attempt, const char *sid,
                                   const char *status, int64_t at_s);
/* Applies what was added and empties the list; fails the test when it does not work. */
struct reply_report replies_apply(struct replies *r);
bool replies_try(struct replies *r, struct reply_report *out, struct error *err);
void replies_clear(struct replies *r);

/* Makes a queued delivery of the campaign to customer `customer` accepted at that time. */
void replies_contact(struct world *w, int64_t campaign, int64_t customer, int64_t at_s);
/* The newest agent message of any conversation was accepted at that time. */
void replies_question_sent(struct world *w, int64_t at_s);

#endif
