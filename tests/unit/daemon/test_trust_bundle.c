/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/trust_bundle.h"

#include "testing.h"

#include <stdlib.h>
#include <unistd.h>

#define TRUSTED "trusted.pem"

/* A folder of its own, in which the bundle's lies, too. */
static int setup(void **state)
{
    static char folder[] = "/tmp/trust-bundle-XXXXXX";
    assert_non_null(mkdtemp(strcpy(folder, "/tmp/trust-bundle-XXXXXX")));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(setenv("TMPDIR", folder, 1), 0);
    FILE *f = fopen(TRUSTED, "w");
    assert_non_null(f);
    fputs("a certificate\n", f);
    fclose(f);
    *state = folder;
    return 0;
}

static int teardown(void **state)
{
    (void)unlink(TRUSTED);
    assert_int_equal(rmdir(*state), 0); /* nothing is left */
    return 0;
}

static void write_bundle(struct trust_bundle *b)
{
    struct error error;
    if (!trust_bundle_write(b, STR(TRUSTED), &error))
        fail_msg("%s", error.text);
    assert_int_equal(access(b->file, R_OK), 0);
}

static void what_has_not_changed_stays(void **state)
{
    struct trust_bundle b = {0};
    (void)state;
    write_bundle(&b);
    char *before = strdup(b.file);
    write_bundle(&b);
    assert_string_equal(b.file, before);
    free(before);
    trust_bundle_release(&b);
}

static void remove_the_file(struct trust_bundle *b)
{
    assert_int_equal(unlink(b->file), 0);
}

static void remove_the_folder(struct trust_bundle *b)
{
    remove_the_file(b);
    assert_int_equal(rmdir(b->directory), 0);
}

static const struct {
    const char *name;
    void (*harm)(struct trust_bundle *b);
} harms[] = {
    {"the file is gone", remove_the_file},
    {"the folder is gone", remove_the_folder},
};

/* Folders for temporary files are tidied up by others. */
static void what_somebody_removed_is_written_again(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, harms) {
        struct trust_bundle b = {0};
        write_bundle(&b);
        c->harm(&b);
        write_bundle(&b);
        trust_bundle_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_has_not_changed_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(what_somebody_removed_is_written_again, setup, teardown),
    };
    return cmocka_run_group_tests_name("daemon/trust_bundle", tests, NULL, NULL);
}
