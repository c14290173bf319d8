// SPDX-License-Identifier: Apache-2.0
// The todo function behind the Lambda Invoke API; PORT may be set in the environment.
import { serve } from '../lambda.mjs';
import { handler } from './handler.mjs';

serve({ todo: handler }, { label: 'todo functions', port: Number(process.env.PORT ?? 9000) });
