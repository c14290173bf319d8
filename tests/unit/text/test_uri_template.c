/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/text/uri_template.h"

#include "testing.h"
#include "turnpike/base/buf.h"

static const struct {
    const char *name, *text;
    const char *want; /* "authority path-pieces ? query-pieces", variables in <> */
    const char *why;  /* where it is refused */
} cases[] = {
    {"a URL without variables", "http://h/a/b?x=1", "h [/a/b] ? [x=1]", NULL},
    {"nothing but a host", "https://h:8443", "h:8443 ?", NULL},
    {"a variable at the end", "http://h/pets/{id}", "h [/pets/]<id> ?", NULL},
    {"a variable between", "http://h/{a}/x/{b-c.d_1}", "h [/]<a>[/x/]<b-c.d_1> ?", NULL},
    {"variables side by side", "http://h/{a}{b}", "h [/]<a><b> ?", NULL},
    {"a variable in the query", "http://h/?q={id}&x", "h [/] ? [q=]<id>[&x]", NULL},
    {"escapes", "http://h/%7b?%7D", "h [/%7b] ? [%7D]", NULL},
    {"a variable in the host", "http://{h}/", NULL, "cannot stand in the scheme, host or port"},
    {"a variable in the port", "http://h:{p}/", NULL, "cannot stand in the scheme, host or port"},
    {"a variable for the scheme", "{s}://h/", NULL, "cannot stand in the scheme, host or port"},
    {"a variable for all", "{url}", NULL, "cannot stand in the scheme, host or port"},
    {"no URL", "/pets", NULL, "no absolute"},
    {"another scheme", "ftp://h/", NULL, "no absolute"},
    {"a user", "http://u:p@h/", NULL, "no absolute"},
    {"a fragment", "http://h/#x", NULL, "no absolute"},
    {"a space", "http://h/a b", NULL, "no absolute"},
    {"an unclosed variable", "http://h/{id", NULL, "a '{' without its '}'"},
    {"an unopened one", "http://h/id}", NULL, "a '}' without its '{'"},
    {"an unopened one in the query", "http://h/?id}", NULL, "a '}' without its '{'"},
    {"no name", "http://h/{}", NULL, "between braces"},
    {"a name with a slash", "http://h/{a/b}", NULL, "between braces"},
    {"one in another", "http://h/{a{b}}", NULL, "between braces"},
    {"greedy", "http://h/{proxy+}", NULL, "written without '+'"},
    {"another kind of variable", "http://h/${x}", NULL, "${stageVariables.NAME} alone"},
    {"a malformed escape", "http://h/%zz", NULL, "a '%' without"},
};

static void write_pieces(struct buf *out, const uri_piece_list *pieces)
{
    FOR_EACH_IN (piece, pieces)
        buf_printf(out, piece->variable ? "<%" STR_F ">" : "[%" STR_F "]", STR_A(piece->text));
}

static void compiles(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, cases) {
        struct arena arena;
        scoped_buf struct buf got = {0};
        const char *why = NULL;
        arena_init(&arena, 1024);
        struct uri_template *t = uri_template_compile(&arena, str_from(c->text), &why);
        CHECK_CASE(c, (t != NULL) == (c->want != NULL), "refused: %s", why ? why : "no");
        if (t) {
            buf_printf(&got, "%" STR_F, STR_A(t->uri.authority));
            buf_append(&got, t->path.count ? STR(" ") : STR(""));
            write_pieces(&got, &t->path);
            buf_append(&got, t->query.count ? STR(" ? ") : STR(" ?"));
            write_pieces(&got, &t->query);
            CHECK_CASE(c, str_is(buf_str(&got), c->want), "got '%" STR_F "'", STR_A(buf_str(&got)));
        } else {
            CHECK_CASE(c, strstr(why, c->why), "why: %s", why);
        }
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(compiles)};
    return cmocka_run_group_tests_name("uri_template", tests, NULL, NULL);
}
