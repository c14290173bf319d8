/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h: SHA-256 with the algorithm fetched once (OpenSSL 3 looks it up at each call otherwise).
 */
#ifndef TURNPIKE_BASE_DIGEST_H
#define TURNPIKE_BASE_DIGEST_H

#include "turnpike/base/str.h"

#define SHA256_SIZE 32

struct sha256 {
    unsigned char bytes[SHA256_SIZE];
};

/* The digest of the parts one behind the other. For the loop's thread alone. */
struct sha256 sha256_of(const struct str *parts, size_t count);

#endif
