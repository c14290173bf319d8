/* SPDX-License-Identifier: Apache-2.0 */
/* Actions as snapshots send them, and the heads of their requests. */
#include "service_private.h"
#include "service_values.h"
#include "turnpike/base/sigv4.h"

/* AWS: "Quotas for configuring and running an HTTP API": 10 MB. */
#define ANSWER_MAX (10 * 1024 * 1024)

#define TEXT_SHOWN 64 /* of a value in a message */

static const struct service_endpoint *find_endpoint(const struct snapshot *s,
                                                    const struct service_action *action)
{
    FOR_EACH_IN (endpoint, &s->settings.service_endpoints)
        if (str_is(endpoint->name, action->service))
            return endpoint;
    return NULL; /* the loader has refused it */
}

static void on_snapshot_released(void *data)
{
    struct service_target *t = data;
    origin_unref(t->origin);
}

/* A name of the service itself on AWS: "states.eu-west-1.amazonaws.com". */
static bool is_of_aws(struct str host, const char *service)
{
    size_t len = strlen(service);
    return str_starts_with_nocase(host, str_from(service)) && host.len > len &&
           host.at[len] == '.' &&
           (str_find_str(host, STR(".amazonaws.")) < host.len ||
            str_ends_with(host, STR(".api.aws")));
}

/* Some actions have hosts of their own on AWS; a stand-in has one for all. */
static struct endpoint endpoint_of(struct arena *a, const struct service_action *action,
                                   const struct endpoint *written)
{
    struct endpoint e = *written;
    if (action->host_prefix && is_of_aws(e.host, action->service)) {
        e.host = arena_printf(a, "%s%" STR_F, action->host_prefix, STR_A(e.host));
        e.authority = arena_printf(a, "%s%" STR_F, action->host_prefix, STR_A(e.authority));
    }
    return e;
}

/* Parameters. */

static bool is_static(const struct mapping_value *value)
{
    FOR_EACH_IN (part, &value->parts)
        if (part->source != MAPPING_LITERAL)
            return false;
    return true;
}

/* A request of this parameter alone says whether its text is a value. */
static void check_parameter(struct diag *diag, const struct service_action *action,
                            const struct service_parameter *parameter)
{
    struct arena arena;
    struct str why;
    struct service_text text = {0};
    const struct service_field *field = service_action_field(action, parameter->name);
    if (!is_static(parameter->value))
        return;
    if (field->value == SERVICE_REGION) {
        if (!service_value_is_region(parameter->value->text))
            diag_error(diag, parameter->at, "'%" STR_F "' is no region",
                       STR_A(str_head(parameter->value->text, TEXT_SHOWN)));
        return;
    }
    arena_init(&arena, 1024);
    struct service_argument *arguments =
        arena_array(&arena, struct service_argument, action->field_count);
    for (size_t i = 0; i < action->field_count; i++)
        arguments[i].field = &action->fields[i];
    arguments[field - action->fields].value = parameter->value->text;
    if (!service_request_write(&text, action, arguments, &arena, &why))
        diag_error(diag, parameter->at, "%" STR_F, STR_A(why));
    service_text_release(&text);
    arena_release(&arena);
}

static void check_integration(struct diag *diag, const struct integration *integration)
{
    if (integration->type != INTEGRATION_SERVICE)
        return;
    FOR_EACH_IN (parameter, &integration->parameters)
        check_parameter(diag, integration->action, parameter);
}

/* Snapshots. */

static void prepare_route(struct origins *origins, struct snapshot *s, struct stage_route *route)
{
    const struct integration *integration = route->route->integration;
    if (!integration || integration->type != INTEGRATION_SERVICE)
        return;
    struct service_target *t = arena_new(&s->arena, struct service_target);
    const struct service_endpoint *service = find_endpoint(s, integration->action);
    t->action = integration->action;
    t->endpoint = endpoint_of(&s->arena, t->action, &service->endpoint);
    t->signing = service->signing;
    t->origin = origins_find(origins, &t->endpoint, STR(""), ANSWER_MAX);
    snapshot_on_release(s, on_snapshot_released, t);
    route->service = t;
}

void service_prepare(struct origins *origins, struct snapshot *snapshot, struct diag *diag)
{
    FOR_EACH_IN (api, &snapshot->apis) {
        FOR_EACH_IN (integration, &(*api)->integrations)
            check_integration(diag, *integration);
        FOR_EACH_IN (stage, &(*api)->stages)
            for (size_t i = 0; i < (*api)->routes.count; i++)
                prepare_route(origins, snapshot, &(*stage)->routes[i]);
    }
}

/* Heads. */

static const char *method_of(const struct service_action *action)
{
    return action->protocol == SERVICE_REST ? "GET" : "POST";
}

static void append_field(struct buf *head, struct header field)
{
    buf_append(head, field.name);
    buf_literal(head, ": ");
    buf_append(head, field.value);
    buf_literal(head, "\r\n");
}

static void append_request_line(struct buf *head, const struct service_target *t, struct str path,
                                struct str query)
{
    buf_append(head, str_from(method_of(t->action)));
    buf_append_char(head, ' ');
    buf_append(head, path);
    if (query.len > 0) {
        buf_append_char(head, '?');
        buf_append(head, query);
    }
    buf_literal(head, " HTTP/1.1\r\n");
}

/* The fields that matter to the service: those that are signed. */
static size_t list_fields(const struct service_target *t, struct header fields[3])
{
    size_t count = 0;
    fields[count++] = (struct header){STR("Host"), t->endpoint.authority};
    if (t->action->content_type)
        fields[count++] = (struct header){STR("Content-Type"), str_from(t->action->content_type)};
    if (t->action->protocol == SERVICE_JSON)
        fields[count++] = (struct header){STR("X-Amz-Target"), str_from(t->action->name)};
    return count;
}

static void sign(struct buf *head, const struct service_target *t,
                 const struct service_signature *signature, struct sigv4_request *request)
{
    const struct signing *signing = t->signing;
    struct sigv4_key key = {signing->access_key_id, signing->secret_access_key,
                            signing->session_token};
    sigv4_sign(head, &key, signature->region.len ? signature->region : signing->region,
               str_from(t->action->service), request, signature->wall);
}

struct buf service_head_write(const struct service_target *t, const struct service_text *text,
                              const struct service_signature *signature, struct str trace_id)
{
    struct buf head = {0};
    scoped_buf struct buf path = {0};
    struct header fields[3];
    size_t count = list_fields(t, fields);
    buf_append(&path, t->endpoint.base_path);
    buf_append(&path, buf_str(&text->path));

    append_request_line(&head, t, buf_str(&path), buf_str(&text->query));
    FOR_EACH (field, fields, count)
        append_field(&head, *field);
    struct sigv4_request request = {.method = str_from(method_of(t->action)),
                                    .path = buf_str(&path),
                                    .query = buf_str(&text->query),
                                    .headers = fields,
                                    .header_count = count,
                                    .payload = buf_str(&text->body)};
    if (t->signing)
        sign(&head, t, signature, &request);
    buf_literal(&head, "User-Agent: turnpike/" TURNPIKE_VERSION "\r\nAccept: */*\r\n");
    if (trace_id.len > 0 && http_is_field_value(trace_id))
        append_field(&head, (struct header){STR("X-Amzn-Trace-Id"), trace_id});
    if (t->action->content_type) {
        buf_literal(&head, "Content-Length: ");
        buf_append_u64(&head, buf_len(&text->body));
        buf_literal(&head, "\r\n");
    }
    buf_literal(&head, "\r\n");
    return head;
}
