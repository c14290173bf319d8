/* SPDX-License-Identifier: Apache-2.0 */
/* config_keys.h: the table of the configuration's keys. What the file may say, how it is read, what
 * holds where it says nothing, and what documentation has to cover: all of it is a row here. */
#ifndef TURNPIKE_LOAD_CONFIG_KEYS_H
#define TURNPIKE_LOAD_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct config_key;
struct config_section;
struct doc;

/* Behind each: the member of the section's struct that it fills. */
enum config_type {
    CONFIG_TEXT,         /* struct str */
    CONFIG_WRITTEN,      /* struct written */
    CONFIG_TEXTS,        /* LIST(struct str) */
    CONFIG_WRITTEN_LIST, /* written_list */
    CONFIG_PATH,         /* struct str, made relative to the file's directory */
    CONFIG_WRITTEN_PATH, /* struct written, likewise */
    CONFIG_STREAM,       /* struct str: stdout, stderr or a path, likewise */
    CONFIG_SECRET,       /* struct str; the key followed by File names a file that holds it */
    CONFIG_BOOL,         /* bool */
    CONFIG_COUNT,        /* unsigned */
    CONFIG_SIZE,         /* uint64_t */
    CONFIG_PORT,         /* uint16_t */
    CONFIG_NUMBER,       /* double */
    CONFIG_DURATION,     /* uint64_t, microseconds; bounds in seconds */
    CONFIG_WORD,         /* an enum whose values are the indices of `words` */
    CONFIG_CHOICE,       /* bool: the index in `words`, of which there are two */
    CONFIG_ADDRESS,      /* struct str, a numeric internet address */
    CONFIG_NETWORKS,     /* LIST(struct ip_network) */
    CONFIG_VARIABLES,    /* LIST(struct variable), from a map of scalars */
    CONFIG_SECTION,      /* a map whose keys are in `section` */
    CONFIG_SECTIONS,     /* a list of such maps */
    CONFIG_NAMED,        /* a map from names to such maps */
    CONFIG_MAP,          /* a map that is not looked into */
    CONFIG_ANY,          /* anything; its `read` knows */
};

/* What a reload does with a changed value. */
enum config_reload { LIVE, RESTART };

enum config_support {
    BUILT,
    CHECKED, /* types and bounds only: nothing reads it yet */
    LATER,   /* refused unless it says what holds anyway */
};

#define NOWHERE ((size_t)-1)

/* Reads a value in place of the type's own reader. d is NULL where a CONFIG_SECTION is absent. */
typedef void config_read_fn(struct config *c, const struct config_key *key, const struct doc *d,
                            void *target);

struct config_key {
    const char *name;
    enum config_type type;
    size_t offset;       /* in the section's struct, or NOWHERE */
    const char *initial; /* the default as YAML; NULL: none, or one that depends */
    double min, max;     /* both 0: any */
    enum config_reload reload;
    enum config_support support;
    const char *help;
    bool required;
    bool opens; /* its absence opens what it would close: nothing written below it is a mistake */
    const char *const *words; /* ends in NULL */
    const struct config_section *section;
    config_read_fn *read;
};

struct config_section {
    const char *path; /* "apis[].stages[]"; the root's is empty */
    const struct config_key *keys;
    size_t count;
    const struct config_section *outer; /* whose keys may be written here by mistake, or NULL */
};

extern const struct config_section config_root, config_listener, config_tls, config_api,
    config_stage, config_stage_throttle, config_access_log, config_domain, config_api_mapping,
    config_function, config_sign_with, config_issuer, config_credential;

/* The readers that the table names. */
config_read_fn config_read_account_id, config_read_region, config_read_listeners, config_read_tls,
    config_read_admin, config_read_execute_api, config_read_throttling, config_read_apis,
    config_read_stages, config_read_stage_variables, config_read_stage_throttle,
    config_read_route_settings, config_read_access_log, config_read_domains,
    config_read_api_mappings, config_read_cors, config_read_max_age, config_read_functions,
    config_read_default_endpoint, config_read_issuers, config_read_management, config_read_docs,
    config_read_vpc_links, config_read_service_endpoints, config_read_credentials,
    config_read_policy, config_read_process, config_read_environment, config_read_invoke_api;

#endif
