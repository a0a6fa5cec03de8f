#include "core/store/main_sink_sqlite.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/config.h"
#include "core/store/db.h"

/* Times stand there as 'YYYY-MM-DD HH:MM:SS'; a customer's key has the column's own type. */
#define NAIVE(name) "strftime('%Y-%m-%d %H:%M:%S', :" name ")"
static const char SQL_CONVERSATION[] =
    "INSERT INTO conversations (id, customer_id, channel, status, conversation_type, "
    "campaign_id, "
    "initiated_at, last_activity_at, completed_at, satisfaction_score, sentiment, outcome, "
    "subject, "
    "metadata, created_at, updated_at) VALUES (:id, :customer_id, :channel, :status, "
    ":conversation_type, :campaign_id, " NAIVE("initiated_at") ", " NAIVE(
        "last_activity_"
        "at") ", " NAIVE("completed_at") ", CAST(:satisfaction_score AS INTEGER), :sentiment, "
                                         ":outcome, "
                                         ":subject, "
                                         ":metadata, " NAIVE("initiated_at") ", " NAIVE(
                                             "updated_at") ") "
                                                           "ON CONFLICT (id) DO UPDATE SET "
                                                           "customer_id = "
                                                           "excluded.customer_id, status = "
                                                           "excluded.status, "
                                                           "campaign_id = excluded.campaign_id, "
                                                           "last_activity_at = "
                                                           "excluded.last_activity_at, "
                                                           "completed_at = excluded.completed_at, "
                                                           "satisfaction_score = "
                                                           "excluded.satisfaction_score, "
                                                           "sentiment = excluded.sentiment, "
                                                           "outcome = "
                                                           "excluded.outcome, metadata = "
                                                           "excluded.metadata, "
                                                           "updated_at = excluded.updated_at";
static const char SQL_MESSAGE[] = "INSERT INTO communication_messages (id, conversation_id, "
                                  "direction, content, sent_at, metadata) "
                                  "VALUES (:id, :conversation_id, :direction, :content, " NAIVE(
                                      "sent_at") ", :metadata) "
                                                 "ON CONFLICT (id) DO UPDATE SET content = "
                                                 "excluded.content, metadata = excluded.metadata";

static bool
put(void *ctx, enum main_write kind, const char *const *values, bool *refused, struct error *err)
{
    struct db *db = ctx;
    size_t count;
    const char *const *names = main_write_names(kind, &count);
    struct db_stmt *st =
        db_prepare(db, kind == MAIN_WRITE_CONVERSATION ? SQL_CONVERSATION : SQL_MESSAGE, err);
    bool ok = false;

    *refused = false;
    if (!st)
        return error_wrap(err, "main database");
    for (size_t i = 0; i < count; i++) {
        char name[32];

        (void)snprintf(name, sizeof name, ":%s", names[i]);
        db_bind_text(st, name, values[i]);
    }
    ok = db_step_done(st, err);
    db_stmt_release(st);
    *refused = !ok && err->code == ERR_CONFLICT; /* a constraint of theirs */
    return ok || error_wrap(err, "main database");
}

static void
sink_close(void *ctx)
{
    db_close(ctx);
}

bool
main_sink_open_sqlite(const struct config *config, const atomic_bool *cancel, struct main_sink *out,
                      struct error *err)
{
    const char *url = config->main_database.url;
    struct db *db;

    (void)cancel;
    *out = (struct main_sink){0};
    if (!text_starts_with(url, "sqlite:"))
        return error_set(err, ERR_INVALID, "main_database.url: only sqlite:FILE is written here");
    /* their journal stays as it is */
    db = db_open(url + strlen("sqlite:"), DB_READ_WRITE_AS_IS, err);
    if (!db)
        return false;
    *out = (struct main_sink){.ctx = db, .put = put, .close = sink_close};
    return true;
}
