/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/api.h"

const struct stage *api_find_stage(const struct api *api, struct str name)
{
    FOR_EACH_IN (stage, &api->stages)
        if (str_eq((*stage)->stage_name, name))
            return *stage;
    return NULL;
}

const struct route *api_find_route(const struct api *api, struct str key)
{
    return map_get(&api->routes_by_key, key);
}
