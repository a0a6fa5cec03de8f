/*
 * Memory that is there or the program stops: the store is durable, so stopping is safe.
 * mem_on_exhausted() lets the terminal be restored first.
 */
#ifndef CANVASS_CORE_BASE_MEM_H
#define CANVASS_CORE_BASE_MEM_H

#include <stddef.h>

#include "core/base/cc.h"

void mem_on_exhausted(void (*before_abort)(void));
void *mem_alloc(size_t bytes);                /* zeroed; free with free() */
void *mem_calloc(size_t count, size_t bytes); /* zeroed; aborts on overflow */
void *mem_realloc(void *p, size_t count, size_t bytes);
/* What a library has allocated: NULL stops the program like any other lack of memory. */
void *mem_checked(void *p);
/* Grows an array for one more element: doubles *capacity when count has reached it. */
void *mem_grow(void *p, size_t count, size_t *capacity, size_t bytes);
char *mem_strdup(const char *s); /* NULL stays NULL */
char *mem_strndup(const char *s, size_t len);
void *mem_dup(const void *p, size_t bytes);
/* For a library that takes a pointer without const and does not write through it. */
void *mem_unconst(const void *p);
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
