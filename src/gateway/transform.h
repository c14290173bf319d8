/* SPDX-License-Identifier: Apache-2.0 */
/* transform.h: what the transformations of both sides of an integration share: templates and how
 * they are chosen. Private to gateway/. */
#ifndef TURNPIKE_GATEWAY_TRANSFORM_H
#define TURNPIKE_GATEWAY_TRANSFORM_H

#include "turnpike/gateway/exchange.h"

/* The template that the expression (NULL: $default) chooses, else that of $default, else NULL. */
const struct mapping_template *transform_choose(struct exchange *x, const named_template_list *list,
                                                const struct selection_expression *selection);

/* What the template makes of x, `body` standing for $input. Of the arena. */
struct str transform_run(struct exchange *x, const struct mapping_template *t, struct str body);

/* A variable of the exchange's stage; empty where there is none. */
struct str transform_stage_variable(const struct exchange *x, struct str name);

/* Bytes as the integration's contentHandlingStrategy wants them. False where what has to be base64
 * is not. */
MUST_USE bool transform_content(struct exchange *x, enum content_handling handling,
                                struct str *body);

#endif
