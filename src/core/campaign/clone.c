/* Clones: a new draft that leaves out everybody whom its originals reached. */
#include "core/campaign/campaign.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/campaign/clone.h"
#include "core/campaign/spec.h"
#include "core/segment/segment.h"
#include "core/store/campaign_store.h"

static json_t *
not_contacted_by(int64_t id)
{
    return json_pack("{s:{s:{s:I}}}", "not", "contacted_by", "campaign", (json_int_t)id);
}

/* The criteria of the original's segment; NULL with ERR_NONE when it has none yet. */
static json_t *
criteria_of(struct db *db, const struct campaign *c, struct error *err)
{
    const json_t *segment = json_object_get(c->spec, "segment");
    struct criteria *criteria;
    json_t *out;

    *err = (struct error){0};
    if (json_object_size(segment) == 0)
        return NULL;
    criteria = segment_resolve(db, segment, err);
    if (!criteria)
        return NULL;
    out = criteria_to_json(criteria);
    criteria_free(criteria);
    return out;
}

/* {"all": [original, not contacted by it]}; a clone's own list only grows by one. */
static json_t *
criteria_without(json_t *original, const struct campaign *c)
{
    json_t *all = json_object_get(original, "all");
    json_t *list;

    if (c->cloned_from && json_object_size(original) == 1 && json_is_array(all))
        list = json_copy(all);
    else
        list = json_pack("[O]", original);
    (void)json_array_append_new(list, not_contacted_by(c->id));
    return json_pack("{s:o}", "all", list);
}

/* One deeper may be too deep; the family rule below then holds alone. */
static bool
criteria_fit(json_t *original, const struct campaign *c)
{
    json_t *longer = criteria_without(original, c);
    struct error err = {0};
    struct criteria *criteria = criteria_from_json(longer, &err);

    json_decref(longer);
    criteria_free(criteria);
    return criteria != NULL;
}

/* "Autumn recall (copy)", cut so that it fits. */
static char *
clone_name(const char *name)
{
    static const char tail[] = " (copy)";
    size_t len = strlen(name);
    size_t keep = 0;
    size_t count = 0;

    if (len >= strlen(tail) && strcmp(name + len - strlen(tail), tail) == 0)
        len -= strlen(tail);
    while (keep < len && count < SPEC_NAME_MAX - strlen(tail)) {
        keep++;
        while (keep < len && ((unsigned char)name[keep] & 0xC0) == 0x80)
            keep++;
        count++;
    }
    return mem_printf("%.*s%s", (int)keep, name, tail);
}

static json_t *
clone_spec(struct db *ledger, const struct campaign *c, struct error *err)
{
    json_t *spec = json_deep_copy(c->spec);
    json_t *criteria = criteria_of(ledger, c, err);
    json_t *schedule = json_object_get(spec, "schedule");
    char *name;

    if (!criteria && err->code != ERR_NONE) {
        json_decref(spec);
        return NULL;
    }
    if (criteria && criteria_fit(criteria, c))
        (void)json_object_set_new(spec, "segment",
                                  json_pack("{s:o}", "criteria", criteria_without(criteria, c)));
    if (json_object_get(schedule, "start"))
        (void)json_object_set_new(schedule, "start",
                                  json_string("now")); /* its instant was another's */
    if (schedule)
        (void)json_object_del(schedule, "zone");
    name = clone_name(c->name);
    (void)json_object_set_new(spec, "name", json_string(name));
    free(name);
    json_decref(criteria);
    return spec;
}

bool
campaign_clone(struct db *ledger, const struct config *config, int64_t id, int64_t now_s,
               int64_t *new_id, struct error *err)
{
    struct campaign c = {0};
    json_t *spec = NULL;
    bool ok = campaign_load(ledger, config, id, &c, err);

    ok = ok && campaign_may(c.status, CAMPAIGN_DO_CLONE, err);
    if (ok) {
        spec = clone_spec(ledger, &c, err);
        ok = spec && campaign_create_clone(ledger, config, spec, id, now_s, new_id, err);
    }
    json_decref(spec);
    campaign_release(&c);
    return ok || error_wrap(err, "clone campaign %" PRId64, id);
}

/* --- whom a family leaves out */
static bool
names_campaign(const json_t *leaf, int64_t id)
{
    const json_t *campaign = json_object_get(leaf, "campaign");
    int64_t n;

    if (json_is_integer(campaign))
        return json_integer_value(campaign) == id;
    return json_is_string(campaign) && num_parse_i64(json_string_value(campaign), &n) && n == id;
}

/* Whether the criteria ask for people whom the campaign contacted (under an even number of nots).
 */
static bool
asks_for(const json_t *node, int64_t id, bool negated)
{
    const char *key;
    json_t *value;
    json_t *child;
    size_t i;

    json_object_foreach(mem_unconst(node), key, value)
    {
        if (strcmp(key, "not") == 0 && asks_for(value, id, !negated))
            return true;
        if (strcmp(key, "contacted_by") == 0 && !negated && names_campaign(value, id))
            return true;
        json_array_foreach(value, i, child)
        {
            if (json_is_object(child) && asks_for(child, id, negated))
                return true;
        }
    }
    return false;
}

bool
campaign_family_left_out(struct db *db, int64_t id, const struct criteria *criteria, int64_t **ids,
                         size_t *count, struct error *err)
{
    json_t *document;
    size_t kept = 0;

    if (!campaign_store_family(db, id, ids, count, err))
        return false;
    document = criteria_to_json(criteria);
    for (size_t i = 0; i < *count; i++)
        if (!asks_for(document, (*ids)[i], false))
            (*ids)[kept++] = (*ids)[i];
    *count = kept;
    json_decref(document);
    return true;
}
