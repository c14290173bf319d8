/* SPDX-License-Identifier: Apache-2.0 */
/* signature.h: requests signed with AWS Signature Version 4, verified (AWS: "Create a signed AWS
 * API request"): in the Authorization header, or presigned in the query. */
#ifndef TURNPIKE_AUTH_SIGNATURE_H
#define TURNPIKE_AUTH_SIGNATURE_H

#include "turnpike/auth/temporary_keys.h"
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

/* What a request says of its signature: views of it, and of the arena. at is NULL where it says
 * nothing. */
struct signature_parts {
    const char *time_header; /* which one has the time; NULL: presigned, in the query */
    struct str algorithm, credential, signed_headers, signature;
    struct str time, expires, session_token, content_hash;
    struct str query; /* as it is signed: without the signature */
};

/* One check. The caller fills in the first part. Lives in the exchange's arena. */
struct signature_check {
    const struct settings *settings;             /* credentials and region */
    const struct temporary_keys *temporary_keys; /* that count beside them; NULL: none */
    const struct request *request; /* its body is looked at by signature_finish alone */
    struct str service;            /* "execute-api", "lambda" */
    uint64_t wall;                 /* microseconds since 1970 */
    struct arena *arena;

    /* results */
    /* NULL until signature_finish has said valid. Of the arena, without what is secret. */
    const struct credential *credential;
    struct str message; /* where refused: AWS's own words, for the client; of the arena or static.
                         * It may repeat what the client wrote where AWS does (a region, a date),
                         * and of Authorization a hash; never a signature or a key's secret half */
    struct str why;     /* and for people; static */

    /* private */
    struct signature_parts parts;
    struct str claimed_id;        /* whose key was named */
    struct str time;              /* that was signed, as X-Amz-Date has it */
    const struct header *headers; /* that were signed */
    size_t header_count;
};

/* What can be judged before the body is there, in AWS's order: form, date, scope, key and session
 * token. Who names no known key is refused without a byte of his body being read. */
enum signature_result signature_begin(struct signature_check *check);

/* The rest, after signature_begin has said valid and the body is complete: the signature over all
 * of the request, in constant time. The hash is the body's own: UNSIGNED-PAYLOAD is not honoured.
 * A temporary key that was revoked meanwhile is an unknown one. */
enum signature_result signature_finish(struct signature_check *check);

#endif
