/* SPDX-License-Identifier: Apache-2.0 */
/* What a signature costs an invocation. */
#include "turnpike/base/clock.h"
#include "turnpike/base/sigv4.h"

#include "bench.h"

struct signing_bench {
    struct buf head;
    size_t payload_size;
    uint64_t wall, step; /* step: added at each signature */
};

static char payload[6 * 1024 * 1024];

static const struct header headers[] = {
    {STR_INIT("Host"), STR_INIT("lambda.eu-west-1.amazonaws.com")},
    {STR_INIT("Content-Type"), STR_INIT("application/json")},
    {STR_INIT("X-Amz-Invocation-Type"), STR_INIT("RequestResponse")},
};

static void sign(void *data)
{
    struct signing_bench *b = data;
    struct sigv4_key key = {STR("AKIDEXAMPLE"), STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                            STR("")};
    struct sigv4_request request = {.method = STR("POST"),
                                    .path = STR("/2015-03-31/functions/orders/invocations"),
                                    .query = STR("Qualifier=live"),
                                    .headers = headers,
                                    .header_count = ARRAY_LENGTH(headers),
                                    .payload = str_of(payload, b->payload_size)};
    buf_clear(&b->head);
    sigv4_sign(&b->head, &key, STR("eu-west-1"), STR("lambda"), &request, b->wall);
    b->wall += b->step;
}

int main(void)
{
    const uint64_t wall = 1700000000 * USEC_PER_SEC, day = 86400 * USEC_PER_SEC;
    struct signing_bench usual = {.payload_size = 1024, .wall = wall},
                         first = {.payload_size = 1024, .wall = wall, .step = day},
                         large = {.payload_size = sizeof(payload), .wall = wall};
    const struct bench_row rows[] = {
        {"an invocation of 1 KB is signed", sign, &usual, 5000},
        {"the same, with the first signature of a day's key", sign, &first, 0},
        {"an invocation of 6 MiB is signed", sign, &large, 0},
    };
    bench_rows(rows, ARRAY_LENGTH(rows));
    buf_release(&usual.head);
    buf_release(&first.head);
    buf_release(&large.head);
    return 0;
}
