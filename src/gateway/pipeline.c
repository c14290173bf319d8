/* SPDX-License-Identifier: Apache-2.0 */
/* The whole program on one screen: what happens to each kind of exchange, in which order. A stage
 * answers NEXT, WAIT or DONE; the last one of a row hands the response to the sink. */
#include "turnpike/gateway/pipeline.h"

#define ROW_MAX 12

struct stage_entry {
    const char *name;
    stage_fn *run;
};

static const struct stage_entry pipeline[EXCHANGE_KIND_COUNT][ROW_MAX] = {
    [EXCHANGE_HTTP] = {{"resolve", stage_resolve},
                       {"route", stage_route},
                       {"cors", stage_cors},
                       {"found", stage_found},
                       {"throttle", stage_throttle},
                       {"authorize", stage_authorize},
                       {"body", stage_body},
                       {"map", stage_map},
                       {"integrate", stage_integrate},
                       {"map_response", stage_map_response},
                       {"respond", stage_respond}},
    [EXCHANGE_CONNECT] = {{"resolve", stage_resolve},
                       {"handshake", stage_handshake},
                       {"throttle", stage_throttle},
                       {"authorize", stage_authorize},
                       {"validate", stage_validate},
                       {"transform", stage_transform},
                       {"integrate", stage_integrate},
                       {"transform_response", stage_transform_response},
                       {"accept", stage_accept}},
    [EXCHANGE_MESSAGE] = {{"select", stage_select},
                       {"throttle", stage_throttle},
                       {"transform", stage_transform},
                       {"integrate", stage_integrate},
                       {"transform_response", stage_transform_response},
                       {"reply", stage_reply}       },
    [EXCHANGE_DISCONNECT] = {{"select", stage_select},
                       {"transform", stage_transform},
                       {"integrate", stage_integrate},
                       {"end", stage_end}},
    [EXCHANGE_MANAGE] = {{"resolve", stage_resolve},
                       {"admit", stage_admit},
                       {"body", stage_body},
                       {"verify", stage_verify},
                       {"throttle", stage_throttle},
                       {"manage", stage_manage},
                       {"respond", stage_respond}},
    [EXCHANGE_INVOKE] = {{"resolve", stage_resolve},
                       {"admit", stage_admit},
                       {"body", stage_body},
                       {"verify", stage_verify},
                       {"invoke", stage_invoke},
                       {"respond", stage_respond}                                   },
};

void pipeline_skip_to_last(struct exchange *x)
{
    const struct stage_entry *row = pipeline[x->kind];
    while (row[x->stage + 1].run)
        x->stage++;
}

bool pipeline_run(struct exchange *x)
{
    for (;;) {
        const struct stage_entry *row = pipeline[x->kind]; /* which resolve may change */
        bool last = !row[x->stage + 1].run;
        enum verdict verdict = row[x->stage].run(x);
        if (last || verdict == WAIT)
            return !last;
        x->stage++;
        if (verdict == DONE)
            pipeline_skip_to_last(x);
    }
}
