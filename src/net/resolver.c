/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/net/resolver.h"

#include <netdb.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define KEEP (5 * USEC_PER_SEC) /* short: names of containers move */

struct resolver {
    struct loop *loop;
    char *host;
    uint16_t port;
    struct addresses addresses;
    uint64_t known_until; /* 0: not known; UINT64_MAX: numeric */
    bool asking, freed;
    uv_getaddrinfo_t request;
    struct task refused; /* the question could not even be asked */
    struct resolver_wait *waiting;
};

static bool add_address(struct resolver *r, const struct sockaddr *address, size_t size)
{
    struct addresses *all = &r->addresses;
    if (all->count == ADDRESSES_MAX || size > sizeof(all->items[0]))
        return false;
    memcpy(&all->items[all->count++], address, size);
    return true;
}

static void read_numeric(struct resolver *r)
{
    union address a = {0};
    bool known = uv_ip4_addr(r->host, r->port, &a.v4) == 0 || //
                 uv_ip6_addr(r->host, r->port, &a.v6) == 0;
    if (known && add_address(r, &a.any, sizeof(a)))
        r->known_until = UINT64_MAX;
}

static void keep_answer(struct resolver *r, const struct addrinfo *answer)
{
    r->addresses.count = 0;
    for (; answer; answer = answer->ai_next)
        (void)add_address(r, answer->ai_addr, answer->ai_addrlen);
    r->known_until = r->addresses.count ? loop_now(r->loop) + KEEP : 0;
}

/* Only those who waited when the answer came: who begins to wait in a callback waits for the next.
 */
static void tell_all(struct resolver *r, const struct error *error)
{
    struct resolver_wait *told = r->waiting;
    if (told)
        told->at = &told;
    r->waiting = NULL;
    struct addresses addresses = r->addresses;
    while (told) {
        struct resolver_wait *wait = told;
        resolver_cancel(wait);
        wait->fn(wait, error ? NULL : &addresses, error);
    }
}

static void release(struct resolver *r)
{
    free(r->host);
    free(r);
}

static void tell_failure(struct resolver *r, int status)
{
    struct error error;
    error_set(&error, ERROR_CONNECT, "look up '%s': %s", r->host,
              status < 0 ? uv_strerror(status) : "no address");
    tell_all(r, &error);
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *answer)
{
    struct resolver *r = container_of(request, struct resolver, request);
    r->asking = false;
    if (r->freed) {
        uv_freeaddrinfo(answer);
        release(r);
        return;
    }
    keep_answer(r, answer);
    uv_freeaddrinfo(answer);
    if (r->addresses.count)
        tell_all(r, NULL);
    else
        tell_failure(r, status);
}

static void on_refused(struct task *task)
{
    tell_failure(container_of(task, struct resolver, refused), UV_EAI_NONAME);
}

static void ask(struct resolver *r)
{
    char service[6];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    (void)snprintf(service, sizeof(service), "%u", r->port);
    r->asking = uv_getaddrinfo(&r->loop->uv, &r->request, on_answer, r->host, service, &hints) == 0;
    if (!r->asking) /* no name at all, by its length or its characters */
        task_defer(r->loop, &r->refused, on_refused);
}

struct resolver *resolver_new(struct loop *loop, struct str host, uint16_t port)
{
    struct resolver *r = xcalloc(1, sizeof(*r));
    *r = (struct resolver){.loop = loop, .host = xstrndup(host.at, host.len), .port = port};
    read_numeric(r);
    return r;
}

void resolver_free(struct resolver *r)
{
    if (!r)
        return;
    assert(!r->waiting);
    task_cancel(r->loop, &r->refused);
    r->freed = true;
    if (!r->asking)
        release(r);
    else
        (void)uv_cancel((uv_req_t *)&r->request); /* where it has not begun; answered in any case */
}

const struct addresses *resolver_start(struct resolver *r, struct resolver_wait *wait,
                                       resolver_fn *fn)
{
    if (r->known_until == UINT64_MAX || loop_now(r->loop) < r->known_until)
        return &r->addresses;
    *wait = (struct resolver_wait){.fn = fn, .next = r->waiting, .at = &r->waiting};
    if (wait->next)
        wait->next->at = &wait->next;
    r->waiting = wait;
    if (!r->asking)
        ask(r);
    return NULL;
}

void resolver_cancel(struct resolver_wait *wait)
{
    if (!wait->at)
        return;
    *wait->at = wait->next;
    if (wait->next)
        wait->next->at = wait->at;
    wait->at = NULL;
}
