/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter mapping (AWS: "Transform API requests and responses for HTTP APIs"). */
#include "openapi_import.h"

void openapi_request_parameters(struct openapi *o, const struct doc_member *member, void *subject)
{
    const struct integration *integration = subject;
    if (integration->type != INTEGRATION_SERVICE && member->value->count > 0)
        diag_error(o->diag, member->at, "'requestParameters' in an integration is not built yet");
}

void openapi_response_parameters(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    if (member->value->count > 0)
        diag_error(o->diag, member->at, "'responseParameters' in an integration is not built yet");
}
