/* SPDX-License-Identifier: Apache-2.0 */
/* answer_reader.h: reads one HTTP/1.1 answer from bytes as they come: collects it, or once its head
 * is there hands its body on. */
#ifndef TURNPIKE_NET_ANSWER_H
#define TURNPIKE_NET_ANSWER_H

#include "turnpike/base/buf.h"
#include "turnpike/base/error.h"
#include "turnpike/base/http_message.h"

#define ANSWER_HEAD_MAX 65536 /* bytes */

/* Embedded in its call. All zero is a valid, empty one. */
struct answer_reader {
    struct buf in;      /* the head, the body without its coding, what is not decoded yet */
    size_t head_size;   /* 0: the final head has not come yet */
    size_t body_size;   /* bytes of the body so far */
    uint64_t body_left; /* HTTP_BODY_LENGTH: bytes still to come */
    enum http_framing framing;
    struct http_chunked chunked;
    bool to_head;    /* set by the owner: the request was HEAD */
    bool keep_alive; /* once complete: the connection may serve another request */
};

enum answer_result {
    ANSWER_MORE,
    ANSWER_COMPLETE, /* *ret_head is set: views of a->in */
    ANSWER_FAILED,   /* *ret_error is set: ERROR_PROTOCOL or ERROR_TOO_LARGE */
};

/* Answers in front of the final one (1xx) are skipped. A body beyond body_max is refused as soon as
 * it is announced or has come. *ret_head is also set with ANSWER_MORE, by the call that found the
 * head (head_size was 0 before it). */
enum answer_result answer_reader_feed(struct answer_reader *a, struct str bytes, size_t body_max,
                                      struct http_head *ret_head, struct error *ret_error);

/* Once the head is there, instead of feeding: takes the coding off the `len` bytes in their place,
 * keeps nothing and needs a->in no more. *ret_len is what is left of them, also where the answer is
 * complete. */
enum answer_result answer_reader_pass(struct answer_reader *a, char *bytes, size_t len,
                                      size_t body_max, size_t *ret_len, struct error *ret_error);

/* The peer has ended the connection: true where that completes the answer. */
MUST_USE bool answer_reader_ends(const struct answer_reader *a);
/* Likewise, for one that was collected. */
MUST_USE bool answer_reader_end(struct answer_reader *a, struct http_head *ret_head);

/* What the peer's Keep-Alive field promises, less a margin, in microseconds; UINT64_MAX where it
 * promises nothing. */
uint64_t answer_idle_time(const struct http_head *head);

#endif
