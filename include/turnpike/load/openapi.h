/* SPDX-License-Identifier: Apache-2.0 */
/* openapi.h: an OpenAPI 3.0 document with API Gateway's extensions, read into the model (AWS:
 * "Working with OpenAPI definitions for HTTP APIs"). */
#ifndef TURNPIKE_LOAD_OPENAPI_H
#define TURNPIKE_LOAD_OPENAPI_H

#include "turnpike/load/doc.h"
#include "turnpike/model/builder.h"

/* Adds what the document says to api: its name, protocol type where that was not written,
 * authorizers, integrations and routes. Reads from the API its definition_parameters,
 * default_function and allow_unenforced, from the snapshot's settings the region, the account and
 * the issuers, and the functions by name: all of them are there before the call. Every problem is
 * reported with its place, and reading goes on; false where one of them was an error. Nothing in
 * the document is dropped: what is not supported and could change who may call or what is called is
 * an error, what has no effect on an HTTP API a warning. Nodes that are used are copied by
 * reference: root lives as long as the snapshot. */
MUST_USE bool openapi_read(struct builder *b, struct api *api, const struct doc *root);

#endif
