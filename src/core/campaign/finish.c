#include "core/campaign/finish.h"

#include <math.h>

#include "core/base/cc.h"
#include "core/outbox/quiet_hours.h"

/* A year of windows: what takes longer cannot be said. */
enum { WINDOWS_MAX = 1500 };

double
finish_rate(const struct config *config, const struct campaign *c)
{
    const double limits[] = {config->sms.per_second, config->sms.account_per_second,
                             c ? c->per_second : 0};
    double least = 0;

    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        if (limits[i] > 0 && (least <= 0 || limits[i] < least))
            least = limits[i];
    return least;
}

int64_t
finish_estimate(const struct config *config, const struct campaign *c, int64_t now_s,
                int64_t segments)
{
    double rate = finish_rate(config, c);
    int64_t at = c->planned_start > now_s ? c->planned_start : now_s;
    int64_t left;

    if (rate <= 0 || segments <= 0 || (double)segments / rate > 1e9)
        return 0;
    left = (int64_t)ceil((double)segments / rate);
    if (!quiet_hours_matter(config, &c->quiet_hours))
        return at + left;
    for (int i = 0; i < WINDOWS_MAX; i++) {
        struct quiet_answer answer;
        struct error ignored;

        if (!quiet_hours_ask(config, &c->quiet_hours, config->business.phone, NULL, at, &answer,
                             &ignored))
            return 0;
        if (!answer.open) {
            at = answer.next_open_s;
            continue;
        }
        if (left <= answer.validity_s)
            return at + left;
        left -= answer.validity_s;
        at += answer.validity_s;
    }
    return 0;
}
