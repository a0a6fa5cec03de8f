/* Binary COPY: any bytes, cut into messages by their first bytes, give rows or an error. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "net/postgres_row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One message of exactly len bytes and the terminator that libpq adds: what reads beyond is found.
 */
static bool
take(struct pgcopy *c, struct pgrow *r, const struct mapping *m, enum main_table table,
     const uint8_t *bytes, size_t len)
{
    struct pgcopy_field fields[MAIN_COLUMNS_MAX];
    struct main_row row;
    struct error err = {0};
    size_t count;
    bool has = false;
    char *data = mem_alloc(len + 1);
    bool ok;

    memcpy(data, bytes, len);
    (void)main_columns(table, &count);
    ok = pgcopy_take(c, data, len, count - 1, fields, &has, &err);
    if (ok && has)
        ok = pgrow_read(r, m, table, fields, &row, &err);
    if (ok == (err.code != ERR_NONE))
        abort();
    free(data);
    return ok;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mapping m = {0};
    struct pgrow r = {0};
    struct pgcopy c = {0};
    enum main_table table;

    if (size < 2)
        return 0;
    table = (enum main_table)(data[0] % MAIN_TABLE_COUNT);
    c.started = data[0] & 4;
    for (int t = 0; t < MAIN_TABLE_COUNT; t++)
        m.tables[t].key = (enum mapping_key)((data[0] >> 3) % 3);
    data++;
    size--;
    while (size > 0) {
        size_t len = data[0] < size ? data[0] : size - 1;

        if (!take(&c, &r, &m, table, data + 1, len))
            break;
        data += 1 + len;
        size -= 1 + len;
    }
    pgrow_release(&r);
    return 0;
}
