/* SPDX-License-Identifier: Apache-2.0 */
/* builder_cors.h: what CORS and the routes of an API mean for each other. */
#ifndef TURNPIKE_MODEL_BUILDER_CORS_H
#define TURNPIKE_MODEL_BUILDER_CORS_H

#include "turnpike/model/builder.h"

/* Warns of routes that browsers cannot use: those whose authorizer a preflight would have to pass,
 * and open OPTIONS routes whose preflights the gateway answers itself. The router is compiled. */
void builder_check_cors(struct builder *b, const struct api *api);

#endif
