/* SPDX-License-Identifier: Apache-2.0 */
/* workspace.h: the directory that `turnpike init` fills: a configuration, a development authority
 * with a certificate for this machine, and a key that signs development tokens. */
#ifndef TURNPIKE_DAEMON_WORKSPACE_H
#define TURNPIKE_DAEMON_WORKSPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "turnpike/base/buf.h"
#include "turnpike/base/error.h"

/* Makes in `directory` (itself too) what is missing, and changes nothing that is there; private
 * keys have mode 0600. Appends a line to `report` for each file made, and one for what the user
 * should know of those kept ("expired"). Files belong together in pairs: half a pair is an error.
 * Where the server's certificate is there, no authority is made for it. `wall` is microseconds
 * since 1970. */
MUST_USE bool workspace_make(const char *directory, uint64_t wall, struct buf *report,
                             struct error *ret_error);

/* The text of turnpike.yaml as `init` writes it. */
extern const char workspace_configuration[];

#endif
