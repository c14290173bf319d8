/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter mapping (AWS: "Transform API requests and responses for HTTP APIs"): of the request
 * before the integration is called, of its answer behind it. What the gateway itself answers is
 * never mapped. */
#include "mapped.h"

#include "turnpike/gateway/pipeline.h"

#define STATUS_MIN 200
#define STATUS_MAX 599

/* Where a document puts a part of the request below a path of its own, the client shall not climb
 * out of it. A path that is one part of the request as a whole has nothing to climb out of. */
static bool climbs(const struct mapped *m)
{
    struct str rest = m->value, segment;
    while (m->mapping->value->parts.count > 1 && str_split(&rest, '/', &segment))
        if (str_is(segment, ".") || str_is(segment, ".."))
            return true;
    return false;
}

static enum verdict map_path(struct exchange *x, const struct mapped *m)
{
    if (climbs(m))
        return exchange_refuse(x, GATEWAY_BAD_REQUEST,
                               "'overwrite:path' of the integration's requestParameters gives a "
                               "path with a segment '.' or '..'");
    x->t.request.mapped_path = m->value;
    return NEXT;
}

static void map_headers(struct exchange *x, const struct mapped_list *list)
{
    struct request *r = &x->t.request;
    mapped_change_headers(&x->arena, list, &r->headers, &r->header_count);
    FOR_EACH (m, list->items, list->count)
        if (m->mapping->target == MAPPING_HEADER && m->mapping->action != MAPPING_REMOVE &&
            str_is(m->mapping->name, "host"))
            r->mapped_host = m->value;
}

enum verdict stage_map(struct exchange *x)
{
    const struct integration *integration = x->t.selection.match.route->integration;
    struct mapped_list list;
    if (integration->request_parameters.count == 0)
        return NEXT;
    if (!mapped_take(x, &integration->request_parameters, &list))
        return exchange_refuse(x, GATEWAY_HEADERS_TOO_LARGE,
                               "the values of the integration's requestParameters are larger than "
                               "the %ju bytes of limits.headerBytes",
                               (uintmax_t)x->t.settings->limits.header_bytes);
    if (mapped_find(&list, MAPPING_HEADER))
        map_headers(x, &list);
    if (mapped_find(&list, MAPPING_QUERYSTRING))
        x->t.request.query = mapped_change_query(&x->arena, &list, x->t.request.query);
    const struct mapped *path = mapped_find(&list, MAPPING_PATH);
    return path ? map_path(x, path) : NEXT;
}

/* The answer of the integration is given up: nothing more is wanted of it. */
static enum verdict refuse_answer(struct exchange *x, const char *why)
{
    if (x->integration.call)
        x->integration.abandon(take(&x->integration.call));
    return exchange_refuse(x, GATEWAY_INTERNAL_ERROR,
                           "the integration's responseParameters for status %u: %s",
                           x->t.response.status, why);
}

static enum verdict map_status(struct exchange *x, const struct mapped *m)
{
    uint64_t status;
    if (!str_to_u64(m->value, &status) || status < STATUS_MIN || status > STATUS_MAX)
        return refuse_answer(x, "'overwrite:statuscode' gives no number from 200 to 599");
    x->t.response.status = (unsigned)status;
    return NEXT;
}

enum verdict stage_map_response(struct exchange *x)
{
    struct response *response = &x->t.response;
    const struct response_parameters *p =
        response_parameters_find(x->t.selection.match.route->integration, response->status);
    struct mapped_list list;
    if (!p || p->mappings.count == 0)
        return NEXT;
    if (!mapped_take(x, &p->mappings, &list))
        return refuse_answer(x, "their values are larger than limits.headerBytes");
    if (mapped_find(&list, MAPPING_HEADER)) {
        mapped_change_headers(&x->arena, &list, &response->headers.items, &response->headers.count);
        response->headers.capacity = response->headers.count;
    }
    const struct mapped *status = mapped_find(&list, MAPPING_STATUS_CODE);
    return status ? map_status(x, status) : NEXT;
}
