/* SPDX-License-Identifier: Apache-2.0 */
/* router.h: which route of an HTTP API a method and path select (AWS: "Working with routes for
 * HTTP APIs"). A tree of path segments: the cost depends on the path, not on how many routes. */
#ifndef TURNPIKE_MODEL_ROUTER_H
#define TURNPIKE_MODEL_ROUTER_H

#include "turnpike/model/api.h"

#define ROUTE_PARAMETERS_MAX 32

struct path_parameter {
    struct str name;  /* of the template: "id", "proxy" without its plus */
    struct str value; /* a view of the path; a greedy one has no leading slash */
};

struct route_match {
    const struct route *route;                              /* NULL: none */
    struct path_parameter parameters[ROUTE_PARAMETERS_MAX]; /* in the template's order */
    size_t parameter_count;
};

/* Compiles the routes; they and the arena outlive the router. */
const struct router *router_new(struct arena *arena, struct route *const *routes, size_t count);

/* Selects by method and decoded path without stage, which starts with a slash. Full matches come
 * before greedy ones, greedy ones before $default; from the left a literal segment comes before
 * {var}; the method itself before ANY. One slash at the end of the path is overlooked where the
 * path as it stands has no full match. */
struct route_match router_match(const struct router *router, struct str method, struct str path);

/* Why `path` is no legal route path, or NULL: "/pets/{id}", "/files/{path+}", "$default". */
const char *route_path_problem(struct str path);

#endif
