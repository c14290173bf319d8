/* SPDX-License-Identifier: Apache-2.0 */
/* integrate.h: the kinds of integration that stage_integrate chooses from. */
#ifndef TURNPIKE_GATEWAY_INTEGRATE_H
#define TURNPIKE_GATEWAY_INTEGRATE_H

#include "turnpike/gateway/pipeline.h"

stage_fn integrate_lambda;  /* AWS_PROXY to a function: integrate_lambda.c */
stage_fn integrate_http;    /* HTTP_PROXY: integrate_http.c */
stage_fn integrate_service; /* AWS_PROXY with a subtype: integrate_service.c */
stage_fn integrate_docs;    /* the API's documentation: integrate_docs.c */
stage_fn integrate_mock;    /* MOCK: integrate_mock.c */

/* The integration has failed: notes it and refuses, by the one table of what clients are told.
 * `why` is what access logs show as integrationErrorMessage, of the exchange's arena or static;
 * `whose` (a format) says which integration it was: "function 'todo'". */
enum verdict integration_failed(struct exchange *x, enum integration_failure failure,
                                struct str why, const char *whose, ...) PRINTF(4, 5);

#endif
