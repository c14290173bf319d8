/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "turnpike/base/xalloc.h"

#define LENGTH_MAX  1024   /* of a pattern, bytes */
#define MATCH_LIMIT 100000 /* steps of one match: a few milliseconds */
#define DEPTH_LIMIT 1000
#define HEAP_LIMIT  1024 /* KiB */

struct pattern {
    pcre2_code *code;
    pcre2_match_context *limits;
};

static void *allocate(PCRE2_SIZE size, void *data)
{
    (void)data;
    return xmalloc(size);
}

static void release(void *memory, void *data)
{
    (void)data;
    free(memory);
}

static struct str describe(struct arena *a, int error, PCRE2_SIZE offset)
{
    PCRE2_UCHAR text[128];
    (void)pcre2_get_error_message(error, text, sizeof(text));
    return arena_printf(a, "%s, at its byte %zu", (const char *)text, offset + 1);
}

/* Both ends are bound by options, so that alternatives need no parentheses of ours. */
static pcre2_code *compile(struct arena *a, pcre2_general_context *memory, struct str text,
                           struct str *ret_why)
{
    int error;
    PCRE2_SIZE offset;
    pcre2_compile_context *context = pcre2_compile_context_create(memory);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)text.at, text.len,
                      PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C,
                      &error, &offset, context);
    pcre2_compile_context_free(context);
    if (!code)
        *ret_why = describe(a, error, offset);
    return code;
}

static pcre2_match_context *new_limits(pcre2_general_context *memory)
{
    pcre2_match_context *limits = pcre2_match_context_create(memory);
    (void)pcre2_set_match_limit(limits, MATCH_LIMIT);
    (void)pcre2_set_depth_limit(limits, DEPTH_LIMIT);
    (void)pcre2_set_heap_limit(limits, HEAP_LIMIT);
    return limits;
}

struct pattern *pattern_new(struct arena *a, struct str text, struct str *ret_why)
{
    if (text.len > LENGTH_MAX) {
        *ret_why = arena_printf(a, "it is longer than %d bytes", LENGTH_MAX);
        return NULL;
    }
    pcre2_general_context *memory = pcre2_general_context_create(allocate, release, NULL);
    pcre2_code *code = compile(a, memory, text.len ? text : STR(""), ret_why);
    struct pattern *p = NULL;
    if (code) {
        p = xmalloc(sizeof(*p));
        *p = (struct pattern){code, new_limits(memory)};
    }
    pcre2_general_context_free(memory); /* what was made with it keeps its own copy */
    return p;
}

void pattern_free(struct pattern *p)
{
    if (!p)
        return;
    pcre2_code_free(p->code);
    pcre2_match_context_free(p->limits);
    free(p);
}

bool pattern_matches(const struct pattern *p, struct str text)
{
    const char *subject = text.len ? text.at : "";
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(p->code, NULL);
    if (!data)
        (void)xcheck(NULL);
    int result = pcre2_match(p->code, (PCRE2_SPTR)subject, text.len, 0, 0, data, p->limits);
    pcre2_match_data_free(data);
    return result >= 0;
}
