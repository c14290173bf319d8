/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h: a small snapshot, made by hand: an API "todo" with an open and a protected route. */
#ifndef TURNPIKE_TESTS_DAEMON_SAMPLE_H
#define TURNPIKE_TESTS_DAEMON_SAMPLE_H

#include "turnpike/model/builder.h"

#include "testing.h"

#define SAMPLE_ISSUER "https://dev.localhost"

struct sample_route {
    struct str method, path, uri;
    const char *scope; /* NULL: the route is open */
};

static inline struct written sample_written(struct str text)
{
    return (struct written){.text = text};
}

static inline void sample_add_route(struct builder *b, struct api *api,
                                    const struct sample_route *from, struct authorizer *authorizer)
{
    struct position nowhere = {0};
    struct route *route = builder_add_route(b, api, nowhere, from->method, from->path);
    assert_non_null(route);
    route->integration = builder_add_integration(b, api, nowhere);
    route->integration->uri = sample_written(from->uri);
    if (!from->scope)
        return;
    route->authorizer = authorizer;
    if (from->scope[0])
        *list_push(&b->snapshot->arena, &route->scopes) = str_from(from->scope);
}

static inline struct authorizer *sample_add_authorizer(struct builder *b, struct api *api,
                                                       struct str name, struct str audience)
{
    struct authorizer *a = builder_add_authorizer(b, api, (struct position){0}, name);
    a->issuer = STR(SAMPLE_ISSUER);
    a->identity_source.name = STR("Authorization");
    *list_push(&b->snapshot->arena, &a->audience) = audience;
    return a;
}

static inline struct api *sample_add_api(struct builder *b, struct str name)
{
    struct api *api = builder_add_api(b, (struct position){0}, name);
    (void)builder_add_stage(b, api, (struct position){0}, STR("$default"));
    return api;
}

static inline void sample_add_function(struct builder *b, struct str name)
{
    struct function *f = builder_add_function(b, (struct position){0}, name);
    assert_true(
        builder_set_endpoint(b, &f->endpoint, sample_written(STR("http://127.0.0.1:9000"))));
}

static inline struct snapshot *sample_finish(struct builder *b)
{
    struct snapshot *snapshot = builder_finish(b);
    if (!snapshot)
        fail_msg("%" STR_F, STR_A(b->diag->findings.items[0].message));
    return snapshot;
}

#endif
