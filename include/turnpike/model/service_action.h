/* SPDX-License-Identifier: Apache-2.0 */
/* service_action.h: the actions of AWS services that HTTP APIs integrate with (AWS: "Integration
 * subtype reference"): their parameters, and how a request of each is written. */
#ifndef TURNPIKE_MODEL_SERVICE_ACTION_H
#define TURNPIKE_MODEL_SERVICE_ACTION_H

#include <stdbool.h>

#include "turnpike/base/str.h"

enum service_protocol {
    SERVICE_QUERY, /* "AWS query": a form, answered in XML */
    SERVICE_JSON,  /* "AWS JSON": an object, its action named by X-Amz-Target */
    SERVICE_REST,  /* GET: a path and a query */
};

/* How the text that a parameter's mapping yields becomes a value of the request. */
enum service_value {
    SERVICE_TEXT,
    SERVICE_INTEGER,
    SERVICE_BASE64,     /* bytes, which the mapping yields in base64 already */
    SERVICE_TIME,       /* RFC 3339, or seconds since 1970 */
    SERVICE_LIST,       /* a JSON array of strings, or texts with commas between */
    SERVICE_ATTRIBUTES, /* a JSON object: {"name": {"DataType": …, "StringValue": …}} */
    SERVICE_PATH,       /* SERVICE_REST: stands for {Name} in the path */
    SERVICE_REGION,     /* no value of the request: that it is signed for */
};

/* A parameter that an action takes. */
struct service_field {
    const char *name; /* in requestParameters */
    const char *wire; /* what the service calls it */
    enum service_value value;
    bool required;
};

struct service_action {
    const char *subtype; /* "SQS-SendMessage" */
    const char *service; /* its signing name, and the key in serviceEndpoints: "sqs" */
    enum service_protocol protocol;
    const char *name;         /* Action, X-Amz-Target or path */
    const char *content_type; /* of the request; NULL: it has no body */
    const char *list;         /* SERVICE_JSON: the fields stand in the one element of this list */
    const char *host_prefix;  /* that AWS puts before the service's own host; NULL: none */
    const struct service_field *fields;
    size_t field_count;
};

extern const struct service_action service_actions[];
extern const size_t service_action_count;

/* By the names in documents; NULL where there is none. Region is a field of all actions. */
const struct service_action *service_action_find(struct str subtype);
const struct service_field *service_action_field(const struct service_action *action,
                                                 struct str name);

/* The signing names of all services, each once; a row of serviceEndpoints each. */
#define SERVICE_NAME_COUNT 5
extern const char *const service_names[SERVICE_NAME_COUNT];

#endif
