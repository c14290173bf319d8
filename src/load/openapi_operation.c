/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_extensions.h"
#include "turnpike/base/buf.h"

#define DEFAULT_PATH "/" ROUTE_DEFAULT

/* --- fields --- */

static void read_operation_id(struct definition *d, const struct doc_member *member, void *subject)
{
    struct openapi_operation *operation = subject;
    struct str name;
    if (definition_text(d, member->value, "operationId", &name))
        operation->name = name;
}

static void read_security(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)d;
    struct openapi_operation *operation = subject;
    operation->security = member;
}

static void read_is_default_route(struct definition *d, const struct doc_member *member,
                                  void *subject)
{
    struct openapi_operation *operation = subject;
    bool value = true; /* what is no boolean was reported, and needs no second complaint */
    if (!definition_boolean(d, member->value, "isDefaultRoute", &value) || value)
        operation->default_route = member;
}

void openapi_read_parameters(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)subject;
    if (!definition_is_list(d, member->value, "parameters"))
        return;
    for (size_t i = 0; i < member->value->count; i++) {
        const struct doc *parameter = openapi_follow(d, member->value->items[i]);
        if (parameter && definition_is_map(d, parameter, "parameter"))
            extension_find_misplaced(d, parameter);
    }
}

void openapi_integration(struct definition *d, const struct doc_member *member, void *subject)
{
    struct openapi_operation *operation = subject;
    operation->integration_written = true;
    operation->integration = openapi_find_integration(d, member->value);
}

static const struct definition_field auth_fields[] = {
    {"type", FIELD_READ, NULL},
};

static const struct definition_object auth_object = {
    .what = "x-amazon-apigateway-auth",
    .strict = true,
    DEFINITION_FIELDS(auth_fields),
};

void openapi_auth(struct definition *d, const struct doc_member *member, void *subject)
{
    static const char *const types[] = {"AWS_IAM", "NONE"};
    struct openapi_operation *operation = subject;
    struct str type;
    if (!definition_read_object(d, &auth_object, member->value, NULL))
        return;
    const struct doc *node = doc_get(member->value, "type");
    if (!node)
        diag_error(d->diag, member->at, "x-amazon-apigateway-auth has no type");
    if (!node || !definition_text(d, node, "type", &type))
        return;
    if (str_eq_nocase(type, STR("NONE")))
        operation->none = member;
    else if (str_eq_nocase(type, STR("AWS_IAM")))
        definition_refuse(d, node->at, member->key, STR(""),
                          "authorization by AWS_IAM is not built yet for HTTP APIs");
    else
        diag_error(d->diag, node->at, "x-amazon-apigateway-auth has no type '%" STR_F "'%s",
                   STR_A(type), definition_suggestion(d, type, types, ARRAY_LENGTH(types)));
}

static const struct definition_field fields[] = {
    {"callbacks",      FIELD_SILENT, NULL                   },
    {"deprecated",     FIELD_SILENT, NULL                   },
    {"description",    FIELD_SILENT, NULL                   },
    {"externalDocs",   FIELD_SILENT, NULL                   },
    {"isDefaultRoute", FIELD_READ,   read_is_default_route  },
    {"operationId",    FIELD_READ,   read_operation_id      },
    {"parameters",     FIELD_READ,   openapi_read_parameters},
    {"requestBody",    FIELD_SILENT, NULL                   },
    {"responses",      FIELD_SILENT, NULL                   },
    {"security",       FIELD_READ,   read_security          },
    {"servers",        FIELD_SILENT, NULL                   },
    {"summary",        FIELD_SILENT, NULL                   },
    {"tags",           FIELD_SILENT, NULL                   },
};

static const struct definition_object object = {
    .what = "an operation",
    .place = AT_OPERATION,
    DEFINITION_FIELDS(fields),
};

/* --- the route --- */

/* "/$default" with isDefaultRoute is the route $default; neither goes without the other. */
static bool check_default_route(struct definition *d, const struct openapi_path *path,
                                const struct openapi_operation *operation, struct str method,
                                struct position at)
{
    bool any = str_is(method, "ANY"), default_path = str_is(path->path, DEFAULT_PATH);
    if (operation->default_route && !(any && default_path)) {
        diag_error(d->diag, operation->default_route->at,
                   "isDefaultRoute stands in x-amazon-apigateway-any-method of '" DEFAULT_PATH
                   "' alone");
        return false;
    }
    if (default_path && !operation->default_route) {
        diag_error(d->diag, at,
                   "'" DEFAULT_PATH
                   "' has x-amazon-apigateway-any-method with isDefaultRoute: true "
                   "and nothing else");
        return false;
    }
    return true;
}

/* The route's key without the names of its parameters: "GET /pets/{}/{+}". */
static struct str template_of(struct definition *d, const struct route *route)
{
    scoped_buf struct buf out = {0};
    struct str rest = route->key;
    size_t brace;
    while ((brace = str_find(rest, '{')) < rest.len) {
        size_t len = str_find(str_skip(rest, brace), '}');
        buf_append(&out, str_head(rest, brace));
        buf_append(&out, rest.at[brace + len - 1] == '+' ? STR("{+}") : STR("{}"));
        rest = str_skip(rest, brace + len + 1);
    }
    buf_append(&out, rest);
    return arena_copy(d->arena, buf_str(&out));
}

/* Two routes that match the same requests: one of them would never be called, with its guard. */
static void check_template(struct definition *d, struct route *route)
{
    const struct route *twin = map_set(&openapi_of(d)->templates, template_of(d, route), route);
    if (twin)
        diag_error(d->diag, route->at, "'%" STR_F "' matches what '%" STR_F "' at line %u matches",
                   STR_A(route->key), STR_A(twin->key), twin->at.line);
}

/* The operation's own list, or the root's. NONE opens the route, but not against its own list. */
static void apply_security(struct definition *d, const struct openapi_operation *operation,
                           struct route *route)
{
    const struct doc *security =
        operation->security ? operation->security->value : doc_get(d->root, "security");
    if (operation->none && operation->security && operation->security->value->count > 0)
        diag_error(d->diag, operation->none->at,
                   "x-amazon-apigateway-auth says NONE and security at line %u names a scheme",
                   operation->security->at.line);
    if (security && !operation->none)
        openapi_read_security(d, security, route);
}

static void apply_integration(struct definition *d, const struct openapi_operation *operation,
                              struct route *route)
{
    route->integration =
        operation->integration_written ? operation->integration : openapi_default_integration(d);
    if (!operation->integration_written && !route->integration)
        diag_error(d->diag, route->at,
                   "'%" STR_F "' has no x-amazon-apigateway-integration, and the API no "
                   "defaultFunction",
                   STR_A(route->key));
}

void openapi_read_operation(struct definition *d, const struct openapi_path *path,
                            struct str method, const struct doc_member *member)
{
    struct openapi_operation operation = {0};
    if (!definition_read_object(d, &object, member->value, &operation) ||
        !check_default_route(d, path, &operation, method, member->at))
        return;

    struct route *route =
        operation.default_route
            ? builder_add_route(d->builder, d->api, member->at, STR(""), STR(ROUTE_DEFAULT))
            : builder_add_route(d->builder, d->api, member->at, method, path->path);
    if (!route)
        return;
    route->operation_name = operation.name;
    check_template(d, route);
    apply_security(d, &operation, route);
    apply_integration(d, &operation, route);
}
