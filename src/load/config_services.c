/* SPDX-License-Identifier: Apache-2.0 */
/* serviceEndpoints: where the actions of AWS services are sent. */
#include "config_signing.h"
#include "turnpike/model/service_action.h"

static bool is_service(struct config *c, const struct doc_member *m)
{
    for (size_t i = 0; i < SERVICE_NAME_COUNT; i++)
        if (str_is(m->key, service_names[i]))
            return true;
    const char *nearest = nearest_name(m->key, service_names, SERVICE_NAME_COUNT);
    diag_error(c->diag, m->at,
               "no integration calls a service '%" STR_F "'%s%s%s: there are appconfig, events, "
               "kinesis, sqs and states",
               STR_A(m->key), nearest ? "; did you mean '" : "", nearest ? nearest : "",
               nearest ? "'?" : "");
    return false;
}

/* `URL`, or `{endpoint: URL, signWith: …}`. */
static bool read_url(struct config *c, const struct config_key *key, const struct doc *d,
                     struct written *ret_url)
{
    if (d->kind != DOC_MAP) {
        ret_url->at = d->at;
        return config_string(c, key->name, d, &ret_url->text);
    }
    (void)config_read_section(c, key->section, d, NULL);
    return config_name_of(d, "endpoint", &ret_url->text, &ret_url->at);
}

static void read_service(struct config *c, const struct config_key *key, const struct doc_member *m)
{
    struct written url;
    if (!is_service(c, m) || !read_url(c, key, m->value, &url))
        return;
    struct service_endpoint *service = list_push(c->arena, &c->settings->service_endpoints);
    service->at = m->at;
    service->name = m->key;
    (void)!builder_set_endpoint(c->b, &service->endpoint, url);
    service->signing = config_read_signing(c, m->value->kind == DOC_MAP ? m->value : NULL,
                                           &service->endpoint, url.at);
}

void config_read_service_endpoints(struct config *c, const struct config_key *key,
                                   const struct doc *d, void *target)
{
    (void)target;
    if (!config_is_map(c, key->name, d))
        return;
    FOR_EACH (m, d->members, d->count)
        read_service(c, key, m);
}
