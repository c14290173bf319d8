/* SPDX-License-Identifier: Apache-2.0 */
/* Functions as snapshots define them, and the live state that those definitions lead to. */
#include "turnpike/base/sigv4.h"
#include "turnpike/base/uri.h"
#include "turnpike/base/xalloc.h"

#include "lambda_private.h"

/* AWS: "Lambda quotas": 6 MB of a synchronous answer, and what Lambda adds. */
#define ANSWER_MAX (6 * 1024 * 1024 + 100)

#define INVOCATIONS_HELP "Invocations of functions by their result."
#define IN_FLIGHT_HELP   "Requests that a backend is working on."

static const char *const result_names[LAMBDA_RESULTS] = {
    [LAMBDA_RESULT_OK] = "ok",           [LAMBDA_RESULT_ERROR] = "error",
    [LAMBDA_RESULT_TIMEOUT] = "timeout", [LAMBDA_RESULT_THROTTLE] = "throttle",
    [LAMBDA_RESULT_CRASH] = "crash",
};

/* Live state. */

static void find_figures(struct counters *c, struct lambda_function *f)
{
    for (size_t i = 0; i < LAMBDA_RESULTS; i++) {
        struct label labels[] = {
            {"function", f->name                  },
            {"result",   str_from(result_names[i])}
        };
        f->results[i] = counters_figure(c, FIGURE_COUNTER, "turnpike_lambda_invocations_total",
                                        INVOCATIONS_HELP, labels, ARRAY_LENGTH(labels));
    }
    struct label backend = {"backend", f->name};
    f->in_flight = counters_figure(c, FIGURE_GAUGE, "turnpike_backend_inflight_requests",
                                   IN_FLIGHT_HELP, &backend, 1);
}

static struct lambda_function *find_function(struct lambda *l, struct str name)
{
    struct lambda_function *f = map_get(&l->functions, name);
    if (f)
        return lambda_function_ref(f);
    f = xcalloc(1, sizeof(*f) + name.len);
    f->lambda = l;
    f->references = 1;
    memcpy(f + 1, name.at, name.len);
    f->name = str_of((char *)(f + 1), name.len);
    TAILQ_INIT(&f->waiting);
    TAILQ_INIT(&f->under_way);
    LIST_INIT(&f->endpoints);
    find_figures(l->counters, f);
    (void)map_set(&l->functions, f->name, f);
    l->references++;
    return f;
}

struct lambda_function *lambda_function_ref(struct lambda_function *f)
{
    f->references++;
    return f;
}

void lambda_function_unref(struct lambda_function *f)
{
    if (--f->references > 0)
        return;
    struct lambda *l = f->lambda;
    (void)map_remove(&l->functions, f->name);
    pool_free(f->pool);
    free(f);
    lambda_unref(l);
}

void lambda_unref(struct lambda *l)
{
    if (--l->references > 0)
        return;
    map_release(&l->functions);
    free(l);
}

static struct lambda_endpoint *find_endpoint(struct lambda_function *f,
                                             const struct http_client_options *options)
{
    struct lambda_endpoint *e;
    LIST_FOREACH(e, &f->endpoints, entry)
    {
        if (e->client && e->tls == (options->curl != NULL) && e->port == options->port &&
            str_eq(e->host, options->host))
            return lambda_endpoint_ref(e);
    }
    e = xcalloc(1, sizeof(*e) + options->host.len);
    e->function = lambda_function_ref(f);
    e->references = 1;
    e->tls = options->curl != NULL;
    e->port = options->port;
    memcpy(e + 1, options->host.at, options->host.len);
    e->host = str_of((char *)(e + 1), options->host.len);
    e->client = http_client_new(f->lambda->loop, options);
    LIST_INSERT_HEAD(&f->endpoints, e, entry);
    return e;
}

struct lambda_endpoint *lambda_endpoint_ref(struct lambda_endpoint *e)
{
    e->references++;
    return e;
}

void lambda_endpoint_unref(struct lambda_endpoint *e)
{
    if (--e->references > 0)
        return;
    http_client_free(e->client);
    LIST_REMOVE(e, entry);
    lambda_function_unref(e->function);
    free(e);
}

/* Requests. */

static struct str write_head_before(struct arena *a, const struct function *f)
{
    scoped_buf struct buf name = {0};
    uri_encode(&name, f->remote_name);
    return arena_printf(a, "POST %" STR_F "/2015-03-31/functions/%" STR_F "/invocations",
                        STR_A(f->endpoint.base_path), STR_A(buf_str(&name)));
}

#define CONTENT_TYPE    "application/json"
#define INVOCATION_TYPE "RequestResponse"

static struct str write_head_behind(struct arena *a, const struct function *f)
{
    return arena_printf(a,
                        " HTTP/1.1\r\n"
                        "Host: %" STR_F "\r\n"
                        "User-Agent: turnpike/" TURNPIKE_VERSION "\r\n"
                        "Accept: */*\r\n"
                        "Content-Type: " CONTENT_TYPE "\r\n"
                        "X-Amz-Invocation-Type: " INVOCATION_TYPE "\r\n",
                        STR_A(f->endpoint.authority));
}

struct buf lambda_target_head(const struct lambda_target *t, struct str qualifier,
                              struct str trace_id, size_t payload_size)
{
    struct buf b = {0};
    (void)buf_reserve(&b, 512);
    buf_append(&b, t->head_before);
    /* RIE knows one version alone, and SAM refuses every query. */
    if (qualifier.len > 0 && t->emulator == EMULATOR_NONE) {
        buf_literal(&b, "?Qualifier=");
        uri_encode(&b, qualifier);
    }
    buf_append(&b, t->head_behind);
    if (trace_id.len > 0 && http_is_field_value(trace_id)) {
        buf_literal(&b, "X-Amzn-Trace-Id: ");
        buf_append(&b, trace_id);
        buf_literal(&b, "\r\n");
    }
    buf_literal(&b, "Content-Length: ");
    buf_append_u64(&b, payload_size);
    buf_literal(&b, "\r\n");
    return b;
}

static void sign(const struct lambda_target *t, struct buf *head, struct str payload, uint64_t wall)
{
    const struct signing *s = t->signing;
    struct sigv4_key key = {s->access_key_id, s->secret_access_key, s->session_token};
    struct str rest = buf_str(head), method, target;
    (void)str_split(&rest, ' ', &method);
    (void)str_split(&rest, ' ', &target);
    size_t question = str_find(target, '?');
    struct sigv4_request request = {.method = method,
                                    .path = str_head(target, question),
                                    .query = str_skip(target, question + 1),
                                    .headers = t->signed_headers,
                                    .header_count = ARRAY_LENGTH(t->signed_headers),
                                    .payload = payload};
    sigv4_sign(head, &key, s->region, STR("lambda"), &request, wall);
}

void lambda_target_end_head(const struct lambda_target *t, struct buf *head, struct str payload,
                            uint64_t wall)
{
    if (t->signing)
        sign(t, head, payload, wall);
    buf_literal(head, "\r\n");
}

/* Snapshots. */

static void on_snapshot_released(void *data)
{
    struct lambda_target *t = data;
    if (t->endpoint)
        lambda_endpoint_unref(t->endpoint);
    lambda_function_unref(t->function);
}

static struct lambda_target *make_hosted_target(struct lambda *l, struct snapshot *s,
                                                const struct function *f)
{
    struct lambda_target *t = arena_new(&s->arena, struct lambda_target);
    *t = (struct lambda_target){
        .function = find_function(l, f->name),
        .arn = arena_printf(&s->arena, "arn:aws:lambda:%" STR_F ":%" STR_F ":function:%" STR_F,
                            STR_A(s->settings.aws_region), STR_A(s->settings.account_id),
                            STR_A(f->name)),
        .timeout = f->timeout,
        .max_concurrency = f->process.concurrency,
        .max_queue = f->max_queue};
    snapshot_on_release(s, on_snapshot_released, t);
    return t;
}

static struct lambda_target *make_endpoint_target(struct lambda *l, struct snapshot *s,
                                                  const struct function *f)
{
    assert(l->curl || !f->endpoint.tls);
    struct lambda_target *t = arena_new(&s->arena, struct lambda_target);
    *t = (struct lambda_target){
        .function = find_function(l, f->name),
        .options = {.host = f->endpoint.host,
                    .port = f->endpoint.port,
                    .connect_timeout = f->connect_timeout,
                    .keep_alive_timeout = f->keep_alive_timeout,
                    .answer_max = ANSWER_MAX,
                    .idle_max = f->max_concurrency,
                    .curl = f->endpoint.tls ? l->curl : NULL},
        .head_before = write_head_before(&s->arena, f),
        .head_behind = write_head_behind(&s->arena, f),
        .signing = f->signing,
        .signed_headers = {{STR("Host"), f->endpoint.authority},
                    {STR("Content-Type"), STR(CONTENT_TYPE)},
                    {STR("X-Amz-Invocation-Type"), STR(INVOCATION_TYPE)}},
        .emulator = f->emulator,
        .timeout = f->timeout,
        .max_concurrency = f->max_concurrency,
        .max_queue = f->max_queue
    };
    t->endpoint = find_endpoint(t->function, &t->options);
    snapshot_on_release(s, on_snapshot_released, t);
    return t;
}

void lambda_prepare(struct lambda *l, struct snapshot *snapshot)
{
    FOR_EACH_IN (function, &snapshot->functions)
        (*function)->target = (*function)->process.on
                                  ? make_hosted_target(l, snapshot, *function)
                                  : make_endpoint_target(l, snapshot, *function);
}

static const struct function *find_hosted(const struct snapshot *snapshot, struct str name)
{
    const struct function *f = map_get(&snapshot->functions_by_name, name);
    return f && f->process.on ? f : NULL;
}

void lambda_use(struct lambda *l, struct snapshot *snapshot)
{
    struct lambda_function *f;
    if (!l->host.hosting)
        return;
    for (size_t i = 0; (f = map_next(&l->functions, &i));) {
        const struct function *hosted = find_hosted(snapshot, f->name);
        if (hosted && !f->pool)
            f->pool = pool_new(&l->host, f->name);
        if (f->pool)
            pool_use(f->pool, snapshot, hosted);
    }
}
