/*
 * The column index's reader on any bytes. Half of the inputs get hashes that fit, so that what lies
 * behind them (offsets, positions, codes) is reached too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/index/file_layout.h"

/* Makes the head and all hashes agree with the bytes, as far as they can. */
static void
mend(unsigned char *bytes, size_t len)
{
    struct layout_head head;

    if (len < sizeof head)
        return;
    memcpy(&head, bytes, sizeof head);
    memcpy(&head, INDEX_MAGIC, sizeof head.header.magic);
    head.header.byte_order = INDEX_BYTE_ORDER;
    head.header.format = INDEX_FORMAT;
    head.header.sections = SECTION_COUNT;
    head.header.file_bytes = len;
    for (int s = 0; s < SECTION_COUNT; s++) {
        struct layout_entry *e = &head.table[s];

        e->section = (uint32_t)s;
        e->offset -= e->offset % INDEX_ALIGN;
        if (e->width <= 8 && e->offset <= len && e->count <= (len - e->offset) / (e->width + 1))
            e->hash = index_hash(bytes + e->offset, e->count * e->width);
    }
    head.header.hash = 0;
    head.header.hash = index_hash(&head, sizeof head);
    memcpy(bytes, &head, sizeof head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *bytes;
    struct error err = {0};
    struct index_file *f;

    if (size == 0)
        return 0;
    bytes = malloc(size);
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    if (data[size - 1] & 1)
        mend(bytes, size);
    f = index_file_from(bytes, size, &err);
    for (int s = 0; f && s < SECTION_COUNT; s++) {
        struct index_column c;
        size_t count = 0;

        if (index_spec((enum index_section)s)->kind == KIND_WORDS)
            (void)index_file_words(f, (enum index_section)s, &count);
        if (index_file_column(f, (enum index_section)s, &c) && c.count * c.width > 0) {
            volatile unsigned char last = ((const unsigned char *)c.data)[c.count * c.width - 1];

            (void)last;
        }
    }
    index_file_close(f);
    free(bytes);
    return 0;
}
