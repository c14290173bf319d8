/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_extensions.h"

#include <stdlib.h>

#define KEY(name) EXTENSION_PREFIX name
#define BOTH      (KIND_HTTP | KIND_REST)

/* Sorted by key. What decides who may call is FULL or REFUSE, nothing between. */
const struct extension extensions[] = {
    {KEY("any-method"),               AT_PATH,                BOTH,      openapi_any_method,  SUPPORT_FULL  },
    {KEY("api-key-source"),           AT_ROOT,                KIND_REST, NULL,                SUPPORT_REFUSE},
    {KEY("auth"),                     AT_OPERATION,           BOTH,      openapi_auth,        SUPPORT_FULL  },
    {KEY("authorizer"),               AT_SECURITY_SCHEME,     BOTH,      openapi_authorizer,  SUPPORT_FULL  },
    {KEY("authtype"),                 AT_SECURITY_SCHEME,     BOTH,      openapi_authtype,    SUPPORT_REFUSE},
    {KEY("binary-media-types"),       AT_ROOT,                KIND_REST, NULL,                SUPPORT_WARN  },
    {KEY("cors"),                     AT_ROOT,                KIND_HTTP, openapi_cors,        SUPPORT_FULL  },
    {KEY("documentation"),            AT_ROOT,                KIND_REST, NULL,                SUPPORT_WARN  },
    {KEY("endpoint-access-mode"),     AT_ROOT,                KIND_REST, NULL,                SUPPORT_WARN  },
    {KEY("endpoint-configuration"),   AT_SERVER,              BOTH,      openapi_endpoint,    SUPPORT_FULL  },
    {KEY("gateway-responses"),        AT_ROOT,                KIND_REST, NULL,                SUPPORT_WARN  },
    {KEY("importexport-version"),     AT_ROOT,                BOTH,      openapi_format,      SUPPORT_FULL  },
    {KEY("integration"),              AT_OPERATION,           BOTH,      openapi_integration, SUPPORT_FULL  },
    {KEY("integrations"),             AT_COMPONENTS,          KIND_HTTP, NULL,                SUPPORT_FULL  },
    {KEY("minimum-compression-size"), AT_ROOT,                KIND_REST, NULL,                SUPPORT_WARN  },
    {KEY("policy"),                   AT_ROOT,                KIND_REST, NULL,                SUPPORT_REFUSE},
    {KEY("request-validator"),        AT_ROOT | AT_OPERATION, KIND_REST, NULL,                SUPPORT_WARN  },
    {KEY("request-validators"),       AT_ROOT,                KIND_REST, NULL,                SUPPORT_WARN  },
    {KEY("security-policy"),          AT_ROOT,                KIND_REST, NULL,                SUPPORT_WARN  },
    {KEY("tag-value"),                AT_TAG,                 KIND_HTTP, openapi_tag,         SUPPORT_FULL  },
};
const size_t extension_count = ARRAY_LENGTH(extensions);

static int by_key(const void *key, const void *row)
{
    return str_compare(*(const struct str *)key, str_from(((const struct extension *)row)->key));
}

const struct extension *extension_find(struct str key)
{
    return bsearch(&key, extensions, extension_count, sizeof(extensions[0]), by_key);
}

bool extension_is_key(struct str key)
{
    return str_starts_with_nocase(key, STR("x-amazon-api"));
}

const char *extension_nearest(struct definition *d, struct str key)
{
    const char *names[ARRAY_LENGTH(extensions)];
    for (size_t i = 0; i < extension_count; i++)
        names[i] = extensions[i].key;
    return definition_suggestion(d, key, names, extension_count);
}

static const char *place_names(struct definition *d, unsigned where)
{
    static const char *const names[] = {
        "the root of the document",
        "an item of tags",
        "an item of servers",
        "a path item",
        "an operation",
        "components",
        "a security scheme",
    };
    struct str text = STR("");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (where & 1u << i)
            text = arena_printf(d->arena, "%" STR_F "%s%s", STR_A(text), text.len ? " or " : "",
                                names[i]);
    return arena_cstring(d->arena, text);
}

static void report_misplaced(struct definition *d, const struct extension *row,
                             const struct doc_member *member)
{
    if (row->support == SUPPORT_WARN)
        diag_warning(d->diag, member->at, "%s has no effect here: its place is %s", row->key,
                     place_names(d, row->where));
    else
        diag_error(d->diag, member->at, "%s cannot stand here: its place is %s", row->key,
                   place_names(d, row->where));
}

static void read_row(struct definition *d, const struct extension *row,
                     const struct doc_member *member, void *subject)
{
    if (row->read) {
        row->read(d, member, subject);
        return;
    }
    switch (row->support) {
    case SUPPORT_FULL:
        break;
    case SUPPORT_WARN:
        diag_warning(d->diag, member->at, "%s has no effect on HTTP APIs", row->key);
        break;
    case SUPPORT_REFUSE:
        definition_refuse(d, member->at, member->key, STR(""), "%s is not enforced on HTTP APIs",
                          row->key);
        break;
    case SUPPORT_LATER:
        diag_error(d->diag, member->at, "%s is not built yet", row->key);
        break;
    }
}

void extension_read(struct definition *d, unsigned place, const struct doc_member *member,
                    void *subject)
{
    const struct extension *row = extension_find(member->key);
    if (!row)
        diag_error(d->diag, member->at, "unknown extension '%" STR_F "'%s", STR_A(member->key),
                   extension_nearest(d, member->key));
    else if (!(row->where & place))
        report_misplaced(d, row, member);
    else
        read_row(d, row, member, subject);
}

/* What holds data rather than descriptions. */
static bool is_free(struct str key)
{
    return str_is(key, "example") || str_is(key, "examples") || str_is(key, "default") ||
           str_is(key, "enum") || str_starts_with(key, STR("x-"));
}

void extension_find_misplaced(struct definition *d, const struct doc *node)
{
    for (size_t i = 0; node->kind == DOC_LIST && i < node->count; i++)
        extension_find_misplaced(d, node->items[i]);
    for (size_t i = 0; node->kind == DOC_MAP && i < node->count; i++) {
        const struct doc_member *member = &node->members[i];
        if (extension_is_key(member->key))
            extension_read(d, 0, member, NULL);
        else if (!is_free(member->key))
            extension_find_misplaced(d, member->value);
    }
}

/* --- the format --- */

/* Everybody may add keys that begin with "x-"; one that looks like ours may be meant as ours. */
static void report_foreign(struct definition *d, const struct doc_member *member)
{
    const char *suggestion = extension_nearest(d, member->key);
    if (*suggestion)
        diag_warning(d->diag, member->at, "'%" STR_F "' has no effect%s", STR_A(member->key),
                     suggestion);
}

static bool read_other(struct definition *d, const struct definition_object *object,
                       const struct doc_member *member, void *subject)
{
    if (extension_is_key(member->key))
        extension_read(d, object->place, member, subject);
    else if (str_starts_with(member->key, STR("x-")))
        report_foreign(d, member);
    else
        return false;
    return true;
}

static bool guards(const struct extension *row)
{
    return row->support == SUPPORT_REFUSE || row->read == openapi_auth ||
           row->read == openapi_authorizer;
}

static const char **guard_names(struct definition *d, size_t *ret_count)
{
    const struct openapi *o = openapi_of(d);
    const char **names =
        arena_array(d->arena, const char *, extension_count + o->schemes.count + 1);
    size_t count = 0;
    FOR_EACH (row, extensions, extension_count)
        if (guards(row))
            names[count++] = row->key;
    FOR_EACH_IN (scheme, &o->schemes)
        names[count++] = arena_cstring(d->arena, scheme->name);
    *ret_count = count;
    return names;
}

const struct definition_format openapi_format_of_http = {
    .apis = "HTTP APIs",
    .read_other = read_other,
    .look_into = extension_find_misplaced,
    .guards = guard_names,
    .guards_are = "no security scheme of the document, nor an extension that guards",
};
