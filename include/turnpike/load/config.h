/* SPDX-License-Identifier: Apache-2.0 */
/* config.h: the configuration file (docs/configuration.md), read into the model. */
#ifndef TURNPIKE_LOAD_CONFIG_H
#define TURNPIKE_LOAD_CONFIG_H

#include "turnpike/model/builder.h"

/* Where --listen says to listen. */
struct listen_address {
    struct str address; /* numeric, without brackets */
    uint16_t port;
};

/* What the command line says beside the file. All zero: nothing. */
struct config_options {
    const struct listen_address *listen; /* instead of the plain listeners; belongs to the caller */
    size_t listen_count;
    bool foreign_environment; /* this process signs nothing, and its environment is not that of the
                               * one that does: no credentials are looked for in it */
    bool foreign_rights; /* the daemon may be another user: what this process may not do is worth a
                          * warning and is no error */
};

/* "127.0.0.1:8080", "[::1]:8080". The address is a view of text. False where it is neither, or the
 * port is not from 1 to 65535. */
MUST_USE bool listen_address_parse(struct str text, struct listen_address *ret_address);

/* Fills a fresh builder from a file: all settings, APIs with their stages (but not what their
 * definitions say), domains and functions. Each plain listener gives its name and settings to the
 * address of options->listen at its place; addresses beyond are listeners of their own, plain
 * listeners beyond are dropped. Every problem is reported, and reading goes on; false where one of
 * them was an error. An API whose kind is not built yet has no definition.text afterwards.
 * Reads $STATE_DIRECTORY and $RUNTIME_DIRECTORY (systemd.exec(5)). options may be NULL. */
MUST_USE bool config_load(struct builder *b, const char *file,
                          const struct config_options *options);

#endif
