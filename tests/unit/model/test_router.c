/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/router.h"

#include "testing.h"

/* The route keys of an API, and which of them a request selects with which parameters. */
static const struct {
    const char *name;
    const char *routes[8];
    const char *method, *path;
    const char *want;       /* route key, or NULL */
    const char *parameters; /* "name=value&…" */
} cases[] = {
    {"a full match", {"GET /pets/dog/1"}, "GET", "/pets/dog/1", "GET /pets/dog/1", ""},
    {"a literal comes before a variable",
     {"GET /pets/{id}", "GET /pets/dog"},
     "GET",
     "/pets/dog",
     "GET /pets/dog",
     ""},
    {"a variable takes one segment",
     {"GET /pets/{id}"},
     "GET",
     "/pets/6",
     "GET /pets/{id}",
     "id=6"},
    {"a variable takes no empty segment", {"GET /pets/{id}"}, "GET", "/pets/", NULL, ""},
    {"a variable does not take two segments", {"GET /pets/{id}"}, "GET", "/pets/6/7", NULL, ""},
    {"the method comes before ANY", {"ANY /pets", "GET /pets"}, "GET", "/pets", "GET /pets", ""},
    {"ANY takes the other methods", {"ANY /pets", "GET /pets"}, "PUT", "/pets", "ANY /pets", ""},
    {"a full match comes before a greedy one",
     {"ANY /pets/{proxy+}", "GET /{kind}/{id}"},
     "GET",
     "/pets/6",
     "GET /{kind}/{id}",
     "kind=pets&id=6"},
    {"a greedy parameter has no leading slash",
     {"ANY /pets/{proxy+}"},
     "GET",
     "/pets/dog/1",
     "ANY /pets/{proxy+}",
     "proxy=dog/1"},
    {"the longest literal prefix of the greedy ones wins",
     {"ANY /{proxy+}", "GET /pets/{proxy+}"},
     "GET",
     "/pets/dog/1",
     "GET /pets/{proxy+}",
     "proxy=dog/1"},
    {"a wrong method falls through to a greedy route",
     {"GET /pets/dog/1", "GET /pets/{proxy+}", "ANY /{proxy+}"},
     "POST",
     "/pets/dog/1",
     "ANY /{proxy+}",
     "proxy=pets/dog/1"},
    {"a greedy parameter needs a segment", {"ANY /pets/{proxy+}"}, "GET", "/pets", NULL, ""},
    {"nor is an empty one enough", {"ANY /pets/{proxy+}"}, "GET", "/pets/", NULL, ""},
    {"$default takes what nothing else does",
     {"GET /pets", "$default"},
     "GET",
     "/cats",
     "$default",
     ""},
    {"there is no 405: a known path with another method is not found",
     {"GET /pets"},
     "POST",
     "/pets",
     NULL,
     ""},
    {"HEAD is not implied by GET", {"GET /pets"}, "HEAD", "/pets", NULL, ""},
    {"one slash at the end is overlooked", {"GET /hello"}, "GET", "/hello/", "GET /hello", ""},
    {"even where a greedy route would take it",
     {"GET /hello", "ANY /{proxy+}"},
     "GET",
     "/hello/",
     "GET /hello",
     ""},
    {"two are not", {"GET /hello"}, "GET", "/hello//", NULL, ""},
    {"double slashes are not collapsed", {"GET /a/b"}, "GET", "/a//b", NULL, ""},
    {"the root", {"GET /"}, "GET", "/", "GET /", ""},
    {"the root is no greedy match", {"GET /{proxy+}"}, "GET", "/", NULL, ""},
    {"literals are compared with case", {"GET /Pets"}, "GET", "/pets", NULL, ""},
    {"names come from the route that was chosen",
     {"GET /{a}/x", "GET /{b}/y"},
     "GET",
     "/1/y",
     "GET /{b}/y",
     "b=1"},
    {"backtracks out of a literal that leads nowhere",
     {"GET /pets/dog/x", "GET /pets/{id}/y"},
     "GET",
     "/pets/dog/y",
     "GET /pets/{id}/y",
     "id=dog"},
    {"dot segments are segments like others",
     {"GET /admin/{proxy+}", "GET /{proxy+}"},
     "GET",
     "/a/../admin/x",
     "GET /{proxy+}",
     "proxy=a/../admin/x"},
    {"an empty segment in front is one",
     {"GET /admin/{proxy+}", "GET /{proxy+}"},
     "GET",
     "//admin/x",
     "GET /{proxy+}",
     "proxy=/admin/x"},
    {"greedy below a variable",
     {"GET /{user}/files/{path+}", "GET /{proxy+}"},
     "GET",
     "/ann/files/a/b",
     "GET /{user}/files/{path+}",
     "user=ann&path=a/b"},
};

/* "GET /pets" as a route with method and path. */
static struct route *make_route(struct arena *a, const char *key, size_t index)
{
    struct route *route = arena_new(a, struct route);
    struct str rest = str_from(key);
    route->key = rest;
    route->index = index;
    if (str_is(rest, ROUTE_DEFAULT)) {
        route->path = rest;
        return route;
    }
    assert_true(str_split(&rest, ' ', &route->method));
    route->path = rest;
    assert_null(route_path_problem(route->path));
    return route;
}

static const struct router *make_router(struct arena *a, const char *const *keys, size_t count)
{
    LIST(struct route *) routes = {NULL, 0, 0};
    for (size_t i = 0; i < count && keys[i]; i++)
        *list_push(a, &routes) = make_route(a, keys[i], i);
    return router_new(a, routes.items, routes.count);
}

static struct str parameters_text(struct arena *a, const struct route_match *match)
{
    struct str text = STR("");
    for (size_t i = 0; i < match->parameter_count; i++)
        text = arena_printf(a, "%" STR_F "%s%" STR_F "=%" STR_F, STR_A(text), i ? "&" : "",
                            STR_A(match->parameters[i].name), STR_A(match->parameters[i].value));
    return text;
}

static void selects(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct arena a;
        arena_init(&a, 4096);
        const struct router *router = make_router(&a, c->routes, ARRAY_LENGTH(c->routes));
        struct route_match match = router_match(router, str_from(c->method), str_from(c->path));
        struct str got = match.route ? match.route->key : STR("(none)");
        CHECK_CASE(c, str_is(got, c->want ? c->want : "(none)"), "got %" STR_F, STR_A(got));
        struct str parameters = parameters_text(&a, &match);
        CHECK_CASE(c, str_is(parameters, c->parameters), "got %" STR_F, STR_A(parameters));
        arena_release(&a);
    }
}

static const struct {
    const char *name, *path;
    bool legal;
} paths[] = {
    {"the root", "/", true},
    {"literals", "/pets/dog", true},
    {"a variable", "/pets/{pet-id.x_1}", true},
    {"a greedy variable", "/{proxy+}", true},
    {"$default", "$default", true},
    {"no leading slash", "pets", false},
    {"empty", "", false},
    {"a slash at the end", "/pets/", false},
    {"a variable within a segment", "/pets/x{id}", false},
    {"an empty name", "/{}", false},
    {"a plus alone", "/{+}", false},
    {"a greedy variable that is not last", "/{proxy+}/x", false},
    {"a foreign character", "/{a b}", false},
    {"an open brace", "/{id", false},
};

static void judges_paths(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, paths)
        CHECK_CASE(c, !route_path_problem(str_from(c->path)) == c->legal, "%s", c->path);
}

/* Far more routes than an API may have are still told apart. */
static void tells_many_apart(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 65536);
    enum { MANY = 3000 };
    struct route **routes = arena_array(&a, struct route *, MANY);
    for (size_t i = 0; i < MANY; i++)
        routes[i] = make_route(&a, arena_printf(&a, "GET /things/%zu/{id}", i).at, i);
    const struct router *router = router_new(&a, routes, MANY);
    for (size_t i = 0; i < MANY; i++) {
        struct route_match match =
            router_match(router, STR("GET"), arena_printf(&a, "/things/%zu/x", i));
        assert_non_null(match.route);
        assert_int_equal(match.route->index, i);
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selects),
        cmocka_unit_test(judges_paths),
        cmocka_unit_test(tells_many_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
