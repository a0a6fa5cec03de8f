#include "core/replica/sync_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/index/index.h"
#include "core/replica/fold.h"
#include "core/store/main_database_sqlite.h"
#include "core/store/replica_facts_store.h"
#include "core/store/replica_store.h"
#include "core/store/stores.h"

/* A transaction of the main database may commit this long after the updated_at that it wrote. */
enum { OVERLAP_S = 600 };
/* Keys asked for at once; a sweep's share of the time. */
enum { KEY_BATCH = 500, SWEEP_SHARE = 20 };

static const char NOTE_POSITION[] = "position";       /* main_database.h */
static const char NOTE_FINGERPRINT[] = "fingerprint"; /* the same */
static const char NOTE_SWEEP[] = "sweep";             /* "WHEN_S TOOK_MS" of the last sweep */

static void
sync_free(struct sync *s)
{
    index_draft_free(s->draft);
    free(s->position);
    key_release(&s->mark_key);
    metadata_release(&s->metadata);
    buf_release(&s->email_send);
    buf_release(&s->email_norm);
    buf_release(&s->zone);
    free(s);
}

/* ---- one row */

static bool
put_customer(struct sync *s, const struct main_row *row, struct error *err)
{
    char phone[ADDRESS_PHONE_SIZE];
    struct replica_addresses a;

    sync_read_addresses(s, &row->customer_of, phone, &a);
    return replica_put_customer(&s->writer, row, &a, err);
}

static bool
put_conversation(struct sync *s, const struct main_row *row, struct error *err)
{
    size_t count = sync_read_metadata(s, &row->conversation);

    return replica_put_conversation(&s->writer, row, s->keys, count, err);
}

static bool
put_row(struct sync *s, const struct main_row *row, struct error *err)
{
    switch (s->table) {
    case MAIN_CUSTOMERS:
        return put_customer(s, row, err);
    case MAIN_APPOINTMENTS:
        return replica_put_appointment(&s->writer, row, err);
    case MAIN_CONVERSATIONS:
        return put_conversation(s, row, err);
    case MAIN_REQUESTS:
        return replica_put_request(&s->writer, row, err);
    case MAIN_TABLE_COUNT:
        break;
    }
    return error_set(err, ERR_INTERNAL, "no such table");
}

static bool
on_row(void *arg, const struct main_row *row, struct error *err)
{
    sync_see_row(arg, row);
    return put_row(arg, row, err);
}

/* ---- one table */

static bool
on_key(void *arg, const struct key *key, struct error *err)
{
    return replica_key_walk_next(arg, key, err);
}

static bool
keys_are_same(struct sync *s, bool *same, struct error *err)
{
    struct main_digest there = {0};
    struct main_digest here = {0};

    if (!s->source->digest(s->source->ctx, s->table, &there, err) ||
        !replica_digest(&s->writer, s->table, &here, err))
        return false;
    *same = there.count == here.count && there.sum == here.sum;
    return true;
}

/* Lists what is gone and what is absent; *disordered: the keys of the main database cannot be
 * compared. */
static bool
compare_keys(struct sync *s, bool *disordered, struct error *err)
{
    struct replica_key_walk walk;
    bool same = false;
    bool ok;

    *disordered = false;
    if (!keys_are_same(s, &same, err))
        return false;
    if (same)
        return true;
    ok = replica_key_walk_begin(&walk, &s->writer, s->table, err) &&
         s->source->scan_keys(s->source->ctx, s->table, NULL, NULL, on_key, &walk, err) &&
         replica_key_walk_end(&walk, err);

    *disordered = walk.disordered;
    replica_key_walk_release(&walk);
    return ok;
}

/* Reads the rows of a list anew. */
static bool
read_rows(struct sync *s, enum replica_list list, struct error *err)
{
    struct key *keys = NULL;
    size_t count = 0;
    bool ok = replica_list_keys(&s->writer, list, s->table, &keys, &count, err);

    for (size_t i = 0; ok && i < count; i += KEY_BATCH)
        ok = s->source->scan_some(s->source->ctx, s->table, keys + i,
                                  count - i < KEY_BATCH ? count - i : KEY_BATCH, on_row, s, err);
    replica_keys_free(keys, count);
    return ok;
}

/* ---- keys of both sides, where updated_at is all there is */

/* *usable false: a full sync is needed. */
static bool
changed_by_watermark(struct sync *s, int64_t since, bool *usable, struct error *err)
{
    bool disordered = false;

    if (!s->source->scan_since(s->source->ctx, s->table, since - OVERLAP_S, on_row, s, err))
        return false;
    if (!s->quick &&
        !(s->source->digest ? compare_keys(s, &disordered, err) : sync_compare_all_keys(s, err)))
        return false;
    *usable = !disordered && !s->writer.id_taken;
    if (!*usable || s->quick)
        return true;
    return sync_remove_gone(s, err) && read_rows(s, REPLICA_ABSENT, err);
}

/* *uncompared: what is gone is not known yet. */
static bool
changed_table(struct sync *s, enum main_table table, bool *uncompared, bool *usable,
              struct error *err)
{
    int64_t since = 0;
    bool found = false;
    bool able = false;

    sync_table_begin(s, table);
    if (!replica_watermark_load(s->writer.db, table, &since, &found, err))
        return false;
    if (!found) {
        *usable = false;
        return true;
    }
    if (s->position && !s->quick &&
        !s->source->scan_changed(s->source->ctx, table, s->position, on_row, s, &able, err))
        return false;
    if (!able && !changed_by_watermark(s, since, usable, err))
        return false;
    sync_note_phase(s, "changes read");
    *uncompared = able;
    *usable = *usable && !s->writer.id_taken;
    return sync_table_end(s, since, err);
}

/* All tables: first what changed in each, then what is gone (main_database.h, read_ahead). */
static bool
changed_tables(struct sync *s, bool *usable, struct error *err)
{
    bool uncompared[MAIN_TABLE_COUNT] = {false};
    int64_t there[MAIN_TABLE_COUNT] = {0};

    if (s->position && !s->quick && s->source->read_ahead &&
        !s->source->read_ahead(s->source->ctx, s->position, err))
        return false;
    for (int t = 0; *usable && t < MAIN_TABLE_COUNT; t++)
        if (!changed_table(s, (enum main_table)t, &uncompared[t], usable, err))
            return false;
    for (int t = 0; *usable && t < MAIN_TABLE_COUNT; t++)
        if (uncompared[t] && !s->source->count(s->source->ctx, (enum main_table)t, &there[t], err))
            return false;
    for (int t = 0; *usable && t < MAIN_TABLE_COUNT; t++) {
        s->table = (enum main_table)t;
        if (uncompared[t] && !sync_remove_missing(s, there[t], err))
            return false;
    }
    sync_note_phase(s, "and all compared");
    return true;
}

/* Rows that waited for their customer. */
static bool
claim_orphans(struct sync *s, struct error *err)
{
    static const enum main_table owned[] = {MAIN_APPOINTMENTS, MAIN_CONVERSATIONS};

    for (size_t i = 0; i < ARRAY_LEN(owned); i++) {
        sync_table_begin(s, owned[i]);
        if (!read_rows(s, REPLICA_CLAIMED, err))
            return false;
    }
    return true;
}

/* ---- the whole */

static bool
incremental(struct sync *s, bool *usable, struct error *err)
{
    *usable = true;
    if (!replica_writer_begin(&s->writer, s->writer.db, err) || !sync_load_key_counts(s, err) ||
        !changed_tables(s, usable, err))
        return false;
    if (!*usable)
        return true;
    if (!claim_orphans(s, err) || !replica_facts_touched(s->writer.db, err))
        return false;
    sync_note_phase(s, "and the rest: facts of touched customers made");
    return true;
}

static const char *
why_full(const struct sync_state *state, const struct sync *s)
{
    if (state->generation == 0)
        return "the first sync";
    if (strcmp(state->country, s->country) != 0)
        return "the business's country changed";
    if (strcmp(state->source, s->source->name) != 0)
        return "another main database or mapping is configured";
    return NULL;
}

/* Whether it is time to look at all rows and keys again. */
static bool
sweep_is_due(struct sync *s, bool *due, struct error *err)
{
    char *text = NULL;
    char *rest = NULL;
    int64_t when_s = 0;
    int64_t took_ms = 0;

    if (!replica_note_load(s->writer.db, NOTE_SWEEP, &text, err))
        return false;
    *due = true;
    if (text) {
        when_s = strtoll(text, &rest, 10);
        took_ms = strtoll(rest, NULL, 10);
        *due = s->now_s < when_s || (s->now_s - when_s) * 1000 >= took_ms * SWEEP_SHARE;
    }
    free(text);
    return true;
}

static bool
save_sweep(struct sync *s, int64_t took_ms, struct error *err)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%" PRId64 " %" PRId64, s->now_s, took_ms);
    return replica_note_save(s->writer.db, NOTE_SWEEP, text, err);
}

/* Where the source stood at the last sweep; *same false: it is not the same any more. */
static bool
load_position(struct sync *s, bool *same, struct error *err)
{
    *same = true;
    if (!s->source->position)
        return true;
    return replica_note_load(s->writer.db, NOTE_POSITION, &s->position, err) &&
           (!s->position || s->source->resume(s->source->ctx, s->position, same, err));
}

/* Inside the replica's transaction. */
static bool
fill(struct sync *s, const struct sync_state *state, enum sync_mode mode, struct error *err)
{
    const int64_t start_ms = utime_mono_ms();
    bool usable = false;
    bool same = true;
    bool due = true;

    s->result->mode = SYNC_INCREMENTAL;
    if (mode != SYNC_FULL) {
        s->result->why_full = why_full(state, s);
        if (!load_position(s, &same, err) || (mode == SYNC_REFRESH && !sweep_is_due(s, &due, err)))
            return false;
        if (!same && !s->result->why_full)
            s->result->why_full = "the main database's tables were replaced or restored";
        s->quick = !due;
        if (!s->result->why_full && !incremental(s, &usable, err))
            return false;
        if (usable)
            return s->quick || save_sweep(s, utime_mono_ms() - start_ms, err);
        if (!s->result->why_full)
            s->result->why_full = "the keys cannot be compared";
    }
    s->quick = false;
    s->result->mode = SYNC_FULL;
    s->result->rows_read = 0;
    s->result->bad_times = 0;
    s->result->bad_zones = 0;
    /* nobody has asked anything yet that could take longer than before */
    return sync_full(s, state->generation == 0 ? REPLICA_BULK_LATE : REPLICA_BULK_AT_ONCE, err);
}

/* Only who looked at everything may say that nothing was overlooked. */
static bool
save_notes(struct sync *s, const char *fingerprint, struct error *err)
{
    struct buf position = {0};
    bool ok = true;

    if (s->quick)
        return replica_note_save(s->writer.db, NOTE_FINGERPRINT, "", err);
    if (s->read && s->source->position)
        ok = s->source->position(s->source->ctx, &position, err) &&
             replica_note_save(s->writer.db, NOTE_POSITION, buf_str(&position), err);
    buf_release(&position);
    return ok && replica_note_save(s->writer.db, NOTE_FINGERPRINT, fingerprint, err);
}

static bool
save_state(struct sync *s, struct sync_state *state, const char *fingerprint, struct error *err)
{
    struct sync_result *r = s->result;

    r->rows_written = s->writer.written;
    r->rows_removed = s->writer.removed;
    r->orphans = s->writer.orphans;
    r->changed = r->mode == SYNC_FULL || r->rows_written > 0 || r->rows_removed > 0;
    state->generation += r->changed;
    state->synced_at = s->now_s;
    free(state->source);
    free(state->country);
    state->source = mem_strdup(s->source->name);
    state->country = mem_strdup(s->country);
    r->generation = state->generation;
    if (r->mode == SYNC_FULL)
        state->customers = s->customers;
    else
        state->customers += s->writer.gained[MAIN_CUSTOMERS];
    r->customers = state->customers;
    return sync_state_save(s->writer.db, state, err) &&
           (!s->read || sync_save_key_counts(s, err)) && save_notes(s, fingerprint, err);
}

/* Whether the main database is surely what it was at the last good sync. */
static bool
is_untouched(struct sync *s, const struct sync_state *state, enum sync_mode mode,
             const struct buf *fingerprint, bool *untouched, struct error *err)
{
    char *before = NULL;
    bool ok = replica_note_load(s->writer.db, NOTE_FINGERPRINT, &before, err);

    *untouched = ok && mode != SYNC_FULL && !why_full(state, s) && fingerprint->len > 0 &&
                 text_eq(before, buf_str(fingerprint));
    free(before);
    return ok;
}

/* The files that a full sync made its tables in. */
static void
let_go(struct db *db)
{
    struct error err = {0};

    if (!replica_bulk_let_go(db, &err))
        log_line(LOG_WARN, "sync", "cannot let a full sync's files go: %s", err.text);
}

static bool
run(struct sync *s, enum sync_mode mode, struct error *err)
{
    struct db *db = s->writer.db;
    struct sync_state state = {0};
    struct buf fingerprint = {0};
    bool untouched = false;
    bool begun = false;
    bool ok = s->source->fingerprint(s->source->ctx, &fingerprint, err);

    if (ok && !db_begin(db, err)) {
        s->locked = err->code == ERR_RETRY;
        if (s->locked)
            error_set(err, ERR_RETRY, "another sync is running; try again when it has ended");
        ok = false;
    }
    if (ok)
        replica_bulk_clean(db);
    ok = ok && replica_bulk_make_late(db, err) && sync_state_load(db, &state, err) &&
         is_untouched(s, &state, mode, &fingerprint, &untouched, err);
    if (ok && untouched)
        s->result->mode = SYNC_INCREMENTAL;
    if (ok && !untouched) {
        begun = s->source->begin(s->source->ctx, err);
        s->read = begun;
        ok = begun && fill(s, &state, mode, err);
    }
    ok = ok && save_state(s, &state, buf_str(&fingerprint), err);
    sync_note_phase(s, "and the state saved");
    if (begun)
        s->source->end(s->source->ctx);
    ok = ok && db_commit(db, err); /* here a generation becomes current */
    sync_note_phase(s, "and all committed");
    db_rollback(db);
    let_go(db);
    sync_state_release(&state);
    buf_release(&fingerprint);
    return ok;
}

static void
keep_error(struct db *replica, int64_t now_s, const struct error *failure)
{
    struct error err = {0};

    if (!sync_state_fail(replica, now_s, failure->text, &err))
        log_line(LOG_WARN, "sync", "cannot record the failed sync: %s", err.text);
}

/* A full sync leaves a write-ahead log as large as the replica: fold it in, so that starts stay
 * quick. */
static void
fold_rest(struct db *replica)
{
    struct error err = {0};

    if (!db_exec(replica, "PRAGMA replica.wal_checkpoint(TRUNCATE)", &err))
        log_line(LOG_WARN, "sync", "cannot fold the replica's log: %s", err.text);
}

/* Without an index SQL answers: slower, not otherwise. */
static void
refresh_index(struct db *replica, struct index_draft *draft, const struct sync_result *result)
{
    const bool touched_listed = result->mode == SYNC_INCREMENTAL && result->changed;
    struct error err = {0};

    if (draft ? !index_refresh_from(replica, draft, &err)
              : !index_refresh(replica, touched_listed, &err))
        log_line(LOG_WARN, "sync", "no %s", err.text);
}

/* When it fails the next sync begins with it. */
static void
make_late_indexes(struct db *replica, const struct sync_job *job)
{
    struct error err = {0};
    bool late = false;
    bool ok = replica_bulk_has_late(replica, &late, &err);

    db_set_cancel(replica, job->cancel);
    if (ok && late) {
        ok = db_begin(replica, &err);
        if (ok && job->progress)
            job->progress(job->arg, "SQL indexes", 0, 0);
        ok = ok && replica_bulk_make_late(replica, &err) && db_commit(replica, &err);
    }
    db_set_cancel(replica, NULL);
    db_rollback(replica);
    if (!ok)
        log_line(LOG_WARN, "sync", "the replica's indexes are not all there yet: %s", err.text);
}

static bool
sync_between(struct db *replica, struct main_database *source, const char *country,
             const struct sync_job *job, struct sync_result *out, struct error *err)
{
    struct sync *s = mem_alloc(sizeof *s);
    int64_t start_ms = utime_mono_ms();
    struct fold fold;
    bool locked;
    bool ok;

    *out = (struct sync_result){0};
    *s = (struct sync){.writer = {.db = replica},
                       .source = source,
                       .country = country ? country : "",
                       .now_s = job->now_s,
                       .result = out,
                       .phase_ms = start_ms,
                       .progress = job->progress,
                       .progress_arg = job->arg};
    fold_hold(replica);
    db_set_cancel(replica, job->cancel);
    ok = run(s, job->mode, err);
    db_set_cancel(replica, NULL);
    locked = s->locked;
    log_line(LOG_DEBUG, "sync", "committed after %" PRId64 " ms", utime_mono_ms() - start_ms);
    if (!ok && job->cancel && atomic_load(job->cancel))
        error_set(err, ERR_RETRY, "the sync was called off; nothing was changed");
    else if (!ok && !locked)
        keep_error(replica, job->now_s, err);
    /* a large log would take the disk from the index that everybody waits for */
    if (out->mode != SYNC_FULL)
        fold_begin(&fold, replica);
    if (ok)
        refresh_index(replica, s->draft, out);
    out->ready_ms = utime_mono_ms() - start_ms;
    log_line(LOG_DEBUG, "sync", "ready after %" PRId64 " ms", out->ready_ms);
    sync_free(s);
    if (out->mode == SYNC_FULL)
        fold_begin(&fold, replica);
    if (ok)
        make_late_indexes(replica, job);
    fold_end(&fold);
    log_line(LOG_DEBUG, "sync", "log folded after %" PRId64 " ms", utime_mono_ms() - start_ms);
    if (ok && out->mode == SYNC_FULL)
        fold_rest(replica);
    out->elapsed_ms = utime_mono_ms() - start_ms;
    return ok || error_wrap(err, "sync");
}

bool
replica_sync_from(struct db *replica, struct main_database *source, const char *country,
                  int64_t now_s, enum sync_mode mode, sync_progress_fn *progress, void *arg,
                  struct sync_result *out, struct error *err)
{
    const struct sync_job job = {.now_s = now_s, .mode = mode, .progress = progress, .arg = arg};

    return sync_between(replica, source, country, &job, out, err);
}

bool
replica_sync(const struct sync_job *job, struct sync_result *out, struct error *err)
{
    main_database_open_fn *open = job->open ? job->open : main_database_open_config;
    struct main_database source = {0};
    struct db *replica = replica_open_writer(job->home, err);
    bool ok = false;

    *out = (struct sync_result){0};
    if (!replica)
        return error_wrap(err, "sync");
    if (open(job->config, job->cancel, &source, err))
        ok = sync_between(replica, &source, job->config->business.country, job, out, err);
    else if (!job->cancel || !atomic_load(job->cancel))
        keep_error(replica, job->now_s, err);
    main_database_close(&source);
    db_close(replica);
    return ok;
}
