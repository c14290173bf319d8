/* SPDX-License-Identifier: Apache-2.0 */
/* cors.h: what a CORS configuration may say, wherever it stands: corsConfiguration of the
 * configuration, x-amazon-apigateway-cors of a document (AWS: "Configure CORS for HTTP APIs"). */
#ifndef TURNPIKE_LOAD_CORS_H
#define TURNPIKE_LOAD_CORS_H

#include "turnpike/base/diag.h"
#include "turnpike/model/api.h"

#define CORS_MAX_AGE_MAX 86400

/* "-1", or a whole number of seconds up to a day. */
MUST_USE bool cors_parse_max_age(struct str text, int *ret_seconds);

/* Reports, each at its place, what API Gateway refuses and what no browser would ever match or
 * understand. */
void cors_check(struct diag *diag, const struct cors_configuration *cors);

#endif
