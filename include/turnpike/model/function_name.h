/* SPDX-License-Identifier: Apache-2.0 */
/* function_name.h: the ways in which a definition names a Lambda function. */
#ifndef TURNPIKE_MODEL_FUNCTION_NAME_H
#define TURNPIKE_MODEL_FUNCTION_NAME_H

#include <stdbool.h>

#include "turnpike/base/str.h"

struct function_name {
    struct str name;            /* [a-zA-Z0-9-_.]+ */
    struct str qualifier;       /* alias, version or $LATEST, or empty */
    struct str region, account; /* empty where the form has none */
    struct str arn;             /* the function ARN as it stands, or empty */
};

/* Reads arn:PARTITION:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations, a bare
 * function ARN, ACCOUNT:function:NAME, function:NAME or NAME, each with an optional :QUALIFIER.
 * Results are views of uri. */
MUST_USE bool function_name_parse(struct str uri, struct function_name *ret_name);

#endif
