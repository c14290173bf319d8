/* SPDX-License-Identifier: Apache-2.0 */
/* reason.h: why the gateway answered a request itself, for people who can change that: the log
 * always has it, the client only where `development` is on. */
#ifndef TURNPIKE_GATEWAY_REASON_H
#define TURNPIKE_GATEWAY_REASON_H

#include "turnpike/gateway/exchange.h"

/* Parts of a reason come from clients, backends and documents: it is cut here, between two
 * characters. The value is about what fits on a screen. */
#define REASON_MAX 500

/* Describes authorizers; once, for gateway_prepare. */
void reason_prepare(struct snapshot *snapshot);

/* Whether somebody will read why x is refused with this row of a table: the log, at its level, or a
 * developer. Others' refusals cost no words. */
bool reason_is_wanted(const struct exchange *x, const struct gateway_response *row);

struct str reason_bounded(struct arena *arena, struct str reason);

/* 'a', 'b' */
#define reason_list(arena, list) reason_names((arena), (list)->items, (list)->count)
struct str reason_names(struct arena *arena, const struct str *names, size_t count);

/* http://host:port */
struct str reason_endpoint(struct arena *arena, const struct endpoint *endpoint);

/* For the last stage, of a response that is the gateway's own: a line in the log and, under
 * development, x-turnpike-reason, which pages of origins that may read the answer may read too. */
void reason_tell(struct exchange *x);

#endif
