/* SPDX-License-Identifier: Apache-2.0 */
/* cors.h: what pages of other origins are told (AWS: "Configure CORS for HTTP APIs"; the Fetch
 * standard, "CORS protocol"). */
#ifndef TURNPIKE_GATEWAY_CORS_H
#define TURNPIKE_GATEWAY_CORS_H

#include "turnpike/gateway/exchange.h"

/* Joins the headers of each API that has a CORS configuration; once, for gateway_prepare. */
void cors_prepare(struct snapshot *snapshot);

/* Notes what the request says of its origin, before parameter mapping may change its headers. A
 * preflight is OPTIONS with Origin and Access-Control-Request-Method. */
void cors_read(struct exchange *x);

/* For the last stage: where the API has a CORS configuration, takes every access-control-* header
 * out of the response and puts in what the configuration says to this request's Origin. Does
 * nothing otherwise. */
void cors_apply(struct exchange *x);

#endif
