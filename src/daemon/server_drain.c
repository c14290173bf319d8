/* SPDX-License-Identifier: Apache-2.0 */
/* The way down: unready at once, listeners close after the delay, what is under way gets its time.
 */
#include "turnpike/base/log.h"
#include "turnpike/daemon/server.h"

static void stop_now(struct server *s)
{
    s->state = SERVER_STOPPED;
    timer_cancel(&s->loop, &s->timer);
    front_drain(s->front); /* where a second signal came before the delay had passed */
    front_abort(s->front);
    loop_stop(&s->loop);
}

static void on_drain_timeout(struct timer *timer)
{
    struct server *s = container_of(timer, struct server, timer);
    log_warning("the drain time is over: ending %zu requests and %zu connections, and the work on "
                "%zu events",
                s->gateway->exchange_count, front_connections(s->front),
                lambda_events_running(s->gateway->events));
    stop_now(s);
}

/* Called when a connection, the last exchange or the work on the last event has ended. */
static void on_ended(void *data)
{
    struct server *s = data;
    if (s->state == SERVER_DRAINING && gateway_is_idle(s->gateway) &&
        front_connections(s->front) == 0)
        stop_now(s);
}

static void drain(struct server *s)
{
    const struct shutdown_settings *settings = &s->gateway->snapshot->settings.shutdown;
    s->state = SERVER_DRAINING;
    log_notice("draining: %zu requests, %zu connections", s->gateway->exchange_count,
               front_connections(s->front));
    timer_start(&s->loop, &s->timer, loop_now(&s->loop) + settings->drain_timeout,
                on_drain_timeout);
    front_on_idle(s->front, on_ended, s);
    s->gateway->on_idle = on_ended; /* an exchange may outlive its client: a worker has it */
    s->gateway->on_idle_data = s;
    front_drain(s->front);
    on_ended(s);
}

static void on_delay_over(struct timer *timer)
{
    drain(container_of(timer, struct server, timer));
}

void server_stop(struct server *s)
{
    if (s->state != SERVER_RUNNING) {
        log_notice("stopping at once");
        stop_now(s);
        return;
    }
    uint64_t delay = s->gateway->snapshot->settings.shutdown.delay;
    log_notice("stopping");
    systemd_stopping();
    s->state = SERVER_LEAVING;
    if (delay > 0)
        timer_start(&s->loop, &s->timer, loop_now(&s->loop) + delay, on_delay_over);
    else
        drain(s);
}
