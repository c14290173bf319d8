/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h: the configuration file as plain data, apart from what APIs are made of (api.h). */
#ifndef TURNPIKE_MODEL_SETTINGS_H
#define TURNPIKE_MODEL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "turnpike/base/arena.h"
#include "turnpike/base/diag.h"
#include "turnpike/base/ip.h"
#include "turnpike/base/log.h"
#include "turnpike/base/str.h"

/* Everything here belongs to the snapshot's arena. Durations are microseconds. Paths are absolute
 * or relative to the working directory; the loader has resolved them against their file. */

struct policy;      /* auth/ */
struct tls_context; /* net/ */

/* A string that was written somewhere. */
struct written {
    struct str text; /* at is NULL where nothing was written */
    struct position at;
};

typedef LIST(struct written) written_list;

/* One certificate chain with its key. A listener or domain may have an ECDSA and an RSA pair. */
struct certificate_settings {
    struct written certificate, private_key; /* paths */
};

enum tls_version { TLS_VERSION_1_2, TLS_VERSION_1_3 };

struct tls_settings {
    bool on;
    struct position at;
    LIST(struct certificate_settings) certificates;
    enum tls_version minimum_version;
    struct tls_context *context; /* set by front's prepare */
};

struct listener_settings {
    struct position at;
    struct str name;
    struct str address; /* numeric; empty where unix_path or systemd_name is set */
    uint16_t port;
    struct str unix_path, systemd_name;
    bool limited;      /* serves only `apis` */
    written_list apis; /* API ids */
    LIST(struct ip_network) trusted_proxies;
    bool proxy_protocol;
    struct tls_settings tls;
    bool invoke_api; /* serves the Lambda Invoke API and nothing else */
};

struct admin_settings {
    bool on;
    struct position at;
    struct str address;
    uint16_t port;
};

enum path_form { PATH_FORM_LOOPBACK, PATH_FORM_ALWAYS, PATH_FORM_NEVER };

struct execute_api_settings {
    LIST(struct str) host_suffixes; /* {awsRegion}.amazonaws.com is among them */
    struct str public_endpoint;     /* host[:port]; set, by default too */
    enum path_form path_form;
};

/* A token bucket's limit. Rate and burst 0 refuse everything. */
struct throttle {
    bool on;
    double rate;  /* requests per second */
    double burst; /* requests at once */
};

struct limit_settings {
    uint64_t header_bytes, payload_bytes, connections, buffered_bytes;
    uint64_t header_timeout, body_timeout, keep_alive_timeout, send_timeout, authorizer_timeout;
    uint64_t websocket_message_bytes, websocket_frame_bytes, websocket_pending_bytes;
    uint64_t websocket_idle, websocket_duration, websocket_ping_interval;
    double websocket_connect_rate; /* new ones per second */
    unsigned websocket_messages_in_flight;
};

struct shutdown_settings {
    uint64_t delay, drain_timeout;
};

struct log_settings {
    enum log_level level;
    bool json;
    struct str destination; /* stdout, stderr or a path */
};

struct issuer_settings {
    struct position at;
    struct str issuer;
    struct written jwks_uri, jwks_file, signing_key_file; /* at most one is written */
};

/* An http or https URL of something that the gateway calls, taken apart. */
struct endpoint {
    struct str url; /* as written; empty: none */
    bool tls;
    struct str host;      /* without brackets */
    struct str authority; /* for Host */
    uint16_t port;        /* the scheme's own where none is written */
    struct str base_path; /* without a slash at its end */
};

/* Whose signature (AWS Signature Version 4) requests to an endpoint carry. The secret is never
 * printed. */
struct signing {
    struct position at;
    struct str access_key_id, secret_access_key;
    struct str session_token; /* empty: none */
    struct str region;        /* that is signed for */
};

/* Where the actions of an AWS service are sent, by the service's signing name: "sqs". */
struct service_endpoint {
    struct position at;
    struct str name;
    struct endpoint endpoint;
    const struct signing *signing; /* NULL: requests are not signed */
};

/* Who may sign requests to the gateway. */
struct credential {
    struct position at;
    struct str access_key_id, secret_access_key;
    struct str session_token; /* empty: none is needed */
    struct str user_arn;      /* empty: none */
    struct written policy; /* as JSON; text.at is NULL: connections may be managed, nothing else */
    const struct policy *compiled; /* set by auth's prepare */
};

/* Who may call @connections, and where. */
struct management_settings {
    bool is_open;           /* authorizationType NONE: no signature is asked for */
    bool limited;           /* served by `listeners` alone */
    written_list listeners; /* names */
};

/* The Lambda Invoke API of the functions that are configured. */
struct invoke_api_settings {
    bool on;
    struct position at;
    struct str address;
    uint16_t port;
    bool is_open; /* authorizationType NONE: no signature is asked for */
};

/* What stands for a VPC link: the ID of a link, or the ARN of a listener or Cloud Map service. */
struct vpc_link {
    struct position at;
    struct str name;
    struct endpoint endpoint;
};

struct settings {
    struct str file; /* the configuration's own path */
    struct str aws_region, account_id;
    bool development;
    struct log_settings log;
    struct str state_directory, control_socket; /* empty: none */
    struct written trusted_certificates;        /* a file; empty: none */
    struct shutdown_settings shutdown;
    LIST(struct listener_settings) listeners;
    /* All that is opened: those, and that of the Invoke API. Set by front's prepare. */
    LIST(const struct listener_settings *) places;
    struct admin_settings admin;
    struct execute_api_settings execute_api;
    struct throttle throttling; /* the account level */
    LIST(struct issuer_settings) issuers;
    LIST(struct service_endpoint) service_endpoints;
    LIST(struct vpc_link) vpc_links;
    LIST(struct credential) credentials;
    struct management_settings management;
    struct invoke_api_settings invoke_api;
    struct limit_settings limits;
};

#endif
