/* SPDX-License-Identifier: Apache-2.0 */
#define ZLIB_CONST
#include "turnpike/base/gzip.h"

#include <limits.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib's way to ask for gzip's header */
#define MEMORY      8         /* zlib's default */

/* Only memory could fail, and that ends the process. */
struct str gzip_compress(struct arena *arena, struct str text)
{
    z_stream z = {.next_in = (const unsigned char *)text.at, .avail_in = (unsigned)text.len};
    assert(text.len < UINT_MAX / 2);
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    size_t room = deflateBound(&z, text.len);
    char *out = arena_bytes(arena, room);
    z.next_out = (unsigned char *)out;
    z.avail_out = (unsigned)room;
    int result = deflate(&z, Z_FINISH);
    assert(result == Z_STREAM_END);
    (void)deflateEnd(&z);
    return str_of(out, room - z.avail_out);
}
