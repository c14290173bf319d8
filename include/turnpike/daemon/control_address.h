/* SPDX-License-Identifier: Apache-2.0 */
/* control_address.h: where the control socket is, and making it. */
#ifndef TURNPIKE_DAEMON_CONTROL_ADDRESS_H
#define TURNPIKE_DAEMON_CONTROL_ADDRESS_H

#include "turnpike/base/arena.h"
#include "turnpike/base/error.h"

/* The socket's path as the configuration file gives it (controlSocket), else control.sock in
 * $RUNTIME_DIRECTORY, in stateDirectory or in $STATE_DIRECTORY. Reads only these two keys, so that
 * a daemon can still be asked while its configuration is being edited. NULL with an error where
 * there is no place for it. */
const char *control_address_find(struct arena *arena, const char *config_file,
                                 struct error *ret_error);

/* A bound UNIX stream socket of mode 0600 that does not listen yet, or -1. Makes its directory
 * where there is none. */
MUST_USE int control_bind(const char *path, struct error *ret_error);

/* A connected one, or -1. */
MUST_USE int control_connect(const char *path, struct error *ret_error);

#endif
