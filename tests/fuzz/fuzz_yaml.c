/* Any bytes as YAML: an error with a place, or a document that can be written and read back the
 * same. */
#include <stdint.h>
#include <stdlib.h>

#include "core/config/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_doc doc = {0};
    struct yaml_doc again = {0};
    struct error err = {0};
    struct buf text = {0};

    if (!yaml_parse((const char *)data, size, &doc, &err)) {
        if (!err.text[0])
            abort();
        return 0;
    }
    if (doc.root && yaml_write(doc.root, &text, &err)) {
        if (!yaml_parse(buf_str(&text), text.len, &again, &err) ||
            !json_equal(doc.root, again.root))
            abort();
    }
    yaml_release(&doc);
    yaml_release(&again);
    buf_release(&text);
    return 0;
}
