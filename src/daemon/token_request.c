/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/token_request.h"

const struct issuer_settings *token_find_issuer(const struct snapshot *snapshot, struct str issuer,
                                                struct error *ret_error)
{
    scoped_buf struct buf known = {0};
    FOR_EACH_IN (candidate, &snapshot->settings.issuers) {
        if (!candidate->signing_key_file.text.at)
            continue;
        if (str_eq(candidate->issuer, issuer))
            return candidate;
        buf_printf(&known, "%s%" STR_F, buf_len(&known) ? ", " : "", STR_A(candidate->issuer));
    }
    if (buf_len(&known))
        error_set(ret_error, ERROR_INVALID,
                  "'%" STR_F "' is no issuer with a signingKeyFile; the configuration has %" STR_F,
                  STR_A(issuer), STR_A(buf_str(&known)));
    else
        error_set(
            ret_error, ERROR_INVALID,
            "the configuration has no issuer with signingKeyFile; 'turnpike init' makes a key");
    return NULL;
}

static bool refuse_choice(struct str one, struct str other, struct error *ret_error)
{
    error_set(ret_error, ERROR_INVALID,
              "choose with --aud: authorizers accept '%" STR_F "' and '%" STR_F "'", STR_A(one),
              STR_A(other));
    return false;
}

/* *found is empty, or what the authorizers before this one accept. */
static bool add_audiences(const struct authorizer *authorizer, struct str *found,
                          struct error *ret_error)
{
    FOR_EACH_IN (audience, &authorizer->audience) {
        if (found->len && !str_eq(*found, *audience))
            return refuse_choice(*found, *audience, ret_error);
        *found = *audience;
    }
    return true;
}

bool token_find_audience(const struct snapshot *snapshot, struct str issuer,
                         struct str *ret_audience, struct error *ret_error)
{
    struct str found = {0};
    FOR_EACH_IN (api, &snapshot->apis) {
        FOR_EACH_IN (authorizer, &(*api)->authorizers) {
            if (str_eq((*authorizer)->issuer, issuer) &&
                !add_audiences(*authorizer, &found, ret_error))
                return false;
        }
    }
    *ret_audience = found;
    return true;
}

bool token_read_claims(const text_list *texts, struct arena *arena,
                       const struct mint_claim **ret_claims, struct error *ret_error)
{
    struct mint_claim *claims = arena_array(arena, struct mint_claim, texts->count);
    for (size_t i = 0; i < texts->count; i++) {
        struct str text = str_from(texts->items[i]);
        size_t equals = str_find(text, '=');
        if (equals == 0 || equals == text.len) {
            error_set(ret_error, ERROR_INVALID, "--claim wants NAME=VALUE, not '%" STR_F "'",
                      STR_A(text));
            return false;
        }
        claims[i] = (struct mint_claim){str_head(text, equals), str_skip(text, equals + 1)};
    }
    *ret_claims = claims;
    return true;
}
