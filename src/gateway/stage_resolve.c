/* SPDX-License-Identifier: Apache-2.0 */
/* Names the request, then finds its API and stage. */
#include "turnpike/base/base64.h"
#include "turnpike/base/random.h"
#include "turnpike/base/uri.h"
#include "turnpike/gateway/pipeline.h"

#define ID_BYTES 11

/* Fifteen characters and '=', of the URL-safe alphabet. */
static void make_request_id(struct request *r)
{
    char bytes[ID_BYTES];
    random_bytes(bytes, sizeof(bytes));
    size_t len = base64url_encode(r->id, str_of(bytes, sizeof(bytes)));
    r->id[len] = '=';
    r->id[len + 1] = '\0';
}

/* A NUL in a path has never been meant well. */
static bool decode_path(struct exchange *x)
{
    struct request *r = &x->t.request;
    if (!uri_escapes_are_valid(r->raw_path))
        return false;
    r->path = uri_decode(&x->arena, r->raw_path, false);
    return r->path.len > 0 && r->path.at[0] == '/' && str_find(r->path, '\0') == r->path.len;
}

void exchange_name(struct exchange *x)
{
    make_request_id(&x->t.request);
}

static enum verdict refuse_stage(struct exchange *x)
{
    const struct api *api = x->t.selection.api;
    return exchange_refuse(x, GATEWAY_NOT_FOUND,
                           api->disable_execute_api_endpoint
                               ? "API '%" STR_F "' is reached by its domains alone "
                                 "(disableExecuteApiEndpoint)"
                               : "API '%" STR_F "' has neither a stage of the path's first segment "
                                 "nor a stage $default",
                           STR_A(api->api_id));
}

enum verdict stage_resolve(struct exchange *x)
{
    if (!decode_path(x))
        return exchange_refuse(x, GATEWAY_BAD_REQUEST,
                               "the path is malformed: a bad escape, a NUL or no leading slash");

    switch (resolve(x->snapshot, &x->listener, &x->t.request, &x->arena, &x->t.selection)) {
    case RESOLVED:
        return NEXT;
    case RESOLVED_API_ONLY:
        return refuse_stage(x);
    case RESOLVED_NOTHING:
        break;
    }
    return exchange_refuse(x, GATEWAY_NO_API,
                           "no API is reached by host '%" STR_F "' and path '%" STR_F "'",
                           STR_A(x->t.request.host), STR_A(x->t.request.path));
}
