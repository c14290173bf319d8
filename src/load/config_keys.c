/* SPDX-License-Identifier: Apache-2.0 */
#include "config_keys.h"

#include <stdint.h>

#include "config_read.h"

#define AT(type, member) offsetof(struct type, member)
/* A row: name, type, where it goes, default, bounds, reload, support, help, and what else it needs.
 */
#define KEY(name, type, offset, initial, min, max, reload, support, ...)                           \
    {                                                                                              \
        name, type, offset, initial, min, max, reload, support, .help = __VA_ARGS__                \
    }
#define SECTION(rows, ...)                                                                         \
    {                                                                                              \
        .keys = rows, .count = sizeof(rows) / sizeof((rows)[0]), .path = __VA_ARGS__               \
    }
#define WHOLE 0 /* the section's struct itself */
#define KIB   1024.0
#define MIB   (1024 * KIB)
#define GIB   (1024 * MIB)
#define HOUR  3600.0
#define DAY   (24 * HOUR)

static const char *const log_levels[] = {"error", "warning", "notice", "info", "debug", NULL};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const tls_versions[] = {"TLS_1_2", "TLS_1_3", NULL};
static const char *const path_forms[] = {"loopback", "always", "never", NULL};
static const char *const protocol_types[] = {"HTTP", "REST", "WEBSOCKET", NULL};
static const char *const logging_levels[] = {"OFF", "ERROR", "INFO", NULL};
static const char *const escapes[] = {"none", "auto", NULL};
static const char *const binary_frames[] = {"close", "deliver", NULL};
static const char *const idle_resets[] = {"messages", "any", NULL};
static const char *const emulators[] = {"none", "rie", "sam", NULL};
static const char *const function_credentials[] = {"gateway", "inherit", "none", NULL};
static const char *const authorization_types[] = {"AWS_IAM", "NONE", NULL};
static const char *const exporters[] = {"none", NULL};

static const struct config_key log_keys[] = {
    KEY("level", CONFIG_WORD, AT(log_settings, level), "notice", 0, 0, LIVE, BUILT,
        "the least severe lines that the daemon's own log keeps", .words = log_levels),
    KEY("format", CONFIG_CHOICE, AT(log_settings, json), "text", 0, 0, LIVE, BUILT,
        "how lines are written", .words = log_formats),
    KEY("destination", CONFIG_STREAM, AT(log_settings, destination), "stderr", 0, 0, RESTART, BUILT,
        "where lines go: `stdout`, `stderr` or a file"),
};
static const struct config_section log_section = SECTION(log_keys, "log");

static const struct config_key shutdown_keys[] = {
    KEY("delay", CONFIG_DURATION, AT(shutdown_settings, delay), "0", 0, HOUR, LIVE, BUILT,
        "how long to go on accepting after /readyz has turned, so that load balancers notice"),
    KEY("drainTimeout", CONFIG_DURATION, AT(shutdown_settings, drain_timeout), "30", 0, DAY, LIVE,
        BUILT, "how long requests that have begun may take to end"),
};
static const struct config_section shutdown_section = SECTION(shutdown_keys, "shutdown");

static const struct config_key tls_keys[] = {
    KEY("certificate", CONFIG_ANY, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "the chain as PEM, leaf first: a path, or a list of them", .required = true),
    KEY("privateKey", CONFIG_ANY, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "its key as PEM: a path, or a list in the order of the certificates", .required = true),
    KEY("minimumVersion", CONFIG_WORD, AT(tls_settings, minimum_version), "TLS_1_2", 0, 0, LIVE,
        BUILT, "the oldest protocol version that is spoken", .words = tls_versions),
};
const struct config_section config_tls = SECTION(tls_keys, "tls");

static const struct config_key listener_keys[] = {
    KEY("name", CONFIG_TEXT, AT(listener_settings, name), NULL, 0, 0, LIVE, BUILT,
        "what other sections and messages call it", .required = true),
    KEY("address", CONFIG_ADDRESS, AT(listener_settings, address), NULL, 0, 0, LIVE, BUILT,
        "a numeric address; `127.0.0.1` where only a port is written"),
    KEY("port", CONFIG_PORT, AT(listener_settings, port), NULL, 1, 65535, LIVE, BUILT,
        "the TCP port"),
    KEY("unix", CONFIG_PATH, AT(listener_settings, unix_path), NULL, 0, 0, LIVE, BUILT,
        "the path of a UNIX socket, instead of address and port"),
    KEY("systemd", CONFIG_TEXT, AT(listener_settings, systemd_name), NULL, 0, 0, LIVE, BUILT,
        "a socket that systemd opened (`FileDescriptorName=`), instead of address and port"),
    KEY("apis", CONFIG_WRITTEN_LIST, AT(listener_settings, apis), NULL, 0, 0, LIVE, BUILT,
        "the APIs that it serves; absent: all", .opens = true),
    KEY("trustedProxies", CONFIG_NETWORKS, AT(listener_settings, trusted_proxies), NULL, 0, 0, LIVE,
        BUILT, "networks whose `Forwarded` and `X-Forwarded-*` headers are believed"),
    KEY("proxyProtocol", CONFIG_BOOL, AT(listener_settings, proxy_protocol), "false", 0, 0, LIVE,
        BUILT, "the PROXY protocol (v1, v2) is required from trusted proxies, refused from others"),
    KEY("tls", CONFIG_SECTION, AT(listener_settings, tls), NULL, 0, 0, LIVE, BUILT,
        "speaks TLS; absent: plain", .opens = true, .section = &config_tls,
        .read = config_read_tls),
};
const struct config_section config_listener = SECTION(listener_keys, "listeners[]");

static const struct config_key admin_keys[] = {
    KEY("address", CONFIG_ADDRESS, AT(admin_settings, address), "127.0.0.1", 0, 0, RESTART, BUILT,
        "a numeric address, never one that clients reach"),
    KEY("port", CONFIG_PORT, AT(admin_settings, port), NULL, 1, 65535, RESTART, BUILT,
        "the TCP port", .required = true),
};
static const struct config_section admin_section = SECTION(admin_keys, "admin");

static const struct config_key execute_api_keys[] = {
    KEY("hostSuffixes", CONFIG_TEXTS, AT(execute_api_settings, host_suffixes), "[localhost]", 0, 0,
        LIVE, BUILT,
        "what may stand behind `{apiId}.execute-api.`, beside {awsRegion}.amazonaws.com"),
    KEY("publicEndpoint", CONFIG_TEXT, AT(execute_api_settings, public_endpoint), NULL, 0, 0, LIVE,
        BUILT,
        "the host (and port) that functions are told where the request's own is not trusted"),
    KEY("pathForm", CONFIG_WORD, AT(execute_api_settings, path_form), "loopback", 0, 0, LIVE, BUILT,
        "on which listeners /_aws/execute-api/{apiId}/{stage}/… is understood",
        .words = path_forms),
};
static const struct config_section execute_api_section = SECTION(execute_api_keys, "executeApi");

static const struct config_key throttling_keys[] = {
    KEY("rateLimit", CONFIG_NUMBER, AT(throttle, rate), "10000", 0, 1e9, LIVE, BUILT,
        "requests per second"),
    KEY("burstLimit", CONFIG_NUMBER, AT(throttle, burst), "5000", 0, 1e9, LIVE, BUILT,
        "requests at once"),
};
static const struct config_section throttling_section = SECTION(throttling_keys, "throttling");

static const struct config_key docs_keys[] = {
    KEY("path", CONFIG_WRITTEN, WHOLE, NULL, 0, 0, LIVE, BUILT,
        "where the page stands, below the stage: `/docs`", .required = true),
};
static const struct config_section docs_section = SECTION(docs_keys, "apis[].docs");

static const struct config_key cors_keys[] = {
    KEY("allowOrigins", CONFIG_WRITTEN_LIST, AT(cors_configuration, allow_origins), NULL, 0, 0,
        LIVE, BUILT,
        "pages that may call: origins such as `https://app.example.com`, `https://*`, `http://*` "
        "or `*`"),
    KEY("allowMethods", CONFIG_WRITTEN_LIST, AT(cors_configuration, allow_methods), NULL, 0, 0,
        LIVE, BUILT, "methods that they may use, or `*`"),
    KEY("allowHeaders", CONFIG_WRITTEN_LIST, AT(cors_configuration, allow_headers), NULL, 0, 0,
        LIVE, BUILT, "headers that they may send, or `*`"),
    KEY("exposeHeaders", CONFIG_WRITTEN_LIST, AT(cors_configuration, expose_headers), NULL, 0, 0,
        LIVE, BUILT, "headers of answers that they may read, or `*`"),
    KEY("allowCredentials", CONFIG_BOOL, AT(cors_configuration, allow_credentials), "false", 0, 0,
        LIVE, BUILT, "whether browsers send cookies and the like; not with `*` for the origins"),
    KEY("maxAge", CONFIG_DURATION, WHOLE, NULL, 0, 86400, LIVE, BUILT,
        "how long browsers may remember what they were told; `-1`: not at all",
        .read = config_read_max_age),
};
static const struct config_section cors_section = SECTION(cors_keys, "apis[].corsConfiguration");

static const struct config_key stage_throttle_keys[] = {
    KEY("throttlingRateLimit", CONFIG_NUMBER, AT(throttle, rate), NULL, 0, 1e9, LIVE, BUILT,
        "requests per second"),
    KEY("throttlingBurstLimit", CONFIG_NUMBER, AT(throttle, burst), NULL, 0, 1e9, LIVE, BUILT,
        "requests at once"),
};
const struct config_section config_stage_throttle =
    SECTION(stage_throttle_keys, "apis[].stages[].defaultRouteSettings");

static const struct config_key access_log_keys[] = {
    KEY("destination", CONFIG_STREAM, AT(access_log_settings, destination), "stdout", 0, 0, LIVE,
        BUILT, "where lines go: `stdout`, `stderr` or a file"),
    KEY("format", CONFIG_WRITTEN, AT(access_log_settings, format), NULL, 0, 0, LIVE, BUILT,
        "a line with `$context` variables", .required = true),
    KEY("escape", CONFIG_CHOICE, AT(access_log_settings, escape), "auto", 0, 0, LIVE, BUILT,
        "`auto`: values cannot break out of the format; `none`: as AWS writes them",
        .words = escapes),
};
const struct config_section config_access_log =
    SECTION(access_log_keys, "apis[].stages[].accessLogSettings");

static const struct config_key stage_keys[] = {
    KEY("stageName", CONFIG_TEXT, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "`$default`, or letters, digits, - and _", .required = true),
    KEY("stageVariables", CONFIG_VARIABLES, AT(stage, variables), NULL, 0, 0, LIVE, BUILT,
        "what ${stageVariables.x} stands for", .read = config_read_stage_variables),
    KEY("defaultRouteSettings", CONFIG_SECTION, AT(stage, default_throttle), NULL, 0, 0, LIVE,
        BUILT, "the throttle of each route; absent: only the account's",
        .section = &config_stage_throttle, .read = config_read_stage_throttle),
    KEY("routeSettings", CONFIG_NAMED, WHOLE, NULL, 0, 0, LIVE, BUILT,
        "the throttle of single routes, by route key", .section = &config_stage_throttle,
        .read = config_read_route_settings),
    KEY("methodSettings", CONFIG_MAP, NOWHERE, NULL, 0, 0, LIVE, LATER,
        "the same for methods of REST APIs"),
    KEY("loggingLevel", CONFIG_WORD, NOWHERE, "OFF", 0, 0, LIVE, LATER, "execution logs",
        .words = logging_levels),
    KEY("accessLogSettings", CONFIG_SECTION, AT(stage, access_log_settings), NULL, 0, 0, LIVE,
        BUILT, "a line for each request; absent: none", .section = &config_access_log,
        .read = config_read_access_log),
};
const struct config_section config_stage = SECTION(stage_keys, "apis[].stages[]");

static const struct config_key api_keys[] = {
    KEY("apiId", CONFIG_TEXT, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "its name in URLs and events: lower-case letters, digits and -", .required = true),
    KEY("protocolType", CONFIG_WORD, AT(api, protocol_type), NULL, 0, 0, LIVE, BUILT,
        "its kind; may be left out where the definition tells", .words = protocol_types),
    KEY("definition", CONFIG_WRITTEN_PATH, AT(api, definition), NULL, 0, 0, LIVE, BUILT,
        "the OpenAPI document, or the definition of a WebSocket API", .required = true),
    KEY("definitionParameters", CONFIG_VARIABLES, AT(api, definition_parameters), NULL, 0, 0, LIVE,
        BUILT, "values for Fn::Sub and Ref in the document"),
    KEY("defaultFunction", CONFIG_WRITTEN, AT(api, default_function), NULL, 0, 0, LIVE, BUILT,
        "the function of operations that name no integration"),
    KEY("disableExecuteApiEndpoint", CONFIG_BOOL, AT(api, disable_execute_api_endpoint), "false", 0,
        0, LIVE, BUILT, "reachable through `domains` only"),
    KEY("allowUnenforced", CONFIG_WRITTEN_LIST, AT(api, allow_unenforced), NULL, 0, 0, LIVE, BUILT,
        "extensions or security schemes that guard a door and may go unenforced"),
    KEY("docs", CONFIG_SECTION, AT(api, docs_path), NULL, 0, 0, LIVE, BUILT,
        "serves its OpenAPI document and a page to try it; absent: neither",
        .section = &docs_section, .read = config_read_docs),
    KEY("corsConfiguration", CONFIG_SECTION, AT(api, cors), NULL, 0, 0, LIVE, BUILT,
        "which pages of other origins may call; absent: what the definition says",
        .section = &cors_section, .read = config_read_cors),
    KEY("binaryFrames", CONFIG_CHOICE, AT(api, websocket.delivers_binary), "close", 0, 0, LIVE,
        BUILT, "what a binary WebSocket message does: `close` (1003, as AWS) or `deliver`",
        .words = binary_frames),
    KEY("serializeMessages", CONFIG_BOOL, AT(api, websocket.serializes), "false", 0, 0, LIVE, BUILT,
        "one message of a WebSocket at a time"),
    KEY("idleReset", CONFIG_CHOICE, AT(api, websocket.control_resets_idle), "messages", 0, 0, LIVE,
        BUILT, "what keeps a WebSocket from being idle: `messages` (as AWS) or `any` frame",
        .words = idle_resets),
    KEY("stages", CONFIG_SECTIONS, WHOLE, NULL, 0, 0, LIVE, BUILT,
        "absent: one stage, `$default`; a WebSocket API needs some", .section = &config_stage,
        .read = config_read_stages),
};
const struct config_section config_api = SECTION(api_keys, "apis[]");

static const struct config_key mutual_tls_keys[] = {
    KEY("truststore", CONFIG_PATH, NOWHERE, NULL, 0, 0, LIVE, LATER,
        "who signs clients' certificates"),
};
static const struct config_section mutual_tls_section =
    SECTION(mutual_tls_keys, "domains[].mutualTlsAuthentication");

static const struct config_key api_mapping_keys[] = {
    KEY("apiId", CONFIG_WRITTEN, AT(api_mapping, api_id), NULL, 0, 0, LIVE, BUILT, "an API",
        .required = true),
    KEY("stage", CONFIG_WRITTEN, AT(api_mapping, stage_name), NULL, 0, 0, LIVE, BUILT,
        "one of its stages", .required = true),
    KEY("apiMappingKey", CONFIG_TEXT, AT(api_mapping, key), "\"\"", 0, 0, LIVE, BUILT,
        "the path in front of it, such as `v1` or `orders/v2`; empty: all paths"),
};
const struct config_section config_api_mapping =
    SECTION(api_mapping_keys, "domains[].apiMappings[]");

static const struct config_key domain_keys[] = {
    KEY("domainName", CONFIG_TEXT, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "a host name, `*.` before one, or `*` for any host", .required = true),
    KEY("tls", CONFIG_SECTION, AT(domain, tls), NULL, 0, 0, LIVE, BUILT,
        "its own certificate, chosen by SNI; absent: the listener's", .opens = true,
        .section = &config_tls, .read = config_read_tls),
    KEY("mutualTlsAuthentication", CONFIG_SECTION, NOWHERE, NULL, 0, 0, LIVE, LATER,
        "demands certificates of clients", .opens = true, .section = &mutual_tls_section),
    KEY("apiMappings", CONFIG_SECTIONS, WHOLE, NULL, 0, 0, LIVE, BUILT,
        "which API and stage its paths lead to", .required = true, .section = &config_api_mapping,
        .read = config_read_api_mappings),
};
const struct config_section config_domain = SECTION(domain_keys, "domains[]");

static const struct config_key sign_with_keys[] = {
    KEY("accessKeyId", CONFIG_TEXT, AT(signing, access_key_id), NULL, 0, 0, LIVE, BUILT,
        "a key's public half", .required = true),
    KEY("secretAccessKey", CONFIG_SECRET, AT(signing, secret_access_key), NULL, 0, 0, LIVE, BUILT,
        "its secret half", .required = true),
    KEY("sessionToken", CONFIG_SECRET, AT(signing, session_token), "", 0, 0, LIVE, BUILT,
        "of a temporary key"),
    KEY("region", CONFIG_TEXT, AT(signing, region), NULL, 0, 0, LIVE, BUILT,
        "that is signed for; absent: the endpoint's, else `awsRegion`", .read = config_read_region),
};
const struct config_section config_sign_with = SECTION(sign_with_keys, "functions.NAME.signWith");

static const struct config_key process_keys[] = {
    KEY("command", CONFIG_TEXTS, AT(process_settings, command), NULL, 0, 0, LIVE, BUILT,
        "the program and its arguments; with a slash in it, the program's path starts from "
        "`workingDirectory`",
        .required = true),
    KEY("workingDirectory", CONFIG_WRITTEN_PATH, AT(process_settings, directory), NULL, 0, 0, LIVE,
        BUILT, "where its code is and it runs; absent: the configuration file's directory"),
    KEY("concurrency", CONFIG_COUNT, AT(process_settings, concurrency), "1", 1, 1000, LIVE, BUILT,
        "processes at most, each with one invocation at a time"),
    KEY("minimum", CONFIG_COUNT, AT(process_settings, minimum), "0", 0, 1000, LIVE, BUILT,
        "processes that are kept though nobody calls"),
    KEY("idleTimeout", CONFIG_DURATION, AT(process_settings, idle_timeout), "300", 0.001, DAY, LIVE,
        BUILT, "until a process that nobody calls is ended"),
    KEY("initTimeout", CONFIG_DURATION, AT(process_settings, init_timeout), "10", 0.001, 900, LIVE,
        BUILT, "from a process's start until it asks for its first invocation"),
    KEY("user", CONFIG_WRITTEN, AT(process_settings, user), NULL, 0, 0, LIVE, BUILT,
        "whom it runs as; absent: whom the gateway runs as"),
    KEY("watch", CONFIG_BOOL, AT(process_settings, watch), "false", 0, 0, LIVE, BUILT,
        "replaces its processes when its code changes"),
};
static const struct config_section process_section =
    SECTION(process_keys, "functions.NAME.process", .outer = &config_function);

static const struct config_key function_keys[] = {
    KEY("endpoint", CONFIG_WRITTEN, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "the URL (`http://…`) of something that speaks the Lambda Invoke API"),
    KEY("emulator", CONFIG_WORD, AT(function, emulator), "none", 0, 0, LIVE, BUILT,
        "whose quirks to expect", .words = emulators),
    KEY("remoteName", CONFIG_TEXT, AT(function, remote_name), NULL, 0, 0, LIVE, BUILT,
        "what the endpoint calls it; absent: its name (`function` for `emulator: rie`)"),
    KEY("timeout", CONFIG_DURATION, AT(function, timeout), "30", 0.001, 900, LIVE, BUILT,
        "how long an invocation may take; absent: 3 for a `process`"),
    KEY("maxConcurrency", CONFIG_COUNT, AT(function, max_concurrency), NULL, 1, 100000, LIVE, BUILT,
        "invocations at once; absent: 100 (1 for `emulator: rie`)"),
    KEY("maxQueue", CONFIG_COUNT, AT(function, max_queue), "100", 0, 1e6, LIVE, BUILT,
        "invocations that may wait for one of them to end"),
    KEY("connectTimeout", CONFIG_DURATION, AT(function, connect_timeout), "1", 0.001, 300, LIVE,
        BUILT, "how long a connection may take to be made"),
    KEY("keepAliveTimeout", CONFIG_DURATION, AT(function, keep_alive_timeout), "4", 0, HOUR, LIVE,
        BUILT, "how long an idle connection is kept; below the endpoint's own"),
    KEY("signWith", CONFIG_ANY, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "signs invocations: a key, or the word `environment`, which a host of AWS implies",
        .section = &config_sign_with),
    KEY("process", CONFIG_SECTION, AT(function, process), NULL, 0, 0, LIVE, BUILT,
        "hosts it here, instead of an endpoint", .section = &process_section,
        .read = config_read_process),
    KEY("environment", CONFIG_VARIABLES, AT(function, process.environment), NULL, 0, 0, LIVE, BUILT,
        "environment variables of a hosted function", .read = config_read_environment),
    KEY("memorySize", CONFIG_COUNT, AT(function, process.memory_size), "128", 128, 10240, LIVE,
        BUILT, "MB of a hosted function: what it is told and, where written, held to"),
    KEY("credentials", CONFIG_WORD, AT(function, process.credentials), "gateway", 0, 0, LIVE, BUILT,
        "what a hosted function signs its own requests with", .words = function_credentials),
};
const struct config_section config_function = SECTION(function_keys, "functions.NAME");

static const struct config_key invoke_api_keys[] = {
    KEY("address", CONFIG_ADDRESS, AT(invoke_api_settings, address), "127.0.0.1", 0, 0, LIVE, BUILT,
        "a numeric address"),
    KEY("port", CONFIG_PORT, AT(invoke_api_settings, port), "3001", 1, 65535, LIVE, BUILT,
        "the TCP port"),
    KEY("authorizationType", CONFIG_CHOICE, AT(invoke_api_settings, is_open), "AWS_IAM", 0, 0, LIVE,
        BUILT, "who may invoke: `NONE` on loopback addresses alone", .words = authorization_types),
};
static const struct config_section invoke_api_section = SECTION(invoke_api_keys, "invokeApi");

static const struct config_key issuer_keys[] = {
    KEY("issuer", CONFIG_TEXT, AT(issuer_settings, issuer), NULL, 0, 0, LIVE, BUILT,
        "as it stands in `iss` and in definitions", .required = true),
    KEY("jwksUri", CONFIG_WRITTEN, AT(issuer_settings, jwks_uri), NULL, 0, 0, LIVE, BUILT,
        "where its keys are, instead of what its discovery document says; `http://` is allowed "
        "here"),
    KEY("jwksFile", CONFIG_WRITTEN_PATH, AT(issuer_settings, jwks_file), NULL, 0, 0, LIVE, BUILT,
        "its keys as a file"),
    KEY("signingKeyFile", CONFIG_WRITTEN_PATH, AT(issuer_settings, signing_key_file), NULL, 0, 0,
        LIVE, BUILT,
        "makes it a development issuer: the private key that `turnpike token` signs with"),
};
const struct config_section config_issuer = SECTION(issuer_keys, "issuers[]");

static const struct config_key credential_keys[] = {
    KEY("accessKeyId", CONFIG_TEXT, AT(credential, access_key_id), NULL, 0, 0, LIVE, BUILT,
        "the key's public half", .required = true),
    KEY("secretAccessKey", CONFIG_SECRET, AT(credential, secret_access_key), NULL, 0, 0, LIVE,
        BUILT, "its secret half", .required = true),
    KEY("sessionToken", CONFIG_SECRET, AT(credential, session_token), NULL, 0, 0, LIVE, BUILT,
        "of a temporary key: requests must carry it", .opens = true),
    KEY("userArn", CONFIG_TEXT, AT(credential, user_arn), NULL, 0, 0, LIVE, BUILT,
        "whom it identifies"),
    KEY("policy", CONFIG_MAP, AT(credential, policy), NULL, 0, 0, LIVE, BUILT,
        "an IAM policy; absent: may manage connections and nothing else", .opens = true,
        .read = config_read_policy),
};
const struct config_section config_credential = SECTION(credential_keys, "credentials[]");

static const struct config_key management_keys[] = {
    KEY("authorizationType", CONFIG_CHOICE, AT(management_settings, is_open), "AWS_IAM", 0, 0, LIVE,
        BUILT, "who may call `@connections`", .words = authorization_types),
    KEY("listeners", CONFIG_WRITTEN_LIST, AT(management_settings, listeners), NULL, 0, 0, LIVE,
        BUILT, "the listeners that serve it; absent: all", .opens = true),
};
static const struct config_section management_section = SECTION(management_keys, "managementApi");

static const struct config_key api_key_keys[] = {
    KEY("name", CONFIG_TEXT, NOWHERE, NULL, 0, 0, LIVE, LATER, "what it is called"),
    KEY("value", CONFIG_SECRET, NOWHERE, NULL, 0, 0, LIVE, LATER, "what clients send"),
    KEY("usagePlans", CONFIG_TEXTS, NOWHERE, NULL, 0, 0, LIVE, LATER, "the plans it belongs to"),
};
static const struct config_section api_key_section = SECTION(api_key_keys, "apiKeys[]");

static const struct config_key usage_plan_keys[] = {
    KEY("name", CONFIG_TEXT, NOWHERE, NULL, 0, 0, LIVE, LATER, "what it is called"),
    KEY("throttle", CONFIG_MAP, NOWHERE, NULL, 0, 0, LIVE, LATER, "rateLimit and burstLimit"),
    KEY("quota", CONFIG_MAP, NOWHERE, NULL, 0, 0, LIVE, LATER, "requests per day, week or month"),
    KEY("apiStages", CONFIG_ANY, NOWHERE, NULL, 0, 0, LIVE, LATER, "where it holds"),
};
static const struct config_section usage_plan_section = SECTION(usage_plan_keys, "usagePlans[]");

static const struct config_key service_endpoint_keys[] = {
    KEY("endpoint", CONFIG_WRITTEN, NOWHERE, NULL, 0, 0, LIVE, BUILT, "the service's URL",
        .required = true),
    KEY("signWith", CONFIG_ANY, NOWHERE, NULL, 0, 0, LIVE, BUILT, "signs calls, as for functions",
        .section = &config_sign_with),
};
static const struct config_section service_endpoint_section =
    SECTION(service_endpoint_keys, "serviceEndpoints.NAME");

static const struct config_key tracing_keys[] = {
    KEY("exporter", CONFIG_WORD, NOWHERE, "none", 0, 0, LIVE, LATER, "where traces go",
        .words = exporters),
};
static const struct config_section tracing_section = SECTION(tracing_keys, "tracing");

static const struct config_key limit_keys[] = {
    KEY("headerBytes", CONFIG_SIZE, AT(limit_settings, header_bytes), "10240", 512, MIB, LIVE,
        BUILT, "request line and headers together"),
    KEY("payloadBytes", CONFIG_SIZE, AT(limit_settings, payload_bytes), "10485760", 1, 2 * GIB,
        LIVE, BUILT, "a request's body"),
    KEY("connections", CONFIG_SIZE, AT(limit_settings, connections), "10000", 1, 1e6, LIVE, BUILT,
        "client connections at once"),
    KEY("bufferedBytes", CONFIG_SIZE, AT(limit_settings, buffered_bytes), "268435456", 1,
        1024 * GIB, LIVE, BUILT, "memory for bodies; beyond it new ones are answered 503"),
    KEY("headerTimeout", CONFIG_DURATION, AT(limit_settings, header_timeout), "10", 0.001, HOUR,
        LIVE, BUILT, "from a request's first byte to the end of its headers"),
    KEY("bodyTimeout", CONFIG_DURATION, AT(limit_settings, body_timeout), "60", 0.001, HOUR, LIVE,
        BUILT, "for a request's body"),
    KEY("keepAliveTimeout", CONFIG_DURATION, AT(limit_settings, keep_alive_timeout), "60", 0, DAY,
        LIVE, BUILT, "how long an idle client connection is kept"),
    KEY("sendTimeout", CONFIG_DURATION, AT(limit_settings, send_timeout), "60", 0.001, DAY, LIVE,
        BUILT, "how long a client may read nothing of its answer"),
    KEY("authorizerTimeout", CONFIG_DURATION, AT(limit_settings, authorizer_timeout), "10", 0.001,
        300, LIVE, BUILT, "for an authorizer's verdict"),
    KEY("websocketMessageBytes", CONFIG_SIZE, AT(limit_settings, websocket_message_bytes), "131072",
        1, GIB, LIVE, BUILT, "a WebSocket message"),
    KEY("websocketFrameBytes", CONFIG_SIZE, AT(limit_settings, websocket_frame_bytes), "32768", 1,
        GIB, LIVE, BUILT, "one frame of it"),
    KEY("websocketIdle", CONFIG_DURATION, AT(limit_settings, websocket_idle), "600", 0.001,
        365 * DAY, LIVE, BUILT, "until a silent WebSocket is closed"),
    KEY("websocketDuration", CONFIG_DURATION, AT(limit_settings, websocket_duration), "7200", 0.001,
        365 * DAY, LIVE, BUILT, "until any WebSocket is closed"),
    KEY("websocketConnectRate", CONFIG_NUMBER, AT(limit_settings, websocket_connect_rate), "500", 0,
        1e9, LIVE, BUILT, "new WebSockets per second"),
    KEY("websocketPendingBytes", CONFIG_SIZE, AT(limit_settings, websocket_pending_bytes),
        "1048576", 1, GIB, LIVE, BUILT, "what may wait to be sent on one"),
    KEY("websocketMessagesInFlight", CONFIG_COUNT, AT(limit_settings, websocket_messages_in_flight),
        "16", 1, 1e6, LIVE, BUILT, "messages of one that are being handled at once"),
    KEY("websocketPingInterval", CONFIG_DURATION, AT(limit_settings, websocket_ping_interval), "0",
        0, DAY, LIVE, BUILT, "between pings; 0: none"),
};
static const struct config_section limit_section = SECTION(limit_keys, "limits");

static const struct config_key root_keys[] = {
    KEY("awsRegion", CONFIG_TEXT, AT(settings, aws_region), "us-east-1", 0, 0, LIVE, BUILT,
        "the region in ARNs, events and host names", .read = config_read_region),
    KEY("accountId", CONFIG_TEXT, AT(settings, account_id), "\"123456789012\"", 0, 0, LIVE, BUILT,
        "the account in ARNs and events: 12 digits", .read = config_read_account_id),
    KEY("development", CONFIG_BOOL, AT(settings, development), "false", 0, 0, LIVE, BUILT,
        "permits development issuers on public listeners, and says in x-turnpike-reason why a "
        "request was refused"),
    KEY("log", CONFIG_SECTION, AT(settings, log), NULL, 0, 0, LIVE, BUILT, "the daemon's own log",
        .section = &log_section),
    KEY("stateDirectory", CONFIG_PATH, AT(settings, state_directory), NULL, 0, 0, RESTART, BUILT,
        "has the control socket, unless 'controlSocket' or $RUNTIME_DIRECTORY says where; absent: "
        "$STATE_DIRECTORY, else none"),
    KEY("controlSocket", CONFIG_PATH, AT(settings, control_socket), NULL, 0, 0, RESTART, BUILT,
        "the socket of `turnpike reload` and `status`; absent: control.sock in $RUNTIME_DIRECTORY, "
        "else in the state directory"),
    KEY("trustedCertificates", CONFIG_WRITTEN_PATH, AT(settings, trusted_certificates), NULL, 0, 0,
        LIVE, BUILT, "PEM certificates that are trusted beside the system's"),
    KEY("shutdown", CONFIG_SECTION, AT(settings, shutdown), NULL, 0, 0, LIVE, BUILT,
        "how the daemon stops", .section = &shutdown_section),
    KEY("listeners", CONFIG_SECTIONS, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "absent: one, `local`, plain on 127.0.0.1:8080", .section = &config_listener,
        .read = config_read_listeners),
    KEY("admin", CONFIG_SECTION, AT(settings, admin), NULL, 0, 0, RESTART, BUILT,
        "/healthz, /readyz and /metrics; absent: none", .section = &admin_section,
        .read = config_read_admin),
    KEY("executeApi", CONFIG_SECTION, AT(settings, execute_api), NULL, 0, 0, LIVE, BUILT,
        "AWS's own kind of host names", .section = &execute_api_section,
        .read = config_read_execute_api),
    KEY("throttling", CONFIG_SECTION, AT(settings, throttling), NULL, 0, 0, LIVE, BUILT,
        "the account's limit, all APIs together", .section = &throttling_section,
        .read = config_read_throttling),
    KEY("apis", CONFIG_SECTIONS, NOWHERE, NULL, 0, 0, LIVE, BUILT, "what is served",
        .section = &config_api, .read = config_read_apis),
    KEY("domains", CONFIG_SECTIONS, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "custom domain names with their API mappings", .section = &config_domain,
        .read = config_read_domains),
    KEY("functions", CONFIG_NAMED, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "where Lambda functions are, by name", .section = &config_function,
        .read = config_read_functions),
    KEY("defaultEndpoint", CONFIG_WRITTEN, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "the endpoint of functions that are not listed", .read = config_read_default_endpoint),
    KEY("invokeApi", CONFIG_SECTION, AT(settings, invoke_api), NULL, 0, 0, LIVE, BUILT,
        "the Lambda Invoke API of these functions; absent: off", .section = &invoke_api_section,
        .read = config_read_invoke_api),
    KEY("issuers", CONFIG_SECTIONS, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "issuers of tokens whose keys are found otherwise than by discovery",
        .section = &config_issuer, .read = config_read_issuers),
    KEY("credentials", CONFIG_SECTIONS, NOWHERE, NULL, 0, 0, LIVE, BUILT, "who may sign requests",
        .section = &config_credential, .read = config_read_credentials),
    KEY("managementApi", CONFIG_SECTION, AT(settings, management), NULL, 0, 0, LIVE, BUILT,
        "`@connections` of WebSocket APIs", .section = &management_section,
        .read = config_read_management),
    KEY("apiKeys", CONFIG_SECTIONS, NOWHERE, NULL, 0, 0, LIVE, LATER, "keys of clients",
        .section = &api_key_section),
    KEY("usagePlans", CONFIG_SECTIONS, NOWHERE, NULL, 0, 0, LIVE, LATER, "what they may use",
        .section = &usage_plan_section),
    KEY("serviceEndpoints", CONFIG_NAMED, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "AWS services that integrations call, by signing name: a URL, or the following",
        .section = &service_endpoint_section, .read = config_read_service_endpoints),
    KEY("vpcLinks", CONFIG_MAP, NOWHERE, NULL, 0, 0, LIVE, BUILT,
        "URLs that stand for VPC links, by the URI or the connectionId of integrations",
        .read = config_read_vpc_links),
    KEY("tracing", CONFIG_SECTION, NOWHERE, NULL, 0, 0, LIVE, LATER, "traces",
        .section = &tracing_section),
    KEY("limits", CONFIG_SECTION, AT(settings, limits), NULL, 0, 0, LIVE, BUILT,
        "bounds on what clients can take", .section = &limit_section),
};
const struct config_section config_root = SECTION(root_keys, "");
