/* SPDX-License-Identifier: Apache-2.0 */
/* websocket.h: what only WebSocket APIs have (AWS: "Working with WebSocket APIs"): routes chosen by
 * what a message says, templates, integration responses. Plain data, compiled where it was read. */
#ifndef TURNPIKE_MODEL_WEBSOCKET_H
#define TURNPIKE_MODEL_WEBSOCKET_H

#include "turnpike/base/diag.h"
#include "turnpike/text/pattern.h"
#include "turnpike/text/selection.h"
#include "turnpike/text/template.h"

#define ROUTE_CONNECT    "$connect"
#define ROUTE_DISCONNECT "$disconnect"

enum websocket_route_kind {
    WEBSOCKET_MESSAGE_ROUTE,
    WEBSOCKET_CONNECT_ROUTE,
    WEBSOCKET_DISCONNECT_ROUTE
};

/* A template by the key that a template selection expression chooses. */
struct named_template {
    struct position at;
    struct str key; /* "$default" where nothing else matches */
    const struct mapping_template *template;
};

typedef LIST(struct named_template) named_template_list;

/* What a request for which no template is chosen becomes. */
enum passthrough_behavior {
    PASSTHROUGH_WHEN_NO_MATCH,     /* the message itself */
    PASSTHROUGH_NEVER,             /* an error */
    PASSTHROUGH_WHEN_NO_TEMPLATES, /* the message where there are no templates, else an error */
};

enum content_handling {
    CONTENT_AS_IT_IS,
    CONVERT_TO_BINARY, /* base64 text becomes bytes */
    CONVERT_TO_TEXT,   /* bytes become base64 text */
};

/* integration.request.{header|querystring|path}.NAME and where its value comes from. */
struct integration_parameter {
    struct position at;
    enum { PARAMETER_HEADER, PARAMETER_QUERYSTRING, PARAMETER_PATH } target;
    struct str name;
    enum {
        FROM_LITERAL,         /* 'text' */
        FROM_QUERYSTRING,     /* route.request.querystring.NAME: the last value; $connect alone */
        FROM_HEADER,          /* route.request.header.NAME, likewise */
        FROM_ALL_QUERYSTRING, /* route.request.multivaluequerystring.NAME, likewise */
        FROM_ALL_HEADER,      /* route.request.multivalueheader.NAME, likewise */
        FROM_BODY,            /* route.request.body JSONPATH */
        FROM_CONTEXT,         /* context.NAME */
        FROM_STAGE_VARIABLE,  /* stageVariables.NAME */
    } source;
    struct str text; /* the literal, or NAME */
    int id;          /* FROM_CONTEXT: the variable */
    const struct json_path *path;
};

/* What the answer of an integration that is no proxy becomes, chosen by its status (HTTP, MOCK) or
 * its errorMessage (Lambda). */
struct integration_response {
    struct position at;
    const struct pattern *pattern;                         /* matched as a whole; NULL: $default */
    const struct selection_expression *template_selection; /* NULL: $default */
    named_template_list templates;
    enum content_handling content_handling;
};

/* The part of an integration that WebSocket APIs have beside the common one. */
struct websocket_integration {
    bool proxy; /* AWS_PROXY, HTTP_PROXY: no templates, no integration responses */
    enum passthrough_behavior passthrough;
    enum content_handling content_handling;
    const struct selection_expression *template_selection; /* NULL: $default */
    named_template_list templates;
    LIST(struct integration_parameter) parameters;
    LIST(struct integration_response) responses; /* $default last */
};

/* The part of a route that WebSocket APIs have. */
struct websocket_route {
    enum websocket_route_kind kind;
    bool implicit; /* no definition has it: $connect or $disconnect, which every API has */
    bool two_way;  /* it has a route response */
    LIST(struct str) required_header, required_querystring; /* of $connect: absent is 400 */
};

/* The part of an API. */
struct websocket_api {
    const struct selection_expression *route_selection;
    bool delivers_binary;     /* binaryFrames: deliver */
    bool serializes;          /* serializeMessages */
    bool control_resets_idle; /* idleReset: any */
};

#endif
