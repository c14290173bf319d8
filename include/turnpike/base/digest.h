/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h: SHA-256 and HMAC with it, the algorithms fetched once (OpenSSL 3 looks them up at each
 * call otherwise). For the loop's thread alone. */
#ifndef TURNPIKE_BASE_DIGEST_H
#define TURNPIKE_BASE_DIGEST_H

#include "turnpike/base/str.h"

#define SHA256_SIZE 32

struct sha256 {
    unsigned char bytes[SHA256_SIZE];
};

/* The digest of the parts one behind the other. */
struct sha256 sha256_of(const struct str *parts, size_t count);

/* HMAC-SHA256 (RFC 2104) of the parts one behind the other. */
struct sha256 hmac_sha256_of(struct str key, const struct str *parts, size_t count);

#define SHA256_HEX_LEN (2 * SHA256_SIZE)

/* In hexadecimal, small letters, without a NUL. */
struct str sha256_hex(const struct sha256 *digest, char out[SHA256_HEX_LEN]);

static inline struct str sha256_str(const struct sha256 *digest)
{
    return str_of((const char *)digest->bytes, sizeof(digest->bytes));
}

#endif
