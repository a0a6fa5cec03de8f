/*
 * Variables of a message: {first_name|there}, {business}, {question_1}, ... An unknown variable is
 * an error when the campaign is written; one without a value and without a fallback is never sent.
 */
#ifndef CANVASS_CORE_CAMPAIGN_RENDER_H
#define CANVASS_CORE_CAMPAIGN_RENDER_H

#include "core/campaign/campaign.h"

struct customer_vars { /* texts owned, NULL when absent */
    bool there;        /* the replica has the customer */
    char *name, *first_name, *service, *provider;
    char *time_zone; /* no variable: when it may be sent */
    bool has_last_visit;
    int64_t last_visit_s;
};
/* ERR_NOT_FOUND when the replica no longer has the customer. db: a reader (stores.h). */
bool customer_vars_load(struct db *db, const struct key *customer, struct customer_vars *out,
                        struct error *err) MUST_CHECK;
/* Of many at once, in their order; whom the replica does not have is not there. Release each. */
bool customer_vars_load_all(struct db *db, const struct key *const *customers, size_t count,
                            struct customer_vars *out, struct error *err) MUST_CHECK;
void customer_vars_release(struct customer_vars *v);

/* Syntax and names only. */
bool render_check(const struct config *config, const struct campaign *c, const char *text,
                  struct error *err) MUST_CHECK;
/* The same for a question of the agent, which cannot ask {question_1}. */
bool render_check_question(const struct config *config, const struct campaign *c, const char *text,
                           struct error *err) MUST_CHECK;
/* ERR_CONFLICT when a variable stays unfilled: the error names it. */
bool render_text(const struct config *config, const struct campaign *c, const char *text,
                 const struct customer_vars *vars, int64_t now_s, struct buf *out,
                 struct error *err) MUST_CHECK;
/* What an expansion met, for reviews that count. */
struct render_use {
    bool fallback;     /* at least one fallback stands in the text */
    char unfilled[32]; /* the first variable without value and fallback; "" when none */
};
/* render_text() that also says what it met; use may be NULL. */
bool render_text_use(const struct config *config, const struct campaign *c, const char *text,
                     const struct customer_vars *vars, int64_t now_s, struct buf *out,
                     struct render_use *use, struct error *err) MUST_CHECK;

/* The variables, for help and screens; {question_1} and so on stand as "question_1". */
struct render_variable {
    const char *name, *help; /* borrowed for ever */
    bool personal;           /* differs between customers */
};
const struct render_variable *render_variable_list(size_t *count);
/* Whether a variable that differs between customers stands in the text (or in a question it asks).
 */
bool render_is_personal(const struct campaign *c, const char *text);

/*
 * What to call a person: the first word of the name after a title (Mr, Dr, ...), the word behind a
 * comma ("Lopez, Maria"), a Chinese, Japanese or Korean name whole. Initials, words with digits or
 * @, and "Unknown" are no name. *out: caller frees; NULL when there is none.
 */
void render_first_name(const char *name, char **out);

/* Whether the text tells how to opt out (STOP in words that semantics and law ask for). */
bool render_has_opt_out(const char *text);

#endif
