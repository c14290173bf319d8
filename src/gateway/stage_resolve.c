/* SPDX-License-Identifier: Apache-2.0 */
/* Names the request, then finds its API and stage. */
#include "invoke.h"
#include "resolve_websocket.h"

#include "turnpike/base/short_id.h"
#include "turnpike/base/uri.h"
#include "turnpike/gateway/pipeline.h"
#include "turnpike/gateway/reason.h"

/* NULL where the path could be decoded, else what is wrong with it. A NUL has never been meant
 * well. */
static const char *decode_path(struct exchange *x)
{
    struct request *r = &x->t.request;
    if (!uri_escapes_are_valid(r->raw_path))
        return "a % in the path is not followed by two hexadecimal digits";
    r->path = uri_decode(&x->arena, r->raw_path, false);
    if (r->path.len == 0 || r->path.at[0] != '/')
        return "the request's target is no path: it does not begin with a slash";
    return str_find(r->path, '\0') < r->path.len ? "the path has a NUL (%00)" : NULL;
}

void exchange_name(struct exchange *x)
{
    short_id_make(x->t.request.id);
    if (x->kind == EXCHANGE_INVOKE)
        invoke_begin(x);
}

static struct str stage_names(struct arena *arena, const struct api *api)
{
    struct str *names = arena_array(arena, struct str, api->stages.count + 1);
    for (size_t i = 0; i < api->stages.count; i++)
        names[i] = api->stages.items[i]->stage_name;
    return reason_names(arena, names, api->stages.count);
}

static enum verdict refuse_stage(struct exchange *x)
{
    const struct api *api = x->t.selection.api;
    if (api->disable_execute_api_endpoint)
        return exchange_refuse(x, GATEWAY_NOT_FOUND,
                               "API '%" STR_F "' is reached by its domains alone "
                               "(disableExecuteApiEndpoint)",
                               STR_A(api->api_id));
    return exchange_refuse(x, GATEWAY_NOT_FOUND,
                           "the path begins with no stage of API '%" STR_F "', which has %" STR_F
                           "; it is '%" STR_F "'",
                           STR_A(api->api_id), STR_A(stage_names(&x->arena, api)),
                           STR_A(x->t.request.path));
}

enum verdict stage_resolve(struct exchange *x)
{
    const char *problem = decode_path(x);
    if (problem)
        return exchange_refuse(x, GATEWAY_BAD_REQUEST, "%s", problem);
    if (x->kind == EXCHANGE_INVOKE)
        return resolve_invoke(x);

    enum verdict verdict;
    enum resolution resolution =
        resolve(x->snapshot, &x->listener, &x->t.request, &x->arena, &x->t.selection);
    if (resolve_websocket(x, resolution, &verdict))
        return verdict;
    switch (resolution) {
    case RESOLVED:
        return NEXT;
    case RESOLVED_API_ONLY:
        return refuse_stage(x);
    case RESOLVED_NOTHING:
        break;
    }
    return exchange_refuse(x, GATEWAY_NO_API, "%s; the host is '%" STR_F "', the path '%" STR_F "'",
                           x->t.selection.nothing, STR_A(x->t.request.host),
                           STR_A(x->t.request.path));
}
