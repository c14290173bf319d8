/* SPDX-License-Identifier: Apache-2.0 */
/* An endpoint's answer means the same however the network cuts it up, and whether it is collected
 * or passed on, whatever it is. The first byte of the input says into what pieces, and which
 * emulator wrote it. */
#include "../../src/backend/lambda_classify.h"
#include "../../src/net/answer_reader.h"

#include "fuzz.h"

#define BODY_MAX 1024

struct reading {
    struct answer_reader reader;
    struct http_head head;
    enum answer_result result;
};

static void read_in_pieces(struct str in, size_t piece, struct reading *ret_reading)
{
    struct error error;
    *ret_reading = (struct reading){0};
    ret_reading->result = ANSWER_MORE;
    while (in.len > 0 && ret_reading->result == ANSWER_MORE) {
        struct str copy = fuzz_copy(str_head(in, piece));
        ret_reading->result =
            answer_reader_feed(&ret_reading->reader, copy, BODY_MAX, &ret_reading->head, &error);
        fuzz_free(copy);
        in = str_skip(in, piece);
    }
    if (ret_reading->result == ANSWER_MORE &&
        answer_reader_end(&ret_reading->reader, &ret_reading->head))
        ret_reading->result = ANSWER_COMPLETE;
}

/* The same, handed on once the head is there; false where the reader refused it. */
static bool pass_in_pieces(struct str in, size_t piece, struct buf *body, bool *ret_complete)
{
    struct answer_reader a = {0};
    struct http_head head;
    struct error error;
    enum answer_result result = ANSWER_MORE;
    while (in.len > 0 && result == ANSWER_MORE) {
        struct str copy = fuzz_copy(str_head(in, piece));
        size_t len = 0;
        if (a.head_size == 0) {
            result = answer_reader_feed(&a, copy, BODY_MAX, &head, &error);
            if (a.head_size && result != ANSWER_FAILED)
                buf_append(body, str_skip(buf_str(&a.in), a.head_size));
        } else {
            result = answer_reader_pass(&a, (char *)(uintptr_t)copy.at, copy.len, BODY_MAX, &len,
                                        &error);
            REQUIRE(result == ANSWER_FAILED || len <= copy.len);
            if (result != ANSWER_FAILED)
                buf_append(body, str_head(copy, len));
        }
        fuzz_free(copy);
        in = str_skip(in, piece);
    }
    buf_release(&a.in);
    *ret_complete = result == ANSWER_COMPLETE || (result == ANSWER_MORE && answer_reader_ends(&a));
    return result != ANSWER_FAILED;
}

static void check_passing(struct str in, size_t piece, const struct reading *collected)
{
    scoped_buf struct buf body = {0};
    bool complete;
    bool passed = pass_in_pieces(in, piece, &body, &complete);
    REQUIRE(passed == (collected->result != ANSWER_FAILED));
    REQUIRE(complete == (collected->result == ANSWER_COMPLETE));
    REQUIRE(buf_len(&body) <= BODY_MAX);
    if (complete)
        REQUIRE(str_eq(buf_str(&body),
                       str_skip(buf_str(&collected->reader.in), collected->reader.head_size)));
}

static struct str body_of(const struct reading *r)
{
    return str_skip(buf_str(&r->reader.in), r->reader.head_size);
}

static void classify(const struct reading *r, enum emulator emulator)
{
    struct arena arena;
    arena_init(&arena, 1024);
    struct lambda_reply reply = {.status = r->head.status,
                                 .headers = r->head.headers,
                                 .header_count = r->head.header_count,
                                 .body = body_of(r)};
    struct lambda_verdict verdict = lambda_classify(&reply, emulator, &arena);
    REQUIRE((verdict.failure == INTEGRATION_OK) == (verdict.result == LAMBDA_RESULT_OK));
    REQUIRE((verdict.failure == INTEGRATION_OK) == (verdict.error.len == 0));
    REQUIRE(verdict.error.len < 4096);
    REQUIRE(verdict.failure != INTEGRATION_OK || reply.status / 100 == 2);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole, cut;
    if (size < 2)
        return 0;
    struct str in = fuzz_input(data + 1, size - 1);
    read_in_pieces(in, in.len, &whole);
    read_in_pieces(in, data[0] / 3 % 16 + 1, &cut);
    REQUIRE(whole.result == cut.result);
    check_passing(in, data[0] / 3 % 16 + 1, &whole);
    if (whole.result == ANSWER_COMPLETE) {
        REQUIRE(whole.head.status >= 200 && whole.head.status == cut.head.status);
        REQUIRE(whole.head.header_count == cut.head.header_count);
        REQUIRE(body_of(&whole).len <= BODY_MAX && str_eq(body_of(&whole), body_of(&cut)));
        (void)answer_idle_time(&whole.head);
        classify(&cut, (enum emulator)(data[0] % 3));
    }
    buf_release(&whole.reader.in);
    buf_release(&cut.reader.in);
    return 0;
}
