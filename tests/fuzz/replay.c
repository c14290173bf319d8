/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target once over each file named on the command line or below a directory named
 * there, with any compiler, and prints how many there were. */
#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#include "turnpike/base/xalloc.h"

#include "fuzz.h"

static void run_file(const char *path, size_t size)
{
    scoped_file FILE *file = fopen(path, "rb");
    scoped_free uint8_t *data = xmalloc(size);
    if (!file || fread(data, 1, size, file) != size) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    (void)LLVMFuzzerTestOneInput(data, size);
}

int main(int argc, char **argv)
{
    size_t count = 0;
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s FILE|DIRECTORY…\n", argv[0]);
        return 2;
    }
    FTS *tree = fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree && (entry = fts_read(tree));) {
        if (entry->fts_info == FTS_F) {
            run_file(entry->fts_path, (size_t)entry->fts_statp->st_size);
            count++;
        } else if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR) {
            (void)fprintf(stderr, "%s: %s\n", entry->fts_path, strerror(entry->fts_errno));
            return 1;
        }
    }
    (void)fts_close(tree);
    (void)printf("%zu inputs\n", count);
    return count == 0;
}
