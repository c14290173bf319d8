/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4.h: AWS Signature Version 4 (AWS: "Create a signed AWS API request"). What signs requests
 * and what verifies them share the canonical form. Time is a parameter. For the loop's thread
 * alone: derived keys are remembered. */
#ifndef TURNPIKE_BASE_SIGV4_H
#define TURNPIKE_BASE_SIGV4_H

#include "turnpike/base/buf.h"
#include "turnpike/base/digest.h"
#include "turnpike/base/http_message.h"

#define SIGV4_ALGORITHM "AWS4-HMAC-SHA256"

/* Headers that one signature covers: all of a request, and the two that signing adds. */
#define SIGV4_HEADERS_MAX (HTTP_HEADERS_MAX + 2)

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
 * X-Amz-Security-Token where there is one, Authorization. Neither X-Amz-Date nor
 * X-Amz-Security-Token may be among the request's headers, which may be views of *head. `wall` is
 * microseconds since 1970; `service` is the signing name ("lambda", "sqs"). */
void sigv4_sign(struct buf *head, const struct sigv4_key *key, struct str region,
                struct str service, const struct sigv4_request *request, uint64_t wall);

/* The parts, for who verifies. */

/* Appends the canonical request and returns the list of its signed headers ("host;x-amz-date"), a
 * view of it. `payload_hash` is in hexadecimal, or a word that stands for it; the request's own
 * payload is not looked at. The path is normalised and each of its segments encoded once more, as
 * for all services but S3. A '+' in the query stands for itself. At most SIGV4_HEADERS_MAX headers;
 * those of one name are joined in their order. */
struct str sigv4_canonical(struct buf *out, const struct sigv4_request *request,
                           struct str payload_hash);

#define SIGV4_TIME_SIZE 17 /* "20150830T123600Z" and NUL */
#define SIGV4_DATE_LEN  8

/* As X-Amz-Date has it; its first SIGV4_DATE_LEN bytes are a scope's date. */
struct str sigv4_time(uint64_t wall, char out[SIGV4_TIME_SIZE]);

/* What sigv4_time writes, from 1970 on. False where text is anything else. */
MUST_USE bool sigv4_read_time(struct str text, uint64_t *ret_wall);

struct sigv4_scope {
    struct str date, region, service;
};

/* "20150830/us-east-1/iam/aws4_request", behind the access key ID and a slash. */
void sigv4_append_scope(struct buf *out, const struct sigv4_scope *scope);

/* The signature of a canonical request at a time, as X-Amz-Date has it. */
struct sha256 sigv4_signature(const struct sigv4_key *key, const struct sigv4_scope *scope,
                              struct str time, struct str canonical);

#endif
