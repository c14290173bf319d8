/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever an issuer publishes: keys that are kept are fit to verify with and can be found. */
#include "fuzz.h"

#include "turnpike/auth/jwk.h"

static void check_set(struct key_set *set, const struct error *error)
{
    if (!set) {
        REQUIRE(error->code != ERROR_NONE && error->text[0] != '\0');
        return;
    }
    REQUIRE(set->keys.count > 0);
    FOR_EACH_IN (key, &set->keys) {
        REQUIRE(key->kid.len > 0 && key->signature_size >= 256 && key->signature_size <= 1024);
        const struct algorithm *algorithm =
            key->algorithm ? key->algorithm : algorithm_find(STR("RS256"));
        const struct key *found = key_set_find(set, key->kid, algorithm);
        REQUIRE(found && key_serves(found, algorithm) && key_set_has(set, &key->digest));
    }
    key_set_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = fuzz_copy(fuzz_input(data, size));
    struct error error = {0};
    check_set(key_set_parse(input, &error), &error);
    error = (struct error){0};
    check_set(key_set_from_pem(input, &error), &error);
    fuzz_free(input);
    return 0;
}
