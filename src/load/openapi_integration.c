/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_extensions.h"

#define TIMEOUT_MAX_MS 30000 /* AWS: "Quotas for configuring and running an HTTP API" */

/* An integration that was read already. */
struct shared {
    uintptr_t address; /* of its node: the key */
    struct integration *integration;
};

static void read_uri(struct definition *d, const struct doc_member *member, void *subject)
{
    struct integration *integration = subject;
    struct str uri;
    if (definition_text(d, member->value, "uri", &uri))
        integration->uri = (struct written){uri, member->value->at};
}

static bool finish_function(struct definition *d, const struct doc *node,
                            struct integration *integration)
{
    if (!doc_get(node, "uri"))
        diag_error(d->diag, node->at, "the integration has no uri");
    return integration->uri.text.at &&
           definition_check_function(d, &integration->uri, "type http_proxy");
}

/* As text or as a number: API Gateway exports the one, people write the other. */
static void read_payload_format(struct definition *d, const struct doc_member *member,
                                void *subject)
{
    struct integration *integration = subject;
    struct str version;
    if (!definition_scalar(d, member->value, "payloadFormatVersion", &version))
        return;
    bool number = member->value->kind == DOC_NUMBER;
    if (str_is(version, "1.0") || (number && str_is(version, "1")))
        integration->payload_format = PAYLOAD_FORMAT_1_0;
    else if (str_is(version, "2.0") || (number && str_is(version, "2")))
        integration->payload_format = PAYLOAD_FORMAT_2_0;
    else
        diag_error(d->diag, member->value->at,
                   "payloadFormatVersion is '%" STR_F "', expected 1.0 or 2.0", STR_A(version));
}

static void read_timeout(struct definition *d, const struct doc_member *member, void *subject)
{
    struct integration *integration = subject;
    definition_read_timeout(d, member->value, TIMEOUT_MAX_MS, &integration->timeout);
}

static const struct definition_field fields[] = {
    {"cacheKeyParameters",   FIELD_WARN, NULL                       },
    {"cacheNamespace",       FIELD_WARN, NULL                       },
    {"connectionId",         FIELD_READ, openapi_connection_id      },
    {"connectionType",       FIELD_READ, openapi_connection_type    },
    {"contentHandling",      FIELD_WARN, NULL                       },
    {"credentials",          FIELD_READ, openapi_credentials        },
    {"httpMethod",           FIELD_READ, openapi_http_method        },
    {"integrationSubtype",   FIELD_READ, NULL                       },
    {"integrationTarget",    FIELD_WARN, NULL                       },
    {"passthroughBehavior",  FIELD_WARN, NULL                       },
    {"payloadFormatVersion", FIELD_READ, read_payload_format        },
    {"requestParameters",    FIELD_READ, openapi_request_parameters },
    {"requestTemplates",     FIELD_WARN, NULL                       },
    {"responseParameters",   FIELD_READ, openapi_response_parameters},
    {"responseTransferMode", FIELD_WARN, NULL                       },
    {"responses",            FIELD_WARN, NULL                       },
    {"timeoutInMillis",      FIELD_READ, read_timeout               },
    {"tlsConfig",            FIELD_READ, openapi_tls_config         },
    {"type",                 FIELD_READ, NULL                       },
    {"uri",                  FIELD_READ, read_uri                   },
};

static const struct definition_object object = {
    .what = "an integration",
    .strict = true,
    DEFINITION_FIELDS(fields),
};

/* AWS warns about these and leaves the route out; we refuse. */
static const struct {
    const char *type, *problem;
} other_types[] = {
    {"aws",  "are for REST APIs: an HTTP API calls a function by aws_proxy"},
    {"http", "are for REST APIs: an HTTP API has http_proxy"               },
    {"mock", "are for REST APIs"                                           },
};

static bool report_type(struct definition *d, struct position at, struct str type)
{
    static const char *const types[] = {"aws_proxy", "http_proxy"};
    FOR_EACH (other, other_types, ARRAY_LENGTH(other_types)) {
        if (str_eq_nocase(type, str_from(other->type))) {
            diag_error(d->diag, at, "integrations of type %s %s", other->type, other->problem);
            return false;
        }
    }
    diag_error(d->diag, at, "unknown type of integration '%" STR_F "'%s", STR_A(type),
               definition_suggestion(d, type, types, ARRAY_LENGTH(types)));
    return false;
}

/* Whatever else is wrong with an unknown type is not worth saying. */
static bool read_type(struct definition *d, const struct doc *node, enum integration_type *ret_type)
{
    const struct doc *written = doc_get(node, "type");
    struct str type;
    if (!written) {
        diag_error(d->diag, node->at,
                   "the integration has no type; for a function it is aws_proxy");
        return false;
    }
    if (!definition_text(d, written, "type", &type))
        return false;
    if (str_eq_nocase(type, STR("http_proxy")))
        *ret_type = INTEGRATION_HTTP;
    else if (str_eq_nocase(type, STR("aws_proxy")))
        *ret_type = doc_get(node, "integrationSubtype") ? INTEGRATION_SERVICE : INTEGRATION_LAMBDA;
    else
        return report_type(d, written->at, type);
    return true;
}

/* What each type still wants to know once its fields are read; false, reported, where it lacks
 * something. */
static bool (*const finish[])(struct definition *, const struct doc *, struct integration *) = {
    [INTEGRATION_LAMBDA] = finish_function,
    [INTEGRATION_HTTP] = openapi_finish_http,
    [INTEGRATION_SERVICE] = openapi_finish_service,
};

static struct integration *read_integration(struct definition *d, const struct doc *node)
{
    enum integration_type type;
    if (!definition_is_map(d, node, "x-amazon-apigateway-integration") ||
        !read_type(d, node, &type))
        return NULL;
    struct integration *integration = builder_add_integration(d->builder, d->api, node->at);
    integration->type = type;
    definition_read_object(d, &object, node, integration);
    return finish[type](d, node, integration) ? integration : NULL;
}

struct integration *openapi_find_integration(struct definition *d, const struct doc *node)
{
    node = openapi_follow(d, node);
    if (!node)
        return NULL;
    uintptr_t address = (uintptr_t)node;
    const struct shared *known =
        map_get(&openapi_of(d)->integrations, str_of((const char *)&address, sizeof(address)));
    if (known)
        return known->integration;

    struct shared *shared = arena_new(d->arena, struct shared);
    *shared = (struct shared){address, read_integration(d, node)};
    map_set(&openapi_of(d)->integrations, str_of((const char *)&shared->address, sizeof(address)),
            shared);
    return shared->integration;
}

struct integration *openapi_default_integration(struct definition *d)
{
    const struct written *function = &d->api->default_function;
    if (!function->text.at || openapi_of(d)->default_integration)
        return openapi_of(d)->default_integration;
    struct integration *integration = builder_add_integration(d->builder, d->api, function->at);
    integration->type = INTEGRATION_LAMBDA;
    integration->uri = *function;
    integration->payload_format = PAYLOAD_FORMAT_2_0;
    openapi_of(d)->default_integration = integration;
    return integration;
}
