/* SPDX-License-Identifier: Apache-2.0 */
/* signature.h: requests signed with AWS Signature Version 4, verified (AWS: "Create a signed AWS
 * API request"): in the Authorization header, or presigned in the query. */
#ifndef TURNPIKE_AUTH_SIGNATURE_H
#define TURNPIKE_AUTH_SIGNATURE_H

#include "turnpike/model/request.h"
#include "turnpike/model/snapshot.h"

/* Why a request is refused, with what AWS answers: each has a row of the gateway responses. */
enum signature_result {
    SIGNATURE_VALID,
    SIGNATURE_MISSING,    /* MissingAuthenticationTokenException */
    SIGNATURE_INCOMPLETE, /* IncompleteSignatureException: malformed, or a part is missing */
    SIGNATURE_UNKNOWN,    /* UnrecognizedClientException: no such key, or another session token */
    SIGNATURE_EXPIRED,    /* the date is more than five minutes away, or beyond X-Amz-Expires */
    SIGNATURE_WRONG,      /* InvalidSignatureException: scope, body's hash or signature */
};

struct signature_check {
    const struct settings *settings; /* credentials and region */
    const struct request *request;   /* its body is complete */
    struct str service;              /* "execute-api", "lambda" */
    uint64_t wall;                   /* microseconds since 1970 */
    struct arena *arena;

    /* results */
    const struct credential *credential; /* where valid */
    struct str why;                      /* otherwise, for people; never a key or a signature */
};

/* Constant time in what is secret. */
enum signature_result signature_verify(struct signature_check *check);

#endif
