/* SPDX-License-Identifier: Apache-2.0 */
/* functions.NAME.process: what is run, where, how often and as whom. */
#include "config_process.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_user.h"
#include "turnpike/base/clock.h"

#define PROCESS_TIMEOUT  (3 * USEC_PER_SEC) /* AWS's default */
#define DEFAULT_PATH     "/usr/local/bin:/usr/bin:/bin"
#define SHARED_NAMES_MAX 3

/* Keys that do not belong together. */

static const struct {
    const char *key, *instead; /* NULL: nothing */
} endpoint_keys[] = {
    {"emulator",         NULL                 },
    {"remoteName",       NULL                 },
    {"signWith",         NULL                 },
    {"maxConcurrency",   "process.concurrency"},
    {"connectTimeout",   "process.initTimeout"},
    {"keepAliveTimeout", "process.idleTimeout"},
};

static void refuse_endpoint_keys(struct config *c, const struct doc *d)
{
    FOR_EACH (row, endpoint_keys, ARRAY_LENGTH(endpoint_keys)) {
        if (!config_has(d, row->key))
            continue;
        const char *instead = row->instead;
        diag_error(c->diag, config_at(d, row->key), "'%s' is of functions with an 'endpoint'%s%s%s",
                   row->key, instead ? ": here '" : "", instead ? instead : "",
                   instead ? "' counts" : "");
    }
}

void config_refuse_process_keys(struct config *c, const struct doc *d)
{
    static const char *const keys[] = {"environment", "memorySize", "credentials"};
    FOR_EACH (key, keys, ARRAY_LENGTH(keys))
        if (config_has(d, *key))
            diag_error(c->diag, config_at(d, *key), "'%s' is of functions with a 'process'", *key);
}

/* Paths. */

/* Without parts that lead nowhere. ".." stays: what is before it may be a link. */
static struct str cleaned(struct config *c, struct str path)
{
    struct str clean = STR(""), part;
    while (str_split(&path, '/', &part))
        if (part.len > 0 && !str_is(part, "."))
            clean = arena_printf(c->arena, "%" STR_F "/%" STR_F, STR_A(clean), STR_A(part));
    return clean.len ? clean : STR("/");
}

/* Links are left as they are: what they lead to may change while the gateway runs. */
static struct str absolute(struct config *c, struct str path)
{
    scoped_free char *directory = getcwd(NULL, 0);
    if (path.len > 0 && path.at[0] == '/')
        return cleaned(c, path);
    return cleaned(c,
                   arena_printf(c->arena, "%s/%" STR_F, directory ? directory : "", STR_A(path)));
}

/* NULL, or why the file is no program that can be run. */
static const char *program_problem(struct config *c, struct str path)
{
    struct stat status;
    if (stat(arena_cstring(c->arena, path), &status) != 0)
        return strerror(errno);
    if (!S_ISREG(status.st_mode))
        return "not a file";
    return status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH) ? NULL : "it is not executable";
}

static bool is_in_path(struct config *c, struct str name, struct str path)
{
    struct str directory;
    while (str_split(&path, ':', &directory)) {
        struct str file =
            arena_printf(c->arena, "%" STR_F "/%" STR_F, STR_A(directory), STR_A(name));
        if (directory.len > 0 && !program_problem(c, file))
            return true;
    }
    return false;
}

/* The function's own, else the gateway's. */
static struct str search_path(const struct process_settings *p)
{
    const char *own = getenv("PATH");
    FOR_EACH_IN (variable, &p->environment)
        if (str_is(variable->name, "PATH"))
            return variable->value;
    return own ? str_from(own) : STR(DEFAULT_PATH);
}

/* The process. */

static void set_directory(struct config *c, struct process_settings *p)
{
    struct stat status;
    struct position at = p->directory.text.at ? p->directory.at : p->at;
    struct str path = p->directory.text.at ? p->directory.text : c->directory;
    p->directory = (struct written){absolute(c, path), at};
    if (stat(arena_cstring(c->arena, p->directory.text), &status) != 0)
        diag_error(c->diag, at, "'%" STR_F "' cannot be worked in: %s", STR_A(p->directory.text),
                   strerror(errno));
    else if (!S_ISDIR(status.st_mode))
        diag_error(c->diag, at, "'%" STR_F "' is no directory", STR_A(p->directory.text));
}

/* The first that the path has in it. */
static const struct {
    const char *part, *hint;
} program_hints[] = {
    {"node_modules/.bin/", "; 'npm ci' (or 'npm install') puts it there"           },
    {"venv/bin/",          "; 'python3 -m venv' and its 'pip install' put it there"},
};

static bool has_arguments(struct str path)
{
    struct str name = STR("");
    while (str_split(&path, '/', &name))
        continue;
    return str_find(name, ' ') < name.len;
}

static const char *program_hint(struct str path)
{
    if (has_arguments(path))
        return "; each argument is an item of its own";
    FOR_EACH (row, program_hints, ARRAY_LENGTH(program_hints))
        if (str_find_str(path, str_from(row->part)) < path.len)
            return row->hint;
    return "";
}

/* Where files lie that are named without a slash by mistake. */
static const char *const near_places[] = {"./", "node_modules/.bin/", ".venv/bin/"};

static void warn_of_program(struct config *c, struct position at, const struct process_settings *p)
{
    struct str name = p->command.items[0], hint = STR("");
    struct stat status;
    FOR_EACH (place, near_places, ARRAY_LENGTH(near_places)) {
        struct str file = arena_printf(c->arena, "%" STR_F "/%s%" STR_F, STR_A(p->directory.text),
                                       *place, STR_A(name));
        if (hint.len == 0 && stat(arena_cstring(c->arena, file), &status) == 0)
            hint = arena_printf(c->arena, "; did you mean '%s%" STR_F "'?", *place, STR_A(name));
    }
    diag_warning(c->diag, at, "there is no program '%" STR_F "' in the PATH%" STR_F, STR_A(name),
                 STR_A(hint));
}

static void check_program(struct config *c, struct position at, const struct process_settings *p)
{
    struct str program = p->command.items[0];
    const char *problem = program_problem(c, program);
    if (problem)
        diag_error(c->diag, at, "'%" STR_F "' cannot be run: %s%s", STR_A(program), problem,
                   program_hint(program));
}

/* Without a slash it is found when it is started, by the PATH of then. */
static void set_program(struct config *c, const struct doc *d, struct process_settings *p)
{
    const struct doc *command = doc_get(doc_get(d, "process"), "command");
    if (p->command.count == 0) {
        if (command && command->kind == DOC_LIST && command->count == 0)
            diag_error(c->diag, command->at, "'command' is empty: it begins with the program");
        return;
    }
    struct str *program = &p->command.items[0];
    struct position at = command->items[0]->at;
    if (str_find(*program, '/') < program->len) {
        if (program->at[0] != '/')
            *program = cleaned(c, arena_printf(c->arena, "%" STR_F "/%" STR_F,
                                               STR_A(p->directory.text), STR_A(*program)));
        check_program(c, at, p);
    } else if (!c->foreign_environment && !is_in_path(c, *program, search_path(p))) {
        warn_of_program(c, at, p);
    }
}

void config_read_process(struct config *c, const struct config_key *key, const struct doc *d,
                         void *target)
{
    struct process_settings *p = target;
    if (!d || !config_is_map(c, key->name, d))
        return;
    (void)config_read_section(c, key->section, d, p);
    p->on = true;
    p->at = d->at;
    if (p->minimum > p->concurrency)
        diag_error(c->diag, config_at(d, config_has(d, "minimum") ? "minimum" : "concurrency"),
                   "'minimum' is %u, but 'concurrency' allows %u", p->minimum, p->concurrency);
}

void config_finish_process(struct config *c, const struct doc *d, struct function *f)
{
    struct process_settings *p = &f->process;
    refuse_endpoint_keys(c, d);
    if (!p->on) /* it was no map */
        return;
    if (!config_has(d, "timeout"))
        f->timeout = PROCESS_TIMEOUT;
    f->max_concurrency = p->concurrency;
    p->memory_limited = config_has(d, "memorySize");
    set_directory(c, p);
    set_program(c, d, p);
    config_check_environment(c, d, f);
    if (p->user.text.len > 0)
        config_find_user(c, f);
}

/* All functions together. */

void config_check_shared_user(struct config *c)
{
    struct str names = STR("");
    size_t count = 0;
    struct position at = {0};
    FOR_EACH_IN (function, &c->b->snapshot->functions) {
        const struct function *f = *function;
        if (!f->process.on || f->process.user.text.at)
            continue;
        if (count++ == 0)
            at = f->process.at;
        if (count <= SHARED_NAMES_MAX)
            names = arena_printf(c->arena, "%" STR_F "%s'%" STR_F "'", STR_A(names),
                                 count > 1 ? ", " : "", STR_A(f->name));
    }
    if (count > SHARED_NAMES_MAX)
        names = arena_printf(c->arena, "%" STR_F " and %zu more", STR_A(names),
                             count - SHARED_NAMES_MAX);
    if (count > 0)
        diag_warning(c->diag, at,
                     "function%s %" STR_F
                     " run%s as the gateway's own user%s may read its keys and "
                     "configuration%s: 'user' names another (or this one, where that is meant)",
                     count > 1 ? "s" : "", STR_A(names), count > 1 ? "" : "s",
                     count > 1 ? "," : " and", count > 1 ? " and pass for one another" : "");
}
