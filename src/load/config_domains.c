/* SPDX-License-Identifier: Apache-2.0 */
/* Under which names APIs are reached: custom domains with their mappings, execute-api. */
#include "config_read.h"
#include "turnpike/base/uri.h"

#define HOST_MAX               253
#define HOST_CHARACTERS        CONFIG_LETTER CONFIG_DIGITS "-."
#define API_MAPPING_KEY_MAX    300
#define MAPPING_KEY_CHARACTERS CONFIG_LETTER CONFIG_DIGITS "$-_.+!*'()/"

static bool is_host_name(struct str name)
{
    struct str label, rest = name;
    if (!config_consists_of(name, HOST_CHARACTERS, HOST_MAX))
        return false;
    while (str_split(&rest, '.', &label))
        if (label.len == 0 || label.len > 63)
            return false;
    return true;
}

static bool is_domain_name(struct str name)
{
    return str_is(name, "*") ||
           is_host_name(str_starts_with(name, STR("*.")) ? str_skip(name, 2) : name);
}

/* "/v1/" is "v1". */
static struct str without_slashes(struct str key)
{
    while (key.len > 0 && key.at[0] == '/')
        key = str_skip(key, 1);
    while (key.len > 0 && key.at[key.len - 1] == '/')
        key.len--;
    return key;
}

static void read_mapping(struct config *c, const struct config_section *section,
                         const struct doc *d, struct api_mapping *mapping)
{
    mapping->at = d->at;
    if (!config_read_section(c, section, d, mapping))
        return;
    mapping->key = without_slashes(mapping->key);
    if (mapping->key.len == 0)
        return;
    if (!config_consists_of(mapping->key, MAPPING_KEY_CHARACTERS, API_MAPPING_KEY_MAX) ||
        str_find_str(mapping->key, STR("//")) < mapping->key.len)
        diag_error(c->diag, config_at(d, "apiMappingKey"),
                   "'%" STR_F "' is no API mapping key: letters, digits and $-_.+!*'(), parted by "
                   "single slashes",
                   STR_A(mapping->key));
}

void config_read_api_mappings(struct config *c, const struct config_key *key, const struct doc *d,
                              void *target)
{
    struct domain *domain = target;
    if (!config_is_list(c, key->name, d))
        return;
    for (size_t i = 0; i < d->count; i++) {
        struct api_mapping mapping = {0};
        read_mapping(c, key->section, d->items[i], &mapping);
        /* one that is incomplete was reported, and would only be reported again as dangling */
        if (mapping.api_id.text.len > 0 && mapping.stage_name.text.len > 0)
            *list_push(c->arena, &domain->mappings) = mapping;
    }
}

static void read_domain(struct config *c, const struct doc *d)
{
    struct str name;
    struct position at;
    struct domain unnamed = {0};
    if (!config_name_of(d, "domainName", &name, &at)) {
        (void)config_read_section(c, &config_domain, d, &unnamed);
        return;
    }
    if (!is_domain_name(name))
        diag_error(c->diag, at,
                   "'%" STR_F "' is no domain name: a host name, '*.' before one, or '*'",
                   STR_A(name));
    (void)config_read_section(c, &config_domain, d,
                              builder_add_domain(c->b, at, config_lower(c, name)));
}

void config_read_domains(struct config *c, const struct config_key *key, const struct doc *d,
                         void *target)
{
    (void)target;
    if (!config_is_list(c, key->name, d))
        return;
    for (size_t i = 0; i < d->count; i++)
        if (config_is_map(c, key->name, d->items[i]))
            read_domain(c, d->items[i]);
}

static void check_suffixes(struct config *c, const struct doc *d,
                           struct execute_api_settings *execute_api)
{
    for (size_t i = 0; i < execute_api->host_suffixes.count; i++) {
        struct str *suffix = &execute_api->host_suffixes.items[i];
        if (!is_host_name(*suffix))
            diag_error(c->diag, doc_get(d, "hostSuffixes")->items[i]->at,
                       "'%" STR_F "' is no host name", STR_A(*suffix));
        *suffix = config_lower(c, *suffix);
    }
}

void config_read_execute_api(struct config *c, const struct config_key *key, const struct doc *d,
                             void *target)
{
    struct execute_api_settings *execute_api = target;
    struct str host;
    uint16_t port;
    if ((d && !config_is_map(c, key->name, d)) ||
        !config_read_section(c, key->section, d, execute_api))
        return;
    check_suffixes(c, d, execute_api);
    *list_push(c->arena, &execute_api->host_suffixes) =
        arena_printf(c->arena, "%" STR_F ".amazonaws.com", STR_A(c->settings->aws_region));
    if (execute_api->public_endpoint.len > 0 &&
        !uri_split_host(execute_api->public_endpoint, &host, &port))
        diag_error(c->diag, doc_get(d, "publicEndpoint")->at,
                   "'%" STR_F "' is no host with an optional port",
                   STR_A(execute_api->public_endpoint));
}
