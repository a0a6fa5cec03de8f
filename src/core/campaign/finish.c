#include "core/campaign/finish.h"

#include <math.h>

double
finish_rate(const struct config *config, const struct campaign *c)
{
    double own = c->per_second;
    double sender = config->sms.per_second;

    if (own <= 0)
        return sender > 0 ? sender : 0;
    return sender > 0 && sender < own ? sender : own;
}

int64_t
finish_estimate(const struct config *config, const struct campaign *c, int64_t now_s,
                int64_t segments)
{
    double rate = finish_rate(config, c);
    int64_t start = c->planned_start > now_s ? c->planned_start : now_s;

    if (rate <= 0 || segments <= 0 || c->quiet_hours.set)
        return 0;
    return start + (int64_t)ceil((double)segments / rate);
}
