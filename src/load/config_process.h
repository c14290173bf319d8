/* SPDX-License-Identifier: Apache-2.0 */
/* config_process.h: functions that are hosted here. */
#ifndef TURNPIKE_LOAD_CONFIG_PROCESS_H
#define TURNPIKE_LOAD_CONFIG_PROCESS_H

#include "config_read.h"

/* After the rows of a function that has a process, and no endpoint, were read: what they decide
 * together, and what is written beside them for an endpoint. */
void config_finish_process(struct config *c, const struct doc *d, struct function *f);

/* What is written for a process, of a function that has an endpoint. */
void config_refuse_process_keys(struct config *c, const struct doc *d);

/* What the environment of a hosted function may hold. */
void config_check_environment(struct config *c, const struct doc *d, const struct function *f);

/* Where no user is written, all hosted functions are one user. Once all have been read. */
void config_check_shared_user(struct config *c);

#endif
