/*
 * Addresses that messages go to, brought to one form (semantics, "Reach"). What cannot be
 * understood is no address: a wrong guess would write to a stranger.
 */
#ifndef CANVASS_CORE_BASE_ADDRESS_H
#define CANVASS_CORE_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/cc.h"

#define ADDRESS_PHONE_SIZE 17 /* "+", 15 digits, NUL */

/*
 * Blanks (tab and no-break blanks too) and "( ) . -" are taken out. What is left must be "+" and 8
 * to 15 digits that do not start with 0 (after +1: ten, area and exchange from 2-9), or a national
 * number by the rules of `country`.
 *
 * raw      as it stands in the main database; NULL is no address
 * country  of the business, ISO 3166 two letters in any case; NULL, "" or one without rules: only
 * "+" out      E.164; "" when the result is false
 */
bool address_phone_normalise(const char *raw, const char *country,
                             char out[ADDRESS_PHONE_SIZE]) MUST_CHECK;

/*
 * Trimmed, one "@", a local part without blanks, control characters, `"` and ,;:<>()[]\ , a domain
 * of two or more ASCII labels, at most 254 characters.
 *
 * send_form     appended: trimmed, the domain lower-cased; NULL when not wanted
 * compare_form  appended: the local part lower-cased too; NULL when not wanted
 * Nothing is appended when the result is false.
 */
bool address_email_normalise(const char *raw, struct buf *send_form,
                             struct buf *compare_form) MUST_CHECK;

/* Whether national numbers of this country can be read (see the table in address.c). */
bool address_country_is_known(const char *country);

#endif
