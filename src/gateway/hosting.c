/* SPDX-License-Identifier: Apache-2.0 */
/* What hosted functions need of the gateway: a place for their log, and keys that it knows. */
#include <string.h>

#include "turnpike/base/log.h"
#include "turnpike/gateway/gateway.h"

static void on_line(void *data, const struct hosted_line *line)
{
    struct log_field fields[] = {
        {"function",  line->function  },
        {"requestId", line->request_id}
    };
    (void)data;
    if (log_level() >= LOG_LEVEL_NOTICE)
        log_write_text(LOG_LEVEL_NOTICE, fields, line->request_id.len > 0 ? 2 : 1, line->text);
}

static bool hears_lines(void *data)
{
    (void)data;
    return log_level() >= LOG_LEVEL_NOTICE;
}

static void on_trouble(void *data, struct str function, struct str why)
{
    (void)data;
    log_warning("function '%" STR_F "': %" STR_F, STR_A(function), STR_A(why));
}

static void on_notice(void *data, struct str function, struct str what)
{
    (void)data;
    log_notice("function '%" STR_F "': %" STR_F, STR_A(function), STR_A(what));
}

static struct sigv4_key issue_key(void *data, struct str function)
{
    struct gateway *g = data;
    struct temporary_key key;
    temporary_keys_issue(g->temporary_keys, function, g->snapshot->settings.account_id, &key);
    const struct credential *known =
        temporary_keys_find(g->temporary_keys, str_from(key.access_key_id));
    explicit_bzero(&key, sizeof(key));
    return (struct sigv4_key){known->access_key_id, known->secret_access_key, known->session_token};
}

static void revoke_key(void *data, const struct sigv4_key *key)
{
    struct gateway *g = data;
    temporary_keys_revoke(g->temporary_keys, key->access_key_id);
}

void gateway_host(struct gateway *g, const char *program, const char *const *environment)
{
    g->hosting = (struct hosting){
        .program = program,
        .environment = environment,
        .owner = {.data = g,
                  .on_line = on_line,
                  .hears_lines = hears_lines,
                  .on_trouble = on_trouble,
                  .on_notice = on_notice,
                  .issue_key = issue_key,
                  .revoke_key = revoke_key}
    };
    lambda_host(g->lambda, &g->hosting);
}
