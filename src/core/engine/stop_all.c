/* The panic switch: two settings, read in every transaction that claims. */
#include "core/engine/stop_all.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/store/engine_store.h"
#include "core/store/stores.h"

bool
engine_stop_all(struct db *ledger, const char *by, int64_t now_s, int64_t *under_way,
                struct error *err)
{
    int64_t count = 0;
    char text[200];
    bool ok = db_begin(ledger, err) && engine_sending_count(ledger, &count, err);

    (void)snprintf(text, sizeof text, "everything stopped by %.100s; %" PRId64 " were under way",
                   by, count);
    ok = ok && setting_set_i64(ledger, "stopped_at", now_s, err) &&
         setting_set_text(ledger, "stopped_by", by, err) &&
         audit_add(ledger, now_s, by, "engine.stop_all", "all campaigns", text, err) &&
         engine_event_add(ledger, LOG_WARN, 0, text, now_s, err) && db_commit(ledger, err);
    db_rollback(ledger);
    if (under_way)
        *under_way = count;
    return ok || error_wrap(err, "stop everything");
}

bool
engine_start_all(struct db *ledger, const char *by, int64_t now_s, struct error *err)
{
    bool ok = db_begin(ledger, err) && setting_delete(ledger, "stopped_at", err) &&
              setting_delete(ledger, "stopped_by", err) &&
              audit_add(ledger, now_s, by, "engine.start_all", "all campaigns", "", err) &&
              engine_event_add(ledger, LOG_INFO, 0, "sending again", now_s, err) &&
              db_commit(ledger, err);

    db_rollback(ledger);
    return ok || error_wrap(err, "start again");
}

bool
engine_is_stopped(struct db *db, bool *stopped, char **by, int64_t *since_s, struct error *err)
{
    char *who = NULL;

    if (!setting_get_i64(db, "stopped_at", 0, since_s, err) ||
        !setting_get_text(db, "stopped_by", &who, err))
        return false;
    *stopped = *since_s != 0;
    *by = who ? who : mem_strdup("");
    return true;
}
