#include "index_same.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/index/file.h"
#include "core/index/index.h"

static size_t
code_at(const struct index_column *c, size_t i)
{
    return c->width == 2 ? ((const uint16_t *)c->data)[i] : ((const uint8_t *)c->data)[i];
}

/* The word or the number behind a code, as text. */
static void
say_code(struct index_file *f, enum index_section other, size_t code, char out[64])
{
    size_t count = 0;
    struct index_column scores;

    out[0] = '\0';
    if (code == 0)
        return;
    if (other != SECTION_SCORES) {
        (void)snprintf(out, 64, "%s", index_file_words(f, other, &count)[code - 1]);
        return;
    }
    assert_true(index_file_column(f, SECTION_SCORES, &scores));
    (void)snprintf(out, 64, "%g", ((const double *)scores.data)[code - 1]);
}

static void
same_section(struct index_file *a, struct index_file *b, enum index_section s)
{
    const struct index_spec *spec = index_spec(s);
    struct index_column x;
    struct index_column y;

    assert_true(index_file_column(a, s, &x) && index_file_column(b, s, &y));
    if (x.count != y.count)
        fail_msg("%s: %zu and %zu", spec->name, x.count, y.count);
    if (spec->kind != KIND_CODE) {
        if (x.width != y.width || memcmp(x.data, y.data, x.count * x.width) != 0)
            fail_msg("%s differs", spec->name);
        return;
    }
    for (size_t i = 0; i < x.count; i++) {
        char one[64];
        char two[64];

        say_code(a, spec->other, code_at(&x, i), one);
        say_code(b, spec->other, code_at(&y, i), two);
        if (strcmp(one, two) != 0)
            fail_msg("%s of %zu: %s and %s", spec->name, i, one, two);
    }
}

/* For each customer the first of those who share the address; the groups may stand in any order. */
static void
first_of_group(struct index_file *f, enum index_section group, enum index_section member,
               uint32_t *first)
{
    struct index_column g;
    struct index_column m;

    assert_true(index_file_column(f, group, &g) && index_file_column(f, member, &m));
    for (size_t i = 0; i < index_file_meta(f)->counts.customers; i++)
        first[i] = UINT32_MAX;
    for (size_t i = 0; i + 1 < g.count; i++) {
        uint32_t from = ((const uint32_t *)g.data)[i];

        for (uint32_t k = from; k < ((const uint32_t *)g.data)[i + 1]; k++)
            first[((const uint32_t *)m.data)[k]] = ((const uint32_t *)m.data)[from];
    }
}

static void
same_sharing(struct index_file *a, struct index_file *b, enum index_section group,
             enum index_section member)
{
    size_t n = index_file_meta(a)->counts.customers;
    uint32_t *x = mem_calloc(n, sizeof *x);
    uint32_t *y = mem_calloc(n, sizeof *y);

    first_of_group(a, group, member, x);
    first_of_group(b, group, member, y);
    assert_memory_equal(x, y, n * sizeof *x);
    free(x);
    free(y);
}

void
index_same_as_read(const char *path, struct db *replica)
{
    struct error err = {0};
    struct buf bytes = {0};
    struct index_file *a = index_file_open(path, &err);
    struct index_file *b;
    bool merged = false;

    if (!a || !index_make_bytes(replica, NULL, &bytes, &merged, &err))
        fail_msg("%s", err.text);
    b = index_file_from(bytes.data, bytes.len, &err);
    assert_non_null(b);
    assert_true(index_file_meta(a)->keys_are_ids == index_file_meta(b)->keys_are_ids);
    assert_int_equal(index_file_meta(a)->generation, index_file_meta(b)->generation);
    for (int s = 0; s < SECTION_COUNT; s++) {
        enum index_kind kind = index_spec((enum index_section)s)->kind;

        if (s >= SECTION_PHONE_GROUP && s <= SECTION_EMAIL_MEMBER)
            continue;
        if (kind != KIND_SCORES && (kind != KIND_WORDS || s == SECTION_WORDS_HELD))
            same_section(a, b, (enum index_section)s);
    }
    same_sharing(a, b, SECTION_PHONE_GROUP, SECTION_PHONE_MEMBER);
    same_sharing(a, b, SECTION_EMAIL_GROUP, SECTION_EMAIL_MEMBER);
    index_file_close(a);
    index_file_close(b);
    buf_release(&bytes);
}
