/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_import.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/uri.h"

/* A longer chain than this is a circle, or nobody can read it. */
#define CHAIN_MAX 32

/* ~1 is '/', ~0 is '~' (RFC 6901, 4); percent-encoding comes off first (6). */
static struct str decode_token(struct arena *arena, struct str token)
{
    scoped_buf struct buf out = {0};
    struct str text = uri_decode(arena, token, false);
    for (size_t i = 0; i < text.len; i++) {
        bool escaped = text.at[i] == '~' && i + 1 < text.len &&
                       (text.at[i + 1] == '0' || text.at[i + 1] == '1');
        buf_append_char(&out, !escaped ? text.at[i] : text.at[i + 1] == '1' ? '/' : '~');
        i += escaped;
    }
    return arena_copy(arena, buf_str(&out));
}

static const struct doc *child(const struct doc *node, struct str token)
{
    if (node->kind == DOC_MAP) {
        const struct doc_member *member = doc_member(node, token);
        return member ? member->value : NULL;
    }
    uint64_t index;
    if (node->kind == DOC_LIST && str_to_u64(token, &index) && index < node->count)
        return node->items[index];
    return NULL;
}

static void report_missing(struct definition *d, const struct doc *reference,
                           const struct doc *parent, struct str token)
{
    bool few = parent->kind == DOC_MAP && parent->count <= DEFINITION_SUGGESTIONS_MAX;
    size_t count = few ? parent->count : 0;
    const char **names = arena_array(d->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_cstring(d->arena, parent->members[i].key);
    diag_error(d->diag, reference->at,
               "'%" STR_F "' leads nowhere: there is no '%" STR_F "' at line %u%s",
               STR_A(reference->text), STR_A(token), parent->at.line,
               definition_suggestion(d, token, names, count));
}

static const struct doc *look_up(struct definition *d, const struct doc *reference)
{
    if (reference->kind != DOC_STRING || !str_starts_with(reference->text, STR("#/"))) {
        diag_error(d->diag, reference->at,
                   "'$ref' leads within the document, as in '#/components/…': put the parts of a "
                   "document into one file");
        return NULL;
    }
    struct str rest = str_skip(reference->text, 2), token;
    const struct doc *node = d->root, *next;
    while (str_split(&rest, '/', &token)) {
        token = decode_token(d->arena, token);
        next = child(node, token);
        if (!next) {
            report_missing(d, reference, node, token);
            return NULL;
        }
        node = next;
    }
    return node;
}

/* OpenAPI ignores what stands beside $ref. An operation that somebody wrote there must not vanish.
 */
static bool stands_alone(struct definition *d, const struct doc *node)
{
    for (size_t i = 0; i < node->count; i++) {
        struct str key = node->members[i].key;
        if (!str_is(key, "$ref") && !str_is(key, "summary") && !str_is(key, "description")) {
            diag_error(d->diag, node->members[i].at, "'%" STR_F "' beside '$ref' has no effect",
                       STR_A(key));
            return false;
        }
    }
    return true;
}

const struct doc *openapi_follow(struct definition *d, const struct doc *node)
{
    const struct doc *first = doc_get(node, "$ref"), *reference = first;
    for (size_t hops = 0; reference; hops++) {
        if (hops == CHAIN_MAX) {
            diag_error(d->diag, first->at, "'%" STR_F "' leads in a circle, through line %u",
                       STR_A(first->text), reference->at.line);
            return NULL;
        }
        if (!stands_alone(d, node))
            return NULL;
        node = look_up(d, reference);
        if (!node)
            return NULL;
        reference = doc_get(node, "$ref");
    }
    return node;
}
