/* SPDX-License-Identifier: Apache-2.0 */
/* What of the document is for everybody. Written from the tree, so that what nobody thought of is
 * left out rather than told: of keys that begin with "x-", who knows for whom they are meant. */
#include "openapi_extensions.h"
#include "turnpike/base/buf.h"
#include "turnpike/base/json.h"

/* What the keys of a map are. */
enum keys {
    KEYS_FIELDS, /* OpenAPI's own, and extensions */
    KEYS_NAMES,  /* the author's, of objects with fields */
    KEYS_DATA,   /* examples and the like: whatever the author wrote */
};

struct writer {
    struct definition *d;
    struct buf out;
};

static void write_value(struct writer *w, const struct doc *node, enum keys keys);

static const struct {
    const char *field;
    enum keys keys;
} contents[] = {
    {"callbacks",         KEYS_NAMES},
    {"const",             KEYS_DATA },
    {"content",           KEYS_NAMES},
    {"default",           KEYS_DATA },
    {"encoding",          KEYS_NAMES},
    {"enum",              KEYS_DATA },
    {"example",           KEYS_DATA },
    {"examples",          KEYS_NAMES},
    {"headers",           KEYS_NAMES},
    {"links",             KEYS_NAMES},
    {"mapping",           KEYS_NAMES},
    {"parameters",        KEYS_NAMES},
    {"patternProperties", KEYS_NAMES},
    {"properties",        KEYS_NAMES},
    {"scopes",            KEYS_NAMES},
    {"value",             KEYS_DATA },
};

/* What the keys are of the maps below a field. */
static enum keys keys_below(enum keys keys, const struct doc_member *member)
{
    if (keys != KEYS_FIELDS)
        return keys == KEYS_DATA ? KEYS_DATA : KEYS_FIELDS;
    FOR_EACH (row, contents, ARRAY_LENGTH(contents))
        if (str_is(member->key, row->field))
            return row->keys == KEYS_NAMES && member->value->kind == DOC_LIST ? KEYS_FIELDS
                                                                              : row->keys;
    return KEYS_FIELDS;
}

/* --- punctuation --- */

static void separate(struct buf *out)
{
    char last = out->data[out->end - 1];
    if (last != '{' && last != '[')
        buf_append_char(out, ',');
}

static void write_key(struct writer *w, struct str key)
{
    separate(&w->out);
    json_write_string(&w->out, key);
    buf_append_char(&w->out, ':');
}

static void write_text(struct writer *w, const char *key, struct str text)
{
    write_key(w, str_from(key));
    json_write_string(&w->out, text);
}

/* --- any value --- */

static bool is_intrinsic(struct writer *w, const struct doc *node)
{
    return intrinsics_name(&w->d->intrinsics, node).len > 0;
}

/* The text of a string or of Fn::Sub and its like. False where that has none here: the importer
 * does not read descriptions, so this is no error, but it is left out. */
static bool resolve(struct writer *w, const struct doc *node, struct str *ret_text)
{
    struct diag unheard;
    diag_init(&unheard);
    struct intrinsics intrinsics = w->d->intrinsics;
    intrinsics.diag = &unheard;
    bool found = intrinsics_text(&intrinsics, node, ret_text);
    if (!found)
        diag_warning(w->d->diag, node->at, "docs leave this out: %" STR_F,
                     STR_A(unheard.findings.items[0].message));
    diag_release(&unheard);
    return found;
}

static bool is_left_out(struct writer *w, const struct doc *node)
{
    struct str text;
    return is_intrinsic(w, node) && !resolve(w, node, &text);
}

static void write_member(struct writer *w, const struct doc_member *member, enum keys keys);

static void write_list(struct writer *w, const struct doc *node, enum keys keys)
{
    buf_append_char(&w->out, '[');
    FOR_EACH (item, node->items, node->count) {
        if (is_left_out(w, *item))
            continue;
        separate(&w->out);
        write_value(w, *item, keys);
    }
    buf_append_char(&w->out, ']');
}

static void write_map(struct writer *w, const struct doc *node, enum keys keys)
{
    buf_append_char(&w->out, '{');
    FOR_EACH (member, node->members, node->count)
        write_member(w, member, keys);
    buf_append_char(&w->out, '}');
}

static void write_string(struct writer *w, const struct doc *node)
{
    struct str text = STR("");
    (void)resolve(w, node, &text);
    json_write_string(&w->out, text);
}

static void write_value(struct writer *w, const struct doc *node, enum keys keys)
{
    if (is_intrinsic(w, node)) {
        write_string(w, node);
        return;
    }
    switch (node->kind) {
    case DOC_NULL:
    case DOC_BOOL:
    case DOC_NUMBER:
        doc_write_json(&w->out, node);
        break;
    case DOC_STRING:
        write_string(w, node);
        break;
    case DOC_LIST:
        write_list(w, node, keys);
        break;
    case DOC_MAP:
        write_map(w, node, keys);
        break;
    }
}

/* --- security --- */

static const struct authorizer *find_authorizer(struct writer *w, struct str scheme)
{
    FOR_EACH_IN (authorizer, &w->d->api->authorizers)
        if (str_eq((*authorizer)->name, scheme))
            return *authorizer;
    return NULL;
}

/* OpenAPI 3.0 gives scopes to no scheme of these types: descriptions tell them. */
static void write_requirement(struct writer *w, const struct doc *requirement)
{
    separate(&w->out);
    if (requirement->kind != DOC_MAP) { /* of a callback's operation, which nobody reads */
        write_value(w, requirement, KEYS_DATA);
        return;
    }
    buf_append_char(&w->out, '{');
    FOR_EACH (member, requirement->members, requirement->count) {
        write_key(w, member->key);
        if (find_authorizer(w, member->key))
            buf_literal(&w->out, "[]");
        else
            write_value(w, member->value, KEYS_DATA);
    }
    buf_append_char(&w->out, '}');
}

static void write_security(struct writer *w, const struct doc *security)
{
    write_key(w, STR("security"));
    buf_append_char(&w->out, '[');
    for (size_t i = 0; security && i < security->count; i++)
        write_requirement(w, security->items[i]);
    buf_append_char(&w->out, ']');
}

/* A page can send a token by these, wherever it is from. */
static void write_jwt_scheme(struct writer *w, const struct doc *scheme,
                             const struct identity_source *source)
{
    const struct doc_member *description = doc_member(scheme, STR("description"));
    bool header = source->kind == IDENTITY_HEADER;
    buf_append_char(&w->out, '{');
    if (header && str_eq_nocase(source->name, STR("authorization"))) {
        write_text(w, "type", STR("http"));
        write_text(w, "scheme", STR("bearer"));
        write_text(w, "bearerFormat", STR("JWT"));
    } else {
        write_text(w, "type", STR("apiKey"));
        write_text(w, "in", header ? STR("header") : STR("query"));
        write_text(w, "name", source->name);
    }
    if (description)
        write_member(w, description, KEYS_FIELDS);
    buf_append_char(&w->out, '}');
}

static void write_scheme(struct writer *w, const struct doc_member *member)
{
    const struct authorizer *authorizer = find_authorizer(w, member->key);
    const struct doc *scheme = openapi_follow(w->d, member->value);
    if (str_starts_with(member->key, STR("x-")) && !authorizer)
        return;
    write_key(w, member->key);
    if (authorizer)
        write_jwt_scheme(w, scheme, &authorizer->identity_source);
    else
        write_value(w, member->value, KEYS_FIELDS);
}

static void write_schemes(struct writer *w, const struct doc *schemes)
{
    write_key(w, STR("securitySchemes"));
    buf_append_char(&w->out, '{');
    FOR_EACH (member, schemes->members, schemes->count)
        write_scheme(w, member);
    buf_append_char(&w->out, '}');
}

/* --- members --- */

/* Names of the author's may begin with "x-" too: X-Request-Id among headers. Servers are where the
 * API is on AWS, or was. */
static bool is_hidden(const struct doc_member *member, enum keys keys)
{
    if (keys != KEYS_FIELDS)
        return extension_is_key(member->key);
    return str_starts_with_nocase(member->key, STR("x-")) || str_is(member->key, "servers") ||
           str_is(member->key, "server");
}

/* What is text by its field, though YAML takes 1.0 for a number. */
static bool is_text(const struct doc_member *member)
{
    static const char *const fields[] = {"description", "openapi", "summary", "title", "version"};
    FOR_EACH (field, fields, ARRAY_LENGTH(fields))
        if (str_is(member->key, *field))
            return member->value->kind == DOC_NUMBER;
    return false;
}

static void write_member(struct writer *w, const struct doc_member *member, enum keys keys)
{
    bool field = keys == KEYS_FIELDS;
    if (is_hidden(member, keys) || is_left_out(w, member->value))
        return;
    if (field && str_is(member->key, "security") && member->value->kind == DOC_LIST) {
        write_security(w, member->value);
        return;
    }
    write_key(w, member->key);
    if (field && is_text(member))
        json_write_string(&w->out, member->value->text);
    else
        write_value(w, member->value, keys_below(keys, member));
}

/* --- paths --- */

static const struct route *find_route(struct writer *w, struct str field, struct str path)
{
    struct str method = openapi_method(field);
    FOR_EACH_IN (route, &w->d->api->routes)
        if (method.len > 0 && str_eq((*route)->method, method) && str_eq((*route)->path, path))
            return *route;
    return NULL;
}

static void append_scopes(struct buf *text, const struct route *route)
{
    if (buf_len(text) > 0)
        buf_literal(text, "\n\n");
    buf_append(text, route->scopes.count == 1 ? STR("Needs a token with the scope ")
                                              : STR("Needs a token with one of the scopes "));
    FOR_EACH_IN (scope, &route->scopes) {
        buf_append(text, scope == route->scopes.items ? STR("`") : STR(", `"));
        buf_append(text, *scope);
        buf_append_char(text, '`');
    }
    buf_append_char(text, '.');
}

static void write_description(struct writer *w, const struct doc *operation,
                              const struct route *route)
{
    const struct doc *written = doc_get(operation, "description");
    scoped_buf struct buf text = {0};
    struct str own;
    if (written && !is_left_out(w, written) && resolve(w, written, &own))
        buf_append(&text, own);
    if (route->authorizer && route->scopes.count > 0)
        append_scopes(&text, route);
    if (buf_len(&text) > 0)
        write_text(w, "description", buf_str(&text));
}

/* What the route does, where that is more than the operation's own list says. */
static void write_guard(struct writer *w, const struct doc *operation, const struct route *route)
{
    const struct doc *security = doc_get(operation, "security");
    if (route->authorizer) {
        write_key(w, STR("security"));
        buf_literal(&w->out, "[{");
        json_write_string(&w->out, route->authorizer->name);
        buf_literal(&w->out, ":[]}]");
    } else if (doc_get(operation, EXTENSION_PREFIX "auth")) {
        write_security(w, NULL);
    } else if (security) {
        write_security(w, security);
    }
}

static void write_operation(struct writer *w, const struct doc_member *member,
                            const struct route *route)
{
    write_key(w, member->key);
    buf_append_char(&w->out, '{');
    FOR_EACH (field, member->value->members, member->value->count)
        if (!str_is(field->key, "description") && !str_is(field->key, "security"))
            write_member(w, field, KEYS_FIELDS);
    write_description(w, member->value, route);
    write_guard(w, member->value, route);
    buf_append_char(&w->out, '}');
}

static void write_path(struct writer *w, struct str path, const struct doc *item)
{
    size_t begin = buf_len(&w->out);
    bool empty = true;
    write_key(w, path);
    buf_append_char(&w->out, '{');
    FOR_EACH (member, item->members, item->count) {
        const struct route *route = find_route(w, member->key, path);
        if (route)
            write_operation(w, member, route);
        else
            write_member(w, member, KEYS_FIELDS);
        empty &= !route;
    }
    buf_append_char(&w->out, '}');
    if (empty)
        w->out.end = w->out.start + begin;
}

static void write_paths(struct writer *w, const struct doc *paths)
{
    write_key(w, STR("paths"));
    buf_append_char(&w->out, '{');
    FOR_EACH (member, paths->members, paths->count)
        if (str_starts_with(member->key, STR("/")))
            write_path(w, member->key, openapi_follow(w->d, member->value));
    buf_append_char(&w->out, '}');
}

/* --- the root --- */

/* Its parts are maps from the author's names. */
static void write_components(struct writer *w, const struct doc *components)
{
    write_key(w, STR("components"));
    buf_append_char(&w->out, '{');
    FOR_EACH (member, components->members, components->count) {
        if (str_is(member->key, "securitySchemes")) {
            write_schemes(w, member->value);
        } else if (!is_hidden(member, KEYS_FIELDS)) {
            write_key(w, member->key);
            write_value(w, member->value, KEYS_NAMES);
        }
    }
    buf_append_char(&w->out, '}');
}

/* The stage's root, seen from the document: stage, mapping key and host are the page's own. */
static void write_servers(struct writer *w, size_t depth)
{
    write_key(w, STR("servers"));
    buf_literal(&w->out, "[{\"url\":\"..");
    while (--depth > 0)
        buf_literal(&w->out, "/..");
    buf_literal(&w->out, "\"}]");
}

static void write_root(struct writer *w, const struct doc *root, size_t depth)
{
    buf_append_char(&w->out, '{');
    FOR_EACH (member, root->members, root->count) {
        if (str_is(member->key, "paths"))
            write_paths(w, member->value);
        else if (str_is(member->key, "components"))
            write_components(w, member->value);
        else
            write_member(w, member, KEYS_FIELDS);
    }
    write_servers(w, depth);
    buf_append_char(&w->out, '}');
}

struct str openapi_public_document(struct definition *d, size_t depth)
{
    struct writer w = {.d = d};
    write_root(&w, d->root, depth);
    struct str text = arena_copy(d->arena, buf_str(&w.out));
    buf_release(&w.out);
    return text;
}
