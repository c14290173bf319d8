/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/gateway/xlog.h"

#include "invoke.h"

size_t xlog_fields(const struct exchange *x, struct log_field fields[XLOG_FIELDS_MAX])
{
    const struct selection *s = &x->t.selection;
    size_t count = 0;
    if (x->invoke) {
        fields[count++] = (struct log_field){"requestId", x->invoke->request_id};
        if (x->invoke->name.name.len)
            fields[count++] = (struct log_field){"function", x->invoke->name.name};
        return count;
    }
    fields[count++] = (struct log_field){"requestId", str_from(x->t.request.id)};
    if (s->api)
        fields[count++] = (struct log_field){"api", s->api->api_id};
    if (s->stage)
        fields[count++] = (struct log_field){"stage", s->stage->stage_name};
    if (s->match.route)
        fields[count++] = (struct log_field){"route", s->match.route->key};
    return count;
}
