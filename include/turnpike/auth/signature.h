/* SPDX-License-Identifier: Apache-2.0 */
/* signature.h: requests signed with AWS Signature Version 4, verified (AWS: "Create a signed AWS
 * API request"): in the Authorization header, or presigned in the query. */
#ifndef TURNPIKE_AUTH_SIGNATURE_H
#define TURNPIKE_AUTH_SIGNATURE_H

#include "turnpike/model/request.h"
#include "turnpike/model/snapshot.h"

/* Why a request is refused, with what AWS answers: each has a row of the gateway responses. */
enum signature_result {
    SIGNATURE_VALID,      /* of signature_begin: so far; the body is needed for the rest */
    SIGNATURE_MISSING,    /* MissingAuthenticationTokenException */
    SIGNATURE_INCOMPLETE, /* IncompleteSignatureException: malformed, or a part is missing */
    SIGNATURE_UNKNOWN,    /* UnrecognizedClientException: no such key, or another session token */
    SIGNATURE_EXPIRED,    /* InvalidSignatureException: the date is more than five minutes away, or
                           * beyond X-Amz-Expires */
    SIGNATURE_WRONG,      /* InvalidSignatureException: scope, body's hash or signature */
};

/* One check. The caller fills in the first part. Lives in the exchange's arena. */
struct signature_check {
    const struct settings *settings; /* credentials and region */
    const struct request *request;   /* its body is looked at by signature_finish alone */
    struct str service;              /* "execute-api", "lambda" */
    uint64_t wall;                   /* microseconds since 1970 */
    struct arena *arena;

    /* results */
    const struct credential *credential; /* where valid */
    struct str message; /* otherwise: AWS's own words, for the client; of the arena or static */
    struct str why;     /* and for people; never a key's secret half or a signature */

    /* private */
    struct str signed_headers, signature, session_token, time, date;
    bool presigned;
};

/* What can be judged before the body is there: form, key, session token, scope and date. Who has no
 * key is refused without a byte of his body being read. */
enum signature_result signature_begin(struct signature_check *check);

/* The rest, once the body is complete: the signature over all of the request, in constant time. The
 * hash is the body's own: UNSIGNED-PAYLOAD is not honoured. */
enum signature_result signature_finish(struct signature_check *check);

#endif
