#include "core/replica/owners.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/base/word_table.h"

#define NONE INT64_MIN
enum { MAX_WORDS = 1 << 20 };

/* One customer. Words are numbers of owners.words, 0 for none. */
struct owner {
    int64_t last_contact, last_appointment, last_appointment_cancelled, last_visit,
        last_cancellation, last_satisfaction_at;
    double last_satisfaction;
    uint32_t status, service, provider, visit_service;
    uint32_t appointments, conversations;
};

struct owners {
    struct key_set *keys; /* owned; the number is the place */
    struct owner *list;   /* owned; made when the first row asks */
    int64_t greatest;     /* number among the keys */
    int64_t least;
    bool any_number, unsure;
    uint32_t *direct; /* owned; by number - least, place + 1; NULL: ask the keys */
    size_t span;
    struct word_table words;
    size_t count;
    struct key last; /* owned text; the key that came before */
    bool any;
};

struct owners *
owners_new(void)
{
    struct owners *o = mem_alloc(sizeof *o);

    o->keys = key_set_new();
    return o;
}

void
owners_free(struct owners *o)
{
    if (!o)
        return;
    owners_end(o);
    free(o);
}

void
owners_end(struct owners *o)
{
    key_set_free(o->keys);
    word_table_release(&o->words);
    free(o->direct);
    free(o->list);
    key_release(&o->last);
    o->keys = NULL;
    o->direct = NULL;
    o->list = NULL;
}

void
owners_add(struct owners *o, const struct key *key)
{
    size_t place = key_set_add(o->keys, key);

    if (place == o->count)
        o->count++;
    if (key->is_text)
        return;
    if (!o->any_number || key->number > o->greatest)
        o->greatest = key->number;
    if (!o->any_number || key->number < o->least)
        o->least = key->number;
    o->any_number = true;
}

size_t
owners_count(const struct owners *o)
{
    return o->count;
}

/* A text's id comes after every number. */
static int64_t
id_of(const struct owners *o, const struct key *key, size_t place)
{
    int64_t base = o->any_number && o->greatest > 0 ? o->greatest : 0;

    if (base > INT64_MAX - (int64_t)o->count - 1)
        base = INT64_MIN; /* near the end of all numbers: before their beginning then */
    return key->is_text ? base + 1 + (int64_t)place : key->number;
}

static int
by_key(const void *a, const void *b, void *keys)
{
    struct key x = key_set_get(keys, *(const uint32_t *)a);
    struct key y = key_set_get(keys, *(const uint32_t *)b);

    return key_compare(&x, &y);
}

bool
owners_in_order(const struct owners *o, bool (*each)(void *ctx, int64_t id, bool key_is_id),
                void *ctx)
{
    uint32_t *places = mem_calloc(o->count, sizeof *places);
    bool ordered = true;
    bool ok = true;

    for (size_t i = 0; i < o->count; i++) {
        places[i] = (uint32_t)i;
        ordered = ordered && (i == 0 || by_key(&places[i - 1], &places[i], o->keys) < 0);
    }
    if (!ordered)
        qsort_r(places, o->count, sizeof *places, by_key, o->keys);
    for (size_t i = 0; ok && i < o->count; i++) {
        struct key key = key_set_get(o->keys, places[i]);

        ok = each(ctx, id_of(o, &key, places[i]), !key.is_text);
    }
    free(places);
    return ok;
}

/* Numbers that leave few gaps, as a serial column's: one look instead of a search. */
static void
make_direct(struct owners *o)
{
    uint64_t span = (uint64_t)o->greatest - (uint64_t)o->least;

    if (!o->any_number || span >= o->count * 4 + 1024)
        return;
    o->span = (size_t)span + 1;
    o->direct = mem_calloc(o->span, sizeof *o->direct);
    for (size_t i = 0; i < o->count; i++) {
        struct key key = key_set_get(o->keys, i);

        if (!key.is_text)
            o->direct[(uint64_t)key.number - (uint64_t)o->least] = (uint32_t)i + 1;
    }
}

bool
owners_find(const struct owners *o, const struct key *key, size_t *place, int64_t *id)
{
    if (o->direct && !key->is_text) {
        uint64_t at = (uint64_t)key->number - (uint64_t)o->least;

        if (at >= o->span || !o->direct[at])
            return false;
        *place = o->direct[at] - 1;
        *id = key->number;
        return true;
    }
    if (!key_set_find(o->keys, key, place))
        return false;
    *id = id_of(o, key, *place);
    return true;
}

static void
make_list(struct owners *o)
{
    if (o->list)
        return;
    make_direct(o);
    o->list = mem_calloc(o->count > 0 ? o->count : 1, sizeof *o->list);
    for (size_t i = 0; i < o->count; i++) {
        struct owner *w = &o->list[i];

        w->last_contact = w->last_appointment = w->last_appointment_cancelled = NONE;
        w->last_visit = w->last_cancellation = w->last_satisfaction_at = NONE;
    }
}

void
owners_begin_table(struct owners *o)
{
    make_list(o);
    key_release(&o->last);
    o->any = false;
}

void
owners_see_key(struct owners *o, const struct key *key)
{
    if (o->unsure)
        return;
    if (o->any && key_compare(&o->last, key) >= 0) {
        o->unsure = true;
        return;
    }
    o->any = true;
    if (!key->is_text) {
        key_release(&o->last);
        o->last.number = key->number;
    } else if (o->last.is_text && strlen(o->last.text) == strlen(key->text)) {
        memcpy(o->last.text, key->text, strlen(key->text));
    } else {
        key_release(&o->last);
        o->last = key_dup(key);
    }
}

bool
owners_are_sure(const struct owners *o)
{
    return !o->unsure;
}

static uint32_t
word_number(struct owners *o, const char *text)
{
    if (!text)
        return 0;
    if (o->words.count >= MAX_WORDS && !word_table_find(&o->words, text)) {
        o->unsure = true;
        return 0;
    }
    return word_table_add(&o->words, text);
}

void
owners_see_appointment(struct owners *o, size_t place, const struct main_appointment *a)
{
    struct owner *w = &o->list[place];

    w->appointments++;
    if (text_eq(a->status, "cancelled") && a->cancelled_at.set &&
        a->cancelled_at.s > w->last_cancellation)
        w->last_cancellation = a->cancelled_at.s;
    if (!a->at.set)
        return;
    /* of the same time the greatest key wins: it comes later */
    if (a->at.s >= w->last_appointment) {
        w->last_appointment = a->at.s;
        w->last_appointment_cancelled = a->cancelled_at.set ? a->cancelled_at.s : NONE;
        w->status = word_number(o, a->status);
        w->service = word_number(o, a->service);
        w->provider = word_number(o, a->provider);
    }
    if (text_eq(a->status, "completed") && a->at.s >= w->last_visit) {
        w->last_visit = a->at.s;
        w->visit_service = word_number(o, a->service);
    }
}

void
owners_see_conversation(struct owners *o, size_t place, const struct main_conversation *c)
{
    struct owner *w = &o->list[place];

    w->conversations++;
    if (!c->at.set)
        return;
    if (c->at.s > w->last_contact)
        w->last_contact = c->at.s;
    if (c->has_satisfaction && c->at.s >= w->last_satisfaction_at) {
        w->last_satisfaction_at = c->at.s;
        w->last_satisfaction = c->satisfaction;
    }
}

static struct main_time
time_of(int64_t s)
{
    return s == NONE ? (struct main_time){0} : (struct main_time){true, s};
}

static const char *
word_of(const struct owners *o, uint32_t number)
{
    return number ? o->words.texts[number - 1] : NULL;
}

void
owners_facts(const struct owners *o, size_t place, struct replica_facts *out)
{
    const struct owner *w = &o->list[place];

    *out = (struct replica_facts){
        .last_contact = time_of(w->last_contact),
        .last_appointment = time_of(w->last_appointment),
        .last_appointment_cancelled_at = time_of(w->last_appointment_cancelled),
        .last_visit = time_of(w->last_visit),
        .last_cancellation = time_of(w->last_cancellation),
        .last_appointment_status = word_of(o, w->status),
        .last_appointment_service = word_of(o, w->service),
        .last_appointment_provider = word_of(o, w->provider),
        .last_visit_service = word_of(o, w->visit_service),
        .appointment_count = w->appointments,
        .conversation_count = w->conversations,
        .has_satisfaction = w->last_satisfaction_at != NONE,
        .last_satisfaction = w->last_satisfaction,
    };
}
