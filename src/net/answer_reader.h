/* SPDX-License-Identifier: Apache-2.0 */
/* answer_reader.h: collects one HTTP/1.1 answer from bytes as they come. */
#ifndef TURNPIKE_NET_ANSWER_H
#define TURNPIKE_NET_ANSWER_H

#include "turnpike/base/buf.h"
#include "turnpike/base/error.h"
#include "turnpike/base/http_message.h"

/* Embedded in its call. All zero is a valid, empty one. */
struct answer_reader {
    struct buf in;      /* the head, the body without its coding, what is not decoded yet */
    size_t head_size;   /* 0: the final head has not come yet */
    size_t body_size;   /* bytes of the body so far */
    uint64_t body_left; /* HTTP_BODY_LENGTH: bytes still to come */
    enum http_framing framing;
    struct http_chunked chunked;
    bool keep_alive; /* once complete: the connection may serve another request */
};

enum answer_result {
    ANSWER_MORE,
    ANSWER_COMPLETE, /* *ret_head is set: views of a->in */
    ANSWER_FAILED,   /* *ret_error is set: ERROR_PROTOCOL or ERROR_TOO_LARGE */
};

/* Answers in front of the final one (1xx) are skipped. A body beyond body_max is refused as soon as
 * it is announced or has come. */
enum answer_result answer_reader_feed(struct answer_reader *a, struct str bytes, size_t body_max,
                                      struct http_head *ret_head, struct error *ret_error);

/* The peer has ended the connection: true where that completes the answer. */
MUST_USE bool answer_reader_end(struct answer_reader *a, struct http_head *ret_head);

/* What the peer's Keep-Alive field promises, less a margin, in microseconds; UINT64_MAX where it
 * promises nothing. */
uint64_t answer_idle_time(const struct http_head *head);

#endif
