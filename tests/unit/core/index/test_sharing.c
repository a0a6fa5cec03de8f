/* Shared addresses from hashes: hashes only say where to look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/index/image.h"
#include "core/store/stores.h"

struct people {
    struct db *db;
    struct index_image image;
    struct index_places places;
    struct index_sharing sharing;
};

/* 1 and 3 share a number, 2 and 4 a mailbox. */
static void
people_open(struct people *p)
{
    static const int32_t ids[] = {1, 2, 3, 4};
    struct error err = {0};

    *p = (struct people){.db = stores_open_memory(&err)};
    assert_true(p->db &&
                db_exec(p->db,
                        "INSERT INTO replica.customer (id, key, is_new_client, phone_e164, "
                        "email_norm) VALUES (1, 1, 0, '+13105550001', 'a@example.com'), "
                        "(2, 2, 0, '+13105550002', 'b@example.com'), "
                        "(3, 3, 0, '+13105550001', NULL), (4, 4, 0, NULL, 'b@example.com')",
                        &err));
    column_size(&p->image.columns[SECTION_ID], 4, 4);
    memcpy(p->image.columns[SECTION_ID].data, ids, sizeof ids);
    index_places_make(&p->places, &p->image.columns[SECTION_ID]);
}

static void
people_close(struct people *p)
{
    index_sharing_release(&p->sharing);
    index_places_release(&p->places);
    index_image_release(&p->image);
    db_close(p->db);
}

static void
is_one_pair(const struct people *p, enum index_section group, enum index_section member,
            uint32_t first, uint32_t second)
{
    const uint32_t groups[] = {0, 2};
    const uint32_t members[] = {first, second};

    assert_int_equal(p->image.columns[group].count, 2);
    assert_int_equal(p->image.columns[member].count, 2);
    assert_memory_equal(p->image.columns[group].data, groups, sizeof groups);
    assert_memory_equal(p->image.columns[member].data, members, sizeof members);
}

static void
sharing__equal_addresses_make_a_group(void **state)
{
    struct people p;
    struct error err = {0};

    (void)state;
    people_open(&p);
    index_sharing_note(&p.sharing, INDEX_PHONE, 0, "+13105550001");
    index_sharing_note(&p.sharing, INDEX_PHONE, 1, "+13105550002");
    index_sharing_note(&p.sharing, INDEX_PHONE, 2, "+13105550001");
    index_sharing_note(&p.sharing, INDEX_PHONE, 3, NULL);
    index_sharing_note(&p.sharing, INDEX_EMAIL, 3, "b@example.com"); /* in any order */
    index_sharing_note(&p.sharing, INDEX_EMAIL, 0, "a@example.com");
    index_sharing_note(&p.sharing, INDEX_EMAIL, 1, "b@example.com");
    assert_true(index_sharing_find(&p.image, &p.places, &p.sharing, p.db, &err));
    is_one_pair(&p, SECTION_PHONE_GROUP, SECTION_PHONE_MEMBER, 0, 2);
    is_one_pair(&p, SECTION_EMAIL_GROUP, SECTION_EMAIL_MEMBER, 1, 3);
    people_close(&p);
}

/* As if all of them had one hash. */
static void
sharing__one_hash_of_different_addresses_groups_nobody_wrongly(void **state)
{
    struct people p;
    struct error err = {0};

    (void)state;
    people_open(&p);
    for (uint32_t i = 0; i < 3; i++)
        index_sharing_note(&p.sharing, INDEX_PHONE, i, "the same");
    index_sharing_note(&p.sharing, INDEX_EMAIL, 0, "the same");
    index_sharing_note(&p.sharing, INDEX_EMAIL, 1, "the same");
    index_sharing_note(&p.sharing, INDEX_EMAIL, 3, "the same");
    assert_true(index_sharing_find(&p.image, &p.places, &p.sharing, p.db, &err));
    is_one_pair(&p, SECTION_PHONE_GROUP, SECTION_PHONE_MEMBER, 0, 2);
    is_one_pair(&p, SECTION_EMAIL_GROUP, SECTION_EMAIL_MEMBER, 1, 3);
    people_close(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sharing__equal_addresses_make_a_group),
        cmocka_unit_test(sharing__one_hash_of_different_addresses_groups_nobody_wrongly),
    };

    return cmocka_run_group_tests_name("index/sharing", tests, NULL, NULL);
}
