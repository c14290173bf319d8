/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway calls: functions, and the issuers whose keys it fetches. */
#include "config_process.h"
#include "config_signing.h"
#include "turnpike/base/uri.h"

#define FUNCTION_NAME_MAX       64
#define DEFAULT_MAX_CONCURRENCY 100
#define INVOKE_PATH             "/2015-03-31/functions"

/* False, reported, where url is that of a function and not of the API before it:
 * the latter is what one types to try a function with curl. */
static bool check_endpoint(struct config *c, struct written url)
{
    if (str_find_str(url.text, STR(INVOKE_PATH)) < url.text.len)
        diag_error(c->diag, url.at,
                   "an endpoint ends before %s: the gateway adds that and the function's name",
                   INVOKE_PATH);
    else
        return true; /* the builder refuses what is no URL at all */
    return false;
}

static void read_endpoint(struct config *c, const struct doc *d, struct function *f)
{
    struct str url;
    struct position at;
    if (config_name_of(d, "endpoint", &url, &at)) {
        if (check_endpoint(c, (struct written){url, at}))
            (void)!builder_set_endpoint(c->b, &f->endpoint, (struct written){url, at});
        f->signing = config_read_signing(c, d, &f->endpoint, at);
    }
    config_refuse_process_keys(c, d);
}

/* RIE serves one invocation at a time, of a function that it calls "function". */
static void set_emulator_defaults(const struct doc *d, struct function *f)
{
    bool rie = f->emulator == EMULATOR_RIE;
    if (!config_has(d, "remoteName") && rie)
        f->remote_name = STR("function");
    if (!config_has(d, "maxConcurrency"))
        f->max_concurrency = rie ? 1 : DEFAULT_MAX_CONCURRENCY;
}

/* Something listens already, or is started here. */
static void read_place(struct config *c, const struct doc *d, struct function *f)
{
    bool endpoint = config_has(d, "endpoint"), process = config_has(d, "process");
    if (endpoint && process) {
        diag_error(c->diag, config_at(d, "process"),
                   "'process' stands beside 'endpoint': write one of them");
    } else if (process) {
        config_finish_process(c, d, f);
    } else if (endpoint) {
        set_emulator_defaults(d, f);
        read_endpoint(c, d, f);
    } else {
        diag_error(c->diag, d->at, "'endpoint' or 'process' is missing");
    }
}

static void read_function(struct config *c, const struct doc_member *m)
{
    if (!config_consists_of(m->key, CONFIG_LETTER CONFIG_DIGITS "-_", FUNCTION_NAME_MAX))
        diag_error(c->diag, m->at,
                   "'%" STR_F "' is no function name: from 1 to %d letters, digits, - and _",
                   STR_A(m->key), FUNCTION_NAME_MAX);
    struct function *f = builder_add_function(c->b, m->at, m->key);
    if (m->value->kind != DOC_MAP) {
        diag_error(c->diag, m->value->at, "function '%" STR_F "' must be a map, not %s",
                   STR_A(m->key), doc_kind_name(m->value));
        return;
    }
    (void)config_read_section(c, &config_function, m->value, f);
    read_place(c, m->value, f);
}

void config_read_functions(struct config *c, const struct config_key *key, const struct doc *d,
                           void *target)
{
    (void)target;
    if (!config_is_map(c, key->name, d))
        return;
    FOR_EACH (m, d->members, d->count)
        read_function(c, m);
}

void config_read_default_endpoint(struct config *c, const struct config_key *key,
                                  const struct doc *d, void *target)
{
    struct endpoint endpoint;
    struct written url = {.at = d->at};
    (void)target;
    if (!config_string(c, key->name, d, &url.text) || !check_endpoint(c, url) ||
        !builder_set_endpoint(c->b, &endpoint, url))
        return;
    c->b->snapshot->default_endpoint = url;
    c->b->snapshot->default_signing = config_read_signing(c, NULL, &endpoint, url.at);
}

static bool ends_with_label(struct str host, struct str label)
{
    return str_ends_with(host, label) && host.len > label.len;
}

static void read_vpc_link(struct config *c, const struct doc_member *m)
{
    struct written url = {.at = m->value->at};
    struct vpc_link link = {.at = m->at, .name = m->key};
    if (m->key.len == 0)
        diag_error(c->diag, m->at, "a VPC link without a name");
    else if (config_string(c, "vpcLinks", m->value, &url.text) &&
             builder_set_endpoint(c->b, &link.endpoint, url))
        *list_push(c->arena, &c->settings->vpc_links) = link;
}

void config_read_vpc_links(struct config *c, const struct config_key *key, const struct doc *d,
                           void *target)
{
    (void)target;
    if (!config_is_map(c, key->name, d))
        return;
    FOR_EACH (m, d->members, d->count)
        read_vpc_link(c, m);
}

/* Names that no public DNS leads elsewhere (RFC 6761, RFC 6762). */
static bool is_development_host(struct str host)
{
    return str_is(host, "localhost") || ends_with_label(host, STR(".localhost")) ||
           ends_with_label(host, STR(".local")) || ends_with_label(host, STR(".test"));
}

static void check_keys(struct config *c, const struct doc *d)
{
    static const char *const ways[] = {"jwksUri", "jwksFile", "signingKeyFile"};
    const char *first = NULL;
    FOR_EACH (way, ways, ARRAY_LENGTH(ways)) {
        if (!config_has(d, *way))
            continue;
        if (first)
            diag_error(c->diag, config_at(d, *way), "'%s' stands beside '%s': write one of them",
                       *way, first);
        first = first ? first : *way;
    }
}

static void check_issuer(struct config *c, const struct doc *d,
                         const struct issuer_settings *issuer)
{
    struct uri uri;
    bool is_url = uri_parse(issuer->issuer, &uri);
    struct position at = doc_get(d, "issuer")->at;
    check_keys(c, d);
    if (!is_url && !issuer->jwks_uri.text.len && !issuer->jwks_file.text.len)
        diag_error(c->diag, at,
                   "'%" STR_F "' is no http:// or https:// URL: its keys can only come from "
                   "'jwksUri' or 'jwksFile'",
                   STR_A(issuer->issuer));
    else if (is_url && issuer->signing_key_file.text.len &&
             !is_development_host(config_lower(c, uri.host)))
        diag_error(c->diag, at,
                   "a development issuer's host is localhost, or ends in .localhost, .local or "
                   ".test: of any other, name the keys with 'jwksUri' or 'jwksFile'");
    if (issuer->jwks_uri.text.len && !uri_parse(issuer->jwks_uri.text, &uri))
        diag_error(c->diag, issuer->jwks_uri.at, "'%" STR_F "' is no http:// or https:// URL",
                   STR_A(issuer->jwks_uri.text));
    FOR_EACH_IN (other, &c->settings->issuers)
        if (other != issuer && str_eq(other->issuer, issuer->issuer))
            diag_error(c->diag, at, "issuer '%" STR_F "' is there twice; the first is at line %u",
                       STR_A(issuer->issuer), other->at.line);
}

void config_read_issuers(struct config *c, const struct config_key *key, const struct doc *d,
                         void *target)
{
    (void)target;
    if (!config_is_list(c, key->name, d))
        return;
    for (size_t i = 0; i < d->count; i++) {
        struct issuer_settings *issuer = list_push(c->arena, &c->settings->issuers);
        issuer->at = d->items[i]->at;
        if (config_read_section(c, key->section, d->items[i], issuer) && issuer->issuer.len > 0)
            check_issuer(c, d->items[i], issuer);
    }
}
