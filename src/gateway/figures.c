/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/figures.h"

#include "turnpike/base/arena.h"
#include "turnpike/gateway/websocket_figures.h"

#define CODES_MAX 8

static const struct {
    unsigned status;
    const char *name;
} authorizer_results[] = {
    {200, "accepted" },
    {401, "refused"  },
    {403, "forbidden"},
};
#define AUTHORIZER_RESULTS ARRAY_LENGTH(authorizer_results)

/* The series of one stage's route, kept beside it in the snapshot. Those for a status are found
 * when it first occurs and then remembered. */
struct route_figures {
    struct str api, stage, method, route;
    struct figure *duration;
    struct figure *integration_duration; /* NULL: the route has no integration */
    struct figure *request_size, *response_size;
    struct figure *authorizer[AUTHORIZER_RESULTS];    /* NULL where the route has none */
    struct figure *throttled[LIMITER_PENDING];        /* by who refused */
    struct figure *messages[2];                       /* of WebSocket APIs: in, out; else NULL */
    struct figure *responses[GATEWAY_RESPONSE_COUNT]; /* of the stage: in `unmatched` alone */
    struct {
        unsigned status;
        struct figure *count;
    } codes[CODES_MAX];
};

static const char *const integration_types[] = {
    [INTEGRATION_LAMBDA] = "lambda", [INTEGRATION_HTTP] = "http", [INTEGRATION_SERVICE] = "service",
    [INTEGRATION_MOCK] = "mock",     [INTEGRATION_DOCS] = "docs",
};

static const char *const failure_reasons[] = {
    [INTEGRATION_OK] = NULL,
    [INTEGRATION_TIMED_OUT] = "timeout",
    [INTEGRATION_CONNECT_FAILED] = "connect",
    [INTEGRATION_FUNCTION_ERROR] = "function_error",
    [INTEGRATION_MALFORMED] = "malformed",
    [INTEGRATION_THROTTLED] = "throttled",
    [INTEGRATION_STATUS] = "status",
};

static struct figure *find_code(struct counters *c, const struct route_figures *f, unsigned status)
{
    char code[12], class[4] = {(char)('0' + status / 100 % 10), 'x', 'x', '\0'};
    (void)snprintf(code, sizeof(code), "%u", status);
    const struct label labels[] = {
        {"api",          f->api         },
        {"stage",        f->stage       },
        {"protocol",     STR("http")    },
        {"method",       f->method      },
        {"route",        f->route       },
        {"status_class", str_from(class)},
        {"code",         str_from(code) }
    };
    return counters_figure(c, FIGURE_COUNTER, "turnpike_requests_total",
                           "Requests by route and status.", labels, ARRAY_LENGTH(labels));
}

static struct figure *code_figure(struct counters *c, struct route_figures *f, unsigned status)
{
    for (size_t i = 0; i < CODES_MAX; i++) {
        if (f->codes[i].status == status)
            return f->codes[i].count;
        if (f->codes[i].status == 0) {
            f->codes[i].count = find_code(c, f, status);
            f->codes[i].status = status;
            return f->codes[i].count;
        }
    }
    return find_code(c, f, status);
}

static void find_authorizer(struct counters *c, struct route_figures *f, struct str authorizer)
{
    for (size_t i = 0; i < AUTHORIZER_RESULTS; i++) {
        const struct label labels[] = {
            {"api",        f->api                              },
            {"authorizer", authorizer                          },
            {"result",     str_from(authorizer_results[i].name)}
        };
        f->authorizer[i] =
            counters_figure(c, FIGURE_HISTOGRAM, "turnpike_authorizer_duration_seconds",
                            "Time that authorizers took.", labels, ARRAY_LENGTH(labels));
    }
}

static const char *const limiters[LIMITER_PENDING] = {
    [LIMITER_ROUTE_THROTTLED] = "route",
    [LIMITER_ACCOUNT_THROTTLED] = "account",
    [LIMITER_CONNECTS_THROTTLED] = "connects",
};

static void find_throttled(struct counters *c, struct route_figures *f, enum limiter_result by)
{
    const struct label labels[] = {
        {"api",     f->api                },
        {"stage",   f->stage              },
        {"route",   f->route              },
        {"limiter", str_from(limiters[by])}
    };
    f->throttled[by] =
        counters_figure(c, FIGURE_COUNTER, "turnpike_throttled_total",
                        "Requests that a bucket refused.", labels, ARRAY_LENGTH(labels));
}

static void find_integration(struct counters *c, struct route_figures *f,
                             const struct integration *integration)
{
    const struct label labels[] = {
        {"api",         f->api                                        },
        {"stage",       f->stage                                      },
        {"route",       f->route                                      },
        {"method",      f->method                                     },
        {"integration", str_from(integration_types[integration->type])}
    };
    f->integration_duration =
        counters_figure(c, FIGURE_HISTOGRAM, "turnpike_integration_duration_seconds",
                        "Time that integrations took.", labels, ARRAY_LENGTH(labels));
}

/* What only requests of HTTP have. */
static void find_requests(struct counters *c, struct route_figures *f)
{
    const struct label labels[] = {
        {"api",    f->api   },
        {"stage",  f->stage },
        {"route",  f->route },
        {"method", f->method}
    };
    f->duration =
        counters_figure(c, FIGURE_HISTOGRAM, "turnpike_request_duration_seconds",
                        "Time from a request's head to the end of its answer.", labels, 4);
    f->request_size = counters_figure(c, FIGURE_HISTOGRAM, "turnpike_request_size_bytes",
                                      "Sizes of requests' bodies.", labels, 2);
    f->response_size = counters_figure(c, FIGURE_HISTOGRAM, "turnpike_response_size_bytes",
                                       "Sizes of answers' bodies.", labels, 2);
    (void)code_figure(c, f, 200);
}

struct figure *figures_messages(struct counters *c, const struct stage *stage, struct str route,
                                bool out)
{
    const struct label labels[] = {
        {"api",       stage->api->api_id          },
        {"stage",     stage->stage_name           },
        {"direction", out ? STR("out") : STR("in")},
        {"route",     route                       }
    };
    return counters_figure(c, FIGURE_COUNTER, "turnpike_websocket_messages_total",
                           "WebSocket messages from clients, and sent to them.", labels,
                           ARRAY_LENGTH(labels));
}

static struct route_figures *make(struct counters *c, struct snapshot *snapshot,
                                  const struct stage *stage, struct str method, struct str route)
{
    struct route_figures *f = arena_new(&snapshot->arena, struct route_figures);
    f->api = stage->api->api_id;
    f->stage = stage->stage_name;
    f->method = method;
    f->route = route;
    if (stage->api->protocol_type == PROTOCOL_WEBSOCKET) {
        f->messages[false] = figures_messages(c, stage, route, false);
        f->messages[true] = figures_messages(c, stage, route, true);
    } else {
        find_requests(c, f);
    }
    return f;
}

static void prepare_route(struct counters *c, struct snapshot *snapshot,
                          struct stage_route *stage_route)
{
    const struct route *route = stage_route->route;
    struct str method = route->method.len ? route->method : STR("ANY");
    struct str name = route->path.len ? route->path : route->key;
    struct route_figures *f = make(c, snapshot, stage_route->stage, method, name);
    if (route->integration)
        find_integration(c, f, route->integration);
    if (route->authorizer)
        find_authorizer(c, f, route->authorizer->name);
    if (stage_route->throttle.on)
        find_throttled(c, f, LIMITER_ROUTE_THROTTLED);
    find_throttled(c, f, LIMITER_ACCOUNT_THROTTLED);
    stage_route->figures = f;
}

void figures_prepare(struct counters *counters, struct snapshot *snapshot)
{
    websocket_figures_prepare(counters, snapshot);
    FOR_EACH_IN (api, &snapshot->apis) {
        FOR_EACH_IN (stage, &(*api)->stages) {
            for (size_t i = 0; i < (*api)->routes.count; i++)
                prepare_route(counters, snapshot, &(*stage)->routes[i]);
            (*stage)->unmatched = make(counters, snapshot, *stage, STR("ANY"), STR("(unmatched)"));
        }
    }
}

static void count_integration(struct counters *c, const struct route_figures *f,
                              const struct outcome *outcome)
{
    if (outcome->integration_latency > 0 && f->integration_duration)
        histogram_observe(f->integration_duration, (double)outcome->integration_latency / 1e6);
    const char *reason = failure_reasons[outcome->integration_failure];
    if (!reason)
        return;
    const struct label labels[] = {
        {"api",    f->api          },
        {"stage",  f->stage        },
        {"route",  f->route        },
        {"reason", str_from(reason)}
    };
    figure_add(counters_figure(c, FIGURE_COUNTER, "turnpike_integration_errors_total",
                               "Integrations that failed.", labels, ARRAY_LENGTH(labels)),
               1);
}

static void count_authorizer(const struct route_figures *f, const struct outcome *outcome)
{
    for (size_t i = 0; i < AUTHORIZER_RESULTS; i++)
        if (authorizer_results[i].status == outcome->authorizer_status)
            histogram_observe(f->authorizer[i], (double)outcome->authorizer_latency / 1e6);
}

static struct figure *find_response(struct counters *c, struct str api, struct str stage,
                                    const struct gateway_response *row)
{
    const struct label labels[] = {
        {"api",   api                },
        {"stage", stage              },
        {"type",  str_from(row->type)}
    };
    return counters_figure(c, FIGURE_COUNTER, "turnpike_gateway_responses_total",
                           "Answers that the gateway made itself.", labels, ARRAY_LENGTH(labels));
}

static void count_gateway_response(struct counters *c, const struct transaction *t)
{
    const struct gateway_response *row = t->outcome.error;
    const struct stage *stage = t->selection.stage;
    if (!stage) {
        struct str api = t->selection.api ? t->selection.api->api_id : STR("");
        figure_add(find_response(c, api, STR(""), row), 1);
        return;
    }
    struct figure **figure = &stage->unmatched->responses[row->id];
    if (!*figure)
        *figure = find_response(c, stage->api->api_id, stage->stage_name, row);
    figure_add(*figure, 1);
}

static struct route_figures *figures_of(const struct transaction *t)
{
    const struct stage_route *route = t->selection.stage_route;
    return route ? route->figures : t->selection.stage->unmatched;
}

static void count_request(struct counters *c, struct route_figures *f, const struct transaction *t)
{
    if (t->response.status) /* 0: the client left before there was an answer */
        figure_add(code_figure(c, f, t->response.status), 1);
    histogram_observe(f->duration, (double)t->outcome.latency / 1e6);
    histogram_observe(f->request_size, (double)t->outcome.bytes_in);
    histogram_observe(f->response_size, (double)t->outcome.bytes_out);
}

void figures_count_reply(const struct transaction *t)
{
    figure_add(figures_of(t)->messages[true], 1);
}

void figures_count(struct counters *counters, const struct transaction *t)
{
    if (t->outcome.error)
        count_gateway_response(counters, t);
    if (!t->selection.stage)
        return;

    struct route_figures *f = figures_of(t);
    if (t->selection.api->protocol_type != PROTOCOL_WEBSOCKET)
        count_request(counters, f, t);
    else
        websocket_figures_count(counters, t);
    if (t->websocket.event == EVENT_MESSAGE)
        figure_add(f->messages[false], 1);
    if (t->outcome.authorizer_called)
        count_authorizer(f, &t->outcome);
    if (t->outcome.integration_called)
        count_integration(counters, f, &t->outcome);
}

void figures_count_throttled(struct counters *counters, const struct transaction *t,
                             enum limiter_result by)
{
    struct route_figures *f = figures_of(t);
    enum limiter_result who = by == LIMITER_PENDING ? LIMITER_ACCOUNT_THROTTLED : by;
    if (!f->throttled[who])
        find_throttled(counters, f, who);
    figure_add(f->throttled[who], 1);
}
