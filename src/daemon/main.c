/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/command.h"

int main(int argc, char **argv)
{
    return command_dispatch(argc, (const char *const *)argv);
}
