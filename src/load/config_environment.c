/* SPDX-License-Identifier: Apache-2.0 */
/* functions.NAME.environment and .credentials. */
#include <stdlib.h>
#include <unistd.h>

#include "config_process.h"
#include "turnpike/model/function_variables.h"

/* Of command and environment together: what the gateway adds fits into the rest of what a process
 * may be given. */
#define SIZE_MAX_TOGETHER (96 * 1024)
#define NAME_MAX_BYTES    256
#define NAME_CHARACTERS   CONFIG_LETTER CONFIG_DIGITS "_"

typedef LIST(struct variable) variable_list;

static bool is_name(struct str name)
{
    return config_consists_of(name, NAME_CHARACTERS, NAME_MAX_BYTES) &&
           !strchr(CONFIG_DIGITS, name.at[0]);
}

/* As it was written: false is "false". Values may be secret: nothing is said of them. */
static bool read_variable(struct config *c, const struct doc_member *m)
{
    const struct doc *d = m->value;
    if (!is_name(m->key))
        diag_error(c->diag, m->at,
                   "'%" STR_F "' is no variable's name: letters, digits and _, no digit first",
                   STR_A(m->key));
    else if (d->tag.len > 0)
        diag_error(c->diag, d->at, "tag '%" STR_F "' means nothing here", STR_A(d->tag));
    else if (d->kind == DOC_NULL || d->kind == DOC_LIST || d->kind == DOC_MAP)
        diag_error(c->diag, d->kind == DOC_NULL ? m->at : d->at,
                   "variable '%" STR_F "' must be a string, not %s", STR_A(m->key),
                   doc_kind_name(d));
    else if (str_find(d->text, '\0') < d->text.len)
        diag_error(c->diag, d->at, "variable '%" STR_F "' holds a NUL character", STR_A(m->key));
    else
        return true;
    return false;
}

void config_read_environment(struct config *c, const struct config_key *key, const struct doc *d,
                             void *target)
{
    variable_list list = {0};
    if (!config_is_map(c, key->name, d))
        return;
    FOR_EACH (m, d->members, d->count)
        if (read_variable(c, m))
            *list_push(c->arena, &list) = (struct variable){m->key, m->value->text};
    *(variable_list *)target = list;
}

/* What would have no effect is a mistake. */
static void check_variable(struct config *c, const struct doc *d, struct str name,
                           const struct process_settings *p)
{
    const struct function_variable *known = function_variable_find(name);
    if (!known || (known->is_key && p->credentials == FUNCTION_CREDENTIALS_NONE))
        return;
    struct position at = doc_member(doc_get(d, "environment"), name)->at;
    diag_error(c->diag, at, "'%" STR_F "' cannot be set: %s%s", STR_A(name), known->why,
               known->is_key ? ", and leaves it to you where it is 'none'" : "");
}

static void check_size(struct config *c, const struct doc *d, const struct process_settings *p)
{
    size_t size = 0;
    FOR_EACH_IN (argument, &p->command)
        size += argument->len + 1;
    FOR_EACH_IN (variable, &p->environment)
        size += variable->name.len + variable->value.len + 2;
    if (size > SIZE_MAX_TOGETHER)
        diag_error(c->diag, config_at(d, config_has(d, "environment") ? "environment" : "process"),
                   "'command' and 'environment' are %zu bytes together; they may be %d", size,
                   SIZE_MAX_TOGETHER);
}

static bool has_shared_file(struct config *c)
{
    static const char *const files[] = {"credentials", "config"};
    const char *home = getenv("HOME");
    FOR_EACH (file, files, ARRAY_LENGTH(files))
        if (home && access(arena_printf(c->arena, "%s/.aws/%s", home, *file).at, F_OK) == 0)
            return true;
    return false;
}

static bool has_credentials(struct config *c)
{
    for (const char *const *name = credential_variables; name[1]; name++)
        if (str_from(getenv(*name)).len > 0)
            return true;
    return has_shared_file(c);
}

void config_check_environment(struct config *c, const struct doc *d, const struct function *f)
{
    const struct process_settings *p = &f->process;
    FOR_EACH_IN (variable, &p->environment)
        check_variable(c, d, variable->name, p);
    check_size(c, d, p);
    if (p->credentials == FUNCTION_CREDENTIALS_INHERIT && !c->foreign_environment &&
        !has_credentials(c))
        diag_warning(c->diag, config_at(d, "credentials"),
                     "the gateway's environment names no credentials that function '%" STR_F
                     "' could inherit",
                     STR_A(f->name));
}
