/* SPDX-License-Identifier: Apache-2.0 */
/* What only all sections together tell. */
#include "config_read.h"

static bool is_loopback(const struct listener_settings *listener)
{
    struct ip ip;
    if (listener->unix_path.len > 0)
        return true;
    /* where systemd listens is not known here: closed by default */
    return listener->address.len > 0 && ip_parse(listener->address, &ip) && ip_is_loopback(&ip);
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

static void check_places(struct config *c)
{
    const struct admin_settings *admin = &c->settings->admin;
    FOR_EACH_IN (listener, &c->settings->listeners) {
        for (const struct listener_settings *other = c->settings->listeners.items; other < listener;
             other++)
            if (is_same_place(listener->address, listener->port, other->address, other->port))
                diag_error(c->diag, listener->at,
                           "listener '%" STR_F "' has the address and port of '%" STR_F "'",
                           STR_A(listener->name), STR_A(other->name));
        if (admin->on &&
            is_same_place(listener->address, listener->port, admin->address, admin->port))
            diag_error(c->diag, admin->at,
                       "'admin' has the address and port of listener '%" STR_F "'",
                       STR_A(listener->name));
    }
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
    check_pending(c);
    set_public_endpoint(c);
}
