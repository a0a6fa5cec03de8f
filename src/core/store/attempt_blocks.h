/*
 * Attempts by the provider's id. These ids are random: one index of all of them would have a page
 * of it written for every message, the more of them the older the ledger. So the index is one of
 * blocks of 2,048 attempts each (migration 0001, attempt_provider), and whoever looks for an id
 * goes through the blocks, the newest first. Inside core/store only.
 */
#ifndef CANVASS_CORE_STORE_ATTEMPT_BLOCKS_H
#define CANVASS_CORE_STORE_ATTEMPT_BLOCKS_H

/* A subquery: the attempts `b` of that provider id; more conditions may follow. */
#define ATTEMPTS_OF_PROVIDER_ID(what, provider_id)                                                 \
    "WITH RECURSIVE block (n) AS (SELECT (SELECT max(id) FROM main.attempt) >> 11 UNION ALL "      \
    "SELECT n - 1 FROM block WHERE n > 0) "                                                        \
    "SELECT " what " FROM block CROSS JOIN main.attempt b ON b.id >> 11 = block.n "                \
    "AND b.provider_id = " provider_id " "

#endif
