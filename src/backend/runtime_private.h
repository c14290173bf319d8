/* SPDX-License-Identifier: Apache-2.0 */
/* runtime_private.h: what the two files of the Runtime API share: runtime_api.c (listener and
 * connections), runtime_calls.c (paths, and what each is answered). */
#ifndef TURNPIKE_BACKEND_RUNTIME_PRIVATE_H
#define TURNPIKE_BACKEND_RUNTIME_PRIVATE_H

#include "turnpike/base/arena.h"

#include "runtime_api.h"

/* One connection of the worker, with the request that it has under way. Owned by its connection. */
struct runtime_client {
    struct runtime_api *api;
    struct http_connection *connection;
    struct arena head;
    const struct runtime_call *call;
    struct buf body, answer;
    struct str mode; /* of an answer; in `head` */
    struct runtime_report report;
    struct buf trailer_type, trailer_body;
    struct header content_type;
    size_t discarded; /* bytes; not 0: the report is too large */
};

/* One path of the API. */
struct runtime_call {
    const char *method;
    struct str before, behind; /* the request id, where there is one */
    void (*begin)(struct runtime_client *client, struct str request_id);
    void (*end)(struct runtime_client *client);
};

/* Finds the call that a head is, and begins it: it is answered, now or later, or its body asked
 * for; then runtime_call_end follows. */
void runtime_call_begin(struct runtime_client *client, const struct http_head *head);
void runtime_call_end(struct runtime_client *client);
/* The body broke off, or was malformed: what a report of it is told. */
void runtime_call_say_truncated(struct runtime_client *client);
void runtime_call_respond(struct runtime_client *client, unsigned status, const char *content_type);

#endif
