/* Step 4: when it starts, and what is in the way of the launch. */
#include "ui/screen/wizard_launch.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utime.h"

static const char *
schedule_text(const struct wizard *w, const char *key)
{
    return json_string_value(json_object_get(json_object_get(w->spec, "schedule"), key));
}

int64_t
review_start(const struct wizard *w)
{
    const char *start = schedule_text(w, "start");
    int64_t at;

    if (start && utime_parse_rfc3339(start, strlen(start), &at))
        return at;
    return 0;
}

bool
review_blocked(struct wizard *w, char reason[96])
{
    struct review_step *s = &w->review;
    int64_t typed;

    reason[0] = '\0';
    if (!app_options(w->app)->engine)
        (void)text_copy(reason, 96, "this console has no engine");
    else if (s->launching)
        (void)text_copy(reason, 96, "launching…");
    else if (s->fields[REVIEW_START].error[0] || s->fields[REVIEW_HOURS].error[0] ||
             s->fields[REVIEW_RATE].error[0])
        (void)text_copy(reason, 96, "mend the red field first");
    else if (w->invalid)
        (void)snprintf(reason, 96, "the draft is not right: %.70s", w->invalid_text);
    else if (!s->have_review)
        (void)text_copy(reason, 96, s->failed[0] ? "see why above" : "checking…");
    if (reason[0])
        return true;
    for (size_t i = 0; i < s->review.check_count; i++)
        if (s->review.checks[i].level == LAUNCH_STOP) {
            (void)text_copy(reason, 96, "a check stops it: ✗");
            return true;
        }
    if (!num_parse_i64(field_text(&s->fields[REVIEW_COUNT]), &typed) ||
        typed != s->review.reach.reachable)
        (void)snprintf(reason, 96, "wakes when the number is right");
    else if (s->review.everyone && strcmp(field_text(&s->fields[REVIEW_EVERYONE]), "everyone") != 0)
        (void)snprintf(reason, 96, "type everyone as well");
    return reason[0] != '\0';
}
