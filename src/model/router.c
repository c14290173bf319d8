/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/router.h"

#include <stdlib.h>

/* The tree has a node for each prefix of segments. A node keeps its literal children sorted, one
 * child for {variables} whatever their names, the routes that end here, and the routes whose last
 * segment is greedy ({name+}) and begins here. Names of variables are read from the route that was
 * chosen, so /pets/{id} and /pets/{name}/toys share their nodes. */

struct leaf {
    struct str method;
    const struct route *route;
};

typedef LIST(struct leaf) endpoint_list;

struct node {
    struct str segment;
    LIST(struct node *) literals;
    struct node *variable;
    endpoint_list exact, greedy;
};

struct router {
    struct node root;
    const struct route *fallback; /* $default */
};

/* A legal segment of a template: a literal without braces, {name} or {name+}. */
enum segment_kind { SEGMENT_LITERAL, SEGMENT_VARIABLE, SEGMENT_GREEDY, SEGMENT_INVALID };

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.at[i];
        bool legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '.' || c == '_' || c == '-';
        if (!legal)
            return false;
    }
    return s.len > 0;
}

static enum segment_kind read_segment(struct str segment, struct str *ret_name)
{
    bool braces = str_find(segment, '{') < segment.len || str_find(segment, '}') < segment.len;
    if (!braces)
        return SEGMENT_LITERAL;
    if (segment.len < 3 || segment.at[0] != '{' || segment.at[segment.len - 1] != '}')
        return SEGMENT_INVALID;

    struct str name = str_head(str_skip(segment, 1), segment.len - 2);
    bool greedy = str_ends_with(name, STR("+"));
    if (greedy)
        name.len--;
    *ret_name = name;
    if (!is_name(name))
        return SEGMENT_INVALID;
    return greedy ? SEGMENT_GREEDY : SEGMENT_VARIABLE;
}

const char *route_path_problem(struct str path)
{
    if (str_eq(path, STR(ROUTE_DEFAULT)))
        return NULL;
    if (path.len == 0 || path.at[0] != '/')
        return "a path begins with '/'";
    if (path.len > 1 && path.at[path.len - 1] == '/')
        return "a path does not end in '/'";

    struct str rest = str_skip(path, 1), segment, name;
    size_t variables = 0;
    while (str_split(&rest, '/', &segment)) {
        enum segment_kind kind = read_segment(segment, &name);
        if (kind == SEGMENT_INVALID)
            return "a path parameter is a whole segment, {name} or {name+}, of letters, digits, "
                   "'.', '_' and '-'";
        if (kind == SEGMENT_GREEDY && rest.at)
            return "a greedy path parameter, {name+}, is the last segment";
        if (kind != SEGMENT_LITERAL && ++variables > ROUTE_PARAMETERS_MAX)
            return "a path has at most 32 parameters";
    }
    return NULL;
}

static int by_segment(const void *left, const void *right)
{
    const struct node *const *a = left, *const *b = right;
    return str_compare((*a)->segment, (*b)->segment);
}

static struct node *find_literal(const struct node *node, struct str segment)
{
    struct node key = {.segment = segment}, *wanted = &key;
    if (node->literals.count == 0)
        return NULL;
    struct node **found = bsearch(&wanted, node->literals.items, node->literals.count,
                                  sizeof(struct node *), by_segment);
    return found ? *found : NULL;
}

static struct node *literal_child(struct arena *a, struct node *node, struct str segment)
{
    struct node *child = find_literal(node, segment);
    if (child)
        return child;
    child = arena_new(a, struct node);
    child->segment = segment;
    *list_push(a, &node->literals) = child;
    qsort(node->literals.items, node->literals.count, sizeof(struct node *), by_segment);
    return child;
}

static void add_endpoint(struct arena *a, endpoint_list *endpoints, const struct route *route)
{
    *list_push(a, endpoints) = (struct leaf){route->method, route};
}

static void add_route(struct arena *a, struct router *router, const struct route *route)
{
    if (str_eq(route->path, STR(ROUTE_DEFAULT))) {
        router->fallback = route;
        return;
    }
    struct node *node = &router->root;
    struct str rest = str_skip(route->path, 1), segment, name;
    while (str_split(&rest, '/', &segment)) {
        switch (read_segment(segment, &name)) {
        case SEGMENT_GREEDY:
            add_endpoint(a, &node->greedy, route);
            return;
        case SEGMENT_VARIABLE:
            if (!node->variable)
                node->variable = arena_new(a, struct node);
            node = node->variable;
            break;
        case SEGMENT_LITERAL:
        case SEGMENT_INVALID:
            node = literal_child(a, node, segment);
            break;
        }
    }
    add_endpoint(a, &node->exact, route);
}

const struct router *router_new(struct arena *arena, struct route *const *routes, size_t count)
{
    struct router *router = arena_new(arena, struct router);
    FOR_EACH (route, routes, count)
        add_route(arena, router, *route);
    return router;
}

static const struct route *pick(const endpoint_list *endpoints, struct str method)
{
    const struct route *any = NULL;
    FOR_EACH_IN (e, endpoints) {
        if (str_eq(e->method, method))
            return e->route;
        if (str_eq(e->method, STR("ANY")))
            any = e->route;
    }
    return any;
}

/* `rest` is what is left behind the node's own slash; rest.at is NULL when the path is used up. */
static const struct route *match_exact(const struct node *node, struct str method, struct str rest)
{
    struct str segment;
    if (!str_split(&rest, '/', &segment))
        return pick(&node->exact, method);

    const struct node *literal = find_literal(node, segment);
    const struct route *route = literal ? match_exact(literal, method, rest) : NULL;
    if (!route && node->variable && segment.len > 0)
        route = match_exact(node->variable, method, rest);
    return route;
}

/* The deepest greedy route wins: children are asked before the node's own. */
static const struct route *match_greedy(const struct node *node, struct str method, struct str rest)
{
    struct str behind = rest, segment;
    if (!str_split(&behind, '/', &segment))
        return NULL;

    const struct node *literal = find_literal(node, segment);
    const struct route *route = literal ? match_greedy(literal, method, behind) : NULL;
    if (!route && node->variable && segment.len > 0)
        route = match_greedy(node->variable, method, behind);
    return route || rest.len == 0 ? route : pick(&node->greedy, method);
}

static void read_parameters(struct route_match *match, struct str path)
{
    struct str template = match->route->path;
    if (template.at[0] != '/')
        return;
    struct str names = str_skip(template, 1), values = str_skip(path, 1), segment, value, name;
    for (;;) {
        struct str before = values;
        if (!str_split(&names, '/', &segment) || !str_split(&values, '/', &value))
            return;
        enum segment_kind kind = read_segment(segment, &name);
        if (kind == SEGMENT_LITERAL || kind == SEGMENT_INVALID)
            continue;
        match->parameters[match->parameter_count++] =
            (struct path_parameter){name, kind == SEGMENT_GREEDY ? before : value};
    }
}

/* A slash at the end is overlooked where the path as it stands has no full match. */
static const struct route *match_full(const struct router *router, struct str method,
                                      struct str *path)
{
    const struct route *route = match_exact(&router->root, method, str_skip(*path, 1));
    if (route || path->len == 1 || path->at[path->len - 1] != '/')
        return route;
    path->len--;
    route = match_exact(&router->root, method, str_skip(*path, 1));
    if (!route)
        path->len++;
    return route;
}

struct route_match router_match(const struct router *router, struct str method, struct str path)
{
    struct route_match match = {.route = NULL};
    if (path.len > 0 && path.at[0] == '/') {
        match.route = match_full(router, method, &path);
        if (!match.route)
            match.route = match_greedy(&router->root, method, str_skip(path, 1));
    }
    if (!match.route)
        match.route = router->fallback;
    if (match.route)
        read_parameters(&match, path);
    return match;
}
