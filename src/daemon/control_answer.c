/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/control_answer.h"

#include <inttypes.h>
#include <jansson.h>

#include "turnpike/base/clock.h"
#include "turnpike/base/json.h"
#include "turnpike/daemon/findings.h"

static void write_text(struct buf *out, const char *name, struct str text)
{
    buf_printf(out, "\"%s\":", name);
    if (text.len)
        json_write_string(out, text);
    else
        buf_literal(out, "null");
}

static void write_time(struct buf *out, const char *name, uint64_t wall)
{
    char text[CLOCK_ISO_SIZE];
    write_text(out, name, clock_iso(wall, text));
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

void reload_answer_write(struct buf *out, const struct reload_result *result)
{
    buf_printf(out, "{\"reloaded\":%s,", truth(result->done));
    write_text(out, "message", result->why);
    buf_literal(out, ",\"problems\":");
    if (result->diag)
        findings_write_json(out, result->diag);
    else
        buf_literal(out, "[]");
    buf_append_char(out, '}');
}

static void write_last_reload(struct buf *out, const struct daemon_status *status)
{
    buf_literal(out, ",\"lastReload\":");
    if (!status->reloaded) {
        buf_literal(out, "null");
        return;
    }
    buf_append_char(out, '{');
    write_time(out, "at", status->reloaded);
    buf_printf(out, ",\"succeeded\":%s,", truth(!status->reload_failed));
    write_text(out, "message", status->reload_message);
    buf_append_char(out, '}');
}

void status_answer_write(struct buf *out, const struct daemon_status *status)
{
    buf_printf(out, "{\"ready\":%s,", truth(status->ready));
    write_text(out, "reason", status->why);
    buf_printf(out, ",\"pid\":%d,", status->pid);
    write_text(out, "version", status->version);
    buf_append_char(out, ',');
    write_text(out, "configuration", status->configuration);
    buf_append_char(out, ',');
    write_time(out, "startedAt", status->started);
    buf_printf(out, ",\"connections\":%" PRIu64 ",\"exchanges\":%" PRIu64, status->connections,
               status->exchanges);
    write_last_reload(out, status);
    buf_append_char(out, '}');
}

static json_t *parse(struct str answer)
{
    json_error_t error;
    json_t *root = json_loadb(answer.at, answer.len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(root))
        return root;
    json_decref(root);
    return NULL;
}

static struct str text_of(struct arena *arena, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return arena_copy(arena, str_of(json_string_value(value), json_string_length(value)));
}

static unsigned number_of(const json_t *object, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(object, name));
    return number > 0 && number <= UINT32_MAX ? (unsigned)number : 0;
}

static void read_problem(const json_t *problem, struct arena *arena, struct diag *diag)
{
    struct str file = text_of(arena, problem, "file");
    struct str severity = text_of(arena, problem, "severity");
    struct str message = text_of(arena, problem, "message");
    struct position at = {file.len ? file.at : NULL, number_of(problem, "line"),
                          number_of(problem, "column")};
    if (str_is(severity, severity_name(SEVERITY_ERROR)))
        diag_error(diag, at, "%" STR_F, STR_A(message));
    else if (str_is(severity, severity_name(SEVERITY_WARNING)))
        diag_warning(diag, at, "%" STR_F, STR_A(message));
    else
        diag_notice(diag, at, "%" STR_F, STR_A(message));
}

bool reload_answer_read(struct str answer, struct arena *arena, struct diag *diag,
                        struct reload_result *ret_result)
{
    size_t i;
    const json_t *problem;
    json_auto_t *root = parse(answer);
    const json_t *done = json_object_get(root, "reloaded");
    if (!json_is_boolean(done))
        return false;
    *ret_result = (struct reload_result){
        .done = json_is_true(done), .why = text_of(arena, root, "message"), .diag = diag};
    json_array_foreach(json_object_get(root, "problems"), i, problem)
        read_problem(problem, arena, diag);
    return true;
}

static void read_last_reload(const json_t *last, struct arena *arena, struct daemon_status *status)
{
    if (!json_is_object(last))
        return;
    status->reload_failed = !json_is_true(json_object_get(last, "succeeded"));
    status->reload_message = text_of(arena, last, "message");
}

bool status_answer_read(struct str answer, struct arena *arena, struct daemon_status *ret_status)
{
    json_auto_t *root = parse(answer);
    const json_t *ready = json_object_get(root, "ready");
    if (!json_is_boolean(ready))
        return false;
    *ret_status = (struct daemon_status){
        .ready = json_is_true(ready),
        .why = text_of(arena, root, "reason"),
        .pid = (int)number_of(root, "pid"),
        .version = text_of(arena, root, "version"),
        .configuration = text_of(arena, root, "configuration"),
        .connections = number_of(root, "connections"),
        .exchanges = number_of(root, "exchanges"),
    };
    read_last_reload(json_object_get(root, "lastReload"), arena, ret_status);
    return true;
}
