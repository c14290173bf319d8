/* SPDX-License-Identifier: Apache-2.0 */
#include "proxied.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/front/forwarded.h"
#include "turnpike/net/proxy_protocol.h"

/* The header is looked at in the kernel's buffer and taken out only when it is whole, so that not a
 * byte of what follows (a TLS hello) is lost. */
struct proxied {
    struct proxied_list *list;
    struct proxied *next, **previous;
    struct http1_listener *listener;
    uv_poll_t poll;
    struct timer timer; /* the deadline; before it, pauses between two looks at part of a header */
    uint64_t deadline;
    int fd; /* -1: handed on */
    struct ip peer;
};

#define LOOK_AGAIN (20 * USEC_PER_MSEC)

static void on_poll_closed(uv_handle_t *handle)
{
    struct proxied *p = container_of((uv_poll_t *)handle, struct proxied, poll);
    struct http1_listener *listener = p->listener;
    if (p->fd >= 0)
        (void)close(p->fd);
    free(p);
    listener->clients--;
    listener->on_client_gone(listener);
}

static void finish(struct proxied *p)
{
    if (uv_is_closing((uv_handle_t *)&p->poll))
        return;
    *p->previous = p->next;
    if (p->next)
        p->next->previous = p->previous;
    p->list->count--;
    timer_cancel(p->listener->gateway->loop, &p->timer);
    (void)uv_poll_stop(&p->poll);
    uv_close((uv_handle_t *)&p->poll, on_poll_closed);
}

/* The poll is stopped before the socket goes to its next owner, who polls it anew. */
static void serve(struct proxied *p, const struct proxy_header *header)
{
    char *scratch = p->listener->gateway->loop->scratch;
    int fd = p->fd;
    if (recv(fd, scratch, header->size, 0) != (ssize_t)header->size) {
        finish(p);
        return;
    }
    p->fd = -1;
    finish(p);
    edge_serve(p->listener, fd, header->local ? &p->peer : &header->source);
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void watch(struct proxied *p)
{
    (void)uv_poll_start(&p->poll, UV_READABLE | UV_DISCONNECT, on_readable);
}

static void on_timer(struct timer *timer)
{
    struct proxied *p = container_of(timer, struct proxied, timer);
    if (loop_now(p->listener->gateway->loop) >= p->deadline)
        finish(p);
    else
        watch(p);
}

/* Part of a header has come: nothing tells when more does, but few proxies ever cut it. */
static void look_again_later(struct proxied *p)
{
    struct loop *loop = p->listener->gateway->loop;
    uint64_t again = loop_now(loop) + LOOK_AGAIN;
    (void)uv_poll_stop(&p->poll);
    timer_start(loop, &p->timer, again < p->deadline ? again : p->deadline, on_timer);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct proxied *p = container_of(poll, struct proxied, poll);
    char *scratch = p->listener->gateway->loop->scratch;
    struct proxy_header header;
    (void)status;
    ssize_t len = recv(p->fd, scratch, PROXY_HEADER_MAX, MSG_PEEK);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len <= 0) {
        finish(p);
        return;
    }
    switch (proxy_header_parse(str_of(scratch, (size_t)len), &header)) {
    case PROXY_OK:
        serve(p, &header);
        return;
    case PROXY_INCOMPLETE:
        if (events & UV_DISCONNECT)
            finish(p); /* the rest will never come */
        else
            look_again_later(p);
        return;
    case PROXY_INVALID:
        finish(p);
        return;
    }
}

void proxied_open(struct proxied_list *list, struct http1_listener *listener, int fd,
                  const struct ip *peer, uint64_t timeout)
{
    if (!forwarded_is_trusted(listener->facts.settings, peer)) {
        (void)close(fd);
        return;
    }
    struct loop *loop = listener->gateway->loop;
    struct proxied *p = xcalloc(1, sizeof(*p));
    p->list = list;
    p->listener = listener;
    p->fd = fd;
    p->peer = *peer;
    p->deadline = loop_now(loop) + timeout;
    p->next = list->first;
    p->previous = &list->first;
    if (p->next)
        p->next->previous = &p->next;
    list->first = p;
    list->count++;
    listener->clients++;
    (void)uv_poll_init(&loop->uv, &p->poll, fd);
    timer_start(loop, &p->timer, p->deadline, on_timer);
    watch(p);
}

void proxied_close_all(struct proxied_list *list, const struct http1_listener *listener)
{
    for (struct proxied *p = list->first, *next; p; p = next) {
        next = p->next;
        if (p->listener == listener)
            finish(p);
    }
}
