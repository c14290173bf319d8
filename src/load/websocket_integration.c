/* SPDX-License-Identifier: Apache-2.0 */
/* Integrations (AWS: "Set up a WebSocket API integration request"). */
#include "turnpike/base/clock.h"
#include "websocket_import.h"

#define TIMEOUT_MAX_MS 29000 /* AWS: "Quotas for configuring and running a WebSocket API" */

/* AWS's types, and what each is here. */
enum type_bit {
    TYPE_AWS = 1 << 0,
    TYPE_AWS_PROXY = 1 << 1,
    TYPE_HTTP = 1 << 2,
    TYPE_HTTP_PROXY = 1 << 3,
    TYPE_MOCK = 1 << 4,
    FUNCTIONS = TYPE_AWS | TYPE_AWS_PROXY,
    PROXIES = TYPE_AWS_PROXY | TYPE_HTTP_PROXY,
};

static const struct type_row {
    const char *name;
    enum type_bit bit;
    enum integration_type type;
} types[] = {
    {"AWS",        TYPE_AWS,        INTEGRATION_LAMBDA},
    {"AWS_PROXY",  TYPE_AWS_PROXY,  INTEGRATION_LAMBDA},
    {"HTTP",       TYPE_HTTP,       INTEGRATION_HTTP  },
    {"HTTP_PROXY", TYPE_HTTP_PROXY, INTEGRATION_HTTP  },
    {"MOCK",       TYPE_MOCK,       INTEGRATION_MOCK  },
};

/* One integration while it is read. */
struct reading {
    const struct type_row *type;
    struct integration *integration;
};

/* Fields that have no effect on integrations of some types. */
static const struct {
    const char *name;
    unsigned types;
} idle_fields[] = {
    {"connectionId",                           FUNCTIONS | TYPE_MOCK},
    {"connectionType",                         TYPE_MOCK            },
    {"integrationMethod",                      TYPE_MOCK            },
    {"integrationResponseSelectionExpression", PROXIES              },
    {"integrationResponses",                   PROXIES              },
    {"integrationUri",                         TYPE_MOCK            },
    {"passthroughBehavior",                    PROXIES              },
    {"requestParameters",                      TYPE_MOCK            },
    {"requestTemplates",                       PROXIES              },
    {"templateSelectionExpression",            PROXIES              },
};

/* Whether the member has no effect on this integration; reported. */
static bool is_idle(struct definition *d, const struct doc_member *member, const struct reading *r)
{
    FOR_EACH (field, idle_fields, ARRAY_LENGTH(idle_fields)) {
        if (!str_is(member->key, field->name) || !(field->types & r->type->bit))
            continue;
        diag_warning(d->diag, member->at, "'%s' has no effect on integrations of type %s",
                     field->name, r->type->name);
        return true;
    }
    return false;
}

/* --- fields --- */

static void read_uri(struct definition *d, const struct doc_member *member, void *subject)
{
    struct reading *r = subject;
    struct str uri;
    if (!is_idle(d, member, r) && definition_text(d, member->value, "integrationUri", &uri))
        r->integration->uri = (struct written){uri, member->value->at};
}

/* What API Gateway makes of ANY where there is no client's method, it does not say. */
static void read_http_method(struct definition *d, const struct doc *node, struct str *ret_method)
{
    definition_read_method(d, node, "integrationMethod", ret_method);
    if (!str_is(*ret_method, "ANY"))
        return;
    diag_warning(d->diag, node->at, "integrationMethod ANY: a message has no method, POST is sent");
    *ret_method = STR("POST");
}

static void read_method(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct reading *r = subject;
    struct str method;
    if (is_idle(d, member, r))
        return;
    if (r->type->bit & FUNCTIONS) {
        if (definition_text(d, member->value, "integrationMethod", &method) &&
            !str_is(method, "POST"))
            diag_warning(d->diag, member->value->at,
                         "integrationMethod '%" STR_F
                         "' has no effect: a Lambda function is invoked by POST",
                         STR_A(method));
        return;
    }
    read_http_method(d, member->value, &r->integration->method);
}

static void read_timeout(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct reading *r = subject;
    definition_read_timeout(d, member->value, TIMEOUT_MAX_MS, &r->integration->timeout);
}

static void read_passthrough(struct definition *d, const struct doc_member *member, void *subject)
{
    static const char *const words[] = {
        [PASSTHROUGH_WHEN_NO_MATCH] = "WHEN_NO_MATCH",
        [PASSTHROUGH_NEVER] = "NEVER",
        [PASSTHROUGH_WHEN_NO_TEMPLATES] = "WHEN_NO_TEMPLATES",
    };
    const struct reading *r = subject;
    struct str text;
    if (is_idle(d, member, r) || !definition_text(d, member->value, "passthroughBehavior", &text))
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (str_is(text, words[i])) {
            r->integration->websocket.passthrough = (enum passthrough_behavior)i;
            return;
        }
    }
    diag_error(d->diag, member->value->at, "unknown passthroughBehavior '%" STR_F "'%s",
               STR_A(text), definition_suggestion(d, text, words, ARRAY_LENGTH(words)));
}

static void read_content_handling(struct definition *d, const struct doc_member *member,
                                  void *subject)
{
    const struct reading *r = subject;
    websocket_read_content_handling(d, member->value, &r->integration->websocket.content_handling);
}

static void read_selection(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct reading *r = subject;
    if (!is_idle(d, member, r))
        r->integration->websocket.template_selection = websocket_selection(
            d, member->value, "templateSelectionExpression", SELECT_REQUEST_BODY);
}

static void read_templates(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct reading *r = subject;
    if (!is_idle(d, member, r))
        websocket_read_templates(d, member->value, "requestTemplates",
                                 &r->integration->websocket.templates);
}

static void read_parameters(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct reading *r = subject;
    if (!is_idle(d, member, r))
        websocket_read_parameters(d, member->value, r->integration);
}

static void read_responses(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct reading *r = subject;
    if (!is_idle(d, member, r))
        websocket_read_responses(d, member->value, &r->integration->websocket);
}

/* API Gateway tells what it is, and takes nothing else. */
static void read_response_selection(struct definition *d, const struct doc_member *member,
                                    void *subject)
{
    const struct reading *r = subject;
    const char *fixed = r->type->bit & FUNCTIONS ? "$integration.response.body.errorMessage"
                                                 : "$integration.response.statuscode";
    struct str text;
    if (is_idle(d, member, r) ||
        !definition_text(d, member->value, "integrationResponseSelectionExpression", &text))
        return;
    if (str_starts_with(text, STR("${")) && str_ends_with(text, STR("}")))
        text = arena_printf(d->arena, "$%" STR_F, STR_A(str_of(text.at + 2, text.len - 3)));
    if (!str_is(text, fixed))
        diag_error(d->diag, member->value->at,
                   "integrationResponseSelectionExpression of type %s is always %s", r->type->name,
                   fixed);
}

static void read_connection_type(struct definition *d, const struct doc_member *member,
                                 void *subject)
{
    const struct reading *r = subject;
    struct str type;
    if (is_idle(d, member, r) || !definition_text(d, member->value, "connectionType", &type))
        return;
    if (str_is(type, "INTERNET"))
        return;
    if (!str_is(type, "VPC_LINK"))
        diag_error(d->diag, member->value->at,
                   "connectionType is '%" STR_F "', expected INTERNET or VPC_LINK", STR_A(type));
    else if (r->type->bit & FUNCTIONS)
        diag_error(d->diag, member->value->at,
                   "connectionType VPC_LINK is for integrationType HTTP and HTTP_PROXY");
    else
        r->integration->vpc_link = true;
}

static void read_connection_id(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct reading *r = subject;
    struct str id;
    if (!is_idle(d, member, r) && definition_text(d, member->value, "connectionId", &id))
        r->integration->connection_id = (struct written){id, member->at};
}

/* The only one there is for WebSocket APIs: exports have it. */
static void read_payload_format(struct definition *d, const struct doc_member *member,
                                void *subject)
{
    (void)subject;
    struct str version;
    if (definition_scalar(d, member->value, "payloadFormatVersion", &version) &&
        !str_is(version, "1.0"))
        diag_error(d->diag, member->value->at,
                   "payloadFormatVersion is for HTTP APIs: the events of WebSocket APIs have one "
                   "form");
}

static void refuse_subtype(struct definition *d, const struct doc_member *member, void *subject)
{
    (void)subject;
    diag_error(d->diag, member->at, "integrationSubtype is for HTTP APIs");
}

static const struct definition_field fields[] = {
    {"connectionId",                           FIELD_READ, read_connection_id     },
    {"connectionType",                         FIELD_READ, read_connection_type   },
    {"contentHandlingStrategy",                FIELD_READ, read_content_handling  },
    {"credentialsArn",                         FIELD_WARN, NULL                   },
    {"description",                            FIELD_FREE, NULL                   },
    {"integrationMethod",                      FIELD_READ, read_method            },
    {"integrationResponseSelectionExpression", FIELD_READ, read_response_selection},
    {"integrationResponses",                   FIELD_READ, read_responses         },
    {"integrationSubtype",                     FIELD_READ, refuse_subtype         },
    {"integrationType",                        FIELD_READ, NULL                   },
    {"integrationUri",                         FIELD_READ, read_uri               },
    {"passthroughBehavior",                    FIELD_READ, read_passthrough       },
    {"payloadFormatVersion",                   FIELD_READ, read_payload_format    },
    {"requestParameters",                      FIELD_READ, read_parameters        },
    {"requestTemplates",                       FIELD_READ, read_templates         },
    {"responseParameters",                     FIELD_WARN, NULL                   },
    {"templateSelectionExpression",            FIELD_READ, read_selection         },
    {"timeoutInMillis",                        FIELD_READ, read_timeout           },
    {"tlsConfig",                              FIELD_WARN, NULL                   },
};

static const struct definition_object object = {
    .what = "an integration",
    .strict = true,
    DEFINITION_FIELDS(fields),
};

/* --- types --- */

static const struct type_row *find_type(struct str name)
{
    FOR_EACH (row, types, ARRAY_LENGTH(types))
        if (str_is(name, row->name))
            return row;
    return NULL;
}

/* Where no type is written the URI tells. */
static const struct type_row *guess_type(struct definition *d, const struct doc *node)
{
    const struct doc *uri = doc_get(node, "integrationUri");
    if (!uri) {
        diag_error(d->diag, node->at,
                   "the integration has neither integrationType nor "
                   "integrationUri");
        return NULL;
    }
    bool url = uri->kind == DOC_STRING && definition_is_http_url(uri->text);
    return find_type(url ? STR("HTTP_PROXY") : STR("AWS_PROXY"));
}

static const struct type_row *read_type(struct definition *d, const struct doc *node)
{
    const char *names[ARRAY_LENGTH(types)];
    const struct doc *written = doc_get(node, "integrationType");
    struct str name;
    if (!written)
        return guess_type(d, node);
    if (!definition_text(d, written, "integrationType", &name))
        return NULL;
    const struct type_row *row = find_type(name);
    if (row)
        return row;
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        names[i] = types[i].name;
    diag_error(d->diag, written->at, "unknown integrationType '%" STR_F "'%s", STR_A(name),
               definition_suggestion(d, name, names, ARRAY_LENGTH(types)));
    return NULL;
}

/* --- what is complete --- */

/* arn:aws:apigateway:REGION:SERVICE:…, but not lambda's. */
static bool is_service(struct str uri)
{
    return str_starts_with(uri, STR("arn:")) && str_find_str(uri, STR(":apigateway:")) < uri.len &&
           str_find_str(uri, STR(":lambda:path/")) == uri.len;
}

static bool finish_function(struct definition *d, const struct integration *integration)
{
    const struct written *uri = &integration->uri;
    if (is_service(uri->text)) {
        diag_error(d->diag, uri->at,
                   "integrations with AWS services other than Lambda are not built yet for "
                   "WebSocket APIs");
        return false;
    }
    return definition_check_function(d, uri, "integrationType HTTP or HTTP_PROXY");
}

static void check_http(struct definition *d, struct integration *integration)
{
    if (!integration->method.at)
        integration->method = STR("POST");
    if (integration->connection_id.text.at && !integration->vpc_link)
        diag_warning(d->diag, integration->connection_id.at,
                     "connectionId has no effect without connectionType: VPC_LINK");
    websocket_check_path(d, integration);
}

static bool finish(struct definition *d, const struct doc *node, const struct reading *r)
{
    struct integration *integration = r->integration;
    websocket_check_templates(d, &integration->websocket.templates,
                              integration->websocket.template_selection);
    if (integration->type == INTEGRATION_MOCK)
        return true;
    if (!doc_get(node, "integrationUri"))
        diag_error(d->diag, node->at, "the integration has no integrationUri");
    if (!integration->uri.text.at)
        return false;
    if (integration->type == INTEGRATION_LAMBDA)
        return finish_function(d, integration);
    check_http(d, integration);
    return true;
}

static struct integration *read_integration(struct definition *d, const struct doc *node)
{
    struct reading r;
    if (!definition_is_map(d, node, "an integration") || !(r.type = read_type(d, node)))
        return NULL;
    r.integration = builder_add_integration(d->builder, d->api, node->at);
    r.integration->type = r.type->type;
    r.integration->timeout = (uint64_t)TIMEOUT_MAX_MS * USEC_PER_MSEC;
    r.integration->websocket.proxy = r.type->bit & PROXIES;
    definition_read_object(d, &object, node, &r);
    return finish(d, node, &r) ? r.integration : NULL;
}

/* --- by name --- */

void websocket_read_integrations(struct definition *d, const struct doc *integrations)
{
    if (!definition_is_map(d, integrations, "integrations"))
        return;
    for (size_t i = 0; i < integrations->count; i++) {
        const struct doc_member *member = &integrations->members[i];
        struct integration *integration = read_integration(d, member->value);
        *list_push(d->arena, &websocket_of(d)->integrations) =
            (struct named_integration){member->key, integration};
    }
}

static void report_missing(struct definition *d, struct position at, struct str name)
{
    const struct websocket *w = websocket_of(d);
    size_t count = w->integrations.count <= DEFINITION_SUGGESTIONS_MAX ? w->integrations.count : 0;
    const char **names = arena_array(d->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_cstring(d->arena, w->integrations.items[i].name);
    diag_error(d->diag, at, "there is no integration '%" STR_F "'%s", STR_A(name),
               definition_suggestion(d, name, names, count));
}

/* "room", or as API Gateway's targets are written: "integrations/room". */
static struct integration *find_named(struct definition *d, const struct doc *node)
{
    struct str name;
    if (!definition_text(d, node, "integration", &name))
        return NULL;
    if (str_starts_with(name, STR("integrations/")))
        name = str_skip(name, STR("integrations/").len);
    FOR_EACH_IN (named, &websocket_of(d)->integrations)
        if (str_eq(named->name, name))
            return named->integration;
    report_missing(d, node->at, name);
    return NULL;
}

struct integration *websocket_find_integration(struct definition *d, const struct doc *node)
{
    if (node->kind == DOC_STRING || intrinsics_name(&d->intrinsics, node).len > 0)
        return find_named(d, node);
    if (node->kind == DOC_MAP)
        return read_integration(d, node);
    diag_error(d->diag, node->at, "integration is %s, expected a name or a map",
               doc_kind_name(node));
    return NULL;
}
