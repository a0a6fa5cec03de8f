/* What a YAML scalar means in the core schema of YAML 1.2. */
#ifndef CANVASS_CORE_CONFIG_YAML_SCALAR_H
#define CANVASS_CORE_CONFIG_YAML_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

enum yaml_scalar_kind {
    YAML_IS_NULL,
    YAML_IS_TRUE,
    YAML_IS_FALSE,
    YAML_IS_INTEGER, /* fits in 64 bits */
    YAML_IS_REAL,    /* and integers that do not fit; .inf, 1e999 and .nan are not finite */
    YAML_IS_TEXT
};

struct yaml_scalar {
    enum yaml_scalar_kind kind;
    int64_t integer;
    double real;
};

/* plain: written without quotes and not as a block */
struct yaml_scalar yaml_scalar_read(const char *s, bool plain);

#endif
