/* SPDX-License-Identifier: Apache-2.0 */
/* config_user.h: whom a hosted function runs as. */
#ifndef TURNPIKE_LOAD_CONFIG_USER_H
#define TURNPIKE_LOAD_CONFIG_USER_H

#include "config_read.h"

/* Looks the user up that a process names, and whether this process may become that one. */
void config_find_user(struct config *c, struct function *f);

#endif
