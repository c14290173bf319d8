/* SPDX-License-Identifier: Apache-2.0 */
/* Integrations with AWS services (AWS: "Create AWS service integrations for HTTP APIs"). */
#include "openapi_import.h"
#include "turnpike/model/service_action.h"

#define CALLER_CREDENTIALS "arn:aws:iam::*:user/*"

/* Roles are AWS's: what a request is signed with stands in the configuration. */
static const char *const signers[] = {
    [INTEGRATION_LAMBDA] = "invocations are signed as 'signWith' of the function says",
    [INTEGRATION_HTTP] = "requests to HTTP backends are not signed",
    [INTEGRATION_SERVICE] = ("requests are signed as 'signWith' of the service in "
                             "'serviceEndpoints' says"),
};

void openapi_credentials(struct definition *d, const struct doc_member *member, void *subject)
{
    const struct integration *integration = subject;
    struct str role = {0};
    /* the role of a template's resource has no name here, and needs none */
    if (intrinsics_name(&d->intrinsics, member->value).len == 0 &&
        !definition_text(d, member->value, "credentials", &role))
        return;
    if (str_is(role, CALLER_CREDENTIALS))
        diag_error(d->diag, member->at,
                   "credentials '" CALLER_CREDENTIALS "' are the caller's own, which would decide "
                   "what the call may do: not built yet");
    else
        diag_warning(d->diag, member->at, "'credentials' has no effect: %s",
                     signers[integration->type]);
}

static const struct service_action *read_subtype(struct definition *d, const struct doc *node)
{
    const struct doc *written = doc_get(node, "integrationSubtype");
    struct str subtype;
    if (!definition_text(d, written, "integrationSubtype", &subtype))
        return NULL;
    const struct service_action *action = service_action_find(subtype);
    if (action)
        return action;
    const char **names = arena_array(d->arena, const char *, service_action_count);
    for (size_t i = 0; i < service_action_count; i++)
        names[i] = service_actions[i].subtype;
    diag_error(d->diag, written->at, "unknown integrationSubtype '%" STR_F "'%s", STR_A(subtype),
               definition_suggestion(d, subtype, names, service_action_count));
    return NULL;
}

/* Parameters. */

static void report_unknown(struct definition *d, const struct service_action *action,
                           const struct doc_member *m)
{
    const char **names = arena_array(d->arena, const char *, action->field_count + 1);
    for (size_t i = 0; i < action->field_count; i++)
        names[i] = action->fields[i].name;
    names[action->field_count] = "Region";
    diag_error(d->diag, m->at, "%s has no parameter '%" STR_F "'%s", action->subtype, STR_A(m->key),
               definition_suggestion(d, m->key, names, action->field_count + 1));
}

static void read_parameter(struct definition *d, const struct doc_member *m,
                           struct integration *integration)
{
    const struct service_field *field = service_action_field(integration->action, m->key);
    if (!field) {
        report_unknown(d, integration->action, m);
        return;
    }
    const struct mapping_value *value =
        openapi_mapping_value(d, m->value, MAPPING_OF_REQUEST, field->name);
    if (value && value->text.len == 0)
        diag_error(d->diag, m->at, "%s is empty", field->name);
    *list_push(d->arena, &integration->parameters) =
        (struct service_parameter){m->at, str_from(field->name), value};
}

static bool has_parameter(const struct integration *integration, const char *name)
{
    FOR_EACH_IN (parameter, &integration->parameters)
        if (str_is(parameter->name, name))
            return true;
    return false;
}

static void read_parameters(struct definition *d, const struct doc *node,
                            struct integration *integration)
{
    const struct service_action *action = integration->action;
    const struct doc *parameters = doc_get(node, "requestParameters");
    if (parameters && !definition_is_map(d, parameters, "requestParameters"))
        return;
    for (size_t i = 0; parameters && i < parameters->count; i++)
        read_parameter(d, &parameters->members[i], integration);
    FOR_EACH (field, action->fields, action->field_count)
        if (field->required && !has_parameter(integration, field->name))
            diag_error(d->diag, parameters ? parameters->at : node->at,
                       "requestParameters of %s lack '%s', which is required", action->subtype,
                       field->name);
}

/* What else is written. */

static void check_endpoint(struct definition *d, const struct doc *node,
                           const struct service_action *action)
{
    FOR_EACH_IN (service, &d->builder->snapshot->settings.service_endpoints)
        if (str_is(service->name, action->service))
            return;
    diag_error(d->diag, doc_get(node, "integrationSubtype")->at,
               "%s calls '%s', which has no endpoint: write 'serviceEndpoints: {%s: URL}' into the "
               "configuration",
               action->subtype, action->service, action->service);
}

static void check_members(struct definition *d, const struct doc *node,
                          const struct integration *integration)
{
    const struct doc_member *uri = doc_member(node, STR("uri"));
    if (integration->payload_format != PAYLOAD_FORMAT_1_0)
        diag_error(d->diag, doc_get(node, "payloadFormatVersion")->at,
                   "payloadFormatVersion of a service is 1.0");
    if (uri)
        diag_warning(d->diag, uri->at,
                     "'uri' has no effect beside integrationSubtype: the service is found in "
                     "'serviceEndpoints'");
}

bool openapi_finish_service(struct definition *d, const struct doc *node,
                            struct integration *integration)
{
    size_t errors = d->diag->error_count;
    integration->action = read_subtype(d, node);
    if (!integration->action)
        return false;
    integration->uri = (struct written){0};
    check_members(d, node, integration);
    check_endpoint(d, node, integration->action);
    read_parameters(d, node, integration);
    return d->diag->error_count == errors;
}
