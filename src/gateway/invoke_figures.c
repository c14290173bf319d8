/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of calls of the Invoke API. The function's own figures are backend's. */
#include "invoke.h"

void invoke_count(struct counters *counters, const struct exchange *x)
{
    const struct invoke *i = x->invoke;
    char code[12];
    if (x->t.response.status == 0)
        return; /* the caller left before there was an answer */
    (void)snprintf(code, sizeof(code), "%u", x->t.response.status);
    const struct label labels[] = {
        {"function", i->function ? i->function->name : STR("")}, /* callers name none that is new */
        {"type",     invoke_type_name(i->type)                },
        {"code",     str_from(code)                           }
    };
    figure_add(counters_figure(counters, FIGURE_COUNTER, "turnpike_invoke_requests_total",
                               "Calls of the Invoke API.", labels, ARRAY_LENGTH(labels)),
               1);
}
