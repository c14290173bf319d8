/* SPDX-License-Identifier: Apache-2.0 */
/* A message on a line, then a template. What is accepted is taken apart without losing a byte of
 * its text; what is refused is refused at a '$', a '#' or within a reference. */
#include "turnpike/text/template.h"

#include "fuzz.h"
#include "turnpike/base/json.h"

static int resolve(struct str name, const char **ret_nearest)
{
    *ret_nearest = str_is(name, "requestid") ? "requestId" : NULL;
    return str_is(name, "requestId") || str_starts_with(name, STR("authorizer.")) ? 1 : -1;
}

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

static void append_part(struct buf *out, const struct template_part *part, void *data)
{
    switch (part->source) {
    case TEMPLATE_LITERAL:
        REQUIRE(false);
        return;
    case TEMPLATE_CONTEXT:
        REQUIRE(part->id == 1 && part->text.len > 0);
        return;
    case TEMPLATE_STAGE_VARIABLE:
        REQUIRE(part->text.len > 0);
        return;
    case TEMPLATE_PARAMS:
        return;
    case TEMPLATE_BODY:
    case TEMPLATE_JSON:
    case TEMPLATE_PATH:
        break;
    }
    scoped_buf struct buf value = {0};
    template_append_input(&value, part, *(const struct str *)data);
    REQUIRE(part->source != TEMPLATE_JSON || is_json(buf_str(&value)));
    buf_append(out, buf_str(&value));
}

/* Parts stand in their order; literal ones are the template's own text. */
static void check_parts(const struct mapping_template *t)
{
    size_t end = 0;
    FOR_EACH_IN (part, &t->parts) {
        REQUIRE(part->offset >= end && part->offset < t->text.len);
        bool literal = part->source == TEMPLATE_LITERAL;
        REQUIRE(literal ? part->text.at == t->text.at + part->offset
                        : t->text.at[part->offset] == '$');
        end = part->offset + (literal ? part->text.len : 1);
    }
    REQUIRE(end <= t->text.len);
}

static void run(const struct mapping_template *t, struct str body)
{
    scoped_buf struct buf out = {0};
    check_parts(t);
    template_run(t, &out, append_part, &body);
    if (str_find(t->text, '$') == t->text.len)
        REQUIRE(str_eq(buf_str(&out), t->text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = fuzz_input(data, size);
    struct str body = fuzz_copy(str_head(input, str_find(input, '\n')));
    struct str text = fuzz_copy(str_skip(input, body.len + 1));
    struct str why = {NULL, 0};
    struct arena arena;
    size_t offset = SIZE_MAX;
    arena_init(&arena, 1024);
    const struct mapping_template *t = template_compile(&arena, text, resolve, &why, &offset);
    if (t)
        run(t, body);
    else
        REQUIRE(why.len > 0 && offset <= text.len);
    arena_release(&arena);
    fuzz_free(text);
    fuzz_free(body);
    return 0;
}
