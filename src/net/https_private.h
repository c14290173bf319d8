/* SPDX-License-Identifier: Apache-2.0 */
/* https_private.h: what a call over TLS has beside struct http_call: its life and its answer
 * (https_call.c), what libcurl is told of its request (https_request.c), and whether that may be
 * sent again (https_attempt.c). */
#ifndef TURNPIKE_NET_HTTPS_PRIVATE_H
#define TURNPIKE_NET_HTTPS_PRIVATE_H

#include "curl_pool.h"
#include "http_client_private.h"

/* Owned by its client. */
struct https_client {
    struct curl_loop *curl;
    struct curl_pool *pool; /* NULL: no connections */
    char *url;
    struct curl_slist *connect_to; /* NULL: where the URL says */
    uint64_t keep_alive;           /* what the last answer's Keep-Alive promised */
};

/* What is known of one attempt to get the request answered. */
struct https_attempt {
    bool sending;
    bool answered; /* bytes of an answer came */
    bool lost;     /* the peer cannot have read the whole request */
};

/* Owned by its call. */
struct https_call {
    struct http_call *call;
    struct curl_transfer transfer;
    struct curl_slist *fields;
    struct https_attempt attempt;
    bool again;        /* it is the second, and the last */
    bool stopped;      /* libcurl holds bytes back */
    bool over, failed; /* failed: the call's error says why */
};

void https_request_describe(struct https_call *h);
void https_attempt_watch(struct https_call *h);
/* The transfer has failed without an answer: true where it was begun anew, on a fresh connection.
 */
bool https_attempt_again(struct https_call *h);

#endif
