/* SPDX-License-Identifier: Apache-2.0 */
/* aws_profile.h: a profile of the files that the AWS CLI and the SDKs share (AWS: "Configuration
 * and credential file settings"). */
#ifndef TURNPIKE_LOAD_AWS_PROFILE_H
#define TURNPIKE_LOAD_AWS_PROFILE_H

#include <stdbool.h>

#include "turnpike/base/arena.h"
#include "turnpike/base/str.h"

struct aws_setting {
    struct str name, value;
};

struct aws_profile {
    bool found; /* there was a section of that name */
    LIST(struct aws_setting) settings;
};

enum aws_file {
    AWS_CONFIG_FILE,      /* sections [default] and [profile NAME] */
    AWS_CREDENTIALS_FILE, /* sections [NAME] */
};

/* Collects what the sections of a profile say; the settings are views of text. Lines that are no
 * settings, and those indented below one, are passed over. */
struct aws_profile aws_profile_read(struct arena *a, struct str text, enum aws_file file,
                                    struct str name);

/* The last value of a setting, whose names compare without case; empty where there is none. */
struct str aws_profile_get(const struct aws_profile *profile, const char *name);

#endif
