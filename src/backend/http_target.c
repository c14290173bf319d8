/* SPDX-License-Identifier: Apache-2.0 */
#include "http_target.h"

static bool has_variable(const uri_piece_list *pieces)
{
    FOR_EACH_IN (piece, pieces)
        if (piece->variable)
            return true;
    return false;
}

/* The route $default of an HTTP API: the URI is what stands before the request's own path. */
static bool takes_any_path(const struct stage_route *sr)
{
    return str_is(sr->route->path, ROUTE_DEFAULT) &&
           sr->stage->api->protocol_type != PROTOCOL_WEBSOCKET;
}

static struct figure *find_in_flight(struct counters *c, struct arena *arena,
                                     const struct endpoint *e)
{
    struct label backend = {
        "backend",
        arena_printf(arena, "%s://%" STR_F, e->tls ? "https" : "http", STR_A(e->authority))};
    return counters_figure(c, FIGURE_GAUGE, "turnpike_backend_inflight_requests",
                           "Requests that a backend is working on.", &backend, 1);
}

static void on_snapshot_released(void *data)
{
    struct http_target *h = data;
    origin_unref(h->origin);
}

static struct http_target *make_target(struct origins *origins, struct counters *counters,
                                       struct snapshot *s, const struct stage_route *sr)
{
    const struct integration *integration = sr->route->integration;
    struct http_target *h = arena_new(&s->arena, struct http_target);
    *h = (struct http_target){
        .origin = origins_find(origins, &sr->endpoint, integration->server_name_to_verify.text,
                               s->settings.limits.payload_bytes),
        .in_flight = find_in_flight(counters, &s->arena, &sr->endpoint),
        .method = str_is(integration->method, "ANY") ? STR("") : integration->method,
        .authority = sr->endpoint.authority,
        .base_path = sr->endpoint.base_path,
        .uri = sr->uri_template,
        .appends = sr->uri_template && takes_any_path(sr),
        .fills_path = sr->uri_template && has_variable(&sr->uri_template->path),
    };
    snapshot_on_release(s, on_snapshot_released, h);
    return h;
}

void http_prepare(struct origins *origins, struct counters *counters, struct snapshot *snapshot)
{
    FOR_EACH_IN (api, &snapshot->apis) {
        FOR_EACH_IN (stage, &(*api)->stages) {
            for (size_t i = 0; i < (*api)->routes.count; i++) {
                struct stage_route *sr = &(*stage)->routes[i];
                if (sr->endpoint.url.at)
                    sr->http = make_target(origins, counters, snapshot, sr);
            }
        }
    }
}
