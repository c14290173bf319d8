/* SPDX-License-Identifier: Apache-2.0 */
/* context_variable.h: which $context variables there are, for which kinds of API and where (the
 * table: context_variables.def). Their values are gateway/context_variables.h's matter. */
#ifndef TURNPIKE_MODEL_CONTEXT_VARIABLE_H
#define TURNPIKE_MODEL_CONTEXT_VARIABLE_H

#include "turnpike/model/api.h"

enum context_variable {
#define CONTEXT_VARIABLE(name, kinds, places, symbol) VARIABLE_##symbol,
#include "turnpike/model/context_variables.def"
#undef CONTEXT_VARIABLE
    VARIABLE_COUNT
};

/* Where a variable may stand. */
enum context_variable_place { IN_TEMPLATE = 1, IN_ACCESS_LOG = 2, IN_MAPPING = 4 };

/* The variable of that kind of API by its name without "$context.", or below 0 where AWS has none
 * of that name in that place. "authorizer.claims.x" and "authorizer.x" are
 * VARIABLE_AUTHORIZER_CLAIMS_NAME and VARIABLE_AUTHORIZER_NAME. */
int context_variable_find(struct str name, enum protocol_type kind,
                          enum context_variable_place place);

/* The name that may have been meant by one that was not found there, or NULL. */
const char *context_variable_nearest(struct str name, enum protocol_type kind,
                                     enum context_variable_place place);

/* The same as compilers of texts ask for it: in a mapping of an HTTP API, in one of a WebSocket
 * API, in a template of a WebSocket API. */
int context_variable_of_mapping(struct str name, const char **ret_nearest);
int context_variable_of_websocket_mapping(struct str name, const char **ret_nearest);
int context_variable_of_websocket_template(struct str name, const char **ret_nearest);

/* The name behind "authorizer.claims.". */
struct str context_variable_claim(struct str name);

/* The name behind "authorizer.". */
struct str context_variable_key(struct str name);

#endif
