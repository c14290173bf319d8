/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/command.h"

#include "turnpike/daemon/new_file.h"

#include "temporary.h"

#define WORDS_MAX 8

/* Runs the command line; what it prints is in ./out and ./err afterwards. */
static int run(const char *const *words)
{
    int before[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)}, argc = 0;
    while (argc < WORDS_MAX && words[argc])
        argc++;
    fflush(NULL);
    assert_non_null(freopen("out", "w", stdout));
    assert_non_null(freopen("err", "w", stderr));
    int status = (int)command_dispatch(argc, words);
    fflush(NULL);
    assert_true(dup2(before[0], STDOUT_FILENO) >= 0 && dup2(before[1], STDERR_FILENO) >= 0);
    close(before[0]);
    close(before[1]);
    return status;
}

static bool holds(const char *file, const char *wanted)
{
    struct error error;
    scoped_buf struct buf text = {0};
    assert_true(file_read(file, 65536, &text, &error));
    return wanted ? str_find_str(buf_str(&text), str_from(wanted)) < buf_len(&text)
                  : buf_len(&text) == 0;
}

static const struct {
    const char *name;
    const char *words[WORDS_MAX];
    int status;
    const char *out, *err; /* found in it; NULL: it is empty */
} cases[] = {
    {"nothing is asked", {"turnpike"}, 2, NULL, "usage: turnpike COMMAND"},
    {"the version", {"turnpike", "--version"}, 0, "turnpike " TURNPIKE_VERSION "\n", NULL},
    {"help", {"turnpike", "help"}, 0, "routes", NULL},
    {"--help", {"turnpike", "--help"}, 0, "routes", NULL},
    {"help on a command",
     {"turnpike", "help", "token"},
     0,
     "usage: turnpike token [--config FILE] --issuer URL",
     NULL},
    {"--help of a command", {"turnpike", "check", "--help"}, 0, "--strict", NULL},
    {"help on nothing known", {"turnpike", "help", "tokn"}, 2, NULL, "did you mean 'token'?"},
    {"an unknown command",
     {"turnpike", "chekc"},
     2,
     NULL,
     "unknown command 'chekc'; did you mean 'check'?"},
    {"the keeper, by hand", {"turnpike", "keeper"}, 2, NULL, "only turnpike itself starts this"},
    {"an unknown option", {"turnpike", "check", "--strct"}, 2, NULL, "did you mean --strict?"},
    {"a word too many", {"turnpike", "check", "x"}, 2, NULL, "'x' is one word too many"},
    {"two words too many", {"turnpike", "init", "x", "y"}, 2, NULL, "'y' is one word too many"},
    {"no issuer", {"turnpike", "token"}, 2, NULL, "--issuer is needed"},
    {"a time that is none",
     {"turnpike", "token", "--issuer", "x", "--expires", "soon"},
     2,
     NULL,
     "--expires wants a time"},
    {"a claim that is none",
     {"turnpike", "token", "--issuer", "x", "--claim", "soon"},
     2,
     NULL,
     "--claim wants NAME=VALUE"},
    {"no such configuration",
     {"turnpike", "check", "--config", "none.yaml"},
     78,
     "none.yaml",
     "1 error"},
    {"routes without configuration",
     {"turnpike", "routes", "--config", "none.yaml"},
     78,
     NULL,
     "none.yaml"},
    {"reload without configuration",
     {"turnpike", "reload", "--config", "none.yaml"},
     78,
     NULL,
     "none.yaml"},
    {"status without a daemon",
     {"turnpike", "status", "--config", "x.yaml"},
     1,
     NULL,
     "no daemon runs"},
};

static void answers_with_a_status(void **state)
{
    (void)state;
    struct temporary t;
    temporary_enter(&t);
    write_text_file("x.yaml", 0644, "stateDirectory: state\n");
    FOR_EACH_CASE (c, cases) {
        int status = run(c->words);
        CHECK_CASE(c, status == c->status, "%d", status);
        CHECK_CASE(c, holds("out", c->out), "stdout");
        CHECK_CASE(c, holds("err", c->err), "stderr");
    }
    temporary_leave(&t);
}

static void what_cannot_be_printed_is_a_failure(void **state)
{
    (void)state;
    const char *const words[] = {"turnpike", "help", NULL};
    struct temporary t;
    temporary_enter(&t);
    assert_int_equal(symlink("/dev/full", "out"), 0);
    assert_int_equal(run(words), STATUS_FAILED);
    temporary_leave(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_with_a_status),
        cmocka_unit_test(what_cannot_be_printed_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
