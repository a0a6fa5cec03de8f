/* The flat form as nodes of the tree (semantics.md "The flat form"). */
#include <string.h>

#include "ui/screen/wizard_rows.h"

static bool
is_flat(const char *key)
{
    for (size_t i = 0; i < FLAT_KEY_COUNT; i++)
        if (strcmp(flat_table()[i].name, key) == 0)
            return true;
    return false;
}

static json_t *
get(const json_t *object, enum flat_key key)
{
    return json_object_get(object, flat_table()[key].name);
}

static void
put(json_t *object, const char *key, json_t *value)
{
    if (value)
        (void)json_object_set(object, key, value);
}

/* {leaf: {key: value}} */
static void
add_leaf(json_t *nodes, const char *leaf, const char *key, json_t *value)
{
    if (value)
        (void)json_array_append_new(nodes, json_pack("{s:{s:O}}", leaf, key, value));
}

static void
add_conversation(json_t *nodes, const json_t *flat)
{
    json_t *intent = get(flat, FLAT_HAS_BOOKING_INTENT);
    json_t *least = get(flat, FLAT_MIN_SATISFACTION);
    json_t *most = get(flat, FLAT_MAX_SATISFACTION);
    json_t *filter = json_object();

    put(filter, "channel", get(flat, FLAT_CHANNEL));
    put(filter, "outcome", get(flat, FLAT_OUTCOME));
    if (json_is_true(intent))
        put(filter, "booking_intent", intent);
    if (least || most) {
        json_t *score = json_object();
        put(score, ">=", least);
        put(score, "<=", most);
        (void)json_object_set_new(filter, "satisfaction", score);
    }
    if (json_object_size(filter) > 0)
        (void)json_array_append_new(nodes, json_pack("{s:O}", "conversation", filter));
    json_decref(filter);
    if (json_is_false(intent)) {
        json_t *none = json_pack("{s:b}", "booking_intent", 1);
        put(none, "channel", get(flat, FLAT_CHANNEL));
        (void)json_array_append_new(nodes, json_pack("{s:{s:o}}", "not", "conversation", none));
    }
}

static void
add_appointments(json_t *nodes, const json_t *flat)
{
    json_t *has = get(flat, FLAT_HAS_APPOINTMENT);
    json_t *status = get(flat, FLAT_LAST_STATUS);
    json_t *cancelled = get(flat, FLAT_SINCE_CANCELLATION);

    if (json_is_true(has))
        (void)json_array_append_new(nodes, json_pack("{s:{s:i}}", "appointment_count", ">=", 1));
    else if (has)
        (void)json_array_append_new(nodes, json_pack("{s:i}", "appointment_count", 0));
    if (status && cancelled)
        (void)json_array_append_new(nodes, json_pack("{s:{s:O,s:O}}", "last_appointment", "status",
                                                     status, "cancelled_within_days", cancelled));
    else if (status)
        add_leaf(nodes, "last_appointment", "status", status);
    else
        add_leaf(nodes, "last_cancellation", "within_days", cancelled);
}

json_t *
wrows_flat_nodes(json_t *object)
{
    json_t *nodes = json_array();
    json_t *page = get(object, FLAT_METADATA_KEY);
    json_t *visit = get(object, FLAT_SINCE_VISIT);
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    { /* leaves first, as core has them */
        if (!is_flat(key))
            (void)json_array_append_new(nodes, json_pack("{s:O}", key, value));
    }
    add_conversation(nodes, object);
    add_appointments(nodes, object);
    add_leaf(nodes, "last_contact", "older_than_days", get(object, FLAT_SINCE_CONTACT));
    add_leaf(nodes, "last_appointment", "older_than_days", get(object, FLAT_SINCE_APPOINTMENT));
    add_leaf(nodes, "last_activity", "older_than_days", get(object, FLAT_SINCE_ACTIVITY));
    if (page && visit)
        (void)json_array_append_new(
            nodes, json_pack("{s:{s:O,s:O}}", "page_visit", "key", page, "older_than_days", visit));
    else if (page)
        (void)json_array_append_new(
            nodes, json_pack("{s:{s:O,s:b}}", "page_visit", "key", page, "never", 0));
    return nodes;
}
