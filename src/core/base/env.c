#include "core/base/env.h"

#include <stdlib.h>

const char *
env_get(const char *name)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): nobody calls setenv() */

    return value && *value ? value : NULL;
}
