/* SPDX-License-Identifier: Apache-2.0 */
/* docs_files.h: the page of `docs:`, as `make docs-ui` packed it and `make install` laid it beside
 * the program. */
#ifndef TURNPIKE_LOAD_DOCS_FILES_H
#define TURNPIKE_LOAD_DOCS_FILES_H

#include "turnpike/model/builder.h"

#define DOCS_DOCUMENT "openapi.json" /* beside the page: the API's own */

/* Reads the page's files into the snapshot, once however many APIs want it. Reports at `at` and
 * returns false where they are not there. */
MUST_USE bool docs_files_load(struct builder *b, struct position at);

#endif
