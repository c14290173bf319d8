/* SPDX-License-Identifier: Apache-2.0 */
#include "openapi_extensions.h"
#include "turnpike/model/router.h"

static const struct {
    const char *field;
    struct str method;
} methods[] = {
    {"delete",  STR_INIT("DELETE") },
    {"get",     STR_INIT("GET")    },
    {"head",    STR_INIT("HEAD")   },
    {"options", STR_INIT("OPTIONS")},
    {"patch",   STR_INIT("PATCH")  },
    {"post",    STR_INIT("POST")   },
    {"put",     STR_INIT("PUT")    },
    {"trace",   STR_INIT("TRACE")  },
};

struct str openapi_method(struct str field)
{
    FOR_EACH (m, methods, ARRAY_LENGTH(methods))
        if (str_is(field, m->field))
            return m->method;
    return STR("");
}

static void read_method(struct definition *d, const struct doc_member *member, void *subject)
{
    openapi_read_operation(d, subject, openapi_method(member->key), member);
}

void openapi_any_method(struct definition *d, const struct doc_member *member, void *subject)
{
    openapi_read_operation(d, subject, STR("ANY"), member);
}

/* OpenAPI knows no security of a path: who writes it there believes the path guarded. */
static const struct definition_field fields[] = {
    {"delete",      FIELD_READ,   read_method            },
    {"description", FIELD_SILENT, NULL                   },
    {"get",         FIELD_READ,   read_method            },
    {"head",        FIELD_READ,   read_method            },
    {"options",     FIELD_READ,   read_method            },
    {"parameters",  FIELD_READ,   openapi_read_parameters},
    {"patch",       FIELD_READ,   read_method            },
    {"post",        FIELD_READ,   read_method            },
    {"put",         FIELD_READ,   read_method            },
    {"security",    FIELD_REFUSE, NULL                   },
    {"servers",     FIELD_SILENT, NULL                   },
    {"summary",     FIELD_SILENT, NULL                   },
    {"trace",       FIELD_READ,   read_method            },
};

static const struct definition_object object = {
    .what = "a path item",
    .place = AT_PATH,
    DEFINITION_FIELDS(fields),
};

/* Routers of functions write parameters as :name; here that is a segment like any other. */
static void warn_of_colon(struct definition *d, const struct doc_member *member)
{
    struct str rest = member->key, segment;
    while (str_split(&rest, '/', &segment))
        if (segment.len > 1 && segment.at[0] == ':')
            diag_warning(d->diag, member->at,
                         "path '%" STR_F "': '%" STR_F "' is met as it stands; a path parameter "
                         "is {%" STR_F "}",
                         STR_A(member->key), STR_A(segment), STR_A(str_skip(segment, 1)));
}

/* Once for the path, not for each of its operations. */
static bool check_path(struct definition *d, const struct doc_member *member)
{
    const char *problem =
        str_is(member->key, ROUTE_DEFAULT)       ? "the path of the route is '/$default'"
        : str_is(member->key, "/" ROUTE_DEFAULT) ? NULL
                                                 : route_path_problem(member->key);
    if (problem)
        diag_error(d->diag, member->at, "path '%" STR_F "': %s", STR_A(member->key), problem);
    else
        warn_of_colon(d, member);
    return !problem;
}

static void read_path(struct definition *d, const struct doc_member *member)
{
    struct openapi_path path = {member->key};
    const struct doc *item = openapi_follow(d, member->value);
    if (item && check_path(d, member))
        definition_read_object(d, &object, item, &path);
}

void openapi_read_paths(struct definition *d, const struct doc *paths)
{
    if (!definition_is_map(d, paths, "paths"))
        return;
    for (size_t i = 0; i < paths->count; i++) {
        const struct doc_member *member = &paths->members[i];
        if (extension_is_key(member->key))
            extension_read(d, 0, member, NULL);
        else if (!str_starts_with(member->key, STR("x-")))
            read_path(d, member);
    }
}
