#include "core/engine/engine_world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/store/stores.h"

static void
die(const char *what, const struct error *err)
{
    (void)fprintf(stderr, "%s: %s\n", what, err->text);
    abort();
}

void
engine_world_phone(int person, char out[24])
{
    (void)snprintf(out, 24, "+1310555%04d", person);
}

int
engine_world_open(void **state)
{
    struct engine_world *w = mem_alloc(sizeof *w);
    struct error err = {0};

    /* In memory where there is such a place: these tests commit thousands of times. */
    temp_folder_make_fast(w->home);
    config_init_defaults(&w->config);
    w->config.sms.per_second = 0;
    w->config.policy.quiet_hours.set = false;
    w->config.policy.cap_messages = 0;
    w->config.policy.reconcile_after_seconds = 60;
    free(w->config.relay.url);
    w->config.relay.url = mem_strdup("");
    free(w->config.main_database.url);
    w->config.main_database.url = mem_strdup("");
    w->fake = fake_world_new();
    w->db = ledger_open(w->home, &err);
    if (!w->db)
        die("ledger", &err);
    engine_world_replica(w, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                            "WHERE i < 2000) INSERT INTO replica.customer (id, key, name, phone, "
                            "phone_e164, is_new_client) SELECT i, i, 'Ana Test', "
                            "printf('+1310555%04d', i), printf('+1310555%04d', i), 0 FROM n");
    *state = w;
    return 0;
}

/* A campaign's counters are what its rows say, whichever way these have gone. */
static bool
counters_are_true(struct db *db)
{
    static const char SQL_WRONG[] =
        "SELECT count(*) FROM campaign c WHERE (c.targeted, c.n_queued, c.n_sending, "
        "c.n_retry_wait, c.n_in_doubt, c.contacted, c.n_failed, c.n_skipped, c.responded, "
        "c.opted_out) IS NOT (SELECT count(*), count(*) FILTER (WHERE state = 'queued'), "
        "count(*) FILTER (WHERE state = 'sending'), count(*) FILTER (WHERE state = 'retry_wait'), "
        "count(*) FILTER (WHERE state = 'in_doubt'), count(*) FILTER (WHERE state IN ('accepted', "
        "'sent', 'delivered', 'undelivered')), count(*) FILTER (WHERE state = 'failed'), "
        "count(*) FILTER (WHERE state = 'skipped'), count(*) FILTER (WHERE replied_at IS NOT NULL "
        "AND state IN ('accepted', 'sent', 'delivered', 'undelivered')), count(opted_out_at) "
        "FROM delivery WHERE campaign_id = c.id)";
    struct error err = {0};
    int64_t wrong = 1;

    if (!db_query_i64(db, SQL_WRONG, &wrong, &err))
        die("count", &err);
    if (wrong)
        (void)fprintf(stderr, "%" PRId64 " campaigns count other than their rows\n", wrong);
    return wrong == 0;
}

int
engine_world_close(void **state)
{
    struct engine_world *w = *state;
    const bool true_to_rows = !w->db || counters_are_true(w->db);

    db_close(w->db);
    temp_folder_remove(w->home);
    config_release(&w->config);
    fake_world_free(w->fake);
    free(w);
    return true_to_rows ? 0 : -1;
}

void
engine_world_replica(struct engine_world *w, const char *sql)
{
    struct error err = {0};
    struct db *replica = replica_open_writer(w->home, &err);

    if (!replica || !db_exec(replica, sql, &err))
        die("replica", &err);
    db_close(replica);
}

struct db *
engine_world_reader(struct engine_world *w)
{
    struct error err = {0};
    struct db *reader = reader_open(w->home, &err);

    if (!reader)
        die("reader", &err);
    return reader;
}

void
engine_world_sql(struct engine_world *w, const char *sql)
{
    struct error err = {0};

    if (!db_exec(w->db, sql, &err))
        die(sql, &err);
}

int64_t
engine_world_number(struct engine_world *w, const char *sql)
{
    struct error err = {0};
    int64_t n = -1;

    if (!db_query_i64(w->db, sql, &n, &err))
        die(sql, &err);
    return n;
}

void
engine_world_campaign(struct engine_world *w, int64_t id, int first, int count)
{
    char *sql = mem_printf(
        "BEGIN;"
        "INSERT INTO campaign (id, uuid, name, type, channel, status, spec, launched_at, "
        "plan_state, plan_now, plan_confirmed, created_at, updated_at) VALUES (%" PRId64
        ", 'u%" PRId64 "', 'Test', 'outbound_sales', 'sms', 'active', "
        "'{\"name\":\"Test\",\"type\":\"outbound_sales\",\"channel\":\"sms\","
        "\"segment\":{\"criteria\":{}},\"agent\":{\"template\":\"reactivation_campaign\"},"
        "\"message\":[{\"name\":\"A\",\"text\":\"Hello {first_name|there}, campaign %" PRId64
        " here. Reply STOP to opt out.\"}]}', 1, 'planned', 1, %d, 1, 1);"
        "INSERT INTO variant (campaign_id, idx, name, text, weight, planned) VALUES (%" PRId64
        ", 0, 'A', 'Hello {first_name|there}, campaign %" PRId64
        " here. Reply STOP to opt out.', 1, %d);"
        "WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
        "INSERT INTO delivery (campaign_id, customer_id, channel, address, updated_at) "
        "SELECT %" PRId64 ", i, 'sms', printf('+1310555%%04d', i), 1 FROM n;"
        "COMMIT;",
        id, id, id, count, id, id, count, first, first + count - 1, id);

    engine_world_sql(w, sql);
    free(sql);
}

static void
options_of(struct engine_world *w, struct engine_options *out)
{
    *out = (struct engine_options){
        .home = w->home, .config = &w->config, .has_net = true, .now_ms = fake_now_ms};
    fake_net_open(w->fake, &out->net);
}

void
engine_world_run(struct engine_world *w, struct engine_summary *out)
{
    struct engine_options options;
    struct engine_summary unused;
    struct error err = {0};

    options_of(w, &options);
    if (!engine_run(&options, true, NULL, out ? out : &unused, &err))
        die("engine_run", &err);
}

void
engine_world_run_for(struct engine_world *w, int64_t ms, struct engine_summary *out)
{
    struct engine_options options;
    struct engine_summary unused;
    struct error err = {0};

    options_of(w, &options);
    w->fake->stop = 0;
    w->fake->stop_at_ms = w->fake->clock_ms + ms;
    if (!engine_run(&options, false, &w->fake->stop, out ? out : &unused, &err))
        die("engine_run", &err);
    w->fake->stop_at_ms = 0;
}

int
engine_world_run_child(struct engine_world *w)
{
    struct error err = {0};
    int status = 0;
    pid_t pid;

    db_close(w->db); /* a connection must not be carried over a fork */
    w->db = NULL;
    pid = fork();
    assert(pid >= 0);
    if (pid == 0) {
        engine_world_run(w, NULL);
        _exit(0);
    }
    (void)waitpid(pid, &status, 0);
    w->db = ledger_open(w->home, &err);
    if (!w->db)
        die("reopen", &err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
