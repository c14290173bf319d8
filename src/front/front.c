/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/front/front.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "http1.h"
#include "proxied.h"
#include "tls_contexts.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/log.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/net/listener.h"
#include "websockets.h"

/* One open socket. It is found again at reload by what it listens on, and outlives its clients. */
struct edge {
    struct http1_listener http1; /* first part: what its clients know of it */
    struct front *front;
    struct edge *next;
    struct listener socket;
    bool open;                 /* the socket is */
    bool leaving;              /* it was told to close: another edge may take the name */
    struct snapshot *snapshot; /* the one that its settings belong to; a reference, or NULL */
    char *name;                /* "127.0.0.1:8080", "unix:PATH", "systemd:NAME" */
    bool wanted;               /* by the snapshot that is being put in force */
    bool started;
};

struct front {
    struct gateway *gateway;
    struct http_server server;
    struct tls_tickets *tickets;
    struct edge *edges;
    struct proxied_list proxied; /* clients whose PROXY header is awaited */
    struct websockets websockets;
    front_inherited_fn *inherited;
    void *inherited_data;
    void (*on_idle)(void *data);
    void *on_idle_data;
    uint64_t refused_logged; /* when the limit on connections was last logged */
};

struct front *front_new(struct gateway *gateway, front_inherited_fn *inherited, void *data)
{
    struct front *f = xcalloc(1, sizeof(*f));
    f->gateway = gateway;
    f->inherited = inherited;
    f->inherited_data = data;
    f->tickets = tls_tickets_new(gateway->loop);
    f->websockets.gateway = gateway;
    http_server_init(&f->server, gateway->loop, &(struct http_server_options){0}, &http1_events);
    return f;
}

void front_free(struct front *f)
{
    if (!f)
        return;
    assert(!f->edges);
    websockets_release(&f->websockets);
    http_server_release(&f->server);
    tls_tickets_free(f->tickets);
    free(f);
}

static const struct listener_settings *invoke_listener(struct snapshot *snapshot)
{
    const struct invoke_api_settings *invoke = &snapshot->settings.invoke_api;
    struct listener_settings *listener = arena_new(&snapshot->arena, struct listener_settings);
    listener->at = invoke->at;
    listener->name = STR("invokeApi");
    listener->address = invoke->address;
    listener->port = invoke->port;
    listener->invoke_api = true;
    return listener;
}

static void list_places(struct snapshot *snapshot)
{
    struct settings *settings = &snapshot->settings;
    FOR_EACH_IN (listener, &settings->listeners)
        *list_push(&snapshot->arena, &settings->places) = listener;
    if (settings->invoke_api.on)
        *list_push(&snapshot->arena, &settings->places) = invoke_listener(snapshot);
}

void front_prepare(struct front *f, struct snapshot *snapshot, struct diag *diag)
{
    list_places(snapshot);
    tls_contexts_prepare(&(struct tls_contexts){.tickets = f->tickets,
                                                .snapshot = snapshot,
                                                .wall = loop_wall(f->gateway->loop),
                                                .diag = diag});
}

/* An edge goes when its socket has closed and its last client has gone. */
static void free_if_over(struct edge *e)
{
    if (e->open || e->http1.clients > 0)
        return;
    struct edge **at = &e->front->edges;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    snapshot_unref(e->snapshot);
    free(e->name);
    free(e);
}

static void on_client_gone(struct http1_listener *listener)
{
    struct edge *e = container_of(listener, struct edge, http1);
    struct front *f = e->front;
    free_if_over(e);
    if (f->on_idle)
        f->on_idle(f->on_idle_data);
}

/* At most one line a second: it is said when it matters most. */
static void refuse(struct front *f, int fd)
{
    uint64_t now = loop_now(f->gateway->loop);
    (void)close(fd);
    figure_add(counters_figure(f->gateway->counters, FIGURE_COUNTER,
                               "turnpike_connections_refused_total",
                               "Clients turned away by limits.connections.", NULL, 0),
               1);
    if (f->refused_logged != 0 && now - f->refused_logged < USEC_PER_SEC)
        return;
    f->refused_logged = now;
    log_warning("clients are turned away: limits.connections is reached");
}

void edge_serve(struct http1_listener *listener, int fd, const struct ip *peer)
{
    struct edge *e = container_of(listener, struct edge, http1);
    const struct tls_settings *tls = &e->http1.facts.settings->tls;
    http1_open(&e->front->server, listener, fd, tls->on ? tls_context_accept(tls->context) : NULL,
               peer);
}

/* A UNIX socket's client is on this machine. */
static struct ip peer_of(const struct sockaddr *address)
{
    struct ip ip;
    uint16_t port;
    if (!ip_from_sockaddr(address, &ip, &port))
        (void)!ip_parse(STR("127.0.0.1"), &ip);
    return ip;
}

static void on_accept(struct listener *socket, int fd, const struct sockaddr *address)
{
    struct edge *e = container_of(socket, struct edge, socket);
    struct front *f = e->front;
    const struct limit_settings *limits = &f->gateway->snapshot->settings.limits;
    struct ip peer = peer_of(address);
    if (front_connections(f) >= limits->connections)
        refuse(f, fd);
    else if (e->http1.facts.settings->proxy_protocol)
        proxied_open(&f->proxied, &e->http1, fd, &peer, limits->header_timeout);
    else
        edge_serve(&e->http1, fd, &peer);
}

static void on_socket_closed(struct listener *socket)
{
    struct edge *e = container_of(socket, struct edge, socket);
    e->open = false;
    free_if_over(e);
}

static const struct listener_events socket_events = {on_accept, on_socket_closed};

static char *name_of(const struct listener_settings *s)
{
    if (s->unix_path.len)
        return xasprintf("unix:%" STR_F, STR_A(s->unix_path));
    if (s->systemd_name.len)
        return xasprintf("systemd:%" STR_F, STR_A(s->systemd_name));
    bool v6 = str_find(s->address, ':') < s->address.len;
    return xasprintf(v6 ? "[%" STR_F "]:%u" : "%" STR_F ":%u", STR_A(s->address), s->port);
}

/* An inherited socket is duplicated: the original stays for the next listener of its name. */
static int inherit(struct front *f, struct str name, struct error *ret_error)
{
    int fd = f->inherited ? f->inherited(f->inherited_data, name) : -1;
    int own = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (own < 0)
        error_set(ret_error, ERROR_INVALID, "no socket named '%" STR_F "' was handed over",
                  STR_A(name));
    return own;
}

static bool open_socket(struct edge *e, const struct listener_settings *s, struct error *ret_error)
{
    struct listener_place place = {
        .unix_path = s->unix_path, .address = s->address, .port = s->port, .inherited = -1};
    if (s->systemd_name.len) {
        place.inherited = inherit(e->front, s->systemd_name, ret_error);
        if (place.inherited < 0)
            return false;
    }
    if (!listener_open(&e->socket, e->front->gateway->loop, &place, &socket_events, ret_error))
        return false;
    listener_pause(&e->socket);
    return true;
}

static struct edge *find_edge(struct front *f, const char *name)
{
    for (struct edge *e = f->edges; e; e = e->next)
        if (e->open && !e->leaving && strcmp(e->name, name) == 0)
            return e;
    return NULL;
}

/* Takes over the name. */
static struct edge *open_edge(struct front *f, const struct listener_settings *s, char *name,
                              struct error *ret_error)
{
    struct edge *e = xcalloc(1, sizeof(*e));
    e->front = f;
    e->name = name;
    e->http1.gateway = f->gateway;
    e->http1.websockets = &f->websockets;
    e->http1.on_client_gone = on_client_gone;
    e->open = open_socket(e, s, ret_error);
    if (!e->open) {
        error_prefix(ret_error, "listener '%" STR_F "'", STR_A(s->name));
        free(name);
        free(e);
        return NULL;
    }
    e->next = f->edges;
    f->edges = e;
    return e;
}

static struct edge *find_or_open(struct front *f, const struct listener_settings *s,
                                 struct error *ret_error)
{
    char *name = name_of(s);
    struct edge *e = find_edge(f, name);
    if (!e)
        return open_edge(f, s, name, ret_error);
    free(name);
    return e;
}

/* Idle clients go, others with their next answer. */
static void dismiss_clients(struct edge *e)
{
    proxied_close_all(&e->front->proxied, &e->http1);
    http1_shutdown(&e->front->server, &e->http1);
    websockets_dismiss(&e->front->websockets, &e->http1);
}

/* Its clients go too: who took a listener away does not want to serve on it for as long as somebody
 * keeps a connection. */
static void close_edge(struct edge *e)
{
    e->leaving = true;
    listener_close(&e->socket);
    dismiss_clients(e);
}

static void close_edges(struct front *f, bool keep_started, bool keep_wanted)
{
    for (struct edge *e = f->edges; e; e = e->next)
        if (e->open && !e->leaving && !(keep_started && e->started) && !(keep_wanted && e->wanted))
            close_edge(e);
}

bool front_listen(struct front *f, struct snapshot *snapshot, struct error *ret_error)
{
    if (!websockets_prepare(&f->websockets, snapshot, ret_error))
        return false;
    FOR_EACH_IN (place, &snapshot->settings.places) {
        if (!find_or_open(f, *place, ret_error)) {
            close_edges(f, true, false); /* what was opened in vain */
            return false;
        }
    }
    return true;
}

/* A UNIX socket's clients are on this machine. */
static bool is_loopback(const struct edge *e)
{
    struct sockaddr_storage address;
    struct ip ip;
    uint16_t port;
    listener_address(&e->socket, &address);
    return !ip_from_sockaddr((const struct sockaddr *)&address, &ip, &port) || ip_is_loopback(&ip);
}

static uint16_t port_of(const struct edge *e)
{
    uint16_t port = listener_port(&e->socket);
    return port ? port : e->http1.tls ? 443 : 80;
}

/* Whether clients were let in under other rules than those that hold from now on. */
static bool changes_protocol(const struct edge *e, const struct listener_settings *s)
{
    const struct listener_settings *before = e->http1.facts.settings;
    return e->started &&
           (before->tls.on != s->tls.on || before->proxy_protocol != s->proxy_protocol ||
            before->invoke_api != s->invoke_api);
}

static void adopt(struct edge *e, struct snapshot *snapshot, const struct listener_settings *s)
{
    struct snapshot *before = e->snapshot;
    if (changes_protocol(e, s))
        dismiss_clients(e);
    e->wanted = true;
    e->snapshot = snapshot_ref(snapshot);
    snapshot_unref(before);
    e->http1.tls = s->tls.on;
    e->http1.port = port_of(e);
    e->http1.facts = (struct listener_facts){.settings = s, .loopback = is_loopback(e)};
    if (!e->started)
        listener_resume(&e->socket);
    e->started = true;
}

/* A loopback Host may name a loopback listener that speaks TLS, or any where none does. */
static void name_edges(struct front *f)
{
    bool tls = false;
    for (const struct edge *e = f->edges; e; e = e->next)
        tls |= e->wanted && e->http1.facts.loopback && e->http1.tls;
    for (struct edge *e = f->edges; e; e = e->next)
        e->http1.facts.named = e->http1.facts.loopback && (e->http1.tls || !tls);
}

void front_use(struct front *f, struct snapshot *snapshot)
{
    const struct limit_settings *limits = &snapshot->settings.limits;
    f->server.options = (struct http_server_options){
        .head_max = limits->header_bytes,
        .header_timeout = limits->header_timeout,
        .body_timeout = limits->body_timeout,
        .keep_alive_timeout = limits->keep_alive_timeout,
        .send_timeout = limits->send_timeout,
    };
    websockets_limit(&f->websockets, limits);
    for (struct edge *e = f->edges; e; e = e->next)
        e->wanted = false;
    FOR_EACH_IN (place, &snapshot->settings.places) {
        char *name = name_of(*place);
        struct edge *e = find_edge(f, name); /* front_listen has opened it */
        free(name);
        assert(e);
        adopt(e, snapshot, *place);
    }
    close_edges(f, false, true);
    name_edges(f);
}

void front_drain(struct front *f)
{
    close_edges(f, false, false);
    http_server_shutdown(&f->server);
    websockets_drain(&f->websockets);
}

void front_abort(struct front *f)
{
    http_server_abort(&f->server);
    websockets_abort(&f->websockets);
}

void front_close(struct front *f)
{
    if (!f)
        return;
    f->on_idle = NULL;
    front_drain(f);
    front_abort(f);
}

bool front_is_over(const struct front *f)
{
    return !f || (!f->edges && front_connections(f) == 0);
}

void front_on_idle(struct front *f, void (*fn)(void *data), void *data)
{
    f->on_idle = fn;
    f->on_idle_data = data;
}

size_t front_connections(const struct front *f)
{
    return f->server.connection_count + f->proxied.count + websockets_count(&f->websockets);
}

void front_describe(const struct front *f, void (*tell)(void *data, struct str listener, bool tls),
                    void *data)
{
    for (const struct edge *e = f->edges; e; e = e->next)
        if (e->wanted)
            tell(data, str_from(e->name), e->http1.tls);
}
