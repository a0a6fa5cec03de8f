/* Bytes of the index file: for file_read.c, file_write.c and their tests only. */
#ifndef CANVASS_CORE_INDEX_FILE_LAYOUT_H
#define CANVASS_CORE_INDEX_FILE_LAYOUT_H

#include <stdint.h>

#include "core/index/file.h"

#define INDEX_MAGIC "CNVINDEX" /* 8 bytes, without the NUL */
enum { INDEX_ALIGN = 64, INDEX_BYTE_ORDER = 0x01020304, INDEX_KEYS_ARE_IDS = 1, INDEX_NO_HELD = 2 };

struct layout_header {
    char magic[8];
    uint32_t byte_order;
    uint32_t format;
    uint64_t file_bytes;
    int64_t generation;
    uint64_t stamp;
    uint64_t customers, conversations, appointments, held;
    uint32_t flags;
    uint32_t sections;
    uint64_t hash; /* of the header with 0 here, and the table */
};
_Static_assert(sizeof(struct layout_header) == 88, "no holes: every byte is hashed");

struct layout_entry {
    uint64_t offset;
    uint64_t count; /* elements */
    uint32_t width; /* bytes each */
    uint32_t section;
    uint64_t hash;
};
_Static_assert(sizeof(struct layout_entry) == 32, "no holes");

struct layout_head {
    struct layout_header header;
    struct layout_entry table[SECTION_COUNT];
};

#endif
