/* SPDX-License-Identifier: Apache-2.0 */
/* The definition itself. What it consists of is read in the order in which one part needs another:
 * authorizers, integrations, routes. */
#include "websocket_import.h"

/* --- the format --- */

/* Everybody may add keys that begin with "x-", for YAML's anchors if nothing else; one that looks
 * like API Gateway's own was meant to have an effect. */
static bool read_other(struct definition *d, const struct definition_object *object,
                       const struct doc_member *member, void *subject)
{
    (void)d, (void)object, (void)subject;
    return str_starts_with(member->key, STR("x-")) &&
           !str_starts_with_nocase(member->key, STR("x-amazon"));
}

/* What allowUnenforced may name. */
static const char **guard_names(struct definition *d, size_t *ret_count)
{
    const struct websocket *w = websocket_of(d);
    const char **names = arena_array(d->arena, const char *, w->authorizers.count + 2);
    size_t count = 0;
    names[count++] = "apiKeyRequired";
    names[count++] = "authorizationType";
    FOR_EACH_IN (authorizer, &w->authorizers)
        names[count++] = arena_cstring(d->arena, authorizer->name);
    *ret_count = count;
    return names;
}

static const struct definition_format format = {
    .apis = "WebSocket APIs",
    .read_other = read_other,
    .guards = guard_names,
    .guards_are = "no authorizer of the definition, nor apiKeyRequired or authorizationType",
};

/* --- the root --- */

static void read_name(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)subject;
    struct str name;
    if (definition_scalar(d, member->value, "name", &name))
        d->api->name = name;
}

static void read_protocol(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)subject;
    struct str type;
    if (definition_text(d, member->value, "protocolType", &type) && !str_is(type, "WEBSOCKET"))
        diag_error(d->diag, member->value->at,
                   "protocolType is '%" STR_F "', expected WEBSOCKET: HTTP APIs are described by "
                   "OpenAPI documents",
                   STR_A(type));
}

static void read_route_selection(struct definition *d, const struct doc_member *member,
                                 void *subject)
{
    (void)subject;
    d->api->websocket.route_selection =
        websocket_selection(d, member->value, member->key.at, SELECT_REQUEST_BODY);
}

/* Only apiKeyRequired makes something of it. */
static void read_api_key_selection(struct definition *d, const struct doc_member *member,
                                   void *subject)
{
    static const char *const sources[] = {"$request.header.x-api-key",
                                          "$context.authorizer.usageIdentifierKey"};
    (void)subject;
    struct str text;
    if (!definition_text(d, member->value, "apiKeySelectionExpression", &text))
        return;
    FOR_EACH (source, sources, ARRAY_LENGTH(sources))
        if (str_is(text, *source))
            return;
    diag_error(d->diag, member->value->at,
               "apiKeySelectionExpression is '%" STR_F "', expected %s or %s", STR_A(text),
               sources[0], sources[1]);
}

static void refuse_stages(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)subject;
    diag_error(d->diag, member->at, "stages stand in the configuration: 'stages' of the API");
}

/* Models mean something by requestModels of a route, which are refused. The parts that others need
 * are read by name, afterwards. */
static const struct definition_field fields[] = {
    {"apiKeySelectionExpression", FIELD_READ, read_api_key_selection     },
    {"authorizers",               FIELD_READ, NULL                       },
    {"description",               FIELD_FREE, NULL                       },
    {"disableExecuteApiEndpoint", FIELD_READ, definition_disable_endpoint},
    {"disableSchemaValidation",   FIELD_FREE, NULL                       },
    {"integrations",              FIELD_READ, NULL                       },
    {"ipAddressType",             FIELD_FREE, NULL                       },
    {"models",                    FIELD_FREE, NULL                       },
    {"name",                      FIELD_READ, read_name                  },
    {"protocolType",              FIELD_READ, read_protocol              },
    {"routeSelectionExpression",  FIELD_READ, read_route_selection       },
    {"routes",                    FIELD_READ, NULL                       },
    {"stages",                    FIELD_READ, refuse_stages              },
    {"tags",                      FIELD_FREE, NULL                       },
    {"version",                   FIELD_FREE, NULL                       },
};

static const struct definition_object object = {
    .what = "the definition",
    .strict = true,
    DEFINITION_FIELDS(fields),
};

bool websocket_is_definition(const struct doc *root)
{
    const struct doc *type = doc_get(root, "protocolType");
    return type && type->kind == DOC_STRING && str_is(type->text, "WEBSOCKET");
}

/* --- what the configuration says of the API --- */

/* The two must not tell different stories. */
static bool check_kind(struct definition *d)
{
    static const char *const foreign[] = {"openapi", "swagger"};
    if (!definition_is_map(d, d->root, "the definition"))
        return false;
    if (d->api->protocol_written && d->api->protocol_type != PROTOCOL_WEBSOCKET) {
        const struct doc *type = doc_get(d->root, "protocolType");
        diag_error(d->diag, type ? type->at : d->root->at,
                   "the definition is a WebSocket API's, but the configuration says another "
                   "protocolType");
        return false;
    }
    FOR_EACH (word, foreign, ARRAY_LENGTH(foreign)) {
        const struct doc_member *member = doc_member(d->root, str_from(*word));
        if (!member || websocket_is_definition(d->root))
            continue;
        diag_error(d->diag, member->at,
                   "an OpenAPI document, but the configuration says protocolType WEBSOCKET: such "
                   "an API has a definition of its own kind");
        return false;
    }
    d->api->protocol_type = PROTOCOL_WEBSOCKET;
    return true;
}

static void check_configuration(struct definition *d)
{
    const struct api *api = d->api;
    if (!api->stages_written)
        diag_error(d->diag, api->at,
                   "'stages' is missing: the URLs of a WebSocket API have the name of a stage");
    if (api->docs_path.text.at)
        diag_error(d->diag, api->docs_path.at,
                   "'docs' is for OpenAPI documents: a WebSocket API has none");
    if (api->default_function.text.at)
        diag_error(d->diag, api->default_function.at,
                   "'defaultFunction' is for OpenAPI documents: a route of a WebSocket API names "
                   "its integration");
    if (api->cors.on)
        diag_warning(d->diag, api->cors.at,
                     "'corsConfiguration' has no effect on WebSocket APIs: browsers ask nobody "
                     "before they connect");
}

static void read_definition(struct definition *d)
{
    const struct doc *authorizers = doc_get(d->root, "authorizers");
    const struct doc *integrations = doc_get(d->root, "integrations");
    const struct doc *routes = doc_get(d->root, "routes");
    d->api->name = d->api->api_id;
    definition_read_object(d, &object, d->root, NULL);
    if (!doc_get(d->root, "routeSelectionExpression"))
        diag_error(d->diag, d->root->at,
                   "the definition has no routeSelectionExpression, such as "
                   "'$request.body.action'");
    if (authorizers)
        websocket_read_authorizers(d, authorizers);
    if (integrations)
        websocket_read_integrations(d, integrations);
    if (routes)
        websocket_read_routes(d, routes);
    else
        diag_error(d->diag, d->root->at, "the definition has no routes");
    definition_check_allowed(d);
}

bool websocket_read(struct builder *b, struct api *api, const struct doc *root)
{
    size_t errors_before = b->diag->error_count;
    struct websocket w = {0};
    definition_init(&w.definition, &format, b, api, root);
    if (check_kind(&w.definition)) {
        check_configuration(&w.definition);
        read_definition(&w.definition);
    }
    return b->diag->error_count == errors_before;
}
