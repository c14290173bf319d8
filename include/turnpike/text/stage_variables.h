/* SPDX-License-Identifier: Apache-2.0 */
/* stage_variables.h: ${stageVariables.x} in integration URIs (AWS: "Use stage variables for HTTP
 * APIs"). */
#ifndef TURNPIKE_TEXT_STAGE_VARIABLES_H
#define TURNPIKE_TEXT_STAGE_VARIABLES_H

#include "turnpike/base/arena.h"
#include "turnpike/base/str.h"

/* The value of a stage variable; *found says whether the stage has it. */
typedef struct str stage_variable_fn(const void *data, struct str name, bool *found);

/* Replaces each ${stageVariables.NAME} of the text by what lookup says. NAME is letters, digits and
 * underscores; every other ${…} stays as it stands. A variable that the stage lacks becomes empty,
 * as on AWS. *ret_text is set in any case: the text itself where nothing was replaced, otherwise of
 * the arena. False where a variable was missing; *ret_missing_name (a view of the text) is then the
 * first of them. */
MUST_USE bool stage_variables_substitute(struct arena *a, struct str text,
                                         stage_variable_fn *lookup, const void *data,
                                         struct str *ret_text, struct str *ret_missing_name);

#endif
