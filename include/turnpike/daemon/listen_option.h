/* SPDX-License-Identifier: Apache-2.0 */
/* listen_option.h: --listen of `serve` and `check`. */
#ifndef TURNPIKE_DAEMON_LISTEN_OPTION_H
#define TURNPIKE_DAEMON_LISTEN_OPTION_H

#include "turnpike/daemon/options.h"
#include "turnpike/load/config.h"

/* The addresses live in the arena, with views of the texts. False where ret_wrong is none. */
MUST_USE bool listen_option_read(const text_list *texts, struct arena *arena,
                                 struct config_options *ret_overrides, const char **ret_wrong);

#endif
