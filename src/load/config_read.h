/* SPDX-License-Identifier: Apache-2.0 */
/* config_read.h: what the readers of the configuration's sections share. */
#ifndef TURNPIKE_LOAD_CONFIG_READ_H
#define TURNPIKE_LOAD_CONFIG_READ_H

#include "config_keys.h"
#include "turnpike/load/config.h"
#include "turnpike/load/doc.h"

/* One reading of one file. Lives on the stack of config_load. */
struct config {
    struct builder *b;
    struct settings *settings; /* of b's snapshot, as are the following */
    struct arena *arena;
    struct diag *diag;
    struct str directory; /* of the file, with a slash at its end, or empty */
    const struct doc *root;
    LIST(struct str) dropped_listeners; /* names that --listen left without a listener */
    bool foreign_environment;           /* as in config_options, and so is the next */
    bool foreign_rights;
    struct aws_environment *environment; /* NULL until a signature asks for it */
};

/* Reads a map by the rows of a section into the struct at target (NULL: only checks): unknown and
 * missing keys, types and bounds are reported, defaults are put where nothing is written. d may be
 * NULL, which is an empty map. False where d is something else. */
bool config_read_section(struct config *c, const struct config_section *section,
                         const struct doc *d, void *target);

/* Reads a value as its row says. */
void config_read_value(struct config *c, const struct config_key *key, const struct doc *d,
                       void *target);

/* False, reported, where d is no list (no map). Nothing at all is an empty one. */
bool config_is_list(struct config *c, const char *name, const struct doc *d);
bool config_is_map(struct config *c, const char *name, const struct doc *d);

/* A string. False, reported, where d is anything else. */
bool config_string(struct config *c, const char *name, const struct doc *d, struct str *ret_text);

/* A path as it was written, made relative to the file's directory. */
struct str config_path(struct config *c, struct str path);

/* The string under a key of d that must be there, where it is; `at` may be NULL. Mistakes are left
 * to config_read_section. */
bool config_name_of(const struct doc *d, const char *key, struct str *ret_name,
                    struct position *ret_at);

/* Where d's member `key` stands, or d itself. */
struct position config_at(const struct doc *d, const char *key);

/* Whether something is written under a key. */
bool config_has(const struct doc *d, const char *key);

/* True where text has from 1 to `max` characters, all of them from `set`. */
bool config_consists_of(struct str text, const char *set, size_t max);

#define CONFIG_DIGITS "0123456789"
#define CONFIG_LOWER  "abcdefghijklmnopqrstuvwxyz"
#define CONFIG_LETTER CONFIG_LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* A copy in lower case, as host names are compared. */
struct str config_lower(struct config *c, struct str text);

/* Lets the addresses of the command line stand in for the plain listeners. */
void config_replace_listeners(struct config *c, const struct config_options *options);

/* What several sections decide together, once all are read. */
void config_check_all(struct config *c);

#endif
