/* SPDX-License-Identifier: Apache-2.0 */
#include "function_environment.h"

#include "turnpike/model/function_variables.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

struct writing {
    struct arena *arena;
    const struct function_environment_facts *facts;
    LIST(const char *) variables;
};

/* A variable's value; at is NULL where it is not set. */
typedef struct str value_fn(struct arena *a, const struct function_environment_facts *facts);

static const struct str unset = {NULL, 0};

static struct str where_any(struct str value)
{
    return value.len ? value : unset;
}

/* What the gateway knows. */

static struct str runtime_api(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    return f->runtime_api;
}

static struct str function_name(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    return f->function->name;
}

static struct str memory_size(struct arena *a, const struct function_environment_facts *f)
{
    return arena_printf(a, "%u", f->function->process.memory_size);
}

static struct str log_group(struct arena *a, const struct function_environment_facts *f)
{
    return arena_printf(a, "/aws/lambda/%" STR_F, STR_A(f->function->name));
}

static struct str log_stream(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    return f->log_stream;
}

static struct str directory(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    return f->function->process.directory.text;
}

static struct str region(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    return f->settings->aws_region;
}

static struct str ca_file(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    return where_any(f->ca_file);
}

static struct str management_endpoint(struct arena *a UNUSED,
                                      const struct function_environment_facts *f)
{
    return where_any(f->management_endpoint);
}

static struct str invoke_endpoint(struct arena *a UNUSED,
                                  const struct function_environment_facts *f)
{
    return where_any(f->invoke_endpoint);
}

static struct str inherited(const struct function_environment_facts *f, const char *name)
{
    size_t len = strlen(name);
    for (const char *const *variable = f->inherited; variable && *variable; variable++)
        if (strncmp(*variable, name, len) == 0 && (*variable)[len] == '=')
            return str_from(*variable + len + 1);
    return unset;
}

/* The command finds what the operator's shell finds. */
static struct str path(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    struct str own = inherited(f, "PATH");
    return own.len ? own : STR(DEFAULT_PATH);
}

/* What it guesses of the runtime. */

/* Runtime clients get it as their argument, and it stands last. */
static struct str handler(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    const struct process_settings *p = &f->function->process;
    return p->command.count > 1 ? p->command.items[p->command.count - 1] : unset;
}

static const struct {
    struct str word; /* the last part of a path in the command; versions may follow: python3.11 */
    struct str name;
} runtimes[] = {
    {STR_INIT("aws-lambda-ric"), STR_INIT("AWS_Lambda_nodejs22.x")},
    {STR_INIT("awslambdaric"),   STR_INIT("AWS_Lambda_python3.13")},
    {STR_INIT("node"),           STR_INIT("AWS_Lambda_nodejs22.x")},
    {STR_INIT("nodejs"),         STR_INIT("AWS_Lambda_nodejs22.x")},
    {STR_INIT("python"),         STR_INIT("AWS_Lambda_python3.13")},
};

static bool is_version(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '.' && (text.at[i] < '0' || text.at[i] > '9'))
            return false;
    return true;
}

static struct str last_part(struct str path)
{
    const char *slash = path.len ? memrchr(path.at, '/', path.len) : NULL;
    return slash ? str_skip(path, (size_t)(slash - path.at) + 1) : path;
}

static struct str runtime(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    FOR_EACH_IN (argument, &f->function->process.command) {
        struct str word = last_part(*argument);
        FOR_EACH (row, runtimes, ARRAY_LENGTH(runtimes))
            if (str_starts_with(word, row->word) && is_version(str_skip(word, row->word.len)))
                return row->name;
    }
    return STR("AWS_Lambda_provided.al2023");
}

/* What it signs with. */

static const struct sigv4_key *key_of(const struct function_environment_facts *f)
{
    return f->function->process.credentials == FUNCTION_CREDENTIALS_GATEWAY ? f->key : NULL;
}

static struct str access_key_id(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    return key_of(f) ? key_of(f)->access_key_id : unset;
}

static struct str secret_access_key(struct arena *a UNUSED,
                                    const struct function_environment_facts *f)
{
    return key_of(f) ? key_of(f)->secret_access_key : unset;
}

static struct str session_token(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    return key_of(f) ? where_any(key_of(f)->session_token) : unset;
}

/* SDKs find the operator's keys without any variable, too: in files of the user's home, from the
 * machine. Only who inherits them is to. */
static struct str no_file(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    bool inherits = f->function->process.credentials == FUNCTION_CREDENTIALS_INHERIT;
    return inherits ? unset : STR("/dev/null");
}

static struct str no_metadata(struct arena *a UNUSED, const struct function_environment_facts *f)
{
    bool inherits = f->function->process.credentials == FUNCTION_CREDENTIALS_INHERIT;
    return inherits ? unset : STR("true");
}

/* Sorted by name. */
static const struct {
    const char *name;
    struct str text; /* where there is no fn */
    value_fn *fn;
} rows[] = {
    {"AWS_ACCESS_KEY_ID",                        STR_INIT(""),               access_key_id      },
    {"AWS_CA_BUNDLE",                            STR_INIT(""),               ca_file            },
    {"AWS_CONFIG_FILE",                          STR_INIT(""),               no_file            },
    {"AWS_DEFAULT_REGION",                       STR_INIT(""),               region             },
    {"AWS_EC2_METADATA_DISABLED",                STR_INIT(""),               no_metadata        },
    {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", STR_INIT(""),               management_endpoint},
    {"AWS_ENDPOINT_URL_LAMBDA",                  STR_INIT(""),               invoke_endpoint    },
    {"AWS_EXECUTION_ENV",                        STR_INIT(""),               runtime            },
    {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE",          STR_INIT(""),               memory_size        },
    {"AWS_LAMBDA_FUNCTION_NAME",                 STR_INIT(""),               function_name      },
    {"AWS_LAMBDA_FUNCTION_VERSION",              STR_INIT("$LATEST"),        NULL               },
    {"AWS_LAMBDA_INITIALIZATION_TYPE",           STR_INIT("on-demand"),      NULL               },
    {"AWS_LAMBDA_LOG_GROUP_NAME",                STR_INIT(""),               log_group          },
    {"AWS_LAMBDA_LOG_STREAM_NAME",               STR_INIT(""),               log_stream         },
    {"AWS_LAMBDA_RUNTIME_API",                   STR_INIT(""),               runtime_api        },
    {"AWS_REGION",                               STR_INIT(""),               region             },
    {"AWS_SECRET_ACCESS_KEY",                    STR_INIT(""),               secret_access_key  },
    {"AWS_SESSION_TOKEN",                        STR_INIT(""),               session_token      },
    {"AWS_SHARED_CREDENTIALS_FILE",              STR_INIT(""),               no_file            },
    {"AWS_XRAY_CONTEXT_MISSING",                 STR_INIT("LOG_ERROR"),      NULL               },
    {"AWS_XRAY_DAEMON_ADDRESS",                  STR_INIT("127.0.0.1:2000"), NULL               },
    {"LAMBDA_RUNTIME_DIR",                       STR_INIT("/var/runtime"),   NULL               },
    {"LAMBDA_TASK_ROOT",                         STR_INIT(""),               directory          },
    {"LANG",                                     STR_INIT("en_US.UTF-8"),    NULL               },
    {"NODE_EXTRA_CA_CERTS",                      STR_INIT(""),               ca_file            },
    {"PATH",                                     STR_INIT(""),               path               },
    {"PWD",                                      STR_INIT(""),               directory          },
    {"SHLVL",                                    STR_INIT("0"),              NULL               },
    {"SSL_CERT_FILE",                            STR_INIT(""),               ca_file            },
    {"TZ",                                       STR_INIT(":UTC"),           NULL               },
    {"_AWS_XRAY_DAEMON_ADDRESS",                 STR_INIT("127.0.0.1"),      NULL               },
    {"_AWS_XRAY_DAEMON_PORT",                    STR_INIT("2000"),           NULL               },
    {"_HANDLER",                                 STR_INIT(""),               handler            },
};

static bool is_own(const struct process_settings *p, struct str name)
{
    const struct function_variable *known = function_variable_find(name);
    return !known || (known->is_key && p->credentials == FUNCTION_CREDENTIALS_NONE);
}

static bool has_own(const struct process_settings *p, struct str name)
{
    if (!is_own(p, name))
        return false;
    FOR_EACH_IN (variable, &p->environment)
        if (str_eq(variable->name, name))
            return true;
    return false;
}

static void add(struct writing *w, struct str name, struct str value)
{
    *list_push(w->arena, &w->variables) =
        arena_printf(w->arena, "%" STR_F "=%" STR_F, STR_A(name), STR_A(value)).at;
}

static void add_default(struct writing *w, const char *name, struct str value)
{
    if (value.at && !has_own(&w->facts->function->process, str_from(name)))
        add(w, str_from(name), value);
}

static void add_inherited(struct writing *w)
{
    if (w->facts->function->process.credentials != FUNCTION_CREDENTIALS_INHERIT)
        return;
    for (const char *const *name = credential_variables; *name; name++)
        add_default(w, *name, inherited(w->facts, *name));
}

static void add_own(struct writing *w)
{
    const struct process_settings *p = &w->facts->function->process;
    FOR_EACH_IN (variable, &p->environment)
        if (is_own(p, variable->name))
            add(w, variable->name, variable->value);
}

const char *const *function_environment(struct arena *a,
                                        const struct function_environment_facts *facts)
{
    struct writing w = {.arena = a, .facts = facts};
    FOR_EACH (row, rows, ARRAY_LENGTH(rows))
        add_default(&w, row->name, row->fn ? row->fn(a, facts) : row->text);
    add_inherited(&w);
    add_own(&w);
    *list_push(a, &w.variables) = NULL;
    return w.variables.items;
}
