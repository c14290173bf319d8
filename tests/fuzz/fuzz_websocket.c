/* SPDX-License-Identifier: Apache-2.0 */
/* Plays both sides of one connection by a script: the client sends frames, whole, cut and broken;
 * the server sends, pauses, closes and kills, in between and from within its events. Whatever
 * comes, the connection closes exactly once, after which nothing comes; messages keep to the
 * limits, are UTF-8 where they are text, and none comes while paused. */
#include "turnpike/net/websocket.h"

#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/utf8.h"

#include "fuzz.h"

#define MESSAGE_MAX 1000
#define FRAME_MAX   300

static struct {
    struct loop loop;
    struct websocket_hub *hub;
    struct budget buffered;
    struct websocket *ws;
    int client;
    bool closed, paused, takes_binary, inside;
} play;

static char filler[4096];

static void send_text(size_t len)
{
    (void)!websocket_send(play.ws, str_of(filler, len), false);
}

static void pause_it(void)
{
    play.paused = true;
    websocket_pause(play.ws);
}

static void resume_it(void)
{
    play.paused = false;
    websocket_resume(play.ws);
}

static void react(char how)
{
    switch (how) {
    case 'e':
        send_text(10);
        break;
    case 'm':
        for (int i = 0; i < 50; i++)
            send_text(900);
        break;
    case 'p':
        pause_it();
        break;
    case 'c':
        websocket_close(play.ws, 4000, STR("asked to"));
        break;
    case 'k':
        websocket_kill(play.ws);
        break;
    case 'i':
        websocket_ping(play.ws);
        break;
    default:
        break;
    }
}

static void on_message(struct websocket *ws, struct str message, bool binary)
{
    REQUIRE(ws == play.ws && !play.closed && !play.paused && !play.inside);
    REQUIRE(message.len <= MESSAGE_MAX);
    REQUIRE(binary ? play.takes_binary : utf8_is_valid(message));
    play.inside = true;
    scoped_free char *copy = NULL;
    copy = malloc(message.len + 1); /* reads all of it, for the sanitizer */
    REQUIRE(copy);
    if (message.len)
        memcpy(copy, message.at, message.len);
    for (size_t i = 0; i < message.len && i < 4; i++)
        react(copy[i]);
    play.inside = false;
}

static void on_control(struct websocket *ws)
{
    REQUIRE(ws == play.ws && !play.closed && !play.inside);
}

static void on_closed(struct websocket *ws, unsigned code, struct str reason)
{
    REQUIRE(ws == play.ws && !play.closed && !play.inside);
    REQUIRE(code >= 1000 && code <= 4999 && utf8_is_valid(reason));
    play.closed = true;
}

static void begin_once(void)
{
    static const struct websocket_events events = {on_message, on_control, on_closed};
    static const struct websocket_limits limits = {
        .message_max = MESSAGE_MAX,
        .frame_max = FRAME_MAX,
        .pending_max = 1 << 18,
        .buffered_max = 800,
        .buffered = &play.buffered,
    };
    struct error error;
    if (play.hub)
        return;
    memset(filler, 'f', sizeof(filler));
    loop_init(&play.loop);
    play.hub = websocket_hub_new(&play.loop, &events, &error);
    REQUIRE(play.hub);
    websocket_hub_limit(play.hub, &limits);
}

static void put_frame(unsigned first, struct str payload)
{
    char frame[8 + 65536];
    size_t len = payload.len < 65536 ? payload.len : 65535, head = len < 126 ? 2 : 4;
    frame[0] = (char)first;
    frame[1] = (char)(0x80 | (len < 126 ? len : 126));
    frame[2] = (char)(len >> 8);
    frame[3] = (char)len;
    for (size_t i = 0; i < 4; i++)
        frame[head + i] = (char)(i + 1);
    for (size_t i = 0; i < len; i++)
        frame[head + 4 + i] = (char)(payload.at[i] ^ (i % 4 + 1));
    (void)send(play.client, frame, head + 4 + len, MSG_NOSIGNAL);
}

static void read_all(void)
{
    char bytes[65536];
    while (recv(play.client, bytes, sizeof(bytes), 0) > 0)
        ;
}

static struct str take_bytes(struct str *script, size_t len)
{
    struct str taken = str_head(*script, len);
    *script = str_skip(*script, len);
    return taken;
}

static unsigned take_byte(struct str *script)
{
    struct str byte = take_bytes(script, 1);
    return byte.len ? (unsigned char)byte.at[0] : 0;
}

static void act(unsigned how)
{
    if (play.closed)
        return;
    static const char reactions[] = "emcki";
    if (how < ARRAY_LENGTH(reactions) - 1)
        react(reactions[how]);
    else if (play.paused)
        resume_it();
    else
        pause_it();
}

/* One step: the low bits of its first byte say what, the others how. */
static void step(struct str *script)
{
    unsigned byte = take_byte(script), how = byte >> 3, first;
    struct str bytes;
    switch (byte & 7) {
    case 0: /* a text that is complete */
        put_frame(0x81, take_bytes(script, how));
        break;
    case 1: /* any frame */
        first = take_byte(script);
        put_frame(first, take_bytes(script, how));
        break;
    case 2: /* any bytes */
        bytes = take_bytes(script, take_byte(script));
        (void)send(play.client, bytes.at, bytes.len, MSG_NOSIGNAL);
        break;
    case 3: /* a long frame */
        first = take_byte(script);
        put_frame(first, str_of(filler, how * 50));
        break;
    case 4:
        act(how);
        break;
    case 5:
        read_all();
        break;
    default:
        for (unsigned i = 0; i <= how; i++)
            (void)uv_run(&play.loop.uv, UV_RUN_NOWAIT);
    }
}

static void end(void)
{
    (void)close(play.client);
    for (int i = 0; i < 4 && !play.closed; i++) {
        if (play.paused)
            resume_it();
        (void)uv_run(&play.loop.uv, UV_RUN_NOWAIT);
    }
    if (!play.closed)
        websocket_kill(play.ws); /* it may be stuck, or starve */
    while (!play.closed || websocket_count(play.hub) > 0)
        (void)uv_run(&play.loop.uv, UV_RUN_NOWAIT);
    REQUIRE(play.buffered.used == 0);
}

/* The first byte says what the server takes, and how many bytes come with the handshake. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[2];
    struct str script = fuzz_input(data, size);
    struct websocket_handshake handshake = {.key = STR("dGhlIHNhbXBsZSBub25jZQ==")};
    begin_once();
    unsigned options = take_byte(&script);
    play.closed = play.paused = play.inside = false;
    play.takes_binary = handshake.takes_binary = options & 1;
    handshake.early = take_bytes(&script, options >> 1);
    int failed = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
    REQUIRE(!failed);
    play.client = fds[1];
    play.ws = websocket_open(play.hub, fds[0], NULL, &handshake, NULL);
    REQUIRE(play.ws && !play.closed);
    while (script.len > 0)
        step(&script);
    end();
    return 0;
}
