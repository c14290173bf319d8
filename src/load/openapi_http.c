/* SPDX-License-Identifier: Apache-2.0 */
/* Integrations of type http_proxy (AWS: "Create HTTP proxy integrations for HTTP APIs"). */
#include "openapi_import.h"

void openapi_http_method(struct openapi *o, const struct doc_member *member, void *subject)
{
    const struct integration *integration = subject;
    struct str method;
    if (!openapi_text(o, member->value, "httpMethod", &method))
        return;
    if (integration->type != INTEGRATION_HTTP && !str_is(method, "POST"))
        diag_warning(o->diag, member->value->at,
                     "httpMethod '%" STR_F "' has no effect: a Lambda function is invoked by POST",
                     STR_A(method));
}

void openapi_connection_type(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    struct str type;
    if (!openapi_text(o, member->value, "connectionType", &type))
        return;
    if (str_is(type, "VPC_LINK"))
        diag_error(o->diag, member->value->at, "connectionType VPC_LINK is not built yet");
    else if (!str_is(type, "INTERNET"))
        diag_error(o->diag, member->value->at,
                   "connectionType is '%" STR_F "', expected INTERNET or VPC_LINK", STR_A(type));
}

void openapi_connection_id(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    diag_warning(o->diag, member->at,
                 "'connectionId' in an integration has no effect on HTTP APIs");
}

void openapi_tls_config(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    diag_error(o->diag, member->at, "'tlsConfig' in an integration is not built yet");
}

bool openapi_finish_http(struct openapi *o, const struct doc *node, struct integration *integration)
{
    (void)integration;
    diag_error(o->diag, doc_get(node, "type")->at,
               "integrations of type http_proxy are not built yet");
    return false;
}
