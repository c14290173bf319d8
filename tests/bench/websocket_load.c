/* SPDX-License-Identifier: Apache-2.0 */
/* The clients of a WebSocket server, cheap enough to load it from one core. Lines of stdin tell
 * them what to do; each is answered with one line of JSON when it has been done:
 *
 *   open N M                    N more connections, M handshakes at a time (under TLS one)
 *   talk N SECONDS TEXT         the first N send TEXT, wait for one message, and so on
 *   ask TEXT                    each in turn sends TEXT; the answer is what they were sent
 *   post PORT FILE N SECONDS M  the requests of FILE (each: its bytes, then a NUL) go out over N
 *                               HTTP connections, until M messages have come to the WebSockets;
 *                               that again until SECONDS are over
 *
 * It is started as `websocket_load PORT PATH [tls]`. In PATH, # stands for a client's number. */
#include <unistd.h>

#include "turnpike/base/buf.h"
#include "turnpike/base/xalloc.h"
#include "websocket_client.h"

#define LATENCY_MAX 1000000 /* microseconds */

static struct clients all;

static struct {
    bool goes_on;   /* what was answered is said again */
    size_t waiting; /* clients, for an answer */
    uint64_t answers;
    unsigned char frame[MESSAGE_MAX + 6];
    size_t frame_len;
    uint32_t latencies[LATENCY_MAX]; /* answers by their microseconds */
} talk;

static struct {
    in_port_t port;
    struct client *clients;
    size_t count;
    struct buf requests;
    size_t at; /* of the next in `requests` */
    size_t waiting;
} post;

static void report(uint64_t count, uint64_t start, unsigned p99)
{
    printf("{\"count\":%llu,\"seconds\":%.6f,\"p99\":%.3f}\n", (unsigned long long)count,
           (double)(now() - start) / 1e6, p99 / 1e3);
}

static void do_open(const char *arguments)
{
    uint64_t start = now();
    size_t more = 0, at_once = 0;
    if (sscanf(arguments, "%zu %zu", &more, &at_once) != 2 || at_once == 0)
        die("open N M");
    for (size_t until = all.count + more; all.count < until || all.opening > 0;) {
        while (all.count < until && all.opening < at_once)
            clients_open_one(&all);
        if (all.opening > 0)
            clients_turn(&all);
    }
    report(more, start, 0);
}

/* --- talking --- */

static void say(struct client *c, uint64_t at)
{
    c->sent_at = at;
    client_send(c, talk.frame, talk.frame_len);
}

static void on_talk(struct client *c)
{
    uint64_t at = now(), latency = at - c->sent_at;
    talk.latencies[latency < LATENCY_MAX ? latency : LATENCY_MAX - 1]++;
    talk.answers++;
    if (talk.goes_on)
        say(c, at);
    else
        talk.waiting--;
}

static void start_talking(struct client *clients, size_t count)
{
    all.on_message = on_talk;
    talk.waiting = count;
    FOR_EACH (c, clients, count)
        say(c, now());
}

static void stop_talking(void)
{
    talk.goes_on = false;
    while (talk.waiting > 0)
        clients_turn(&all);
    all.on_message = NULL;
}

static unsigned percentile_99(void)
{
    unsigned at = 0;
    for (uint64_t seen = talk.latencies[0]; seen * 100 < talk.answers * 99;)
        seen += talk.latencies[++at];
    return at;
}

static void do_talk(const char *arguments)
{
    int text = 0;
    size_t count = 0;
    double seconds = 0;
    if (sscanf(arguments, "%zu %lf %n", &count, &seconds, &text) != 2 || count > all.count)
        die("talk N SECONDS TEXT");
    talk.frame_len = frame_write(talk.frame, arguments + text);
    memset(talk.latencies, 0, sizeof(talk.latencies));
    talk.answers = 0;
    talk.goes_on = true;
    uint64_t start = now();
    start_talking(all.items, count);
    while ((double)(now() - start) < seconds * 1e6)
        clients_turn(&all);
    stop_talking();
    report(talk.answers, start, percentile_99());
}

static void do_ask(const char *arguments)
{
    talk.frame_len = frame_write(talk.frame, arguments);
    FOR_EACH (c, all.items, all.count) {
        start_talking(c, 1);
        stop_talking();
        printf("%s\"%.*s\"", c == all.items ? "[" : ",", (int)c->message_len, c->message);
    }
    printf("]\n");
}

/* --- posting --- */

static void read_requests(const char *name)
{
    char bytes[65536];
    scoped_file FILE *file = fopen(name, "r");
    if (!file)
        die(name);
    buf_clear(&post.requests);
    for (size_t n; (n = fread(bytes, 1, sizeof(bytes), file)) > 0;)
        buf_append(&post.requests, str_of(bytes, n));
}

static void post_next(struct client *c)
{
    struct str rest = str_skip(buf_str(&post.requests), post.at);
    size_t len = strnlen(rest.at, rest.len);
    if (rest.len == 0)
        return;
    post.at += len + 1;
    post.waiting++;
    client_send(c, rest.at, len);
}

static void on_answer(struct client *c, struct str answer)
{
    if (!str_starts_with(answer, STR("HTTP/1.1 200")))
        die(xstrndup(answer.at, answer.len));
    post.waiting--;
    if (memmem(answer.at, answer.len, "Connection: close", 17))
        clients_dial_http(&all, c, post.port);
    post_next(c);
}

static void post_all(uint64_t messages)
{
    uint64_t until = all.messages + messages;
    post.at = 0;
    FOR_EACH (c, post.clients, post.count)
        post_next(c);
    while (post.waiting > 0 || all.messages < until)
        clients_turn(&all);
}

static void open_posters(void)
{
    all.on_answer = on_answer;
    post.clients = xcalloc(post.count, sizeof(*post.clients));
    FOR_EACH (c, post.clients, post.count)
        clients_dial_http(&all, c, post.port);
}

static void close_posters(void)
{
    FOR_EACH (c, post.clients, post.count)
        close(c->fd);
    free(post.clients);
}

static void do_post(const char *arguments)
{
    char name[512];
    double seconds = 0;
    unsigned long messages = 0, times = 0;
    if (sscanf(arguments, "%hu %511s %zu %lf %lu", &post.port, name, &post.count, &seconds,
               &messages) != 5)
        die("post PORT FILE N SECONDS M");
    read_requests(name);
    open_posters();
    uint64_t start = now();
    do {
        post_all(messages);
        times++;
    } while ((double)(now() - start) < seconds * 1e6);
    report(times * messages, start, 0);
    close_posters();
}

static const struct {
    const char *name;
    void (*run)(const char *arguments);
} commands[] = {
    {"open ", do_open},
    {"talk ", do_talk},
    {"ask ", do_ask},
    {"post ", do_post},
};

static void obey(const char *line)
{
    FOR_EACH (command, commands, ARRAY_LENGTH(commands)) {
        size_t len = strlen(command->name);
        if (strncmp(line, command->name, len) == 0) {
            command->run(line + len);
            return;
        }
    }
    die("no such command");
}

int main(int argc, char **argv)
{
    char line[4096];
    if (argc < 3)
        die("websocket_load PORT PATH [tls]");
    clients_init(&all, (in_port_t)atoi(argv[1]), argv[2], argc > 3);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        obey(line);
    }
    return 0;
}
