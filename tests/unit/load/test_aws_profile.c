/* SPDX-License-Identifier: Apache-2.0 */
#include "../../../src/load/aws_profile.h"

#include "testing.h"

static const struct {
    const char *name;
    enum aws_file file;
    const char *profile, *text, *want; /* of `key`; NULL: the profile is not there */
} cases[] = {
    {"a section of the credentials file", AWS_CREDENTIALS_FILE, "work", "[work]\nkey = v\n", "v"},
    {"which has no prefix", AWS_CREDENTIALS_FILE, "work", "[profile work]\nkey = v\n", NULL},
    {"a section of the config file", AWS_CONFIG_FILE, "work", "[profile work]\nkey = v\n", "v"},
    {"which has a prefix", AWS_CONFIG_FILE, "work", "[work]\nkey = v\n", NULL},
    {"but for the default", AWS_CONFIG_FILE, "default", "[default]\nkey = v\n", "v"},
    {"which may have it", AWS_CONFIG_FILE, "default", "[profile default]\nkey = v\n", "v"},
    {"a quoted name", AWS_CONFIG_FILE, "my work", "[profile \"my work\"]\nkey = v\n", "v"},
    {"other kinds of sections", AWS_CONFIG_FILE, "work", "[sso-session work]\nkey = v\n", NULL},
    {"a name that begins another", AWS_CREDENTIALS_FILE, "work", "[workers]\nkey = v\n", NULL},
    {"spaces in brackets", AWS_CONFIG_FILE, "work", "[ profile  work ]\nkey = v\n", "v"},
    {"no section", AWS_CREDENTIALS_FILE, "default", "key = v\n", NULL},
    {"no file", AWS_CREDENTIALS_FILE, "default", "", NULL},
    {"another section before", AWS_CREDENTIALS_FILE, "b", "[a]\nkey = 1\n[b]\nkey = 2\n", "2"},
    {"another section behind", AWS_CREDENTIALS_FILE, "a", "[a]\nkey = 1\n[b]\nkey = 2\n", "1"},
    {"a section twice", AWS_CREDENTIALS_FILE, "a", "[a]\nkey = 1\n[b]\n[a]\nkey = 2\n", "2"},
    {"a setting that is not there", AWS_CREDENTIALS_FILE, "a", "[a]\nother = 1\n", ""},
    {"no spaces", AWS_CREDENTIALS_FILE, "a", "[a]\nkey=v", "v"},
    {"a colon", AWS_CREDENTIALS_FILE, "a", "[a]\nkey: v\n", "v"},
    {"= within the value", AWS_CREDENTIALS_FILE, "a", "[a]\nkey = a/b+c==\n", "a/b+c=="},
    {"another case", AWS_CREDENTIALS_FILE, "a", "[a]\nKEY = v\n", "v"},
    {"CR LF", AWS_CREDENTIALS_FILE, "a", "[a]\r\nkey = v\r\n", "v"},
    {"a byte order mark", AWS_CREDENTIALS_FILE, "a", "\xef\xbb\xbf[a]\nkey = v\n", "v"},
    {"comments", AWS_CREDENTIALS_FILE, "a", "# x\n[a] # y\n; key = 1\nkey = v\n#key = 2\n", "v"},
    {"a comment behind", AWS_CREDENTIALS_FILE, "a", "[a]\nkey = v # w\n", "v"},
    {"a # that is no comment", AWS_CREDENTIALS_FILE, "a", "[a]\nkey = v#w;x\n", "v#w;x"},
    {"nested settings", AWS_CONFIG_FILE, "default", "[default]\ns3 =\n  key = v\n", ""},
    {"lines that say nothing", AWS_CREDENTIALS_FILE, "a", "[a]\nwhat\n\n\nkey = v\n[", "v"},
};

static void settings_of_profiles(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    FOR_EACH_CASE (c, cases) {
        struct aws_profile profile =
            aws_profile_read(&arena, str_from(c->text), c->file, str_from(c->profile));
        struct str got = aws_profile_get(&profile, "key");
        CHECK_CASE(c, profile.found == (c->want != NULL), "found: %d", profile.found);
        CHECK_CASE(c, str_is(got, c->want ? c->want : ""), "got '%" STR_F "'", STR_A(got));
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(settings_of_profiles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
