/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4.h: AWS Signature Version 4 (AWS: "Create a signed AWS API request"). What signs requests
 * and what will verify them share the canonical form. Pure functions: time is a parameter. */
#ifndef TURNPIKE_BASE_SIGV4_H
#define TURNPIKE_BASE_SIGV4_H

#include "turnpike/base/buf.h"
#include "turnpike/base/http_message.h"

struct sigv4_key {
    struct str access_key_id, secret_access_key;
    struct str session_token; /* empty: none */
};

struct sigv4_request {
    struct str method;
    struct str path;              /* as it is sent: percent-encoded, without the query */
    struct str query;             /* as it is sent, without '?'; empty: none */
    const struct header *headers; /* those that are signed, host among them; in any order */
    size_t header_count;
    struct str payload;
};

/* Appends the fields that sign the request, as lines of a head ("X-Amz-Date: …\r\n"): X-Amz-Date,
 * X-Amz-Security-Token where there is one, Authorization. `wall` is microseconds since 1970;
 * `service` is the signing name ("lambda", "sqs"). Every path segment is encoded twice in the
 * canonical form, as for all services but S3. */
void sigv4_sign(struct buf *head, const struct sigv4_key *key, struct str region,
                struct str service, const struct sigv4_request *request, uint64_t wall);

#endif
