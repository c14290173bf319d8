/* SPDX-License-Identifier: Apache-2.0 */
/* Plays the process of a hosted function that sends anything to its Runtime API, in pieces of any
 * size, over one connection after the other. Whatever it does, its invocation ends exactly once,
 * and nobody else's does. The first byte is the size of the pieces; in the rest, byte 1 stands for
 * the current request id, byte 2 for another connection. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/backend/lambda.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/net/keeper.h"

#include "fuzz.h"

#define LONG  (600 * USEC_PER_SEC)
#define TURNS 20

/* In place of the library's keeper: one process at a time, which the input plays. */
struct child {
    const struct child_events *events; /* NULL: none is there */
    void *owner;
    uint16_t port;
};

static struct {
    struct loop loop;
    struct counters *counters;
    struct lambda *lambda;
    struct hosting hosting;
    struct snapshot *snapshot;
    struct child child;
    int socket;
    bool begun, done;
    char request_id[37];
} play = {.socket = -1};

struct keeper *keeper_new(struct loop *loop, const char *program, struct error *ret_error)
{
    (void)loop, (void)program, (void)ret_error;
    return (struct keeper *)&play.child;
}

void keeper_free(struct keeper *k)
{
    (void)k;
}

struct child *keeper_spawn(struct keeper *k, const struct child_spec *spec,
                           const struct child_events *events, void *owner, struct error *ret_error)
{
    static const char name[] = "AWS_LAMBDA_RUNTIME_API=127.0.0.1:";
    (void)k, (void)ret_error;
    REQUIRE(!play.child.events);
    play.child = (struct child){events, owner, 0};
    for (const char *const *v = spec->environment; *v; v++)
        if (strncmp(*v, name, sizeof(name) - 1) == 0)
            play.child.port = (uint16_t)atoi(*v + sizeof(name) - 1);
    return &play.child;
}

void *child_owner(const struct child *child)
{
    return child->owner;
}

pid_t child_pid(const struct child *child)
{
    (void)child;
    return 0;
}

void child_kill(struct child *child, int signal)
{
    (void)child, (void)signal;
}

void child_release(struct child *child)
{
    child->events = NULL;
}

static void on_line(void *data, const struct hosted_line *line)
{
    (void)data;
    if (str_starts_with(line->text, STR("START ")))
        memcpy(play.request_id, line->request_id.at, 36);
}

static bool hears_lines(void *data)
{
    (void)data;
    return true;
}

static void on_word(void *data, struct str function, struct str word)
{
    (void)data, (void)function, (void)word;
}

static struct sigv4_key issue_key(void *data, struct str function)
{
    (void)data, (void)function;
    return (struct sigv4_key){0};
}

static void revoke_key(void *data, const struct sigv4_key *key)
{
    (void)data, (void)key;
}

static void make_snapshot(void)
{
    struct snapshot *s = xcalloc(1, sizeof(*s));
    s->references = 1;
    arena_init(&s->arena, 4096);
    s->settings.aws_region = STR("us-east-1");
    s->settings.account_id = STR("123456789012");
    struct function *f = arena_new(&s->arena, struct function);
    *f = (struct function){.name = STR("f"),
                           .timeout = LONG,
                           .process = {.on = true,
                                       .directory = {.text = STR("/")},
                                       .concurrency = 1,
                                       .idle_timeout = LONG,
                                       .init_timeout = LONG}};
    *list_push(&s->arena, &f->process.command) = STR("run");
    *list_push(&s->arena, &s->functions) = f;
    (void)map_set(&s->functions_by_name, f->name, f);
    lambda_prepare(play.lambda, s);
    lambda_use(play.lambda, s);
    play.snapshot = s;
}

static void begin_once(void)
{
    if (play.begun)
        return;
    play.begun = true;
    loop_init(&play.loop);
    play.counters = counters_new();
    play.lambda = lambda_new(&play.loop, NULL, play.counters);
    play.hosting.owner = (struct hosting_owner){.on_line = on_line,
                                                .hears_lines = hears_lines,
                                                .on_trouble = on_word,
                                                .on_notice = on_word,
                                                .issue_key = issue_key,
                                                .revoke_key = revoke_key};
    lambda_host(play.lambda, &play.hosting);
    make_snapshot();
}

static void turn(void)
{
    for (size_t i = 0; i < TURNS; i++)
        (void)uv_run(&play.loop.uv, UV_RUN_NOWAIT);
}

static void connect_anew(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(play.child.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (play.socket >= 0)
        (void)close(play.socket);
    play.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(connect(play.socket, (struct sockaddr *)&address, sizeof(address)) == 0);
    turn();
}

static void send_piece(struct str piece)
{
    char answers[4096];
    (void)!send(play.socket, piece.at, piece.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    turn();
    while (recv(play.socket, answers, sizeof(answers), MSG_DONTWAIT) > 0)
        ;
}

static void play_input(struct str input, size_t piece)
{
    while (input.len > 0) {
        size_t len = 0;
        while (len < input.len && len < piece && input.at[len] > '\2')
            len++;
        if (len > 0) {
            send_piece(str_head(input, len));
            input = str_skip(input, len);
            continue;
        }
        if (input.at[0] == '\1')
            send_piece(str_of(play.request_id, 36));
        else if (input.at[0] == '\2')
            connect_anew();
        else
            send_piece(str_head(input, 1));
        input = str_skip(input, 1);
    }
}

static void on_done(void *data, struct lambda_answer *answer)
{
    (void)data;
    REQUIRE(!play.done);
    REQUIRE(answer->failure == INTEGRATION_OK || answer->failure == INTEGRATION_FUNCTION_ERROR);
    play.done = true;
}

static void end_process(void)
{
    const struct child_events *events = play.child.events;
    play.child.events = NULL;
    (void)close(play.socket);
    play.socket = -1;
    if (events)
        events->on_exit(&play.child, &(struct child_exit){.started = true});
    while (!play.done || lambda_calls(play.lambda) > 0)
        loop_turn(&play.loop);
    turn();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 8192)
        return 0;
    begin_once();
    struct lambda_request request = {.function = play.snapshot->functions.items[0],
                                     .timeout = LONG};
    buf_literal(&request.payload, "{}");
    memset(play.request_id, '0', 36);
    play.done = false;
    (void)lambda_invoke(play.lambda, &request, on_done, NULL);
    loop_turn(&play.loop);
    if (play.child.events) { /* no start had failed just before */
        connect_anew();
        play_input(fuzz_input(data + 1, size - 1), (size_t)data[0] + 1);
    }
    end_process();
    return 0;
}
