/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/backend/origins.h"

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

/* Below what common servers keep an idle connection for: Node 5 s, nginx 75 s. */
#define KEEP_ALIVE_TIMEOUT (4 * USEC_PER_SEC)
#define CONNECT_TIMEOUT    (1 * USEC_PER_SEC)
#define IDLE_MAX           256
#define ABANDONED_MAX      256 /* until a snapshot says how many */

struct origin {
    struct origins *origins;
    size_t references;
    LIST_ENTRY(origin) entry;
    struct http_client *client; /* NULL once the origins are gone */
    bool tls;
    uint16_t port;
    size_t answer_max;
    struct str host, server_name; /* behind the struct */
};

/* Few, and looked up at load time only. */
struct origins {
    struct loop *loop;
    struct curl_loop *curl;
    size_t references; /* the owner's, and one for each origin */
    LIST_HEAD(, origin) all;
    TAILQ_HEAD(, abandoned_call) abandoned; /* first come, first given up */
    size_t abandoned_count, abandoned_max;
};

struct origins *origins_new(struct loop *loop, struct curl_loop *curl)
{
    struct origins *o = xcalloc(1, sizeof(*o));
    *o = (struct origins){
        .loop = loop, .curl = curl, .references = 1, .abandoned_max = ABANDONED_MAX};
    LIST_INIT(&o->all);
    TAILQ_INIT(&o->abandoned);
    return o;
}

static void unref_origins(struct origins *o)
{
    if (--o->references == 0)
        free(o);
}

void origins_free(struct origins *o)
{
    struct origin *origin;
    if (!o)
        return;
    LIST_FOREACH(origin, &o->all, entry)
    {
        http_client_free(origin->client);
        origin->client = NULL;
    }
    unref_origins(o);
}

static struct str copy_behind(char **at, struct str s)
{
    struct str copy = str_of(*at, s.len);
    if (s.len)
        memcpy(*at, s.at, s.len);
    *at += s.len;
    return copy;
}

static struct origin *make_origin(struct origins *o, const struct endpoint *e,
                                  struct str server_name, size_t answer_max)
{
    struct origin *origin = xcalloc(1, sizeof(*origin) + e->host.len + server_name.len);
    char *behind = (char *)(origin + 1);
    *origin = (struct origin){
        .origins = o, .references = 1, .tls = e->tls, .port = e->port, .answer_max = answer_max};
    origin->host = copy_behind(&behind, e->host);
    origin->server_name = copy_behind(&behind, server_name);
    struct http_client_options options = {.host = origin->host,
                                          .port = e->port,
                                          .connect_timeout = CONNECT_TIMEOUT,
                                          .keep_alive_timeout = KEEP_ALIVE_TIMEOUT,
                                          .answer_max = answer_max,
                                          .idle_max = IDLE_MAX,
                                          .curl = e->tls ? o->curl : NULL,
                                          .server_name = origin->server_name};
    origin->client = http_client_new(o->loop, &options);
    LIST_INSERT_HEAD(&o->all, origin, entry);
    o->references++;
    return origin;
}

struct origin *origins_find(struct origins *o, const struct endpoint *e, struct str server_name,
                            size_t answer_max)
{
    struct origin *origin;
    LIST_FOREACH(origin, &o->all, entry)
    {
        if (origin->client && origin->tls == e->tls && origin->port == e->port &&
            origin->answer_max == answer_max && str_eq_nocase(origin->host, e->host) &&
            str_eq_nocase(origin->server_name, server_name))
            return origin_ref(origin);
    }
    return make_origin(o, e, server_name, answer_max);
}

struct origin *origin_ref(struct origin *origin)
{
    origin->references++;
    return origin;
}

void origin_unref(struct origin *origin)
{
    if (!origin || --origin->references > 0)
        return;
    struct origins *o = origin->origins;
    http_client_free(origin->client);
    LIST_REMOVE(origin, entry);
    free(origin);
    unref_origins(o);
}

struct http_client *origin_client(const struct origin *origin)
{
    return origin->client;
}

/* Calls that nobody waits for. */

static void give_up_surplus(struct origins *o)
{
    while (o->abandoned_count > o->abandoned_max) {
        struct abandoned_call *first = TAILQ_FIRST(&o->abandoned);
        first->give_up(first);
    }
}

void origins_limit_abandoned(struct origins *o, size_t max)
{
    o->abandoned_max = max;
    give_up_surplus(o);
}

void origin_abandon(struct origin *origin, struct abandoned_call *call)
{
    struct origins *o = origin->origins;
    assert(!call->origins);
    call->origins = o;
    TAILQ_INSERT_TAIL(&o->abandoned, call, entry);
    o->abandoned_count++;
    give_up_surplus(o);
}

void origin_forget(struct abandoned_call *call)
{
    struct origins *o = call->origins;
    if (!o)
        return;
    TAILQ_REMOVE(&o->abandoned, call, entry);
    o->abandoned_count--;
    call->origins = NULL;
}
