/* SPDX-License-Identifier: Apache-2.0 */
/* Collects the request's body, once the door has been passed. */
#include "turnpike/gateway/pipeline.h"

enum verdict stage_body(struct exchange *x)
{
    const struct request *r = &x->t.request;
    if (!r->has_body)
        return NEXT;
    if (r->content_length > exchange_body_max(x))
        return exchange_refuse_body(x);

    x->collecting = true;
    x->sink->ops->want_body(x->sink);
    return WAIT;
}
