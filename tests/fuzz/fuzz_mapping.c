/* Mapping files: any bytes give a mapping or errors with their place. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/config/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mapping m;
    struct buf errors = {0};
    struct error err = {0};
    bool ok = mapping_parse("fuzz", (const char *)data, size, &m, &errors, &err);

    if (ok != (errors.len == 0) || (ok && !m.tables[MAIN_CUSTOMERS].select))
        abort();
    mapping_release(&m);
    buf_release(&errors);
    return 0;
}
