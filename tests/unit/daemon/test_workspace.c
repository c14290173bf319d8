/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/workspace.h"

#include "turnpike/base/clock.h"
#include "turnpike/daemon/certificates.h"
#include "turnpike/daemon/new_file.h"

#include "temporary.h"

#define NOW (UINT64_C(1767225600) * USEC_PER_SEC)

static const struct {
    const char *name;
    mode_t mode;
} files[] = {
    {"w/turnpike.yaml", 0644},     {"w/tls/ca.pem", 0644},      {"w/tls/ca-key.pem", 0600},
    {"w/tls/fullchain.pem", 0644}, {"w/tls/privkey.pem", 0600}, {"w/dev-key.pem", 0600},
    {"w/dev-key.pub.pem", 0644},
};

static void make(uint64_t wall, struct buf *report)
{
    struct error error = {0};
    if (!workspace_make("w", wall, report, &error))
        fail_msg("%s", error.text);
}

static void read_text(const char *path, struct buf *text)
{
    struct error error;
    assert_true(file_read(path, 65536, text, &error));
}

static void makes_every_file_with_its_mode(void **state)
{
    (void)state;
    struct temporary t;
    scoped_buf struct buf report = {0};
    temporary_enter(&t);
    mode_t before = umask(0);
    make(NOW, &report);
    umask(before);
    FOR_EACH_CASE (c, files) {
        CHECK_CASE(c, mode_of(c->name) == c->mode, "%o", mode_of(c->name));
        CHECK_CASE(c, str_find_str(buf_str(&report), str_from(c->name)) < buf_len(&report),
                   "not reported");
    }
    temporary_leave(&t);
}

static void a_strict_umask_does_not_matter(void **state)
{
    (void)state;
    struct temporary t;
    scoped_buf struct buf report = {0};
    temporary_enter(&t);
    mode_t before = umask(0077);
    make(NOW, &report);
    umask(before);
    FOR_EACH_CASE (c, files)
        CHECK_CASE(c, mode_of(c->name) == c->mode, "%o", mode_of(c->name));
    temporary_leave(&t);
}

static void a_second_run_changes_nothing(void **state)
{
    (void)state;
    struct temporary t;
    struct buf before[ARRAY_LENGTH(files)] = {0};
    scoped_buf struct buf report = {0}, second = {0};
    temporary_enter(&t);
    make(NOW, &report);
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
        read_text(files[i].name, &before[i]);
    make(NOW + USEC_PER_SEC, &second);
    assert_int_equal(buf_len(&second), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        scoped_buf struct buf after = {0};
        read_text(files[i].name, &after);
        assert_str_equal(buf_str(&after), buf_str(&before[i]));
        buf_release(&before[i]);
    }
    temporary_leave(&t);
}

static void what_is_there_stays(void **state)
{
    (void)state;
    struct temporary t;
    scoped_buf struct buf report = {0}, text = {0};
    temporary_enter(&t);
    assert_int_equal(mkdir("w", 0755), 0);
    assert_int_equal(mkdir("w/tls", 0755), 0);
    write_text_file("w/turnpike.yaml", 0640, "mine");
    write_text_file("w/tls/fullchain.pem", 0644, "bought");
    write_text_file("w/tls/privkey.pem", 0600, "too");
    make(NOW, &report);
    read_text("w/turnpike.yaml", &text);
    assert_str_equal(buf_str(&text), STR("mine"));
    assert_int_equal(mode_of("w/turnpike.yaml"), 0640);
    assert_int_not_equal(access("w/tls/ca.pem", F_OK), 0);
    assert_int_equal(access("w/dev-key.pem", F_OK), 0);
    temporary_leave(&t);
}

static const struct {
    const char *name; /* the half that is left */
} halves[] = {
    {"w/tls/ca.pem"},
    {"w/tls/privkey.pem"},
    {"w/dev-key.pub.pem"},
};

static void half_a_pair_is_refused(void **state)
{
    (void)state;
    FOR_EACH_CASE (c, halves) {
        struct temporary t;
        struct error error = {0};
        scoped_buf struct buf report = {0};
        temporary_enter(&t);
        assert_int_equal(mkdir("w", 0755), 0);
        assert_int_equal(mkdir("w/tls", 0755), 0);
        write_text_file(c->name, 0600, "half");
        CHECK_CASE(c, !workspace_make("w", NOW, &report, &error), "made");
        CHECK_CASE(c, strstr(error.text, c->name), "%s", error.text);
        temporary_leave(&t);
    }
}

static void an_expired_certificate_is_renewed_by_the_same_authority(void **state)
{
    (void)state;
    const uint64_t later = NOW + 100 * UINT64_C(86400) * USEC_PER_SEC;
    struct temporary t;
    uint64_t end = 0;
    scoped_buf struct buf report = {0}, authority = {0}, same = {0}, renewed = {0};
    temporary_enter(&t);
    make(NOW, &report);
    read_text("w/tls/ca.pem", &authority);
    buf_clear(&report);
    make(later, &report);
    assert_true(str_find_str(buf_str(&report), STR("has expired")) < buf_len(&report));

    assert_int_equal(unlink("w/tls/fullchain.pem"), 0);
    assert_int_equal(unlink("w/tls/privkey.pem"), 0);
    make(later, &report);
    read_text("w/tls/ca.pem", &same);
    assert_str_equal(buf_str(&same), buf_str(&authority));
    read_text("w/tls/fullchain.pem", &renewed);
    assert_true(certificate_read_end(buf_str(&renewed), &end));
    assert_true(end > later);
    temporary_leave(&t);
}

static void links_are_not_followed(void **state)
{
    (void)state;
    struct temporary t;
    struct error error;
    temporary_enter(&t);
    assert_int_equal(symlink("elsewhere", "key.pem"), 0);
    assert_int_equal(new_file_write("key.pem", 0600, STR("secret"), &error), NEW_FILE_EXISTED);
    assert_int_not_equal(access("elsewhere", F_OK), 0);
    temporary_leave(&t);
}

static void directories_are_made_as_needed(void **state)
{
    (void)state;
    struct temporary t;
    struct error error;
    temporary_enter(&t);
    assert_true(directory_make("a/b/c", &error));
    assert_true(directory_make("a/b/c", &error));
    assert_true(directory_make("./a//b/", &error));
    write_text_file("a/file", 0644, "");
    assert_false(directory_make("a/file/b", &error));
    temporary_leave(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_every_file_with_its_mode),
        cmocka_unit_test(a_strict_umask_does_not_matter),
        cmocka_unit_test(a_second_run_changes_nothing),
        cmocka_unit_test(what_is_there_stays),
        cmocka_unit_test(half_a_pair_is_refused),
        cmocka_unit_test(an_expired_certificate_is_renewed_by_the_same_authority),
        cmocka_unit_test(links_are_not_followed),
        cmocka_unit_test(directories_are_made_as_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
