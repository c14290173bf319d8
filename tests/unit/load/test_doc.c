/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/load/doc.h"

#include <unistd.h>

#include "testing.h"
#include "turnpike/base/buf.h"

/* One text being read. */
struct reading {
    struct arena arena;
    struct diag diag;
    struct doc *doc;
};

static void read_text(struct reading *r, struct str text)
{
    arena_init(&r->arena, 4096);
    diag_init(&r->diag);
    r->doc = doc_parse(&r->arena, &r->diag, "f", text);
}

static void release(struct reading *r)
{
    arena_release(&r->arena);
    diag_release(&r->diag);
}

/* A tree in one line: maps as {key: value}, strings in quotes, tags before their value. */
static void print_doc(struct buf *out, const struct doc *d)
{
    if (d->tag.len)
        buf_printf(out, "%" STR_F " ", STR_A(d->tag));
    switch (d->kind) {
    case DOC_NULL:
        buf_literal(out, "null");
        break;
    case DOC_BOOL:
        buf_append(out, d->truth ? STR("true") : STR("false"));
        break;
    case DOC_NUMBER:
        buf_append(out, d->text);
        break;
    case DOC_STRING:
        buf_printf(out, "'%" STR_F "'", STR_A(d->text));
        break;
    case DOC_LIST:
        buf_literal(out, "[");
        for (size_t i = 0; i < d->count; i++) {
            buf_append(out, i ? STR(", ") : STR(""));
            print_doc(out, d->items[i]);
        }
        buf_literal(out, "]");
        break;
    case DOC_MAP:
        buf_literal(out, "{");
        for (size_t i = 0; i < d->count; i++) {
            buf_printf(out, "%s%" STR_F ": ", i ? ", " : "", STR_A(d->members[i].key));
            print_doc(out, d->members[i].value);
        }
        buf_literal(out, "}");
        break;
    }
}

static void print_findings(struct buf *out, const struct diag *diag)
{
    FOR_EACH_IN (f, &diag->findings)
        buf_printf(out, "%s%u:%u: %" STR_F, f == diag->findings.items ? "" : "\n", f->at.line,
                   f->at.column, STR_A(f->message));
}

static const struct {
    const char *name, *text, *want;
} values[] = {
    {"a block map", "a: 1\nb: x\n", "{a: 1, b: 'x'}"},
    {"an empty text", "", "null"},
    {"only a comment", "# nothing\n", "null"},
    {"a byte order mark",
     "\xef\xbb\xbf"
     "a: 1",
     "{a: 1}"},
    {"words that YAML 1.1 took for booleans", "[yes, no, on, off, y, n]",
     "['yes', 'no', 'on', 'off', 'y', 'n']"},
    {"booleans", "[true, True, TRUE, false, False, FALSE, tRue]",
     "[true, true, true, false, false, false, 'tRue']"},
    {"nulls", "[null, Null, NULL, ~, nULL]", "[null, null, null, null, 'nULL']"},
    {"an absent value", "a:\nb: ''\n", "{a: null, b: ''}"},
    {"whole numbers", "[0, -1, +5, 012, 0o17, 0x1F]", "[0, -1, +5, 012, 0o17, 0x1F]"},
    {"numbers with a point", "[1.5, .5, 1., 1e3, -2.5E-3, .inf, -.INF, .nan]",
     "[1.5, .5, 1., 1e3, -2.5E-3, .inf, -.INF, .nan]"},
    {"what is no number", "[1_000, 0o8, 0xg, 1e, '.', -, 1.2.3, 10s, '12:30', 0b1]",
     "['1_000', '0o8', '0xg', '1e', '.', '-', '1.2.3', '10s', '12:30', '0b1']"},
    {"quoted scalars are strings", "['1', \"true\", 'null', \"\\u00e9\"]",
     "['1', 'true', 'null', '\xc3\xa9']"},
    {"keys keep their text", "200: a\ntrue: b\n~: c\n", "{200: 'a', true: 'b', ~: 'c'}"},
    {"tags", "a: !Sub ${x}\nb: !GetAtt [f, Arn]\nc: !If {d: !Ref 7}\n",
     "{a: !Sub '${x}', b: !GetAtt ['f', 'Arn'], c: !If {d: !Ref '7'}}"},
    {"tags of YAML itself", "[!!str 1, !!int 2, !!bool true, !!null ~, !!seq [], !!map {}, ! 3]",
     "['1', 2, true, null, [], {}, '3']"},
    {"aliases", "a: &x {b: 1}\nc: *x\nd: [*x, *x]\n",
     "{a: {b: 1}, c: {b: 1}, d: [{b: 1}, {b: 1}]}"},
    {"an alias as key", "a: &k name\n*k : 1\n", "{a: 'name', name: 1}"},
    {"an anchor given anew", "[&x 1, *x, &x 2, *x]", "[1, 1, 2, 2]"},
    {"a merge: explicit keys win", "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3, c: 4}\n",
     "{x: {a: 1, b: 2}, y: {b: 3, c: 4, a: 1}}"},
    {"explicit keys win from behind", "x: &x {a: 1}\ny: {a: 2, <<: *x}\n",
     "{x: {a: 1}, y: {a: 2}}"},
    {"a merge of several: earlier ones win", "- &a {k: 1}\n- &b {k: 2, l: 3}\n- <<: [*a, *b]\n",
     "[{k: 1}, {k: 2, l: 3}, {k: 1, l: 3}]"},
    {"a merge of a merge", "- &a {k: 1}\n- &b {<<: *a, l: 2}\n- {<<: *b}\n",
     "[{k: 1}, {l: 2, k: 1}, {l: 2, k: 1}]"},
    {"a quoted << is a key", "{'<<': 1}", "{<<: 1}"},
    {"flow YAML that is no JSON", "{a: [1, b], # why not\n c: }", "{a: [1, 'b'], c: null}"},
    {"a %YAML directive", "%YAML 1.2\n---\na: 1\n...\n", "{a: 1}"},
    {"JSON", "{\"a\": [1, -2.5e3, true, false, null, \"x\"], \"b\": {}}",
     "{a: [1, -2.5e3, true, false, null, 'x'], b: {}}"},
    {"a surrogate pair in JSON", "{\"a\": \"\\ud83d\\ude00\"}", "{a: '\xf0\x9f\x98\x80'}"},
    {"a JSON key with escapes", "{\"\\u0061\\n\": 1}", "{a\n: 1}"},
    {"<< in JSON is a key", "{\"<<\": {\"a\": 1}}", "{<<: {a: 1}}"},
    {"tabs in JSON", "{\n\t\"a\":\t1\n}", "{a: 1}"},
};

static void reads_values(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, values) {
        struct reading r;
        read_text(&r, str_from(c->text));
        scoped_buf struct buf got = {0};
        print_findings(&got, &r.diag);
        CHECK_CASE(c, r.doc && r.diag.error_count == 0, "%" STR_F, STR_A(buf_str(&got)));
        print_doc(&got, r.doc);
        CHECK_CASE(c, str_is(buf_str(&got), c->want), "got %" STR_F, STR_A(buf_str(&got)));
        release(&r);
    }
}

static const struct {
    const char *name;
    struct str text;
    const char *want;
} refusals[] = {
    {"a key twice", STR_INIT("a: 1\nb: 2\na: 3\n"),
     "3:1: key 'a' was already written at line 1, column 1"},
    {"a key twice in JSON", STR_INIT("{\"a\": 1,\n  \"\\u0061\": 2}"),
     "2:3: key 'a' was already written at line 1, column 2"},
    {"keys twice, all of them", STR_INIT("{a: 1, a: 2, b: {c: 1, c: 2}, a: 3}"),
     "1:24: key 'c' was already written at line 1, column 18\n"
     "1:8: key 'a' was already written at line 1, column 2\n"
     "1:31: key 'a' was already written at line 1, column 2"},
    {"a second document", STR_INIT("a: 1\n---\nb: 2\n"), "2:1: a second document begins here"},
    {"a list as key", STR_INIT("? [a]\n: 1\n"), "1:3: a list cannot be a key"},
    {"a map as key", STR_INIT("x:\n  ? {a: 1}\n  : 1\n"), "2:5: a map cannot be a key"},
    {"an alias without anchor", STR_INIT("a: *nobody\n"),
     "1:4: alias '*nobody' has no anchor before it"},
    {"an alias within its anchor", STR_INIT("a: &x\n  b: [*x]\n"),
     "2:7: alias '*x' stands within its own anchor"},
    {"a merge of its own", STR_INIT("a: &x\n  <<: *x\n"),
     "2:7: alias '*x' stands within its own anchor"},
    {"a merge of no map", STR_INIT("a: {<<: 1}\n"), "1:9: '<<' merges maps, not a number"},
    {"a merge of a list of others", STR_INIT("a: {<<: [{b: 1}, c]}\n"),
     "1:18: '<<' merges maps, not a string"},
    {"a tag that does not fit", STR_INIT("a: !!int x\n"), "1:4: tag '!!int' does not fit a string"},
    {"a tag that nobody needs", STR_INIT("a: !!binary aGk=\n"),
     "1:4: tag '!!binary' does not fit a string"},
    {"bad indentation", STR_INIT("a:\n  b: 1\n c: 2\n"),
     "3:2: did not find expected key, while parsing a block mapping (it begins at line 1)"},
    {"a tab as indentation", STR_INIT("a:\n\tb: 1\n"),
     "2:1: found a tab where only spaces may stand, while scanning for the next token (it begins "
     "at line 2)"},
    {"a line that is indented too far", STR_INIT("a: 1\n  b: 2\n"),
     "2:4: mapping values are not allowed in this context; is the line indented too far, or does "
     "a text with ': ' in it want quotes?"},
    {"a flow map without end", STR_INIT("{a: 1"),
     "1:6: did not find expected ',' or '}', while parsing a flow mapping (it begins at line 1)"},
    {"columns count bytes", STR_INIT("\xc3\xa9: {\xc3\xa9: 1, \xc3\xa9: 2}\n"),
     "1:13: key '\xc3\xa9' was already written at line 1, column 6"},
    {"columns start behind the byte order mark", STR_INIT("\xef\xbb\xbf{a: 1, a: 2}"),
     "1:8: key 'a' was already written at line 1, column 2"},
    {"lines that end in CR LF", STR_INIT("a: 1\r\nb: 2\r\na: 3\r\n"),
     "3:1: key 'a' was already written at line 1, column 1"},
    {"a control character", STR_INIT("a: 1\nb: x\x01y\n"),
     "2:5: control characters are not allowed"},
    {"a NUL", STR_INIT("a: 1\nb: x\0y\n"), "2:5: the text holds a NUL byte"},
    {"no UTF-8", STR_INIT("a: 1\nb: \xff\n"), "2:4: the text is not UTF-8 here"},
    {"UTF-16",
     STR_INIT("\xff\xfe"
              "a\0"),
     "1:1: the text is not UTF-8 here"},
};

static void refuses(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, refusals) {
        struct reading r;
        read_text(&r, c->text);
        scoped_buf struct buf got = {0};
        print_findings(&got, &r.diag);
        CHECK_CASE(c, str_is(buf_str(&got), c->want), "got %" STR_F, STR_A(buf_str(&got)));
        release(&r);
    }
}

static const struct {
    const char *name, *text, *path;
    unsigned key_line, key_column, line, column;
} positions[] = {
    {"a block map", "a:\n  b:\n    c: 1\n", "abc", 3, 5, 3, 8},
    {"a block scalar", "a: |\n  text\n", "a", 1, 1, 1, 4},
    {"behind a block scalar", "a: |\n  text\n  more\nb: 1\n", "b", 4, 1, 4, 4},
    {"behind a folded line", "a: one\n  two\nb: 1\n", "b", 3, 1, 3, 4},
    {"a flow map over lines", "a: {\n  b: 1,\n  c: 2}\n", "ac", 3, 3, 3, 6},
    {"a tagged value", "a: !Sub x\n", "a", 1, 1, 1, 4},
    {"JSON", "{\"a\": {\n  \"b\": [],\n  \"c\" : 7}}", "ac", 3, 3, 3, 9},
    {"a merged member keeps its place", "x: &x\n  b: 1\na: {<<: *x}\n", "ab", 2, 3, 2, 6},
};

static void knows_positions(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, positions) {
        struct reading r;
        read_text(&r, str_from(c->text));
        const struct doc *d = r.doc;
        const struct doc_member *m = NULL;
        for (const char *key = c->path; *key; key++) {
            m = doc_member(d, str_of(key, 1));
            CHECK_CASE(c, m, "no '%c'", *key);
            d = m->value;
        }
        CHECK_CASE(c, m->at.line == c->key_line && m->at.column == c->key_column, "key at %u:%u",
                   m->at.line, m->at.column);
        CHECK_CASE(c, d->at.line == c->line && d->at.column == c->column, "value at %u:%u",
                   d->at.line, d->at.column);
        release(&r);
    }
}

/* Text made by repetition: `open` n times, `middle`, `close` n times. */
static const struct {
    const char *name, *open, *middle, *close;
    unsigned n;
    const char *want; /* a part of the first finding, or NULL: accepted */
} bounds[] = {
    {"200 levels of YAML", "[", "x", "]", 200, NULL},
    {"201 levels of YAML", "[", "x", "]", 201, "deeper than 200"},
    {"200 levels of JSON", "[", "1", "]", 200, NULL},
    {"201 levels of JSON", "[", "1", "]", 201, "deeper than 200"},
    {"100,000 levels", "[", "1", "]", 100000, "deeper than 200"},
    {"100,000 open brackets", "[", "", "", 100000, "deeper than 200"},
    {"100,000 open braces", "{a: ", "", "", 100000, "deeper than 200"},
    {"100,000 dashes", "- ", "x", "", 100000, "deeper than 200"},
    {"an alias that is too deep", "[", "&a [x], *a", "]", 199, NULL},
    {"an alias beyond the last level", "&a [[[x]]]\n", "", "", 1, NULL},
    {"999,999 values and their list", "", "[", "1,", 999998, "expected"},
    {"a scalar of 1 MiB", "x", "", "", 1 << 20, NULL},
    {"a million values", "- 1\n", "", "", 999999, NULL},
    {"a million values and one", "- 1\n", "", "", 1000000, "more than 1000000 values"},
    {"more than 16 MiB", "                ", "", "", (1 << 20) + 1, "larger than 16 MiB"},
};

/* Where the first 'X' of the value under "k" stands; where it cannot be told, the value's place. */
static const struct {
    const char *name, *text;
    unsigned line, column;
} places[] = {
    {"plain", "k: abX", 1, 6},
    {"single quotes", "k: 'abX'", 1, 7},
    {"double quotes", "k:\n  \"abX\"", 2, 6},
    {"flow", "{a: [a, b]\n, k: X}", 2, 6},
    {"an escape before it", "k: \"a\\tX\"", 1, 4},
    {"a quote before it", "k: 'a''X'", 1, 4},
    {"on a folded line", "k: a\n   X", 1, 4},
    {"behind a tag", "k: !Sub abX", 1, 4},
    {"a block", "k: |\n  a\n\n   bX\n", 4, 5},
    {"a block's first line", "a:\n  k: |-\n      X", 3, 7},
    {"a block with its indentation", "k: |2\n     X\n", 2, 6},
    {"a block behind empty lines", "k: |\n\n\n  X\n", 4, 3},
    {"a block in Windows' lines", "k: |\r\n  a\r\n  bX\r\n", 3, 4},
    {"a folded block of one line", "k: >\n  abX\n", 2, 5},
    {"a folded block", "k: >\n  a\n  X\n", 1, 4},
    {"behind characters of two bytes", "k: |\n  äX\n", 2, 5},
    {"JSON", "{\"k\": \"abX\"}", 1, 10},
    {"JSON with an escape", "{\"k\": \"a\\nX\"}", 1, 7},
};

static void knows_places_within_texts(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, places) {
        struct reading r;
        read_text(&r, str_from(c->text));
        const struct doc *value = r.doc->kind == DOC_MAP ? doc_get(r.doc, "k") : NULL;
        if (!value)
            value = doc_get(doc_get(r.doc, "a"), "k");
        CHECK_CASE(c, value, "not read");
        struct position at = doc_text_position(value, str_find(value->text, 'X'));
        CHECK_CASE(c, at.line == c->line && at.column == c->column, "got %u:%u", at.line,
                   at.column);
        release(&r);
    }
}

static void keeps_bounds(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, bounds) {
        scoped_buf struct buf text = {0};
        for (unsigned i = 0; i < c->n; i++)
            buf_append(&text, str_from(c->open));
        buf_append(&text, str_from(c->middle));
        for (unsigned i = 0; i < c->n; i++)
            buf_append(&text, str_from(c->close));

        struct reading r;
        read_text(&r, buf_str(&text));
        struct str first = r.diag.findings.count ? r.diag.findings.items[0].message : STR("");
        if (c->want)
            CHECK_CASE(c, str_find_str(first, str_from(c->want)) < first.len, "got '%" STR_F "'",
                       STR_A(first));
        else
            CHECK_CASE(c, r.doc && first.len == 0, "got '%" STR_F "'", STR_A(first));
        release(&r);
    }
}

static const struct {
    const char *name, *first, *next; /* next has %d for its own number and that before */
    int n;
    const char *want;
} bombs[] = {
    {"a billion laughs", "- &a0 [lol]\n", "- &a%1$d [*a%2$d, *a%2$d, *a%2$d, *a%2$d, *a%2$d]\n", 20,
     "more than 1000000 values"},
    {"a billion merges", "- &a0 {k: lol}\n", "- &a%1$d {<<: [*a%2$d, *a%2$d, *a%2$d]}\n", 30,
     "more than 1000000 values"},
    {"a tower of aliases", "- &a0 [x]\n", "- &a%1$d [*a%2$d]\n", 250, "deeper than 200"},
};

static const struct {
    const char *name, *text, *want;
} writings[] = {
    {"scalars", "[null, true, false, a, '', \"b\\\"\\n\"]",
     "[null,true,false,\"a\",\"\",\"b\\\"\\n\"]"},
    {"numbers that JSON has", "[0, -1.50, 2e3]", "[0,-1.50,2e3]"},
    {"numbers that it has not", "[0x1F, 0o17, +1, .5, .inf, .NaN]",
     "[31,15,1,0.5,\".inf\",\".NaN\"]"},
    {"text that looks like others", "[2012-10-17, '1', yes, \"*\"]",
     "[\"2012-10-17\",\"1\",\"yes\",\"*\"]"},
    {"nested", "{a: [], b: {}, c: [{d: [1, [2]]}], \"\\\"\": e}",
     "{\"a\":[],\"b\":{},\"c\":[{\"d\":[1,[2]]}],\"\\\"\":\"e\"}"},
    {"aliases, in full", "{a: &x {k: 1}, b: *x}", "{\"a\":{\"k\":1},\"b\":{\"k\":1}}"},
};

static void writes_json(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, writings) {
        struct reading r;
        scoped_buf struct buf got = {0};
        read_text(&r, str_from(c->text));
        CHECK_CASE(c, r.doc, "it is malformed");
        doc_write_json(&got, r.doc);
        CHECK_CASE(c, str_is(buf_str(&got), c->want), "got %" STR_F, STR_A(buf_str(&got)));
        release(&r);
    }
}

static void bounds_aliases(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, bombs) {
        scoped_buf struct buf text = {0};
        buf_append(&text, str_from(c->first));
        for (int i = 1; i < c->n; i++) {
            char line[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            (void)snprintf(line, sizeof(line), c->next, i, i - 1);
#pragma GCC diagnostic pop
            buf_append(&text, str_from(line));
        }
        struct reading r;
        read_text(&r, buf_str(&text));
        CHECK_CASE(c, !r.doc && r.diag.findings.count == 1, "%zu findings", r.diag.findings.count);
        struct str message = r.diag.findings.items[0].message;
        CHECK_CASE(c, str_find_str(message, str_from(c->want)) < message.len, "got '%" STR_F "'",
                   STR_A(message));
        release(&r);
    }
}

static void shares_the_node_of_an_anchor(void **state)
{
    (void)state;
    struct reading r;
    read_text(&r, STR("a: &x {b: 1}\nc: *x\n"));
    assert_ptr_equal(doc_get(r.doc, "a"), doc_get(r.doc, "c"));
    release(&r);
}

static void looks_up_what_is_there(void **state)
{
    (void)state;
    struct reading r;
    read_text(&r, STR("a: {b: 1}\nl: [1]\n"));
    assert_non_null(doc_get(doc_get(r.doc, "a"), "b"));
    assert_null(doc_get(doc_get(r.doc, "x"), "b"));
    assert_null(doc_get(doc_get(r.doc, "l"), "b"));
    assert_string_equal(doc_kind_name(doc_get(r.doc, "l")), "a list");
    assert_string_equal(doc_kind_name(NULL), "nothing");
    release(&r);
}

static void loads_files(void **state)
{
    (void)state;
    char path[] = "/tmp/turnpike-doc-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "a: 1\n", 5), 5);
    (void)close(fd);

    struct reading r = {0};
    arena_init(&r.arena, 4096);
    diag_init(&r.diag);
    r.doc = doc_load(&r.arena, &r.diag, path);
    assert_non_null(r.doc);
    assert_string_equal(r.doc->at.file, path);
    assert_ptr_not_equal(r.doc->at.file, path);

    (void)unlink(path);
    assert_null(doc_load(&r.arena, &r.diag, path));
    assert_null(doc_load(&r.arena, &r.diag, "/"));
    scoped_buf struct buf got = {0};
    print_findings(&got, &r.diag);
    assert_str_equal(buf_str(&got), STR("1:1: cannot be read: No such file or directory\n"
                                        "1:1: cannot be read: Is a directory"));
    release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values),
        cmocka_unit_test(writes_json),
        cmocka_unit_test(refuses),
        cmocka_unit_test(knows_positions),
        cmocka_unit_test(knows_places_within_texts),
        cmocka_unit_test(keeps_bounds),
        cmocka_unit_test(bounds_aliases),
        cmocka_unit_test(shares_the_node_of_an_anchor),
        cmocka_unit_test(looks_up_what_is_there),
        cmocka_unit_test(loads_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
