/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket connections through the whole pipeline without a socket: the test is the edge of the
 * handshake, the wire of the connection, the functions and the clock. */
#include "support/fake_lambda.h"
#include "testing.h"
#include "turnpike/base/clock.h"
#include "turnpike/gateway/connection.h"
#include "turnpike/gateway/exchange.h"
#include "turnpike/model/builder.h"

/* The edge. */

struct test_sink {
    struct sink sink;
    bool upgraded, responded;
    unsigned status;
    char body[256];
    char subprotocol[64];
};

static void want_body(struct sink *sink)
{
    (void)sink;
}

static void respond(struct sink *sink, const struct response *response)
{
    struct test_sink *s = container_of(sink, struct test_sink, sink);
    s->responded = true;
    s->status = response->status;
    (void)snprintf(s->body, sizeof(s->body), "%" STR_F, STR_A(response->body));
}

static void upgrade(struct sink *sink, const struct response *response)
{
    struct test_sink *s = container_of(sink, struct test_sink, sink);
    const struct header *chosen = http_find_header(response->headers.items, response->headers.count,
                                                   STR("sec-websocket-protocol"));
    s->upgraded = true;
    s->status = 101;
    if (chosen)
        (void)snprintf(s->subprotocol, sizeof(s->subprotocol), "%" STR_F, STR_A(chosen->value));
}

static const struct sink_ops sink_ops = {
    .want_body = want_body, .respond = respond, .upgrade = upgrade};

/* The wire: remembers what is done to it. */

struct test_wire {
    size_t frames, pings, pauses, resumes, kills;
    char last[512];
    unsigned close_code;
    char close_reason[128];
    bool full, gone, paused; /* sends are refused; messages wait */
};

static enum connection_sent wire_send(void *data, struct str message, bool binary)
{
    struct test_wire *w = data;
    (void)binary;
    if (w->gone)
        return CONNECTION_GONE;
    if (w->full)
        return CONNECTION_TOO_SLOW;
    w->frames++;
    (void)snprintf(w->last, sizeof(w->last), "%" STR_F, STR_A(message));
    return CONNECTION_SENT;
}

static void wire_ping(void *data)
{
    ((struct test_wire *)data)->pings++;
}

static void wire_pause(void *data)
{
    ((struct test_wire *)data)->pauses++;
    ((struct test_wire *)data)->paused = true;
}

static void wire_resume(void *data)
{
    ((struct test_wire *)data)->resumes++;
    ((struct test_wire *)data)->paused = false;
}

static void wire_close(void *data, unsigned code, struct str reason)
{
    struct test_wire *w = data;
    w->close_code = code;
    (void)snprintf(w->close_reason, sizeof(w->close_reason), "%" STR_F, STR_A(reason));
}

static void wire_kill(void *data)
{
    ((struct test_wire *)data)->kills++;
}

static const struct connection_transport transport = {.send = wire_send,
                                                      .ping = wire_ping,
                                                      .pause = wire_pause,
                                                      .resume = wire_resume,
                                                      .close = wire_close,
                                                      .kill = wire_kill};

/* The gateway under test: API chat, stage prod, with functions behind $connect, $disconnect,
 * `one` (one-way), `two` (two-way), `slow` (throttled: one token), and MOCK behind `mock`. */

struct world {
    struct loop loop;
    struct diag diag;
    struct gateway *gateway;
    struct listener_settings listener;
};

static const struct position nowhere = {"test", 1, 1};

static struct route *add(struct builder *b, struct api *api, const char *key,
                         struct integration *integration)
{
    struct route *route = builder_add_websocket_route(b, api, nowhere, str_from(key));
    assert_non_null(route);
    route->integration = integration;
    return route;
}

static int no_variable(struct str name, const char **ret_nearest)
{
    (void)name;
    *ret_nearest = NULL;
    return -1;
}

static void add_mock(struct builder *b, struct api *api)
{
    struct arena *a = &b->snapshot->arena;
    struct str why;
    size_t offset;
    struct integration *mock = builder_add_integration(b, api, nowhere);
    mock->type = INTEGRATION_MOCK;
    struct named_template *request = list_push(a, &mock->websocket.templates);
    request->key = STR("$default");
    request->template =
        template_compile(a, STR("{\"statusCode\":200}"), no_variable, &why, &offset);
    struct integration_response *response = list_push(a, &mock->websocket.responses);
    struct named_template *answer = list_push(a, &response->templates);
    answer->key = STR("$default");
    answer->template =
        template_compile(a, STR("pong $input.path('$.text')"), no_variable, &why, &offset);
    add(b, api, "mock", mock)->websocket.two_way = true;
}

static void build_api(struct builder *b, bool with_default)
{
    struct str why;
    struct api *api = builder_add_api(b, nowhere, STR("chat"));
    api->protocol_type = PROTOCOL_WEBSOCKET;
    api->websocket.route_selection = selection_compile(
        &b->snapshot->arena, STR("$request.body.action"), SELECT_REQUEST_BODY, &why);
    struct stage *stage = builder_add_stage(b, api, nowhere, STR("prod"));
    struct integration *chat = builder_add_integration(b, api, nowhere);
    chat->uri = (struct written){STR("chat"), nowhere};
    chat->websocket.proxy = true;
    add(b, api, "$connect", chat);
    add(b, api, "$disconnect", chat);
    add(b, api, "one", chat);
    add(b, api, "two", chat)->websocket.two_way = true;
    add(b, api, "slow", chat);
    add_mock(b, api);
    if (with_default)
        add(b, api, "$default", chat);
    struct route_settings *slow = list_push(&b->snapshot->arena, &stage->route_settings);
    slow->route_key.text = STR("slow");
    slow->throttle = (struct throttle){true, 0.001, 1};
}

static struct snapshot *build(struct world *w, bool with_api, bool with_default)
{
    struct builder b;
    builder_init(&b, &w->diag);
    struct settings *settings = &b.snapshot->settings;
    settings->aws_region = STR("us-east-1");
    settings->account_id = STR("123456789012");
    settings->execute_api.public_endpoint = STR("localhost:8443");
    settings->throttling = (struct throttle){true, 1000, 1000};
    settings->limits = (struct limit_settings){.payload_bytes = 64,
                                               .buffered_bytes = 4096,
                                               .websocket_message_bytes = 128,
                                               .websocket_idle = 600 * USEC_PER_SEC,
                                               .websocket_duration = 7200 * USEC_PER_SEC,
                                               .websocket_connect_rate = 500,
                                               .websocket_messages_in_flight = 2};
    struct function *chat = builder_add_function(&b, nowhere, STR("chat"));
    assert_true(builder_set_endpoint(&b, &chat->endpoint,
                                     (struct written){STR("http://127.0.0.1:1"), nowhere}));
    if (with_api)
        build_api(&b, with_default);
    return builder_finish(&b);
}

static void use(struct world *w, bool with_api, bool with_default)
{
    struct snapshot *snapshot = build(w, with_api, with_default);
    assert_non_null(snapshot);
    gateway_prepare(w->gateway, snapshot, NULL, &w->diag);
    gateway_use(w->gateway, snapshot);
}

static void set_up(struct world *w)
{
    struct error error;
    memset(w, 0, sizeof(*w));
    loop_init(&w->loop);
    diag_init(&w->diag);
    w->gateway = gateway_new(&w->loop, &error);
    use(w, true, false);
    backend.count = 0;
}

static void tear_down(struct world *w)
{
    assert_int_equal(w->gateway->exchange_count, 0);
    assert_int_equal(w->gateway->buffered.used, 0);
    assert_int_equal(w->gateway->connections.open.count, 0);
    gateway_free(w->gateway);
    diag_release(&w->diag);
    loop_release(&w->loop);
}

static const struct header handshake_headers[] = {
    {STR_INIT("Host"), STR_INIT("localhost")},
    {STR_INIT("Upgrade"), STR_INIT("websocket")},
    {STR_INIT("Connection"), STR_INIT("Upgrade")},
    {STR_INIT("Sec-WebSocket-Version"), STR_INIT("13")},
    {STR_INIT("Sec-WebSocket-Key"), STR_INIT("dGhlIHNhbXBsZSBub25jZQ==")},
    {STR_INIT("Sec-WebSocket-Protocol"), STR_INIT("a, b")},
};

static struct exchange *knock(struct world *w, struct test_sink *s, const char *path)
{
    *s = (struct test_sink){.sink.ops = &sink_ops};
    struct listener_facts facts = {.settings = &w->listener, .loopback = true, .named = true};
    struct exchange *x = exchange_new(w->gateway, EXCHANGE_HTTP, &s->sink, &facts);
    struct request *r = &x->t.request;
    size_t size = sizeof(handshake_headers);
    r->method = STR("GET");
    r->target = r->raw_path = str_from(path);
    r->host = STR("localhost");
    r->scheme = STR("http");
    r->source_ip = r->forwarded_for = STR("127.0.0.1");
    r->upgrade = true;
    r->headers = arena_alloc(&x->arena, size);
    memcpy(r->headers, handshake_headers, size);
    r->header_count = ARRAY_LENGTH(handshake_headers);
    exchange_start(x);
    return x;
}

/* An open connection; holds a reference for the test. */
static struct connection *connect_client(struct world *w, struct test_wire *wire)
{
    struct test_sink s;
    struct exchange *x = knock(w, &s, "/prod");
    answer_call(INTEGRATION_OK, "{\"statusCode\":200}");
    assert_true(s.upgraded);
    struct connection *c = connection_ref(x->connection);
    *wire = (struct test_wire){0};
    connection_open(c, x, &transport, wire);
    exchange_on_gone(x, true);
    return c;
}

/* Lets exchanges end that have said everything. */
static void turn(struct world *w)
{
    for (int i = 0; i < 3; i++)
        loop_turn(&w->loop);
}

/* The wire has closed; the function behind $disconnect is answered. */
static void leave(struct world *w, struct connection *c)
{
    connection_on_closed(c, 1001, STR(""));
    while (backend.call)
        answer_call(INTEGRATION_OK, "{\"statusCode\":200}");
    turn(w);
    connection_unref(c);
}

static bool event_has(const char *part)
{
    struct str event = buf_str(&backend.call->request.payload);
    return str_find_str(event, str_from(part)) < event.len;
}

/* --- handshakes --- */

static const struct {
    const char *name, *path;
    enum integration_failure failure;
    const char *payload; /* NULL: the function is not called */
    unsigned status;
    const char *body; /* its beginning */
} handshakes[] = {
    {"accepted", "/prod", INTEGRATION_OK, "{\"statusCode\":204}", 101, ""},
    {"a slash at the end", "/prod/", INTEGRATION_OK, "{\"statusCode\":200}", 101, ""},
    {"refused by the function", "/prod", INTEGRATION_OK, "{\"statusCode\":400,\"body\":\"secret\"}",
     400, "{\"message\": \"Bad Request\", \"connectionId\":\""},
    {"a function that failed", "/prod", INTEGRATION_FUNCTION_ERROR, "", 502,
     "{\"message\": \"Internal server error\", \"connectionId\":\""},
    {"a result without statusCode", "/prod", INTEGRATION_OK, "{}", 502,
     "{\"message\": \"Internal server error\""},
    {"not permitted", "/prod", INTEGRATION_STATUS, "", 500,
     "{\"message\": \"Internal server error\""},
    {"a timeout", "/prod", INTEGRATION_TIMED_OUT, "", 504,
     "{\"message\": \"Endpoint request timed out\""},
    {"no such stage", "/dev", INTEGRATION_OK, NULL, 403, "{\"message\":\"Forbidden\"}"},
    {"below the stage", "/prod/x", INTEGRATION_OK, NULL, 403, "{\"message\":\"Forbidden\"}"},
};

static void decides_handshakes(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w);
    FOR_EACH_CASE (c, handshakes) {
        size_t calls = backend.count;
        struct exchange *x = knock(&w, &s, c->path);
        CHECK_CASE(c, (backend.count > calls) == (c->payload != NULL), "called or not");
        CHECK_CASE(c, !c->payload || (!s.upgraded && !s.responded), "it waits for the function");
        if (c->payload)
            answer_call(c->failure, c->payload);
        CHECK_CASE(c, s.status == c->status, "got %u", s.status);
        CHECK_CASE(c, s.upgraded == (c->status == 101), "upgraded or not");
        CHECK_CASE(c, str_starts_with(str_from(s.body), str_from(c->body)), "got %s", s.body);
        exchange_on_gone(x, true);
    }
    tear_down(&w);
}

static void takes_an_offered_subprotocol_alone(void **state)
{
    (void)state;
    static const struct {
        const char *name, *chosen, *sent;
    } cases[] = {
        {"offered", "b", "b"},
        {"not offered", "c", ""},
        {"a list", "a, b", ""},
        {"none", "", ""},
    };
    struct world w;
    struct test_sink s;
    set_up(&w);
    FOR_EACH_CASE (c, cases) {
        char result[128];
        (void)snprintf(result, sizeof(result),
                       "{\"statusCode\":200,\"headers\":{\"SEC-WebSocket-protocol\":\"%s\"}}",
                       c->chosen);
        struct exchange *x = knock(&w, &s, "/prod");
        answer_call(INTEGRATION_OK, result);
        CHECK_CASE(c, s.upgraded && str_is(str_from(s.subprotocol), c->sent), "got %s",
                   s.subprotocol);
        exchange_on_gone(x, true);
    }
    tear_down(&w);
}

static void notices_a_client_that_leaves_while_it_waits(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w);
    struct exchange *x = knock(&w, &s, "/prod");
    exchange_on_gone(x, false);
    assert_true(backend.call->abandoned);
    answer_call(INTEGRATION_OK, "{\"statusCode\":200}");
    assert_int_equal(backend.count, 1); /* no $disconnect: there was no connection */
    tear_down(&w);
}

static uint64_t count_of_connects(struct world *w, const char *result)
{
    const struct label labels[] = {
        {"api", STR("chat")}, {"stage", STR("prod")}, {"result", str_from(result)}};
    return counters_figure(w->gateway->counters, FIGURE_COUNTER,
                           "turnpike_websocket_connects_total", "", labels, ARRAY_LENGTH(labels))
        ->count;
}

/* The edge found out when it wanted to send the 101. */
static void counts_no_client_that_is_gone_before_its_101(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    set_up(&w);
    struct exchange *x = knock(&w, &s, "/prod");
    answer_call(INTEGRATION_OK, "{\"statusCode\":200}");
    assert_true(s.upgraded);
    exchange_on_gone(x, false);
    assert_int_equal(count_of_connects(&w, "ok"), 0);

    x = knock(&w, &s, "/prod");
    answer_call(INTEGRATION_OK, "{\"statusCode\":403}");
    exchange_on_gone(x, false);
    assert_int_equal(count_of_connects(&w, "403"), 1);

    x = knock(&w, &s, "/prod/below"); /* no call of @connections either */
    exchange_on_gone(x, true);
    assert_int_equal(count_of_connects(&w, "403"), 2);
    tear_down(&w);
}

/* --- messages --- */

static const struct {
    const char *name, *message;
    enum integration_failure failure;
    const char *payload; /* NULL: the function is not called */
    const char *frame;   /* its beginning; NULL: none is sent */
} messages[] = {
    {"one-way", "{\"action\":\"one\"}", INTEGRATION_OK, "{\"statusCode\":200,\"body\":\"x\"}",
     NULL},
    {"two-way", "{\"action\":\"two\"}", INTEGRATION_OK, "{\"statusCode\":500,\"body\":\"x\"}", "x"},
    {"two-way without a body", "{\"action\":\"two\"}", INTEGRATION_OK, "{\"statusCode\":200}",
     NULL},
    {"an error on a one-way route", "{\"action\":\"one\"}", INTEGRATION_FUNCTION_ERROR, "",
     "{\"message\": \"Internal server error\", \"connectionId\":\""},
    {"no proxy's result", "{\"action\":\"one\"}", INTEGRATION_OK, "null",
     "{\"message\": \"Internal server error\", \"connectionId\":\""},
    {"a timeout", "{\"action\":\"one\"}", INTEGRATION_TIMED_OUT, "",
     "{\"message\": \"Endpoint request timed out\""},
    {"a reply that is too long", "{\"action\":\"two\"}", INTEGRATION_OK,
     "{\"statusCode\":200,\"body\":\""
     "0123456789012345678901234567890123456789012345678901234567890123456789"
     "0123456789012345678901234567890123456789012345678901234567890123456789\"}",
     "{\"message\": \"Internal server error\""},
    {"MOCK", "{\"action\":\"mock\",\"text\":\"hi\"}", INTEGRATION_OK, NULL, "pong "},
    {"no route", "{\"action\":\"none\"}", INTEGRATION_OK, NULL,
     "{\"message\": \"Forbidden\", \"connectionId\":\""},
    {"no JSON", "hello", INTEGRATION_OK, NULL, "{\"message\": \"Forbidden\""},
    {"nothing", "", INTEGRATION_OK, NULL, "{\"message\": \"Forbidden\""},
    {"a reserved route", "{\"action\":\"$connect\"}", INTEGRATION_OK, NULL,
     "{\"message\": \"Forbidden\""},
    {"throttled: the first passes", "{\"action\":\"slow\"}", INTEGRATION_OK, "{\"statusCode\":200}",
     NULL},
    {"throttled: the second", "{\"action\":\"slow\"}", INTEGRATION_OK, NULL,
     "{\"message\": \"Too Many Requests\""},
};

static void answers_messages(void **state)
{
    (void)state;
    struct world w;
    struct test_wire wire;
    set_up(&w);
    struct connection *connection = connect_client(&w, &wire);
    FOR_EACH_CASE (c, messages) {
        size_t calls = backend.count, frames = wire.frames;
        connection_on_message(connection, str_from(c->message), false);
        CHECK_CASE(c, (backend.count > calls) == (c->payload != NULL), "called or not");
        if (c->payload)
            answer_call(c->failure, c->payload);
        CHECK_CASE(c, wire.frames == frames + (c->frame != NULL), "%zu frames",
                   wire.frames - frames);
        CHECK_CASE(c, !c->frame || str_starts_with(str_from(wire.last), str_from(c->frame)),
                   "got %s", wire.last);
        turn(&w);
        CHECK_CASE(c, w.gateway->exchange_count == 0, "its exchange is over");
    }
    assert_int_equal(wire.close_code, 0);
    leave(&w, connection);
    tear_down(&w);
}

static void tells_the_connection_in_its_events(void **state)
{
    (void)state;
    struct world w;
    struct test_wire wire;
    char id[64];
    set_up(&w);
    struct connection *c = connect_client(&w, &wire);
    (void)snprintf(id, sizeof(id), "\"connectionId\":\"%s\"", c->facts.id);

    connection_on_message(c, STR("{\"action\":\"one\"}"), false);
    assert_true(event_has(id));
    assert_true(event_has("\"routeKey\":\"one\""));
    answer_call(INTEGRATION_OK, "{\"statusCode\":200}");

    connection_on_closed(c, 4001, STR("bye"));
    assert_true(event_has(id));
    assert_true(event_has("\"disconnectStatusCode\":4001"));
    assert_true(event_has("\"disconnectReason\":\"bye\""));
    answer_call(INTEGRATION_FUNCTION_ERROR, ""); /* nobody cares */
    turn(&w);
    connection_unref(c);
    tear_down(&w);
}

static void bounds_what_is_under_way(void **state)
{
    (void)state;
    struct world w;
    struct test_wire wire;
    set_up(&w);
    struct connection *c = connect_client(&w, &wire);
    connection_on_message(c, STR("{\"action\":\"two\",\"n\":1}"), false);
    assert_false(wire.paused);
    connection_on_message(c, STR("{\"action\":\"two\",\"n\":2}"), false);
    assert_true(wire.paused);
    answer_call(INTEGRATION_OK, "{\"statusCode\":200,\"body\":\"1\"}");
    assert_true(wire.paused); /* until the exchange has ended */
    turn(&w);
    assert_false(wire.paused);
    assert_string_equal(wire.last, "1");
    leave(&w, c);
    tear_down(&w);
}

/* Nothing is read of it while as many messages are under way as may be. */
static void gives_who_was_paused_time_to_answer_a_ping(void **state)
{
    (void)state;
    struct world w;
    struct test_wire wire;
    set_up(&w);
    struct connection *c = connect_client(&w, &wire);
    w.gateway->snapshot->settings.limits.websocket_ping_interval = 1;
    connection_on_message(c, STR("{\"action\":\"one\"}"), false);
    connection_on_message(c, STR("{\"action\":\"one\"}"), false);
    connections_follow(w.gateway, w.gateway->snapshot);
    while (wire.pings < 3)
        loop_turn(&w.loop);
    answer_call(INTEGRATION_OK, "{\"statusCode\":200}");
    while (wire.paused)
        loop_turn(&w.loop);
    size_t pings = wire.pings;
    while (wire.pings == pings && !wire.kills)
        loop_turn(&w.loop);
    assert_int_equal(wire.kills, 0);
    while (!wire.kills)
        loop_turn(&w.loop);
    leave(&w, c);
    tear_down(&w);
}

static void drops_what_is_under_way_with_its_connection(void **state)
{
    (void)state;
    struct world w;
    struct test_wire wire;
    set_up(&w);
    struct connection *c = connect_client(&w, &wire);
    connection_on_message(c, STR("{\"action\":\"two\"}"), false);
    connection_on_closed(c, 1006, STR(""));
    assert_true(backend.call->abandoned);
    answer_call(INTEGRATION_OK, "{\"statusCode\":200,\"body\":\"late\"}");
    assert_true(event_has("\"eventType\":\"DISCONNECT\""));
    answer_call(INTEGRATION_OK, "{\"statusCode\":200}");
    turn(&w);
    assert_int_equal(wire.frames, 0);
    connection_unref(c);
    tear_down(&w);
}

static void closes_who_reads_too_slowly(void **state)
{
    (void)state;
    struct world w;
    struct test_wire wire;
    set_up(&w);
    struct connection *c = connect_client(&w, &wire);
    wire.full = true;
    connection_on_message(c, STR("{\"action\":\"two\"}"), false);
    answer_call(INTEGRATION_OK, "{\"statusCode\":200,\"body\":\"x\"}");
    assert_int_equal(wire.close_code, 1008);
    turn(&w);
    leave(&w, c);
    tear_down(&w);
}

static void leaves_who_is_leaving_alone(void **state)
{
    (void)state;
    struct world w;
    struct test_wire wire;
    set_up(&w);
    struct connection *c = connect_client(&w, &wire);
    wire.gone = true;
    assert_int_equal(connection_send(c, STR("x"), false), CONNECTION_GONE);
    assert_int_equal(wire.close_code, 0);
    turn(&w);
    leave(&w, c);
    tear_down(&w);
}

/* --- snapshots and ends --- */

static void meets_the_routes_in_force(void **state)
{
    (void)state;
    struct world w;
    struct test_wire wire;
    set_up(&w);
    struct connection *c = connect_client(&w, &wire);
    use(&w, true, true); /* with $default */
    size_t calls = backend.count;
    connection_on_message(c, STR("hello"), false);
    assert_int_equal(backend.count, calls + 1);
    answer_call(INTEGRATION_OK, "{\"statusCode\":200}");
    turn(&w);
    assert_int_equal(wire.close_code, 0);

    use(&w, false, false); /* without the API */
    assert_int_equal(wire.close_code, 1001);
    assert_string_equal(wire.close_reason, "Going away");
    calls = backend.count;
    connection_on_closed(c, 1001, STR("Going away"));
    assert_int_equal(backend.count, calls + 1); /* its $disconnect, which is no more */
    answer_call(INTEGRATION_OK, "{\"statusCode\":200}");
    turn(&w);
    connection_unref(c);
    tear_down(&w);
}

/* Nobody else would close it: its API is gone when it enters the directory. */
static void closes_who_comes_of_a_handshake_that_a_reload_overtook(void **state)
{
    (void)state;
    struct world w;
    struct test_sink s;
    struct test_wire wire = {0};
    set_up(&w);
    struct exchange *x = knock(&w, &s, "/prod");
    use(&w, false, false);
    answer_call(INTEGRATION_OK, "{\"statusCode\":200}");
    struct connection *c = connection_ref(x->connection);
    connection_open(c, x, &transport, &wire);
    exchange_on_gone(x, true);
    assert_int_equal(wire.close_code, 1001);
    connection_on_closed(c, 1001, STR("Going away"));
    answer_call(INTEGRATION_OK, "{\"statusCode\":200}"); /* its $disconnect */
    turn(&w);
    connection_unref(c);
    tear_down(&w);
}

static void ends_without_functions_when_it_is_stopped(void **state)
{
    (void)state;
    struct world w;
    struct test_wire wire, other;
    set_up(&w);
    struct connection *c = connect_client(&w, &wire), *d = connect_client(&w, &other);
    connections_close_all(w.gateway);
    assert_int_equal(wire.close_code, 1001);
    connection_on_closed(c, 1001, STR("Going away"));
    assert_int_equal(w.gateway->exchange_count, 1); /* its $disconnect */
    connections_stop(w.gateway);
    assert_int_equal(w.gateway->exchange_count, 0);
    assert_true(backend.call->abandoned);
    answer_call(INTEGRATION_OK, "{}");
    size_t calls = backend.count;
    connection_on_closed(d, 1006, STR(""));
    assert_int_equal(backend.count, calls);
    connection_unref(c);
    connection_unref(d);
    tear_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides_handshakes),
        cmocka_unit_test(takes_an_offered_subprotocol_alone),
        cmocka_unit_test(notices_a_client_that_leaves_while_it_waits),
        cmocka_unit_test(counts_no_client_that_is_gone_before_its_101),
        cmocka_unit_test(answers_messages),
        cmocka_unit_test(tells_the_connection_in_its_events),
        cmocka_unit_test(bounds_what_is_under_way),
        cmocka_unit_test(gives_who_was_paused_time_to_answer_a_ping),
        cmocka_unit_test(drops_what_is_under_way_with_its_connection),
        cmocka_unit_test(closes_who_reads_too_slowly),
        cmocka_unit_test(leaves_who_is_leaving_alone),
        cmocka_unit_test(meets_the_routes_in_force),
        cmocka_unit_test(closes_who_comes_of_a_handshake_that_a_reload_overtook),
        cmocka_unit_test(ends_without_functions_when_it_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
