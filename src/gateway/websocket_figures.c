/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/websocket_figures.h"

#include "turnpike/gateway/figures.h"
#include "turnpike/gateway/gateway.h"

static struct figure *find_open(struct counters *c, struct str api, struct str stage)
{
    const struct label labels[] = {
        {"api",   api  },
        {"stage", stage}
    };
    return counters_figure(c, FIGURE_GAUGE, "turnpike_websocket_connections",
                           "WebSocket connections that are open.", labels, ARRAY_LENGTH(labels));
}

static struct figure *find_closed(struct counters *c, struct str api, struct str stage,
                                  unsigned code)
{
    char text[STR_U64_SIZE];
    const struct label labels[] = {
        {"api",  api},
        {      "stage", stage   },
        { "code", str_u64(code,    text)}
    };
    return counters_figure(c, FIGURE_COUNTER, "turnpike_websocket_disconnects_total",
                           "WebSocket connections that have ended, by close code.", labels,
                           ARRAY_LENGTH(labels));
}

/* Codes are the client's: applications have their own from 3000 on, of which there are too many to
 * count each. */
static unsigned counted_code(unsigned code)
{
    return code < 3000 ? code : code < 4000 ? 3000 : 4000;
}

static const char *const results[] = {"ok", "401", "403", "429", "4xx", "5xx"};

static const char *result_of(unsigned status)
{
    if (status < 300)
        return "ok";
    if (status == 401 || status == 403 || status == 429)
        return status == 401 ? "401" : status == 403 ? "403" : "429";
    return status < 500 ? "4xx" : "5xx";
}

static struct figure *find_connect(struct counters *c, const struct stage *stage,
                                   const char *result)
{
    const struct label labels[] = {
        {"api",    stage->api->api_id},
        {"stage",  stage->stage_name },
        {"result", str_from(result)  }
    };
    return counters_figure(c, FIGURE_COUNTER, "turnpike_websocket_connects_total",
                           "WebSocket handshakes by their result.", labels, ARRAY_LENGTH(labels));
}

void websocket_figures_prepare(struct counters *counters, const struct snapshot *snapshot)
{
    FOR_EACH_IN (api, &snapshot->apis) {
        if ((*api)->protocol_type != PROTOCOL_WEBSOCKET)
            continue;
        FOR_EACH_IN (stage, &(*api)->stages) {
            (void)find_open(counters, (*api)->api_id, (*stage)->stage_name);
            FOR_EACH (result, results, ARRAY_LENGTH(results))
                (void)find_connect(counters, *stage, *result);
        }
    }
}

void websocket_figures_opened(const struct connection *c)
{
    find_open(c->gateway->counters, c->api_id, c->stage_name)->value += 1;
}

void websocket_figures_closed(const struct connection *c, unsigned code)
{
    find_open(c->gateway->counters, c->api_id, c->stage_name)->value -= 1;
    figure_add(find_closed(c->gateway->counters, c->api_id, c->stage_name, counted_code(code)), 1);
}

static const struct {
    const char *method, *operation;
} operations[] = {
    {"POST",   "post"  },
    {"GET",    "get"   },
    {"DELETE", "delete"}
};

static struct str operation_of(struct str method)
{
    FOR_EACH (row, operations, ARRAY_LENGTH(operations))
        if (str_is(method, row->method))
            return str_from(row->operation);
    return STR("other");
}

static void count_management(struct counters *c, const struct transaction *t)
{
    char code[STR_U64_SIZE];
    struct str operation = operation_of(t->request.method);
    struct str status = str_u64(t->response.status, code);
    const struct stage *stage = t->selection.stage;
    const struct label labels[] = {
        {"api",   stage->api->api_id},
        {"stage", stage->stage_name },
        {"op",    operation         },
        {"code",  status            }
    };
    figure_add(counters_figure(c, FIGURE_COUNTER, "turnpike_websocket_management_requests_total",
                               "Calls of @connections by operation and status.", labels,
                               ARRAY_LENGTH(labels)),
               1);
}

void websocket_figures_pushed(struct counters *counters, const struct stage *stage)
{
    figure_add(figures_messages(counters, stage, STR("@connections"), true), 1);
}

/* A client that was gone before its 101 could be sent has become no connection, though its line in
 * the access log tells of one: the two counts of connections must meet. */
static bool was_answered(const struct transaction *t)
{
    return t->response.status != 0 && !(t->response.status < 300 && t->outcome.gone);
}

void websocket_figures_count(struct counters *counters, const struct transaction *t)
{
    switch (t->websocket.event) {
    case EVENT_NONE:
        count_management(counters, t);
        return;
    case EVENT_CONNECT:
        if (was_answered(t))
            figure_add(find_connect(counters, t->selection.stage, result_of(t->response.status)),
                       1);
        return;
    case EVENT_MESSAGE:
    case EVENT_DISCONNECT:
        return;
    }
}
