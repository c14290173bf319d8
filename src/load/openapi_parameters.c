/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter mapping (AWS: "Transform API requests and responses for HTTP APIs"). */
#include "openapi_import.h"
#include "turnpike/model/context_variable.h"

#define TEXT_SHOWN 128 /* of a value in a message */

const struct mapping_value *openapi_mapping_value(struct openapi *o, const struct doc *node,
                                                  enum mapping_side side, const char *what)
{
    struct str text, why;
    if (!intrinsics_text(&o->intrinsics, node, &text))
        return NULL;
    const struct mapping_value *value =
        mapping_value_compile(o->arena, text, side, context_variable_of_mapping, &why);
    if (!value)
        diag_error(o->diag, node->at, "%s is '%" STR_F "': %" STR_F, what,
                   STR_A(str_head(text, TEXT_SHOWN)), STR_A(why));
    return value;
}

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
