/* SPDX-License-Identifier: Apache-2.0 */
/* curl_loop.h: libcurl on the loop, and whose certificates it trusts. What it carries are fetch.h's
 * documents and http_client.h's calls over TLS. */
#ifndef TURNPIKE_NET_CURL_LOOP_H
#define TURNPIKE_NET_CURL_LOOP_H

#include "turnpike/base/error.h"
#include "turnpike/base/str.h"
#include "turnpike/net/loop.h"

struct curl_loop; /* owned by the gateway; outlives fetchers and clients that were given it */

/* NULL with an error where libcurl cannot be used. */
MUST_USE struct curl_loop *curl_loop_new(struct loop *loop, struct error *ret_error);
/* Every transfer must have ended or been cancelled. Takes NULL. */
void curl_loop_free(struct curl_loop *c);

/* A PEM file of certificates trusted beside the system's; empty: none. For transfers to come: no
 * connection or session that was verified under other certificates serves them. The file is read
 * now, and where it cannot be, what was trusted before stays. The system's certificates, which take
 * some 20 milliseconds, are read when there is something to connect to over TLS, and from then on
 * here. */
MUST_USE bool curl_loop_trust(struct curl_loop *c, struct str file, struct error *ret_error);
/* Whether it could be, now. */
MUST_USE bool curl_loop_can_trust(struct str file, struct error *ret_error);

#endif
