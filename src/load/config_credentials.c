/* SPDX-License-Identifier: Apache-2.0 */
/* credentials: who may sign requests. */
#include "config_signing.h"
#include "turnpike/base/buf.h"

static bool has_no_tag(struct config *c, const struct doc *d)
{
    bool none = d->tag.len == 0;
    if (!none)
        diag_error(c->diag, d->at, "tag '%" STR_F "' means nothing here", STR_A(d->tag));
    if (d->kind == DOC_LIST)
        FOR_EACH (item, d->items, d->count)
            none &= has_no_tag(c, *item);
    if (d->kind == DOC_MAP)
        FOR_EACH (m, d->members, d->count)
            none &= has_no_tag(c, m->value);
    return none;
}

/* What it says is for auth_prepare to understand. */
void config_read_policy(struct config *c, const struct config_key *key, const struct doc *d,
                        void *target)
{
    struct written *policy = target;
    scoped_buf struct buf json = {0};
    if (!config_is_map(c, key->name, d) || !has_no_tag(c, d))
        return;
    doc_write_json(&json, d);
    *policy = (struct written){arena_copy(c->arena, buf_str(&json)), d->at};
}

static const struct credential *find_credential(const struct config *c, struct str id)
{
    FOR_EACH_IN (credential, &c->settings->credentials)
        if (str_eq(credential->access_key_id, id))
            return credential;
    return NULL;
}

static void read_credential(struct config *c, const struct config_section *section,
                            const struct doc *d)
{
    size_t errors_before = c->diag->error_count;
    struct credential credential = {.at = config_at(d, "accessKeyId")};
    if (!config_read_section(c, section, d, &credential) || c->diag->error_count > errors_before ||
        !config_check_key(c, credential.at, credential.access_key_id, credential.secret_access_key,
                          credential.session_token))
        return;
    const struct credential *first = find_credential(c, credential.access_key_id);
    if (first)
        diag_error(c->diag, credential.at,
                   "access key ID '%" STR_F "' is there twice; the first is at line %u",
                   STR_A(credential.access_key_id), first->at.line);
    else
        *list_push(c->arena, &c->settings->credentials) = credential;
}

void config_read_credentials(struct config *c, const struct config_key *key, const struct doc *d,
                             void *target)
{
    (void)target;
    if (!config_is_list(c, key->name, d))
        return;
    for (size_t i = 0; i < d->count; i++)
        read_credential(c, key->section, d->items[i]);
}
