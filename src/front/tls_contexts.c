/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates of listeners and domains as TLS contexts, in the snapshot. */
#include "tls_contexts.h"

static void on_released(void *data)
{
    tls_context_free(data);
}

/* Every pair is tried, so that all mistakes are reported at once. */
static void add_pairs(struct tls_context *context, const struct tls_settings *tls,
                      struct diag *diag)
{
    struct error error;
    FOR_EACH_IN (pair, &tls->certificates)
        if (!tls_context_add_pair(context, pair->certificate.text, pair->private_key.text, &error))
            diag_error(diag, pair->certificate.at, "%s", error.text);
}

static void make(const struct tls_contexts *t, struct tls_settings *tls)
{
    struct error error;
    tls->context = tls_context_new(t->tickets, tls->minimum_version == TLS_VERSION_1_3);
    snapshot_on_release(t->snapshot, on_released, tls->context);
    size_t errors = t->diag->error_count;
    add_pairs(tls->context, tls, t->diag);
    if (t->diag->error_count == errors && !tls_context_is_valid_at(tls->context, t->wall, &error))
        diag_warning(t->diag, tls->at, "%s", error.text);
}

static void add_domain(const struct tls_contexts *t, const struct domain *domain)
{
    if (!domain->tls.on)
        return;
    if (str_is(domain->domain_name, "*")) {
        diag_warning(t->diag, domain->tls.at,
                     "a certificate for the domain '*' has no effect: clients whose name has none "
                     "get their listener's");
        return;
    }
    FOR_EACH_IN (listener, &t->snapshot->settings.listeners)
        if (listener->tls.on)
            tls_context_add_name(listener->tls.context, domain->domain_name, domain->tls.context);
}

void tls_contexts_prepare(const struct tls_contexts *t)
{
    FOR_EACH_IN (listener, &t->snapshot->settings.listeners)
        if (listener->tls.on)
            make(t, &listener->tls);
    FOR_EACH_IN (domain, &t->snapshot->domains) {
        if ((*domain)->tls.on)
            make(t, &(*domain)->tls);
        add_domain(t, *domain);
    }
}
