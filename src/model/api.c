/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/api.h"

const struct variable *stage_find_variable(const struct stage *stage, struct str name)
{
    FOR_EACH_IN (variable, &stage->variables)
        if (str_eq(variable->name, name))
            return variable;
    return NULL;
}

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
