/* SPDX-License-Identifier: Apache-2.0 */
/* A JSONPath on a line, then JSON: whatever they are, the answer is well-formed. Then a path made
 * for the document, by the path's bytes as choices: it selects what a parser with a tree finds. */
#include "turnpike/text/json_path.h"

#include <jansson.h>

#include "fuzz.h"
#include "turnpike/base/json.h"

/* --- arbitrary paths --- */

static bool is_json(struct str text, struct arena *a)
{
    struct json_reader r;
    json_reader_init(&r, text, a);
    return json_skip(&r, NULL) && json_finish(&r);
}

static void run_as_written(struct arena *a, struct str text, struct str json)
{
    const char *why = NULL;
    const struct json_path *path = json_path_compile(a, text, &why);
    REQUIRE(path || why);
    if (!path)
        return;
    scoped_buf struct buf out = {0};
    struct str exact = fuzz_copy(json);
    buf_literal(&out, "kept");
    bool found = json_path_run(path, exact, &out);
    fuzz_free(exact);
    REQUIRE(str_starts_with(buf_str(&out), STR("kept")));
    REQUIRE(found || buf_len(&out) == 4);
    bool several = str_find(text, '*') < text.len && str_find(text, '\'') == text.len &&
                   str_find(text, '"') == text.len;
    if (found && several)
        REQUIRE(is_json(str_skip(buf_str(&out), 4), a));
}

/* --- paths that lead somewhere --- */

static void append_key(struct buf *path, const char *key)
{
    buf_literal(path, "['");
    for (; *key; key++) {
        if (*key == '\'' || *key == '\\')
            buf_append_char(path, '\\');
        buf_append_char(path, *key);
    }
    buf_literal(path, "']");
}

static json_t *step_into(json_t *node, size_t choice, struct buf *path)
{
    const char *key;
    json_t *value;
    if (json_is_array(node)) {
        buf_printf(path, "[%zu]", choice % json_array_size(node));
        return json_array_get(node, choice % json_array_size(node));
    }
    choice %= json_object_size(node);
    json_object_foreach(node, key, value)
    {
        if (choice-- > 0)
            continue;
        append_key(path, key);
        return value;
    }
    return NULL;
}

static json_t *walk(json_t *node, struct str choices, struct buf *path)
{
    for (size_t i = 0; i < choices.len; i++) {
        if (json_array_size(node) + json_object_size(node) == 0)
            break;
        node = step_into(node, (unsigned char)choices.at[i], path);
    }
    return node;
}

static bool is_same(struct str got, const json_t *want)
{
    if (json_is_string(want))
        return str_eq(got, str_of(json_string_value(want), json_string_length(want)));
    json_t *parsed = json_loadb(got.at, got.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    bool same = parsed && json_equal(parsed, want);
    json_decref(parsed);
    return same;
}

static void run_as_made(struct arena *a, struct str choices, struct str json)
{
    json_t *root = json_loadb(json.at, json.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (!root || !is_json(json, a)) {
        json_decref(root);
        return;
    }
    scoped_buf struct buf text = {0}, out = {0};
    const char *why;
    json_t *want = walk(root, choices, &text);
    const struct json_path *path = json_path_compile(a, buf_str(&text), &why);
    REQUIRE(path);
    REQUIRE(json_path_run(path, json, &out));
    REQUIRE(is_same(buf_str(&out), want));
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = fuzz_input(data, size);
    struct str path = str_head(input, str_find(input, '\n'));
    struct str json = str_skip(input, path.len + 1);
    struct arena arena;
    arena_init(&arena, 1024);
    run_as_written(&arena, path, json);
    run_as_made(&arena, path, json);
    arena_release(&arena);
    return 0;
}
