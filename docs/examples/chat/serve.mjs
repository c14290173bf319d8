// SPDX-License-Identifier: Apache-2.0
// The functions of the chat behind the Lambda Invoke API; PORT may be set in the environment. What
// signs their calls of @connections comes from there too, as on Lambda: AWS_REGION,
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. NODE_EXTRA_CA_CERTS says whose certificate the gateway has.
import { serve } from '../lambda.mjs';
import { handler } from './handler.mjs';
import { handler as page } from './page.mjs';

serve({ chat: handler, 'chat-page': page }, { label: 'chat functions', port: Number(process.env.PORT ?? 9002) });
