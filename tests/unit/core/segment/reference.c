#include "core/segment/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const long double DAY = 86400;

int
ref_key_compare(const struct ref_key *a, const struct ref_key *b)
{
    if (a->is_text != b->is_text)
        return a->is_text ? 1 : -1;
    if (a->is_text)
        return strcmp(a->text, b->text);
    return a->number < b->number ? -1 : a->number > b->number;
}

static bool
same(const struct ref_key *a, const struct ref_key *b)
{
    return ref_key_compare(a, b) == 0;
}

static const json_t *
get(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

static long double
number(const json_t *n)
{
    return json_is_integer(n) ? (long double)json_integer_value(n)
                              : (long double)json_real_value(n);
}

/* older_than_days: the time exists and t <= now - N days. A key that is not given holds. */
static bool
older(const struct ref_world *w, struct ref_time t, const json_t *days)
{
    if (!days)
        return true;
    return t.set && (long double)t.s <= (long double)w->now - number(days) * DAY;
}

static bool
within(const struct ref_world *w, struct ref_time t, const json_t *days)
{
    if (!days)
        return true;
    return t.set && (long double)t.s >= (long double)w->now - number(days) * DAY;
}

static bool
never(struct ref_time t, const json_t *flag)
{
    if (!flag)
        return true;
    return json_is_true(flag) ? !t.set : t.set;
}

static bool
word(const char *value, const json_t *words)
{
    const json_t *item;
    size_t i;

    if (!words)
        return true;
    if (!value)
        return false;
    if (json_is_string(words))
        return strcmp(value, json_string_value(words)) == 0;
    json_array_foreach(words, i, item) if (strcmp(value, json_string_value(item)) == 0) return true;
    return false;
}

static bool
compare(long double value, const json_t *with)
{
    const json_t *n;

    if (!with)
        return true;
    if (json_is_number(with))
        return value == number(with);
    if ((n = get(with, "<")) && !(value < number(n)))
        return false;
    if ((n = get(with, "<=")) && !(value <= number(n)))
        return false;
    if ((n = get(with, ">")) && !(value > number(n)))
        return false;
    if ((n = get(with, ">=")) && !(value >= number(n)))
        return false;
    if ((n = get(with, "!=")) && !(value != number(n)))
        return false;
    return true;
}

static bool
flag(bool value, const json_t *wanted)
{
    return !wanted || value == json_is_true(wanted);
}

static void
later(struct ref_time *best, struct ref_time t)
{
    if (t.set && (!best->set || t.s > best->s))
        *best = t;
}

#define EACH_CONVERSATION(v)                                                                       \
    for (const struct ref_conversation *v = w->conversations;                                      \
         v < w->conversations + w->conversation_count; v++)                                        \
        if (same(&v->customer, &c->key))
#define EACH_APPOINTMENT(a)                                                                        \
    for (const struct ref_appointment *a = w->appointments;                                        \
         a < w->appointments + w->appointment_count; a++)                                          \
        if (same(&a->customer, &c->key))

static struct ref_time
last_contact(const struct ref_world *w, const struct ref_customer *c)
{
    struct ref_time best = {false, 0};

    EACH_CONVERSATION(v) later(&best, v->at);
    return best;
}

static const struct ref_appointment *
the_last_appointment(const struct ref_world *w, const struct ref_customer *c)
{
    const struct ref_appointment *best = NULL;

    EACH_APPOINTMENT(a)
    {
        if (!a->at.set)
            continue;
        if (!best || a->at.s > best->at.s ||
            (a->at.s == best->at.s && ref_key_compare(&a->key, &best->key) > 0))
            best = a;
    }
    return best;
}

static struct ref_time
last_appointment(const struct ref_world *w, const struct ref_customer *c)
{
    const struct ref_appointment *a = the_last_appointment(w, c);

    return a ? a->at : (struct ref_time){false, 0};
}

static bool
has_word(const char *value, const char *is)
{
    return value && strcmp(value, is) == 0;
}

static struct ref_time
last_visit(const struct ref_world *w, const struct ref_customer *c)
{
    struct ref_time best = {false, 0};

    EACH_APPOINTMENT(a) if (has_word(a->status, "completed")) later(&best, a->at);
    return best;
}

static struct ref_time
last_cancellation(const struct ref_world *w, const struct ref_customer *c)
{
    struct ref_time best = {false, 0};

    EACH_APPOINTMENT(a) if (has_word(a->status, "cancelled")) later(&best, a->cancelled);
    return best;
}

static struct ref_time
next_appointment(const struct ref_world *w, const struct ref_customer *c)
{
    struct ref_time best = {false, 0};

    EACH_APPOINTMENT(a)
    {
        if (has_word(a->status, "scheduled") && a->at.set && a->at.s >= w->now &&
            (!best.set || a->at.s < best.s))
            best = a->at;
    }
    return best;
}

static bool
booking_intent(const struct ref_world *w, const struct ref_conversation *v)
{
    for (const char *const *o = w->booking_outcomes; *o; o++)
        if (has_word(v->outcome, *o))
            return true;
    return v->open_request;
}

static bool
holds_key(const struct ref_conversation *v, const json_t *key)
{
    if (!key)
        return true;
    for (size_t i = 0; i < v->held_count; i++)
        if (strcmp(v->held[i].key, json_string_value(key)) == 0)
            return true;
    return false;
}

static bool
conversation(const struct ref_world *w, const struct ref_customer *c, const json_t *f)
{
    const json_t *count = get(f, "count");
    long double n = 0;

    EACH_CONVERSATION(v)
    {
        n += word(v->channel, get(f, "channel")) && word(v->type, get(f, "type")) &&
             word(v->status, get(f, "status")) && word(v->outcome, get(f, "outcome")) &&
             word(v->sentiment, get(f, "sentiment")) &&
             flag(booking_intent(w, v), get(f, "booking_intent")) &&
             (!get(f, "satisfaction") ||
              (v->scored && compare((long double)v->score, get(f, "satisfaction")))) &&
             older(w, v->at, get(f, "older_than_days")) &&
             within(w, v->at, get(f, "within_days")) && holds_key(v, get(f, "has_metadata"));
    }
    return count ? compare(n, count) : n >= 1;
}

static bool
appointment(const struct ref_world *w, const struct ref_customer *c, const json_t *f)
{
    const json_t *count = get(f, "count");
    long double n = 0;

    EACH_APPOINTMENT(a)
    {
        n += word(a->status, get(f, "status")) && word(a->service, get(f, "service")) &&
             word(a->provider, get(f, "provider")) && word(a->booked_by, get(f, "booked_by")) &&
             older(w, a->at, get(f, "older_than_days")) &&
             within(w, a->at, get(f, "within_days")) &&
             flag(a->at.set && a->at.s >= w->now, get(f, "upcoming"));
    }
    return count ? compare(n, count) : n >= 1;
}

/* Lower case of the few letters that the tests use; code point by code point. */
static char *
lower(const char *s)
{
    static const char *const pairs[][2] = {
        {"Å", "å"}, {"É", "é"}, {"Σ", "σ"}, {"Ί", "ί"}, {"İ", "i"}, {"ẞ", "ß"},
    };
    char *out = calloc(1, strlen(s) * 2 + 1);
    char *to = out;

    while (*s) {
        size_t i = 0;

        while (i < sizeof pairs / sizeof pairs[0] &&
               strncmp(s, pairs[i][0], strlen(pairs[i][0])) != 0)
            i++;
        if (i < sizeof pairs / sizeof pairs[0]) {
            size_t len = strlen(pairs[i][1]);

            memcpy(to, pairs[i][1], len);
            to += len;
            s += strlen(pairs[i][0]);
        } else {
            *to++ = (char)(*s >= 'A' && *s <= 'Z' ? *s + 32 : *s);
            s++;
        }
    }
    return out;
}

static bool
contains(const char *text, const json_t *part)
{
    char *a;
    char *b;
    bool found;

    if (!part)
        return true;
    if (!text)
        return false;
    a = lower(text);
    b = lower(json_string_value(part));
    found = strstr(a, b) != NULL;
    free(a);
    free(b);
    return found;
}

static bool
customer(const struct ref_world *w, const struct ref_customer *c, const json_t *f)
{
    return flag(c->is_new, get(f, "is_new_client")) &&
           flag(c->phone != NULL, get(f, "has_phone")) &&
           flag(c->email_same != NULL, get(f, "has_email")) &&
           within(w, c->created, get(f, "created_within_days")) &&
           older(w, c->created, get(f, "created_older_than_days")) &&
           contains(c->name, get(f, "name_contains")) &&
           contains(c->notes, get(f, "notes_contain"));
}

static bool
page_visit(const struct ref_world *w, const struct ref_customer *c, const char *key,
           const json_t *f)
{
    struct ref_time best = {false, 0};

    EACH_CONVERSATION(v)
    {
        for (size_t i = 0; i < v->held_count; i++)
            if (strcmp(v->held[i].key, key) == 0)
                later(&best, v->held[i].value.set ? v->held[i].value : v->at);
    }
    return older(w, best, get(f, "older_than_days")) && within(w, best, get(f, "within_days")) &&
           never(best, get(f, "never"));
}

static bool
is_contacted(const struct ref_delivery *d)
{
    return has_word(d->state, "accepted") || has_word(d->state, "sent") ||
           has_word(d->state, "delivered") || has_word(d->state, "undelivered");
}

static bool
contacted_by(const struct ref_world *w, const struct ref_customer *c, const json_t *f)
{
    const json_t *campaign = get(f, "campaign");
    const json_t *state = get(f, "state");
    const char *wanted = state ? json_string_value(state) : "contacted";

    for (const struct ref_delivery *d = w->deliveries; d < w->deliveries + w->delivery_count; d++) {
        bool fits = false;
        struct ref_time t = strcmp(wanted, "replied") == 0 ? d->replied : d->accepted;

        if (!same(&d->customer, &c->key))
            continue;
        if (campaign && json_is_integer(campaign) && json_integer_value(campaign) != d->campaign)
            continue;
        if (strcmp(wanted, "contacted") == 0)
            fits = is_contacted(d);
        else if (strcmp(wanted, "replied") == 0)
            fits = is_contacted(d) && d->replied.set;
        else if (strcmp(wanted, "not_replied") == 0)
            fits = is_contacted(d) && !d->replied.set;
        else
            fits = has_word(d->state, "failed") || has_word(d->state, "undelivered");
        if (fits && within(w, t, get(f, "within_days")) && older(w, t, get(f, "older_than_days")))
            return true;
    }
    return false;
}

static bool
aged(const struct ref_world *w, struct ref_time t, const json_t *f)
{
    return older(w, t, get(f, "older_than_days")) && within(w, t, get(f, "within_days")) &&
           never(t, get(f, "never"));
}

static bool
leaf_last_appointment(const struct ref_world *w, const struct ref_customer *c, const json_t *f)
{
    const struct ref_appointment *a = the_last_appointment(w, c);
    const struct ref_appointment none = {.at = {false, 0}};

    if (!a)
        a = &none;
    return aged(w, a->at, f) && word(a->status, get(f, "status")) &&
           word(a->service, get(f, "service")) && word(a->provider, get(f, "provider")) &&
           within(w, a->cancelled, get(f, "cancelled_within_days"));
}

static bool
leaf_next(const struct ref_world *w, const struct ref_customer *c, const json_t *f)
{
    struct ref_time t = next_appointment(w, c);
    const json_t *days = get(f, "in_next_days");

    if (days &&
        !(t.set && w->now <= t.s && (long double)t.s <= (long double)w->now + number(days) * DAY))
        return false;
    return never(t, get(f, "never"));
}

static bool
leaf_satisfaction(const struct ref_world *w, const struct ref_customer *c, const json_t *f)
{
    const struct ref_conversation *best = NULL;

    EACH_CONVERSATION(v)
    {
        if (!v->scored || !v->at.set)
            continue;
        if (!best || v->at.s > best->at.s ||
            (v->at.s == best->at.s && ref_key_compare(&v->key, &best->key) > 0))
            best = v;
    }
    return best && compare((long double)best->score, f);
}

static long double
count_conversations(const struct ref_world *w, const struct ref_customer *c)
{
    long double n = 0;

    EACH_CONVERSATION(v) n++;
    return n;
}

static long double
count_appointments(const struct ref_world *w, const struct ref_customer *c)
{
    long double n = 0;

    EACH_APPOINTMENT(a) n++;
    return n;
}

/* channel, has_booking_intent, outcome and the scores: one and the same conversation. */
static bool
flat_conversation(const struct ref_world *w, const struct ref_customer *c, const json_t *o)
{
    const json_t *intent = get(o, "has_booking_intent");
    const json_t *low = get(o, "min_satisfaction_score");
    const json_t *high = get(o, "max_satisfaction_score");
    bool asked = get(o, "channel") || get(o, "outcome") || low || high || json_is_true(intent);
    bool found = false;
    bool with_intent = false;

    EACH_CONVERSATION(v)
    {
        bool fits = word(v->channel, get(o, "channel")) && word(v->outcome, get(o, "outcome"));

        if (low)
            fits = fits && v->scored && (long double)v->score >= number(low);
        if (high)
            fits = fits && v->scored && (long double)v->score <= number(high);
        if (json_is_true(intent))
            fits = fits && booking_intent(w, v);
        found = found || fits;
        with_intent = with_intent || (booking_intent(w, v) && word(v->channel, get(o, "channel")));
    }
    if (asked && !found)
        return false;
    return !(json_is_false(intent) && with_intent);
}

static bool
flat(const struct ref_world *w, const struct ref_customer *c, const json_t *o)
{
    const json_t *status = get(o, "last_appointment_status");
    const json_t *cancelled = get(o, "days_since_cancellation");
    const json_t *key = get(o, "metadata_key");
    const struct ref_appointment *last = the_last_appointment(w, c);
    struct ref_time activity = {false, 0};

    later(&activity, last_contact(w, c));
    later(&activity, last_appointment(w, c));
    if (!flat_conversation(w, c, o))
        return false;
    if (get(o, "has_appointment") &&
        json_is_true(get(o, "has_appointment")) != (count_appointments(w, c) >= 1))
        return false;
    if (!older(w, last_contact(w, c), get(o, "days_since_last_contact")) ||
        !older(w, last_appointment(w, c), get(o, "days_since_last_appointment")) ||
        !older(w, activity, get(o, "days_since_last_activity")))
        return false;
    if (status && !(last && word(last->status, status) && within(w, last->cancelled, cancelled)))
        return false;
    if (!status && cancelled && !within(w, last_cancellation(w, c), cancelled))
        return false;
    if (key) {
        json_t *f = json_object();
        bool ok;

        if (get(o, "days_since_visit"))
            (void)json_object_set(f, "older_than_days", json_object_get(o, "days_since_visit"));
        else
            (void)json_object_set_new(f, "never", json_false());
        ok = page_visit(w, c, json_string_value(key), f);
        json_decref(f);
        return ok;
    }
    return true;
}

/* One key of an object; the flat keys are looked at together elsewhere. */
static bool
leaf(const struct ref_world *w, const struct ref_customer *c, const char *name, const json_t *f)
{
    struct ref_time activity = {false, 0};

    later(&activity, last_contact(w, c));
    later(&activity, last_appointment(w, c));
    if (strcmp(name, "last_contact") == 0)
        return aged(w, last_contact(w, c), f);
    if (strcmp(name, "last_appointment") == 0)
        return leaf_last_appointment(w, c, f);
    if (strcmp(name, "last_visit") == 0)
        return aged(w, last_visit(w, c), f);
    if (strcmp(name, "next_appointment") == 0)
        return leaf_next(w, c, f);
    if (strcmp(name, "last_cancellation") == 0)
        return aged(w, last_cancellation(w, c), f);
    if (strcmp(name, "last_activity") == 0)
        return aged(w, activity, f);
    if (strcmp(name, "appointment_count") == 0)
        return compare(count_appointments(w, c), f);
    if (strcmp(name, "conversation_count") == 0)
        return compare(count_conversations(w, c), f);
    if (strcmp(name, "last_satisfaction") == 0)
        return leaf_satisfaction(w, c, f);
    if (strcmp(name, "conversation") == 0)
        return conversation(w, c, f);
    if (strcmp(name, "appointment") == 0)
        return appointment(w, c, f);
    if (strcmp(name, "customer") == 0)
        return customer(w, c, f);
    if (strcmp(name, "page_visit") == 0)
        return page_visit(w, c, json_string_value(get(f, "key")), f);
    if (strcmp(name, "contacted_by") == 0)
        return contacted_by(w, c, f);
    return true;
}

bool
ref_matches(const struct ref_world *w, const struct ref_customer *c, const json_t *node)
{
    const json_t *list;
    const json_t *value;
    const char *name;
    size_t i;

    if ((list = get(node, "all"))) {
        json_array_foreach(list, i, value) if (!ref_matches(w, c, value)) return false;
        return true;
    }
    if ((list = get(node, "any"))) {
        json_array_foreach(list, i, value) if (ref_matches(w, c, value)) return true;
        return false;
    }
    if ((value = get(node, "not")))
        return !ref_matches(w, c, value);
    for (void *it = json_object_iter((json_t *)(uintptr_t)node); it;
         it = json_object_iter_next((json_t *)(uintptr_t)node, it)) {
        name = json_object_iter_key(it);
        if (!leaf(w, c, name, json_object_iter_value(it)))
            return false;
    }
    return flat(w, c, node);
}

const char *
ref_address(const struct ref_customer *c, const char *channel)
{
    return strcmp(channel, "email") == 0 ? c->email_send : c->phone;
}

/* The form in which addresses are compared; caller frees, NULL when there is none. */
static char *
address_form(const char *address)
{
    return address ? lower(address) : NULL;
}

static bool
is_suppressed(const struct ref_world *w, const char *form, const char *channel)
{
    bool found = false;

    for (size_t i = 0; i < w->suppression_count; i++) {
        char *other = address_form(w->suppressions[i].address);

        if (strcmp(other, form) == 0 && (strcmp(w->suppressions[i].channel, channel) == 0 ||
                                         strcmp(w->suppressions[i].channel, "all") == 0))
            found = true;
        free(other);
    }
    return found;
}

static bool
is_capped(const struct ref_world *w, const char *form)
{
    const json_int_t days = w->cap_days;
    int64_t n = 0;

    for (size_t i = 0; i < w->delivery_count; i++) {
        const struct ref_delivery *d = &w->deliveries[i];
        char *other = address_form(d->address);

        if (strcmp(other, form) == 0) {
            if (has_word(d->state, "sending") || has_word(d->state, "in_doubt"))
                n++;
            else if (is_contacted(d) && d->accepted.s >= w->now - days * 86400)
                n++;
        }
        free(other);
    }
    return w->cap_messages > 0 && n + 1 > w->cap_messages;
}

void
ref_reach(const struct ref_world *w, const json_t *document, const char *channel,
          const char *out[REF_ROWS])
{
    for (size_t i = 0; i < w->customer_count; i++) {
        char *form = address_form(ref_address(&w->customers[i], channel));

        out[i] = "";
        if (!ref_matches(w, &w->customers[i], document)) {
            free(form);
            continue;
        }
        if (!form)
            out[i] = "no_address";
        else if (is_suppressed(w, form, channel))
            out[i] = "opted_out";
        else if (is_capped(w, form))
            out[i] = "capped";
        else
            out[i] = "reachable";
        for (size_t k = 0; k < i && strcmp(out[i], "reachable") == 0; k++) {
            char *other = address_form(ref_address(&w->customers[k], channel));

            if (other && strcmp(out[k], "reachable") == 0 && strcmp(other, form) == 0)
                out[i] = "duplicate_address";
            free(other);
        }
        free(form);
    }
}
