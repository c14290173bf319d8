/* SPDX-License-Identifier: Apache-2.0 */
/* configuration.h: which configuration file counts, and loading it for a command. */
#ifndef TURNPIKE_DAEMON_CONFIGURATION_H
#define TURNPIKE_DAEMON_CONFIGURATION_H

#include <sys/types.h>

#include "turnpike/base/error.h"
#include "turnpike/load/config.h"
#include "turnpike/model/snapshot.h"

/* The file named by --config where one was (`written`), else by $TURNPIKE_CONFIG, else the first
 * that exists of ./turnpike.yaml, ./conf/turnpike.yaml and /etc/turnpike/turnpike.yaml. NULL where
 * none exists, and where the one that was found in the working directory is not to be trusted. */
const char *configuration_find(const char *written, struct error *ret_error);

/* Whether a file that merely lies in the working directory may say what `user` runs: it belongs to
 * the user or to root, and not everybody can write to it. */
MUST_USE bool configuration_is_safe(const char *file, uid_t user, struct error *ret_error);

/* In whose place a command loads: with `signWith: environment`, only one that stands for the daemon
 * looks for the credentials. */
enum loads_as { LOADS_AS_DAEMON, LOADS_BESIDE_DAEMON };

/* Finds, loads and prepares (for looking only: nothing is started or opened). `overrides` is
 * --listen, or NULL. NULL where the diag then holds an error. */
struct snapshot *configuration_load(const char *written, const struct config_options *overrides,
                                    enum loads_as as, struct diag *diag);

/* The same, beside the daemon, for commands that need a valid configuration and show no more than
 * what is wrong with it: prints the errors to stderr. */
struct snapshot *configuration_load_or_say(const char *written);

#endif
