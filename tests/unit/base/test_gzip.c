/* SPDX-License-Identifier: Apache-2.0 */
#define ZLIB_CONST
#include "turnpike/base/gzip.h"

#include <zlib.h>

#include "testing.h"

#define SIZE 300000

static struct str expand(struct arena *a, struct str packed)
{
    char *out = arena_bytes(a, SIZE);
    z_stream z = {.next_in = (const unsigned char *)packed.at,
                  .avail_in = (unsigned)packed.len,
                  .next_out = (unsigned char *)out,
                  .avail_out = SIZE};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK); /* gzip's header and nothing else */
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(inflateEnd(&z), Z_OK);
    return str_of(out, SIZE - z.avail_out);
}

static void what_is_compressed_comes_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 1000, SIZE};
    struct arena a;
    arena_init(&a, 1024);
    char *text = arena_bytes(&a, SIZE);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (char)(i * i % 251);
    FOR_EACH (size, sizes, ARRAY_LENGTH(sizes)) {
        struct str packed = gzip_compress(&a, str_of(text, *size));
        assert_str_equal(expand(&a, packed), str_of(text, *size));
        assert_str_equal(gzip_compress(&a, str_of(text, *size)), packed);
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_compressed_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
