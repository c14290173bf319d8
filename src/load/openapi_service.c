/* SPDX-License-Identifier: Apache-2.0 */
/* Integrations with AWS services (AWS: "Create AWS service integrations for HTTP APIs"). */
#include "openapi_import.h"

void openapi_credentials(struct openapi *o, const struct doc_member *member, void *subject)
{
    (void)subject;
    diag_error(o->diag, member->at, "'credentials' in an integration is not built yet");
}

bool openapi_finish_service(struct openapi *o, const struct doc *node,
                            struct integration *integration)
{
    (void)integration;
    diag_error(o->diag, doc_member(node, STR("integrationSubtype"))->at,
               "integrations with AWS services are not built yet");
    return false;
}
