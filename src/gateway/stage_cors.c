/* SPDX-License-Identifier: Apache-2.0 */
/* Answers preflights, before any bucket or token is asked for. What else goes out is the last
 * stage's matter (cors.h). */
#include "turnpike/gateway/cors.h"
#include "turnpike/gateway/pipeline.h"

enum verdict stage_cors(struct exchange *x)
{
    const struct selection *s = &x->t.selection;
    if (!s->api->cross_origin)
        return NEXT;
    cors_read(x);
    /* A route that takes OPTIONS behind an authorizer, be it ANY or $default, keeps it: a browser's
     * preflight then fails, on API Gateway too. */
    if (!x->cors.preflight || (s->match.route && s->match.route->authorizer))
        return NEXT;
    x->t.response = (struct response){.status = 204};
    return DONE;
}
