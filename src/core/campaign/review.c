/* What the review shows and the launch obeys. */
#include "core/campaign/review.h"
#include "core/preview/preview.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/utime.h"
#include "core/campaign/finish.h"
#include "core/campaign/reach_each.h"
#include "core/campaign/render.h"
#include "core/campaign/sms_segments.h"
#include "core/campaign/split.h"
#include "core/store/recipient_store.h"
#include "core/store/replica_state_store.h"
#include "core/store/stores.h"

enum { UNFILLED_MAX = 12 };

static void add_check(struct launch_review *r, enum launch_check_level level, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static void
add_check(struct launch_review *r, enum launch_check_level level, const char *fmt, ...)
{
    struct launch_check *check;
    va_list args;

    if (r->check_count == ARRAY_LEN(r->checks)) {
        if (level != LAUNCH_STOP) /* the last place is good enough for what only asks to look */
            return;
        r->check_count--;
    }
    check = &r->checks[r->check_count++];
    check->level = level;
    va_start(args, fmt);
    (void)vsnprintf(check->text, sizeof check->text, fmt, args);
    va_end(args);
}

static const char *
grouped(int64_t n, char out[32])
{
    struct buf b = {0};

    num_format_grouped(&b, n);
    (void)text_copy(out, 32, buf_str(&b));
    buf_release(&b);
    return out;
}

void
launch_review_release(struct launch_review *r)
{
    key_release(&r->first_customer);
    *r = (struct launch_review){0};
}

/* --- what can be said without looking at people */
static bool
check_replica(struct launch_review *r, struct db *db, const struct config *config, int64_t now_s,
              struct error *err)
{
    struct replica_state state;
    int64_t age;

    if (!replica_state_load(db, &state, err))
        return false;
    age = now_s - state.synced_at_s;
    if (!state.synced)
        add_check(r, LAUNCH_STOP, "customers were never synced: run `canvass sync`");
    else if (age > config->policy.stale_replica_minutes * 60)
        add_check(r, LAUNCH_STOP,
                  "the customer data is %" PRId64 " minutes old, %" PRId64
                  " are allowed: run `canvass sync`",
                  age / 60, config->policy.stale_replica_minutes);
    else
        add_check(r, LAUNCH_OK, "customer data is %" PRId64 " s old", age < 0 ? 0 : age);
    return true;
}

static void
check_file(struct launch_review *r, struct db *db, const struct config *config,
           const struct campaign *c)
{
    struct error err = {0};

    if (!campaign_may(c->status, CAMPAIGN_DO_LAUNCH, &err))
        add_check(r, LAUNCH_STOP, "%s", err.text);
    if (!spec_check(db, config, c->spec, true, &err))
        add_check(r, LAUNCH_STOP, "%s: %s", err.path, err.text);
}

static void
check_opt_out(struct launch_review *r, const struct campaign *c)
{
    bool all = c->variant_count > 0;

    for (size_t i = 0; i < c->variant_count; i++) {
        if (render_has_opt_out(c->variants[i].text))
            continue;
        add_check(r, LAUNCH_STOP,
                  "message %.40s does not tell how to opt out: add \"Reply STOP to opt out\"",
                  c->variants[i].name);
        all = false;
    }
    if (all)
        add_check(r, LAUNCH_OK, "opt-out wording in every first message");
}

static bool
check_sending(struct launch_review *r, struct db *db, const struct config *config,
              const struct campaign *c, int64_t now_s, struct error *err)
{
    struct error why = {0};
    int64_t stopped_at;

    if (!config_can_send(config, &why))
        add_check(r, LAUNCH_STOP, "sending is not set up: %s", why.text);
    if (!setting_get_i64(db, "stopped_at", 0, &stopped_at, err))
        return false;
    if (stopped_at > 0)
        add_check(r, LAUNCH_LOOK, "all sending is stopped; it begins after `canvass start-all`");
    if (!c->quiet_hours.set)
        add_check(r, LAUNCH_LOOK, "no quiet hours are set: messages go out at any hour");
    if (c->cap_messages == 0)
        add_check(r, LAUNCH_LOOK, "no frequency cap is set");
    if (c->planned_start && c->planned_start <= now_s)
        add_check(r, LAUNCH_LOOK, "the start in the file has passed: it begins at once");
    return true;
}

/* --- people */
struct look {
    struct db *db;
    const struct config *config;
    const struct campaign *c;
    struct launch_review *r;
    const struct review_sink *sink; /* NULL: nobody else looks */
    struct split split;
    bool personal[SPEC_VARIANT_MAX];
    struct sms_segments fixed[SPEC_VARIANT_MAX]; /* of a text that is the same for all */
    char fixed_unfilled[SPEC_VARIANT_MAX][32];
    bool fixed_fallback[SPEC_VARIANT_MAX];
    int64_t now_s, count, too_long;
    struct unfilled {
        char name[32];
        int64_t people;
    } unfilled[UNFILLED_MAX];
    struct buf text;
    int64_t *recent_campaigns; /* owned */
    size_t recent_campaign_count;
    bool ok;
    struct error *err;
};

static void
note_unfilled(struct look *l, const char *name)
{
    for (size_t i = 0; i < UNFILLED_MAX; i++) {
        if (l->unfilled[i].people == 0)
            (void)text_copy(l->unfilled[i].name, sizeof l->unfilled[i].name, name);
        if (strcmp(l->unfilled[i].name, name) == 0) {
            l->unfilled[i].people++;
            return;
        }
    }
}

static void
note_segments(struct look *l, const struct sms_segments *s)
{
    l->r->segments_total += s->segments;
    if (s->segments > l->r->segments_most)
        l->r->segments_most = s->segments;
    if (s->characters > SMS_MAX_CHARACTERS)
        l->too_long++;
}

/* Expands one text; *s is filled in when nothing stays unfilled. */
static bool
expand_one(struct look *l, size_t variant, const struct customer_vars *vars, struct sms_segments *s,
           struct render_use *use, struct error *err)
{
    buf_clear(&l->text);
    if (!render_text_use(l->config, l->c, l->c->variants[variant].text, vars, l->now_s, &l->text,
                         use, err))
        return use->unfilled[0] != '\0';
    *s = sms_segments_count(buf_str(&l->text), l->text.len);
    return true;
}

static bool
look_at_fixed(struct look *l)
{
    for (size_t i = 0; i < l->c->variant_count; i++) {
        struct render_use use;
        struct error ignored;

        l->personal[i] = render_is_personal(l->c, l->c->variants[i].text);
        if (l->personal[i])
            continue;
        if (!expand_one(l, i, NULL, &l->fixed[i], &use, &ignored)) {
            *l->err = ignored;
            return false;
        }
        (void)text_copy(l->fixed_unfilled[i], sizeof l->fixed_unfilled[i], use.unfilled);
        l->fixed_fallback[i] = use.fallback;
    }
    return true;
}

static bool
look_at_text(struct look *l, const struct segment_recipient *person, size_t variant)
{
    struct sms_segments s = l->fixed[variant];
    struct render_use use = {.fallback = l->fixed_fallback[variant]};
    struct error why = {0};
    bool ok = true;

    if (l->personal[variant]) {
        struct customer_vars vars = {.name = mem_unconst(person->name), /* all borrowed */
                                     .service = mem_unconst(person->service),
                                     .provider = mem_unconst(person->provider),
                                     .has_last_visit = person->has_last_visit,
                                     .last_visit_s = person->last_visit_s};

        render_first_name(person->name, &vars.first_name);
        ok = expand_one(l, variant, &vars, &s, &use, &why);
        free(vars.first_name);
    } else {
        (void)text_copy(use.unfilled, sizeof use.unfilled, l->fixed_unfilled[variant]);
    }
    if (!ok) {
        *l->err = why;
        return false;
    }
    if (use.unfilled[0])
        note_unfilled(l, use.unfilled);
    else
        note_segments(l, &s);
    l->r->fallbacks_used += use.fallback;
    return true;
}

static int64_t
recent_since(const struct look *l)
{
    return l->now_s - LAUNCH_RECENT_DAYS * (int64_t)DAY_S;
}

static bool
look_at_recent(struct look *l, const struct key *customer)
{
    bool recent = false;

    for (size_t i = 0; i < l->recent_campaign_count && !recent; i++)
        if (!recipient_store_is_recent(l->db, l->recent_campaigns[i], customer, recent_since(l),
                                       &recent, l->err))
            return false;
    l->r->recent += recent;
    return true;
}

static bool
look_at_one(void *ctx, const struct segment_recipient *r)
{
    struct look *l = ctx;
    const size_t variant = split_next(&l->split);

    if (l->count++ == 0)
        l->r->first_customer = key_dup(r->key);
    l->ok = look_at_recent(l, r->key);
    if (l->ok && l->c->variant_count > 0)
        l->ok = look_at_text(l, r, variant);
    l->ok = l->ok && (!l->sink || l->sink->each(l->sink->ctx, l->r, r, variant, l->err));
    return l->ok;
}

static bool
count_one(void *ctx, const struct segment_recipient *r)
{
    (void)ctx;
    (void)r;
    return true;
}

static void
check_texts(struct look *l)
{
    struct launch_review *r = l->r;
    char n[32];
    bool filled = true;

    for (size_t i = 0; i < UNFILLED_MAX && l->unfilled[i].people > 0; i++) {
        add_check(r, LAUNCH_STOP,
                  "{%s} has no value for %s people: give it a fallback, {%s|something else}",
                  l->unfilled[i].name, grouped(l->unfilled[i].people, n), l->unfilled[i].name);
        filled = false;
    }
    if (filled && l->count > 0)
        add_check(r, LAUNCH_OK, "every variable is filled; %s with a fallback",
                  grouped(r->fallbacks_used, n));
    if (l->too_long > 0)
        add_check(r, LAUNCH_STOP, "%s messages are longer than %d characters",
                  grouped(l->too_long, n), SMS_MAX_CHARACTERS);
    else if (r->segments_most >= LAUNCH_MANY_SEGMENTS)
        add_check(r, LAUNCH_LOOK, "up to %" PRId64 " SMS segments a message: shorter is cheaper",
                  r->segments_most);
    else if (r->segments_most > 0)
        add_check(r, LAUNCH_OK, "%" PRId64 " SMS segment%s a message at most", r->segments_most,
                  r->segments_most == 1 ? "" : "s");
}

static void
check_reach(struct launch_review *r)
{
    char a[32];
    char b[32];

    if (r->reach.reachable == 0)
        add_check(r, LAUNCH_STOP, "nobody would be reached");
    if (r->everyone)
        add_check(r, LAUNCH_LOOK, "the segment is every customer: that needs an explicit yes");
    add_check(r, LAUNCH_OK, "left out: %s without an address, %s opted out",
              grouped(r->reach.no_address, a), grouped(r->reach.opted_out, b));
    add_check(r, r->reach.capped > 0 ? LAUNCH_LOOK : LAUNCH_OK,
              "left out: %s over the frequency cap, %s with a number twice",
              grouped(r->reach.capped, a), grouped(r->reach.duplicate_address, b));
    if (r->left_out > 0)
        add_check(r, LAUNCH_LOOK,
                  "left out: %s whom a campaign that this one was cloned from, or a clone, reached",
                  grouped(r->left_out, a));
    if (r->recent > 0)
        add_check(r, LAUNCH_LOOK, "%s were sent something in the last %d days",
                  grouped(r->recent, a), LAUNCH_RECENT_DAYS);
}

static bool
check_words(struct launch_review *r, struct db *db, const struct criteria *criteria,
            struct error *err)
{
    struct buf words = {0};
    bool ok = criteria_unknown_words(db, criteria, &words, err);

    if (ok && words.len > 0)
        add_check(r, LAUNCH_LOOK, "%.*s", (int)strcspn(buf_str(&words), "\n"), buf_str(&words));
    buf_release(&words);
    return ok;
}

static bool
look_at_people(struct look *l, const struct launch_target *t)
{
    struct launch_review *r = l->r;
    int64_t excluded = 0;

    if (!segment_reach(l->db, t->criteria, &t->env, l->c->channel, &r->reach, l->err))
        return false;
    if (t->left_out && !launch_target_each(t, l->db, l->db, count_one, NULL, &r->left_out, l->err))
        return false;
    r->reach.matched -= r->left_out;
    r->reach.reachable -= r->left_out;
    split_begin(&l->split, l->c, r->reach.reachable);
    memcpy(r->planned, l->split.left, sizeof r->planned);
    if (!look_at_fixed(l) ||
        !launch_target_each(t, l->db, l->db, look_at_one, l, &excluded, l->err))
        return false;
    if (!l->ok)
        return false;
    if (l->count != r->reach.reachable)
        return error_set(l->err, ERR_INTERNAL,
                         "%" PRId64 " people counted, %" PRId64 " found: please report this",
                         r->reach.reachable, l->count);
    return true;
}

static bool
review_people(struct db *db, const struct config *config, const struct campaign *c, int64_t now_s,
              const struct review_sink *sink, struct launch_review *r, struct error *err)
{
    struct look look = {.db = db,
                        .config = config,
                        .c = c,
                        .r = r,
                        .sink = sink,
                        .now_s = now_s,
                        .ok = true,
                        .err = err};
    struct launch_target target;
    bool ok;

    if (!launch_target_open(&target, db, db, config, c, now_s, err)) {
        if (err->code == ERR_INTERNAL || err->code == ERR_RETRY)
            return false;
        if (json_object_get(c->spec, "segment")) /* else check_file() has said so */
            add_check(r, LAUNCH_STOP, "segment: %s", err->text);
        *err = (struct error){0};
        return true;
    }
    r->everyone = criteria_is_everyone(target.criteria);
    ok = look_at_people(&look, &target);
    if (ok) {
        check_reach(r);
        check_texts(&look);
        ok = check_words(r, db, target.criteria, err);
    }
    buf_release(&look.text);
    free(look.recent_campaigns);
    launch_target_release(&target);
    return ok;
}

bool
launch_review_into(struct db *db, const struct config *config, const struct campaign *c,
                   int64_t now_s, const struct review_sink *sink, struct launch_review *out,
                   struct error *err)
{
    struct launch_review r = {0};
    bool ok = false;

    check_file(&r, db, config, c);
    check_opt_out(&r, c);
    if (!check_replica(&r, db, config, now_s, err) ||
        !check_sending(&r, db, config, c, now_s, err) ||
        !review_people(db, config, c, now_s, sink, &r, err))
        goto out;
    r.cost_micros = r.segments_total * config->sms.price_micros;
    r.finish_at_s = finish_estimate(config, c, now_s, r.segments_total);
    *out = r;
    r = (struct launch_review){0};
    ok = true;
out:
    launch_review_release(&r);
    return ok || error_wrap(err, "review");
}

bool
launch_review(struct db *db, const struct config *config, int64_t id, int64_t now_s,
              struct launch_review *out, struct error *err)
{
    struct campaign c = {0};
    bool ok = campaign_load(db, config, id, &c, err);

    ok = ok ? launch_review_into(db, config, &c, now_s, NULL, out, err) : error_wrap(err, "review");
    campaign_release(&c);
    return ok;
}
