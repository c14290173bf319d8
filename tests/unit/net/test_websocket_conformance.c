/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6455 as a table: what a client sends, what an echo server answers. The families are those of
 * Autobahn's test suite. Where libwebsockets does otherwise than the RFC wants, the row says how.
 */
#include "turnpike/net/websocket.h"

#include "testing.h"

#include <unistd.h>

#include "turnpike/base/xalloc.h"

#include "support/websocket_talk.h"

enum length_form { LENGTH_SHORTEST, LENGTH_16, LENGTH_64, LENGTH_NEGATIVE };

struct frame {
    unsigned char first;     /* FIN, reserved bits, opcode */
    const char *payload;     /* NULL: no more frames */
    size_t times;            /* it is repeated; 0: once */
    enum length_form length; /* how it is written */
    bool unmasked;
};

#define FRAMES_MAX 12

#define X_1002(why) "X 1002 " why ";"

struct conformance {
    const char *name;
    struct frame frames[FRAMES_MAX];
    const char *want;     /* what the client receives, as talk_await_frames has it. Where that is no
                           * close frame and no end, the client closes, and is answered */
    const char *deviates; /* from the RFC, and how; NULL: does not */
    const char *octets;   /* in place of `want` where it is sent byte by byte; NULL: the same */
};

#define F(first_, payload_)                                                                        \
    {                                                                                              \
        .first = (first_), .payload = (payload_)                                                   \
    }
#define N(first_, payload_, times_)                                                                \
    {                                                                                              \
        .first = (first_), .payload = (payload_), .times = (times_)                                \
    }
#define L(first_, payload_, length_)                                                               \
    {                                                                                              \
        .first = (first_), .payload = (payload_), .length = (length_)                              \
    }
#define U(first_, payload_)                                                                        \
    {                                                                                              \
        .first = (first_), .payload = (payload_), .unmasked = true                                 \
    }

static const struct conformance framing[] = {
    {"text of 0 bytes", {F(0x81, "")}, .want = "T ;"},
    {"text of 125 bytes", {N(0x81, "*", 125)}, .want = "T 125;"},
    {"text of 126 bytes", {N(0x81, "*", 126)}, .want = "T 126;"},
    {"text of 127 bytes", {N(0x81, "*", 127)}, .want = "T 127;"},
    {"text of 128 bytes", {N(0x81, "*", 128)}, .want = "T 128;"},
    {"text of 65535 bytes", {N(0x81, "*", 65535)}, .want = "T 65535;"},
    {"text of 65536 bytes", {N(0x81, "*", 65536)}, .want = "T 65536;"},
    {"binary of 0 bytes", {F(0x82, "")}, .want = "B ;"},
    {"binary of 125 bytes", {N(0x82, "\xfe", 125)}, .want = "B 125;"},
    {"binary of 126 bytes", {N(0x82, "\xfe", 126)}, .want = "B 126;"},
    {"binary of 127 bytes", {N(0x82, "\xfe", 127)}, .want = "B 127;"},
    {"binary of 128 bytes", {N(0x82, "\xfe", 128)}, .want = "B 128;"},
    {"binary of 65535 bytes", {N(0x82, "\xfe", 65535)}, .want = "B 65535;"},
    {"binary of 65536 bytes", {N(0x82, "\xfe", 65536)}, .want = "B 65536;"},
    {"text that is not masked",
     {U(0x81, "bare")},
     .want = "T bare;",
     .deviates = "frames that are not masked are taken"},
    {"a ping that is not masked",
     {U(0x89, "bare")},
     .want = "O bare;",
     .deviates = "frames that are not masked are taken"},
    {"a length of 16 bits that needs 7",
     {L(0x81, "long", LENGTH_16)},
     .want = "T long;",
     .deviates = "lengths may be longer than they need be"},
    {"a length of 64 bits that needs 7",
     {L(0x81, "long", LENGTH_64)},
     .want = "T long;",
     .deviates = "lengths may be longer than they need be"},
    {"an empty frame with a length of 16 bits",
     {L(0x81, "", LENGTH_16), F(0x81, "x")},
     .want = "T ;T x;",
     .deviates = "lengths may be longer than they need be"},
    {"a length of more than 63 bits",
     {L(0x81, "x", LENGTH_NEGATIVE)},
     .want = "end",
     .deviates = "no close frame with 1002"},
};

static const struct conformance pings[] = {
    {"a ping without payload", {F(0x89, "")}, .want = "O ;"},
    {"a ping with text", {F(0x89, "Hello, world!")}, .want = "O Hello, world!;"},
    {"a ping with other bytes",
     {F(0x89, "\xff\xfe\xfd\xfc\xfb\x01")},
     .want = "O \xff\xfe\xfd\xfc\xfb\x01;"},
    {"a ping of 125 bytes", {N(0x89, "\xfe", 125)}, .want = "O 125;"},
    {"a ping of 126 bytes",
     {N(0x89, "\xfe", 126)},
     .want = "end",
     .deviates = "no close frame with 1002"},
    {"a pong that nobody asked for", {F(0x8a, "")}, .want = ""},
    {"a pong with a payload", {F(0x8a, "unsolicited")}, .want = ""},
    {"a pong with bytes that are no text, behind text",
     {F(0x81, "t"), F(0x8a, "\xff")},
     .want = "T t;"},
    {"a pong, then a ping", {F(0x8a, "unsolicited"), F(0x89, "ping")}, .want = "O ping;"},
    {"pings at once",
     {F(0x89, "1"), F(0x89, "2"), F(0x89, "3"), F(0x89, "4"), F(0x89, "5"), F(0x81, ".")},
     .want = "T .;O 1;",
     .deviates = "of pings that come together only the first is answered, not the last",
     .octets = "O 1;O 2;O 3;O 4;O 5;T .;"},
};

static const struct conformance reserved_bits[] = {
    {"text with RSV3", {F(0x91, "x")}, .want = X_1002("rsv bits")},
    {"text, then text with RSV2",
     {F(0x81, "a"), F(0xa1, "x"), F(0x89, "")},
     .want = "T a;" X_1002("rsv bits")},
    {"text, then text with RSV2 and RSV3",
     {F(0x81, "a"), F(0xb1, "x"), F(0x89, "")},
     .want = "T a;" X_1002("rsv bits")},
    {"text, then text with RSV1",
     {F(0x81, "a"), F(0xc1, "x"), F(0x89, "")},
     .want = "T a;" X_1002("rsv bits")},
    {"binary with RSV1 and RSV3", {F(0xd2, "x")}, .want = X_1002("rsv bits")},
    {"a ping with RSV1 and RSV2", {F(0xe9, "x")}, .want = X_1002("rsv bits")},
    {"a close with all", {F(0xf8, "\x03\xe8")}, .want = X_1002("rsv bits")},
    {"a continuation with RSV1", {F(0x01, "a"), F(0xc0, "b")}, .want = X_1002("rsv bits")},
};

static const struct conformance opcodes[] = {
    {"opcode 3", {F(0x83, "")}, .want = X_1002("bad opc")},
    {"opcode 4", {F(0x84, "x")}, .want = X_1002("bad opc")},
    {"text, then opcode 5",
     {F(0x81, "a"), F(0x85, ""), F(0x89, "")},
     .want = "T a;" X_1002("bad opc")},
    {"text, then opcode 6",
     {F(0x81, "a"), F(0x86, "x"), F(0x89, "")},
     .want = "T a;" X_1002("bad opc")},
    {"text, then opcode 7",
     {F(0x81, "a"), F(0x87, "x"), F(0x89, "")},
     .want = "T a;" X_1002("bad opc")},
    {"opcode 11", {F(0x8b, "")}, .want = X_1002("bad opc")},
    {"opcode 12", {F(0x8c, "x")}, .want = X_1002("bad opc")},
    {"text, then opcode 13",
     {F(0x81, "a"), F(0x8d, ""), F(0x89, "")},
     .want = "T a;" X_1002("bad opc")},
    {"text, then opcode 14",
     {F(0x81, "a"), F(0x8e, "x"), F(0x89, "")},
     .want = "T a;" X_1002("bad opc")},
    {"text, then opcode 15",
     {F(0x81, "a"), F(0x8f, "x"), F(0x89, "")},
     .want = "T a;" X_1002("bad opc")},
};

static const struct conformance fragmentation[] = {
    {"a ping in fragments", {F(0x09, "a"), F(0x80, "b")}, .want = X_1002("frag ctl")},
    {"a pong in fragments", {F(0x0a, "a"), F(0x80, "b")}, .want = X_1002("frag ctl")},
    {"a close in fragments", {F(0x08, "\x03\xe8"), F(0x80, "")}, .want = X_1002("frag ctl")},
    {"text in two", {F(0x01, "frag"), F(0x80, "ment")}, .want = "T fragment;"},
    {"binary in three",
     {F(0x02, "\xff"), F(0x00, "\xfe"), F(0x80, "\xfd")},
     .want = "B \xff\xfe\xfd;"},
    {"a ping between",
     {F(0x01, "frag"), F(0x89, "ping"), F(0x80, "ment")},
     .want = "T fragment;O ping;",
     .octets = "O ping;T fragment;"},
    {"a pong between", {F(0x01, "frag"), F(0x8a, "\xff"), F(0x80, "ment")}, .want = "T fragment;"},
    {"a pong inside a character",
     {F(0x01, "\xe2\x82"), F(0x8a, "p"), F(0x80, "\xac")},
     .want = "T \xe2\x82\xac;"},
    {"a continuation of nothing", {F(0x80, "x"), F(0x81, "y")}, .want = X_1002("bad cont")},
    {"a continuation of nothing, to be continued",
     {F(0x00, "x"), F(0x81, "y")},
     .want = X_1002("bad cont")},
    {"a continuation of what was complete",
     {F(0x81, "x"), F(0x80, "y")},
     .want = "T x;" X_1002("bad cont")},
    {"text in two, a continuation",
     {F(0x01, "a"), F(0x80, "b"), F(0x00, "c"), F(0x81, "d")},
     .want = "T ab;" X_1002("bad cont")},
    {"text in the midst of text", {F(0x01, "a"), F(0x81, "b")}, .want = X_1002("bad cont")},
    {"binary in the midst of text", {F(0x01, "a"), F(0x02, "b")}, .want = X_1002("bad cont")},
    {"five with pings",
     {F(0x01, "1"), F(0x00, "2"), F(0x89, "one"), F(0x00, "3"), F(0x00, "4"), F(0x80, "5")},
     .want = "T 12345;O one;",
     .octets = "O one;T 12345;"},
    {"empty first, empty between, empty last",
     {F(0x01, ""), F(0x00, "a"), F(0x00, ""), F(0x00, "b"), F(0x80, "")},
     .want = "T ab;"},
    {"nothing but empty ones",
     {F(0x01, ""), F(0x00, ""), F(0x80, ""), F(0x81, "x")},
     .want = "T ;T x;"},
    {"two messages of fragments",
     {F(0x01, "a"), F(0x80, "b"), F(0x02, "c"), F(0x80, "d")},
     .want = "T ab;B cd;"},
};

#define INVALID "X 1007 text that is not UTF-8;"

static const struct conformance utf8[] = {
    {"two bytes", {F(0x81, "\xc2\x80\xdf\xbf")}, .want = "T \xc2\x80\xdf\xbf;"},
    {"three bytes", {F(0x81, "\xe0\xa0\x80\xef\xbf\xbf")}, .want = "T \xe0\xa0\x80\xef\xbf\xbf;"},
    {"four bytes",
     {F(0x81, "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
     .want = "T \xf0\x90\x80\x80\xf4\x8f\xbf\xbf;"},
    {"around the surrogates",
     {F(0x81, "\xed\x9f\xbf\xee\x80\x80")},
     .want = "T \xed\x9f\xbf\xee\x80\x80;"},
    {"no characters, but valid",
     {F(0x81, "\xef\xbf\xbe\xf0\x9f\xbf\xbe")},
     .want = "T \xef\xbf\xbe\xf0\x9f\xbf\xbe;"},
    {"cut between bytes of a character",
     {F(0x01, "\xce"), F(0x00, "\xba\xe1"), F(0x00, "\xbd"), F(0x80, "\xb9")},
     .want = "T \xce\xba\xe1\xbd\xb9;"},
    {"a byte of its own", {F(0x81, "a\x80")}, .want = INVALID},
    {"a beginning of two", {F(0x81, "a\xc2")}, .want = INVALID},
    {"a beginning of three", {F(0x81, "a\xe2\x82")}, .want = INVALID},
    {"a beginning of four", {F(0x81, "a\xf0\x9f\x98")}, .want = INVALID},
    {"FE and FF", {F(0x81, "\xfe\xff")}, .want = INVALID},
    {"a slash in two bytes", {F(0x81, "\xc0\xaf")}, .want = INVALID},
    {"a slash in three bytes", {F(0x81, "\xe0\x80\xaf")}, .want = INVALID},
    {"a slash in four bytes", {F(0x81, "\xf0\x80\x80\xaf")}, .want = INVALID},
    {"a surrogate", {F(0x81, "\xed\xa0\x80")}, .want = INVALID},
    {"a pair of surrogates", {F(0x81, "\xed\xa0\x80\xed\xb0\x80")}, .want = INVALID},
    {"beyond the last", {F(0x81, "\xf4\x90\x80\x80")}, .want = INVALID},
    {"five bytes", {F(0x81, "\xf8\x88\x80\x80\x80")}, .want = INVALID},
    {"invalid in the second fragment", {F(0x01, "fine"), F(0x80, "\xff")}, .want = INVALID},
    {"invalid in a fragment that is not the last",
     {F(0x01, "\xed\xa0\x80 so"), F(0x89, "p")},
     .want = INVALID},
    {"cut off by an empty last fragment", {F(0x01, "\xce"), F(0x80, "")}, .want = INVALID},
    {"cut off behind many bytes", {N(0x01, "*", 1000), F(0x80, "\xe2\x82")}, .want = INVALID},
    {"the same, as binary", {F(0x02, "\xce"), F(0x80, "")}, .want = "B \xce;"},
    {"valid behind binary that is not", {F(0x82, "\xff"), F(0x81, "x")}, .want = "B \xff;T x;"},
};

#define REASON_123                                                                                 \
    "the longest reason that fits into a close frame beside its code: "                            \
    "a frame of control has 125 bytes at most, of which these a"

static const struct conformance closes[] = {
    {"empty", {F(0x88, "")}, .want = "X;end"},
    {"two", {F(0x88, "\x03\xe8"), F(0x88, "\x03\xe8")}, .want = "X 1000;end"},
    {"a ping behind", {F(0x88, "\x03\xe8"), F(0x89, "late")}, .want = "X 1000;end"},
    {"text behind", {F(0x88, "\x03\xe8"), F(0x81, "late")}, .want = "X 1000;end"},
    {"text before", {F(0x81, "in time"), F(0x88, "\x03\xe8")}, .want = "T in time;X 1000;end"},
    {"in the midst of a message",
     {F(0x01, "frag"), F(0x88, "\x03\xe8"), F(0x80, "ment")},
     .want = "X 1000;end"},
    {"behind a large message",
     {N(0x81, "*", 262144), F(0x88, "\x03\xe8")},
     .want = "t 65536;c 65536;c 65536;C 65536;X 1000;end"},
    {"half a code", {F(0x88, "\x03")}, .want = "X 1002;end"},
    {"a code", {F(0x88, "\x03\xe8")}, .want = "X 1000;end"},
    {"a reason",
     {F(0x88, "\x03\xe8"
              "Hello World!")},
     .want = "X 1000 Hello World!;end"},
    {"of 125 bytes", {F(0x88, "\x03\xe8" REASON_123)}, .want = "X 1000 " REASON_123 ";end"},
    {"of 126 bytes",
     {N(0x88, "\x03\xe8", 63)},
     .want = "end",
     .deviates = "no close frame with 1002"},
    {"a reason that is not UTF-8", {F(0x88, "\x03\xe8\xce\xba\xed\xa0\x80")}, .want = "X 1007;end"},
    {"a reason cut inside a character", {F(0x88, "\x03\xe8\xce")}, .want = "X 1007;end"},
};

static const struct {
    unsigned code;
    unsigned answer;
    const char *deviates;
} codes[] = {
    {0, 1002, .deviates = NULL},
    {999, 1002, .deviates = NULL},
    {1000, 1000, .deviates = NULL},
    {1001, 1001, .deviates = NULL},
    {1002, 1002, .deviates = NULL},
    {1003, 1003, .deviates = NULL},
    {1004, 1002, .deviates = NULL},
    {1005, 1002, .deviates = NULL},
    {1006, 1002, .deviates = NULL},
    {1007, 1007, .deviates = NULL},
    {1008, 1008, .deviates = NULL},
    {1009, 1009, .deviates = NULL},
    {1010, 1010, .deviates = NULL},
    {1011, 1011, .deviates = NULL},
    {1012, 1002, "registered since, and taken for a mistake"},
    {1013, 1002, "registered since, and taken for a mistake"},
    {1014, 1002, "registered since, and taken for a mistake"},
    {1015, 1002, .deviates = NULL},
    {1016, 1002, .deviates = NULL},
    {1100, 1002, .deviates = NULL},
    {2000, 1002, .deviates = NULL},
    {2999, 1002, .deviates = NULL},
    {3000, 3000, .deviates = NULL},
    {3999, 3999, .deviates = NULL},
    {4000, 4000, .deviates = NULL},
    {4999, 4999, .deviates = NULL},
    {5000, 1002, .deviates = NULL},
    {65535, 1002, .deviates = NULL},
};

/* Large ones come back in frames of 64 KiB: only their length is looked at. */
static const struct conformance sizes[] = {
    {"text of 256 KiB", {N(0x81, "*", 1 << 18)}, .want = "262144"},
    {"text of 1 MiB", {N(0x81, "*", 1 << 20)}, .want = "1048576"},
    {"text of 4 MiB", {N(0x81, "*", 4 << 20)}, .want = "4194304"},
    {"binary of 4 MiB", {N(0x82, "\xff", 4 << 20)}, .want = "4194304"},
    {"text of 4 MiB, of three bytes each", {N(0x81, "\xe2\x82\xac", 1398101)}, .want = "4194303"},
    {"text of 3 MiB in fragments",
     {N(0x01, "*", 1 << 20), N(0x00, "*", 1 << 20), N(0x80, "*", 1 << 20)},
     .want = "3145728"},
};

static void put_frame(struct buf *out, const struct frame *frame)
{
    static const char mask[4] = {0x11, 0x22, 0x33, 0x44};
    scoped_buf struct buf payload = {0}, whole = {0};
    for (size_t i = 0; i < (frame->times ? frame->times : 1); i++)
        buf_append(&payload, str_from(frame->payload));
    size_t len = buf_len(&payload);
    if (frame->length == LENGTH_SHORTEST && !frame->unmasked) {
        talk_put_frame(out, frame->first, buf_str(&payload));
        return;
    }
    size_t bytes = frame->length == LENGTH_SHORTEST ? 0 : frame->length == LENGTH_16 ? 2 : 8;
    buf_append_char(out, (char)frame->first);
    buf_append_char(out, (char)((frame->unmasked ? 0 : 0x80) | (bytes == 0   ? len
                                                                : bytes == 2 ? 126
                                                                             : 127)));
    for (size_t left = bytes; left-- > 0;)
        buf_append_char(out, (char)(len >> 8 * left |
                                    (left == 7 && frame->length == LENGTH_NEGATIVE ? 0x80 : 0)));
    if (!frame->unmasked)
        buf_append(out, str_of(mask, sizeof(mask)));
    for (size_t i = 0; i < len; i++)
        buf_append_char(out, (char)(payload.data[i] ^ (frame->unmasked ? 0 : mask[i % 4])));
}

static void put_frames(struct buf *out, const struct conformance *c)
{
    FOR_EACH (frame, c->frames, FRAMES_MAX)
        if (frame->payload)
            put_frame(out, frame);
}

static void echo(struct talk *t, struct str message, bool binary)
{
    assert_true(websocket_send(t->ws, message, binary));
}

static void open_echo(struct talk *t, enum talk_over over)
{
    talk_init(t);
    t->limits.frame_max = t->limits.message_max = t->limits.pending_max = 16 << 20;
    t->on_message = echo;
    talk_open(t, over, STR(""));
}

static void send_in_pieces(struct talk *t, struct str bytes, size_t piece)
{
    while (bytes.len > 0) {
        talk_send_bytes(t, str_head(bytes, piece));
        bytes = str_skip(bytes, piece);
        talk_turn(t);
    }
}

/* Behind a close frame the end may have come already: lws goes on reading, and may find a second
 * mistake. */
static bool has_come(const struct talk *t, struct str want)
{
    struct str got = buf_str(&t->frames);
    if (str_ends_with(got, STR(";end")) && !str_ends_with(want, STR("end")))
        got.len -= strlen("end");
    return str_eq(got, want);
}

static bool await_answer(struct talk *t, const char *want)
{
    for (unsigned turns = 0; turns < 100000; turns++) {
        if (has_come(t, str_from(want)))
            return true;
        talk_turn(t);
    }
    return false;
}

static void end_politely(struct talk *t, const char *so_far)
{
    char want[512];
    (void)snprintf(want, sizeof(want), "%sX 1000;end", so_far);
    talk_send_close(t, 1000, STR(""));
    talk_await_frames(t, want);
}

/* Whatever the client did, its connection ends when it has said goodbye. */
static void end_after_refusal(struct talk *t)
{
    talk_send_close(t, 1000, STR(""));
    talk_hang_up(t);
}

static void run(const struct conformance *c, enum talk_over over, size_t piece)
{
    struct talk t;
    scoped_buf struct buf bytes = {0};
    const char *want = piece == 1 && c->octets ? c->octets : c->want;
    put_frames(&bytes, c);
    open_echo(&t, over);
    send_in_pieces(&t, buf_str(&bytes), piece);
    CHECK_CASE(c, await_answer(&t, want), "got '%" STR_F "' of '%s', %zu at a time",
               STR_A(buf_str(&t.frames)), want, piece);
    if (!strchr(want, 'X') && !strstr(want, "end"))
        end_politely(&t, want);
    else
        end_after_refusal(&t);
    talk_release(&t);
}

#define RUN_ALL(cases, pieces)                                                                     \
    FOR_EACH_CASE (c, cases)                                                                       \
        FOR_EACH (piece, pieces, ARRAY_LENGTH(pieces)) {                                           \
            run(c, TALK_OVER_TCP, *piece);                                                         \
            run(c, TALK_OVER_TLS, *piece);                                                         \
        }

static const size_t whole_and_chopped[] = {SIZE_MAX, 997};
static const size_t whole_and_octets[] = {SIZE_MAX, 1};

static void test_framing(void **state)
{
    (void)state;
    RUN_ALL(framing, whole_and_chopped)
}

static void test_pings(void **state)
{
    (void)state;
    RUN_ALL(pings, whole_and_octets)
}

static void test_reserved_bits(void **state)
{
    (void)state;
    RUN_ALL(reserved_bits, whole_and_octets)
}

static void test_opcodes(void **state)
{
    (void)state;
    RUN_ALL(opcodes, whole_and_octets)
}

static void test_fragmentation(void **state)
{
    (void)state;
    RUN_ALL(fragmentation, whole_and_octets)
}

static void test_utf8(void **state)
{
    (void)state;
    RUN_ALL(utf8, whole_and_octets)
}

static void test_closes(void **state)
{
    (void)state;
    RUN_ALL(closes, whole_and_chopped)
}

static void test_sizes(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, sizes)
        FOR_EACH (piece, whole_and_chopped, ARRAY_LENGTH(whole_and_chopped)) {
            struct talk t;
            scoped_buf struct buf bytes = {0};
            uint64_t want;
            assert_true(str_to_u64(str_from(c->want), &want));
            put_frames(&bytes, c);
            open_echo(&t, TALK_OVER_TLS);
            send_in_pieces(&t, buf_str(&bytes), *piece);
            while (t.received < want)
                talk_turn(&t);
            assert_int_equal(t.received, want);
            talk_release(&t);
        }
}

static void test_codes(void **state)
{
    (void)state;
    FOR_EACH (code, codes, ARRAY_LENGTH(codes)) {
        struct talk t;
        char want[32], payload[2] = {(char)(code->code >> 8), (char)code->code};
        open_echo(&t, TALK_OVER_TCP);
        talk_send(&t, TALK_FIN | TALK_CLOSE, str_of(payload, sizeof(payload)));
        (void)snprintf(want, sizeof(want), "X %u;end", code->answer);
        talk_await_frames(&t, want);
        talk_release(&t);
    }
}

int main(void)
{
    (void)alarm(240); /* a test that waits for ever */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framing),       cmocka_unit_test(test_pings),
        cmocka_unit_test(test_reserved_bits), cmocka_unit_test(test_opcodes),
        cmocka_unit_test(test_fragmentation), cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_closes),        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
