/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/gateway.h"

#include "turnpike/base/log.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/gateway/context_variables.h"
#include "turnpike/gateway/cors.h"
#include "turnpike/gateway/exchange.h"
#include "turnpike/gateway/figures.h"
#include "turnpike/gateway/reason.h"

static void on_keys_refreshed(void *data, struct str issuer, const struct error *error)
{
    (void)data;
    if (error)
        log_warning("keys of issuer '%" STR_F "': %s", STR_A(issuer), error->text);
    else
        log_info("keys of issuer '%" STR_F "' are up to date", STR_A(issuer));
}

static struct snapshot *snapshot_in_force(void *data)
{
    const struct gateway *g = data;
    return g->snapshot;
}

static void on_event_dropped(void *data, struct str function, struct str request_id, struct str why)
{
    const struct log_field fields[] = {
        {"requestId", request_id},
        {"function",  function  }
    };
    (void)data;
    log_write(LOG_LEVEL_WARNING, fields, ARRAY_LENGTH(fields),
              "an event of function '%" STR_F "' is given up: %" STR_F, STR_A(function),
              STR_A(why));
}

bool gateway_is_idle(const struct gateway *g)
{
    return g->exchange_count == 0 && lambda_events_running(g->events) == 0;
}

static void on_events_idle(void *data)
{
    struct gateway *g = data;
    if (g->on_idle && gateway_is_idle(g))
        g->on_idle(g->on_idle_data);
}

static struct lambda_events *new_events(struct gateway *g)
{
    const struct lambda_events_owner owner = {g, snapshot_in_force, on_event_dropped,
                                              on_events_idle};
    return lambda_events_new(g->loop, g->lambda, &g->buffered, g->counters, &lambda_events_times,
                             &owner);
}

static void free_events(struct gateway *g)
{
    size_t count = lambda_events_count(g->events);
    if (count > 0)
        log_warning("%zu events of functions are lost: they had not been worked on to the end",
                    count);
    lambda_events_free(g->events);
}

struct gateway *gateway_new(struct loop *loop, struct error *ret_error)
{
    struct curl_loop *curl = curl_loop_new(loop, ret_error);
    if (!curl)
        return NULL;
    struct gateway *g = xcalloc(1, sizeof(*g));
    g->loop = loop;
    g->counters = counters_new();
    g->curl = curl;
    g->fetcher = fetcher_new(curl);
    g->limiter = limiter_new();
    g->auth = auth_new(loop, g->fetcher, g->counters);
    auth_on_refresh(g->auth, on_keys_refreshed, g);
    g->temporary_keys = temporary_keys_new();
    g->lambda = lambda_new(loop, g->curl, g->counters);
    g->events = new_events(g);
    g->origins = origins_new(loop, curl);
    g->http_proxy = http_proxy_new(loop);
    g->services = services_new(loop);
    return g;
}

static void free_spare(struct gateway *g)
{
    while (g->spare) {
        struct exchange *x = g->spare;
        g->spare = x->next;
        arena_release(&x->arena);
        free(x);
    }
}

void gateway_free(struct gateway *g)
{
    if (!g)
        return;
    assert(g->exchange_count == 0);
    connections_release(&g->connections);
    free_spare(g);
    free_events(g);
    lambda_free(g->lambda); /* calls of clients that are gone, too */
    http_proxy_free(g->http_proxy);
    services_free(g->services);
    origins_free(g->origins);
    snapshot_unref(g->snapshot);
    temporary_keys_free(g->temporary_keys);
    auth_free(g->auth);
    limiter_free(g->limiter);
    fetcher_free(g->fetcher);
    curl_loop_free(g->curl);
    counters_free(g->counters);
    free(g);
}

void gateway_prepare(struct gateway *g, struct snapshot *snapshot,
                     const struct access_log_output *output, struct diag *diag)
{
    limiter_prepare(g->limiter, snapshot, loop_now(g->loop));
    auth_prepare(g->auth, snapshot, diag);
    lambda_prepare(g->lambda, snapshot);
    http_prepare(g->origins, g->counters, snapshot);
    service_prepare(g->origins, snapshot, diag);
    access_log_prepare(snapshot, output, &context_variables, diag);
    figures_prepare(g->counters, snapshot);
    cors_prepare(snapshot);
    reason_prepare(snapshot);
}

/* Each holds a socket, as a client does. */
static size_t abandoned_max(const struct snapshot *snapshot)
{
    return snapshot->settings.limits.connections / 4;
}

void gateway_use(struct gateway *g, struct snapshot *snapshot)
{
    struct snapshot *last = g->snapshot;
    g->snapshot = snapshot;
    origins_limit_abandoned(g->origins, abandoned_max(snapshot));
    connections_follow(g, last);
    lambda_use(g->lambda, snapshot);
    auth_warm(g->auth, snapshot);
    snapshot_unref(last);
}
