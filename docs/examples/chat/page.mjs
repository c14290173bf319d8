// SPDX-License-Identifier: Apache-2.0
// The function behind openapi/pages.yaml: answers index.html, which may run its own script, talk to
// the origin that it came from, and nothing else.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const file = new URL('index.html', import.meta.url);

const hashOf = (html, element) =>
  `'sha256-${createHash('sha256').update(html.match(`<${element}>([^]*)</${element}>`)[1]).digest('base64')}'`;

export async function handler() {
  const html = await readFile(file, 'utf8');
  const policy = [
    "default-src 'none'",
    "connect-src 'self'",
    'img-src data:', // an icon that is none
    `script-src ${hashOf(html, 'script')}`,
    `style-src ${hashOf(html, 'style')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    statusCode: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    },
    body: html,
  };
}
