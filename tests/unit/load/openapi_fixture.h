/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_fixture.h: reads a document from memory and writes down what came of it. */
#ifndef TURNPIKE_TESTS_OPENAPI_FIXTURE_H
#define TURNPIKE_TESTS_OPENAPI_FIXTURE_H

#include "testing.h"
#include "turnpike/base/buf.h"
#include "turnpike/load/openapi.h"

/* One load: region us-east-1, account 123456789012, functions todo and orders, API `a` of type HTTP
 * with the parameter Table=todos and without a default function. */
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
    f->builder.snapshot->settings.aws_region = STR("us-east-1");
    f->builder.snapshot->settings.account_id = STR("123456789012");
    (void)builder_add_function(&f->builder, (struct position){0}, STR("todo"));
    (void)builder_add_function(&f->builder, (struct position){0}, STR("orders"));
    f->api = builder_add_api(&f->builder, (struct position){"turnpike.yaml", 3, 5}, STR("a"));
    f->api->protocol_written = true;
    *list_push(&f->builder.snapshot->arena, &f->api->definition_parameters) =
        (struct variable){STR("Table"), STR("todos")};
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
    struct doc *root = doc_parse(&f->builder.snapshot->arena, &f->diag, "api.yaml", str_from(text));
    return root && openapi_read(&f->builder, f->api, root);
}

/* A line for each finding: "7:9 error: message\n"; those of another file begin with its name. */
static inline struct str fixture_findings(struct fixture *f)
{
    diag_sort(&f->diag);
    buf_clear(&f->text);
    FOR_EACH_IN (finding, &f->diag.findings) {
        const char *file = finding->at.file ? finding->at.file : "";
        if (strcmp(file, "api.yaml") != 0)
            buf_printf(&f->text, "%s:", file);
        buf_printf(&f->text, "%u:%u %s: %" STR_F "\n", finding->at.line, finding->at.column,
                   severity_name(finding->severity), STR_A(finding->message));
    }
    return buf_str(&f->text);
}

static inline void write_route(struct buf *out, const struct route *route)
{
    buf_append(out, route->key);
    if (route->operation_name.len > 0)
        buf_printf(out, " (%" STR_F ")", STR_A(route->operation_name));
    if (route->authorizer)
        buf_printf(out, " %" STR_F, STR_A(route->authorizer->name));
    FOR_EACH_IN (scope, &route->scopes)
        buf_printf(out, " %" STR_F, STR_A(*scope));
    if (route->integration)
        buf_printf(out, " > %" STR_F " %s %jums", STR_A(route->integration->uri.text),
                   route->integration->payload_format == PAYLOAD_FORMAT_2_0 ? "2.0" : "1.0",
                   (uintmax_t)route->integration->timeout / 1000);
    buf_append_char(out, '\n');
}

/* A line for each route: "GET /pets (operation) authorizer scope > uri 2.0 30000ms\n". */
static inline struct str fixture_routes(struct fixture *f)
{
    buf_clear(&f->text);
    FOR_EACH_IN (route, &f->api->routes)
        write_route(&f->text, *route);
    return buf_str(&f->text);
}

static inline void write_authorizer(struct buf *out, const struct authorizer *authorizer)
{
    const char *kind = authorizer->identity_source.kind == IDENTITY_HEADER ? "header" : "query";
    buf_printf(out, "%" STR_F " %s %" STR_F " %" STR_F, STR_A(authorizer->name), kind,
               STR_A(authorizer->identity_source.name), STR_A(authorizer->issuer));
    FOR_EACH_IN (audience, &authorizer->audience)
        buf_printf(out, " %" STR_F, STR_A(*audience));
    buf_append_char(out, '\n');
}

/* A line for each authorizer: "users header Authorization https://issuer audience\n". */
static inline struct str fixture_authorizers(struct fixture *f)
{
    buf_clear(&f->text);
    FOR_EACH_IN (authorizer, &f->api->authorizers)
        write_authorizer(&f->text, *authorizer);
    return buf_str(&f->text);
}

#endif
