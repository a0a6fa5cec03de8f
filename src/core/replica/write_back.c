#include "core/replica/write_back.h"

#include <stdlib.h>

#include "core/store/main_sink_sqlite.h"
#include "core/store/stores.h"
#include "core/store/write_back_store.h"

enum { BATCH = 100 };

struct run {
    struct db *ledger;
    struct main_sink sink;
    const atomic_bool *cancel; /* may be NULL */
    struct write_back_result *result;
    int64_t done[BATCH];
    size_t done_count;
};

static bool
put_one(struct run *r, const struct write_back_mark *mark, struct error *err)
{
    char *values[MAIN_WRITE_VALUES_MAX] = {0};
    struct error why = {0};
    bool refused = false;
    bool found = false;
    bool ok = write_back_load(r->ledger, mark, values, &found, err);

    if (ok && found)
        ok = r->sink.put(r->sink.ctx, mark->kind, (const char *const *)values, &refused, &why);
    if (ok) {
        r->done[r->done_count++] = mark->seq;
        r->result->written += found;
    } else if (refused) {
        r->result->refused++;
        ok = write_back_refused(r->ledger, mark->seq, why.text, err);
    } else if (found) {
        *err = why;
    }
    for (size_t i = 0; i < MAIN_WRITE_VALUES_MAX; i++)
        free(values[i]);
    return ok;
}

/* All marks of a kind, those that were refused before or the others. */
static bool
drain(struct run *r, bool refused_before, enum main_write kind, struct error *err)
{
    struct write_back_mark marks[BATCH];
    int64_t after = 0;
    size_t count = 0;
    bool ok = true;

    do {
        struct error ignored = {0};

        ok = write_back_next(r->ledger, refused_before, after, kind, marks, BATCH, &count, err);
        r->done_count = 0;
        for (size_t i = 0; ok && i < count; i++) {
            if (r->cancel && atomic_load(r->cancel))
                ok = error_set(err, ERR_RETRY, "called off; the rest waits");
            else
                ok = put_one(r, &marks[i], err);
            after = marks[i].seq;
        }
        /* what was written is not written again, whatever happened to the rest */
        if (!write_back_done(r->ledger, r->done, r->done_count, ok ? err : &ignored))
            ok = false;
    } while (ok && count == BATCH);
    return ok;
}

static bool
drain_all(struct run *r, struct error *err)
{
    for (int refused = 0; refused < 2; refused++)
        for (int kind = 0; kind < MAIN_WRITE_COUNT; kind++)
            if (!drain(r, refused, (enum main_write)kind, err))
                return false;
    return true;
}

/* A restored copy knows less than the main database may have been told since. */
static bool
is_restored_copy(struct db *ledger, bool *is, struct error *err)
{
    char *text = NULL;
    bool ok = setting_get_text(ledger, "unconfirmed", &text, err);

    *is = text != NULL;
    free(text);
    return ok;
}

bool
write_back_run(const char *home, const struct config *config, main_sink_open_fn *open,
               const atomic_bool *cancel, struct write_back_result *out, struct error *err)
{
    struct run r = {.cancel = cancel, .result = out};
    int64_t waiting = 0;
    int64_t refused = 0;
    char *why = NULL;
    bool restored = false;
    bool ok;

    *out = (struct write_back_result){0};
    r.ledger = ledger_open(home, err);
    ok = r.ledger && is_restored_copy(r.ledger, &restored, err) &&
         write_back_state(r.ledger, &waiting, &refused, &why, err);
    free(why);
    if (ok && waiting > 0 && !restored)
        ok = (open ? open : main_sink_open_sqlite)(config, cancel, &r.sink, err) &&
             drain_all(&r, err);
    main_sink_close(&r.sink);
    db_close(r.ledger);
    return ok || error_wrap(err, "write-back");
}
