/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/command.h"

#include "turnpike/base/diag.h"
#include "turnpike/base/xalloc.h"
#include "turnpike/net/keeper.h"

/* In the order of the overview. */
static const struct command *const commands[] = {
    &command_init,  &command_serve,  &command_check,  &command_routes,
    &command_token, &command_reload, &command_status, &command_help,
};

const struct command *command_find(const char *name)
{
    const char *names[ARRAY_LENGTH(commands)];
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
        names[i] = commands[i]->name;
        if (strcmp(name, names[i]) == 0)
            return commands[i];
    }
    const char *nearest = nearest_name(str_from(name), names, ARRAY_LENGTH(names));
    if (nearest)
        fprintf(stderr, "turnpike: unknown command '%s'; did you mean '%s'?\n", name, nearest);
    else
        fprintf(stderr, "turnpike: unknown command '%s'; see 'turnpike help'\n", name);
    return NULL;
}

void command_print_overview(FILE *to)
{
    fputs("usage: turnpike COMMAND [OPTION...]\n\n", to);
    FOR_EACH (c, commands, ARRAY_LENGTH(commands))
        fprintf(to, "  %-8s %s\n", (*c)->name, (*c)->summary);
    fputs("\n'turnpike help COMMAND' tells more; 'turnpike --version' the version.\n"
          "Without --config, $TURNPIKE_CONFIG names the configuration, or else it is looked for.\n",
          to);
}

void command_print_help(const struct command *command, FILE *to)
{
    scoped_buf struct buf text = {0};
    buf_printf(&text, "usage: turnpike %s", command->name);
    options_write_synopsis(&text, command->options, command->option_count);
    if (command->operand)
        buf_printf(&text, " %s", command->operand);
    buf_printf(&text, "\n\n%s", command->help);
    if (command->option_count) {
        buf_literal(&text, "\n");
        options_write_help(&text, command->options, command->option_count);
    }
    fprintf(to, "%" STR_F, STR_A(buf_str(&text)));
}

enum exit_status command_refuse(const struct command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "turnpike %s: ", command->name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "; see 'turnpike help %s'\n", command->name);
    va_end(args);
    return STATUS_USAGE;
}

static bool asks_for_help(size_t count, const char *const *words)
{
    FOR_EACH (word, words, count)
        if (strcmp(*word, "--help") == 0 || strcmp(*word, "-h") == 0)
            return true;
    return false;
}

static enum exit_status parse_and_run(const struct command *command, size_t count,
                                      const char *const *words, struct arena *arena)
{
    struct error error;
    text_list operands = {0};
    void *options = arena_zalloc(arena, command->options_size);
    if (!options_parse(command->options, command->option_count, count, words, arena, options,
                       &operands, &error))
        return command_refuse(command, "%s", error.text);

    size_t operands_max = command->operand ? 1 : 0;
    if (operands.count > operands_max)
        return command_refuse(command, "'%s' is one word too many", operands.items[operands_max]);
    return command->run(options, operands.count ? operands.items[0] : NULL);
}

static enum exit_status run(const struct command *command, size_t count, const char *const *words)
{
    if (asks_for_help(count, words)) {
        command_print_help(command, stdout);
        return STATUS_DONE;
    }
    struct arena arena;
    arena_init(&arena, 1024);
    enum exit_status status = parse_and_run(command, count, words, &arena);
    arena_release(&arena);
    return status;
}

static enum exit_status dispatch(int argc, const char *const *argv)
{
    if (argc < 2) {
        command_print_overview(stderr);
        return STATUS_USAGE;
    }
    if (strcmp(argv[1], "keeper") == 0) /* nobody's command but keeper_new's */
        return (enum exit_status)keeper_run();
    if (strcmp(argv[1], "--version") == 0) {
        puts("turnpike " TURNPIKE_VERSION);
        return STATUS_DONE;
    }
    if (asks_for_help(1, argv + 1)) {
        command_print_overview(stdout);
        return STATUS_DONE;
    }
    const struct command *command = command_find(argv[1]);
    return command ? run(command, (size_t)argc - 2, argv + 2) : STATUS_USAGE;
}

enum exit_status command_dispatch(int argc, const char *const *argv)
{
    enum exit_status status = dispatch(argc, argv);
    /* A full disk or a closed pipe must not pass for success: scripts read what we print. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "turnpike: standard output: %m\n");
        return status == STATUS_DONE ? STATUS_FAILED : status;
    }
    return status;
}
