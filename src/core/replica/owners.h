/*
 * For a full sync: which customers there are, and their facts while appointments and conversations
 * go by, so that each customer is written once, whole. About 100 bytes a customer, and the keys
 * that are texts.
 */
#ifndef CANVASS_CORE_REPLICA_OWNERS_H
#define CANVASS_CORE_REPLICA_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/port/main_database.h"
#include "core/store/replica_bulk_store.h"

struct owners;

struct owners *owners_new(void);
void owners_free(struct owners *o); /* NULL is fine */
/* No row comes any more: of all only owners_count() and owners_are_sure() may be asked. */
void owners_end(struct owners *o);
/* Before any other use: every customer's key; one that comes again is the same customer. */
void owners_add(struct owners *o, const struct key *key);
size_t owners_count(const struct owners *o);
/* Their ids in the order of the keys, when all are known; false: the callback ended it. */
bool owners_in_order(const struct owners *o, bool (*each)(void *ctx, int64_t id, bool key_is_id),
                     void *ctx);
/*
 * The customer's place, for the functions below; false: there is no such customer. *id: of the row
 * in the replica: the key itself where it is a number.
 */
bool owners_find(const struct owners *o, const struct key *key, size_t *place, int64_t *id);
/*
 * Rows must come with ascending keys: of two at the same time the later one is the last. Once they
 * did not, or words are too many to be kept, owners_are_sure() is false: the facts are not to be
 * used.
 */
void owners_begin_table(struct owners *o);
void owners_see_key(struct owners *o, const struct key *key);
void owners_see_appointment(struct owners *o, size_t place, const struct main_appointment *a);
void owners_see_conversation(struct owners *o, size_t place, const struct main_conversation *c);
bool owners_are_sure(const struct owners *o);
/* Texts are borrowed until owners_end(). */
void owners_facts(const struct owners *o, size_t place, struct replica_facts *out);

/* A set of keys; the same structure without facts. */
struct key_set;
struct key_set *key_set_new(void);
void key_set_free(struct key_set *s);
/* The key's number in the order of arrival. */
size_t key_set_add(struct key_set *s, const struct key *key);
bool key_set_find(const struct key_set *s, const struct key *key, size_t *number);
/* By its number; the text is borrowed until the set changes. */
struct key key_set_get(const struct key_set *s, size_t number);

#endif
