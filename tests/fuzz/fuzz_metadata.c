/* Any bytes as metadata: what jansson reads as an object holds the same keys here. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/mem.h"
#include "core/replica/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
holds(const struct metadata *m, const char *name)
{
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(metadata_name(m, i), name) == 0)
            return true;
    return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size);
    json_t *read = json_loads(text, JSON_DECODE_INT_AS_REAL, NULL);
    struct metadata m = {0};
    size_t held = 0;
    const char *name;
    json_t *value;

    metadata_read(&m, text);
    if (json_is_object(read) && json_object_size(read) <= METADATA_MAX_KEYS) {
        json_object_foreach(read, name, value)
        {
            bool want = !json_is_null(value) && !json_is_false(value);

            held += want;
            if (holds(&m, name) != want)
                abort();
        }
        if (held != m.count)
            abort();
    } else if (json_is_array(read) && m.count > 0) {
        abort();
    }
    json_decref(read);
    metadata_release(&m);
    free(text);
    return 0;
}
