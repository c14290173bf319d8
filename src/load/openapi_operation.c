/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_extensions.h"
#include "turnpike/base/buf.h"

#define DEFAULT_PATH "/" ROUTE_DEFAULT

/* --- fields --- */

static void read_operation_id(struct openapi *o, const struct doc_member *member, void *subject)
{
    struct openapi_operation *operation = subject;
    struct str name;
    if (openapi_text(o, member->value, "operationId", &name))
        operation->name = name;
}

static void read_security(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)o;
    struct openapi_operation *operation = subject;
    operation->security = member;
}

static void read_is_default_route(struct openapi *o, const struct doc_member *member, void *subject)
{
    struct openapi_operation *operation = subject;
    bool value = true; /* what is no boolean was reported, and needs no second complaint */
    if (!openapi_boolean(o, member->value, "isDefaultRoute", &value) || value)
        operation->default_route = member;
}

void openapi_read_parameters(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    if (!openapi_is_list(o, member->value, "parameters"))
        return;
    for (size_t i = 0; i < member->value->count; i++) {
        const struct doc *parameter = openapi_follow(o, member->value->items[i]);
        if (parameter && openapi_is_map(o, parameter, "parameter"))
            extension_find_misplaced(o, parameter);
    }
}

void openapi_integration(struct openapi *o, const struct doc_member *member, void *subject)
{
    struct openapi_operation *operation = subject;
    operation->integration_written = true;
    operation->integration = openapi_find_integration(o, member->value);
}

static const struct openapi_field auth_fields[] = {
    {"type", FIELD_READ, NULL},
};

static const struct openapi_object auth_object = {
    .what = "x-amazon-apigateway-auth",
    .strict = true,
    OPENAPI_FIELDS(auth_fields),
};

void openapi_auth(struct openapi *o, const struct doc_member *member, void *subject)
{
    static const char *const types[] = {"AWS_IAM", "NONE"};
    struct openapi_operation *operation = subject;
    struct str type;
    if (!openapi_read_object(o, &auth_object, member->value, NULL))
        return;
    const struct doc *node = doc_get(member->value, "type");
    if (!node)
        diag_error(o->diag, member->at, "x-amazon-apigateway-auth has no type");
    if (!node || !openapi_text(o, node, "type", &type))
        return;
    if (str_eq_nocase(type, STR("NONE")))
        operation->none = member;
    else if (str_eq_nocase(type, STR("AWS_IAM")))
        openapi_refuse(o, node->at, member->key, STR(""),
                       "authorization by AWS_IAM is not built yet for HTTP APIs");
    else
        diag_error(o->diag, node->at, "x-amazon-apigateway-auth has no type '%" STR_F "'%s",
                   STR_A(type), openapi_suggestion(o, type, types, ARRAY_LENGTH(types)));
}

static const struct openapi_field fields[] = {
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

static const struct openapi_object object = {
    .what = "an operation",
    .place = AT_OPERATION,
    OPENAPI_FIELDS(fields),
};

/* --- the route --- */

/* "/$default" with isDefaultRoute is the route $default; neither goes without the other. */
static bool check_default_route(struct openapi *o, const struct openapi_path *path,
                                const struct openapi_operation *operation, struct str method,
                                struct position at)
{
    bool any = str_is(method, "ANY"), default_path = str_is(path->path, DEFAULT_PATH);
    if (operation->default_route && !(any && default_path)) {
        diag_error(o->diag, operation->default_route->at,
                   "isDefaultRoute stands in x-amazon-apigateway-any-method of '" DEFAULT_PATH
                   "' alone");
        return false;
    }
    if (default_path && !operation->default_route) {
        diag_error(o->diag, at,
                   "'" DEFAULT_PATH
                   "' has x-amazon-apigateway-any-method with isDefaultRoute: true "
                   "and nothing else");
        return false;
    }
    return true;
}

/* The route's key without the names of its parameters: "GET /pets/{}/{+}". */
static struct str template_of(struct openapi *o, const struct route *route)
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
    return arena_copy(o->arena, buf_str(&out));
}

/* Two routes that match the same requests: one of them would never be called, with its guard. */
static void check_template(struct openapi *o, struct route *route)
{
    const struct route *twin = map_set(&o->templates, template_of(o, route), route);
    if (twin)
        diag_error(o->diag, route->at, "'%" STR_F "' matches what '%" STR_F "' at line %u matches",
                   STR_A(route->key), STR_A(twin->key), twin->at.line);
}

/* The operation's own list, or the root's. NONE opens the route, but not against its own list. */
static void apply_security(struct openapi *o, const struct openapi_operation *operation,
                           struct route *route)
{
    const struct doc *security =
        operation->security ? operation->security->value : doc_get(o->root, "security");
    if (operation->none && operation->security && operation->security->value->count > 0)
        diag_error(o->diag, operation->none->at,
                   "x-amazon-apigateway-auth says NONE and security at line %u names a scheme",
                   operation->security->at.line);
    if (security && !operation->none)
        openapi_read_security(o, security, route);
}

static void apply_integration(struct openapi *o, const struct openapi_operation *operation,
                              struct route *route)
{
    route->integration =
        operation->integration_written ? operation->integration : openapi_default_integration(o);
    if (!operation->integration_written && !route->integration)
        diag_error(o->diag, route->at,
                   "'%" STR_F "' has no x-amazon-apigateway-integration, and the API no "
                   "defaultFunction",
                   STR_A(route->key));
}

void openapi_read_operation(struct openapi *o, const struct openapi_path *path, struct str method,
                            const struct doc_member *member)
{
    struct openapi_operation operation = {0};
    if (!openapi_read_object(o, &object, member->value, &operation) ||
        !check_default_route(o, path, &operation, method, member->at))
        return;

    struct route *route =
        operation.default_route
            ? builder_add_route(o->builder, o->api, member->at, STR(""), STR(ROUTE_DEFAULT))
            : builder_add_route(o->builder, o->api, member->at, method, path->path);
    if (!route)
        return;
    route->operation_name = operation.name;
    check_template(o, route);
    apply_security(o, &operation, route);
    apply_integration(o, &operation, route);
}
