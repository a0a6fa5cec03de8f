/*
 * A number of 36 bits made of a key's text, the same however the main database writes the key:
 * UUIDs count in lower case, 7 and '7' are one. Sums of it over a table tell whether two tables
 * hold the same keys; it is SQL's key_hash(x) too.
 */
#ifndef CANVASS_CORE_STORE_KEY_HASH_H
#define CANVASS_CORE_STORE_KEY_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t key_hash_text(const char *text, size_t len);
int64_t key_hash_number(int64_t number);
/* 8-4-4-4-12 hex digits. */
bool key_is_uuid(const char *text, size_t len);

#endif
