/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/base/clock.h"
#include "turnpike/daemon/command.h"
#include "turnpike/daemon/workspace.h"

static void print_advice(const char *directory)
{
    printf("\nTo let clients trust the development certificate, and nothing but names of this\n"
           "machine with it:\n"
           "  curl --cacert %s/tls/ca.pem https://localhost:8443/\n"
           "  export NODE_EXTRA_CA_CERTS=%s/tls/ca.pem AWS_CA_BUNDLE=%s/tls/ca.pem\n"
           "For browsers, import that file as a certificate authority.\n",
           directory, directory, directory);
}

static enum exit_status run(const void *options UNUSED, const char *operand)
{
    const char *directory = operand ? operand : ".";
    struct error error;
    scoped_buf struct buf report = {0};
    bool made = workspace_make(directory, clock_wall(), &report, &error);
    printf("%" STR_F, STR_A(buf_str(&report)));
    if (!made) {
        fflush(stdout);
        fprintf(stderr, "turnpike init: %s\n", error.text);
        return STATUS_FAILED;
    }
    if (buf_len(&report) == 0)
        puts("everything is there already; nothing was changed");
    print_advice(directory);
    return STATUS_DONE;
}

const struct command command_init = {
    .name = "init",
    .summary = "writes a configuration, a development certificate and a signing key",
    .operand = "[DIR]",
    .help = "Writes into DIR (or here) what is not there yet, and overwrites nothing:\n"
            "  turnpike.yaml                            a configuration to start from\n"
            "  tls/ca.pem, tls/ca-key.pem               a development certificate authority, good\n"
            "                                           for localhost and loopback addresses only\n"
            "  tls/fullchain.pem, tls/privkey.pem       a certificate for localhost,\n"
            "                                           *.execute-api.localhost, 127.0.0.1, ::1\n"
            "  dev-key.pem, dev-key.pub.pem             a key that signs development tokens\n",
    .run = run,
};
