/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h: GET one bounded document over http or https through libcurl: for key sets and
 * discovery. Redirects are never followed; certificates are always checked (curl_loop.h says
 * against which). */
#ifndef TURNPIKE_NET_FETCH_H
#define TURNPIKE_NET_FETCH_H

#include "turnpike/base/error.h"
#include "turnpike/base/str.h"
#include "turnpike/net/curl_loop.h"

struct fetcher; /* owned by the gateway */
struct fetch;   /* one transfer; owned by the fetcher */

struct fetch_request {
    struct str url;
    uint64_t timeout; /* microseconds, for the whole of it */
    size_t size_max;  /* bytes of the body */
};

struct fetch_answer {
    unsigned status;
    struct str body;          /* valid during the callback */
    struct str cache_control; /* the fields' values joined by commas, or empty; likewise */
};

/* Exactly one of answer and error is not NULL. Any status is an answer. Errors: ERROR_TIMEOUT,
 * ERROR_CONNECT, ERROR_CONNECTION, ERROR_TLS, ERROR_TOO_LARGE, ERROR_PROTOCOL, ERROR_UNSUPPORTED
 * (another scheme, or a peer that speaks no HTTP), ERROR_INVALID (no URL), ERROR_SYSTEM. */
typedef void fetch_done_fn(void *data, const struct fetch_answer *answer,
                           const struct error *error);

MUST_USE struct fetcher *fetcher_new(struct curl_loop *curl);
/* Cancels what runs; not from within a callback. Takes NULL. */
void fetcher_free(struct fetcher *f);

/* Never calls back before it has returned, and exactly once unless cancelled. The environment's
 * proxies are not used. */
struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *request,
                          fetch_done_fn *done, void *data);
/* No callback follows. */
void fetch_cancel(struct fetch *fetch);

#endif
