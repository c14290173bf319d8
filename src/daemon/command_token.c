/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>

#include "turnpike/base/clock.h"
#include "turnpike/daemon/command.h"
#include "turnpike/daemon/configuration.h"
#include "turnpike/daemon/new_file.h"
#include "turnpike/daemon/token_request.h"

#define KEY_FILE_MAX     65536
#define DEFAULT_SUBJECT  "developer"
#define DEFAULT_LIFETIME (3600 * USEC_PER_SEC)

struct token_options {
    const char *config, *issuer, *sub, *scope, *aud, *expires;
    text_list claim;
};

static const struct option_row options_table[] = {
    {"config", OPTION_TEXT, offsetof(struct token_options, config), "FILE", "the configuration",
     false},
    {"issuer", OPTION_TEXT, offsetof(struct token_options, issuer), "URL",
     "which of the configuration's issuers signs", true},
    {"sub", OPTION_TEXT, offsetof(struct token_options, sub), "SUBJECT",
     "whom the token is about (default: " DEFAULT_SUBJECT ")", false},
    {"scope", OPTION_TEXT, offsetof(struct token_options, scope), "SCOPES",
     "what the token permits, separated by spaces", false},
    {"aud", OPTION_TEXT, offsetof(struct token_options, aud), "AUDIENCE",
     "default: what the authorizers of this issuer accept", false},
    {"claim", OPTION_TEXTS, offsetof(struct token_options, claim), "NAME=VALUE",
     "one more claim; wins over the others", false},
    {"expires", OPTION_TEXT, offsetof(struct token_options, expires), "TIME",
     "how long it is valid: 30s, 10m, 1h, 7d (default: 1h)", false},
};

static enum exit_status say(const char *why)
{
    fprintf(stderr, "turnpike token: %s\n", why);
    return STATUS_FAILED;
}

/* The request as the options alone determine it; STATUS_DONE where they make sense. */
static enum exit_status read_options(const struct token_options *options, struct arena *arena,
                                     struct mint_request *ret_request)
{
    struct error error;
    *ret_request = (struct mint_request){
        .issuer = str_from(options->issuer),
        .subject = str_from(options->sub ? options->sub : DEFAULT_SUBJECT),
        .scope = str_from(options->scope),
        .audience = str_from(options->aud),
        .claim_count = options->claim.count,
        .wall = clock_wall(),
        .lifetime = DEFAULT_LIFETIME,
    };
    if (options->expires && !option_duration(options->expires, &ret_request->lifetime))
        return command_refuse(&command_token, "--expires wants a time such as 30s, 10m or 1h");
    if (!token_read_claims(&options->claim, arena, &ret_request->claims, &error))
        return command_refuse(&command_token, "%s", error.text);
    return STATUS_DONE;
}

/* Reads the key and mints; the key's bytes are wiped afterwards. */
static bool mint(const struct mint_request *request, const char *key_file, struct arena *arena,
                 struct str *ret_token, struct error *ret_error)
{
    struct buf key = {0};
    bool minted = file_read(key_file, KEY_FILE_MAX, &key, ret_error) &&
                  token_mint(request, buf_str(&key), arena, ret_token, ret_error);
    if (key.data)
        OPENSSL_cleanse(key.data, key.capacity);
    buf_release(&key);
    return minted;
}

static enum exit_status mint_for(const struct snapshot *snapshot, struct mint_request *request,
                                 struct arena *arena)
{
    struct error error;
    struct str token;
    const struct issuer_settings *issuer = token_find_issuer(snapshot, request->issuer, &error);
    if (!issuer)
        return say(error.text);
    if (!request->audience.at &&
        !token_find_audience(snapshot, request->issuer, &request->audience, &error))
        return say(error.text);
    if (!mint(request, arena_cstring(arena, issuer->signing_key_file.text), arena, &token, &error))
        return say(error.text);
    printf("%" STR_F "\n", STR_A(token));
    return STATUS_DONE;
}

static enum exit_status run_in(const struct token_options *options, struct arena *arena)
{
    struct mint_request request;
    enum exit_status status = read_options(options, arena, &request);
    if (status != STATUS_DONE)
        return status;
    struct snapshot *snapshot = configuration_load_or_say(options->config);
    if (!snapshot)
        return STATUS_CONFIGURATION;
    status = mint_for(snapshot, &request, arena);
    snapshot_unref(snapshot);
    return status;
}

static enum exit_status run(const void *data, const char *operand UNUSED)
{
    struct arena arena;
    arena_init(&arena, 4096);
    enum exit_status status = run_in(data, &arena);
    arena_release(&arena);
    return status;
}

const struct command command_token = {
    .name = "token",
    .summary = "mints a token of a development issuer",
    .help = "Signs a JWT with the signingKeyFile of an issuer in the configuration and prints it,\n"
            "nothing else. A claim's VALUE that is JSON (1, true, [\"admin\"]) is taken as such,\n"
            "any other as a text; null leaves the claim out.\n",
    .options = options_table,
    .option_count = ARRAY_LENGTH(options_table),
    .options_size = sizeof(struct token_options),
    .run = run,
};
