/* Criteria from any bytes: read or refused with a place, told, and read again from what is kept. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/segment/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
    if (!ok)
        abort();
}

static void
try_text(const char *text, size_t len, bool yaml)
{
    struct error err = {0};
    struct config config = {0};
    struct segment_env env = {1795424400, &config};
    struct criteria *c = criteria_from_text(text, len, yaml, &err);
    struct criteria *again;
    struct buf sentence = {0};
    json_t *document;

    if (!c) {
        must(err.code == ERR_INVALID && err.text[0] && err.path[0]);
        return;
    }
    segment_explain(c, &env, &sentence);
    must(sentence.len > 0);
    document = criteria_to_json(c);
    again = criteria_from_json(document, &err);
    /* The same document in JSON may be longer than it was, as \u escapes or in YAML. */
    must(again || strstr(err.text, "longer than"));
    if (again)
        must(criteria_is_everyone(c) == criteria_is_everyone(again));
    criteria_free(again);
    json_decref(document);
    buf_release(&sentence);
    criteria_free(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    try_text((const char *)data + 1, size - 1, data[0] == 'y');
    return 0;
}
