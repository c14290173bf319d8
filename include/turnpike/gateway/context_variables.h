/* SPDX-License-Identifier: Apache-2.0 */
/* context_variables.h: the $context variables of a request (the table:
 * model/context_variables.def).
 */
#ifndef TURNPIKE_GATEWAY_CONTEXT_VARIABLES_H
#define TURNPIKE_GATEWAY_CONTEXT_VARIABLES_H

#include "turnpike/model/request.h"
#include "turnpike/observe/access_log.h"

/* Appends the value of the variable that `name` was resolved to (model/context_variable.h). Appends
 * nothing where the request has none. Tokens, signatures and keys are never among the values. */
void context_variable_append(struct buf *out, int variable, struct str name,
                             const struct transaction *t);

/* The same as access logs want it: their data is the transaction. */
extern const struct access_log_variables context_variables;

#endif
