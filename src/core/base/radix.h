/* Many numbers into order, in time that grows with how many they are and no faster. */
#ifndef CANVASS_CORE_BASE_RADIX_H
#define CANVASS_CORE_BASE_RADIX_H

#include <stddef.h>
#include <stdint.h>

struct radix_item {
    uint64_t key;
    uint32_t value; /* comes along */
};

/* Ascending by key; of equal keys the first stays first. Needs as much room again. */
void radix_sort(struct radix_item *items, size_t count);
/* As a key: the order of signed numbers. */
uint64_t radix_signed(int64_t number);

#endif
