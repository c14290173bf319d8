/* SPDX-License-Identifier: Apache-2.0 */
/* Every input is read as the target of a call of the Lambda Invoke API, and as a function's name
 * alone. */
#include "turnpike/model/invoke_path.h"

#include "turnpike/base/uri.h"

#include "fuzz.h"

static bool is_within(struct str part, struct str whole)
{
    return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

static void fuzz_name(struct str in)
{
    struct function_name name;
    if (!invoke_name_read(in, &name))
        return;
    REQUIRE(in.len <= INVOKE_NAME_MAX && name.name.len > 0);
    REQUIRE(is_within(name.name, in) && is_within(name.qualifier, in));
    REQUIRE(is_within(name.region, in) && is_within(name.account, in));
    REQUIRE(name.account.len == 0 || name.account.len == 12);
    REQUIRE(name.qualifier.len == 0 || invoke_qualifier_is(name.qualifier));
    REQUIRE(str_find(name.name, ':') == name.name.len && str_find(in, '\0') == in.len);
    REQUIRE(str_ends_with(in, name.qualifier.len ? name.qualifier : name.name));
}

static void fuzz_target(struct str in, struct arena *arena)
{
    size_t question = str_find(in, '?');
    struct str function, qualifier = invoke_query_qualifier(arena, str_skip(in, question + 1));
    REQUIRE(!invoke_qualifier_is(qualifier) || qualifier.len <= INVOKE_QUALIFIER_MAX);
    if (invoke_path_read(str_head(in, question), &function) == INVOKE_OPERATION_UNKNOWN)
        return;
    REQUIRE(function.len > 0 && is_within(function, str_head(in, question)));
    REQUIRE(str_find(function, '/') == function.len);
    fuzz_name(uri_decode(arena, function, false));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct str in = fuzz_copy(fuzz_input(data, size));
    arena_init(&arena, 4096);
    fuzz_target(in, &arena);
    fuzz_name(in);
    arena_release(&arena);
    fuzz_free(in);
    return 0;
}
