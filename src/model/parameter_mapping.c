/* SPDX-License-Identifier: Apache-2.0 */
#include "turnpike/model/parameter_mapping.h"

#include "turnpike/model/api.h"

const struct response_parameters *response_parameters_find(const struct integration *integration,
                                                           unsigned status)
{
    FOR_EACH_IN (p, &integration->response_parameters)
        if (p->status == status)
            return p;
    return NULL;
}
