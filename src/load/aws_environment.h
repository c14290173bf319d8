/* SPDX-License-Identifier: Apache-2.0 */
/* aws_environment.h: the credentials that the AWS CLI would find where it runs as this process
 * does: in environment variables, then in the shared files. */
#ifndef TURNPIKE_LOAD_AWS_ENVIRONMENT_H
#define TURNPIKE_LOAD_AWS_ENVIRONMENT_H

#include "turnpike/base/arena.h"
#include "turnpike/base/str.h"

struct aws_environment {
    struct str access_key_id, secret_access_key;
    struct str session_token; /* empty: none */
    struct str region;        /* empty: none is said */
    struct str origin;        /* of the keys, for messages */
    struct str exposed_file;  /* that holds them, where everybody may read it; else empty */
    struct str problem;       /* why there are no keys; empty: there are */
};

/* Everything is in the arena. */
struct aws_environment aws_environment_read(struct arena *a);

#endif
