/* SPDX-License-Identifier: Apache-2.0 */
/* websocket_fixture.h: reads a WebSocket definition from memory and writes down what came of it. */
#ifndef TURNPIKE_TESTS_WEBSOCKET_FIXTURE_H
#define TURNPIKE_TESTS_WEBSOCKET_FIXTURE_H

#include "testing.h"
#include "turnpike/base/buf.h"
#include "turnpike/load/websocket.h"

/* One load: region us-east-1, account 123456789012, functions room and chat, API `a` of no written
 * kind with the parameter Name=room, and its stage prod. */
struct fixture {
    struct diag diag;
    struct builder builder;
    struct api *api;
    struct buf text; /* what the last call below wrote */
};

static inline void fixture_open(struct fixture *f)
{
    *f = (struct fixture){0};
    diag_init(&f->diag);
    builder_init(&f->builder, &f->diag);
    struct snapshot *s = f->builder.snapshot;
    s->settings.aws_region = STR("us-east-1");
    s->settings.account_id = STR("123456789012");
    (void)builder_add_function(&f->builder, (struct position){0}, STR("room"));
    (void)builder_add_function(&f->builder, (struct position){0}, STR("chat"));
    f->api = builder_add_api(&f->builder, (struct position){"turnpike.yaml", 3, 5}, STR("a"));
    f->api->stages_written = true;
    (void)builder_add_stage(&f->builder, f->api, f->api->at, STR("prod"));
    *list_push(&s->arena, &f->api->definition_parameters) =
        (struct variable){STR("Name"), STR("room")};
}

static inline void fixture_close(struct fixture *f)
{
    builder_abandon(&f->builder);
    diag_release(&f->diag);
    buf_release(&f->text);
}

static inline void fixture_allow(struct fixture *f, const char *name)
{
    *list_push(&f->builder.snapshot->arena, &f->api->allow_unenforced) =
        (struct written){str_from(name), {"turnpike.yaml", 5, 24}};
}

static inline bool fixture_read(struct fixture *f, const char *text)
{
    struct doc *root = doc_parse(&f->builder.snapshot->arena, &f->diag, "ws.yaml", str_from(text));
    return root && websocket_read(&f->builder, f->api, root);
}

/* A line for each finding: "7:9 error: message\n"; those of another file begin with its name. */
static inline struct str fixture_findings(struct fixture *f)
{
    diag_sort(&f->diag);
    buf_clear(&f->text);
    FOR_EACH_IN (finding, &f->diag.findings) {
        const char *file = finding->at.file ? finding->at.file : "";
        if (strcmp(file, "ws.yaml") != 0)
            buf_printf(&f->text, "%s:", file);
        buf_printf(&f->text, "%u:%u %s: %" STR_F "\n", finding->at.line, finding->at.column,
                   severity_name(finding->severity), STR_A(finding->message));
    }
    return buf_str(&f->text);
}

static inline void write_integration(struct buf *out, const struct integration *integration)
{
    static const char *const types[] = {
        [INTEGRATION_LAMBDA] = "lambda", [INTEGRATION_HTTP] = "http", [INTEGRATION_MOCK] = "mock"};
    buf_printf(out, " > %s%s", types[integration->type],
               integration->websocket.proxy ? " proxy" : "");
    if (integration->method.at)
        buf_printf(out, " %" STR_F, STR_A(integration->method));
    if (integration->uri.text.at)
        buf_printf(out, " %" STR_F, STR_A(integration->uri.text));
    buf_printf(out, " %jums", (uintmax_t)integration->timeout / 1000);
}

static inline void write_route(struct buf *out, const struct route *route)
{
    static const char *const kinds[] = {[WEBSOCKET_MESSAGE_ROUTE] = "",
                                        [WEBSOCKET_CONNECT_ROUTE] = " connect",
                                        [WEBSOCKET_DISCONNECT_ROUTE] = " disconnect"};
    buf_printf(out, "%" STR_F "%s%s", STR_A(route->key), kinds[route->websocket.kind],
               route->websocket.implicit ? " implicit" : "");
    if (route->operation_name.len > 0)
        buf_printf(out, " (%" STR_F ")", STR_A(route->operation_name));
    if (route->authorizer)
        buf_printf(out, " %" STR_F, STR_A(route->authorizer->name));
    FOR_EACH_IN (scope, &route->scopes)
        buf_printf(out, " %" STR_F, STR_A(*scope));
    FOR_EACH_IN (name, &route->websocket.required_header)
        buf_printf(out, " header:%" STR_F, STR_A(*name));
    FOR_EACH_IN (name, &route->websocket.required_querystring)
        buf_printf(out, " query:%" STR_F, STR_A(*name));
    if (route->websocket.two_way)
        buf_literal(out, " two-way");
    if (route->integration)
        write_integration(out, route->integration);
    buf_append_char(out, '\n');
}

/* A line for each route:
 * "$connect connect (operation) authorizer scope query:x > lambda proxy uri 29000ms\n". */
static inline struct str fixture_routes(struct fixture *f)
{
    buf_clear(&f->text);
    FOR_EACH_IN (route, &f->api->routes)
        write_route(&f->text, *route);
    return buf_str(&f->text);
}

#endif
