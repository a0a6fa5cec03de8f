/* Where a segment's criteria come from: a template, a saved segment, or the document itself. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/segment/criteria_tree.h"
#include "core/store/segment_store.h"

enum { NAME_MAX_CHARS = 100 };

static bool
name_is_fit(const char *name, struct error *err)
{
    size_t chars = 0;

    if (text_is_blank(name))
        return error_set(err, ERR_INVALID, "a saved segment needs a name");
    if (!utf8_is_valid(name, strlen(name)))
        return error_set(err, ERR_INVALID, "the name of a segment must be UTF-8");
    for (const char *s = name; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7F)
            return error_set(err, ERR_INVALID, "the name of a segment holds no control characters");
        chars += ((unsigned char)*s & 0xC0) != 0x80;
    }
    if (chars > NAME_MAX_CHARS)
        return error_set(err, ERR_INVALID, "the name of a segment has at most %d characters",
                         NAME_MAX_CHARS);
    return true;
}

bool
segment_save(struct db *ledger, const char *name, const struct criteria *c, int64_t now_s,
             struct error *err)
{
    char *text;
    bool ok;

    if (!name_is_fit(name, err))
        return false;
    text = json_dumps(c->document, JSON_COMPACT | JSON_REAL_PRECISION(17));
    ok = text ? segment_store_save(ledger, name, text, now_s, err)
              : error_set(err, ERR_INTERNAL, "the criteria cannot be written as JSON");
    free(text);
    return ok;
}

bool
segment_rename(struct db *ledger, const char *name, const char *to, struct error *err)
{
    return name_is_fit(to, err) && segment_store_rename(ledger, name, to, err);
}

json_t *
segment_combine(enum segment_combination how, json_t *a, json_t *b)
{
    switch (how) {
    case COMBINE_ALL:
        return json_pack("{s:[O,O]}", "all", a, b);
    case COMBINE_ANY:
        return json_pack("{s:[O,O]}", "any", a, b);
    case COMBINE_WITHOUT:
        break;
    }
    return json_pack("{s:[O,{s:O}]}", "all", a, "not", b);
}

bool
segment_delete(struct db *ledger, const char *name, struct error *err)
{
    return segment_store_delete(ledger, name, err);
}

static struct criteria *
load_saved(struct db *db, const char *name, struct error *err)
{
    struct criteria *c = NULL;
    char *text = NULL;

    if (!segment_store_load(db, name, &text, err))
        return NULL;
    c = criteria_from_text(text, strlen(text), false, err);
    if (!c)
        (void)error_wrap(err, "saved segment \"%.100s\"", name);
    free(text);
    return c;
}

static struct criteria *
load_template(const char *name, struct error *err)
{
    const struct segment_template *t = segment_template_find(name);
    const struct segment_template *list;
    const char *near;
    size_t count = 0;

    if (t)
        return criteria_from_json(t->criteria, err);
    list = segment_template_list(&count);
    near = count ? text_nearest(name, &list[0].name, count, sizeof list[0]) : NULL;
    (void)error_set(err, ERR_NOT_FOUND, "no segment template is called \"%.100s\"%s%s%s", name,
                    near ? "; did you mean " : "; `canvass segment templates` shows them",
                    near ? near : "", near ? "?" : "");
    return NULL;
}

struct criteria *
segment_resolve(struct db *db, const json_t *segment, struct error *err)
{
    static const char *const words[] = {"template", "saved", "criteria"};
    const char *key = NULL;
    json_t *value = NULL;
    const char *near;

    if (!json_is_object(segment) || json_object_size(segment) != 1) {
        (void)error_set_at(err, ERR_INVALID, "/",
                           "a segment is {template: NAME}, {saved: NAME} or {criteria: {...}}");
        return NULL;
    }
    key = json_object_iter_key(json_object_iter(mem_unconst(segment)));
    value = json_object_get(segment, key);
    if (strcmp(key, "criteria") == 0) {
        char path[sizeof err->path];
        struct criteria *c = criteria_from_json(value, err);

        if (!c) { /* the place in the segment, not in the criteria alone */
            (void)text_copy(path, sizeof path, err->path);
            (void)text_copy(err->path, sizeof err->path, "/criteria");
            if (strcmp(path, "/") != 0)
                (void)text_copy(err->path + strlen("/criteria"),
                                sizeof err->path - strlen("/criteria"), path);
        }
        return c;
    }
    near = text_nearest(key, words, ARRAY_LEN(words), sizeof words[0]);
    if (strcmp(key, "template") != 0 && strcmp(key, "saved") != 0) {
        (void)error_set_at(err, ERR_INVALID, "/", "unknown key \"%.60s\"; %s%s", key,
                           near ? "did you mean " : "known are template, saved and criteria",
                           near ? near : "");
        return NULL;
    }
    if (!json_is_string(value)) {
        (void)error_set_at(err, ERR_INVALID, key[0] == 't' ? "/template" : "/saved",
                           "takes a name");
        return NULL;
    }
    return key[0] == 't' ? load_template(json_string_value(value), err)
                         : load_saved(db, json_string_value(value), err);
}

bool
segment_saved_list(struct db *db, struct saved_segment **out, size_t *count, struct error *err)
{
    struct segment_row *rows = NULL;

    *out = NULL;
    if (!segment_store_list(db, &rows, count, err))
        return false;
    *out = mem_calloc(*count ? *count : 1, sizeof **out);
    for (size_t i = 0; i < *count; i++) {
        (*out)[i].name = mem_strdup(rows[i].name);
        (*out)[i].criteria = json_loads(rows[i].criteria, 0, NULL);
        (*out)[i].updated_at = rows[i].updated_at_s;
    }
    segment_store_list_release(rows, *count);
    return true;
}

void
segment_saved_list_release(struct saved_segment *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].name);
        json_decref(list[i].criteria);
    }
    free(list);
}
