/* SPDX-License-Identifier: Apache-2.0 */
#include "docs_files.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "turnpike/base/buf.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)

static const struct {
    const char *file;
    struct str name, content_type;
} files[] = {
    {"index.html",           STR_INIT(""),                     STR_INIT("text/html; charset=utf-8")      },
    {"favicon-32x32.png",    STR_INIT("favicon-32x32.png"),    STR_INIT("image/png")                     },
    {"page.js",              STR_INIT("page.js"),              STR_INIT("text/javascript; charset=utf-8")},
    {"swagger-ui-bundle.js", STR_INIT("swagger-ui-bundle.js"),
     STR_INIT("text/javascript; charset=utf-8")                                                          },
    {"swagger-ui.css",       STR_INIT("swagger-ui.css"),       STR_INIT("text/css; charset=utf-8")       },
};

/* Where they may lie: in the tree that was built, beside the installed program wherever it was
 * moved to, and where it was to be installed. */
static const char *const beside[] = {"share/docs", "../share/turnpike/docs"};

static bool has_page(struct arena *arena, struct str directory)
{
    struct str page = arena_printf(arena, "%" STR_F "/%s", STR_A(directory), files[0].file);
    return access(page.at, R_OK) == 0;
}

static struct str find_directory(struct arena *arena)
{
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program));
    while (len > 0 && program[len - 1] != '/')
        len--;
    for (size_t i = 0; len > 0 && i < ARRAY_LENGTH(beside); i++) {
        struct str directory = arena_printf(arena, "%.*s%s", (int)len, program, beside[i]);
        if (has_page(arena, directory))
            return directory;
    }
    return STR(TURNPIKE_DOCS_DIRECTORY);
}

/* at is NULL, and errno set, where it cannot be read. */
static struct str read_file(struct arena *arena, struct str path)
{
    struct str nothing = {NULL, 0};
    scoped_buf struct buf text = {0};
    scoped_file FILE *file = fopen(path.at, "re");
    if (!file)
        return nothing;
    buf_commit(&text, fread(buf_reserve(&text, FILE_MAX), 1, FILE_MAX, file));
    return ferror(file) ? nothing : arena_copy(arena, buf_str(&text));
}

static bool add_file(struct builder *b, struct position at, struct str directory, size_t i)
{
    struct arena *arena = &b->snapshot->arena;
    struct str path = arena_printf(arena, "%" STR_F "/%s", STR_A(directory), files[i].file);
    struct str plain = read_file(arena, path);
    if (!plain.at) {
        diag_error(b->diag, at,
                   "the page of docs is not there: '%" STR_F "': %s (make docs-ui packs it, make "
                   "install installs it)",
                   STR_A(path), strerror(errno));
        return false;
    }
    struct str gzip = read_file(arena, arena_printf(arena, "%" STR_F ".gz", STR_A(path)));
    struct docs_file *file = list_push(arena, &b->snapshot->docs_files);
    file->name = files[i].name;
    file->content_type = files[i].content_type;
    file->plain = docs_form_of(arena, plain);
    if (gzip.at)
        file->gzip = docs_form_of(arena, gzip);
    return true;
}

bool docs_files_load(struct builder *b, struct position at)
{
    if (b->snapshot->docs_files.count > 0)
        return true;
    struct str directory = find_directory(&b->snapshot->arena);
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        if (!add_file(b, at, directory, i)) {
            b->snapshot->docs_files.count = 0;
            return false;
        }
    }
    return true;
}
