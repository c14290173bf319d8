/* SPDX-License-Identifier: Apache-2.0 */
#include "function_endpoints.h"

#include "turnpike/model/resolve.h"

/* WebSocket stages, and those among them that call the function. */
struct stages {
    const struct stage *any, *calling; /* one of them */
    size_t count, calling_count;
};

static bool calls(const struct stage *stage, const struct function *function)
{
    for (size_t i = 0; i < stage->api->routes.count; i++)
        if (stage->routes[i].function == function)
            return true;
    return false;
}

static void count_stage(struct stages *found, const struct stage *stage,
                        const struct function *function)
{
    found->any = stage;
    found->count++;
    if (!calls(stage, function))
        return;
    found->calling = stage;
    found->calling_count++;
}

/* NULL where there is none, or several could be meant. */
static const struct stage *find_stage(const struct snapshot *s, const struct function *function)
{
    struct stages found = {0};
    FOR_EACH_IN (api, &s->apis)
        if ((*api)->protocol_type == PROTOCOL_WEBSOCKET)
            FOR_EACH_IN (stage, &(*api)->stages)
                count_stage(&found, *stage, function);
    if (found.calling_count == 1)
        return found.calling;
    return found.count == 1 ? found.any : NULL;
}

static bool serves_management(const struct settings *settings,
                              const struct listener_settings *listener, const struct api *api)
{
    if (!listener_serves(listener, api))
        return false;
    FOR_EACH_IN (name, &settings->management.listeners)
        if (str_eq(name->text, listener->name))
            return true;
    return !settings->management.limited;
}

/* How this machine reaches an address, or nothing: "127.0.0.1", "[::1]". */
static struct str local_host(struct arena *a, struct str address)
{
    struct ip ip;
    if (!ip_parse(address, &ip))
        return STR("");
    bool six = str_find(address, ':') < address.len;
    if (ip_is_any(&ip))
        return six ? STR("[::1]") : STR("127.0.0.1");
    return six ? arena_printf(a, "[%" STR_F "]", STR_A(address)) : address;
}

static bool is_local(struct str address)
{
    struct ip ip;
    return ip_parse(address, &ip) && (ip_is_loopback(&ip) || ip_is_any(&ip));
}

/* The PROXY protocol is for proxies: functions do not speak it. */
static struct str plain_url(struct arena *a, const struct listener_settings *listener,
                            const struct stage *stage)
{
    if (listener->tls.on || listener->proxy_protocol || !is_local(listener->address))
        return STR("");
    return arena_printf(a, "http://%" STR_F ":%u/%" STR_F, STR_A(local_host(a, listener->address)),
                        listener->port, STR_A(stage->stage_name));
}

static struct str management_url(struct arena *a, const struct settings *settings,
                                 const struct stage *stage)
{
    bool tls = false;
    FOR_EACH_IN (listener, &settings->listeners) {
        if (!serves_management(settings, listener, stage->api))
            continue;
        struct str url = plain_url(a, listener, stage);
        if (url.len > 0)
            return url;
        tls |= listener->tls.on;
    }
    if (!tls)
        return STR("");
    return arena_printf(a, "https://%" STR_F "/%" STR_F,
                        STR_A(settings->execute_api.public_endpoint), STR_A(stage->stage_name));
}

static struct str invoke_url(struct arena *a, const struct invoke_api_settings *invoke)
{
    if (!invoke->on)
        return STR("");
    return arena_printf(a, "http://%" STR_F ":%u", STR_A(local_host(a, invoke->address)),
                        invoke->port);
}

struct function_endpoints function_endpoints_find(struct arena *a, const struct snapshot *s,
                                                  const struct function *function)
{
    const struct stage *stage = find_stage(s, function);
    bool reachable = stage && !stage->api->disable_execute_api_endpoint;
    return (struct function_endpoints){
        .management = reachable ? management_url(a, &s->settings, stage) : STR(""),
        .invoke = invoke_url(a, &s->settings.invoke_api),
    };
}
