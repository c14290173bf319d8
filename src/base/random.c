/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void from_kernel(void *out, size_t len)
{
    while (len > 0) {
        ssize_t got = getrandom(out, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            perror("turnpike: getrandom");
            abort(); /* identifiers would be predictable */
        }
        out = (char *)out + got;
        len -= (size_t)got;
    }
}

void random_bytes(void *out, size_t len)
{
    static _Thread_local unsigned char block[512];
    static _Thread_local size_t left;

    if (len > sizeof(block) / 4) {
        from_kernel(out, len);
        return;
    }
    if (left < len) {
        from_kernel(block, sizeof(block));
        left = sizeof(block);
    }
    unsigned char *from = block + sizeof(block) - left;
    memcpy(out, from, len);
    explicit_bzero(from, len);
    left -= len;
}

uint64_t random_u64(void)
{
    uint64_t value;
    random_bytes(&value, sizeof(value));
    return value;
}
