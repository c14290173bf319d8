/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/cors.h"

#include <stdlib.h>

#include "turnpike/base/uri.h"

#define FIELDS_MAX 4

/* Fields whose values do not depend on the request. */
struct fields {
    struct header items[FIELDS_MAX];
    size_t count;
};

/* One API's. Belongs to its snapshot. */
struct cross_origin {
    bool any;            /* "*" */
    bool schemes[2];     /* any host of http, of https */
    struct str *origins; /* the others, sorted */
    size_t origin_count;
    struct fields preflight, actual; /* what follows access-control-allow-origin */
};

static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};

/* --- prepare --- */

static struct str join(struct arena *a, const written_list *list)
{
    size_t len = 0;
    FOR_EACH_IN (item, list)
        len += item->text.len + 1;
    char *out = arena_bytes(a, len), *at = out;
    FOR_EACH_IN (item, list) {
        if (at > out)
            *at++ = ',';
        memcpy(at, item->text.at, item->text.len);
        at += item->text.len;
    }
    return str_of(out, (size_t)(at - out));
}

static void add(struct fields *fields, struct str name, struct str value)
{
    assert(fields->count < FIELDS_MAX);
    fields->items[fields->count++] = (struct header){name, value};
}

static void add_list(struct arena *a, struct fields *fields, struct str name,
                     const written_list *list)
{
    if (list->count > 0)
        add(fields, name, join(a, list));
}

static void prepare_fields(struct arena *a, struct cross_origin *c,
                           const struct cors_configuration *written)
{
    if (written->allow_credentials) {
        add(&c->preflight, STR("access-control-allow-credentials"), STR("true"));
        add(&c->actual, STR("access-control-allow-credentials"), STR("true"));
    }
    add_list(a, &c->preflight, STR("access-control-allow-methods"), &written->allow_methods);
    add_list(a, &c->preflight, STR("access-control-allow-headers"), &written->allow_headers);
    if (written->has_max_age)
        add(&c->preflight, STR("access-control-max-age"), arena_printf(a, "%d", written->max_age));
    add_list(a, &c->actual, STR("access-control-expose-headers"), &written->expose_headers);
}

static int by_text(const void *left, const void *right)
{
    const struct str *a = left, *b = right;
    return str_compare(*a, *b);
}

static void prepare_origins(struct arena *a, struct cross_origin *c, const written_list *origins)
{
    c->origins = arena_array(a, struct str, origins->count + 1);
    FOR_EACH_IN (origin, origins) {
        if (str_is(origin->text, "*"))
            c->any = true;
        else if (str_is(origin->text, "http://*"))
            c->schemes[0] = true;
        else if (str_is(origin->text, "https://*"))
            c->schemes[1] = true;
        else
            c->origins[c->origin_count++] = origin->text;
    }
    qsort(c->origins, c->origin_count, sizeof(c->origins[0]), by_text);
}

void cors_prepare(struct snapshot *snapshot)
{
    FOR_EACH_IN (api, &snapshot->apis) {
        const struct cors_configuration *written = &(*api)->cors;
        if (!written->on)
            continue;
        struct cross_origin *c = arena_new(&snapshot->arena, struct cross_origin);
        prepare_fields(&snapshot->arena, c, written);
        prepare_origins(&snapshot->arena, c, &written->allow_origins);
        (*api)->cross_origin = c;
    }
}

/* --- read --- */

/* Who sends several has no origin that could be told from another. */
static struct str find_origin(const struct request *r)
{
    const struct header *found = request_header(r, STR("origin"));
    size_t behind = found ? (size_t)(found - r->headers) + 1 : r->header_count;
    bool several = http_find_header(r->headers + behind, r->header_count - behind, STR("origin"));
    return found && !several ? found->value : (struct str){NULL, 0};
}

void cors_read(struct exchange *x)
{
    const struct request *r = &x->t.request;
    x->cors.read = true;
    x->cors.origin = find_origin(r);
    x->cors.preflight = str_is(r->method, "OPTIONS") && request_header(r, STR("origin")) &&
                        request_header(r, STR("access-control-request-method"));
}

/* --- apply --- */

static void take_out_foreign(struct response *response)
{
    size_t kept = 0;
    FOR_EACH_IN (h, &response->headers)
        if (!str_starts_with_nocase(h->name, STR("access-control-")))
            response->headers.items[kept++] = *h;
    response->headers.count = kept;
}

/* By bytes, as browsers write an origin in one way only. What a wildcard lets in must be an origin
 * all the same: the client reads it in a header. */
static bool is_allowed(const struct cross_origin *c, struct str origin)
{
    if (bsearch(&origin, c->origins, c->origin_count, sizeof(c->origins[0]), by_text))
        return true;
    for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++)
        if (c->schemes[i] && str_starts_with(origin, schemes[i]))
            return !uri_origin_problem(origin);
    return false;
}

/* False where the page may not read the answer. */
static bool add_origin(struct exchange *x, const struct cross_origin *c)
{
    if (c->any) {
        exchange_add_header(x, STR("access-control-allow-origin"), STR("*"));
        return true;
    }
    if (!is_allowed(c, x->cors.origin))
        return false;
    exchange_add_header(x, STR("access-control-allow-origin"), x->cors.origin);
    exchange_add_header(x, STR("vary"), STR("origin"));
    return true;
}

void cors_apply(struct exchange *x)
{
    const struct api *api = x->t.selection.api;
    if (!api || !api->cross_origin)
        return;
    const struct cross_origin *c = api->cross_origin;
    if (!x->cors.read)
        cors_read(x);
    take_out_foreign(&x->t.response);
    if (!x->cors.origin.at || !add_origin(x, c))
        return;
    const struct fields *fields = x->cors.preflight ? &c->preflight : &c->actual;
    for (size_t i = 0; i < fields->count; i++)
        exchange_add_header(x, fields->items[i].name, fields->items[i].value);
}
