/* SPDX-License-Identifier: Apache-2.0 */
/* What only all sections together tell. */
#include "config_process.h"

static bool is_loopback_address(struct str address)
{
    struct ip ip;
    return ip_parse(address, &ip) && ip_is_loopback(&ip);
}

/* Where systemd listens is not known here: closed by default. */
static bool is_loopback(const struct listener_settings *listener)
{
    return listener->unix_path.len > 0 || is_loopback_address(listener->address);
}

static const struct listener_settings *find_public_listener(const struct config *c)
{
    FOR_EACH_IN (listener, &c->settings->listeners)
        if (!is_loopback(listener))
            return listener;
    return NULL;
}

static void check_development_issuers(struct config *c)
{
    const struct listener_settings *public = find_public_listener(c);
    if (!public || c->settings->development)
        return;
    FOR_EACH_IN (issuer, &c->settings->issuers)
        if (issuer->signing_key_file.text.len > 0)
            diag_error(c->diag, issuer->signing_key_file.at,
                       "a development issuer, but listener '%" STR_F
                       "' is not loopback: set 'development: true' where that is meant",
                       STR_A(public->name));
}

static const struct listener_settings *find_listener(const struct config *c, struct str name)
{
    FOR_EACH_IN (listener, &c->settings->listeners)
        if (str_eq(listener->name, name))
            return listener;
    return NULL;
}

static bool was_dropped(const struct config *c, struct str name)
{
    FOR_EACH_IN (dropped, &c->dropped_listeners)
        if (str_eq(*dropped, name))
            return true;
    return false;
}

static void report_no_listener(struct config *c, const struct written *name)
{
    size_t count = 0;
    const char **names = arena_array(c->arena, const char *, c->settings->listeners.count + 1);
    if (was_dropped(c, name->text)) {
        diag_warning(c->diag, name->at, "listener '%" STR_F "' is gone: --listen replaced it",
                     STR_A(name->text));
        return;
    }
    FOR_EACH_IN (listener, &c->settings->listeners)
        names[count++] = arena_cstring(c->arena, listener->name);
    const char *nearest = nearest_name(name->text, names, count);
    diag_error(c->diag, name->at, "there is no listener '%" STR_F "'%s%s%s", STR_A(name->text),
               nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* NONE lets anybody who reaches a listener send to every connection. Which listeners there are,
 * which --listen may replace, is not known before the end. */
static void check_management(struct config *c)
{
    const struct doc *d = doc_get(c->root, "managementApi");
    const struct management_settings *management = &c->settings->management;
    bool open = management->is_open;
    const struct listener_settings *public = find_public_listener(c);
    FOR_EACH_IN (name, &management->listeners) {
        const struct listener_settings *listener = find_listener(c, name->text);
        if (!listener)
            report_no_listener(c, name);
        else if (open && !is_loopback(listener))
            diag_warning(c->diag, name->at,
                         "authorizationType NONE: whoever reaches listener '%" STR_F
                         "' may send to every connection",
                         STR_A(name->text));
    }
    if (open && public && !management->limited)
        diag_error(c->diag, config_at(d, "authorizationType"),
                   "authorizationType NONE without 'listeners', but listener '%" STR_F
                   "' is not loopback",
                   STR_A(public->name));
}

void config_read_management(struct config *c, const struct config_key *key, const struct doc *d,
                            void *target)
{
    struct management_settings *management = target;
    management->limited = config_has(d, "listeners");
    if (!d || config_is_map(c, key->name, d))
        (void)config_read_section(c, key->section, d, management);
}

static bool is_same_place(struct str address, uint16_t port, struct str other, uint16_t other_port)
{
    struct ip a, b;
    return port == other_port && ip_parse(address, &a) && ip_parse(other, &b) &&
           memcmp(&a, &b, sizeof(a)) == 0;
}

static void check_listeners(struct config *c)
{
    FOR_EACH_IN (listener, &c->settings->listeners) {
        for (const struct listener_settings *other = c->settings->listeners.items; other < listener;
             other++)
            if (is_same_place(listener->address, listener->port, other->address, other->port))
                diag_error(c->diag, listener->at,
                           "listener '%" STR_F "' has the address and port of '%" STR_F "'",
                           STR_A(listener->name), STR_A(other->name));
    }
}

/* A section of its own, against the listeners. */
static void check_place(struct config *c, const char *section, struct position at,
                        struct str address, uint16_t port)
{
    FOR_EACH_IN (listener, &c->settings->listeners)
        if (is_same_place(listener->address, listener->port, address, port))
            diag_error(c->diag, at, "'%s' has the address and port of listener '%" STR_F "'",
                       section, STR_A(listener->name));
}

static void check_places(struct config *c)
{
    const struct admin_settings *admin = &c->settings->admin;
    const struct invoke_api_settings *invoke = &c->settings->invoke_api;
    check_listeners(c);
    if (admin->on)
        check_place(c, "admin", admin->at, admin->address, admin->port);
    if (invoke->on)
        check_place(c, "invokeApi", invoke->at, invoke->address, invoke->port);
    if (admin->on && invoke->on &&
        is_same_place(admin->address, admin->port, invoke->address, invoke->port))
        diag_error(c->diag, invoke->at, "'invokeApi' has the address and port of 'admin'");
}

static struct str endpoint_of(struct config *c, const struct listener_settings *listener)
{
    struct ip ip;
    struct str host = listener->address;
    if (host.len == 0 || !ip_parse(host, &ip))
        return STR("localhost");
    if (ip_is_any(&ip))
        host = STR("localhost");
    else if (str_find(host, ':') < host.len)
        host = arena_printf(c->arena, "[%" STR_F "]", STR_A(host));
    if (listener->port == (listener->tls.on ? 443 : 80))
        return host;
    return arena_printf(c->arena, "%" STR_F ":%u", STR_A(host), listener->port);
}

/* The first TLS listener's, else the first's. */
static void set_public_endpoint(struct config *c)
{
    if (c->settings->execute_api.public_endpoint.len > 0)
        return;
    const struct listener_settings *chosen = c->settings->listeners.items;
    FOR_EACH_IN (listener, &c->settings->listeners)
        if (listener->tls.on && !chosen->tls.on)
            chosen = listener;
    c->settings->execute_api.public_endpoint = endpoint_of(c, chosen);
}

void config_read_invoke_api(struct config *c, const struct config_key *key, const struct doc *d,
                            void *target)
{
    struct invoke_api_settings *invoke = target;
    if (!d || !config_read_section(c, key->section, d, invoke))
        return;
    invoke->on = true;
    invoke->at = d->at;
}

static bool leads_to(const struct invoke_api_settings *invoke, const struct endpoint *e)
{
    struct str host = str_eq_nocase(e->host, STR("localhost")) ? STR("127.0.0.1") : e->host;
    return is_same_place(invoke->address, invoke->port, host, e->port);
}

/* A function whose endpoint is this gateway's own would be invoked by its own invocation. */
static void check_own_endpoints(struct config *c)
{
    static const char problem[] = "the endpoint is this gateway's own, that of 'invokeApi'";
    const struct snapshot *s = c->b->snapshot;
    struct endpoint fallback;
    FOR_EACH_IN (function, &s->functions)
        if (leads_to(&c->settings->invoke_api, &(*function)->endpoint))
            diag_error(c->diag, (*function)->at, "function '%" STR_F "': %s",
                       STR_A((*function)->name), problem);
    if (s->default_endpoint.text.len > 0 &&
        builder_set_endpoint(c->b, &fallback, s->default_endpoint) &&
        leads_to(&c->settings->invoke_api, &fallback))
        diag_error(c->diag, s->default_endpoint.at, "%s", problem);
}

static void check_invoke_api(struct config *c)
{
    const struct doc *d = doc_get(c->root, "invokeApi");
    const struct invoke_api_settings *invoke = &c->settings->invoke_api;
    if (!invoke->on)
        return;
    if (c->b->snapshot->functions.count == 0)
        diag_warning(c->diag, invoke->at, "'invokeApi' without 'functions' has none to invoke");
    check_own_endpoints(c);
    if (invoke->address.len == 0 || is_loopback_address(invoke->address))
        return;
    if (invoke->is_open)
        diag_error(c->diag, config_at(d, "authorizationType"),
                   "authorizationType NONE, but %" STR_F " is not loopback",
                   STR_A(invoke->address));
    else
        diag_warning(c->diag, config_at(d, "address"),
                     "'invokeApi' speaks plain HTTP: whoever is between can read what functions "
                     "are sent and answer");
}

/* What a client is sent must fit into what may wait for it, however fast it reads. */
static void check_pending(struct config *c)
{
    const struct limit_settings *limits = &c->settings->limits;
    const struct doc *d = doc_get(c->root, "limits");
    if (limits->websocket_pending_bytes < limits->websocket_message_bytes)
        diag_warning(c->diag,
                     config_at(d, config_has(d, "websocketPendingBytes") ? "websocketPendingBytes"
                                                                         : "websocketMessageBytes"),
                     "websocketPendingBytes is less than websocketMessageBytes: a connection is "
                     "closed where it is sent a message that is longer");
}

void config_check_all(struct config *c)
{
    check_places(c);
    check_development_issuers(c);
    check_management(c);
    check_invoke_api(c);
    config_check_shared_user(c);
    check_pending(c);
    set_public_endpoint(c);
}
