/* SPDX-License-Identifier: Apache-2.0 */
/* mapped_exchange.h: an exchange before its parameter mapping, made by hand: no gateway, no sink,
 * no pipeline around it. */
#ifndef TURNPIKE_TESTS_MAPPED_EXCHANGE_H
#define TURNPIKE_TESTS_MAPPED_EXCHANGE_H

#include "turnpike/gateway/exchange.h"
#include "turnpike/load/openapi.h"

/* What the document says and one exchange on its first route, at GET /dev/pets/6. */
struct mapped_exchange {
    struct diag diag;
    struct builder builder;
    struct exchange x;
    const struct route *route; /* NULL where the document could not be read: see diag */
};

static inline void mapped_exchange_begin(struct mapped_exchange *m, const struct stage *stage)
{
    struct exchange *x = &m->x;
    arena_init(&x->arena, 8192);
    x->t = (struct transaction){
        .settings = &m->builder.snapshot->settings,
        .request = {.method = STR("GET"),
                    .path = STR("/dev/pets/6"),
                    .source_ip = STR("203.0.113.9"),
                    .id = "JKJaXmPLvHcESHA="},
        .selection = {.api = stage->api,
                      .stage = stage,
                      .match = {.route = m->route,
                                .parameters = {{STR("id"), STR("6")},
                                               {STR("proxy"), STR("pets/6")}},
                                .parameter_count = 2},
                      .route_path = STR("/pets/6")},
    };
}

/* Reads an OpenAPI document. The stage is dev, with the variable color=blue. */
static inline void mapped_exchange_open(struct mapped_exchange *m, struct str document)
{
    *m = (struct mapped_exchange){0};
    diag_init(&m->diag);
    builder_init(&m->builder, &m->diag);
    struct snapshot *s = m->builder.snapshot;
    s->settings.account_id = STR("123456789012");
    s->settings.limits.header_bytes = 10240;
    (void)builder_add_function(&m->builder, (struct position){0}, STR("todo"));
    struct api *api = builder_add_api(&m->builder, (struct position){0}, STR("a"));
    api->protocol_written = true;
    struct stage *stage = builder_add_stage(&m->builder, api, (struct position){0}, STR("dev"));
    *list_push(&s->arena, &stage->variables) = (struct variable){STR("color"), STR("blue")};
    const struct doc *root = doc_parse(&s->arena, &m->diag, "api.yaml", document);
    if (root && openapi_read(&m->builder, api, root) && api->routes.count)
        m->route = api->routes.items[0];
    mapped_exchange_begin(m, stage);
}

static inline void mapped_exchange_close(struct mapped_exchange *m)
{
    arena_release(&m->x.arena);
    builder_abandon(&m->builder);
    diag_release(&m->diag);
}

#endif
