// SPDX-License-Identifier: Apache-2.0
// The page, on the gateway's own origin. On AWS a bucket behind CloudFront would be the place for it.
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const folder = path.resolve(import.meta.dirname, '../page');
const types = {
  '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml', '.json': 'application/json',
};
const cognito = process.env.COGNITO_ENDPOINT;

const headers = {
  'cache-control': 'no-cache',
  'content-security-policy': `default-src 'self'; connect-src 'self' ${cognito}; object-src 'none'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** What the page must know of where it runs; nothing of it is secret. */
const settings = {
  region: process.env.AWS_REGION,
  cognitoEndpoint: cognito,
  clientId: process.env.CLIENT_ID,
  tokenUse: process.env.TOKEN_USE ?? 'access',
  hint: process.env.HINT ?? null,
  demo: JSON.parse(process.env.DEMO_ACCOUNTS ?? '[]'),
};

async function find(name) {
  if (name === 'settings.json') return JSON.stringify(settings);
  return /^[a-z0-9-]+\.[a-z]+$/.test(name) ? readFile(path.join(folder, name), 'utf8') : null;
}

export async function handler({ pathParameters }) {
  const name = pathParameters?.file ?? 'index.html';
  const body = await find(name).catch((error) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (body === null) return { statusCode: 404, headers: { ...headers, 'content-type': 'text/plain' }, body: 'There is no such file.' };
  return { statusCode: 200, headers: { ...headers, 'content-type': types[path.extname(name)] ?? 'application/octet-stream' }, body };
}
