/* SPDX-License-Identifier: Apache-2.0 */
/* What `docs:` adds to an API: its routes, and what of the document is for everybody. */
#include "openapi_fixture.h"
#include "turnpike/model/router.h"

#define HEAD     "openapi: 3.0.1\ninfo: {title: t, version: '1'}\n"
#define TO(name) "x-amazon-apigateway-integration: {type: aws_proxy, uri: " name "}"
#define TODO     TO("todo")
#define GET      "paths: {/a: {get: {" TODO "}}}\n"
#define AUTHORIZER                                                                                 \
    "x-amazon-apigateway-authorizer: {type: jwt, jwtConfiguration: {issuer: 'https://i.test', "    \
    "audience: [x]}, identitySource: "
#define USERS(source)                                                                              \
    "components: {securitySchemes: {users: {type: oauth2, flows: {}, " AUTHORIZER source "}}}}\n"
#define BEARER          "{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\"}"
#define SCHEMES(scheme) "\"components\":{\"securitySchemes\":{\"users\":" scheme "}},"

/* What the written document has between its head and its servers. */
static const struct {
    const char *name, *text, *want;
} documents[] = {
    {"an operation without its integration", GET, "\"paths\":{\"/a\":{\"get\":{}}},"},
    {"extensions anywhere",
     "x-secret: 1\nx-amazon-apigateway-importexport-version: '1.0'\ntags: [{name: n, x-y: z}]\n"
     "paths: {x-p: 1, /a: {x-q: 1, get: {x-r: 1, " TODO "}}}\n"
     "components: {x-s: 1, x-amazon-apigateway-integrations: {i: {uri: todo}},\n"
     "  schemas: {S: {type: object, x-t: 1}}}\n",
     "\"tags\":[{\"name\":\"n\"}],\"paths\":{\"/a\":{\"get\":{}}},"
     "\"components\":{\"schemas\":{\"S\":{\"type\":\"object\"}}},"},
    {"names that look like extensions stay",
     "paths: {/a: {get: {" TODO ", responses: {200: {description: d, headers: {x-page: {schema: "
     "{type: string}}}}}}}}\n"
     "components: {schemas: {x-S: {properties: {x-p: {x-q: 1, enum: [{x-r: 1}]}}, example: {x-s: "
     "1}}}}\n",
     "\"paths\":{\"/a\":{\"get\":{\"responses\":{\"200\":{\"description\":\"d\",\"headers\":{"
     "\"x-page\":{\"schema\":{\"type\":\"string\"}}}}}}}},"
     "\"components\":{\"schemas\":{\"x-S\":{\"properties\":{\"x-p\":{\"enum\":[{\"x-r\":1}]}},"
     "\"example\":{\"x-s\":1}}}},"},
    {"but not Amazon's",
     GET "components: {schemas: {S: {example: {x-amazon-apigateway-auth: {uri: secret}}}}}\n",
     "\"paths\":{\"/a\":{\"get\":{}}},"
     "\"components\":{\"schemas\":{\"S\":{\"example\":{}}}},"},
    {"servers of every level",
     "servers: [{url: 'https://abc.example'}]\n"
     "paths: {/a: {servers: [{url: x}], get: {servers: [{url: y}], " TODO "}}}\n"
     "components: {links: {L: {operationId: o, server: {url: z}}},\n"
     "  schemas: {S: {properties: {servers: {type: array}}}}}\n",
     "\"paths\":{\"/a\":{\"get\":{}}},\"components\":{\"links\":{\"L\":{\"operationId\":\"o\"}},"
     "\"schemas\":{\"S\":{\"properties\":{\"servers\":{\"type\":\"array\"}}}}},"},
    {"ANY and $default have no place",
     "paths: {/a: {x-amazon-apigateway-any-method: {" TODO "}, get: {" TODO "}},\n"
     "  /b: {parameters: [], x-amazon-apigateway-any-method: {" TODO "}},\n"
     "  /$default: {x-amazon-apigateway-any-method: {isDefaultRoute: true, " TODO "}}}\n",
     "\"paths\":{\"/a\":{\"get\":{}}},"},
    {"a path elsewhere in the document",
     "paths: {/a: {$ref: '#/x-paths/a'}}\nx-paths: {a: {get: {" TODO "}}}\n",
     "\"paths\":{\"/a\":{\"get\":{}}},"},
    {"other references stay",
     "paths: {/a: {parameters: [{$ref: '#/components/parameters/p'}], get: {" TODO "}}}\n"
     "components: {parameters: {p: {name: p, in: query}}}\n",
     "\"paths\":{\"/a\":{\"parameters\":[{\"$ref\":\"#/components/parameters/p\"}],\"get\":{}}},"
     "\"components\":{\"parameters\":{\"p\":{\"name\":\"p\",\"in\":\"query\"}}},"},
    {"functions and variables",
     "paths: {/a: {get: {summary: !Sub 'to ${Table} ${Other}', description: {Ref: Table}, tags: "
     "[!Sub '${AWS::Region}', !If [a, b]], " TODO "}}}\n"
     "tags: [{name: '${AWS::Region} ${x}', description: !Ref Nothing}]\n",
     "\"paths\":{\"/a\":{\"get\":{\"tags\":[\"us-east-1\"],\"description\":\"todos\"}}},"
     "\"tags\":[{\"name\":\"us-east-1 ${x}\"}],"},
    {"scalars",
     GET "components: {schemas: {S: {default: [1, 0x1F, 0o17, +2, .5, 1e3, -.inf, .nan, ~, yes, "
         "true, '1', -0]}}}\n",
     "\"paths\":{\"/a\":{\"get\":{}}},\"components\":{\"schemas\":{\"S\":{\"default\":[1,31,15,2,"
     "0.5,1e3,\"-.inf\",\".nan\",null,\"yes\",true,\"1\",-0]}}},"},
    {"text that looks like a number",
     "paths: {/a: {get: {summary: 1.0, description: 2, " TODO "}}}\n",
     "\"paths\":{\"/a\":{\"get\":{\"summary\":\"1.0\",\"description\":\"2\"}}},"},

    {"what only looks like operations",
     "paths: {/a: {get: {callbacks: {c: {e: {post: {security: [1, [2], {users: [r]}], x-y: "
     "1}}}}, " TODO "}}}\n",
     "\"paths\":{\"/a\":{\"get\":{\"callbacks\":{\"c\":{\"e\":{\"post\":{\"security\":[1,[2],{"
     "\"users\":[\"r\"]}]}}}}}}},"},

    /* security */
    {"a token in the Authorization header",
     "paths: {/a: {get: {description: D., security: [{users: [r, w]}], " TODO
     "}}}\n" USERS("$request.header.authorization"),
     "\"paths\":{\"/a\":{\"get\":{\"description\":\"D.\\n\\nNeeds a token with one of the scopes "
     "`r`, `w`.\",\"security\":[{\"users\":[]}]}}}," SCHEMES(BEARER)},
    {"one scope, no description",
     "paths: {/a: {get: {security: [{users: [r]}], " TODO
     "}}}\n" USERS("$request.header.Authorization"),
     "\"paths\":{\"/a\":{\"get\":{\"description\":\"Needs a token with the scope `r`.\","
     "\"security\":[{\"users\":[]}]}}}," SCHEMES(BEARER)},
    {"a token in another header",
     "paths: {/a: {get: {security: [{users: []}], " TODO "}}}\n" USERS("$request.header.X-Token"),
     "\"paths\":{\"/a\":{\"get\":{\"security\":[{\"users\":[]}]}}}," SCHEMES(
         "{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Token\"}")},
    {"a token in the query",
     "paths: {/a: {get: {security: [{users: []}], " TODO "}}}\n" USERS("$request.querystring.t"),
     "\"paths\":{\"/a\":{\"get\":{\"security\":[{\"users\":[]}]}}}," SCHEMES(
         "{\"type\":\"apiKey\",\"in\":\"query\",\"name\":\"t\"}")},
    {"the root's list, and operations without it",
     "security: [{users: [r]}]\n"
     "paths: {/a: {get: {" TODO "}, put: {security: [], " TODO "},\n"
     "  post: {x-amazon-apigateway-auth: {type: NONE}, " TODO
     "}}}\n" USERS("$request.header.Authorization"),
     "\"security\":[{\"users\":[]}],\"paths\":{\"/a\":{\"get\":{\"description\":\"Needs a token "
     "with the scope `r`.\",\"security\":[{\"users\":[]}]},\"put\":{\"security\":[]},"
     "\"post\":{\"security\":[]}}}," SCHEMES(BEARER)},
};

static void add_page(struct fixture *f)
{
    static const char *const names[] = {"", "page.js"};
    f->api->docs_path = (struct written){STR("/x/docs"), {"turnpike.yaml", 7, 20}};
    FOR_EACH (name, names, ARRAY_LENGTH(names)) {
        struct docs_file *file =
            list_push(&f->builder.snapshot->arena, &f->builder.snapshot->docs_files);
        file->name = str_from(*name);
    }
}

static struct str document_of(struct fixture *f)
{
    const struct route *last = f->api->routes.items[f->api->routes.count - 1];
    assert_str_equal(last->key, STR("GET /x/docs/openapi.json"));
    return last->integration->docs_file->plain.body;
}

static void what_is_for_everybody(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, documents) {
        struct fixture f;
        char text[4096], want[4096];
        (void)snprintf(text, sizeof(text), HEAD "%s", c->text);
        (void)snprintf(want, sizeof(want),
                       "{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"t\",\"version\":\"1\"},%s"
                       "\"servers\":[{\"url\":\"../..\"}]}",
                       c->want);
        fixture_open(&f);
        add_page(&f);
        bool read = fixture_read(&f, text);
        CHECK_CASE(c, read, "%" STR_F, STR_A(fixture_findings(&f)));
        struct str got = document_of(&f);
        CHECK_CASE(c, str_is(got, want), "got\n%" STR_F "\nwant\n%s", STR_A(got), want);
        fixture_close(&f);
    }
}

static void what_has_no_value_is_left_out_aloud(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    add_page(&f);
    assert_true(fixture_read(&f, HEAD "paths: {/a: {get: {\n  summary: !Ref Nobody,\n"
                                      "  description: !If [a, b],\n  " TODO "}}}\n"));
    assert_str_equal(fixture_findings(&f),
                     STR("4:12 warning: docs leave this out: unknown name 'Nobody': "
                         "definitionParameters can give it a value\n"
                         "5:16 warning: docs leave this out: Fn::If is not supported: write what "
                         "it yields, or a definition parameter\n"));
    fixture_close(&f);
}

#define CLASH(key)                                                                                 \
    "turnpike.yaml:7:20 error: docs at '/x/docs' clash with the route '" key "' at api.yaml:3\n"

static const struct {
    const char *name, *path, *method, *want;
} clashes[] = {
    {"the page", "/x/docs", "get", CLASH("GET /x/docs")},
    {"a file", "/x/docs/page.js", "get", CLASH("GET /x/docs/page.js")},
    {"the document", "/x/docs/openapi.json", "get", CLASH("GET /x/docs/openapi.json")},
    {"a variable below", "/x/docs/{id}", "get", CLASH("GET /x/docs/{id}")},
    {"a greedy variable below", "/x/docs/{id+}", "get", ""},
    {"a variable further below", "/x/docs/{id}/y", "get", ""},
    {"another file", "/x/docs/other", "get", ""},
    {"a longer name", "/x/docsy", "get", ""},
    {"a variable above", "/x/{id}", "get", ""},
    {"a greedy variable", "/{proxy+}", "get", ""},
    {"another method", "/x/docs", "post", ""},
    {"any method", "/x/docs", "x-amazon-apigateway-any-method", ""},
    {"any method of a variable", "/x/docs/{id}", "x-amazon-apigateway-any-method", ""},
};

static void routes_of_the_document_clash_or_give_way(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, clashes) {
        struct fixture f;
        char text[512];
        (void)snprintf(text, sizeof(text), HEAD "paths: {'%s': {%s: {" TODO "}}}\n", c->path,
                       c->method);
        fixture_open(&f);
        add_page(&f);
        bool read = fixture_read(&f, text);
        struct str findings = fixture_findings(&f);
        CHECK_CASE(c, str_is(findings, c->want), "%" STR_F, STR_A(findings));
        CHECK_CASE(c, read == (c->want[0] == '\0'), "read %d", read);
        fixture_close(&f);
    }
}

/* Whoever asks for a file gets it, whatever variables the document has. */
static void files_come_before_variables(void **state)
{
    (void)state;
    static const char *const ours[] = {"/x/docs", "/x/docs/", "/x/docs/page.js",
                                       "/x/docs/openapi.json"};
    struct fixture f;
    fixture_open(&f);
    add_page(&f);
    assert_true(fixture_read(&f, HEAD "paths: {'/{a}/{b}': {get: {" TODO "}},\n"
                                      "  '/{a}/{b}/{c}': {get: {" TODO "}},\n"
                                      "  '/x/docs/{p+}': {get: {" TODO "}}}\n"));
    const struct router *router =
        router_new(&f.builder.snapshot->arena, f.api->routes.items, f.api->routes.count);
    FOR_EACH (path, ours, ARRAY_LENGTH(ours)) {
        struct route_match match = router_match(router, STR("GET"), str_from(*path));
        assert_int_equal(match.route->integration->type, INTEGRATION_DOCS);
        assert_null(match.route->authorizer);
    }
    struct route_match other = router_match(router, STR("GET"), STR("/x/docs/other"));
    assert_str_equal(other.route->key, STR("GET /{a}/{b}/{c}"));
    fixture_close(&f);
}

static void without_docs_nothing_is_added(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_true(fixture_read(&f, HEAD GET));
    assert_int_equal(f.api->routes.count, 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_for_everybody),
        cmocka_unit_test(what_has_no_value_is_left_out_aloud),
        cmocka_unit_test(routes_of_the_document_clash_or_give_way),
        cmocka_unit_test(files_come_before_variables),
        cmocka_unit_test(without_docs_nothing_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
