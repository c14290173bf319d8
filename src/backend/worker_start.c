/* SPDX-License-Identifier: Apache-2.0 */
/* How a worker is made: its listener, its pipes, its key and environment, its process. */
#include <string.h>
#include <unistd.h>

#include "function_environment.h"
#include "turnpike/base/clock.h"
#include "turnpike/base/xalloc.h"

#include "worker_private.h"

/* "2026/03/01/[$LATEST]0123456789abcdef0123456789abcdef" */
static struct str make_log_stream(struct arena *a, uint64_t wall)
{
    char date[CLOCK_ISO_SIZE], id[REQUEST_ID_SIZE];
    scoped_buf struct buf hex = {0};
    (void)clock_iso(wall, date);
    uuid_make(id);
    for (const char *c = id; *c; c++)
        if (*c != '-')
            buf_append_char(&hex, *c);
    return arena_printf(a, "%.4s/%.2s/%.2s/[$LATEST]%" STR_F, date, date + 5, date + 8,
                        STR_A(buf_str(&hex)));
}

static bool open_parts(struct worker *w, uid_t user, int *ret_write_end, struct error *ret_error)
{
    if (!runtime_api_open(&w->api, w->loop, user, &worker_runtime_events, ret_error))
        return false;
    w->open_parts = 1;
    if (!worker_output_open(&w->output, w->loop, &worker_output_events, w, ret_write_end,
                            ret_error))
        return false;
    w->open_parts = 2;
    return true;
}

static const char *const *make_environment(struct worker *w, const struct worker_start *start,
                                           struct arena *a)
{
    const struct hosting *hosting = w->context->hosting;
    if (start->function->process.credentials == FUNCTION_CREDENTIALS_GATEWAY)
        w->key = hosting->owner.issue_key(hosting->owner.data, start->function->name);
    struct function_environment_facts facts = {
        .function = start->function,
        .settings = start->settings,
        .runtime_api = arena_printf(a, "127.0.0.1:%u", runtime_api_port(&w->api)),
        .key = w->key.access_key_id.len > 0 ? &w->key : NULL,
        .log_stream = make_log_stream(a, loop_wall(w->loop)),
        .ca_file = hosting->ca_file,
        .management_endpoint = start->endpoints.management,
        .invoke_endpoint = start->endpoints.invoke,
        .inherited = hosting->environment};
    return function_environment(a, &facts);
}

static struct child *spawn(struct worker *w, const struct worker_start *start, int write_end,
                           struct error *ret_error)
{
    const struct process_settings *p = &start->function->process;
    struct arena arena;
    arena_init(&arena, 8192);
    const char **arguments = arena_array(&arena, const char *, p->command.count + 1);
    for (size_t i = 0; i < p->command.count; i++)
        arguments[i] = arena_cstring(&arena, p->command.items[i]);
    struct child_spec spec = {.arguments = arguments,
                              .environment = make_environment(w, start, &arena),
                              .directory = arena_cstring(&arena, p->directory.text),
                              .has_user = p->user.text.len > 0 && p->user_id != geteuid(),
                              .user = p->user_id,
                              .group = p->group_id,
                              .data_max =
                                  p->memory_limited ? (uint64_t)p->memory_size * 1024 * 1024 : 0,
                              .output = write_end,
                              .error = write_end};
    struct child *child = keeper_spawn(start->keeper, &spec, &worker_child_events, w, ret_error);
    arena_release(&arena);
    return child;
}

struct worker *worker_new(const struct worker_context *context, const struct worker_start *start,
                          void *owner, struct error *ret_error)
{
    const struct process_settings *p = &start->function->process;
    struct worker *w = xcalloc(1, sizeof(*w));
    int write_end = -1;
    *w = (struct worker){.context = context,
                         .owner = owner,
                         .generation = start->generation,
                         .loop = context->loop,
                         .memory_size = p->memory_size,
                         .init_timeout = p->init_timeout};
    w->started = loop_now(w->loop);
    if (open_parts(w, p->user.text.len > 0 ? p->user_id : geteuid(), &write_end, ret_error))
        w->child = spawn(w, start, write_end, ret_error);
    if (write_end >= 0)
        (void)close(write_end);
    if (!w->child) {
        worker_drop(w);
        return NULL;
    }
    worker_await_start(w);
    return w;
}
