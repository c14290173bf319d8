/* SPDX-License-Identifier: Apache-2.0 */
/* Where the gateway listens: listeners, their TLS, the admin endpoint, --listen. */
#include <sys/un.h>

#include "config_read.h"
#include "turnpike/base/uri.h"

#define DEFAULT_NAME    "local"
#define DEFAULT_ADDRESS "127.0.0.1"
#define DEFAULT_PORT    8080

/* A path, or a list of paths, as a list. */
static bool read_paths(struct config *c, const char *name, const struct doc *d, written_list *ret)
{
    static const struct config_key path = {.type = CONFIG_WRITTEN_PATH};
    struct doc *const one[] = {(struct doc *)(uintptr_t)d};
    struct doc *const *items = d->kind == DOC_LIST ? d->items : one;
    size_t count = d->kind == DOC_LIST ? d->count : 1;
    struct config_key key = path;
    key.name = name;
    for (size_t i = 0; i < count; i++) {
        struct written item = {0};
        config_read_value(c, &key, items[i], &item);
        if (item.text.len == 0)
            return false;
        *list_push(c->arena, ret) = item;
    }
    return true;
}

void config_read_tls(struct config *c, const struct config_key *key, const struct doc *d,
                     void *target)
{
    struct tls_settings *tls = target;
    written_list certificates = {0}, keys = {0};
    if (!d || !config_read_section(c, key->section, d, tls))
        return;
    tls->on = true;
    tls->at = d->at;
    if (!config_has(d, "certificate") || !config_has(d, "privateKey") ||
        !read_paths(c, "certificate", doc_get(d, "certificate"), &certificates) ||
        !read_paths(c, "privateKey", doc_get(d, "privateKey"), &keys))
        return;
    if (certificates.count != keys.count || keys.count == 0) {
        diag_error(c->diag, config_at(d, "privateKey"),
                   "there are %zu private keys for %zu certificates", keys.count,
                   certificates.count);
        return;
    }
    for (size_t i = 0; i < keys.count; i++)
        *list_push(c->arena, &tls->certificates) =
            (struct certificate_settings){certificates.items[i], keys.items[i]};
}

/* An address and port, a UNIX socket, or one that systemd opened: exactly one of them. */
static void check_place(struct config *c, const struct doc *d, struct listener_settings *listener)
{
    static const char *const places[] = {"port", "unix", "systemd"};
    const char *first = NULL;
    FOR_EACH (place, places, ARRAY_LENGTH(places)) {
        if (!config_has(d, *place))
            continue;
        if (first)
            diag_error(c->diag, config_at(d, *place), "'%s' stands beside '%s': write one of them",
                       *place, first);
        first = first ? first : *place;
    }
    if (!first)
        diag_error(c->diag, d->at, "'port' is missing (or 'unix', or 'systemd')");
    else if (strcmp(first, "port") != 0 && config_has(d, "address"))
        diag_error(c->diag, config_at(d, "address"), "'address' stands beside '%s'", first);
    if (first && strcmp(first, "port") == 0 && listener->address.len == 0)
        listener->address = STR(DEFAULT_ADDRESS);
    if (listener->unix_path.len >= sizeof(((struct sockaddr_un *)0)->sun_path))
        diag_error(c->diag, doc_get(d, "unix")->at, "the path is too long for a UNIX socket");
}

static void check_name(struct config *c, const struct doc *d,
                       const struct listener_settings *listener)
{
    FOR_EACH_IN (other, &c->settings->listeners)
        if (other != listener && listener->name.len > 0 && str_eq(other->name, listener->name))
            diag_error(c->diag, doc_get(d, "name")->at,
                       "listener '%" STR_F "' is there twice; the first is at line %u",
                       STR_A(listener->name), other->at.line);
}

static void read_listener(struct config *c, const struct doc *d)
{
    struct listener_settings *listener = builder_add_listener(c->b, d->at);
    if (!config_read_section(c, &config_listener, d, listener))
        return;
    listener->limited = config_has(d, "apis");
    check_place(c, d, listener);
    check_name(c, d, listener);
    if (listener->proxy_protocol && listener->trusted_proxies.count == 0)
        diag_error(c->diag, config_at(d, "proxyProtocol"),
                   "'proxyProtocol' without 'trustedProxies' would refuse every connection");
}

void config_read_listeners(struct config *c, const struct config_key *key, const struct doc *d,
                           void *target)
{
    (void)target;
    if (!config_is_list(c, key->name, d))
        return;
    if (d->count == 0)
        diag_error(c->diag, d->at, "'listeners' is empty: leave it out to listen on %s:%d",
                   DEFAULT_ADDRESS, DEFAULT_PORT);
    for (size_t i = 0; i < d->count; i++)
        read_listener(c, d->items[i]);
}

void config_read_admin(struct config *c, const struct config_key *key, const struct doc *d,
                       void *target)
{
    struct admin_settings *admin = target;
    if (!d || !config_read_section(c, key->section, d, admin))
        return;
    admin->on = true;
    admin->at = d->at;
}

bool listen_address_parse(struct str text, struct listen_address *ret_address)
{
    struct listen_address parsed;
    struct ip ip;
    if (!uri_split_host(text, &parsed.address, &parsed.port) || parsed.port == 0 ||
        !ip_parse(parsed.address, &ip))
        return false;
    *ret_address = parsed;
    return true;
}

static void listen_at(struct config *c, struct listener_settings *listener,
                      const struct listen_address *place)
{
    listener->address = arena_copy(c->arena, place->address);
    listener->port = place->port;
    listener->unix_path = listener->systemd_name = STR("");
}

/* Takes the plain listeners from `keep` on out of the list. */
static void drop_plain_listeners(struct config *c, size_t keep)
{
    size_t left = 0, plain = 0;
    FOR_EACH_IN (listener, &c->settings->listeners) {
        if (listener->tls.on || plain++ < keep)
            c->settings->listeners.items[left++] = *listener;
        else
            *list_push(c->arena, &c->dropped_listeners) = listener->name;
    }
    c->settings->listeners.count = left;
}

void config_replace_listeners(struct config *c, const struct config_options *options)
{
    size_t placed = 0;
    if (c->settings->listeners.count == 0) {
        struct listener_settings *listener =
            builder_add_listener(c->b, (struct position){.file = NULL});
        listener->name = STR(DEFAULT_NAME);
        listener->address = STR(DEFAULT_ADDRESS);
        listener->port = DEFAULT_PORT;
    }
    if (!options || options->listen_count == 0)
        return;

    drop_plain_listeners(c, options->listen_count);
    FOR_EACH_IN (listener, &c->settings->listeners)
        if (!listener->tls.on)
            listen_at(c, listener, &options->listen[placed++]);
    for (; placed < options->listen_count; placed++) {
        struct listener_settings *listener =
            builder_add_listener(c->b, (struct position){.file = NULL});
        listener->name = arena_printf(c->arena, "--listen %zu", placed + 1);
        listen_at(c, listener, &options->listen[placed]);
    }
}
