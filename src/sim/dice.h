/*
 * Seeded draws that do not depend on the order of requests: what happens to a number is a function
 * of the seed, the purpose, the number and a count, so that a run can be repeated.
 */
#ifndef CANVASS_SIM_DICE_H
#define CANVASS_SIM_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t dice_hash(uint64_t seed, const char *purpose, const char *subject, uint64_t nth);
/* 0 <= result < 1 */
double dice_unit(uint64_t seed, const char *purpose, const char *subject, uint64_t nth);
/* True in rate of the cases; 0 is never and 1 is always. */
bool dice_hit(double rate, uint64_t seed, const char *purpose, const char *subject, uint64_t nth);
/* 0 <= result < sides; sides is at least 1. */
size_t dice_pick(size_t sides, uint64_t seed, const char *purpose, const char *subject,
                 uint64_t nth);

#endif
