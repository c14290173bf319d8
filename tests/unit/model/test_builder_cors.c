/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of routes that preflights meet. */
#include "turnpike/base/buf.h"
#include "turnpike/model/builder.h"

#include "testing.h"

#define GUARDED(route, remedy)                                                                     \
    "warning: preflights that select '" route "' meet its authorizer, as on API Gateway, and "     \
    "fail: " remedy "\n"
#define BESIDE(path) "an open route 'OPTIONS " path "' beside it mends that"
#define IDLE(route)                                                                                \
    "warning: no preflight reaches '" route "': the API's CORS configuration answers them all\n"

static const struct {
    const char *name;
    const char *routes; /* separated by ", "; '!': guarded */
    const char *want;
} cases[] = {
    {"routes of other methods", "GET /a, !POST /a, !GET /b", ""},
    {"an open ANY", "ANY /a, $default", ""},
    {"a guarded ANY", "!ANY /a/{id}", GUARDED("ANY /a/{id}", BESIDE("/a/{id}"))},
    {"a guarded ANY of everything", "!ANY /{proxy+}",
     GUARDED("ANY /{proxy+}", BESIDE("/{proxy+}"))},
    {"a guarded $default", "!$default", GUARDED("$default", BESIDE("/{proxy+}"))},
    {"a guarded $default as AWS advises", "!$default, OPTIONS /{proxy+}", ""},
    {"a guarded ANY with its OPTIONS", "!ANY /a, OPTIONS /a", ""},
    {"a guarded ANY with that of everything", "!ANY /a, OPTIONS /{proxy+}",
     GUARDED("ANY /a", BESIDE("/a"))},
    {"a guarded OPTIONS", "!OPTIONS /a", GUARDED("OPTIONS /a", "leave it open")},
    {"an open OPTIONS", "GET /a, OPTIONS /a", IDLE("OPTIONS /a")},
    {"an open OPTIONS beside a guard that takes none", "!GET /a, OPTIONS /a", IDLE("OPTIONS /a")},
};

static void add_routes(struct builder *b, struct api *api, struct position at, const char *routes)
{
    struct authorizer *users = builder_add_authorizer(b, api, at, STR("users"));
    struct str rest = str_from(routes), key;
    while (str_split(&rest, ',', &key)) {
        key = str_trim(key);
        bool guarded = key.at[0] == '!';
        struct str path = str_skip(key, guarded), method = STR("");
        if (!str_is(path, ROUTE_DEFAULT))
            (void)str_split(&path, ' ', &method);
        struct route *route = builder_add_route(b, api, at, method, path);
        assert_non_null(route);
        route->authorizer = guarded ? users : NULL;
    }
}

static void read_findings(struct diag *diag, struct buf *out)
{
    FOR_EACH_IN (f, &diag->findings)
        buf_printf(out, "%s: %" STR_F "\n", severity_name(f->severity), STR_A(f->message));
}

static void warns_of_routes(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        for (int on = 0; on < 2; on++) {
            struct builder b;
            struct diag diag;
            struct buf got = {0};
            struct position at = {"test", 1, 1};
            diag_init(&diag);
            builder_init(&b, &diag);
            struct api *api = builder_add_api(&b, at, STR("a"));
            api->cors.on = on;
            add_routes(&b, api, at, c->routes);
            struct snapshot *snapshot = builder_finish(&b);
            CHECK_CASE(c, snapshot != NULL, "warnings are no errors");
            read_findings(&diag, &got);
            CHECK_CASE(c, str_is(buf_str(&got), on ? c->want : ""), "got '%" STR_F "'",
                       STR_A(buf_str(&got)));
            snapshot_unref(snapshot);
            buf_release(&got);
            diag_release(&diag);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(warns_of_routes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
