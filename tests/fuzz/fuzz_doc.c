/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the text, a tree that comes of it keeps its bounds, knows its places and has no key
 * twice; and where none comes, the reason is said. */
#include "fuzz.h"

#include "turnpike/load/doc.h"

#define LEVELS_MAX 200
#define NODES_MAX  1000000

struct walk {
    struct str text;
    size_t nodes;
};

static void check_position(const struct walk *w, struct position at)
{
    REQUIRE(at.file && strcmp(at.file, "fuzz") == 0);
    REQUIRE(at.line >= 1 && at.line <= w->text.len + 1);
    REQUIRE(at.column >= 1 && at.column <= w->text.len + 1);
}

static void walk_doc(struct walk *w, const struct doc *d, unsigned level);

static void walk_members(struct walk *w, const struct doc *d, unsigned level)
{
    FOR_EACH (m, d->members, d->count) {
        check_position(w, m->at);
        if (d->count < 100) /* the look-up is linear */
            REQUIRE(doc_member(d, m->key) == m);
        walk_doc(w, m->value, level);
    }
}

static void walk_doc(struct walk *w, const struct doc *d, unsigned level)
{
    REQUIRE(d && ++w->nodes <= NODES_MAX && level <= LEVELS_MAX + 1);
    check_position(w, d->at);
    if (d->kind == DOC_MAP)
        walk_members(w, d, level + 1);
    else if (d->kind == DOC_LIST)
        for (size_t i = 0; i < d->count; i++)
            walk_doc(w, d->items[i], level + 1);
    else
        REQUIRE(d->count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct diag diag;
    struct walk w = {.text = fuzz_copy(fuzz_input(data, size))};
    arena_init(&arena, 4096);
    diag_init(&diag);

    const struct doc *d = doc_parse(&arena, &diag, "fuzz", w.text);
    REQUIRE(d || diag.error_count > 0);
    if (d)
        walk_doc(&w, d, 0);
    FOR_EACH_IN (finding, &diag.findings)
        check_position(&w, finding->at);

    diag_release(&diag);
    arena_release(&arena);
    fuzz_free(w.text);
    return 0;
}
