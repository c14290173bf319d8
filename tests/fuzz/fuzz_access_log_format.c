/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the format, its parts put together again are the whole of it. */
#include <assert.h>

#include "turnpike/text/substitution.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int resolve(struct str name, const void *data)
{
    (void)data;
    return (int)(name.len % 7) - 1;
}

static void append_as_written(struct buf *out, const struct substitution_part *v, const void *data)
{
    const struct str *format = data;
    bool braced = format->at[v->offset + 1] == '{';
    assert(format->at[v->offset] == '$' && v->id == resolve(v->text, NULL));
    buf_append(out, braced ? STR("${context.") : STR("$context."));
    buf_append(out, v->text);
    if (braced)
        buf_append_char(out, '}');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str format = str_of((const char *)data, size);
    struct arena arena;
    scoped_buf struct buf out = {0};
    arena_init(&arena, 1024);

    const struct substitution *s = substitution_compile(&arena, format, resolve, NULL);
    substitution_run(s, &out, append_as_written, &format);
    assert(str_eq(buf_str(&out), format));
    FOR_EACH_IN (part, &s->parts)
        assert(part->text.len > 0);

    arena_release(&arena);
    return 0;
}
