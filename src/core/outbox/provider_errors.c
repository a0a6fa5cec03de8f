#include "core/outbox/provider_errors.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/embed.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/config/yaml.h"

#define TABLE "data/twilio_errors.yaml"

struct status_range {
    int from, to;
    enum send_class klass;
};

static const char *const class_names[] = {
    [SEND_CLASS_NONE] = "none",           [SEND_CLASS_PERMANENT] = "permanent",
    [SEND_CLASS_OPTED_OUT] = "opted_out", [SEND_CLASS_RETRY] = "retry",
    [SEND_CLASS_LATER] = "later",         [SEND_CLASS_CONFIG] = "config",
    [SEND_CLASS_AMBIGUOUS] = "ambiguous",
};
_Static_assert(ARRAY_LEN(class_names) == SEND_CLASS_COUNT, "a name for every class");

/* Filled once before other threads start, never changed afterwards. */
static struct provider_error *codes;
static size_t code_count;
static struct status_range *ranges;
static size_t range_count;

static bool
class_parse(const char *name, enum send_class *out)
{
    for (size_t i = 1; name && i < SEND_CLASS_COUNT; i++) {
        if (strcmp(name, class_names[i]) == 0) {
            *out = (enum send_class)i;
            return true;
        }
    }
    return false;
}

static int
by_code(const void *a, const void *b)
{
    const struct provider_error *x = a, *y = b;

    return (x->code > y->code) - (x->code < y->code);
}

static bool
read_codes(const json_t *list, struct error *err)
{
    size_t n = json_array_size(list);

    codes = mem_calloc(n ? n : 1, sizeof *codes);
    for (size_t i = 0; i < n; i++) {
        const json_t *row = json_array_get(list, i);
        const char *text = json_string_value(json_object_get(row, "text"));
        int64_t code = json_integer_value(json_object_get(row, "code"));

        if (code <= 0 || code > 999999 || !text ||
            !class_parse(json_string_value(json_object_get(row, "class")), &codes[i].klass))
            return error_set(err, ERR_INTERNAL, TABLE ": codes: row %zu is wrong", i + 1);
        codes[i].code = (int)code;
        codes[i].text = mem_strdup(text);
        code_count = i + 1;
    }
    qsort(codes, code_count, sizeof *codes, by_code);
    for (size_t i = 1; i < code_count; i++)
        if (codes[i].code == codes[i - 1].code)
            return error_set(err, ERR_INTERNAL, TABLE ": code %d is there twice", codes[i].code);
    return code_count > 0 || error_set(err, ERR_INTERNAL, TABLE ": no codes");
}

static bool
read_ranges(const json_t *list, struct error *err)
{
    size_t n = json_array_size(list);

    ranges = mem_calloc(n ? n : 1, sizeof *ranges);
    for (size_t i = 0; i < n; i++) {
        const json_t *row = json_array_get(list, i);

        ranges[i].from = (int)json_integer_value(json_object_get(row, "from"));
        ranges[i].to = (int)json_integer_value(json_object_get(row, "to"));
        if (ranges[i].from < 400 || ranges[i].to < ranges[i].from ||
            !class_parse(json_string_value(json_object_get(row, "class")), &ranges[i].klass))
            return error_set(err, ERR_INTERNAL, TABLE ": status: row %zu is wrong", i + 1);
        range_count = i + 1;
    }
    return true;
}

bool
provider_errors_init(struct error *err)
{
    const struct embed_file *file = embed_find(TABLE);
    struct yaml_doc doc = {0};
    bool ok = false;

    if (codes)
        return true;
    if (!file)
        return error_set(err, ERR_INTERNAL, TABLE " is not built in");
    ok = yaml_parse(file->data, (size_t)(file->end - file->data), &doc, err) &&
         read_codes(json_object_get(doc.root, "codes"), err) &&
         read_ranges(json_object_get(doc.root, "status"), err);
    yaml_release(&doc);
    if (!ok)
        provider_errors_release();
    return ok;
}

void
provider_errors_release(void)
{
    for (size_t i = 0; i < code_count; i++)
        free(codes[i].text);
    free(codes);
    free(ranges);
    codes = NULL;
    ranges = NULL;
    code_count = range_count = 0;
}

const struct provider_error *
provider_error_find(int code)
{
    struct provider_error key = {.code = code};

    return codes ? bsearch(&key, codes, code_count, sizeof *codes, by_code) : NULL;
}

enum send_class
provider_error_class_of_status(int http_status)
{
    for (size_t i = 0; i < range_count; i++)
        if (http_status >= ranges[i].from && http_status <= ranges[i].to)
            return ranges[i].klass;
    return SEND_CLASS_AMBIGUOUS;
}
