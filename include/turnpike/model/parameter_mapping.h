/* SPDX-License-Identifier: Apache-2.0 */
/* parameter_mapping.h: requestParameters and responseParameters of integrations (AWS: "Transform
 * API requests and responses for HTTP APIs"), as plain data with their values compiled. */
#ifndef TURNPIKE_MODEL_PARAMETER_MAPPING_H
#define TURNPIKE_MODEL_PARAMETER_MAPPING_H

#include "turnpike/base/arena.h"
#include "turnpike/base/diag.h"
#include "turnpike/text/mapping_value.h"

enum mapping_action { MAPPING_APPEND, MAPPING_OVERWRITE, MAPPING_REMOVE };

enum mapping_target { MAPPING_HEADER, MAPPING_QUERYSTRING, MAPPING_PATH, MAPPING_STATUS_CODE };

/* "append:header.NAME" and its value. */
struct parameter_mapping {
    struct position at;
    enum mapping_action action;
    enum mapping_target target;
    struct str name;                   /* of the header (lower case) or query parameter */
    const struct mapping_value *value; /* NULL for MAPPING_REMOVE */
};

/* In the order of the document. */
typedef LIST(struct parameter_mapping) parameter_mapping_list;

/* What is done to an integration's answer of one status. */
struct response_parameters {
    struct position at;
    unsigned status;
    bool needs_body; /* a value selects from the body: the answer has to be complete first */
    parameter_mapping_list mappings;
};

#endif
