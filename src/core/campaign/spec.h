/*
 * The campaign file (design.md "A campaign file"): read, checked, shown. A spec is JSON of that
 * shape. err.path is the JSON Pointer of what is wrong.
 */
#ifndef CANVASS_CORE_CAMPAIGN_SPEC_H
#define CANVASS_CORE_CAMPAIGN_SPEC_H

#include <jansson.h>

#include "core/campaign/campaign.h"

/*
 * Checks keys, types, ranges, names of templates and variables; unknown keys are refused with a
 * near name. strict: nothing may be missing. What this version does not do is refused in words.
 */
bool spec_check(struct db *db, const struct config *config, const json_t *spec, bool strict,
                struct error *err) MUST_CHECK;
/* Fills variants, agent, quiet hours, limits of c from c->spec; what is missing stays empty. */
bool spec_apply(const struct config *config, struct campaign *c, struct error *err) MUST_CHECK;

/* "2026-12-01T10:00", a time of any place; as if it were UTC. */
bool spec_local_time(const char *text, int64_t *local_s) MUST_CHECK;

/* "5%" as 0.05. */
bool spec_share(const char *text, double *share) MUST_CHECK;

struct agent_template {
    const char *name, *title, *type;     /* type: research or outbound_sales; borrowed for ever */
    const char *system_prompt, *message; /* message: a first message that fits the template */
    const char *const *questions;
    size_t question_count;
    const char *const *outcomes;
    size_t outcome_count;
    const char *voice, *model;
    double temperature;
    int64_t max_tokens;
};
const struct agent_template *agent_template_find(const char *name);
const struct agent_template *agent_template_nearest(const char *name); /* or NULL */
/* type NULL: all. Returns how many were put into out (at most max). */
size_t agent_template_list(const char *type, const struct agent_template **out, size_t max);

struct agent_voice {
    const char *name, *sound; /* "nova", "cheerful, quick"; borrowed for ever */
};
const struct agent_voice *agent_voice_find(const char *name);
const struct agent_voice *agent_voice_list(size_t *count);

enum {
    SPEC_NAME_MAX = 200,
    SPEC_VARIANT_MAX = 26,
    SPEC_QUESTION_MAX = 10,
    SPEC_TEXT_MAX = 10000, /* bytes of one text of a campaign file */
};

#endif
