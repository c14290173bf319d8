/* SPDX-License-Identifier: Apache-2.0 */
/* Integrations of type http_proxy (AWS: "Create HTTP proxy integrations for HTTP APIs", "Create
 * private integrations for HTTP APIs"). Where the URI leads is known once its stage is:
 * builder_finish. */
#include "openapi_import.h"
#include "turnpike/base/uri.h"

void openapi_http_method(struct definition *d, const struct doc_member *member, void *subject)
{
    struct integration *integration = subject;
    struct str method;
    if (integration->type == INTEGRATION_HTTP) {
        definition_read_method(d, member->value, "httpMethod", &integration->method);
        return;
    }
    if (!definition_text(d, member->value, "httpMethod", &method))
        return;
    if (integration->type == INTEGRATION_LAMBDA && !str_is(method, "POST"))
        diag_warning(d->diag, member->value->at,
                     "httpMethod '%" STR_F "' has no effect: a Lambda function is invoked by POST",
                     STR_A(method));
}

void openapi_connection_type(struct definition *d, const struct doc_member *member, void *subject)
{
    struct integration *integration = subject;
    struct str type;
    if (!definition_text(d, member->value, "connectionType", &type))
        return;
    if (str_is(type, "INTERNET"))
        return;
    if (!str_is(type, "VPC_LINK"))
        diag_error(d->diag, member->value->at,
                   "connectionType is '%" STR_F "', expected INTERNET or VPC_LINK", STR_A(type));
    else if (integration->type != INTEGRATION_HTTP)
        diag_error(d->diag, member->value->at, "connectionType VPC_LINK is for type http_proxy");
    else
        integration->vpc_link = true;
}

void openapi_connection_id(struct definition *d, const struct doc_member *member, void *subject)
{
    struct integration *integration = subject;
    struct str id;
    if (!definition_text(d, member->value, "connectionId", &id))
        return;
    if (integration->type == INTEGRATION_HTTP)
        integration->connection_id = (struct written){id, member->at};
    else
        diag_warning(d->diag, member->at, "connectionId has no effect: it is for type http_proxy");
}

static void read_server_name(struct definition *d, const struct doc_member *member, void *subject)
{
    struct integration *integration = subject;
    struct str name, host;
    uint16_t port;
    if (!definition_text(d, member->value, "serverNameToVerify", &name))
        return;
    if (!uri_split_host(name, &host, &port) || !str_eq(host, name))
        diag_error(d->diag, member->value->at,
                   "serverNameToVerify is '%" STR_F "', expected the name of a host", STR_A(name));
    else
        integration->server_name_to_verify = (struct written){name, member->at};
}

static const struct definition_field tls_fields[] = {
    {"insecureSkipVerification", FIELD_WARN, NULL            },
    {"serverNameToVerify",       FIELD_READ, read_server_name},
};

static const struct definition_object tls_object = {
    .what = "tlsConfig",
    .strict = true,
    DEFINITION_FIELDS(tls_fields),
};

void openapi_tls_config(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct integration *integration = subject;
    if (integration->type == INTEGRATION_HTTP)
        (void)definition_read_object(d, &tls_object, member->value, subject);
    else
        diag_error(d->diag, member->at, "tlsConfig is for type http_proxy");
}

/* What only private integrations have. */
static void check_public(struct definition *d, const struct integration *integration)
{
    if (integration->connection_id.text.at)
        diag_warning(d->diag, integration->connection_id.at,
                     "connectionId has no effect without connectionType: VPC_LINK");
    if (integration->server_name_to_verify.text.at)
        diag_error(d->diag, integration->server_name_to_verify.at,
                   "serverNameToVerify is for connectionType: VPC_LINK; elsewhere it is the URI's "
                   "host that is verified");
}

bool openapi_finish_http(struct definition *d, const struct doc *node,
                         struct integration *integration)
{
    const struct doc *version = doc_get(node, "payloadFormatVersion");
    if (!doc_get(node, "uri"))
        diag_error(d->diag, node->at, "the integration has no uri");
    if (version && integration->payload_format != PAYLOAD_FORMAT_1_0)
        diag_error(d->diag, version->at,
                   "integrations of type http_proxy have payloadFormatVersion 1.0 alone");
    if (!integration->vpc_link)
        check_public(d, integration);
    if (!integration->method.at) /* API Gateway's own default, where the console creates one */
        integration->method = STR("ANY");
    return integration->uri.text.at != NULL;
}
