/* SPDX-License-Identifier: Apache-2.0 */
/* The API's own documentation: its OpenAPI document and the page that shows it. */
#include "turnpike/base/http_negotiation.h"
#include "turnpike/gateway/integrate.h"
#include "turnpike/model/docs_file.h"

/* The page may load and call nothing but what is served beside it. Swagger UI writes style
 * attributes, and its images are data. */
static const struct header common[] = {
    {STR_INIT("cache-control"),           STR_INIT("no-cache")       },
    {STR_INIT("content-security-policy"),
     STR_INIT("default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
              "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
              "frame-ancestors 'none'")                              },
    {STR_INIT("referrer-policy"),         STR_INIT("no-referrer")    },
    {STR_INIT("vary"),                    STR_INIT("accept-encoding")},
    {STR_INIT("x-content-type-options"),  STR_INIT("nosniff")        },
};

static bool takes_gzip(const struct request *r)
{
    FOR_EACH (h, r->headers, r->header_count)
        if (str_eq_nocase(h->name, STR("accept-encoding")) && http_accepts_gzip(h->value))
            return true;
    return false;
}

static bool has_already(const struct request *r, struct str tag)
{
    FOR_EACH (h, r->headers, r->header_count)
        if (str_eq_nocase(h->name, STR("if-none-match")) && http_names_tag(h->value, tag))
            return true;
    return false;
}

/* What the page refers to lies below it, wherever that is: the client puts the slash behind its
 * own path, be there a stage, a mapping key or another proxy in front of it. */
static void redirect(struct exchange *x)
{
    struct str path = x->t.selection.match.route->path, rest = path, last = path;
    while (str_split(&rest, '/', &last)) {
    }
    x->t.response.status = 302;
    exchange_add_header(x, STR("location"), arena_printf(&x->arena, "./%" STR_F "/", STR_A(last)));
    exchange_add_header(x, STR("cache-control"), STR("no-cache"));
}

static void answer(struct exchange *x, const struct docs_file *file)
{
    bool gzip = file->gzip.body.at && takes_gzip(&x->t.request);
    const struct docs_form *form = gzip ? &file->gzip : &file->plain;
    FOR_EACH (h, common, ARRAY_LENGTH(common))
        exchange_add_header(x, h->name, h->value);
    exchange_add_header(x, STR("etag"), form->tag);
    x->t.response.status = 304;
    if (has_already(&x->t.request, form->tag))
        return;
    x->t.response.status = 200;
    x->t.response.body = form->body;
    exchange_add_header(x, STR("content-type"), file->content_type);
    if (gzip)
        exchange_add_header(x, STR("content-encoding"), STR("gzip"));
}

enum verdict integrate_docs(struct exchange *x)
{
    const struct docs_file *file = x->t.selection.match.route->integration->docs_file;
    x->t.outcome.integration_called = false;
    if (file->name.len == 0 && !str_ends_with(x->t.request.raw_path, STR("/")))
        redirect(x);
    else
        answer(x, file);
    return NEXT;
}
