/* SPDX-License-Identifier: Apache-2.0 */
/* http_negotiation.h: which form of a file a client takes, and whether it has it already (RFC 9110,
 * 12.5.3 and 13.1.2). */
#ifndef TURNPIKE_BASE_HTTP_NEGOTIATION_H
#define TURNPIKE_BASE_HTTP_NEGOTIATION_H

#include <stdbool.h>

#include "turnpike/base/str.h"

/* Whether an Accept-Encoding field takes gzip: named, or meant by "*", and with a weight above 0.
 */
bool http_accepts_gzip(struct str accept_encoding);

/* Whether an If-None-Match field names an entity tag, weak or not. `tag` is strong, with its
 * quotes. */
bool http_names_tag(struct str if_none_match, struct str tag);

#endif
