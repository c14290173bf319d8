/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/uuid.h"

#include "turnpike/base/random.h"

#define UUID_BYTES 16

void uuid_make(char out[UUID_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[UUID_BYTES];
    random_bytes(bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* the version */
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80); /* and the variant */
    for (unsigned i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 15];
    }
    *out = '\0';
}
