/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h: RFC 4648 base64 with padding and base64url without, both decoded strictly. */
#ifndef TURNPIKE_BASE_BASE64_H
#define TURNPIKE_BASE_BASE64_H

#include <stddef.h>

#include "turnpike/base/arena.h"
#include "turnpike/base/str.h"

/* The length of the encoding of len bytes, without NUL. */
size_t base64_encoded_len(size_t len);
size_t base64url_encoded_len(size_t len);

/* Write the encoding to out, which has room for it; return its length. No NUL is written. */
size_t base64_encode(char *out, struct str bytes);
size_t base64url_encode(char *out, struct str bytes);

/* How many characters at the text's beginning are of base64url's alphabet. */
size_t base64url_span(struct str text);

/* Decode into the arena. Refused are foreign characters, white space, wrong padding and bits set
 * behind the last byte. */
MUST_USE bool base64_decode(struct arena *a, struct str text, struct str *ret_bytes);
MUST_USE bool base64url_decode(struct arena *a, struct str text, struct str *ret_bytes);

#endif
