/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/digest.h"

#include "testing.h"

#define KEY_131                                                                                    \
    "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa" \
    "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa" \
    "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa" \
    "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa" \
    "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa" \
    "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"

static const struct {
    const char *name;
    struct str parts[2];
    const char *want;
} digests[] = {
    /* FIPS 180-2, B.1 and B.2 */
    {"empty", {STR_INIT("")}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc",
     {STR_INIT("a"), STR_INIT("bc")},
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"two blocks",
     {STR_INIT("abcdbcdecdefdefgefghfghighij"), STR_INIT("hijkijkljklmklmnlmnomnopnopq")},
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void digests_of_parts(void **state)
{
    (void)state;
    char hex[SHA256_HEX_LEN];
    FOR_EACH_CASE (c, digests) {
        struct sha256 got = sha256_of(c->parts, ARRAY_LENGTH(c->parts));
        CHECK_CASE(c, str_is(sha256_hex(&got, hex), c->want), "digest");
    }
}

static const struct {
    const char *name;
    struct str key, parts[2];
    const char *want;
} codes[] = {
    /* RFC 4231, 4.3 and 4.7 */
    {"a short key",
     STR_INIT("Jefe"),
     {STR_INIT("what do ya want "), STR_INIT("for nothing?")},
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"a key longer than a block",
     STR_INIT(KEY_131),
     {STR_INIT("Test Using Larger Than Block-Size Key - Hash Key First")},
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {"nothing at all",
     STR_INIT(""),
     {STR_INIT("")},
     "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
};

static void codes_of_parts(void **state)
{
    (void)state;
    char hex[SHA256_HEX_LEN];
    FOR_EACH_CASE (c, codes) {
        struct sha256 got = hmac_sha256_of(c->key, c->parts, ARRAY_LENGTH(c->parts));
        CHECK_CASE(c, str_is(sha256_hex(&got, hex), c->want), "code");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_of_parts),
        cmocka_unit_test(codes_of_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
