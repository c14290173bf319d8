/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/resource.h>

#include "turnpike/base/log.h"
#include "turnpike/base/xalloc.h"

#include "websocket_bridge.h"
#include "websocket_private.h"

/* One a connection, for its life; what does not fit comes in several chunks. */
#define RX_BUFFER_SIZE 512
/* Without it RX_BUFFER_SIZE would count for a system call that sends, too. */
#define TX_PACKET_SIZE (1 << 24)
/* One for all: the 101 with its headers must fit. */
#define SERVICE_SIZE 16384
/* One would do: the replay is over before lws_adopt_socket_vhost_readbuf returns. */
#define HEADER_POOL 4
/* For which lws makes tables, of 16 bytes each. */
#define DESCRIPTORS_MAX 1048576
/* That many it takes whatever the limit, where that is not below. */
#define DESCRIPTORS_LEAST 2560
/* lws closes handles of its own, the last ones in the turn after the others. */
#define CLOSING_TURNS 3

/* Both say "calling service" at every adoption, as an error. */
static void on_log(int level, const char *line)
{
    struct str text = str_trim(str_head(str_from(line), strcspn(line, "\n")));
    (void)level;
    if (!str_ends_with(text, STR(": calling service")))
        log_warning("libwebsockets: %" STR_F, STR_A(text));
}

/* Pings and the hunt for dead peers are timers, and lws walks a list of all timers for each. The
 * zeros count for a virtual host only. */
static const lws_retry_bo_t no_timers;

static const struct lws_protocols protocols[] = {
    {.name = "websocket",
     .callback = websocket_on_lws,
     .rx_buffer_size = RX_BUFFER_SIZE,
     .tx_packet_size = TX_PACKET_SIZE},
    {0},
};

static int lower_descriptor_limit(const struct rlimit *old)
{
    struct rlimit lower = {DESCRIPTORS_MAX, old->rlim_max};
    if (old->rlim_cur <= DESCRIPTORS_MAX)
        return (int)old->rlim_cur;
    return setrlimit(RLIMIT_NOFILE, &lower) == 0 ? DESCRIPTORS_MAX : DESCRIPTORS_LEAST;
}

/* lws makes tables for as many descriptors as there may be at this moment, and writes beyond their
 * end where there are more later on. */
static void create_context(struct websocket_hub *hub, struct lws_context_creation_info *info)
{
    struct rlimit old = {DESCRIPTORS_LEAST, DESCRIPTORS_LEAST};
    (void)getrlimit(RLIMIT_NOFILE, &old);
    hub->descriptors_max = lower_descriptor_limit(&old);
    hub->context = lws_create_context(info);
    if (old.rlim_cur > DESCRIPTORS_MAX)
        (void)setrlimit(RLIMIT_NOFILE, &old);
}

static bool create(struct websocket_hub *hub)
{
    void *loops[] = {&hub->loop->uv};
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .foreign_loops = loops,
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .pt_serv_buf_size = SERVICE_SIZE,
        .max_http_header_pool = HEADER_POOL,
        .retry_and_idle_policy = &no_timers,
        .user = hub,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };
    lws_set_log_level(LLL_ERR, on_log);
    create_context(hub, &info);
    if (!hub->context)
        return false;
    info.vhost_name = "websocket";
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    hub->vhost = lws_create_vhost(hub->context, &info);
    return hub->vhost != NULL;
}

static void on_last_closed(uv_handle_t *handle);

static void await_handles(struct websocket_hub *hub)
{
    (void)uv_timer_init(&hub->loop->uv, &hub->last);
    uv_close((uv_handle_t *)&hub->last, on_last_closed);
}

static void release(struct websocket_hub *hub)
{
    free(hub->frame);
    free(hub);
}

static void on_last_closed(uv_handle_t *handle)
{
    struct websocket_hub *hub = container_of(handle, struct websocket_hub, last);
    if (--hub->turns_left > 0) {
        await_handles(hub);
        return;
    }
    lws_context_destroy(hub->context); /* only the second time frees, on a loop not its own */
    release(hub);
}

static void take_down(struct websocket_hub *hub)
{
    lws_context_destroy(hub->context);
    hub->turns_left = CLOSING_TURNS;
    await_handles(hub);
}

struct websocket_hub *websocket_hub_new(struct loop *loop, const struct websocket_events *events,
                                        struct error *ret_error)
{
    struct websocket_hub *hub = xcalloc(1, sizeof(*hub));
    hub->loop = loop;
    hub->events = events;
    websocket_queue_init(&hub->gathering);
    websocket_queue_init(&hub->starved);
    hub->frame = xmalloc(LWS_PRE + WEBSOCKET_ROOM);
    if (create(hub))
        return hub;
    error_set(ret_error, ERROR_UNSUPPORTED,
              "libwebsockets does not start: is its plugin for libuv installed?");
    if (hub->context)
        take_down(hub);
    else
        release(hub);
    return NULL;
}

void websocket_hub_limit(struct websocket_hub *hub, const struct websocket_limits *limits)
{
    assert(limits->frame_max > 0 && limits->buffered);
    hub->limits = *limits;
}

void websocket_hub_free(struct websocket_hub *hub)
{
    if (!hub)
        return;
    assert(hub->count == 0 && !hub->ending);
    hub->ending = true;
    bridges_hurry(hub);
    if (!hub->bridges)
        take_down(hub);
}

void websocket_hub_bridge_gone(struct websocket_hub *hub)
{
    if (hub->ending && !hub->bridges)
        take_down(hub);
}

size_t websocket_count(const struct websocket_hub *hub)
{
    return hub->count;
}

void websocket_each(struct websocket_hub *hub, void (*fn)(struct websocket *ws, void *data),
                    void *data)
{
    struct websocket *next;
    for (struct websocket *ws = hub->first; ws; ws = next) {
        next = ws->next;
        fn(ws, data);
    }
}
