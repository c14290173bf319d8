/* SPDX-License-Identifier: Apache-2.0 */
/* pipeline.h: the stages of each kind of exchange, in order. */
#ifndef TURNPIKE_GATEWAY_PIPELINE_H
#define TURNPIKE_GATEWAY_PIPELINE_H

#include "turnpike/gateway/exchange.h"

typedef enum verdict stage_fn(struct exchange *x);

/* Runs the stages from x->stage on until one waits (true) or the last is done. */
MUST_USE bool pipeline_run(struct exchange *x);

/* Leaves out what is between here and the row's last stage, which responds. */
void pipeline_skip_to_last(struct exchange *x);

/* Gives the request its id; before the first stage. */
void exchange_name(struct exchange *x);

stage_fn stage_resolve;      /* which API and stage: stage_resolve.c */
stage_fn stage_route;        /* which route; only looks: stage_route.c */
stage_fn stage_cors;         /* answers preflights; prepares the headers: stage_cors.c */
stage_fn stage_found;        /* no route: 404: stage_route.c */
stage_fn stage_throttle;     /* stage_throttle.c */
stage_fn stage_authorize;    /* stage_authorize.c */
stage_fn stage_body;         /* collects the body: stage_body.c */
stage_fn stage_map;          /* requestParameters: stage_map.c */
stage_fn stage_integrate;    /* calls what stands behind the route: stage_integrate.c */
stage_fn stage_map_response; /* responseParameters: stage_map.c */
stage_fn stage_respond;      /* hands the response to the sink: stage_respond.c */

/* Of WebSocket APIs. */
stage_fn stage_handshake;          /* RFC 6455's checks: stage_handshake.c */
stage_fn stage_validate;           /* what $connect requires: stage_validate.c */
stage_fn stage_accept;             /* 101, or a refusal: stage_accept.c */
stage_fn stage_select;             /* which route a message meets: stage_select.c */
stage_fn stage_transform;          /* templates, parameters: stage_transform.c */
stage_fn stage_transform_response; /* the same of the answer: stage_transform_response.c */
stage_fn stage_reply;              /* the frame that answers a message: stage_reply.c */
stage_fn stage_end;                /* of a $disconnect: stage_reply.c */
stage_fn stage_admit;              /* @connections: who may at all: stage_admit.c */
stage_fn stage_verify;             /* likewise, with the body: stage_admit.c */
stage_fn stage_manage;             /* POST, GET, DELETE: stage_manage.c */

/* Of the Invoke API, beside stage_admit and stage_verify. */
stage_fn stage_invoke; /* calls the function, now or later: stage_invoke.c */

#endif
