/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/systemd.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "temporary.h"

static void tell_ready(void)
{
    systemd_ready("2 APIs");
}

static void tell_reloading(void)
{
    systemd_reloading(1234567);
}

static const struct {
    const char *name;
    void (*tell)(void);
    const char *want; /* what the message starts with */
} messages[] = {
    {"ready", tell_ready, "READY=1\nSTATUS=2 APIs\nMAINPID="},
    {"reloading", tell_reloading, "RELOADING=1\nMONOTONIC_USEC=1234567"},
    {"stopping", systemd_stopping, "STOPPING=1"},
    {"alive", systemd_watchdog, "WATCHDOG=1"},
};

static void tells_the_service_manager(void **state)
{
    (void)state;
    struct temporary t;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    temporary_enter(&t);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", t.path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    FOR_EACH_CASE (c, messages) {
        char got[256] = "";
        c->tell();
        CHECK_CASE(c, recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT) > 0, "nothing came");
        CHECK_CASE(c, strncmp(got, c->want, strlen(c->want)) == 0, "%s", got);
    }
    unsetenv("NOTIFY_SOCKET");
    close(fd);
    temporary_leave(&t);
}

static void without_one_nothing_happens(void **state)
{
    (void)state;
    struct systemd_sockets sockets;
    systemd_ready("");
    systemd_watchdog();
    assert_true(systemd_watchdog_interval() == 0);
    assert_true(systemd_take_sockets(&sockets));
    assert_int_equal(sockets.count, 0);
    assert_int_equal(systemd_find_socket(&sockets, STR("public")), -1);
}

static void knows_the_pace_of_the_watchdog(void **state)
{
    (void)state;
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_true(systemd_watchdog_interval() == 30000000);
    unsetenv("WATCHDOG_USEC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_service_manager),
        cmocka_unit_test(without_one_nothing_happens),
        cmocka_unit_test(knows_the_pace_of_the_watchdog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
