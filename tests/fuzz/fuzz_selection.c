/* SPDX-License-Identifier: Apache-2.0 */
/* A selection expression on a line, then a message. What is accepted is made of its text; what it
 * selects from a message that is not JSON is nothing. */
#include "turnpike/text/selection.h"

#include "fuzz.h"
#include "turnpike/base/json.h"

#define ALL 127

static bool is_json(struct str text)
{
    struct arena arena;
    struct json_reader r;
    arena_init(&arena, 1024);
    json_reader_init(&r, text, &arena);
    bool valid = json_skip(&r, NULL) && json_finish(&r);
    arena_release(&arena);
    return valid;
}

static void append_part(struct buf *out, const struct selection_part *part, void *data)
{
    struct str body = *(const struct str *)data;
    size_t before = buf_len(out);
    if (part->source != SELECT_REQUEST_BODY && part->source != SELECT_RESPONSE_BODY) {
        REQUIRE(part->text.len > 0 || part->source == SELECT_RESPONSE_STATUS);
        return;
    }
    REQUIRE(part->path);
    selection_append_body(out, part, body);
    REQUIRE(is_json(body) || buf_len(out) == before);
}

/* What is literal is the expression's own text, without the backslash of "\$". */
static size_t literal_len(const struct selection_expression *s)
{
    size_t len = 0;
    FOR_EACH_IN (part, &s->parts) {
        bool within = part->text.at >= s->text.at &&
                      part->text.at + part->text.len <= s->text.at + s->text.len;
        REQUIRE(!part->literal || (part->text.len > 0 && within));
        len += part->literal ? part->text.len : 0;
    }
    return len;
}

static void check_static(const struct selection_expression *s, struct str got)
{
    if (str_find(s->text, '$') == s->text.len)
        REQUIRE(str_eq(got, s->text));
    REQUIRE(got.len >= literal_len(s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = fuzz_input(data, size);
    struct str text = fuzz_copy(str_head(input, str_find(input, '\n')));
    struct str body = fuzz_copy(str_skip(input, text.len + 1));
    struct str why = {NULL, 0}, narrow_why = {NULL, 0};
    struct arena arena;
    arena_init(&arena, 1024);
    const struct selection_expression *s = selection_compile(&arena, text, ALL, &why);
    REQUIRE(s || why.len > 0);
    bool narrow = selection_compile(&arena, text, SELECT_REQUEST_BODY, &narrow_why);
    REQUIRE(s || !narrow); /* who may read less accepts nothing more */
    if (s) {
        scoped_buf struct buf out = {0};
        selection_run(s, &out, append_part, &body);
        check_static(s, buf_str(&out));
    }
    arena_release(&arena);
    fuzz_free(text);
    fuzz_free(body);
    return 0;
}
