/* Text: UTF-8, numbers, trimming, near names. No locale is consulted anywhere here. */
#ifndef CANVASS_CORE_BASE_TEXT_H
#define CANVASS_CORE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/cc.h"

/* Decodes one code point at s (len bytes left). Returns bytes used, 0 when malformed or len is 0.
 */
size_t utf8_decode(const char *s, size_t len, uint32_t *cp);
/* Encodes cp; out has room for 4. Returns bytes written, 0 for a surrogate or beyond U+10FFFF. */
size_t utf8_encode(uint32_t cp, char out[4]);
bool utf8_is_valid(const char *s, size_t len);
/* Unicode simple lower-case mapping of one code point (semantics.md, text leaves). */
uint32_t utf8_lower(uint32_t cp);
/* Appends s with every code point lower-cased; malformed bytes are copied as they are. */
void text_lower(struct buf *out, const char *s, size_t len);
/* Appends s fit to show or log: valid UTF-8, control characters (C0, DEL, C1, bidi overrides) as
 * "·". */
void text_sanitise(struct buf *out, const char *s, size_t len);

bool text_is_blank(const char *s); /* NULL, empty or only blanks */
bool text_starts_with(const char *s, const char *prefix);
bool text_eq(const char *a, const char *b);        /* NULL equals only NULL */
bool text_eq_nocase(const char *a, const char *b); /* ASCII case folded */
/* Copies what fits, always terminated; true when all of it fitted. */
bool text_copy(char *out, size_t size, const char *s);
char *text_trim_dup(const char *s, size_t len); /* ASCII blanks cut at both ends; caller frees */

/* The whole text must be the number. */
bool num_parse_i64(const char *s, int64_t *out) MUST_CHECK;
/* ... and written as it would be printed: neither 007 nor -0. */
bool num_parse_usual_i64(const char *s, int64_t *out) MUST_CHECK;
bool num_parse_double(const char *s, double *out) MUST_CHECK; /* finite only */

/* "1,234,567" */
void num_format_grouped(struct buf *out, int64_t n);

/*
 * The name nearest to word among count names (Damerau-Levenshtein, at most a third of the length),
 * or NULL when none is near. names[i] at base + i * stride, so that any table of structs will do.
 */
const char *text_nearest(const char *word, const char *const *base, size_t count, size_t stride);

#endif
