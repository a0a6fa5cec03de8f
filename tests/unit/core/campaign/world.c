#include "core/campaign/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "temp_folder.h"

static void
put(char **field, const char *value)
{
    free(*field);
    *field = mem_strdup(value);
}

static void
settle_config(struct config *config)
{
    config_init_defaults(config);
    put(&config->business.name, "Harbour Clinic");
    put(&config->business.phone, "+13105550100");
    put(&config->sms.account_sid, "AC00000000000000000000000000000000");
    put(&config->sms.from, "+13105550100");
    put(&config->sms.auth_token, "secret");
    config->sms.per_second = 10;
    config->sms.price_micros = 7900;
}

void
world_open(struct world *w)
{
    struct error err = {0};

    *w = (struct world){0};
    settle_config(&w->config);
    w->ledger = w->reader = stores_open_memory(&err);
    if (!w->ledger)
        fail_msg("%s", err.text);
}

void
world_open_folder(struct world *w)
{
    char path[TEMP_FOLDER_PATH];
    struct error err = {0};

    *w = (struct world){0};
    settle_config(&w->config);
    temp_folder_make(path);
    w->home = mem_strdup(path);
    w->ledger = ledger_open(path, &err);
    w->reader = reader_open(path, &err);
    if (!w->ledger || !w->reader)
        fail_msg("%s", err.text);
}

void
world_close(struct world *w)
{
    if (w->reader != w->ledger)
        db_close(w->reader);
    db_close(w->ledger);
    if (w->home)
        temp_folder_remove(w->home);
    free(w->home);
    config_release(&w->config);
}

void
world_add_customers(struct world *w, int64_t count)
{
    struct error err = {0};
    struct db *db = w->home ? replica_open_writer(w->home, &err) : w->ledger;
    char sql[1200];

    assert_non_null(db);
    (void)snprintf(
        sql, sizeof sql,
        "BEGIN;"
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %lld) "
        "INSERT INTO replica.customer (id, key, name, phone, phone_e164, is_new_client, "
        "appointment_count) SELECT i, i, CASE WHEN i %% 10 = 0 THEN NULL ELSE 'Ana Ruiz' END, "
        "printf('+1310%%07d', 5550000 + i), printf('+1310%%07d', 5550000 + i), 0, 1 FROM n;"
        "INSERT INTO replica.state (id, generation, synced_at, source, country, customers) "
        "VALUES (1, 1, %lld, 'sqlite:main.db', 'US', %lld);"
        "COMMIT;",
        (long long)count, (long long)WORLD_NOW, (long long)count);
    sql_run(db, sql);
    if (db != w->ledger)
        db_close(db);
}

json_t *
world_spec(const char *text)
{
    return json_pack(
        "{s:s, s:s, s:s, s:{s:{s:i}}, s:{s:s}, s:s}", "name", "Autumn recall", "type",
        "outbound_sales", "channel", "sms", "segment", "criteria", "appointment_count", 1, "agent",
        "template", "reactivation_campaign", "message",
        text ? text : "Hi {first_name|there}, {assistant} here. {question_1} Reply STOP to end.");
}

int64_t
world_create(struct world *w, const char *text)
{
    json_t *spec = world_spec(text);
    struct error err = {0};
    int64_t id = 0;

    if (!campaign_create(w->ledger, &w->config, spec, true, WORLD_NOW, &id, &err))
        fail_msg("%s: %s", err.path, err.text);
    json_decref(spec);
    return id;
}

int64_t
world_reachable(struct world *w, int64_t id)
{
    struct launch_review review = {0};
    struct error err = {0};
    int64_t n;

    if (!launch_review(w->reader, &w->config, id, WORLD_NOW, &review, &err))
        fail_msg("%s", err.text);
    n = review.reach.reachable;
    launch_review_release(&review);
    return n;
}

bool
world_begin(struct world *w, int64_t id, int64_t confirm, struct error *err)
{
    const struct launch_request request = {.id = id, .confirm = confirm, .now_s = WORLD_NOW};

    return launch_begin(w->ledger, w->reader, &w->config, &request, err);
}

void
world_launch(struct world *w, int64_t id)
{
    struct error err = {0};
    bool done = false;

    if (!world_begin(w, id, world_reachable(w, id), &err))
        fail_msg("%s", err.text);
    while (!done)
        if (!launch_plan_step(w->ledger, w->reader, &w->config, id, 100, &done, &err))
            fail_msg("%s", err.text);
}
