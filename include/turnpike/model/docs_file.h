/* SPDX-License-Identifier: Apache-2.0 */
/* docs_file.h: what `docs:` serves: the page, what it consists of, and an API's own document. */
#ifndef TURNPIKE_MODEL_DOCS_FILE_H
#define TURNPIKE_MODEL_DOCS_FILE_H

#include "turnpike/base/arena.h"

/* One form in which a file is sent. body.at is NULL where there is none. */
struct docs_form {
    struct str body;
    struct str tag; /* its entity tag, with quotes */
};

/* Belongs to the snapshot's arena. */
struct docs_file {
    struct str name; /* behind the documentation's path; empty: the page itself */
    struct str content_type;
    struct docs_form plain, gzip;
};

typedef LIST(struct docs_file) docs_file_list;

/* The form of these bytes. */
struct docs_form docs_form_of(struct arena *arena, struct str body);

#endif
