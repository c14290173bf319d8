/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/route_list.h"

#include "turnpike/base/json.h"
#include "turnpike/model/service_action.h"

enum column {
    COLUMN_API,
    COLUMN_STAGE,
    COLUMN_ROUTE,
    COLUMN_PROTECTION,
    COLUMN_THROTTLE,
    COLUMN_INTEGRATION,
    COLUMN_COUNT
};

static const char *const headings[COLUMN_COUNT] = {
    "API", "STAGE", "ROUTE", "PROTECTION", "THROTTLE", "INTEGRATION",
};

struct row {
    struct str cells[COLUMN_COUNT];
};

/* The table while it is being made: widths are known only at the end. */
struct table {
    struct arena arena;
    LIST(struct row) rows;
};

/* What a request of this route is counted against first; the account's limit counts always. */
struct limit {
    const struct throttle *throttle;
    const char *level; /* NULL: unlimited */
};

static struct limit limit_of(const struct snapshot *snapshot, const struct stage_route *route)
{
    if (route->throttle.on)
        return (struct limit){&route->throttle, route->has_own_throttle ? "route" : "stage"};
    if (snapshot->settings.throttling.on)
        return (struct limit){&snapshot->settings.throttling, "account"};
    return (struct limit){0};
}

/* Where a guard stands at $connect, messages come from those alone who have passed it. */
static struct str without_authorizer(const struct api *api)
{
    const struct route *connect =
        api->protocol_type == PROTOCOL_WEBSOCKET ? api_find_route(api, STR(ROUTE_CONNECT)) : NULL;
    return connect && connect->authorizer ? STR("by " ROUTE_CONNECT) : STR("open");
}

static struct str protection(struct arena *arena, const struct stage_route *stage_route)
{
    const struct route *route = stage_route->route;
    if (!route->authorizer)
        return without_authorizer(stage_route->stage->api);
    scoped_buf struct buf text = {0};
    buf_append(&text, route->authorizer->name);
    FOR_EACH_IN (scope, &route->scopes) {
        buf_append(&text, scope == route->scopes.items ? STR(" (") : STR(" "));
        buf_append(&text, *scope);
    }
    if (route->scopes.count)
        buf_append_char(&text, ')');
    return arena_copy(arena, buf_str(&text));
}

static struct str throttle(struct arena *arena, struct limit limit)
{
    if (!limit.level)
        return STR("none");
    return arena_printf(arena, "%.15g/s burst %.15g (%s)", limit.throttle->rate,
                        limit.throttle->burst, limit.level);
}

/* Where an HTTP integration leads in this stage. */
static struct str http_url(const struct stage_route *route)
{
    return route->endpoint.url.len ? route->endpoint.url : route->route->integration->uri.text;
}

static struct str integration(struct arena *arena, const struct stage_route *route)
{
    const struct integration *written = route->route->integration;
    if (written && written->type == INTEGRATION_DOCS)
        return STR("docs");
    if (written && written->type == INTEGRATION_MOCK)
        return STR("mock");
    if (written && written->type == INTEGRATION_HTTP)
        return arena_printf(arena, "%" STR_F " %" STR_F, STR_A(written->method),
                            STR_A(http_url(route)));
    if (written && written->action)
        return str_from(written->action->subtype);
    if (!route->function)
        return written ? written->uri.text : STR("none");
    if (route->qualifier.len == 0)
        return route->function->name;
    return arena_printf(arena, "%" STR_F ":%" STR_F, STR_A(route->function->name),
                        STR_A(route->qualifier));
}

typedef void visit_fn(void *data, const struct snapshot *snapshot, const struct stage_route *route);

/* Those that somebody wrote. */
static void visit(const struct snapshot *snapshot, visit_fn *fn, void *data)
{
    FOR_EACH_IN (api, &snapshot->apis)
        FOR_EACH_IN (stage, &(*api)->stages)
            for (size_t i = 0; i < (*api)->routes.count; i++)
                if (!(*api)->routes.items[i]->websocket.implicit)
                    fn(data, snapshot, &(*stage)->routes[i]);
}

static void add_row(void *data, const struct snapshot *snapshot, const struct stage_route *route)
{
    struct table *table = data;
    struct arena *arena = &table->arena;
    *list_push(arena, &table->rows) = (struct row){{
        [COLUMN_API] = route->stage->api->api_id,
        [COLUMN_STAGE] = route->stage->stage_name,
        [COLUMN_ROUTE] = route->route->key,
        [COLUMN_PROTECTION] = protection(arena, route),
        [COLUMN_THROTTLE] = throttle(arena, limit_of(snapshot, route)),
        [COLUMN_INTEGRATION] = integration(arena, route),
    }};
}

static void write_row(struct buf *out, const struct row *row, const size_t widths[COLUMN_COUNT])
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        size_t width = i + 1 < COLUMN_COUNT ? widths[i] + 2 : 0;
        buf_printf(out, "%-*" STR_F, (int)width, STR_A(row->cells[i]));
    }
    buf_append_char(out, '\n');
}

void route_list_write_text(struct buf *out, const struct snapshot *snapshot)
{
    struct table table = {0};
    arena_init(&table.arena, 4096);
    struct row *heading = list_push(&table.arena, &table.rows);
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        heading->cells[i] = str_from(headings[i]);
    visit(snapshot, add_row, &table);

    size_t widths[COLUMN_COUNT] = {0};
    FOR_EACH_IN (row, &table.rows)
        for (size_t i = 0; i < COLUMN_COUNT; i++)
            if (row->cells[i].len > widths[i])
                widths[i] = row->cells[i].len;
    FOR_EACH_IN (row, &table.rows)
        write_row(out, row, widths);
    arena_release(&table.arena);
}

static void write_member(struct buf *out, const char *name, struct str value)
{
    buf_printf(out, "\"%s\":", name);
    if (value.len)
        json_write_string(out, value);
    else
        buf_literal(out, "null");
}

static void write_scopes(struct buf *out, const struct route *route)
{
    buf_literal(out, ",\"scopes\":[");
    FOR_EACH_IN (scope, &route->scopes) {
        if (scope != route->scopes.items)
            buf_append_char(out, ',');
        json_write_string(out, *scope);
    }
    buf_append_char(out, ']');
}

static void write_throttle(struct buf *out, struct limit limit)
{
    if (limit.level)
        buf_printf(out, ",\"throttle\":{\"level\":\"%s\",\"rateLimit\":%.15g,\"burstLimit\":%.15g}",
                   limit.level, limit.throttle->rate, limit.throttle->burst);
    else
        buf_literal(out, ",\"throttle\":null");
}

static void write_integration(struct buf *out, const struct stage_route *route)
{
    static const char *const types[] = {
        [INTEGRATION_LAMBDA] = "lambda",   [INTEGRATION_HTTP] = "http",
        [INTEGRATION_SERVICE] = "service", [INTEGRATION_MOCK] = "mock",
        [INTEGRATION_DOCS] = "docs",
    };
    const struct integration *written = route->route->integration;
    const struct str none = {NULL, 0};
    bool http = written && written->type == INTEGRATION_HTTP;
    const struct {
        const char *name;
        struct str value;
    } members[] = {
        {"type", written ? str_from(types[written->type]) : none},
        {"method", http ? written->method : none},
        {"url", http ? route->endpoint.url : none},
        {"function", route->function ? route->function->name : none},
        {"qualifier", route->qualifier},
        {"subtype", written && written->action ? str_from(written->action->subtype) : none},
        {"uri", written ? written->uri.text : none},
    };
    FOR_EACH (m, members, ARRAY_LENGTH(members)) {
        buf_append(out, m == members ? STR(",\"integration\":{") : STR(","));
        write_member(out, m->name, m->value);
    }
    buf_append_char(out, '}');
}

static void write_object(void *data, const struct snapshot *snapshot,
                         const struct stage_route *stage_route)
{
    struct buf *out = data;
    const struct route *route = stage_route->route;
    bool websocket = stage_route->stage->api->protocol_type == PROTOCOL_WEBSOCKET;
    const struct {
        const char *name;
        struct str value;
    } members[] = {
        {"apiId", stage_route->stage->api->api_id},
        {"stage", stage_route->stage->stage_name},
        {"routeKey", route->key},
        {"method", route->method},
        {"path", websocket ? STR("") : route->path},
        {"authorizer", route->authorizer ? route->authorizer->name : str_of("", 0)},
    };
    buf_append(out, buf_str(out).at[buf_len(out) - 1] == '[' ? STR("{") : STR(",{"));
    FOR_EACH (m, members, ARRAY_LENGTH(members)) {
        if (m != members)
            buf_append_char(out, ',');
        write_member(out, m->name, m->value);
    }
    write_scopes(out, route);
    write_throttle(out, limit_of(snapshot, stage_route));
    write_integration(out, stage_route);
    buf_append_char(out, '}');
}

void route_list_write_json(struct buf *out, const struct snapshot *snapshot)
{
    buf_literal(out, "{\"routes\":[");
    visit(snapshot, write_object, out);
    buf_literal(out, "]}\n");
}
