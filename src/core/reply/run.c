#include <inttypes.h>

#include "core/base/log.h"
#include "core/reply/reply_private.h"

const struct campaign *
reply_run_campaign(struct reply_run *run, int64_t id)
{
    struct error err = {0};

    if (run->campaign_loaded && run->campaign.id == id)
        return &run->campaign;
    campaign_release(&run->campaign);
    run->campaign = (struct campaign){0};
    run->campaign_loaded = campaign_load(run->ledger, run->config, id, &run->campaign, &err);
    if (!run->campaign_loaded)
        log_line(LOG_WARN, "reply", "campaign %" PRId64 ": %s", id, err.text);
    return run->campaign_loaded ? &run->campaign : NULL;
}
