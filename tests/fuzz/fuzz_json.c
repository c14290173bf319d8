/* SPDX-License-Identifier: Apache-2.0 */
/* Every input is read as JSON in two ways and by jansson, and written as a string. */
#include "turnpike/base/json.h"

#include <jansson.h>

#include "turnpike/base/utf8.h"

#include "fuzz.h"

static bool walk(struct json_reader *r);

static bool walk_container(struct json_reader *r, bool object)
{
    struct str key;
    if (!(object ? json_enter_object(r) : json_enter_array(r)))
        return false;
    while (object ? json_next_member(r, &key) : json_next_element(r)) {
        REQUIRE(!object || utf8_is_valid(key));
        if (!walk(r))
            return false;
    }
    return !r->failed;
}

static bool walk(struct json_reader *r)
{
    struct str text;
    bool value;
    switch (json_peek(r)) {
    case JSON_TYPE_OBJECT:
        return walk_container(r, true);
    case JSON_TYPE_ARRAY:
        return walk_container(r, false);
    case JSON_TYPE_STRING:
        return json_read_string(r, &text) && utf8_is_valid(text);
    case JSON_TYPE_NUMBER:
        return json_read_number(r, &text);
    case JSON_TYPE_TRUE:
    case JSON_TYPE_FALSE:
        return json_read_bool(r, &value);
    case JSON_TYPE_NULL:
        return json_read_null(r);
    case JSON_TYPE_INVALID:
        break;
    }
    return false;
}

/* jansson holds numbers, so it bounds them; it has no NUL in keys and another depth. */
static bool is_its_limit(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           code == json_error_stack_overflow;
}

/* It takes a NUL byte behind the value for the end of the text. */
static bool is_its_leniency(struct str in)
{
    return str_find(in, '\0') < in.len;
}

static void compare(struct str in, bool valid, const char *why)
{
    json_error_t error;
    json_t *tree = json_loadb(in.at, in.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (valid)
        REQUIRE(tree || is_its_limit(&error));
    else
        REQUIRE(!tree || is_its_leniency(in) || strcmp(why, "nested too deeply") == 0);
    json_decref(tree);
}

static void fuzz_reader(struct str in, struct arena *arena)
{
    struct json_reader walked, skipped, replacing;
    struct str text;
    json_reader_init(&walked, in, arena);
    json_reader_init(&skipped, in, arena);
    json_reader_init(&replacing, in, arena);
    replacing.replaces_surrogates = true;
    bool valid = walk(&walked) && json_finish(&walked);
    bool skips = json_skip(&skipped, &text) && json_finish(&skipped);
    REQUIRE(valid == skips);
    REQUIRE((walk(&replacing) && json_finish(&replacing)) || !valid);
    REQUIRE(!skips || str_eq(text, str_head(str_skip(in, (size_t)(text.at - in.at)), text.len)));
    compare(in, valid, skipped.why ? skipped.why : "");
}

static void fuzz_writer(struct str in, struct arena *arena)
{
    scoped_buf struct buf written = {0};
    struct json_reader r;
    struct str back;
    json_write_string(&written, in);
    json_reader_init(&r, buf_str(&written), arena);
    REQUIRE(json_read_string(&r, &back) && json_finish(&r));
    REQUIRE(!utf8_is_valid(in) || str_eq(back, in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct str in = fuzz_input(data, size);
    arena_init(&arena, 16384);
    fuzz_reader(in, &arena);
    fuzz_writer(in, &arena);
    arena_release(&arena);
    return 0;
}
