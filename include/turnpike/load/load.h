/* SPDX-License-Identifier: Apache-2.0 */
/* load.h: from a configuration file and the definitions that it names to a snapshot. */
#ifndef TURNPIKE_LOAD_LOAD_H
#define TURNPIKE_LOAD_LOAD_H

#include "turnpike/load/config.h"

/* Returns the snapshot with one reference, or NULL where diag holds an error. Every problem of the
 * configuration and of all definitions is reported in one go. */
MUST_USE struct snapshot *load_snapshot(const char *config_file, struct diag *diag);

/* The same with what the command line says. options may be NULL. */
MUST_USE struct snapshot *load_snapshot_with(const char *config_file,
                                             const struct config_options *options,
                                             struct diag *diag);

#endif
