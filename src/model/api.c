/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/api.h"

const struct route *api_find_route(const struct api *api, struct str key)
{
    return map_get(&api->routes_by_key, key);
}
