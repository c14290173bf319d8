/* SPDX-License-Identifier: Apache-2.0 */
/* api.h: what a gateway serves: APIs with their stages, routes, authorizers and integrations, the
 * domains that lead to them and the functions behind them. Plain data, immutable once built. */
#ifndef TURNPIKE_MODEL_API_H
#define TURNPIKE_MODEL_API_H

#include "turnpike/base/map.h"
#include "turnpike/model/parameter_mapping.h"
#include "turnpike/model/settings.h"
#include "turnpike/model/websocket.h"
#include "turnpike/text/uri_template.h"

/* What higher folders keep beside an element of the model: compiled by their `_prepare` function
 * into the snapshot's arena, or live state found by name. Nobody else looks inside. */
struct access_log;     /* observe/ */
struct bucket;         /* throttle/ */
struct cross_origin;   /* gateway/: what CORS makes of an API's answers */
struct http_target;    /* backend/: an HTTP integration's URI and connections */
struct key_source;     /* auth/: the keys of an issuer */
struct lambda_target;  /* backend/: the live calls and connections of a function */
struct route_figures;  /* gateway/: the metrics of a stage's route */
struct service_target; /* backend/: the connections to an AWS service */
struct docs_file;
struct router;
struct api;
struct stage;

enum protocol_type { PROTOCOL_HTTP, PROTOCOL_REST, PROTOCOL_WEBSOCKET };

struct variable {
    struct str name, value;
};

/* Where an authorizer finds its token. */
struct identity_source {
    /* IDENTITY_SUBPROTOCOL: the one of Sec-WebSocket-Protocol's values that has a JWT's form; it
     * is never echoed. Of WebSocket APIs alone. */
    enum { IDENTITY_HEADER, IDENTITY_QUERYSTRING, IDENTITY_SUBPROTOCOL } kind;
    struct str name; /* headers compare without case, query parameters exactly */
};

enum authorizer_type { AUTHORIZER_JWT };

struct authorizer {
    struct position at;
    struct str name;
    enum authorizer_type type;
    struct identity_source identity_source;
    struct str issuer;         /* compared byte for byte with `iss` */
    LIST(struct str) audience; /* at least one */
    struct key_source *keys;   /* set by auth's prepare */
    struct str description;    /* for people; set by gateway's prepare */
};

/* AWS's integration types and subtypes, told apart by who answers. */
enum integration_type {
    INTEGRATION_LAMBDA,  /* AWS_PROXY to a function */
    INTEGRATION_HTTP,    /* HTTP_PROXY */
    INTEGRATION_SERVICE, /* AWS_PROXY with a subtype: an action of an AWS service */
    INTEGRATION_MOCK,    /* MOCK: WebSocket APIs alone, so far */
    INTEGRATION_DOCS,    /* the API's documentation; no document names it */
};

enum payload_format { PAYLOAD_FORMAT_1_0, PAYLOAD_FORMAT_2_0 };

/* A parameter of a service's action: "QueueUrl" with its value. */
struct service_parameter {
    struct position at;
    struct str name; /* as the action's table spells it */
    const struct mapping_value *value;
};

struct integration {
    struct position at;
    enum integration_type type;
    /* Lambda: a function by ARN, invocation ARN or name. HTTP: a URL, or of a VPC link the ARN of a
     * listener. May hold ${stageVariables.x}, that of HTTP also {parameter}. */
    struct written uri;
    enum payload_format payload_format;
    uint64_t timeout; /* microseconds */

    const struct docs_file *docs_file; /* documentation: what is answered */

    struct str method;                    /* HTTP: "ANY" is the client's own */
    bool vpc_link;                        /* HTTP: connectionType VPC_LINK */
    struct written connection_id;         /* likewise */
    struct written server_name_to_verify; /* likewise: TLS, with this name */

    const struct service_action *action;       /* service */
    LIST(struct service_parameter) parameters; /* service */

    parameter_mapping_list request_parameters;
    LIST(struct response_parameters) response_parameters; /* by status, each once */

    struct websocket_integration websocket;
};

/* What is done to the integration's answers of that status, or NULL. */
const struct response_parameters *response_parameters_find(const struct integration *integration,
                                                           unsigned status);

#define ROUTE_DEFAULT "$default"

struct route {
    struct position at;
    struct str key; /* "GET /pets/{id}", "ANY /{proxy+}", "$default" */
    /* "ANY" matches all that no other route of the path takes; empty: $default, WebSocket APIs */
    struct str method;
    struct str path;               /* the template; "$default"; of WebSocket APIs the key */
    struct str operation_name;     /* operationId, or empty */
    size_t index;                  /* among the API's routes */
    struct authorizer *authorizer; /* NULL: open */
    LIST(struct str) scopes;
    struct integration *integration; /* NULL: a WebSocket route that nothing stands behind */
    struct websocket_route websocket;
};

/* What a hosted function signs its requests with. */
enum function_credentials {
    FUNCTION_CREDENTIALS_GATEWAY, /* keys of this gateway's own, which end with the process */
    FUNCTION_CREDENTIALS_INHERIT, /* those in the gateway's environment */
    FUNCTION_CREDENTIALS_NONE,
};

/* How the processes of a hosted function are run. */
struct process_settings {
    bool on;
    struct position at;
    LIST(struct str) command;   /* the program, as it is given to exec, and its arguments */
    struct written directory;   /* where it runs and its code is: absolute */
    unsigned concurrency;       /* processes at most, each with one invocation at a time */
    unsigned minimum;           /* kept though nobody calls */
    uint64_t idle_timeout;      /* microseconds: a process that nobody calls ends */
    uint64_t init_timeout;      /* likewise: until it asks for its first invocation */
    struct written user;        /* whom it runs as; empty: whom the gateway runs as */
    uint32_t user_id, group_id; /* of that user */
    bool watch;                 /* a change of its code replaces its processes */
    LIST(struct variable) environment;
    unsigned memory_size; /* MB; what functions are told */
    bool memory_limited;  /* it was written, so it is enforced */
    enum function_credentials credentials;
};

/* A function behind the Lambda Invoke API, or hosted here. */
enum emulator { EMULATOR_NONE, EMULATOR_RIE, EMULATOR_SAM };

struct function {
    struct position at;
    struct str name;
    struct endpoint endpoint;
    const struct signing *signing; /* NULL: invocations are not signed */
    enum emulator emulator;
    struct str remote_name;                                /* what the endpoint calls it */
    uint64_t timeout, connect_timeout, keep_alive_timeout; /* microseconds */
    unsigned max_concurrency, max_queue;
    struct process_settings process; /* where on: hosted, and there is no endpoint */
    struct lambda_target *target;    /* set by backend's prepare */
};

/* A route as one stage serves it: what depends on both. */
struct stage_route {
    const struct stage *stage;
    const struct route *route;
    struct throttle throttle; /* in force for this route: its own, else the stage's default */
    bool has_own_throttle;    /* by routeSettings */
    const struct function *function; /* NULL: none of that name (the URI had stage variables) */
    struct str function_arn; /* for messages; with the alias or version where one is named */
    struct str qualifier;    /* alias or version, or empty */
    struct str uri; /* the integration's, with the stage's variables in it; at is NULL where one is
                       missing */
    struct endpoint endpoint; /* HTTP: where it leads; url.at is NULL where that is not known */
    const struct uri_template *uri_template; /* HTTP: of the uri; NULL: of a VPC link, which gets
                                                the request's own path */
    struct bucket *bucket;                   /* set by throttle's prepare; NULL: unlimited */
    struct http_target *http;                /* likewise: of an HTTP integration */
    struct service_target *service;          /* likewise: of a service's action */
    struct route_figures *figures;           /* set by gateway's prepare */
};

struct route_settings {
    struct written route_key;
    struct throttle throttle;
};

struct access_log_settings {
    bool on;
    struct position at;
    struct str destination; /* stdout, stderr or a path */
    struct written format;
    bool escape; /* values cannot break out of a quoted literal; false: as AWS writes them */
};

struct stage {
    struct position at;
    struct str stage_name;
    const struct api *api;
    LIST(struct variable) variables;
    struct throttle default_throttle;
    LIST(struct route_settings) route_settings;
    struct access_log_settings access_log_settings;
    struct stage_route *routes;          /* one for each route of the API, by its index */
    const struct access_log *access_log; /* set by observe's prepare; NULL: off */
    struct route_figures *unmatched;     /* set by gateway's prepare: requests without a route */
};

/* Which pages of other origins may call (AWS: "Configure CORS for HTTP APIs"). */
struct cors_configuration {
    bool on;
    struct position at;
    /* Origins as browsers write them, "*", or a scheme with "*" for its host. The others: names or
     * "*". */
    written_list allow_origins, allow_methods, allow_headers, expose_headers;
    bool allow_credentials;
    bool has_max_age;
    int max_age; /* seconds; -1: not to be remembered */
};

struct api {
    struct position at;
    struct str api_id;
    struct str name; /* info.title */
    enum protocol_type protocol_type;
    bool protocol_written;     /* in the configuration */
    struct written definition; /* a path; the loader reads it */
    LIST(struct variable) definition_parameters;
    struct written default_function;
    bool disable_execute_api_endpoint;
    bool disable_written; /* in the configuration */
    written_list allow_unenforced;
    struct cors_configuration cors;
    const struct cross_origin *cross_origin; /* set by gateway's prepare; NULL: no CORS */
    struct written docs_path; /* where its documentation stands; text.at is NULL: nowhere */
    bool stages_written;      /* otherwise $default stands for them */
    LIST(struct stage *) stages;
    LIST(struct authorizer *) authorizers;
    LIST(struct integration *) integrations;
    LIST(struct route *) routes;
    struct websocket_api websocket;
    written_list websocket_keys; /* those of the configuration that only WebSocket APIs have */
    const struct router *router; /* set by builder_finish; of WebSocket APIs NULL */
    struct map routes_by_key;    /* of WebSocket APIs alone */
    /* "$default", or NULL; set by builder_finish. NULL for WebSocket APIs: their stage is always in
     * the path. */
    const struct stage *default_stage;
};

/* By its name, exactly, or NULL. */
const struct variable *stage_find_variable(const struct stage *stage, struct str name);
/* Likewise. */
const struct stage *api_find_stage(const struct api *api, struct str name);
/* The route of a WebSocket API by its key, exactly, or NULL. */
const struct route *api_find_route(const struct api *api, struct str key);

struct api_mapping {
    struct position at;
    struct written api_id, stage_name;
    struct str key;            /* without slashes at its ends; empty: all paths */
    const struct api *api;     /* set by builder_finish */
    const struct stage *stage; /* likewise */
};

struct domain {
    struct position at;
    struct str domain_name; /* lower case; "*.example.com", or "*" */
    struct tls_settings tls;
    LIST(struct api_mapping) mappings; /* builder_finish sorts them, longest key first */
};

#endif
