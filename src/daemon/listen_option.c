/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/daemon/listen_option.h"

bool listen_option_read(const text_list *texts, struct arena *arena,
                        struct config_options *ret_overrides, const char **ret_wrong)
{
    struct listen_address *addresses = arena_array(arena, struct listen_address, texts->count);
    for (size_t i = 0; i < texts->count; i++) {
        *ret_wrong = texts->items[i];
        if (!listen_address_parse(str_from(texts->items[i]), &addresses[i]))
            return false;
    }
    *ret_overrides = (struct config_options){.listen = addresses, .listen_count = texts->count};
    return true;
}
