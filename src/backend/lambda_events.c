/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/backend/lambda_events.h"

#include <sys/queue.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#define RETRIES ARRAY_LENGTH(((struct lambda_events_times){0}).retries)

#define MINUTE (60 * USEC_PER_SEC)

const struct lambda_events_times lambda_events_times = {
    .retries = {MINUTE, 2 * MINUTE},
    .pause_min = USEC_PER_SEC,
    .pause_max = 5 * MINUTE,
    .age_max = 360 * MINUTE,
};

/* The events of one function. Lives while there are any. */
struct event_queue {
    struct lambda_events *events;
    struct str name; /* behind the struct */
    size_t count, running;
    TAILQ_HEAD(, event) all;
    TAILQ_HEAD(, event) ready; /* those that wait for their turn */
    struct task starting;
    struct figure *figure;
};

/* One event. Owned by its queue. */
struct event {
    struct event_queue *queue;
    TAILQ_ENTRY(event) entry, ready;
    struct str qualifier, trace_id, request_id; /* behind the struct */
    struct buf payload;
    struct share held, counted; /* of limits.bufferedBytes, and of the quarter of it */
    uint64_t accepted;
    uint64_t pause;   /* the last one; 0: none yet */
    unsigned retries; /* after failures of the function */
    struct timer timer;
    struct lambda_call *call;
    struct snapshot *snapshot; /* of the call; a reference */
};

struct lambda_events {
    struct loop *loop;
    struct lambda *lambda;
    struct budget *buffered;
    struct counters *counters;
    struct lambda_events_times times;
    struct lambda_events_owner owner;
    struct map queues; /* by function */
    struct budget bytes;
    size_t count, running;
};

struct lambda_events *lambda_events_new(struct loop *loop, struct lambda *lambda,
                                        struct budget *buffered, struct counters *counters,
                                        const struct lambda_events_times *times,
                                        const struct lambda_events_owner *owner)
{
    struct lambda_events *e = xcalloc(1, sizeof(*e));
    *e = (struct lambda_events){.loop = loop,
                                .lambda = lambda,
                                .buffered = buffered,
                                .counters = counters,
                                .times = *times,
                                .owner = *owner};
    return e;
}

size_t lambda_events_count(const struct lambda_events *e)
{
    return e->count;
}

size_t lambda_events_running(const struct lambda_events *e)
{
    return e->running;
}

/* Queues. */

static struct figure *count_figure(struct lambda_events *e, struct str function)
{
    struct label label = {"function", function};
    return counters_figure(e->counters, FIGURE_GAUGE, "turnpike_lambda_events",
                           "Events that wait for their function or are worked on.", &label, 1);
}

static struct event_queue *find_queue(struct lambda_events *e, struct str name)
{
    struct event_queue *q = map_get(&e->queues, name);
    if (q)
        return q;
    q = xcalloc(1, sizeof(*q) + name.len);
    q->events = e;
    memcpy(q + 1, name.at, name.len);
    q->name = str_of((char *)(q + 1), name.len);
    q->figure = count_figure(e, name);
    TAILQ_INIT(&q->all);
    TAILQ_INIT(&q->ready);
    (void)map_set(&e->queues, q->name, q);
    return q;
}

static void free_queue_if_empty(struct event_queue *q)
{
    if (q->count > 0)
        return;
    (void)map_remove(&q->events->queues, q->name);
    task_cancel(q->events->loop, &q->starting);
    free(q);
}

static void count_event(struct event_queue *q, int change)
{
    q->count += (size_t)change;
    q->events->count += (size_t)change;
    q->figure->value = (double)q->count;
}

static void count_running(struct event_queue *q, int change)
{
    q->running += (size_t)change;
    q->events->running += (size_t)change;
}

/* Events. The end of one leaves its queue, even where it was the last. */

static void end_event(struct event *event)
{
    struct event_queue *q = event->queue;
    TAILQ_REMOVE(&q->all, event, entry);
    timer_cancel(q->events->loop, &event->timer);
    buf_release(&event->payload);
    share_release(&event->held);
    share_release(&event->counted);
    snapshot_unref(event->snapshot);
    free(event);
    count_event(q, -1);
}

static void drop(struct event *event, struct str why)
{
    const struct event_queue *q = event->queue;
    const struct lambda_events_owner *owner = &q->events->owner;
    struct label label = {"function", q->name};
    figure_add(counters_figure(q->events->counters, FIGURE_COUNTER,
                               "turnpike_lambda_events_dropped_total", "Events that were given up.",
                               &label, 1),
               1);
    owner->dropped(owner->data, q->name, event->request_id, why);
    end_event(event);
}

static void start_ready(struct event_queue *q);

static void on_starting(struct task *task)
{
    struct event_queue *q = container_of(task, struct event_queue, starting);
    start_ready(q);
    free_queue_if_empty(q);
}

/* Its turn comes at the end of the loop's: whoever added it is told of nothing before. */
static void make_ready(struct event *event)
{
    struct event_queue *q = event->queue;
    TAILQ_INSERT_TAIL(&q->ready, event, ready);
    task_defer(q->events->loop, &q->starting, on_starting);
}

static void on_delay_over(struct timer *timer)
{
    make_ready(container_of(timer, struct event, timer));
}

static void try_again(struct event *event, uint64_t delay, struct str why)
{
    const struct lambda_events *e = event->queue->events;
    uint64_t due = loop_now(e->loop) + delay;
    if (due > event->accepted + e->times.age_max)
        drop(event, why);
    else
        timer_start(e->loop, &event->timer, due, on_delay_over);
}

/* The function could not be invoked: that is no failure of it. */
static void pause_event(struct event *event, struct str why)
{
    const struct lambda_events_times *times = &event->queue->events->times;
    uint64_t next = event->pause ? 2 * event->pause : times->pause_min;
    event->pause = next < times->pause_max ? next : times->pause_max;
    try_again(event, event->pause, why);
}

static void retry(struct event *event, struct str why)
{
    const struct lambda_events_times *times = &event->queue->events->times;
    if (event->retries == RETRIES) {
        drop(event, why);
        return;
    }
    event->pause = 0;
    try_again(event, times->retries[event->retries++], why);
}

/* Calls. */

static void settle(struct event *event, const struct lambda_answer *answer)
{
    struct str why = answer->detail.len ? answer->detail : answer->error;
    if (answer->failure == INTEGRATION_OK)
        end_event(event);
    else if (answer->failure == INTEGRATION_FUNCTION_ERROR)
        retry(event, why);
    else
        pause_event(event, why);
}

static void on_answer(void *data, struct lambda_answer *answer)
{
    struct event *event = data;
    struct event_queue *q = event->queue;
    struct lambda_events *e = q->events;
    event->call = NULL;
    snapshot_unref(take(&event->snapshot));
    count_running(q, -1);
    settle(event, answer);
    start_ready(q);
    free_queue_if_empty(q);
    if (e->running == 0 && e->owner.idle)
        e->owner.idle(e->owner.data);
}

/* Whoever waits for an answer has half of the function at least. */
static unsigned slots(const struct function *f)
{
    unsigned all = f->process.on ? f->process.concurrency : f->max_concurrency;
    return all > 1 ? all / 2 : 1;
}

/* The event keeps its payload for the next try. */
static bool copy_payload(const struct event *event, const struct snapshot *snapshot,
                         struct lambda_request *request)
{
    struct str payload = buf_str(&event->payload);
    if (!share_grow(&request->held, event->queue->events->buffered, payload.len,
                    snapshot->settings.limits.buffered_bytes))
        return false;
    buf_append(&request->payload, payload);
    return true;
}

static void run(struct event *event, const struct function *f, struct snapshot *snapshot)
{
    struct event_queue *q = event->queue;
    struct lambda_events *e = q->events;
    uint64_t now = loop_now(e->loop), last = event->accepted + e->times.age_max;
    struct lambda_request request = {.function = f,
                                     .qualifier = event->qualifier,
                                     .trace_id = event->trace_id,
                                     .request_id = event->request_id,
                                     .timeout = (last > now ? last - now : 0) + f->timeout +
                                                f->process.init_timeout,
                                     .apart_max = LAMBDA_EVENTS_MAX};
    if (!copy_payload(event, snapshot, &request)) {
        pause_event(event, STR("all of the bytes of limits.bufferedBytes were in use"));
        return;
    }
    event->snapshot = snapshot_ref(snapshot);
    count_running(q, 1);
    event->call = lambda_invoke(e->lambda, &request, on_answer, event);
}

static void start_ready(struct event_queue *q)
{
    struct snapshot *snapshot = q->events->owner.snapshot(q->events->owner.data);
    const struct function *f = map_get(&snapshot->functions_by_name, q->name);
    struct event *event;
    while ((event = TAILQ_FIRST(&q->ready)) && (!f || q->running < slots(f))) {
        TAILQ_REMOVE(&q->ready, event, ready);
        if (f)
            run(event, f, snapshot);
        else
            drop(event, STR("the function is not configured any longer"));
    }
}

/* Accepting. */

static struct str put(char **at, struct str s)
{
    struct str copy = str_of(*at, s.len);
    if (s.len)
        memcpy(*at, s.at, s.len);
    *at += s.len;
    return copy;
}

static size_t text_len(const struct lambda_event *event)
{
    return event->qualifier.len + event->trace_id.len + event->request_id.len;
}

static struct event *make_event(struct event_queue *q, struct lambda_event *from)
{
    struct event *event = xcalloc(1, sizeof(*event) + text_len(from));
    char *at = (char *)(event + 1);
    event->queue = q;
    event->qualifier = put(&at, from->qualifier);
    event->trace_id = put(&at, from->trace_id);
    event->request_id = put(&at, from->request_id);
    event->payload = from->payload;
    event->held = from->held;
    event->accepted = loop_now(q->events->loop);
    from->payload = (struct buf){0};
    from->held = (struct share){0};
    return event;
}

bool lambda_events_add(struct lambda_events *e, struct lambda_event *event)
{
    const struct settings *settings = &e->owner.snapshot(e->owner.data)->settings;
    struct event_queue *q = find_queue(e, event->function);
    struct share counted = {0};
    size_t size = sizeof(struct event) + text_len(event) + buf_len(&event->payload);
    if (q->count >= LAMBDA_EVENTS_MAX ||
        !share_grow(&counted, &e->bytes, size, settings->limits.buffered_bytes / 4)) {
        free_queue_if_empty(q);
        return false;
    }
    struct event *added = make_event(q, event);
    added->counted = counted;
    TAILQ_INSERT_TAIL(&q->all, added, entry);
    count_event(q, 1);
    make_ready(added);
    return true;
}

/* The end. */

static void end_queue(struct event_queue *q)
{
    for (struct event *event = TAILQ_FIRST(&q->all), *next; event; event = next) {
        next = TAILQ_NEXT(event, entry);
        if (event->call)
            lambda_abandon(event->call);
        end_event(event);
    }
    task_cancel(q->events->loop, &q->starting);
    free(q);
}

void lambda_events_free(struct lambda_events *e)
{
    struct event_queue *q;
    if (!e)
        return;
    for (size_t i = 0; (q = map_next(&e->queues, &i));)
        end_queue(q);
    map_release(&e->queues);
    free(e);
}
