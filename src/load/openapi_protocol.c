/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_extensions.h"

/* What the words of a document say about its kind. */
struct evidence {
    const struct doc_member *http, *rest; /* the first word of each kind, or NULL */
};

/* Words beside the extensions that one kind alone has. `value` NULL: whatever stands there. */
static const struct {
    const char *key, *value;
    unsigned kind;
} words[] = {
    {"isDefaultRoute",       NULL,                 KIND_HTTP},
    {"payloadFormatVersion", NULL,                 KIND_HTTP},
    {"type",                 "jwt",                KIND_HTTP},
    {"type",                 "aws",                KIND_REST},
    {"type",                 "cognito_user_pools", KIND_REST},
    {"type",                 "http",               KIND_REST},
    {"type",                 "mock",               KIND_REST},
    {"type",                 "token",              KIND_REST},
};

/* `within`: member stands in an object of API Gateway's own, where its other words are looked for.
 */
static unsigned kind_of(const struct doc_member *member, bool within)
{
    const struct extension *row = extension_find(member->key);
    if (row)
        return row->kinds;
    FOR_EACH (word, words, ARRAY_LENGTH(words)) {
        bool place = within || str_is(member->key, "isDefaultRoute");
        bool value = !word->value || (member->value->kind == DOC_STRING &&
                                      str_eq_nocase(member->value->text, str_from(word->value)));
        if (place && value && str_is(member->key, word->key))
            return word->kind;
    }
    return KIND_HTTP | KIND_REST;
}

static bool is_described(struct str key)
{
    return str_is(key, "parameters") || str_is(key, "requestBody") || str_is(key, "responses") ||
           str_is(key, "schemas") || str_is(key, "examples") || str_is(key, "callbacks");
}

static void collect(const struct doc *node, bool within, struct evidence *found)
{
    for (size_t i = 0; node->kind == DOC_LIST && i < node->count; i++)
        collect(node->items[i], within, found);
    for (size_t i = 0; node->kind == DOC_MAP && i < node->count; i++) {
        const struct doc_member *member = &node->members[i];
        unsigned kind = kind_of(member, within);
        if (kind == KIND_HTTP && !found->http)
            found->http = member;
        if (kind == KIND_REST && !found->rest)
            found->rest = member;
        bool ours =
            extension_is_key(member->key) && !str_is(member->key, EXTENSION_PREFIX "any-method");
        if (!is_described(member->key))
            collect(member->value, within || ours, found);
    }
}

bool openapi_find_protocol(struct definition *d)
{
    struct evidence found = {0};
    if (d->api->protocol_written && d->api->protocol_type == PROTOCOL_HTTP)
        return true;
    if (d->api->protocol_written) {
        diag_error(d->diag, d->api->definition.at,
                   "an OpenAPI document is read for HTTP APIs only");
        return false;
    }

    collect(d->root, false, &found);
    if (found.http && !found.rest) {
        d->api->protocol_type = PROTOCOL_HTTP;
        return true;
    }
    if (found.http)
        diag_error(d->diag, d->api->at,
                   "protocolType is missing: the definition has words of HTTP APIs ('%" STR_F
                   "' at line %u) and of REST APIs ('%" STR_F "' at line %u)",
                   STR_A(found.http->key), found.http->at.line, STR_A(found.rest->key),
                   found.rest->at.line);
    else
        diag_error(
            d->diag, d->api->at,
            "protocolType is missing: the definition does not say whether it is HTTP or REST");
    return false;
}
