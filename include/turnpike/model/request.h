/* SPDX-License-Identifier: Apache-2.0 */
/* request.h: a request, who made it, what it met and how it was answered, as plain data that event
 * builders, authorizers and logs read. All text is a view of the exchange's arena or the snapshot.
 */
#ifndef TURNPIKE_MODEL_REQUEST_H
#define TURNPIKE_MODEL_REQUEST_H

#include "turnpike/base/http_message.h"
#include "turnpike/model/gateway_response.h"
#include "turnpike/model/router.h"

struct request {
    struct str method;
    struct str target;      /* origin-form as it came */
    struct str raw_path;    /* before '?', as it came */
    struct str path;        /* decoded, with the stage where one was written */
    struct str query;       /* behind '?', as it came; empty where none; map may change it */
    struct header *headers; /* in order of arrival, names as they came; map may change them */
    size_t header_count;
    struct str host;         /* as the client wrote it, with its port */
    struct str user_agent;   /* empty where none */
    bool upgrade;            /* HTTP/1.1, Connection names upgrade and an Upgrade field exists */
    bool has_body;           /* one is announced */
    uint64_t content_length; /* as announced; 0 where the body is chunked */
    struct str body;         /* complete once the body stage has passed */
    /* What parameter mapping made of them, for the integration; at is NULL where nothing did. The
     * path is percent-encoded and begins with a slash. The host is the value of a mapped `host`
     * header, which stands among the headers too: it is sent in place of the backend's name. */
    struct str mapped_path, mapped_host;

    struct str source_ip; /* text; the client's, behind trusted proxies */
    struct str
        forwarded_for; /* the x-forwarded-for of the event: the chain, ending in source_ip's peer */
    struct str scheme; /* "https" or "http", as the client saw it */
    uint16_t port;     /* likewise */

    uint64_t received_wall; /* microseconds since 1970 */
    uint64_t received;      /* monotonic microseconds */
    char id[17];            /* "JKJaXmPLvHcESHA=" */
    struct str trace_id;    /* X-Amzn-Trace-Id; set when the integration is called */
};

/* What the request selected. Pointers are NULL as far as nothing was found. */
struct selection {
    const struct api *api;
    const struct stage *stage;
    const struct stage_route *stage_route;
    struct route_match match;
    struct str route_path;    /* decoded, without stage or mapping key */
    struct str mapping_key;   /* the API mapping that matched, or empty */
    bool by_domain;           /* through a configured domain */
    bool host_is_domain;      /* whatever the path: the host is one, or "*" is */
    struct str domain_name;   /* requestContext.domainName, with a port that is not the default */
    struct str domain_prefix; /* its first label */
    const char *nothing;      /* where no API was found: why, for people */
};

/* A WebSocket connection as its events tell of it. All text outlives the exchange. */
struct connection_facts {
    char id[17];           /* "fSRjYQdB3GZnoac=" */
    uint64_t connected_at; /* microseconds since 1970 */
};

enum websocket_event { EVENT_NONE, EVENT_CONNECT, EVENT_MESSAGE, EVENT_DISCONNECT };

/* "CONNECT", "MESSAGE", "DISCONNECT"; empty for EVENT_NONE. */
struct str websocket_event_name(enum websocket_event event);

/* What an exchange of a WebSocket API is about. */
struct websocket_facts {
    enum websocket_event event;
    const struct connection_facts *connection; /* NULL: none; each event has one */
    char message_id[17];                       /* EVENT_MESSAGE */
    bool binary;                               /* likewise: the message is no text */
    unsigned disconnect_code;                  /* EVENT_DISCONNECT */
    struct str disconnect_reason;              /* likewise */
    struct str managed; /* of a call of @connections: the id of whose connection it is */
};

struct claim {
    struct str name, value; /* the value as AWS renders it */
};

/* What an authorizer found. Belongs to the token cache or the exchange's arena. */
struct identity {
    const struct claim *claims;
    size_t claim_count;
    struct str claims_json;   /* {"name":"value",…} */
    const struct str *scopes; /* of the token */
    size_t scope_count;
};

struct response {
    unsigned status;
    LIST(struct header) headers; /* without the framing ones */
    struct str body;             /* all of it; where streamed, what there is of it */
    bool binary;                 /* of a WebSocket message: a binary one */
    bool streamed;               /* more follows, see gateway/sink.h */
    /* Where set, content_length is said instead of the body's: streams of a known length, and
     * integrations' answers to HEAD and with 304. */
    bool has_content_length;
    uint64_t content_length;
};

enum integration_failure {
    INTEGRATION_OK,
    INTEGRATION_TIMED_OUT,
    INTEGRATION_CONNECT_FAILED,
    INTEGRATION_FUNCTION_ERROR,
    INTEGRATION_MALFORMED,
    INTEGRATION_THROTTLED,
    INTEGRATION_STATUS, /* the service refused: 4xx or 5xx */
};

/* How it went, for logs and metrics. Latencies are microseconds, valid where the flag is set. */
struct outcome {
    bool integration_called;
    uint64_t integration_latency;
    unsigned integration_status; /* of the Invoke call itself; 0: none came */
    unsigned function_status;    /* statusCode of the function's answer; 0: none came */
    enum integration_failure integration_failure;
    struct str integration_error;      /* integrationErrorMessage, or empty */
    struct str integration_request_id; /* of the Lambda invocation, or empty */

    bool authorizer_called;
    uint64_t authorizer_latency;
    unsigned authorizer_status;
    struct str authorizer_error; /* or empty */

    const struct gateway_response *error; /* where the gateway itself answered with one */
    struct str reason;            /* of that, for people: which rule, which key, which function */
    uint64_t bytes_in, bytes_out; /* bodies */
    uint64_t latency;             /* set when the answer has left, or the client has */
    bool gone;                    /* the client left before its answer was complete */
};

/* One request's whole story. */
struct transaction {
    const struct settings *settings;
    struct request request;
    struct selection selection;
    const struct identity *identity; /* NULL: none */
    struct response response;
    struct outcome outcome;
    struct websocket_facts websocket;
};

/* The first header of that name (without case), or NULL. */
const struct header *request_header(const struct request *r, struct str name);

/* The value of the claim, or an empty one. Takes NULL. */
struct str identity_claim(const struct identity *identity, struct str name);

#endif
